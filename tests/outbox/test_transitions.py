"""Every step of a delivery, and who may make it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from core.outbox import State
from tests.support.deliveries import MOMENT, NINE, Office

SOON = NINE + timedelta(minutes=1)


async def test_a_report_goes_from_its_slot_into_the_chat(office: Office) -> None:
    task = await office.add_task()
    await office.materialise()

    (built,) = await office.alice.claim_due(10)
    assert (built.task_id, built.state, built.slot) == (task, "building", "2026-11-21T09:00")
    assert await office.alice.ready(built.id, {"text": "отчёт"})
    (claimed,) = await office.alice.claim_ready(10)
    assert (claimed.id, claimed.state, claimed.payload) == (built.id, "claimed", {"text": "отчёт"})
    assert await office.alice.sending(built.id)
    assert await office.state(built.id) == State.SENDING
    assert await office.alice.sent(built.id, 77)

    row = await office.delivery(built.id)
    assert (row.state, row.message_id, row.lease_until) == ("sent", 77, None)
    assert row.finished_at == office.clock.now()
    assert await office.alice.claim_due(10) == []
    assert await office.alice.claim_ready(10) == []


async def test_what_nobody_has_claimed_is_not_sent(office: Office) -> None:
    row = await office.add_delivery(await office.add_task())
    assert not await office.alice.sending(row)
    assert await office.state(row) == State.READY


async def test_a_postponed_report_is_built_again_later(office: Office) -> None:
    await office.add_task()
    await office.materialise()
    (built,) = await office.alice.claim_due(10)

    assert await office.alice.postpone(built.id, SOON, "avito_away")
    row = await office.delivery(built.id)
    assert (row.state, row.attempt, row.reason, row.owner) == ("due", 1, "avito_away", None)
    assert await office.alice.claim_due(10) == []
    office.clock.advance(SOON - NINE)
    assert [row.id for row in await office.alice.claim_due(10)] == [built.id]


async def test_the_tries_of_building_and_of_sending_are_counted_apart(office: Office) -> None:
    await office.add_task()
    await office.materialise()
    (built,) = await office.alice.claim_due(10)
    await office.alice.postpone(built.id, NINE, "avito_away")
    await office.alice.claim_due(10)
    await office.alice.ready(built.id, {})
    assert (await office.delivery(built.id)).attempt == 0

    for attempt in (1, 2):
        await office.alice.claim_ready(10)
        await office.alice.sending(built.id)
        assert await office.alice.retry(built.id, NINE, "429")
        assert (await office.delivery(built.id)).attempt == attempt


async def test_what_was_put_back_before_sending_has_not_been_tried(office: Office) -> None:
    row = await office.add_delivery(await office.add_task())
    await office.alice.claim_ready(10)
    assert await office.alice.retry(row, SOON, "chat_paused")
    delivery = await office.delivery(row)
    assert (delivery.state, delivery.attempt, delivery.next_try_at) == ("retry", 0, SOON)


async def test_a_refused_report_is_tried_no_more(office: Office) -> None:
    task = await office.add_task()
    row = await office.add_delivery(task)
    await office.alice.claim_ready(10)
    await office.alice.sending(row)
    assert await office.alice.fail(row, "blocked " * 100)

    delivery = await office.delivery(row)
    assert (delivery.state, len(delivery.reason or "")) == ("failed", 200)
    assert delivery.finished_at is not None
    assert await office.alice.claim_ready(10) == []


async def test_a_lost_answer_means_one_marked_copy(office: Office) -> None:
    row = await office.add_delivery(await office.add_task())
    await office.alice.claim_ready(10)
    await office.alice.sending(row)
    assert await office.alice.lost(row) == State.RESEND

    (again,) = await office.alice.claim_ready(10)
    assert (again.id, again.is_repeat, again.payload) == (row, True, {"text": "отчёт"})
    await office.alice.sending(row)
    # The answer to the copy is lost too: a third one would be one too many.
    assert await office.alice.lost(row) == State.HELD
    assert await office.alice.claim_ready(10) == []


async def test_a_lost_answer_is_held_where_the_owner_chose_so(office: Office) -> None:
    row = await office.add_delivery(await office.add_task(on_lost_answer="hold"))
    await office.alice.claim_ready(10)
    await office.alice.sending(row)
    assert await office.alice.lost(row) == State.HELD
    delivery = await office.delivery(row)
    assert (delivery.is_repeat, delivery.reason) == (False, "lost_answer")
    assert delivery.finished_at is not None


async def test_the_destination_remembers_what_did_not_arrive(office: Office) -> None:
    task = await office.add_task()
    first = await office.add_delivery(task)
    await office.alice.claim_ready(10)
    await office.alice.fail(first, "blocked")
    assert (await office.task(task)).problem == "blocked"
    assert (await office.task(task)).problem_at == office.clock.now()

    await office.add_delivery(task, slot="next", due_at=NINE + MOMENT)
    (second,) = await office.alice.claim_ready(10)
    await office.alice.sending(second.id)
    assert (await office.task(task)).problem == "blocked"
    await office.alice.sent(second.id, 1)
    assert (await office.task(task)).problem is None
    assert (await office.task(task)).problem_at is None


@pytest.mark.parametrize("step", ["ready", "postpone", "sending", "sent", "retry", "fail", "lost"])
async def test_a_stale_owner_is_refused(office: Office, step: str) -> None:
    """Bob has taken over what Alice had: whatever she says about it now counts no more."""
    bob = office.outbox("work:bob")
    building = step in ("ready", "postpone")
    state = State.DUE if building else State.READY
    row = await office.add_delivery(await office.add_task(), state=state)
    for outbox in (office.alice, bob):
        assert await (outbox.claim_due(1) if building else outbox.claim_ready(1))
        if outbox is office.alice:
            office.clock.advance(timedelta(minutes=10))
            await bob.recover()
    if step in ("sent", "retry", "fail", "lost"):
        assert await bob.sending(row)
    before = await office.delivery(row)

    answers: dict[str, Callable[[], Awaitable[object]]] = {
        "ready": lambda: office.alice.ready(row, {"text": "stale"}),
        "postpone": lambda: office.alice.postpone(row, SOON, "stale"),
        "sending": lambda: office.alice.sending(row),
        "sent": lambda: office.alice.sent(row, 666),
        "retry": lambda: office.alice.retry(row, SOON, "stale"),
        "fail": lambda: office.alice.fail(row, "stale"),
        "lost": lambda: office.alice.lost(row),
    }
    assert not await answers[step]()

    after = await office.delivery(row)
    assert (after.state, after.owner, after.payload) == (before.state, "work:bob", before.payload)


async def test_a_report_whose_destination_is_gone_is_nobodys(office: Office) -> None:
    task = await office.add_task()
    row = await office.add_delivery(task)
    await office.alice.claim_ready(10)
    async with office.sessions.begin() as session:
        await session.delete(await office.task(task))
    assert not await office.alice.sending(row)
    assert await office.alice.lost(row) is None
