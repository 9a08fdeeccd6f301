"""A clock that was ahead for one tick, and is right again: the repair undoes what it did."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, null, update

from core.database.models import Delivery, ReportTask
from core.outbox import State
from core.services import schedule
from sandbox.clock import SandboxClock
from tests.support.deliveries import MOMENT, NINE, Office

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DECEMBER_1 = datetime(2026, 12, 1, 6, tzinfo=UTC)


async def wrong_tick(office: Office, ahead: timedelta) -> Office:
    """A tick by a clock that is this much ahead; the office as it is under that clock."""
    wrong = Office(office.sessions, SandboxClock(office.clock.now() + ahead, scale=0))
    await wrong.alice.recover()
    await wrong.materialise()
    return wrong


async def repair(office: Office) -> int:
    async with office.sessions.begin() as session:
        return await schedule.reschedule_far(session, office.clock.now())


@pytest.mark.parametrize(
    ("columns", "next_due_at", "ahead"),
    [
        ({}, NINE + DAY, 21 * DAY),
        ({}, NINE + DAY, DAY - MOMENT),
        ({}, NINE + DAY, 900 * DAY),
        ({"report_frequency": "weekly", "report_weekdays": "0,1"}, NINE + 2 * DAY, 9 * DAY),
        ({"report_frequency": "weekly", "report_weekdays": "0,1"}, NINE + 2 * DAY, 2 * DAY),
        ({"report_frequency": "monthly", "report_month_day": 1}, DECEMBER_1, 10 * DAY),
        (
            {
                "report_frequency": "interval",
                "report_interval_value": 365,
                "report_anchor": date(2026, 11, 24),
            },
            NINE + 3 * DAY,
            21 * DAY,
        ),
        (
            {
                "report_frequency": "interval",
                "report_interval_value": 2,
                "report_anchor": date(2026, 11, 23),
            },
            NINE + 2 * DAY,
            3 * DAY,
        ),
    ],
)
async def test_the_next_slot_comes_when_it_should(
    office: Office, columns: dict[str, Any], next_due_at: datetime, ahead: timedelta
) -> None:
    profile = await office.add_profile(**columns)
    task = await office.add_task(profile_id=profile, next_due_at=next_due_at)
    office.clock.advance(MOMENT)
    await wrong_tick(office, ahead)
    assert (await office.task(task)).next_due_at != next_due_at

    assert await repair(office) == 1

    assert (await office.task(task)).next_due_at == next_due_at
    assert await repair(office) == 0
    office.clock.advance(next_due_at - office.clock.now())
    await office.materialise()
    (row,) = await office.deliveries(task)
    assert (row.due_at, row.state) == (next_due_at, State.DUE)


@pytest.mark.parametrize(
    ("columns", "far"),
    [
        ({}, 3 * DAY),
        ({"report_frequency": "hourly"}, 3 * DAY),
        ({"report_frequency": "weekly"}, 9 * DAY),
        ({"report_frequency": "monthly"}, 33 * DAY),
        ({"report_frequency": "interval", "report_interval_value": 2}, 4 * DAY),
        ({"report_frequency": "interval", "report_interval_value": 365}, 367 * DAY),
        ({"report_frequency": "interval", "report_interval_value": 9999}, 3 * DAY),
    ],
)
async def test_a_slot_that_cannot_be_the_next_is_found_without_a_trace(
    office: Office, columns: dict[str, Any], far: timedelta
) -> None:
    """As when its owner changes his schedule in the wrong minute."""
    profile = await office.add_profile(**columns)
    task = await office.add_task(profile_id=profile, next_due_at=NINE + far)
    assert await repair(office) == 1
    due_at = (await office.task(task)).next_due_at
    assert due_at is not None
    assert due_at < NINE + far


async def test_a_right_clock_has_nothing_repaired(office: Office) -> None:
    monthly = await office.add_profile(report_frequency="monthly", report_month_day=1)
    yearly = await office.add_profile(
        report_frequency="interval", report_interval_value=365, report_anchor=date(2026, 11, 20)
    )
    west = await office.add_profile(report_timezone="Europe/Berlin")
    tasks = {
        await office.add_task(profile_id=monthly, next_due_at=DECEMBER_1): DECEMBER_1,
        await office.add_task(profile_id=yearly, next_due_at=NINE + 364 * DAY): NINE + 364 * DAY,
        # It had its report of today when it was further east.
        (moved := await office.add_task(profile_id=west, next_due_at=NINE + 26 * HOUR)): (
            NINE + 26 * HOUR
        ),
        await office.add_task(next_due_at=NINE): NINE,
        await office.add_task(next_due_at=NINE + DAY): NINE + DAY,
    }
    await office.add_delivery(moved, slot="2026-11-21T09:00", state=State.SENT, finished_at=NINE)

    assert await repair(office) == 0

    assert {task: (await office.task(task)).next_due_at for task in tasks} == tasks
    assert len(await office.deliveries()) == 1


async def test_a_slot_that_comes_while_the_repair_waits_is_not_taken_back(office: Office) -> None:
    task = await office.add_task(next_due_at=NINE + DAY)
    row = await office.add_delivery(task, due_at=NINE + 2 * MOMENT)
    assert await repair(office) == 0
    assert await office.state(row) == State.READY


async def test_what_is_paused_stays_so(office: Office) -> None:
    tasks = [
        await office.add_task(is_active=False, next_due_at=None),
        await office.add_task(profile_id=await office.add_profile(is_report_active=False)),
    ]
    await office.change(tasks[1], next_due_at=NINE + 30 * DAY)
    assert await repair(office) == 0


@pytest.mark.parametrize("state", [State.SENT, State.SENDING, State.RESEND, State.HELD])
async def test_what_has_left_too_early_is_not_made_again(office: Office, state: State) -> None:
    task = await office.add_task(next_due_at=NINE + DAY)
    await wrong_tick(office, 2 * DAY)
    async with office.sessions.begin() as session:
        await session.execute(update(Delivery).values(state=state))

    await repair(office)

    # The 22nd and 23rd are taken, whatever became of them.
    assert (await office.task(task)).next_due_at == NINE + 3 * DAY
    office.clock.advance(2 * DAY)
    await office.materialise()
    assert [row.state for row in await office.deliveries(task)] == [state, state]


async def test_a_report_in_hand_that_is_too_early_is_not_sent(office: Office) -> None:
    task = await office.add_task(next_due_at=NINE + DAY)
    wrong = await wrong_tick(office, DAY)
    (row,) = await wrong.alice.claim_due(1)
    await wrong.alice.ready(row.id, {"text": "отчёт"})
    assert await office.alice.claim_ready(1)

    await repair(office)

    assert not await office.alice.sending(row.id)
    assert (await office.task(task)).next_due_at == NINE + DAY


async def test_a_slot_that_has_not_come_is_not_built(office: Office) -> None:
    await office.add_task(next_due_at=NINE + DAY)
    await wrong_tick(office, DAY)
    assert await office.alice.claim_due(1) == []


async def test_what_was_closed_too_early_goes_on(office: Office) -> None:
    due, built, slot = [await office.add_task(-n) for n in (1, 2, 3)]
    for task, state in ((due, State.DUE), (built, State.READY)):
        columns = {} if state == State.READY else {"payload": null()}
        await office.add_delivery(task, slot="2026-11-21T09:00", state=state, **columns)
        await office.change(task, next_due_at=NINE + DAY)
    await wrong_tick(office, 2 * DAY)
    assert {row.state for row in await office.deliveries() if row.due_at == NINE} == {"missed"}

    await repair(office)

    states = {row.task_id: row.state for row in await office.deliveries()}
    assert states == {due: State.DUE, built: State.READY, slot: State.DUE}
    assert [(await office.task(task)).problem for task in states] == [None] * 3
    assert (await office.task(slot)).next_due_at == NINE + DAY


async def test_a_trial_is_not_taken_back(office: Office) -> None:
    task = await office.add_task(next_due_at=NINE + DAY)
    row = await office.add_delivery(
        task, slot="trial:2026-11-22T06:00:00", due_at=NINE + DAY, state=State.READY
    )
    await repair(office)
    assert await office.state(row) == State.READY


async def test_a_thousand_places_are_repaired_at_once(office: Office) -> None:
    count = 2 * schedule.CHUNK + 1
    far = {"profile_id": await office.add_profile(), "next_due_at": NINE + 30 * DAY}
    async with office.sessions.begin() as session:
        await session.execute(
            insert(ReportTask), [{"chat_id": -n, **far} for n in range(1, count + 1)]
        )
    assert await repair(office) == count
