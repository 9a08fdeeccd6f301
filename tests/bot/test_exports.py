"""Chats as files, by button: complete, to their owner alone, once, stoppable, over a restart."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from openpyxl import load_workbook
from sqlalchemy import URL

from bot import jobs, throttle
from bot.bookbinder import Bookbinder, NotBound, OutOfMemory
from core.messenger.collector import AT_A_TIME
from sandbox.avito.chats import make_chats
from sandbox.telegram import server
from sandbox.telegram.errors import bad_request
from sandbox.telegram.people import ChatView
from sandbox.telegram.seen import Seen
from tests.bot.conftest import check_promises
from tests.support.bot import BotRig, bot_rig
from tests.support.chats import binders
from tests.support.rows import connected, scalar
from tests.support.waiting import eventually

pytestmark = pytest.mark.one_database
TOGETHER = "Чаты «Магазин» выгружены"


@pytest.fixture
async def rig(
    database_url: URL,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> AsyncIterator[BotRig]:
    """Avito's patience is not what these stories are about."""
    monkeypatch.setattr(throttle, "PEOPLE_BURST", 10_000)
    settings = {"avito_messenger_calls_per_minute": 1_000_000, **getattr(request, "param", {})}
    async with bot_rig(database_url, tmp_path, **settings) as made:
        yield made
        if made.app is not None:
            await made.settled()
            check_promises(made)


async def card(rig: BotRig, chats: int = 3, messages: int = 2) -> tuple[ChatView, int]:
    """Alice at the list of her profiles; her account has so many chats."""
    profile_id = await connected(rig, rig.alice)
    write(rig, chats, messages)
    chat = rig.alice.private(rig.me)
    chat.send("/profiles")
    await chat.wait_for("Профили Avito")
    return chat, profile_id


def write(rig: BotRig, chats: int, messages: int, *, first: int = 1) -> None:
    account = rig.avito.account("shop")
    about = account.abouts()
    account.set_chats = make_chats(
        account.user_id, chats, messages, until=rig.clock.now(), listings=about, first=first
    )


async def file_in(chat: ChatView) -> Seen:
    return await chat.wait_for(lambda seen: seen.document is not None)


def content(rig: BotRig, seen: Seen) -> bytes:
    assert seen.document is not None
    stored = rig.telegram.files.by_id(seen.document["file_id"])
    assert stored is not None
    return stored.data


def texts(data: bytes) -> set[tuple[int, int]]:
    """The numbers of all `Сообщение … чата …` in a workbook."""
    with ZipFile(BytesIO(data)) as book:
        sheets = "".join(book.read(name).decode() for name in book.namelist())
    return {(int(n), int(chat)) for n, chat in re.findall(r"Сообщение (\d+) чата (\d+)<", sheets)}


def left_on_disk(rig: BotRig) -> list[Path]:
    data = rig.settings.data_dir
    return [*data.glob("outgoing/*")]


async def test_all_chats_with_all_their_messages_come_as_a_workbook(rig: BotRig) -> None:
    chat, profile_id = await card(rig, 250, 250)

    chat.press(f"export_messenger:{profile_id}", chat.last)

    file = await file_in(chat)
    assert "250 чатов, 62 500 сообщений" in file.text
    assert "за всё время" in file.text
    assert file.document is not None
    assert file.document["file_name"].endswith(".xlsx")
    wanted = {(n, chat) for n in range(1, 251) for chat in range(1, 251)}
    assert texts(content(rig, file)) == wanted
    await rig.settled()
    assert file.message.reply_to is not None
    assert TOGETHER in file.message.reply_to.words
    assert left_on_disk(rig) == []
    assert calls(rig, "messenger_read") == 0


async def test_it_opens_and_the_next_one_reads_only_what_is_new(rig: BotRig) -> None:
    chat, profile_id = await card(rig, 5, 3)
    chat.press(f"export_messenger:{profile_id}", chat.last)
    book = load_workbook(BytesIO(content(rig, await file_in(chat))))
    assert book.sheetnames[:2] == ["Сводка", "Чаты"]
    account = rig.avito.account("shop")
    [newest, *_] = account.chats(rig.clock.now())
    rig.clock.advance(timedelta(hours=1))
    newest.say(newest.buyer, "Сообщение 4 чата 1", int(rig.clock.now().timestamp()))
    asked = calls(rig, "messenger_messages")

    chat.press(f"export_messenger:{profile_id}", chat.last)

    file = await file_in(chat)
    assert "5 чатов, 16 сообщений" in file.text
    assert calls(rig, "messenger_messages") - asked == 1


def calls(rig: BotRig, endpoint: str) -> int:
    return len(rig.avito.calls(endpoint))


async def test_a_second_press_says_so_and_the_first_can_be_stopped(rig: BotRig) -> None:
    chat, profile_id = await card(rig)
    rig.avito.fault("hang", "messenger_messages")
    chat.press(f"export_messenger:{profile_id}", chat.last)
    shown = await chat.wait_for("Выгружаю чаты «Магазин»")

    notice = await chat.wait_for_notice(chat.press(f"export_messenger:{profile_id}", shown))

    assert "уже выгружаются" in notice.text
    chat.click("⏹ Остановить", shown)
    stopped = await chat.wait_for("Остановлено: выгрузка чатов")
    assert stopped.button_data == [f"export_messenger:{profile_id}", f"profile_view:{profile_id}"]
    await rig.settled()
    assert await scalar(rig, "SELECT count(*) FROM jobs") == 0
    assert left_on_disk(rig) == []


async def test_what_is_stopped_when_its_file_is_made_leaves_none(rig: BotRig) -> None:
    chat, profile_id = await card(rig)
    rig.avito.fault("hold", "messenger_messages")
    chat.press(f"export_messenger:{profile_id}", chat.last)
    await eventually(lambda: calls(rig, "messenger_messages"))
    async with AsyncExitStack() as busy:
        # The export has to wait for others before it can end.
        for _ in range(jobs.WIDTH):
            await busy.enter_async_context(rig.running.office.slots)
        rig.avito.clear_faults()
        await eventually(lambda: left_on_disk(rig) and not binders(os.getpid()))

        chat.click("⏹ Остановить", await chat.wait_for("Выгружаю чаты «Магазин»"))

        await chat.wait_for("Остановлено: выгрузка чатов")
        await eventually(lambda: left_on_disk(rig) == [])


async def test_after_a_restart_it_goes_on_with_what_was_read(rig: BotRig) -> None:
    chat, profile_id = await card(rig, 60, 2)
    rig.avito.fault("latency", "messenger_messages", seconds=0, times=30)
    rig.avito.fault("hang", "messenger_messages")
    chat.press(f"export_messenger:{profile_id}", chat.last)
    await eventually(lambda: calls(rig, "messenger_messages") == 30 + AT_A_TIME)
    await rig.stop()
    rig.avito.clear_faults()
    nobodys = rig.settings.data_dir / "outgoing" / "nobodys.xlsx"
    nobodys.parent.mkdir(exist_ok=True)
    nobodys.write_text("its worker was killed before it was promised")
    before = calls(rig, "messenger_messages")

    await rig.start()

    assert "60 чатов, 120 сообщений" in (await file_in(chat)).text
    assert calls(rig, "messenger_messages") - before < 60 - 10
    await rig.settled()
    assert sum(seen.document is not None for seen in chat.messages) == 1
    assert "Выгружаю" not in chat.transcript(), "the placeholder is the same message"
    assert left_on_disk(rig) == []


async def test_what_brings_the_worker_down_again_and_again_is_given_up(
    rig: BotRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "MOST_RESTARTS", 1)
    chat, profile_id = await card(rig)
    rig.avito.fault("hang", "messenger_messages")
    chat.press(f"export_messenger:{profile_id}", chat.last)
    for restarts in range(2):
        # Of each chat, so that none comes later.
        await eventually(lambda: calls(rig, "messenger_messages") == 3)
        rig.avito.history.clear()
        assert "не получилось" not in chat.transcript(), f"after {restarts} of them"
        await rig.restart()

    failed = await chat.wait_for("выгрузить не получилось")
    assert "раз за разом перезапускался" in failed.text
    await rig.settled()
    assert await scalar(rig, "SELECT count(*) FROM jobs") == 0


async def test_from_a_group_it_comes_in_private(rig: BotRig) -> None:
    chat, profile_id = await card(rig)
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me)
    own = rig.alice.at(group)
    own.send("/help@avito_test_bot")
    hint = await own.wait_for("личном чате")

    notice = await own.wait_for_notice(own.press(f"export_messenger:{profile_id}", hint))

    assert "в личный чат" in notice.text
    assert (await file_in(chat)).document is not None
    assert "чаты" not in rig.bob.at(group).transcript().lower()


async def test_whoever_has_to_start_the_bot_first_reads_so_and_loses_nothing(rig: BotRig) -> None:
    chat, profile_id = await card(rig)
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me)
    own = rig.alice.at(group)
    own.send("/help@avito_test_bot")
    hint = await own.wait_for("личном чате")
    rig.alice.block(rig.me)
    own.press(f"export_messenger:{profile_id}", hint)
    word = await own.wait_for("нажмите «Начать»")
    assert "Магазин" not in word.text
    await rig.restart()

    chat.start()

    assert "3 чата, 6 сообщений" in (await file_in(chat)).text


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"status": 402}, "нужна подписка «Максимальный», для услуг"),
        ({"status": 403}, "проверьте права ключей"),
    ],
)
async def test_what_avito_refuses_is_told_with_what_helps(
    rig: BotRig, fault: dict[str, int], said: str
) -> None:
    chat, profile_id = await card(rig)
    rig.avito.fault("status", "messenger_chats", **fault)

    chat.press(f"export_messenger:{profile_id}", chat.last)

    failed = await chat.wait_for("выгрузить не получилось")
    assert said in failed.text.replace("\N{NO-BREAK SPACE}", " ")
    assert "отчёты работают" in failed.text
    rig.avito.clear_faults()
    chat.click("🔄 Проверить ещё раз", failed)
    assert (await file_in(chat)).document is not None


async def test_wrong_keys_lead_to_the_mend(rig: BotRig) -> None:
    chat, profile_id = await card(rig)
    rig.avito.account("shop").keys_work = False

    chat.press(f"export_messenger:{profile_id}", chat.last)

    failed = await chat.wait_for("выгрузить не получилось")
    assert f"profile_keys:{profile_id}" in failed.button_data


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OutOfMemory("of the process"), "слишком большим для памяти"),
        (OSError(28, "No space left on device"), "не хватило места"),
        (NotBound("Traceback: secret words of a buyer"), "сбой на нашей стороне"),
    ],
)
async def test_what_the_server_lacks_is_a_sentence(
    rig: BotRig, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    async def bind(*_: object) -> None:
        raise error

    monkeypatch.setattr(Bookbinder, "bind", bind)
    chat, profile_id = await card(rig)

    chat.press(f"export_messenger:{profile_id}", chat.last)

    failed = await chat.wait_for(said)
    assert "Traceback" not in failed.text
    await rig.operator.private(rig.me).wait_for("подробности в журнале")


async def test_chats_of_which_none_can_be_read_are_not_told_as_none(rig: BotRig) -> None:
    chat, profile_id = await card(rig)
    rig.avito.fault("malformed_json", "messenger_messages")

    chat.press(f"export_messenger:{profile_id}", chat.last)

    failed = await chat.wait_for("выгрузить не получилось")
    assert "не так, как обещает" in failed.text


async def test_a_long_429_is_waited_out_and_says_until_when(rig: BotRig) -> None:
    chat, profile_id = await card(rig)
    rig.avito.fault("status", "messenger_chats", status=429, retry_after=2400)

    chat.press(f"export_messenger:{profile_id}", chat.last)

    await chat.wait_for("Продолжу сам сегодня в 09:40")
    rig.avito.clear_faults()
    rig.clock.advance(timedelta(minutes=41))
    assert (await file_in(chat)).document is not None


async def test_where_nothing_is_found_there_is_a_sentence(rig: BotRig) -> None:
    chat, profile_id = await card(rig, 0, 0)

    chat.press(f"export_messenger:{profile_id}", chat.last)

    empty = await chat.wait_for("Чатов нет")
    assert empty.document is None
    assert f"export_pick:{profile_id}:all:::all:xlsx" in empty.button_data
    await rig.settled()
    assert left_on_disk(rig) == []


@pytest.mark.parametrize("rig", [{"export_file_mb": 0.05}], indirect=True)
async def test_what_telegram_would_not_take_comes_in_parts(rig: BotRig) -> None:
    chat, profile_id = await card(rig, 30, 100)

    chat.press(f"export_messenger:{profile_id}", chat.last)

    await chat.wait_for(lambda seen: seen.document and "Часть 2 из" in seen.text)
    await rig.settled()
    files = [seen for seen in chat.messages if seen.document is not None]
    parts = [re.findall(r"Часть (\d+) из (\d+)", seen.text)[0] for seen in files]
    assert parts == [(str(n), str(len(files))) for n in range(1, len(files) + 1)]
    data = [content(rig, seen) for seen in files]
    assert all(len(each) <= 0.05 * 2**20 for each in data)
    assert set.union(*map(texts, data)) == {(n, c) for n in range(1, 101) for c in range(1, 31)}
    assert left_on_disk(rig) == []


async def test_a_file_that_telegram_refuses_can_be_asked_for_again(
    rig: BotRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_call: object) -> None:
        raise bad_request("file is too big")

    chat, profile_id = await card(rig)
    monkeypatch.setitem(server.METHODS, "sendDocument", refuse)
    chat.press(f"export_messenger:{profile_id}", chat.last)

    told = await chat.wait_for("❌ Файл с чатами «Магазин» не дошёл")

    monkeypatch.undo()
    chat.click("🔄 Повторить", told)
    assert "3 чата, 6 сообщений" in (await file_in(chat)).text


async def test_days_and_form_are_chosen_and_ticked(rig: BotRig) -> None:
    chat, profile_id = await card(rig, 4, 1)
    account = rig.avito.account("shop")
    for number, one in enumerate(account.chats(rig.clock.now())):
        one.messages[0].created -= 86_400 * 3 * number
    chat.press(f"export_choose:{profile_id}", chat.last)
    await chat.wait_for("что выгрузить?")
    chat.click("CSV (zip)")
    await chat.wait_for("все чаты, CSV")
    chat.click("✏️ Свои даты")
    await chat.wait_for("пришлите одну дату или две")
    chat.send("завтра или послезавтра")
    await chat.wait_for("Не понял, какие это дни")

    chat.send("17.11-30.11")

    await chat.wait_for("Беру 17.11.2026 – 21.11.2026: остальных дней ещё не было.")
    chosen = await chat.wait_for("Сейчас выбрано: за 17.11.2026 – 21.11.2026, все чаты, CSV")
    ticked = [text for row in chosen.button_texts for text in row if text.startswith("✅")]
    assert ticked == ["✅ ✏️ 17.11.2026 – 21.11.2026", "✅ Все", "✅ CSV (zip)"]
    run = next(data for data in chosen.button_data if data.startswith("export_run:"))
    chat.click("✅ ✏️ 17.11.2026 – 21.11.2026", chosen)
    chat.press(run, await chat.wait_for("пришлите одну дату или две"))
    file = await file_in(chat)
    assert "2 чата, 2 сообщения" in file.text
    with ZipFile(BytesIO(content(rig, file))) as found:
        assert all(name.endswith(".csv") for name in found.namelist())
    await rig.settled()
    assert await scalar(rig, "SELECT count(*) FROM dialogues WHERE state IS NOT NULL") == 0


async def test_what_is_kept_is_for_the_owner_to_say(rig: BotRig) -> None:
    chat, profile_id = await card(rig, 4, 1)
    account = rig.avito.account("shop")
    for number, one in enumerate(account.chats(rig.clock.now())):
        one.messages[0].created -= 86_400 * 20 * number
    chat.press(f"export_messenger:{profile_id}", chat.last)
    await file_in(chat)
    await rig.settled()
    assert await scalar(rig, "SELECT count(*) FROM chats") == 4
    chat.press(f"export_keep:{profile_id}", chat.last)
    asked = await chat.wait_for("Сколько хранить переписку")

    chat.click("30 дней", asked)
    await chat.wait_for("Удалить лишнюю переписку «Магазин»?")
    assert await scalar(rig, "SELECT count(*) FROM chats") == 4, "not before he says so"
    chat.click("Оставить как есть")
    await chat.wait_for("Сейчас: 90 дней")
    for label, is_asked, kept in (
        ("30 дней", True, 2),
        ("365 дней", False, 2),
        ("90 дней", False, 2),
        ("Не хранить", True, 0),
    ):
        chat.click(label, asked)
        if is_asked:
            await chat.wait_for("Удалить лишнюю переписку")
            chat.click("🗑 Да, удалить", asked)
        await eventually(lambda label=label: f"✅ {label}" in str(asked.button_texts))  # type: ignore[misc]
        assert await scalar(rig, "SELECT count(*) FROM chats") == kept

    chat.press(f"export_messenger:{profile_id}", chat.last)
    await file_in(chat)
    await rig.settled()
    assert await scalar(rig, "SELECT count(*) FROM chats") == 0, "not even for the next time"

    write(rig, 40, 1)
    before = calls(rig, "messenger_messages")
    rig.avito.fault("latency", "messenger_messages", seconds=0, times=20)
    rig.avito.fault("hang", "messenger_messages")
    chat.press(f"export_messenger:{profile_id}", chat.last)
    shown = await chat.wait_for("Выгружаю чаты")
    await eventually(lambda: calls(rig, "messenger_messages") - before == 20 + AT_A_TIME)
    assert await scalar(rig, "SELECT count(*) FROM chats") == 20
    chat.click("⏹ Остановить", shown)
    await chat.wait_for("Остановлено: выгрузка чатов")
    await rig.settled()
    assert await scalar(rig, "SELECT count(*) FROM chats") == 0, "not even of one that is stopped"


async def test_what_is_kept_is_what_is_wanted_when_it_is_its_turn(rig: BotRig) -> None:
    chat, profile_id = await card(rig, 2, 1)
    rig.avito.account("shop").chats(rig.clock.now())[1].messages[0].created -= 86_400 * 100
    chat.press(f"export_messenger:{profile_id}", chat.last)
    await file_in(chat)
    chat.press(f"export_keep:{profile_id}", chat.last)
    asked = await chat.wait_for("Сколько хранить переписку")

    before = calls(rig, "messenger_chats")
    rig.avito.fault("hang", "messenger_chats")
    chat.press(f"export_messenger:{profile_id}", chat.last)
    shown = await chat.wait_for("Выгружаю чаты")
    await eventually(lambda: calls(rig, "messenger_chats") > before)

    chat.click("30 дней", asked)
    await chat.wait_for("Удалить лишнюю переписку")
    chat.click("🗑 Да, удалить", asked)
    await chat.wait_for("Удаляю сообщения")
    chat.send("/profiles")
    other = await chat.wait_for("Профили Avito")
    for deed, kept, said in (
        ("confirm", "0", "только до конца"),
        ("set", "always", "пока профиль подключён"),
    ):
        chat.press(f"export_keep_{deed}:{profile_id}:{kept}", other)
        await chat.wait_for(f"Сейчас: {said}")
    chat.click("⏹ Остановить", shown)

    await rig.settled()
    assert await scalar(rig, "SELECT count(*) FROM chats") == 2
    assert await scalar(rig, "SELECT count(*) FROM avito_profiles WHERE chats_kept_days IS NULL")
