"""What Telegram refuses is mended where there is a way, and its owner hears of it once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from bot.effects import Show
from core.outbox import State
from sandbox.telegram.model import Chat
from tests.support.deliveries import NINE
from tests.support.sending import SenderRig, as_payload, check_history
from tests.support.waiting import eventually

pytestmark = pytest.mark.one_database

Refuse = Callable[[SenderRig, Chat], object]


def was_kicked(rig: SenderRig, chat: Chat) -> None:
    rig.alice.kick_bot(chat, rig.me)


def may_not_write(rig: SenderRig, chat: Chat) -> None:
    rig.alice.mute_bot(chat, rig.me)


def was_deleted(rig: SenderRig, chat: Chat) -> None:
    chat.is_deleted = True


def is_unknown(rig: SenderRig, chat: Chat) -> None:
    del rig.world.chats[chat.id]


@pytest.mark.parametrize(
    ("refuse", "trouble"),
    [
        (was_kicked, "kicked"),
        (may_not_write, "no_rights"),
        (was_deleted, "chat_gone"),
        (is_unknown, "chat_gone"),
    ],
)
async def test_a_chat_that_refuses_the_bot_is_suspended_and_its_owner_told_once(
    rig: SenderRig, refuse: Refuse, trouble: str
) -> None:
    chat = rig.world.supergroup("Клиенты", rig.alice, rig.me)
    tasks = [await rig.destination(chat.id) for _ in range(2)]
    refuse(rig, chat)
    refused = [await rig.report(task) for task in tasks]
    elsewhere = await rig.report_to(rig.alice.id)
    for delivery in refused:
        await rig.until(delivery, State.FAILED)
    await rig.until(elsewhere, State.SENT)
    assert [(await rig.office.task(task)).suspended for task in tasks] == [trouble, trouble]
    _report, notice = await rig.notices()
    assert "Отчёты больше не приходят: группа «Клиенты»" in notice
    await check_history(rig)


async def test_what_is_due_in_a_chat_that_refuses_the_bot_is_not_skipped(rig: SenderRig) -> None:
    chat = rig.world.supergroup("Клиенты", rig.alice, rig.me)
    due = await rig.destination(chat.id, next_due_at=NINE)
    was_kicked(rig, chat)

    await rig.until(await rig.report_to(chat.id), State.FAILED)

    assert [row.slot for row in await rig.office.deliveries(due)] == ["2026-11-21T09:00"]


@pytest.mark.parametrize("is_deactivated", [True, False])
async def test_a_person_who_is_gone_gets_nothing_and_hears_nothing(
    rig: SenderRig, is_deactivated: bool
) -> None:
    task = await rig.destination(rig.alice.id)
    if is_deactivated:
        rig.alice.user.is_deactivated = True
    else:
        rig.alice.block(rig.me)
    await rig.until(await rig.report(task), State.FAILED)
    trouble = "chat_gone" if is_deactivated else "blocked"
    assert (await rig.office.task(task)).suspended == trouble
    assert await rig.notices() == []


async def test_every_owner_of_a_chat_is_told_of_his_own_profiles(rig: SenderRig) -> None:
    bob = rig.world.user("Боб")
    bob.private(rig.me).start()
    chat = rig.world.supergroup("Клиенты", rig.alice, rig.me)
    delivery = await rig.report_to(chat.id)
    await rig.destination(chat.id, owner=bob)
    rig.alice.kick_bot(chat, rig.me)
    rig.later(1)
    await rig.until(delivery, State.SENT, State.FAILED)
    delivery = await rig.report_to(chat.id)
    await rig.until(delivery, State.FAILED)
    await rig.notices()
    assert len(rig.texts(bob.id)) == 1


async def test_a_group_that_became_a_supergroup_gets_each_report_once_at_its_new_address(
    rig: SenderRig,
) -> None:
    group = rig.world.group("Клиенты", rig.alice, rig.me)
    tasks = [await rig.destination(group.id, chat_type="group") for _ in range(3)]
    moved = rig.alice.migrate(group)
    # All three are written down before the first is sent.
    in_a_minute = rig.clock.now() + timedelta(minutes=1)
    deliveries = [await rig.report(task, next_try_at=in_a_minute) for task in tasks]
    rig.later(seconds=61)
    for delivery in deliveries:
        await rig.until(delivery, State.SENT)
    assert rig.texts(moved.id) == ["отчёт 1", "отчёт 2", "отчёт 3"]
    # The first one learned it for all.
    assert len(rig.calls(group.id)) == 1
    assert {(await rig.office.task(task)).chat_id for task in tasks} == {moved.id}
    await check_history(rig)


async def test_a_supergroup_bound_anew_gets_no_report_that_its_group_is_still_owed(
    rig: SenderRig,
) -> None:
    group = rig.world.group("Клиенты", rig.alice, rig.me)
    old = await rig.destination(group.id, chat_type="group")
    moved = rig.alice.migrate(group)
    profile_id = (await rig.office.task(old)).profile_id
    new = await rig.office.add_task(moved.id, profile_id=profile_id, next_due_at=None)
    await rig.until(await rig.report(new, slot="2026-11-21T09:00"), State.SENT)
    await rig.report(old, slot="2026-11-21T09:00")
    await rig.until(await rig.report(old), State.SENT)
    assert rig.texts(moved.id) == ["отчёт 1", "отчёт 3"]


async def test_a_report_written_down_while_its_group_moved_follows_it(rig: SenderRig) -> None:
    group = rig.world.group("Клиенты", rig.alice, rig.me)
    moved = rig.alice.migrate(group)
    task = await rig.destination(moved.id)
    row = await rig.until(await rig.report(task, chat_id=group.id), State.SENT)
    assert row.chat_id == moved.id
    assert rig.texts(moved.id) == ["отчёт 1"]


@pytest.mark.parametrize("is_deleted", [True, False])
async def test_a_topic_that_is_gone_falls_back_to_the_chat_and_its_owner_hears_of_it_once(
    rig: SenderRig, is_deleted: bool
) -> None:
    forum = rig.world.supergroup("Клиенты", rig.alice, rig.me, is_forum=True)
    topic = rig.world.topic(forum, "Отчёты", rig.alice)
    (rig.alice.delete_topic if is_deleted else rig.alice.close_topic)(forum, topic)
    task = await rig.destination(forum.id, thread_id=topic.id)
    await rig.until(await rig.report(task), State.SENT)
    await rig.until(await rig.report(task), State.SENT)
    assert [m.thread_id for m in rig.world.sent(forum.id)] == [None, None]
    [notice] = await rig.notices()
    assert "пришёл мимо темы" in notice
    assert (await rig.office.task(task)).problem == "topic_gone"
    await check_history(rig)


async def test_a_topic_that_is_open_again_gets_its_reports_again(rig: SenderRig) -> None:
    forum = rig.world.supergroup("Клиенты", rig.alice, rig.me, is_forum=True)
    topic = rig.world.topic(forum, "Отчёты", rig.alice)
    rig.alice.close_topic(forum, topic)
    task = await rig.destination(forum.id, thread_id=topic.id)
    await rig.until(await rig.report(task), State.SENT)
    rig.alice.reopen_topic(forum, topic)
    await rig.until(await rig.report(task), State.SENT)
    assert [m.thread_id for m in rig.world.sent(forum.id)] == [None, topic.id]
    assert (await rig.office.task(task)).problem is None


async def test_markup_that_telegram_cannot_parse_is_sent_plain(rig: SenderRig) -> None:
    task = await rig.destination(rig.alice.id)
    delivery = await rig.report(task, payload=as_payload("*жирно и _сломано"))
    await rig.until(delivery, State.SENT)
    [text] = rig.texts(rig.alice.id)
    assert "сломано" in text


async def test_a_report_refused_for_itself_fails_alone_and_its_owner_is_told(
    rig: SenderRig,
) -> None:
    chat = rig.world.supergroup("Клиенты", rig.alice, rig.me)
    task = await rig.destination(chat.id)
    too_long = await rig.report(task, "я" * 5000)
    good = await rig.report(task, "отчёт короткий")
    row = await rig.until(too_long, State.FAILED)
    assert row.reason == "400 Bad Request: message is too long"
    await rig.until(good, State.SENT)
    assert (await rig.office.task(task)).suspended is None
    [notice] = await rig.notices()
    assert "не отправлен" in notice
    [heard] = rig.incidents.overdue()
    assert "Telegram не принял отчёт" in heard.screen.text
    await check_history(rig)


async def test_a_long_report_whose_beginning_is_refused_does_not_come_as_a_tail(
    rig: SenderRig,
) -> None:
    task = await rig.destination(rig.alice.id)
    columns = {"slot": "2026-11-21T09:00", "due_at": NINE}
    await rig.stop()
    too_long = await rig.report(task, "я" * 5000, **columns)
    tail = await rig.report(task, "отчёт, конец", part=1, **columns)
    good = await rig.report(task, "отчёт короткий")
    rig.start()
    await rig.until(too_long, State.FAILED)
    await rig.until(tail, State.FAILED)
    await rig.until(good, State.SENT)
    [_report, notice] = await rig.notices()
    assert "не отправлен" in notice
    await check_history(rig)


async def test_the_same_chat_refusing_again_is_nothing_new(rig: SenderRig) -> None:
    chat = rig.world.supergroup("Клиенты", rig.alice, rig.me)
    task = await rig.destination(chat.id)
    rig.alice.kick_bot(chat, rig.me)
    for _ in range(2):
        await rig.until(await rig.report(task), State.FAILED)
    assert len(await rig.notices()) == 1


async def test_a_defect_of_ours_is_the_operators_business(
    rig: SenderRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(rig.telegram.courier, "carry", fail)
    await rig.report(await rig.destination(rig.alice.id))

    heard: list[Show] = []

    def is_heard() -> bool:
        heard.extend(rig.incidents.overdue())
        return bool(heard)

    await eventually(is_heard)
    assert "ZeroDivisionError" in heard[0].screen.text
