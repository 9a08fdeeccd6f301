"""The parts of a long report: in their order, and none where an earlier one is missing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from core import slots
from core.database.models import ReportTask
from core.outbox import State
from core.services import deliveries, schedule
from sandbox.clock import SandboxClock
from tests.support.deliveries import MOMENT, NINE, Office
from utils.periods import last_days

LONG_AFTER = timedelta(hours=7)


async def three_parts(office: Office, **columns: Any) -> list[int]:
    """A report in three messages, ready to be sent; the ids of its parts."""
    task = await office.add_task(**columns)
    await office.materialise()
    [built] = await office.alice.claim_due(1)
    assert await office.alice.ready(built.id, *({"text": f"часть {n}"} for n in range(3)))
    return [row.id for row in await office.deliveries(task)]


async def on_its_way(office: Office) -> int:
    """Take the one part that may leave now, up to the moment that its bytes do."""
    [row] = await office.alice.claim_ready(10)
    assert await office.alice.sending(row.id)
    return row.id


async def states(office: Office, parts: list[int]) -> list[str]:
    return [await office.state(part) for part in parts]


async def send_again(office: Office, delivery_id: int) -> None:
    """As its owner, user 1, asks for it."""
    async with office.sessions.begin() as session:
        report = await deliveries.held(session, 1, delivery_id)
        assert report is not None
        await deliveries.send_again(session, report, office.clock.now())


async def test_each_part_waits_for_the_one_before(office: Office) -> None:
    parts = await three_parts(office)
    for part in parts:
        assert await on_its_way(office) == part
        assert await office.alice.claim_ready(10) == []
        assert await office.alice.sent(part, 77)
    assert await states(office, parts) == [State.SENT] * 3


async def test_what_began_in_time_is_brought_to_its_end(office: Office) -> None:
    parts = await three_parts(office)
    first = await office.delivery(parts[0])
    office.clock.advance(first.deadline_at - MOMENT - office.clock.now())
    assert await office.alice.sent(await on_its_way(office), 77)
    office.clock.advance(2 * MOMENT)

    await office.alice.recover()

    for part in parts[1:]:
        assert await on_its_way(office) == part
        assert await office.alice.sent(part, 77)


async def test_what_follows_a_refused_part_fails_with_it(office: Office) -> None:
    parts = await three_parts(office)
    other = await office.add_delivery(await office.add_task())
    assert await office.alice.sent(await on_its_way(office), 77)

    assert await office.alice.fail(await on_its_way(office), "400 Bad Request")

    assert await states(office, parts) == [State.SENT, State.FAILED, State.FAILED]
    last = await office.delivery(parts[2])
    assert (last.reason, last.finished_at) == ("400 Bad Request", office.clock.now())
    assert await on_its_way(office) == other


async def test_what_follows_a_held_part_goes_unmarked_when_its_owner_sends_it_again(
    office: Office,
) -> None:
    parts = await three_parts(office, on_lost_answer="hold")
    assert await office.alice.lost(await on_its_way(office)) == State.HELD
    assert await states(office, parts) == [State.HELD] * 3
    office.clock.advance(LONG_AFTER)

    await send_again(office, parts[0])

    assert await states(office, parts) == [State.RESEND, State.READY, State.READY]
    for part in parts:
        assert await on_its_way(office) == part
        assert await office.alice.sent(part, 77)
    repeats = [(await office.delivery(part)).is_repeat for part in parts]
    assert repeats == [True, False, False]


async def test_what_follows_goes_on_when_the_answer_comes_after_all(office: Office) -> None:
    parts = await three_parts(office, on_lost_answer="hold")
    first = await on_its_way(office)
    office.clock.advance(timedelta(minutes=3))
    await office.outbox("other:life").recover()
    assert await office.untold() == [first]
    assert await states(office, parts) == [State.HELD] * 3

    assert await office.alice.sent(first, 77)

    assert await states(office, parts) == [State.SENT, State.READY, State.READY]


@pytest.mark.parametrize("choice", ["resend", "hold"])
async def test_parts_that_a_restart_finds_too_late_are_asked_about_once(
    office: Office, choice: str
) -> None:
    parts = await three_parts(office, on_lost_answer=choice)
    first = await on_its_way(office)
    office.clock.advance(LONG_AFTER)

    await office.outbox("home:again").recover()
    await office.outbox("home:again").recover()

    assert await office.untold() == [first]
    await send_again(office, first)
    assert await states(office, parts) == [State.RESEND, State.READY, State.READY]


async def test_what_follows_a_beginning_that_is_too_late_does_not_come_either(
    office: Office,
) -> None:
    parts = await three_parts(office)
    first = await office.delivery(parts[0])
    assert await office.alice.retry(await on_its_way(office), first.deadline_at + MOMENT, "429")
    office.clock.advance(first.deadline_at + MOMENT - office.clock.now())

    await office.alice.recover()

    assert await states(office, parts) == [State.MISSED] * 3
    assert await office.alice.claim_ready(10) == []


@pytest.mark.parametrize("late", [timedelta(minutes=31), LONG_AFTER])
async def test_of_a_long_report_that_was_asked_for_and_is_too_late_one_word_is_said(
    office: Office, late: timedelta
) -> None:
    task = await office.add_task(next_due_at=None)
    assert await send_report(office, task, 1)
    [built] = await office.alice.claim_due(1)
    assert await office.alice.ready(built.id, *({"text": f"часть {n}"} for n in range(4)))
    office.clock.advance(late)

    await office.alice.recover()

    assert await office.untold() == [built.id]
    assert {row.state for row in await office.deliveries(task)} == {State.MISSED}


async def test_reports_about_different_days_may_be_asked_for_in_one_second(office: Office) -> None:
    task = await office.add_task(next_due_at=None)

    assert await send_report(office, task, 1)
    office.clock.advance(timedelta(milliseconds=3))
    assert await send_report(office, task, 7)
    assert not await send_report(office, task, 7)

    assert len(await office.deliveries(task)) == 2


async def send_report(office: Office, task_id: int, days: int) -> bool:
    """About the last so many days, as its owner asks for it."""
    now = office.clock.now()
    async with office.sessions.begin() as session:
        task = await session.get_one(ReportTask, task_id)
        period = last_days(now - timedelta(days=1), days)
        return await slots.send(session, task, period, now)


async def test_a_clock_that_was_ahead_does_not_cost_the_rest_of_what_has_begun(
    office: Office,
) -> None:
    parts = await three_parts(office)
    assert await office.alice.sent(await on_its_way(office), 77)
    back = Office(office.sessions, SandboxClock(NINE - timedelta(minutes=10), scale=0))

    async with back.sessions.begin() as session:
        await schedule.reschedule_far(session, back.clock.now())

    assert await states(office, parts) == [State.SENT, State.READY, State.READY]
