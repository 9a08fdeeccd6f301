"""Files of chats on schedule: each slot becomes one job, about the days that are over."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from core.database.models import AvitoProfile, Job, ReportTask
from core.database.repositories import jobs as repository
from core.database.session import Session, reading
from core.services import exports, schedule
from core.services.destinations import Destination
from core.services.schedule import Every
from tests.support.deliveries import Office

MONDAY = datetime(2026, 11, 23, 6, tzinfo=UTC)
"""09:00 in Moscow."""
WEEK = timedelta(days=7)


async def choose(office: Office, task_id: int, every: Every | None) -> datetime | None:
    """As its owner does by button; when the first file comes."""
    async with office.sessions.begin() as session:
        task = await session.get_one(ReportTask, task_id)
        profile = await session.get_one(AvitoProfile, task.profile_id)
        await exports.choose_every(session, Destination(task, profile), every, office.clock.now())
        return task.chats_due_at


async def jobs(office: Office) -> list[Job]:
    async with reading(office.sessions) as session:
        return list(await session.scalars(select(Job).order_by(Job.id)))


async def days(office: Office) -> list[list[str]]:
    return [json.loads(job.payload)["days"] for job in await jobs(office)]


def goes_to(office: Office, instant: datetime) -> None:
    office.clock.advance(instant - office.clock.now())


@pytest.mark.parametrize(
    ("every", "zone", "due_at", "first", "last", "next_at"),
    [
        (Every.WEEK, "Europe/Moscow", MONDAY, "2026-11-16", "2026-11-22", MONDAY + WEEK),
        (
            *(Every.MONTH, "Europe/Moscow", datetime(2026, 12, 1, 6, tzinfo=UTC)),
            *("2026-11-01", "2026-11-30", datetime(2027, 1, 1, 6, tzinfo=UTC)),
        ),
        (
            *(Every.WEEK, "Asia/Vladivostok", datetime(2026, 11, 22, 23, tzinfo=UTC)),
            *("2026-11-16", "2026-11-22", datetime(2026, 11, 29, 23, tzinfo=UTC)),
        ),
    ],
)
async def test_a_slot_becomes_one_job_about_the_days_before_it(
    office: Office,
    every: Every,
    zone: str,
    due_at: datetime,
    first: str,
    last: str,
    next_at: datetime,
) -> None:
    profile = await office.add_profile(report_timezone=zone)
    task = await office.add_task(-7, profile_id=profile, next_due_at=None)
    assert await choose(office, task, every) == due_at
    goes_to(office, due_at - timedelta(minutes=1))
    await office.materialise()
    assert await jobs(office) == []

    for _ in range(3):
        goes_to(office, due_at)
        await office.materialise()

    (job,) = await jobs(office)
    assert (job.kind, job.owner_id, job.chat_id, job.profile_id) == ("export_due", 1, 1, profile)
    assert json.loads(job.payload) == {
        **{"days": [first, last], "which": "all", "form": "xlsx"},
        **{"task_id": task, "due_at": due_at.isoformat()},
    }
    assert (await office.task(task)).chats_due_at == next_at
    async with office.sessions.begin() as session:
        assert await repository.remove_of(session, 1, 1) == [], "no /cancel is about it"


async def test_after_an_outage_the_latest_comes_once(office: Office) -> None:
    task = await office.add_task(next_due_at=None)
    await choose(office, task, Every.WEEK)
    goes_to(office, MONDAY + 3 * WEEK + timedelta(hours=50))

    await office.materialise()
    # As another scheduler may find it that was a moment later.
    await office.change(task, chats_due_at=MONDAY + 3 * WEEK)
    await office.materialise()

    assert await days(office) == [["2026-12-07", "2026-12-13"]]


@pytest.mark.parametrize(
    "columns", [{"is_active": False}, {"suspended": "kicked"}, {"chat_id": 0}]
)
async def test_a_place_that_gets_no_reports_gets_no_files(
    office: Office, columns: dict[str, Any]
) -> None:
    task = await office.add_task(next_due_at=None)
    await choose(office, task, Every.WEEK)
    await office.change(task, **columns)
    goes_to(office, MONDAY)
    await office.materialise()
    assert await jobs(office) == []
    assert await choose(office, task, Every.MONTH) is None, "nor does the screen promise one"


async def test_it_follows_the_time_of_the_reports_and_their_pause(office: Office) -> None:
    task_id = await office.add_task(next_due_at=None)
    await choose(office, task_id, Every.WEEK)
    at_six = MONDAY.replace(hour=15)
    now = office.clock.now()

    async def due_after(change: Callable[[Session, AvitoProfile], Awaitable[None]]) -> Any:
        async with office.sessions.begin() as session:
            task = await session.get_one(ReportTask, task_id)
            await change(session, await session.get_one(AvitoProfile, task.profile_id))
            return task.chats_due_at

    assert await due_after(lambda s, p: schedule.set_time(s, p, time(18), now)) == at_six
    assert await due_after(lambda s, p: schedule.pause(s, p, now)) is None
    assert await due_after(lambda s, p: schedule.resume(s, p, now)) == at_six
    assert await choose(office, task_id, None) is None


async def test_a_zone_further_west_brings_no_week_a_second_time(office: Office) -> None:
    profile_id = await office.add_profile(report_timezone="Asia/Vladivostok")
    task_id = await office.add_task(profile_id=profile_id, next_due_at=None)
    await choose(office, task_id, Every.WEEK)
    goes_to(office, MONDAY - timedelta(hours=7))
    await office.materialise()
    now = office.clock.now()

    async def due_after(change: Callable[[Session, AvitoProfile], Awaitable[None]]) -> Any:
        async with office.sessions.begin() as session:
            await change(session, await session.get_one(AvitoProfile, profile_id))
            return (await session.get_one(ReportTask, task_id)).chats_due_at

    to_moscow = await due_after(lambda s, p: schedule.set_zone(s, p, "Europe/Moscow", now))
    assert to_moscow == MONDAY + WEEK
    later = await due_after(lambda s, p: schedule.set_time(s, p, time(12), now))
    assert later == MONDAY + timedelta(hours=3), "asked for, as with reports"


@pytest.mark.parametrize(
    ("of_task", "of_profile", "may_leave"),
    [
        ({}, {}, True),
        ({"chats_every": None}, {}, False),
        ({"is_active": False}, {}, False),
        ({"suspended": "not_member"}, {}, False),
        ({}, {"is_report_active": False}, False),
    ],
)
async def test_what_was_made_leaves_only_if_it_is_wanted_still(
    office: Office, of_task: dict[str, Any], of_profile: dict[str, Any], may_leave: bool
) -> None:
    profile_id = await office.add_profile(**of_profile)
    task = await office.add_task(profile_id=profile_id, **{"chats_every": "week", **of_task})
    async with reading(office.sessions) as session:
        assert await exports.may_leave(session, profile_id, task) is may_leave
        assert await exports.may_leave(session, profile_id), "nor a schedule, nor a pause"
        assert not await exports.may_leave(session, profile_id + 1)
        assert not await exports.may_leave(session, profile_id, task + 1)


async def test_the_repair_finds_what_has_no_date_or_one_too_far_away(office: Office) -> None:
    now = office.clock.now()
    lost = await office.add_task(-1, chats_every="month")
    # A clock that was ahead has written its slot down, too.
    ahead: dict[str, Any] = {
        "chats_due_at": now + timedelta(days=9),
        "chats_slot": "2026-11-23T09:00",
    }
    far = await office.add_task(-2, chats_every="week", **ahead)
    async with office.sessions.begin() as session:
        await schedule.reschedule_missing(session, now)
        await schedule.reschedule_far(session, now)
    assert (await office.task(lost)).chats_due_at == datetime(2026, 12, 1, 6, tzinfo=UTC)
    assert (await office.task(far)).chats_due_at == MONDAY


def test_days_are_those_of_the_profiles_clock() -> None:
    profile = AvitoProfile(report_timezone="Asia/Vladivostok", created_at=MONDAY)
    assert exports.today_of(profile, datetime(2026, 11, 21, 20, tzinfo=UTC)) == date(2026, 11, 22)
    week = exports.Choice(exports.Within.WEEK).export(date(2026, 11, 22)).period
    assert week is not None
    assert exports.bounds(week, exports.zone_of(profile)) == (
        datetime(2026, 11, 15, 14, tzinfo=UTC),
        datetime(2026, 11, 22, 14, tzinfo=UTC),
    )
