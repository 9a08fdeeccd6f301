"""A stop leaves nothing in doubt, and a claim that has become stale sends nothing."""

from __future__ import annotations

import asyncio

import pytest

from bot import attempts, sender
from core.outbox import State
from sandbox.telegram.events import PATIENCE_SEC
from tests.support.sending import SenderRig, check_history
from tests.support.waiting import FOREVER_SEC, eventually

UNDECIDED = (State.SENDING, State.RESEND, State.HELD, State.CLAIMED)


async def test_a_stop_in_the_middle_leaves_every_report_sent_or_ready(rig: SenderRig) -> None:
    await rig.stop()
    rig.world.fault("latency_after", method="sendMessage", seconds=0.1)
    people = [rig.world.user(f"Человек {number}") for number in range(100)]
    for person in people:
        person.private(rig.me).start()
        await rig.report_to(person.id)
    rig.start()
    await eventually(lambda: len(rig.accepted()) > 10)
    await rig.stop(grace_sec=PATIENCE_SEC)
    assert len(rig.accepted()) < len(people), "what is not in hand is not waited for"
    rows = await rig.office.deliveries()
    assert [row.state for row in rows if row.state in UNDECIDED] == []
    assert {row.owner for row in rows if row.finished_at is None} == {None}
    assert len([row for row in rows if row.state == State.SENT]) == len(rig.accepted())
    rig.world.clear_faults()
    rig.start()
    assert not any(row.is_repeat for row in await rig.until_all_end())
    await check_history(rig)


async def test_an_answer_that_does_not_come_before_the_end_of_the_grace_counts_as_lost(
    rig: SenderRig,
) -> None:
    held = rig.world.fault("hold_after", method="sendMessage", times=1)
    delivery = await rig.report_to(rig.alice.id)
    await eventually(rig.accepted)
    await rig.stop(grace_sec=0.05)
    held.lift()
    assert (await rig.office.delivery(delivery)).state == State.SENDING
    rig.outbox = rig.office.outbox("home:again")
    await rig.outbox.recover()
    rig.start()
    await rig.until(delivery, State.SENT)
    await check_history(rig)


async def test_a_report_that_waits_for_its_turn_is_put_back_at_once(
    rig: SenderRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "PATIENCE_SEC", FOREVER_SEC)
    rig.throttle.flooded(rig.alice.id, FOREVER_SEC)
    delivery = await rig.report_to(rig.alice.id)
    await rig.until(delivery, State.CLAIMED)
    await rig.stop(grace_sec=FOREVER_SEC)
    row = await rig.office.delivery(delivery)
    assert (row.state, row.attempt) in [(State.RETRY, 0), (State.READY, 0)]


async def test_a_process_that_slept_too_long_before_sending_does_not_send(
    rig: SenderRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "FENCE_SEC", -1.0)
    delivery = await rig.report_to(rig.alice.id)
    row = await rig.until(delivery, State.RETRY)
    assert rig.calls() == []
    assert not row.is_repeat
    monkeypatch.undo()
    await asyncio.sleep(0)
    await rig.until(delivery, State.SENT)
    await check_history(rig)


async def test_what_another_process_took_over_is_not_sent(
    rig: SenderRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    sending, gate = rig.outbox.sending, asyncio.Event()

    async def later(delivery_id: int) -> bool:
        await gate.wait()
        return await sending(delivery_id)

    monkeypatch.setattr(rig.outbox, "sending", later)
    delivery = await rig.report_to(rig.alice.id)
    await rig.until(delivery, State.CLAIMED)
    other = rig.office.outbox("home:other")
    await other.recover()
    assert [row.id for row in await other.claim_ready(1)] == [delivery]
    gate.set()
    await rig.sender.idle()
    assert rig.calls() == []
