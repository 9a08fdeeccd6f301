"""What is found in nobody's hand is taken up again, and nothing that somebody has."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from core.outbox import BUILD_LEASE, SEND_LEASE, Outbox, State, worker_name
from core.slots import TRIAL_WINDOW
from tests.support.deliveries import MOMENT, NINE, Office
from tests.support.lost_answers import lost_commit_answer


async def in_hand(office: Office, owner: Outbox, state: State, **task: Any) -> int:
    """A delivery that `owner` has got as far as `state`."""
    start = State.DUE if state == State.BUILDING else State.READY
    place = -1 - len(await office.deliveries())
    row = await office.add_delivery(await office.add_task(place, **task), state=start)
    assert await (owner.claim_due(1) if state == State.BUILDING else owner.claim_ready(1))
    if state == State.SENDING:
        assert await owner.sending(row)
    return row


@pytest.mark.parametrize(
    ("state", "lease", "recovered"),
    [
        (State.BUILDING, BUILD_LEASE, State.DUE),
        (State.CLAIMED, SEND_LEASE, State.READY),
        (State.SENDING, SEND_LEASE, State.RESEND),
    ],
)
async def test_a_lease_protects_until_it_is_over(
    office: Office, state: State, lease: timedelta, recovered: State
) -> None:
    bob = office.outbox("work:bob")
    row = await in_hand(office, office.alice, state)
    office.clock.advance(lease - MOMENT)
    await bob.recover()
    assert await office.untold() == []
    assert await office.state(row) == state

    office.clock.advance(2 * MOMENT)
    await bob.recover()
    assert await office.untold() == []
    delivery = await office.delivery(row)
    assert (delivery.state, delivery.lease_until) == (recovered, None)
    assert delivery.is_repeat == (state == State.SENDING)


async def test_what_is_in_hand_is_left_alone_whatever_its_number(office: Office) -> None:
    task = await office.add_task()
    row = await office.add_delivery(task, id=2**40, state=State.READY)
    assert await office.alice.claim_ready(1)
    await office.alice.recover()
    assert await office.state(row) == State.CLAIMED


async def test_a_claimed_repeat_stays_one(office: Office) -> None:
    row = await in_hand(office, office.alice, State.SENDING)
    await office.alice.lost(row)
    await office.alice.claim_ready(1)
    office.clock.advance(SEND_LEASE)
    await office.outbox("work:bob").recover()
    delivery = await office.delivery(row)
    assert (delivery.state, delivery.is_repeat) == ("resend", True)


async def test_what_may_have_left_is_held_where_the_owner_chose_so(office: Office) -> None:
    row = await in_hand(office, office.alice, State.SENDING, on_lost_answer="hold")
    office.clock.advance(SEND_LEASE)
    await office.outbox("work:bob").recover()
    assert await office.untold() == [row]
    assert await office.state(row) == State.HELD


@pytest.mark.parametrize("state", [State.BUILDING, State.CLAIMED, State.SENDING])
async def test_a_worker_that_was_killed_does_not_wait_for_its_own_leases(
    office: Office, tmp_path: Path, state: State
) -> None:
    killed, other_place = office.outbox(worker_name(tmp_path)), office.outbox("work:bob")
    row = await in_hand(office, killed, state)
    await other_place.recover()
    assert await office.state(row) == state

    await office.outbox(worker_name(tmp_path)).recover()
    assert await office.state(row) not in (state, State.HELD)


async def test_the_killed_one_comes_back_and_may_not_send(office: Office, tmp_path: Path) -> None:
    """It was only stopped, while another life of the same installation took over."""
    stopped, started = (office.outbox(worker_name(tmp_path)) for _ in range(2))
    row = await in_hand(office, stopped, State.CLAIMED)
    await started.recover()
    assert await started.claim_ready(1)
    assert not await stopped.sending(row)


async def test_a_step_of_the_clock_takes_nothing_from_a_living_process(office: Office) -> None:
    row = await in_hand(office, office.alice, State.SENDING)
    office.clock.advance(timedelta(hours=1))
    await office.alice.recover()
    assert await office.untold() == []
    assert await office.state(row) == State.SENDING
    assert await office.alice.sent(row, 7)


async def test_what_a_living_process_dropped_is_taken_up_too(office: Office) -> None:
    seconds = 0.0
    alice = Outbox(office.sessions, office.clock, "home:alice", lambda: seconds)
    row = await in_hand(office, alice, State.CLAIMED)
    office.clock.advance(SEND_LEASE)
    await alice.recover()
    assert await office.state(row) == State.CLAIMED
    seconds = SEND_LEASE.total_seconds()
    await alice.recover()
    assert await office.state(row) == State.READY


async def test_who_learns_late_that_it_arrived_may_still_say_so(office: Office) -> None:
    row = await in_hand(office, office.alice, State.SENDING)
    office.clock.advance(SEND_LEASE)
    await office.outbox("work:bob").recover()
    assert await office.state(row) == State.RESEND
    assert await office.alice.sent(row, 7)
    assert await office.alice.claim_ready(1) == []
    assert await office.state(row) == State.SENT


async def test_nothing_to_recover_changes_nothing(office: Office) -> None:
    task = await office.add_task()
    for state in (State.DUE, State.READY, State.RETRY, State.RESEND):
        await office.add_delivery(task, slot=state, state=state)
    before = [(row.id, row.state, row.updated_at) for row in await office.deliveries()]
    office.clock.advance(timedelta(hours=1))
    await office.alice.recover()
    assert await office.untold() == []
    assert [(row.id, row.state, row.updated_at) for row in await office.deliveries()] == before


async def test_stopping_puts_back_what_is_not_on_its_way(office: Office) -> None:
    rows = [
        await in_hand(office, office.alice, state)
        for state in (State.BUILDING, State.SENDING, State.CLAIMED)
    ]
    other = await in_hand(office, office.outbox("work:bob"), State.CLAIMED)
    await office.alice.release()
    states = [await office.state(row) for row in (*rows, other)]
    assert states == [State.DUE, State.SENDING, State.READY, State.CLAIMED]


async def test_a_database_that_is_away_does_not_hold_up_a_stop(
    office: Office, engine: AsyncEngine
) -> None:
    row = await in_hand(office, office.alice, State.CLAIMED)
    with lost_commit_answer(engine):
        await office.alice.release()
    assert await office.state(row) == State.READY


DEADLINE = timedelta(hours=6)


@pytest.mark.parametrize(
    "state", [State.DUE, State.BUILDING, State.READY, State.CLAIMED, State.RETRY]
)
async def test_what_is_too_late_is_missed(office: Office, state: State) -> None:
    task = await office.add_task()
    row = await office.add_delivery(task, state=state)
    office.clock.advance(DEADLINE - MOMENT)
    await office.alice.recover()
    assert (await office.delivery(row)).finished_at is None
    office.clock.advance(MOMENT)
    await office.alice.recover()
    assert await office.untold() == []
    delivery = await office.delivery(row)
    assert (delivery.state, delivery.reason) == ("missed", "too_late")
    assert (await office.task(task)).problem == "too_late"


async def test_who_waits_for_a_trial_that_is_too_late_has_to_hear_of_it(office: Office) -> None:
    task = await office.add_task()
    columns = {"slot": "trial:2026-11-21T06:00:00", "state": State.DUE}
    row = await office.add_delivery(task, **columns, deadline_at=NINE + TRIAL_WINDOW)
    office.clock.advance(TRIAL_WINDOW)
    await office.alice.recover()
    assert await office.untold() == [row]
    assert await office.state(row) == State.MISSED


async def test_what_may_be_on_its_way_is_not_missed(office: Office) -> None:
    row = await in_hand(office, office.alice, State.SENDING)
    office.clock.advance(DEADLINE)
    await office.alice.recover()
    assert await office.state(row) == State.SENDING


async def test_a_copy_that_is_too_late_is_not_called_missed(office: Office) -> None:
    """Its first copy may have arrived: that is a question to its owner."""
    row = await office.add_delivery(await office.add_task(), state=State.RESEND, is_repeat=True)
    office.clock.advance(DEADLINE)
    await office.alice.recover()
    assert await office.untold() == [row]
    assert await office.state(row) == State.HELD


async def test_what_was_missed_meanwhile_is_not_sent_by_who_had_it(office: Office) -> None:
    row = await in_hand(office, office.alice, State.CLAIMED)
    office.clock.advance(DEADLINE)
    await office.outbox("work:bob").recover()
    assert not await office.alice.sending(row)


async def test_nothing_is_claimed_past_its_deadline(office: Office) -> None:
    task = await office.add_task()
    await office.add_delivery(task, slot="a", state=State.DUE)
    await office.add_delivery(task, slot="b", state=State.READY)
    office.clock.advance(DEADLINE)
    assert await office.alice.claim_due(9) == []
    assert await office.alice.claim_ready(9) == []


async def test_the_next_report_can_name_what_was_missed(office: Office) -> None:
    task, other = await office.add_task(), await office.add_task()
    days = ["sent", "missed", "sent", "missed", "failed", "missed", "due"]
    rows = [
        await office.add_delivery(
            task, slot=f"day {n}", due_at=NINE + timedelta(days=n), state=State(state)
        )
        for n, state in enumerate(days)
    ]
    await office.add_delivery(other, state=State.MISSED, due_at=NINE + timedelta(days=3))
    missed = await office.alice.missed_before(await office.delivery(rows[6]))
    assert missed == ["day 3", "day 5"]
    missed = await office.alice.missed_before(await office.delivery(rows[1]))
    assert missed == []
