"""After a pause nothing more comes, except what may have left already."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import null

from core.database.models import AvitoProfile, ReportTask
from core.outbox import Outbox, State
from core.services import destinations, schedule
from core.services.destinations import Destination, Refusal
from tests.support.deliveries import MOMENT, NINE, Office

DAY = timedelta(days=1)
WAITS = [State.DUE, State.BUILDING, State.READY, State.CLAIMED, State.RETRY]


async def pause_place(office: Office, task_id: int, *, resume: bool = False) -> None:
    async with office.sessions.begin() as session:
        task = await session.get_one(ReportTask, task_id)
        place = Destination(task, await session.get_one(AvitoProfile, task.profile_id))
        change = destinations.resume if resume else destinations.pause
        await change(session, place, office.clock.now())


async def pause_profile(office: Office, task_id: int, *, resume: bool = False) -> None:
    async with office.sessions.begin() as session:
        task = await session.get_one(ReportTask, task_id)
        profile = await session.get_one(AvitoProfile, task.profile_id)
        change = schedule.resume if resume else schedule.pause
        await change(session, profile, office.clock.now())


@pytest.mark.parametrize("pause", [pause_place, pause_profile])
@pytest.mark.parametrize("state", WAITS)
async def test_what_has_not_left_is_withdrawn(office: Office, state: State, pause: Any) -> None:
    task, other = await office.add_task(), await office.add_task()
    rows = [await office.add_delivery(each, state=state) for each in (task, other)]

    await pause(office, task)

    row = await office.delivery(rows[0])
    assert (row.state, row.reason) == (State.WITHDRAWN, "paused")
    assert row.finished_at is not None
    assert await office.state(rows[1]) == state
    paused = await office.task(task)
    assert (paused.problem, paused.problem_at) == ("paused", row.finished_at)
    assert paused.next_due_at is None


@pytest.mark.parametrize(
    "columns",
    [
        {"state": State.SENDING},
        {"state": State.RESEND, "is_repeat": True},
        {"state": State.RETRY, "is_repeat": True},
        {"state": State.SENT, "finished_at": NINE},
        {"state": State.READY, "slot": "trial:2026-11-21T06:00:00"},
    ],
)
async def test_what_may_have_left_and_what_was_asked_for_is_not(
    office: Office, columns: dict[str, Any]
) -> None:
    task = await office.add_task()
    row = await office.add_delivery(task, **columns)
    await pause_place(office, task)
    assert await office.state(row) == columns["state"]
    assert (await office.task(task)).problem is None


async def lose_say(office: Office, task_id: int) -> None:
    async with office.sessions.begin() as session:
        chat_id = (await office.task(task_id)).chat_id
        now = office.clock.now()
        await destinations.suspend_owner(session, chat_id, 1, Refusal.NOT_MEMBER, now)


@pytest.mark.parametrize(
    ("stop", "why"),
    [(pause_place, "paused"), (pause_profile, "paused"), (lose_say, "not_member")],
)
async def test_what_was_being_sent_and_did_not_leave_is_withdrawn(
    office: Office, stop: Any, why: str
) -> None:
    task = await office.add_task()
    row = await office.add_delivery(task)
    await claimed(office.alice, State.READY)
    await office.alice.sending(row)
    await stop(office, task)
    assert await office.state(row) == State.SENDING

    await office.alice.retry(row, NINE, "429")

    withdrawn = await office.delivery(row)
    assert (withdrawn.state, withdrawn.reason) == (State.WITHDRAWN, why)
    assert (await office.task(task)).problem == why


@pytest.mark.parametrize(
    ("stop", "state"), [(pause_place, State.RETRY), (lose_say, State.WITHDRAWN)]
)
async def test_a_trial_that_did_not_leave_outlasts_only_a_pause(
    office: Office, stop: Any, state: State
) -> None:
    task = await office.add_task()
    row = await office.add_delivery(task, slot="trial:2026-11-21T06:00:00")
    await claimed(office.alice, State.READY)
    await office.alice.sending(row)
    await stop(office, task)
    await office.alice.retry(row, NINE, "429")
    assert await office.state(row) == state


async def test_a_repeat_is_brought_to_its_end_after_a_pause(office: Office) -> None:
    task = await office.add_task()
    row = await office.add_delivery(task, state=State.RESEND, is_repeat=True)
    await claimed(office.alice, State.READY)
    await office.alice.sending(row)
    await pause_place(office, task)
    await office.alice.retry(row, NINE, "429")
    assert await office.state(row) == State.RETRY


async def claimed(outbox: Outbox, state: State) -> int:
    claim = outbox.claim_due if state == State.DUE else outbox.claim_ready
    [row] = await claim(1)
    return row.id


@pytest.mark.parametrize("state", [State.DUE, State.READY])
async def test_who_has_it_in_hand_may_not_go_on(office: Office, state: State) -> None:
    task = await office.add_task()
    await office.add_delivery(task, state=state)
    row = await claimed(office.alice, state)
    await pause_place(office, task)
    assert not await office.alice.ready(row, {"text": "отчёт"})
    assert not await office.alice.sending(row)
    assert not await office.alice.retry(row, NINE, "429")
    assert await office.state(row) == State.WITHDRAWN


@pytest.mark.parametrize("pause", [pause_place, pause_profile])
async def test_a_pause_that_is_over_at_once_was_a_slip(office: Office, pause: Any) -> None:
    task = await office.add_task()
    due = await office.add_delivery(task, slot="a", state=State.DUE, payload=null())
    built = await office.add_delivery(task, slot="b", state=State.RETRY, attempt=3)
    await pause(office, task)
    office.clock.advance(schedule.SLIP - MOMENT)

    await pause(office, task, resume=True)

    assert [await office.state(row) for row in (due, built)] == [State.DUE, State.READY]
    assert (await office.task(task)).problem is None
    assert (await office.delivery(built)).finished_at is None
    assert [row.id for row in await office.alice.claim_due(9)] == [due]


WHOLE: dict[str, Any] = {
    "slot": f"whole:{NINE:%Y-%m-%dT%H:%M}",
    "state": State.DUE,
    "attempt": 1,
    "payload": null(),
}
"""What is still to be asked for, to supplement a report."""


async def test_a_slip_does_not_bring_back_a_supplement_that_came_to_nothing(
    office: Office,
) -> None:
    task = await office.add_task()
    row = await office.add_delivery(task, **WHOLE)
    await claimed(office.alice, State.DUE)
    await office.alice.drop(row)
    await pause_place(office, task)

    await pause_place(office, task, resume=True)

    assert await office.state(row) == State.WITHDRAWN


async def test_a_supplement_that_came_to_nothing_hides_no_trouble(office: Office) -> None:
    task = await office.add_task(problem="kicked", problem_at=NINE)
    row = await office.add_delivery(task, **WHOLE)
    await claimed(office.alice, State.DUE)

    await office.alice.drop(row)

    assert (await office.task(task)).problem == "kicked"


async def test_a_supplement_that_a_slip_brings_back_holds_up_nobody(office: Office) -> None:
    task, other = await office.add_task(), await office.add_task()
    await office.add_delivery(task, **WHOLE)
    report = await office.add_delivery(other, due_at=NINE + MOMENT)
    office.clock.advance(MOMENT)
    await pause_place(office, task)

    await pause_place(office, task, resume=True)

    assert [row.id for row in await office.alice.claim_ready(9)] == [report]


@pytest.mark.parametrize("pause", [pause_place, pause_profile])
async def test_what_was_stopped_on_purpose_does_not_come_later(office: Office, pause: Any) -> None:
    task = await office.add_task()
    row = await office.add_delivery(task)
    await pause(office, task)
    office.clock.advance(schedule.SLIP)

    await pause(office, task, resume=True)

    assert await office.state(row) == State.WITHDRAWN
    resumed = await office.task(task)
    assert (resumed.problem, resumed.next_due_at) == ("paused", NINE + DAY)


async def test_what_is_too_late_meanwhile_does_not_come_either(office: Office) -> None:
    task = await office.add_task()
    row = await office.add_delivery(task, deadline_at=NINE + 2 * MOMENT)
    await pause_place(office, task)
    office.clock.advance(2 * MOMENT)
    await pause_place(office, task, resume=True)
    assert await office.state(row) == State.WITHDRAWN


async def test_a_place_that_is_paused_by_itself_stays_so(office: Office) -> None:
    profile = await office.add_profile()
    paused, going = [await office.add_task(-n, profile_id=profile) for n in (1, 2)]
    rows = [await office.add_delivery(task) for task in (paused, going)]
    await pause_place(office, paused)
    await pause_profile(office, going)

    await pause_profile(office, going, resume=True)

    assert [await office.state(row) for row in rows] == [State.WITHDRAWN, State.READY]


async def test_the_next_report_does_not_call_it_missed(office: Office) -> None:
    task = await office.add_task()
    await office.add_delivery(task)
    await pause_place(office, task)
    later = await office.add_delivery(task, slot="later", due_at=NINE + DAY, state=State.DUE)
    assert await office.alice.missed_before(await office.delivery(later)) == []
