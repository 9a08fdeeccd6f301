"""Slots that have come are written down, each once, whatever happens around it."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import URL, insert, text, update
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from structlog.testing import capture_logs

from core.database.models import AvitoProfile, ReportTask
from core.database.session import create_sessions
from core.outbox import State
from core.secrets import Keyring
from core.services.schedule import reschedule
from core.slots import materialise, trial
from sandbox.clock import SandboxClock
from tests.support.databases import opened
from tests.support.deliveries import MOMENT, NINE, Office
from tests.support.statements import statements_on

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


async def test_a_slot_becomes_a_delivery_and_the_next_one_is_known(office: Office) -> None:
    task = await office.add_task(-7, thread_id=5, is_silent=True)
    assert await office.materialise() == 1
    (row,) = await office.deliveries()
    assert (row.task_id, row.slot, row.part) == (task, "2026-11-21T09:00", 0)
    assert (row.due_at, row.deadline_at) == (NINE, NINE + 6 * HOUR)
    assert (row.first_day, row.last_day) == (date(2026, 11, 20), date(2026, 11, 20))
    assert (row.chat_id, row.thread_id, row.is_silent) == (-7, 5, True)
    assert (row.state, row.finished_at, row.payload) == ("due", None, None)
    assert (await office.task(task)).next_due_at == NINE + DAY


async def test_nothing_is_due_before_its_time(office: Office) -> None:
    await office.add_task(next_due_at=NINE + MOMENT)
    assert await office.materialise() == 0
    office.clock.advance(MOMENT)
    assert await office.materialise() == 1


@pytest.mark.parametrize(
    "columns",
    [
        {"chat_id": 0},
        {"is_active": False},
        {"suspended": "kicked"},
        {"next_due_at": None},
    ],
)
async def test_a_place_that_gets_nothing_gets_nothing(
    office: Office, columns: dict[str, Any]
) -> None:
    task = await office.add_task()
    await office.change(task, **columns)
    assert await office.materialise() == 0


async def test_a_paused_profile_gets_nothing(office: Office) -> None:
    await office.add_task(profile_id=await office.add_profile(is_report_active=False))
    assert await office.materialise() == 0


async def test_it_is_done_once_however_often_it_is_repeated(office: Office) -> None:
    task = await office.add_task()
    for _ in range(3):
        await office.materialise()
        # As after a crash of another scheduler, or a repair that knew no better.
        await office.change(task, next_due_at=NINE)
    assert len(await office.deliveries()) == 1


@pytest.mark.parametrize("moved", [-2 * HOUR, -HOUR, HOUR])
async def test_a_country_that_changes_its_clocks_costs_no_report(
    office: Office, moved: timedelta
) -> None:
    """`next_due_at` was worked out by the rules of before; the slot has moved since."""
    task = await office.add_task(next_due_at=NINE - moved)

    for hours in range(4):
        office.clock.advance(max(NINE + (hours - 1) * HOUR - office.clock.now(), timedelta()))
        await office.materialise()

    assert [row.slot for row in await office.deliveries()] == ["2026-11-21T09:00"]
    assert (await office.task(task)).next_due_at == NINE + DAY


async def test_a_clock_that_steps_back_brings_nothing_twice(office: Office) -> None:
    profile = await office.add_profile()
    task = await office.add_task(profile_id=profile)
    await office.materialise()

    earlier = Office(office.sessions, SandboxClock(NINE - HOUR, scale=0))
    assert await earlier.materialise() == 0
    # Even when the owner changes his settings in the hour that comes twice.
    async with office.sessions.begin() as session:
        row = await session.get_one(ReportTask, task)
        row.next_due_at = NINE
    earlier.clock.advance(HOUR)
    assert await earlier.materialise() == 1
    assert len(await office.deliveries()) == 1
    assert (await office.task(task)).next_due_at == NINE + DAY


async def test_two_schedulers_write_each_slot_once(office: Office) -> None:
    profile = await office.add_profile()
    tasks = [await office.add_task(-n, profile_id=profile) for n in range(1, 41)]
    async with opened(office.sessions.kw["bind"].url) as engine:
        bob = Office(create_sessions(engine), office.clock)
        found = await asyncio.gather(*(each.materialise() for each in (office, bob, office, bob)))
    assert sum(found) == len(tasks)
    assert sorted(row.task_id for row in await office.deliveries()) == tasks


async def test_after_an_outage_the_newest_slot_comes_late(office: Office) -> None:
    task = await office.add_task()
    office.clock.advance(3 * DAY + 5 * HOUR)
    await office.materialise()
    rows = await office.deliveries()
    assert [(row.slot, row.state) for row in rows] == [
        ("2026-11-21T09:00", "missed"),
        ("2026-11-22T09:00", "missed"),
        ("2026-11-23T09:00", "missed"),
        ("2026-11-24T09:00", "due"),
    ]
    assert [row.finished_at is None for row in rows] == [False, False, False, True]
    assert (await office.task(task)).problem is None
    assert await office.alice.missed_before(rows[3]) == [row.slot for row in rows[:3]]


async def test_after_an_outage_that_was_too_long_all_are_missed(office: Office) -> None:
    task = await office.add_task()
    office.clock.advance(DAY + 6 * HOUR)
    await office.materialise()
    rows = await office.deliveries()
    assert [(row.state, row.reason) for row in rows] == [("missed", "outage")] * 2
    assert (await office.task(task)).problem == "outage"
    assert (await office.task(task)).next_due_at == NINE + 2 * DAY


async def test_what_an_outage_cost_is_in_the_log(office: Office) -> None:
    await office.add_task(-1)
    await office.add_task(-2)
    office.clock.advance(DAY + 5 * HOUR)
    with capture_logs() as logs:
        await office.materialise()
        office.clock.advance(DAY - 5 * HOUR)
        await office.materialise()
    assert [(log["event"], log["count"]) for log in logs] == [("deliveries_missed", 2)]


async def test_weekly_and_monthly_reports_may_be_a_day_late(office: Office) -> None:
    weekly = await office.add_profile(report_frequency="weekly", report_weekdays="5")
    monthly = await office.add_profile(report_frequency="monthly", report_month_day=21)
    for profile in (weekly, monthly):
        await office.add_task(profile_id=profile)
    office.clock.advance(DAY - MOMENT)
    await office.materialise()
    rows = sorted(await office.deliveries(), key=lambda row: row.task_id)
    assert [(row.state, row.first_day, row.last_day) for row in rows] == [
        ("due", date(2026, 11, 14), date(2026, 11, 20)),
        ("due", date(2026, 10, 1), date(2026, 10, 31)),
    ]
    tasks = [await office.task(row.task_id) for row in rows]
    assert [task.next_due_at for task in tasks] == [
        NINE + 7 * DAY,
        datetime(2026, 12, 21, 6, tzinfo=UTC),
    ]


async def weekly_place(office: Office, **columns: Any) -> int:
    """A destination that gets a report on Saturdays, due at `NINE`."""
    profile = await office.add_profile(report_frequency="weekly", report_weekdays="5")
    return await office.add_task(profile_id=profile, **columns)


async def add_reported(office: Office, task: int, until: date, **columns: Any) -> None:
    """An earlier report to `task` about the days `until` then."""
    values = {"state": State.SENT, "finished_at": office.clock.now(), **columns}
    due_at = datetime(until.year, until.month, until.day, 6, tzinfo=UTC) + DAY
    slot = f"{values.pop('prefix', '')}{due_at:%Y-%m-%dT%H:%M}"
    await office.add_delivery(
        task, slot=slot, due_at=due_at, first_day=until, last_day=until, **values
    )


async def first_day(office: Office, task: int) -> date:
    await office.materialise()
    return next(row for row in await office.deliveries(task) if row.due_at == NINE).first_day


async def test_a_weekly_report_covers_the_days_since_the_last_one(office: Office) -> None:
    task, new = await weekly_place(office), await weekly_place(office)
    for until in (date(2026, 11, 3), date(2026, 11, 10), date(2026, 11, 6)):
        await add_reported(office, task, until)
    assert await first_day(office, task) == date(2026, 11, 11)
    assert await first_day(office, new) == date(2026, 11, 14)


@pytest.mark.parametrize(
    ("columns", "first"),
    [
        ({"state": State.HELD}, date(2026, 11, 17)),
        ({"state": State.READY, "finished_at": None}, date(2026, 11, 17)),
        ({"state": State.MISSED}, date(2026, 11, 11)),
        ({"state": State.FAILED}, date(2026, 11, 11)),
        ({"state": State.WITHDRAWN}, date(2026, 11, 11)),
        ({"prefix": "trial:"}, date(2026, 11, 11)),
    ],
)
async def test_what_was_not_made_leaves_its_days_to_the_next_weekly_report(
    office: Office, columns: dict[str, Any], first: date
) -> None:
    task = await weekly_place(office)
    await add_reported(office, task, date(2026, 11, 10))
    await add_reported(office, task, date(2026, 11, 16), **columns)
    assert await first_day(office, task) == first


async def test_a_weekly_trial_covers_what_the_report_would(office: Office) -> None:
    task = await weekly_place(office, next_due_at=NINE + DAY)
    await add_reported(office, task, date(2026, 11, 16))
    async with office.sessions.begin() as session:
        assert await trial(session, await session.get_one(ReportTask, task), NINE)
    (row,) = await office.alice.claim_due(9)
    assert (row.first_day, row.last_day) == (date(2026, 11, 17), date(2026, 11, 20))


async def test_the_period_its_owner_chose_is_reported(office: Office) -> None:
    chosen = await office.add_task(report_period="week", is_period_set=True)
    implied = await office.add_task(report_period="week", is_period_set=False)
    await office.materialise()
    first_days = {row.task_id: row.first_day for row in await office.deliveries()}
    assert first_days == {chosen: date(2026, 11, 14), implied: date(2026, 11, 20)}


async def test_years_of_silence_are_not_written_down_day_by_day(office: Office) -> None:
    task = await office.add_task(next_due_at=NINE - 900 * DAY)
    await office.materialise()
    rows = await office.deliveries()
    assert len(rows) == 91
    assert [row.state for row in rows if row.finished_at is None] == ["due"]
    assert (await office.task(task)).next_due_at == NINE + DAY


async def test_a_due_time_that_its_schedule_does_not_know_only_moves_on(office: Office) -> None:
    profile = await office.add_profile(report_time=time(12))
    task = await office.add_task(profile_id=profile)
    await office.materialise()
    assert await office.deliveries() == []
    assert (await office.task(task)).next_due_at == NINE + 3 * HOUR


async def test_one_destination_profile_or_chat_can_be_asked_for_alone(office: Office) -> None:
    first, second, third = [await office.add_task(-n) for n in (1, 2, 3)]
    fourth = await office.add_task(-4)
    only: list[dict[str, int]] = [
        {"task_id": first},
        {"profile_id": (await office.task(second)).profile_id},
        {"chat_id": -3},
    ]
    for each in only:
        async with office.sessions.begin() as session:
            assert await materialise(session, NINE, **each) == 1
    assert [row.task_id for row in await office.deliveries()] == [first, second, third]
    assert (await office.task(fourth)).next_due_at == NINE


async def test_a_limit_leaves_the_rest_for_the_next_time(office: Office) -> None:
    for _ in range(3):
        await office.add_task()
    async with office.sessions.begin() as session:
        assert await materialise(session, NINE, limit=2) == 2
    assert await office.materialise() == 1


async def test_a_trial_is_due_at_once_beside_the_schedule(office: Office) -> None:
    task = await office.add_task(next_due_at=NINE + DAY)
    for expected in (True, False):
        async with office.sessions.begin() as session:
            assert await trial(session, await session.get_one(ReportTask, task), NINE) == expected
    (row,) = await office.alice.claim_due(9)
    assert row.slot == "trial:2026-11-21T06:00:00"
    assert (row.first_day, row.last_day) == (date(2026, 11, 20), date(2026, 11, 20))
    assert (await office.task(task)).next_due_at == NINE + DAY

    await office.alice.fail(row.id, "keys_refused")
    async with office.sessions.begin() as session:
        again = NINE + MOMENT
        assert await trial(session, await session.get_one(ReportTask, task), again)


async def test_the_mornings_crowd_does_not_make_the_quiet_minutes_slow(
    postgres_url: URL, keyring: Keyring
) -> None:
    """PostgreSQL keeps a plan once it has planned a few times, whoever is due then."""
    async with opened(postgres_url, keyring) as engine:
        office = Office(create_sessions(engine), SandboxClock(NINE, scale=0))
        profiles = [await office.add_profile() for _ in range(500)]
        rows = [{"profile_id": profile, "chat_id": -profile} for profile in profiles]
        async with office.sessions.begin() as session:
            await session.execute(insert(ReportTask), rows)
        for _ in range(6):
            async with office.sessions.begin() as session:
                await session.execute(update(ReportTask).values(next_due_at=NINE))
                await session.execute(text("ANALYZE"))
            assert await office.materialise() == 500
        async with office.sessions.begin() as session:
            await session.execute(text("ANALYZE"))
        await office.add_task(profile_id=profiles[0], next_due_at=NINE)

        async with office.sessions.begin() as session:
            before = await gone_through(session)
            assert await materialise(session, NINE) == 1
            assert await gone_through(session) == before


async def gone_through(session: AsyncSession) -> int:
    """How many rows this connection has read in tables that it went through from end to end."""
    counted = "SELECT sum(seq_tup_read) FROM pg_stat_xact_user_tables"
    return int(await session.scalar(text(counted)) or 0)


async def test_ten_thousand_are_written_down_at_once(office: Office, engine: AsyncEngine) -> None:
    profile = await office.add_profile()
    count = 10_000
    async with office.sessions.begin() as session:
        await session.execute(
            insert(ReportTask),
            [
                {"profile_id": profile, "chat_id": -n, "next_due_at": NINE}
                for n in range(1, count + 1)
            ],
        )
    with statements_on(engine) as executed:
        assert await office.materialise() == count
    assert len(executed) < count / 100
    assert await office.materialise() == 0
    async with office.sessions() as session:
        rows = await session.scalar(text("SELECT count(*) FROM outbox WHERE state = 'due'"))
    assert rows == count
    claimed = await office.alice.claim_due(200)
    assert [row.chat_id for row in claimed] == list(range(-1, -201, -1))


async def test_a_change_of_settings_moves_the_next_slot(office: Office) -> None:
    profile = await office.add_profile()
    task = await office.add_task(profile_id=profile)
    await office.materialise()
    async with office.sessions.begin() as session:
        changed = await session.get_one(AvitoProfile, profile)
        changed.report_time = time(9, 30)
        await reschedule(session, changed, office.clock.now())
    assert (await office.task(task)).next_due_at == NINE + HOUR / 2
