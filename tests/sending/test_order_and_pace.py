"""Many reports at once: in order within a chat, and within Telegram's limits."""

from __future__ import annotations

from collections import deque
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from aiogram.methods import SendMessage

from bot.delivery import NotSent
from core.database.session import Sessions
from core.outbox import State
from sandbox.telegram.people import Person
from tests.support.sending import SenderRig, check_history, sender_rig
from tests.support.waiting import eventually

pytestmark = pytest.mark.one_database


def people(rig: SenderRig, number: int) -> list[Person]:
    found = [rig.world.user(f"Человек {each}") for each in range(number)]
    for person in found:
        person.private(rig.me).start()
    return found


def most_in_a_second(times: list[float]) -> int:
    inside: deque[float] = deque()
    most = 0
    for at in sorted(times):
        inside.append(at)
        while inside[0] <= at - 1.0:
            inside.popleft()
        most = max(most, len(inside))
    return most


async def test_the_reports_of_a_chat_arrive_in_the_order_of_their_slots(
    rig: SenderRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    departures = rig.departures(monkeypatch)
    task = await rig.destination(rig.alice.id)
    for _ in range(4):
        await rig.report(task)
    await rig.until_all_end()
    assert rig.texts(rig.alice.id) == [f"отчёт {number}" for number in range(1, 5)]
    assert len(departures.left) == 4
    assert all(later - earlier >= 1 for earlier, later in pairwise(departures.times()))


async def test_a_chat_that_has_to_wait_holds_up_no_other(rig: SenderRig) -> None:
    group = rig.world.group("Клиенты", rig.alice, rig.me)
    rig.throttle.flooded(group.id, 600)
    stuck = await rig.report_to(group.id)
    await rig.until(stuck, State.RETRY)
    others = [await rig.report_to(person.id) for person in people(rig, 5)]
    for delivery in others:
        await rig.until(delivery, State.SENT)
    row = await rig.office.delivery(stuck)
    assert (row.state, row.attempt) == (State.RETRY, 0)
    assert rig.calls(group.id) == []


async def test_a_busy_minute_gives_telegram_nothing_to_complain_of(
    sessions: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with sender_rig(sessions, tmp_path, per_second=30) as rig:
        await rig.stop()
        for person in people(rig, 150):
            await rig.report_to(person.id)
        departures = rig.departures(monkeypatch)
        rig.start()
        await rig.until_all_end()
        assert len(rig.calls()) == len(departures.left) == 150
        assert most_in_a_second(departures.times()) <= 30
        await check_history(rig)


async def test_a_restart_does_not_forget_the_minute_of_a_group(rig: SenderRig) -> None:
    group = rig.world.group("Клиенты", rig.alice, rig.me)
    task = await rig.destination(group.id)
    began = rig.clock.now()
    for seconds in range(40, 0, -2):
        at = began - timedelta(seconds=seconds)
        await rig.report(task, state=State.SENT, finished_at=at)
    await rig.report(task, state=State.FAILED, finished_at=began)
    await rig.sender.recall()
    passed = (rig.clock.now() - began).total_seconds()
    assert rig.throttle.opens_in(group.id) + passed == pytest.approx(60.75 - 40, abs=0.9)


async def test_an_answer_to_a_person_does_not_wait_for_the_reports(
    sessions: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with sender_rig(sessions, tmp_path, per_second=30) as rig:
        await rig.stop()
        for person in people(rig, 60):
            await rig.report_to(person.id)
        departures = rig.departures(monkeypatch)
        rig.start()
        await eventually(lambda: departures.turns)
        before = len(departures.turns)
        turn = await rig.throttle.turn(rig.alice.id, urgent=True)
        assert departures.turns.index(turn) - before <= 1, "reports were let go before it"


async def test_an_answer_that_telegram_has_no_room_for_holds_the_reports_of_its_chat_back(
    rig: SenderRig,
) -> None:
    rig.world.fault("flood", method="sendMessage", times=1, retry_after=2)
    with pytest.raises(NotSent):
        await rig.urgent.carry(SendMessage(chat_id=rig.alice.id, text="ответ"))
    await rig.until(await rig.report_to(rig.alice.id), State.SENT)
    refused, sent = rig.calls()
    assert sent.arrived_real - refused.arrived_real >= 2


async def test_troubles_of_all_kinds_at_once_lose_nothing_and_double_nothing_silently(
    rig: SenderRig,
) -> None:
    await rig.stop()
    for number, person in enumerate(people(rig, 60)):
        await rig.report_to(person.id, on_lost_answer="hold" if number % 3 == 0 else "resend")
    for kind in ("drop_after", "drop_before", "half_answer", "http_502", "unknown_schema"):
        rig.world.fault(kind, method="sendMessage", times=4, processed=True)
    rig.world.fault("flood", method="sendMessage", times=3, retry_after=1)
    rig.start()
    rows = await rig.until_all_end()
    assert {row.state for row in rows} <= {State.SENT, State.HELD}
    await check_history(rig)
