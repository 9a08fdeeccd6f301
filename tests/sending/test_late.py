"""A report that leaves long after its time says when it should have come."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from core.outbox import State
from tests.support.deliveries import NINE
from tests.support.sending import MARK, SenderRig, as_payload
from tests.support.waiting import eventually

pytestmark = pytest.mark.one_database

SLOT = "2026-11-21T09:00"
LATE = "⏰ Пришёл позже: должен был 21.11.2026 в 09:00"


async def at_nine(rig: SenderRig, **columns: Any) -> int:
    """A report that was due at nine, whenever it is now."""
    columns = {"slot": "2026-11-21T09:00", "due_at": NINE, **columns}
    return await rig.report(await rig.destination(rig.alice.id), **columns)


async def test_after_a_long_absence_it_says_so(rig: SenderRig) -> None:
    rig.clock.advance(timedelta(hours=2))

    await rig.until(await at_nine(rig), State.SENT)

    [text] = rig.texts(rig.alice.id)
    assert text == f"{LATE}\n\nотчёт 1"


async def test_a_few_minutes_are_not_worth_a_word(rig: SenderRig) -> None:
    rig.clock.advance(timedelta(minutes=4))

    await rig.until(await at_nine(rig), State.SENT)

    assert rig.texts(rig.alice.id) == ["отчёт 1"]


async def test_it_is_late_also_when_it_was_built_in_time(rig: SenderRig) -> None:
    after_a_flood = NINE + timedelta(minutes=10)
    delivery = await at_nine(rig, state=State.RETRY, next_try_at=after_a_flood)
    rig.later(601)

    await rig.until(delivery, State.SENT)

    assert rig.texts(rig.alice.id) == [f"{LATE}\n\nотчёт 1"]


async def test_a_repeat_that_is_late_says_both(rig: SenderRig) -> None:
    rig.clock.advance(timedelta(hours=2))
    rig.world.fault("drop_after", method="sendMessage", times=1)

    await rig.until(await at_nine(rig), State.SENT)

    first, second = rig.texts(rig.alice.id)
    assert first == f"{LATE}\n\nотчёт 1"
    assert second.startswith(MARK)
    assert second.endswith(first)


async def test_a_report_that_is_put_back_behind_its_mark_does_not_say_it_again(
    rig: SenderRig,
) -> None:
    rig.clock.advance(timedelta(hours=2))
    long = "отчёт " + "я" * 4090
    delivery = await at_nine(rig, payload=as_payload(long))
    await eventually(lambda: rig.texts(rig.alice.id) == [LATE])
    rig.world.fault("flood", method="sendMessage", times=1, retry_after=1)

    await rig.until(delivery, State.RETRY)
    rig.later(1)
    await rig.until(delivery, State.SENT)

    assert rig.texts(rig.alice.id) == [LATE, long]


async def test_only_the_first_part_says_it_and_a_trial_never(rig: SenderRig) -> None:
    rig.clock.advance(timedelta(hours=2))

    await rig.until(await at_nine(rig, part=1), State.SENT)
    await rig.until(await at_nine(rig, slot="trial:2026-11-21T06:00:00"), State.SENT)

    assert rig.texts(rig.alice.id) == ["отчёт 1", "отчёт 2"]


async def test_a_supplement_is_late_by_nature_and_says_so_itself(rig: SenderRig) -> None:
    chat = rig.world.supergroup("Клиенты", rig.alice, rig.me)
    due: dict[str, Any] = {"slot": "whole:2026-11-21T06:00", "due_at": NINE - timedelta(hours=3)}

    await rig.until(await rig.report(await rig.destination(chat.id), **due), State.SENT)

    assert "Пришёл позже" not in rig.texts(chat.id)[0]


async def test_a_supplement_answers_what_it_adds_to(rig: SenderRig) -> None:
    chat = rig.world.supergroup("Клиенты", rig.alice, rig.me)
    task = await rig.destination(chat.id)
    shared: dict[str, Any] = {"due_at": NINE}
    await rig.until(await rig.report(task, "день", slot=SLOT, **shared), State.SENT)

    await rig.until(await rig.report(task, slot=f"whole:{SLOT}", **shared), State.SENT)

    _, whole = rig.world.sent(chat.id)
    assert whole.reply_to is not None
    assert whole.reply_to.text == "день"


@pytest.mark.parametrize("why", ["it is gone", "it never came", "it is in the group of before"])
async def test_a_supplement_comes_also_without_what_it_adds_to(rig: SenderRig, why: str) -> None:
    chat = rig.world.supergroup("Клиенты", rig.alice, rig.me)
    task = await rig.destination(chat.id)
    beside = rig.alice.at(chat).send("спасибо").id
    cut: dict[str, Any] = {"slot": SLOT, "state": State.SENT, "finished_at": NINE}
    match why:
        case "it is gone":
            await rig.report(task, message_id=beside + 1_000, **cut)
        case "it never came":
            await rig.report(task, message_id=beside, **(cut | {"state": State.HELD}))
        case "it is in the group of before":
            await rig.report(task, message_id=beside, chat_id=chat.id - 1, **cut)

    await rig.until(await rig.report(task, slot=f"whole:{SLOT}", due_at=NINE), State.SENT)

    [whole] = rig.world.sent(chat.id)
    assert whole.reply_to is None
