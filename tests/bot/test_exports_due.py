"""Files of chats on schedule: set by who has a say, once per slot, trouble for the owner alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import URL

from sandbox.avito.chats import make_chats
from sandbox.telegram.model import Chat
from sandbox.telegram.people import ChatView
from tests.bot.conftest import check_promises
from tests.support.bot import BotRig, bot_rig
from tests.support.rows import add_destination, connected, scalar
from tests.support.schedules import task_of, utc
from tests.support.waiting import eventually

pytestmark = pytest.mark.one_database
MONDAY = utc("2026-11-23 06:00")


@pytest.fixture
async def rig(database_url: URL, tmp_path: Path) -> AsyncIterator[BotRig]:
    async with bot_rig(database_url, tmp_path, avito_messenger_calls_per_minute=1_000_000) as made:
        yield made
        await made.settled()
        check_promises(made)


async def place(rig: BotRig) -> tuple[ChatView, Chat, int, int]:
    """Alice in private, the group that her profile reports to, the profile, the destination."""
    profile_id = await connected(rig, rig.alice)
    group = rig.telegram.group("Клиенты", rig.alice, rig.bob, rig.me)
    task_id = await add_destination(
        rig, profile_id, group.id, chat_title="Клиенты", chat_type="group"
    )
    account = rig.avito.account("shop")
    account.set_chats = make_chats(account.user_id, 3, 2, until=utc("2026-11-20 12:00"))
    chat = rig.alice.private(rig.me)
    chat.send("/profiles")
    await chat.wait_for("Профили Avito")
    return chat, group, profile_id, task_id


async def set_weekly(chat: ChatView, profile_id: int, task_id: int) -> None:
    chat.press(f"export_schedule:{profile_id}", chat.last)
    await chat.wait_for("группа «Клиенты»: не приходят")
    chat.click(f"destination_chats:{task_id}")
    await chat.wait_for("Его увидят все, кто есть в этом чате")
    chat.click("Раз в неделю")
    await chat.wait_for("Присылать чаты «Магазин» в группу «Клиенты»?")
    chat.click("Да, раз в неделю")
    await chat.wait_for("Следующий файл — в понедельник 23 ноября в 09:00")


async def test_a_file_comes_once_on_its_day_with_the_week_that_is_over(rig: BotRig) -> None:
    chat, group, profile_id, task_id = await place(rig)
    await set_weekly(chat, profile_id, task_id)
    view = rig.bob.at(group)

    rig.clock.advance(MONDAY - rig.clock.now() + timedelta(seconds=1))

    file = await view.wait_for(lambda seen: seen.document is not None)
    assert "за 16.11.2026 – 22.11.2026" in file.text
    assert "Пришёл позже" not in file.text
    assert file.button_data == []
    assert (await task_of(rig, task_id)).chats_due_at == MONDAY + timedelta(days=7)
    await rig.settled()
    await rig.restart()
    rig.clock.advance(timedelta(hours=1))
    await rig.settled()
    assert sum(seen.document is not None for seen in view.messages) == 1
    assert await scalar(rig, "SELECT count(*) FROM jobs") == 0
    assert "Выгружаю" not in view.transcript()


async def test_one_that_comes_late_says_so(rig: BotRig) -> None:
    chat, group, profile_id, task_id = await place(rig)
    await set_weekly(chat, profile_id, task_id)

    rig.clock.advance(MONDAY - rig.clock.now() + timedelta(hours=3))

    file = await rig.bob.at(group).wait_for(lambda seen: seen.document is not None)
    assert file.text.startswith("⏰ Пришёл позже: должен был 23.11.2026 в 09:00\n📤 Чаты Avito\n")


async def test_that_nobody_wrote_comes_late_with_the_same_mark(rig: BotRig) -> None:
    chat, group, profile_id, task_id = await place(rig)
    rig.avito.account("shop").set_chats = []
    await set_weekly(chat, profile_id, task_id)

    rig.clock.advance(MONDAY - rig.clock.now() + timedelta(days=6))

    told = await rig.bob.at(group).wait_for("сообщений нет")
    assert told.text.splitlines() == [
        "⏰ Пришёл позже: должен был 23.11.2026 в 09:00",
        "📭 Чаты Avito",
        "Магазин",
        "За 16.11.2026 – 22.11.2026 сообщений нет.",
    ]


async def test_what_goes_wrong_is_for_the_owner_alone(rig: BotRig) -> None:
    chat, group, profile_id, task_id = await place(rig)
    await set_weekly(chat, profile_id, task_id)
    rig.avito.account("shop").has_messenger = False
    chat.mark()

    rig.clock.advance(MONDAY - rig.clock.now() + timedelta(seconds=1))

    told = await chat.wait_for("Файл с чатами «Магазин» не ушёл: группа «Клиенты»")
    assert "Максимальный" in told.text
    assert f"destination_chats:{task_id}" in told.button_data
    await rig.settled()
    assert "чат" not in rig.bob.at(group).transcript().lower().replace("отчёт", "")


async def test_that_a_chat_could_not_be_read_is_for_the_owner_alone(rig: BotRig) -> None:
    chat, group, profile_id, task_id = await place(rig)
    account = rig.avito.account("shop")
    empty, written, _ = account.chats(rig.clock.now())
    account.set_chats = [empty, written]
    empty.messages.clear()
    for message in written.messages:
        message.created -= 30 * 86_400
    chat.press(f"export_messenger:{profile_id}", chat.last)
    await chat.wait_for(lambda seen: seen.document is not None)
    await set_weekly(chat, profile_id, task_id)
    written.say(written.buyer, "Ещё актуально?", int(rig.clock.now().timestamp()))
    rig.avito.fault("status", "messenger_messages", status=404)
    chat.mark()

    rig.clock.advance(MONDAY - rig.clock.now() + timedelta(seconds=1))

    await chat.wait_for("Файл с чатами «Магазин» не ушёл: группа «Клиенты»")
    await rig.settled()
    assert "чатов" not in rig.bob.at(group).transcript().lower()


async def test_a_chat_that_does_not_take_it_is_named_to_the_owner(rig: BotRig) -> None:
    chat, group, profile_id, task_id = await place(rig)
    await set_weekly(chat, profile_id, task_id)
    rig.alice.close_group(group)
    chat.mark()

    rig.clock.advance(MONDAY - rig.clock.now() + timedelta(seconds=1))

    await chat.wait_for("Файл с чатами «Магазин» не дошёл: группа «Клиенты»")


async def test_what_is_stopped_while_telegram_lets_it_wait_does_not_come(rig: BotRig) -> None:
    chat, group, profile_id, task_id = await place(rig)
    await set_weekly(chat, profile_id, task_id)
    rig.telegram.fault("flood", "sendDocument", times=1)
    rig.clock.advance(MONDAY - rig.clock.now() + timedelta(seconds=1))
    await eventually(lambda: rig.telegram.history.of("sendDocument"))

    chat.press(f"destination_chats_off:{task_id}", chat.last)

    await chat.wait_for("Сейчас: не приходят")
    await rig.settled()
    assert [seen for seen in rig.bob.at(group).messages if seen.document is not None] == []
    assert [*rig.settings.data_dir.glob("outgoing/*")] == []


async def test_who_has_left_the_group_cannot_send_files_there(rig: BotRig) -> None:
    chat, group, _, task_id = await place(rig)
    rig.alice.leave(group, is_told=False)

    chat.press(f"destination_chats_confirm:{task_id}:week", chat.last)

    await chat.wait_for("Вас в этом чате нет")
    assert (await task_of(rig, task_id)).chats_every is None


async def test_it_moves_with_its_group(rig: BotRig) -> None:
    chat, group, profile_id, task_id = await place(rig)
    await set_weekly(chat, profile_id, task_id)
    moved = rig.alice.migrate(group)
    await rig.settled()

    rig.clock.advance(MONDAY - rig.clock.now() + timedelta(seconds=1))

    await rig.bob.at(moved).wait_for(lambda seen: seen.document is not None)
