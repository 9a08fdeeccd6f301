"""Profiles' columns as schedules, and the rows that follow from them, on each database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.database.models import AvitoProfile, Delivery, ReportTask, User
from core.database.session import Sessions
from core.outbox import State
from core.schedule_policy import Frequency, Schedule
from core.services import schedule, settings

NOW = datetime(2026, 11, 21, 6, 30, tzinfo=UTC)
"""A Saturday, 09:30 in Moscow."""
TOMORROW = datetime(2026, 11, 22, 6, tzinfo=UTC)
PASSED = datetime(2026, 11, 21, 6, tzinfo=UTC)


@pytest.fixture
async def session(sessions: Sessions) -> AsyncIterator[AsyncSession]:
    async with sessions.begin() as session:
        session.add(User(telegram_id=1, created_at=NOW))
        await session.flush()
        yield session


async def add_profile(session: AsyncSession, **columns: Any) -> AvitoProfile:
    profile = AvitoProfile(
        owner_id=1,
        profile_name="Мебель",
        client_id="id",
        client_secret="secret",
        created_at=NOW,
        **columns,
    )
    session.add(profile)
    await session.flush()
    await session.refresh(profile)
    return profile


async def add_task(
    session: AsyncSession, profile: AvitoProfile, chat_id: int = -100, **columns: Any
) -> ReportTask:
    task = ReportTask(profile_id=profile.id, chat_id=chat_id, **columns)
    session.add(task)
    await session.flush()
    await session.refresh(task)
    return task


async def test_a_new_profile_reports_daily_at_nine_in_moscow(session: AsyncSession) -> None:
    profile = await add_profile(session)

    found = schedule.schedule_of(profile)

    assert (found.frequency, found.at, found.zone) == (
        Frequency.DAILY,
        time(9),
        "Europe/Moscow",
    )


async def test_what_makes_sense_is_taken_as_it_is(session: AsyncSession) -> None:
    profile = await add_profile(
        session,
        report_frequency="weekly",
        report_interval_value=365,
        report_weekdays="0,6",
        report_time=time(23, 59),
        report_timezone="Pacific/Apia",
        report_month_day=31,
        report_anchor=date(2026, 1, 1),
    )

    assert schedule.schedule_of(profile) == Schedule(
        Frequency.WEEKLY,
        time(23, 59),
        "Pacific/Apia",
        365,
        frozenset({0, 6}),
        31,
        date(2026, 1, 1),
    )


@pytest.mark.parametrize(
    "zone", ["", "Europe", "Nowhere/Land", "../../etc/passwd", "Europe/Moscow\n", "ъ"]
)
async def test_a_zone_that_does_not_exist_is_moscow(session: AsyncSession, zone: str) -> None:
    profile = await add_profile(session, report_timezone=zone)

    assert schedule.schedule_of(profile).zone == "Europe/Moscow"


async def test_only_what_should_be_due_becomes_due(session: AsyncSession) -> None:
    profile = await add_profile(session)
    going = await add_task(session, profile)
    silent_rows = [
        await add_task(session, profile, chat_id=0),
        await add_task(session, profile, is_active=False, next_due_at=TOMORROW),
        await add_task(session, profile, suspended="kicked", next_due_at=TOMORROW),
    ]

    await schedule.reschedule(session, profile, NOW)

    assert going.next_due_at == TOMORROW
    assert [task.next_due_at for task in silent_rows] == [None] * 3


async def test_a_slot_that_the_tick_has_yet_to_work_in_is_not_skipped(
    session: AsyncSession,
) -> None:
    profile = await add_profile(session)
    task = await add_task(session, profile, next_due_at=PASSED)

    await schedule.reschedule(session, profile, NOW)

    assert task.next_due_at == PASSED


async def add_sent(session: AsyncSession, task: ReportTask, slot: str, due_at: datetime) -> None:
    """The report of `slot` has come."""
    days = {"first_day": due_at.date(), "last_day": due_at.date()}
    session.add(
        Delivery(
            task_id=task.id,
            chat_id=task.chat_id,
            slot=slot,
            due_at=due_at,
            deadline_at=due_at,
            state=State.SENT,
            updated_at=due_at,
            finished_at=due_at,
            **days,
        )
    )
    await session.flush()


async def test_a_zone_further_west_brings_no_slot_a_second_time(session: AsyncSession) -> None:
    profile = await add_profile(session)
    reported = await add_task(session, profile, next_due_at=TOMORROW)
    await add_sent(session, reported, "2026-11-21T09:00", PASSED)
    new = await add_task(session, profile, chat_id=-200, next_due_at=TOMORROW)

    await schedule.set_zone(session, profile, "Europe/Berlin", NOW)

    assert reported.next_due_at == datetime(2026, 11, 22, 8, tzinfo=UTC)
    assert new.next_due_at == datetime(2026, 11, 21, 8, tzinfo=UTC)


async def test_as_far_west_as_it_gets_no_slot_comes_a_second_time(session: AsyncSession) -> None:
    profile = await add_profile(session, report_timezone="Pacific/Kiritimati")
    task = await add_task(session, profile)
    first = datetime(2026, 11, 20, 19, tzinfo=UTC)
    await add_sent(session, task, "2026-11-21T09:00", first)

    # 26 hours apart: midnight of the 21st, when in Kiritimati the 22nd has begun.
    await schedule.set_zone(session, profile, "Etc/GMT+12", first + timedelta(hours=17))

    assert task.next_due_at == datetime(2026, 11, 22, 21, tzinfo=UTC)


async def test_a_later_time_of_the_same_day_is_another_report(session: AsyncSession) -> None:
    profile = await add_profile(session)
    task = await add_task(session, profile, next_due_at=TOMORROW)
    await add_sent(session, task, "2026-11-21T09:00", PASSED)

    await schedule.set_time(session, profile, time(10), NOW)
    assert task.next_due_at == datetime(2026, 11, 21, 7, tzinfo=UTC)
    await schedule.set_time(session, profile, time(9), NOW)
    assert task.next_due_at == TOMORROW


async def test_the_next_run_is_when_the_first_place_really_gets_one(session: AsyncSession) -> None:
    profile = await add_profile(session, report_timezone="Europe/Berlin")
    paused = await add_task(session, profile, is_active=False)
    await add_task(session, profile, chat_id=-200, next_due_at=TOMORROW)
    await add_task(session, profile, chat_id=-300, next_due_at=TOMORROW + timedelta(days=1))

    assert (await settings.of_profile(session, profile, NOW)).next_run == TOMORROW

    # The repair has yet to come.
    paused.is_active = True
    berlins = datetime(2026, 11, 21, 8, tzinfo=UTC)
    assert (await settings.of_profile(session, profile, NOW)).next_run == berlins


async def test_the_repair_finds_what_has_no_next_slot_and_should(session: AsyncSession) -> None:
    going, paused = await add_profile(session), await add_profile(session, is_report_active=False)
    lost = [await add_task(session, going), await add_task(session, going, chat_id=-200)]
    known = await add_task(session, going, chat_id=-300, next_due_at=PASSED)
    rest = [
        await add_task(session, going, chat_id=0),
        await add_task(session, going, chat_id=-400, is_active=False),
        await add_task(session, going, chat_id=-500, suspended="blocked"),
        await add_task(session, paused),
    ]

    assert await schedule.reschedule_missing(session, NOW) == 2
    assert await schedule.reschedule_missing(session, NOW) == 0

    assert [task.next_due_at for task in lost] == [TOMORROW] * 2
    assert known.next_due_at == PASSED
    assert [task.next_due_at for task in rest] == [None] * 4


async def test_a_period_that_was_chosen_twice_is_one_row(session: AsyncSession) -> None:
    profile = await add_profile(session)

    await schedule.set_period(session, profile, schedule.ChosenPeriod.WEEK)
    await schedule.set_period(session, profile, schedule.ChosenPeriod.MONTH)
    await schedule.set_period(session, profile, None)

    [task] = (await session.scalars(select(ReportTask))).all()
    assert (task.chat_id, task.is_period_set) == (0, False)


async def test_a_predecessor_with_many_destinations_is_repaired_at_once(
    session: AsyncSession,
) -> None:
    profiles = [await add_profile(session) for _ in range(3)]
    many = schedule.CHUNK // 2
    session.add_all(
        ReportTask(profile_id=profile.id, chat_id=-number)
        for profile in profiles
        for number in range(1, many + 1)
    )
    await session.flush()

    assert await schedule.reschedule_missing(session, NOW) == 3 * many
