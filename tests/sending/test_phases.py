"""What became of a send decides what comes next, by phase: sent, not sent, nobody knows."""

from __future__ import annotations

import asyncio
import socket
from datetime import timedelta
from pathlib import Path

import pytest
from aiogram.client.telegram import TelegramAPIServer

from bot import sender, throttle
from core.database.session import Sessions
from core.outbox import State
from sandbox.telegram.events import PATIENCE_SEC
from sandbox.telegram.faults import Kind
from tests.support.sending import MARK, SenderRig, as_payload, check_history, sender_rig
from tests.support.waiting import eventually

pytestmark = pytest.mark.one_database

SENT: list[Kind] = ["unknown_schema", "truncated_json", "half_answer", "latency_after"]
ARRIVED: list[Kind] = ["drop_after", "hang_after"]
NEVER_CAME: list[Kind] = ["drop_before", "hang_before"]
GATEWAYS: list[Kind] = ["http_500", "http_502", "http_504"]


async def test_a_report_is_sent_once_and_remembers_its_message(rig: SenderRig) -> None:
    delivery = await rig.report_to(rig.alice.id)
    row = await rig.until(delivery, State.SENT)
    [message] = rig.world.sent(rig.alice.id)
    assert (row.message_id, message.words) == (message.id, "отчёт 1")
    await check_history(rig)


async def test_a_report_comes_with_its_buttons_and_without_sound(rig: SenderRig) -> None:
    row = [{"text": "Обновить", "callback_data": "x"}]
    payload = as_payload("*жирно*") | {"keyboard": {"inline_keyboard": [row]}}
    task = await rig.destination(rig.alice.id, is_silent=True)
    await rig.until(await rig.report(task, payload=payload), State.SENT)
    seen = rig.alice.private(rig.me).last
    assert (seen.text, seen.button_data, seen.is_silent) == ("жирно", ["x"], True)


@pytest.mark.parametrize("fault", SENT)
async def test_an_answer_that_says_ok_is_a_success_however_broken(
    rig: SenderRig, fault: Kind
) -> None:
    rig.world.fault(fault, method="sendMessage", times=1, seconds=0.05)
    delivery = await rig.report_to(rig.alice.id)
    row = await rig.until(delivery, State.SENT)
    assert [message.id for message in rig.world.sent(rig.alice.id)] == [row.message_id]
    assert not row.is_repeat
    await check_history(rig)


@pytest.mark.parametrize("fault", ARRIVED)
async def test_a_report_whose_answer_was_lost_comes_once_more_and_says_so(
    rig: SenderRig, fault: Kind
) -> None:
    rig.world.fault(fault, method="sendMessage", times=1)
    row = await rig.until(await rig.report_to(rig.alice.id), State.SENT)
    first, second = rig.texts(rig.alice.id)
    assert first == "отчёт 1"
    assert second.startswith(MARK)
    assert second.endswith("отчёт 1")
    assert row.is_repeat
    await check_history(rig)


async def test_a_repeat_that_has_no_room_for_its_mark_follows_it(rig: SenderRig) -> None:
    long = "отчёт " + "я" * 4090
    rig.world.fault("drop_after", method="sendMessage", times=1)
    row = await rig.until(await rig.report(await rig.destination(rig.alice.id), long), State.SENT)
    first, mark, second = rig.texts(rig.alice.id)
    assert (first, second) == (long, long)
    assert mark.startswith(MARK)
    assert row.message_id == rig.world.sent(rig.alice.id)[-1].id


@pytest.mark.parametrize("fault", NEVER_CAME)
async def test_a_report_that_may_have_arrived_is_marked_even_if_it_had_not(
    rig: SenderRig, fault: Kind
) -> None:
    rig.world.fault(fault, method="sendMessage", times=1)
    await rig.until(await rig.report_to(rig.alice.id), State.SENT)
    [only] = rig.texts(rig.alice.id)
    assert only.startswith(MARK)
    await check_history(rig)


@pytest.mark.parametrize("processed", [True, False])
@pytest.mark.parametrize("fault", GATEWAYS)
async def test_a_gateway_does_not_know_what_happened_behind_it(
    rig: SenderRig, fault: Kind, processed: bool
) -> None:
    rig.world.fault(fault, method="sendMessage", times=1, processed=processed)
    await rig.until(await rig.report_to(rig.alice.id), State.SENT)
    assert len(rig.texts(rig.alice.id)) == 1 + processed
    assert rig.texts(rig.alice.id)[-1].startswith(MARK)
    await check_history(rig)


async def test_a_repeat_that_is_lost_too_is_not_repeated_but_left_to_the_owner(
    rig: SenderRig,
) -> None:
    group = rig.world.group("Клиенты", rig.alice, rig.me)
    rig.world.fault("drop_after", method="sendMessage", chat_id=group.id, times=2)
    delivery = await rig.report_to(group.id)
    await rig.until(delivery, State.HELD)
    assert len(rig.texts(group.id)) == 2
    [notice] = await rig.notices()
    assert "Неизвестно, дошёл ли отчёт «Магазин»" in notice
    await check_history(rig)


@pytest.mark.parametrize("fault", ["drop_after", "drop_before"])
async def test_where_the_owner_chose_to_be_asked_nothing_is_repeated(
    rig: SenderRig, fault: Kind
) -> None:
    group = rig.world.group("Клиенты", rig.alice, rig.me)
    rig.world.fault(fault, method="sendMessage", chat_id=group.id, times=1)
    delivery = await rig.report_to(group.id, on_lost_answer="hold")
    await rig.until(delivery, State.HELD)
    await rig.notices()
    question = rig.alice.private(rig.me).last
    assert "«Клиенты»" in question.text
    assert question.button_data[0] == f"delivery_resend:{delivery}"
    assert len(rig.texts(group.id)) == (fault == "drop_after")
    await check_history(rig)


async def test_its_owner_is_asked_once_whoever_asks(rig: SenderRig) -> None:
    group = rig.world.group("Клиенты", rig.alice, rig.me)
    rig.world.fault("drop_after", method="sendMessage", chat_id=group.id, times=1)
    delivery = await rig.report_to(group.id, on_lost_answer="hold")
    await rig.until(delivery, State.HELD)

    # The tick may come just now, or somebody else's.
    await asyncio.gather(rig.aftermath.held(), rig.aftermath.held())

    assert len(await rig.notices()) == 1
    await rig.aftermath.held()
    assert len(await rig.notices()) == 1


async def test_nothing_is_sent_where_nobody_listens_and_all_is_sent_when_somebody_does(
    rig: SenderRig,
) -> None:
    there, rig.telegram.session.api = rig.telegram.session.api, nowhere()
    delivery = await rig.report_to(rig.alice.id)
    row = await rig.until(delivery, State.RETRY)
    assert row.reason is not None
    assert "Connector" in row.reason
    rig.telegram.session.api = there
    rig.later(60)
    row = await rig.until(delivery, State.SENT)
    assert rig.texts(rig.alice.id) == ["отчёт 1"]
    assert not row.is_repeat


async def test_a_line_that_is_down_is_tried_with_one_report_at_a_time(rig: SenderRig) -> None:
    there, rig.telegram.session.api = rig.telegram.session.api, nowhere()
    people = [rig.world.user(f"Человек {number}") for number in range(100)]
    for person in people:
        person.private(rig.me).start()
        await rig.report_to(person.id)
    await rig.until((await rig.office.deliveries())[0].id, State.RETRY)
    untouched = [row for row in await rig.office.deliveries() if row.state == State.READY]
    assert len(untouched) > 50
    rig.telegram.session.api = there
    rig.later(60)
    assert {row.state for row in await rig.until_all_end()} == {State.SENT}
    await check_history(rig)


async def test_an_outage_puts_only_what_was_on_its_way_in_doubt(
    sessions: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "FEWEST", 128)  # all are in hand when it begins
    async with sender_rig(sessions, tmp_path, per_second=30) as rig:
        await rig.stop()
        for number in range(100):
            person = rig.world.user(f"Человек {number}")
            person.private(rig.me).start()
            await rig.report_to(person.id)
        rig.world.fault("http_502")
        rig.start()
        await eventually(lambda: len(rig.world.history.of("getMe")) >= 2)
        rig.world.clear_faults()
        rows = await rig.until_all_end()
        assert {row.state for row in rows} == {State.SENT}
        assert len([row for row in rows if row.is_repeat]) < 50
        await check_history(rig)


@pytest.mark.parametrize("retry_after", [1, 30, 600])
async def test_a_flood_limit_puts_the_report_back_for_as_long_as_telegram_says(
    rig: SenderRig, retry_after: int
) -> None:
    group = rig.world.group("Клиенты", rig.alice, rig.me)
    rig.world.fault(
        "flood", method="sendMessage", chat_id=group.id, times=1, retry_after=retry_after
    )
    rig.clock.scale = 0  # the time of its next try does not come here
    before, began = rig.clock.now(), asyncio.get_running_loop().time()
    delivery = await rig.report_to(group.id)
    row = await rig.until(delivery, State.RETRY)
    assert row.next_try_at is not None
    assert row.next_try_at - before >= timedelta(seconds=retry_after)
    passed = asyncio.get_running_loop().time() - began
    assert retry_after - passed <= rig.throttle.opens_in(group.id) <= retry_after
    other = await rig.report_to(rig.alice.id)
    await rig.until(other, State.SENT)
    assert len(rig.calls(group.id)) == 1


async def test_after_a_flood_limit_the_report_arrives_once(rig: SenderRig) -> None:
    rig.world.fault("flood", method="sendMessage", times=1, retry_after=1)
    row = await rig.until(await rig.report_to(rig.alice.id), State.SENT)
    assert not row.is_repeat
    await check_history(rig)


async def test_a_flood_limit_in_plain_text_is_one_all_the_same(rig: SenderRig) -> None:
    rig.world.fault("flood_text", method="sendMessage", times=1)
    began = asyncio.get_running_loop().time()
    delivery = await rig.report_to(rig.alice.id)
    await rig.until(delivery, State.RETRY)
    passed = asyncio.get_running_loop().time() - began
    assert rig.throttle.opens_in(rig.alice.id) + passed >= 5
    row = await rig.until(delivery, State.SENT)
    assert not row.is_repeat
    await check_history(rig)


async def test_a_flood_of_several_chats_stops_all_and_is_not_answered_by_knocking(
    rig: SenderRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "ALARM_SEC", PATIENCE_SEC)
    await rig.stop()
    rig.world.fault("flood", method="sendMessage", times=2, retry_after=5)
    people = [rig.world.user(f"Человек {number}") for number in range(40)]
    for person in people:
        person.private(rig.me).start()
        await rig.report_to(person.id)
    departures, flooded = rig.departures(monkeypatch), rig.throttle.flooded
    pauses: list[tuple[float, float]] = []

    def noted(chat_id: int, retry_after: float) -> None:
        flooded(chat_id, retry_after)
        now = asyncio.get_running_loop().time()
        pauses.append((now, now + rig.throttle.closed_for()))

    monkeypatch.setattr(rig.throttle, "flooded", noted)
    rig.start()
    await rig.until_all_end()
    _, (closed_at, opened_at) = pauses
    assert opened_at > closed_at
    # What was allowed by that moment still left.
    assert [at for at in departures.allowed if closed_at < at < opened_at] == []
    await check_history(rig)


async def test_a_refused_token_stops_all_and_loses_nothing(
    rig: SenderRig, caplog: pytest.LogCaptureFixture
) -> None:
    rig.world.fault("unauthorized", method="sendMessage")
    for number in range(5):
        person = rig.world.user(f"Человек {number}")
        person.private(rig.me).start()
        await rig.report_to(person.id)
    await rig.until((await rig.office.deliveries())[0].id, State.RETRY)
    # Those that were on their way meanwhile.
    await rig.sender.idle()
    calls = len(rig.calls())
    rig.later(120)
    await rig.sender.idle()
    assert len(rig.calls()) == calls <= 5
    assert caplog.text.count("token_refused") == 1
    assert {row.finished_at for row in await rig.office.deliveries()} == {None}


async def test_a_report_that_cannot_be_read_fails_and_holds_nothing_up(rig: SenderRig) -> None:
    task = await rig.destination(rig.alice.id)
    broken = await rig.report(task, payload={"words": "none"})
    whole = await rig.report(task)
    await rig.until(broken, State.FAILED)
    await rig.until(whole, State.SENT)


def nowhere() -> TelegramAPIServer:
    """An address at which nothing listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return TelegramAPIServer.from_base(f"http://127.0.0.1:{listener.getsockname()[1]}")
