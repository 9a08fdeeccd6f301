"""What the bot owes people is done once, whatever Telegram says to it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import URL, select
from tenacity import wait_fixed

from bot import replies
from bot.effects import Answer, Document, Effect, Erase, Screen, Show, StopJob, to_json
from bot.replies import ReplyDesk
from bot.scribe import Scribe
from core.database.models import AvitoProfile, Job, Reply
from core.database.repositories import inbox, jobs
from core.database.session import Sessions, create_sessions
from core.journal import Journal
from core.secrets import Keyring
from core.shelf import Shelf
from sandbox.clock import SandboxClock
from sandbox.telegram.faults import Kind
from tests.support.databases import opened
from tests.support.deliveries import Office
from tests.support.pictures import draw_here
from tests.support.telegram import TelegramRig, telegram_rig
from tests.support.waiting import FOREVER_SEC, eventually

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@dataclass
class Jobs:
    started: list[int] = field(default_factory=list)
    stopped: list[int] = field(default_factory=list)

    def start(self, job_id: int) -> None:
        self.started.append(job_id)

    def stop(self, job_id: int) -> None:
        self.stopped.append(job_id)


@dataclass
class DeskRig:
    telegram: TelegramRig
    sessions: Sessions
    path: Path

    def __post_init__(self) -> None:
        self.alice = self.telegram.alice
        self.chat = self.alice.private(self.telegram.me)
        self.jobs = Jobs()
        self.shelf = Shelf(self.path.parent / "outgoing")
        self.restart()

    def restart(self) -> None:
        """A new process: it knows what the journal says."""
        self.journal = Journal(self.path)
        self.journal.open()
        scribe = Scribe(self.shelf, draw_here)
        self.desk = ReplyDesk(
            self.telegram.courier, scribe, self.journal, self.sessions, self.jobs
        )

    async def owe(self, *effects: Effect) -> list[Reply]:
        async with self.sessions.begin() as session:
            pairs = [(self.alice.id, to_json(effect)) for effect in effects]
            return await inbox.owe(session, pairs, NOW)

    async def do(self, *effects: Effect) -> None:
        await self.desk.perform(await self.owe(*effects))

    async def still_owed(self) -> int:
        async with self.sessions() as session:
            return len(list(await session.scalars(select(Reply))))

    async def job(self) -> int:
        async with self.sessions.begin() as session:
            job = Job(
                kind="report",
                owner_id=self.alice.id,
                chat_id=self.alice.id,
                dedupe_key="report:1",
                payload="{}",
                created_at=NOW,
            )
            session.add(job)
            await session.flush()
            return job.id

    async def stored_job(self) -> Job | None:
        async with self.sessions() as session:
            return (await session.scalars(select(Job))).one_or_none()

    def show(self, text: str = "привет", **rest: int) -> Show:
        return Show.model_validate({"chat_id": self.alice.id, "screen": Screen(text=text), **rest})

    def file(self, caption: str = "чаты") -> Show:
        document = Document(kept_as=self.shelf.put(b"rows"), name="chats.xlsx")
        return Show(chat_id=self.alice.id, screen=Screen(text=caption, document=document))

    @property
    def on_disk(self) -> list[Path]:
        return list(self.shelf.folder.iterdir())

    @property
    def sent(self) -> list[str]:
        return [message.words for message in self.telegram.world.sent(self.alice.id)]


@pytest.fixture
async def rig(sqlite_url: URL, keyring: Keyring, tmp_path: Path) -> AsyncIterator[DeskRig]:
    async with opened(sqlite_url, keyring) as engine, telegram_rig() as telegram:
        yield DeskRig(telegram, create_sessions(engine), tmp_path / "journal.log")


async def test_a_message_is_sent_and_struck_off(rig: DeskRig) -> None:
    await rig.do(rig.show("первое"), rig.show("второе"))
    assert rig.sent == ["первое", "второе"]
    assert await rig.still_owed() == 0


async def test_a_screen_is_edited_into_its_message(rig: DeskRig) -> None:
    await rig.do(rig.show("было"))
    message = rig.chat.last
    await rig.do(rig.show("стало", edit=message.id))
    assert rig.sent == ["стало"]


async def test_an_answer_to_a_message_that_is_gone_comes_all_the_same(rig: DeskRig) -> None:
    await rig.do(rig.show("собираю"))
    first = rig.chat.last
    await rig.do(rig.show("готово", reply_to=first.id))
    assert rig.chat.last.message.reply_to is first.message
    rig.chat.delete(first)
    await rig.do(rig.show("и ещё", reply_to=first.id))
    assert rig.chat.last.text == "и ещё"


async def test_the_same_screen_again_is_fine(rig: DeskRig) -> None:
    await rig.do(rig.show("то же"))
    await rig.do(rig.show("то же", edit=rig.chat.last.id))
    assert rig.sent == ["то же"]
    assert await rig.still_owed() == 0


async def test_a_message_that_is_gone_gives_way_to_a_new_one(rig: DeskRig) -> None:
    await rig.do(rig.show("было"))
    message = rig.chat.last
    rig.chat.delete(message)
    await rig.do(rig.show("стало", edit=message.id))
    assert rig.chat.last.text == "стало"


async def test_markup_that_telegram_cannot_parse_is_sent_plain(rig: DeskRig) -> None:
    await rig.do(rig.show("*жирно и _сломано"))
    assert len(rig.sent) == 1
    assert "сломано" in rig.sent[0]


async def test_an_edit_that_telegram_cannot_parse_still_shows_the_screen(rig: DeskRig) -> None:
    await rig.do(rig.show("было"))
    await rig.do(rig.show("*жирно и _сломано", edit=rig.chat.last.id))
    assert "сломано" in rig.chat.last.text


async def test_a_group_that_moved_gets_it_at_its_new_address(rig: DeskRig) -> None:
    world = rig.telegram.world
    group = world.group("Клиенты", rig.alice, rig.telegram.me)
    moved = rig.alice.migrate(group)
    await rig.do(Show(chat_id=group.id, screen=Screen(text="отчёт")))
    assert [message.words for message in world.sent(moved.id)] == ["отчёт"]


async def test_a_topic_that_is_gone_falls_back_to_the_group(rig: DeskRig) -> None:
    world = rig.telegram.world
    forum = world.supergroup("Форум", rig.alice, rig.telegram.me, is_forum=True)
    topic = world.topic(forum, "Отчёты", rig.alice)
    rig.alice.delete_topic(forum, topic)
    await rig.do(Show(chat_id=forum.id, thread_id=topic.id, screen=Screen(text="отчёт")))
    assert [(m.words, m.thread_id) for m in world.sent(forum.id)] == [("отчёт", None)]


async def test_a_flood_limit_is_waited_out_and_no_longer(
    rig: DeskRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replies, "wait_exponential", lambda **_: wait_fixed(FOREVER_SEC))
    rig.telegram.world.fault("flood", method="sendMessage", times=1, retry_after=1)
    began = time.monotonic()
    await rig.do(rig.show())
    assert time.monotonic() - began >= 1.0
    assert rig.sent == ["привет"]
    assert len(rig.telegram.world.history.of("sendMessage")) == 2


@pytest.mark.parametrize("fault", ["drop_after", "hang_after", "http_502"])
async def test_a_send_whose_answer_is_lost_comes_once_more_and_says_so(
    rig: DeskRig, fault: Kind
) -> None:
    rig.telegram.world.fault(fault, method="sendMessage", times=1, processed=True)
    await rig.do(rig.show())
    first, second = rig.sent
    assert first == "привет"
    assert second.startswith("🔁 Повтор")
    assert second.endswith("привет")
    assert await rig.still_owed() == 0


async def test_the_second_copy_waits_until_telegram_is_there_again(rig: DeskRig) -> None:
    world = rig.telegram.world
    world.fault("http_502")
    doing = asyncio.create_task(rig.do(rig.show()))
    await world.history.signal.until(lambda: len(world.history.of("getMe")) >= 2)
    assert len(world.history.of("sendMessage")) == 1
    world.clear_faults()
    await doing
    assert len(rig.sent) == 1
    assert rig.sent[0].endswith("привет")


async def test_a_second_copy_that_has_no_room_for_its_mark_follows_it(rig: DeskRig) -> None:
    rig.telegram.world.fault("drop_after", method="sendMessage", times=1)
    await rig.do(rig.show("я" * 4096))
    first, mark, second = rig.sent
    assert first == second == "я" * 4096
    assert mark.startswith("🔁 Повтор")


async def test_an_edit_whose_answer_is_lost_is_repeated(rig: DeskRig) -> None:
    await rig.do(rig.show("было"))
    rig.telegram.world.fault("drop_before", method="editMessageText", times=1)
    await rig.do(rig.show("стало", edit=rig.chat.last.id))
    assert rig.sent == ["стало"]


async def test_what_a_killed_process_sent_is_not_sent_again(rig: DeskRig) -> None:
    owed = await rig.owe(rig.show("отправлено"), rig.show("ещё нет"))
    rig.journal.leaving(owed[0].id)
    rig.restart()
    await rig.desk.perform(owed)
    assert rig.sent == ["ещё нет"]
    assert await rig.still_owed() == 0


@pytest.mark.parametrize(("caption", "messages"), [("чаты", 1), ("я" * 1024, 2)])
async def test_a_file_that_a_killed_process_may_have_sent_comes_once_more_and_says_so(
    rig: DeskRig, caption: str, messages: int
) -> None:
    file = rig.file(caption)
    owed = await rig.owe(file)
    rig.journal.leaving(owed[0].id)
    rig.restart()
    await rig.desk.perform(owed)
    assert len(rig.sent) == messages
    assert rig.sent[0].startswith("🔁 Повтор")
    assert rig.sent[-1].endswith(caption)
    assert rig.chat.last.document is not None
    assert rig.on_disk == []


async def test_a_file_that_a_stop_cut_off_from_its_answer_comes_marked(rig: DeskRig) -> None:
    rig.telegram.world.fault("hang_before", method="sendDocument", times=1)
    owed = await rig.owe(rig.file())
    doing = asyncio.create_task(rig.desk.perform(owed))
    await eventually(lambda: rig.journal.has_left(owed[0].id))
    doing.cancel()
    await asyncio.gather(doing, return_exceptions=True)
    rig.restart()
    await rig.desk.perform(owed)
    assert [words.startswith("🔁 Повтор") for words in rig.sent] == [True]
    assert rig.on_disk == []


async def test_a_copy_that_is_put_off_is_marked_after_a_stop_too(rig: DeskRig) -> None:
    owed = await rig.owe(rig.file())
    rig.journal.leaving(owed[0].id)
    world = rig.telegram.world
    world.fault("unauthorized", method="sendDocument", times=2)
    doing = asyncio.create_task(rig.desk.perform(owed))
    await eventually(lambda: len(world.history.of("sendDocument")) == 2)
    doing.cancel()
    await asyncio.gather(doing, return_exceptions=True)
    rig.restart()
    await rig.desk.perform(owed)
    assert [words.startswith("🔁 Повтор") for words in rig.sent] == [True]


@pytest.mark.parametrize("fault", ["http_502", "drop_before"])
async def test_a_file_is_sent_until_telegram_says_that_it_has_it(
    rig: DeskRig, fault: Kind
) -> None:
    rig.telegram.world.fault(fault, method="sendDocument", times=2)
    await rig.do(rig.file())
    assert [words.startswith("🔁 Повтор") for words in rig.sent] == [True]
    assert rig.chat.last.document is not None
    assert rig.on_disk == []


@pytest.mark.parametrize("is_foreseen", [True, False])
async def test_a_file_that_does_not_come_in_the_end_is_told_of(
    rig: DeskRig, monkeypatch: pytest.MonkeyPatch, is_foreseen: bool
) -> None:
    monkeypatch.setattr(replies, "PATIENCE_SEC", 0)
    rig.telegram.world.fault("http_502", method="sendDocument")
    instead = rig.show("не дошёл") if is_foreseen else None
    await rig.do(rig.file().model_copy(update={"otherwise": instead}))
    [told] = rig.sent
    assert ("не дошёл" if is_foreseen else "Telegram не принял файл") in told
    assert await rig.still_owed() == 0
    assert rig.on_disk == []


async def test_chats_of_a_profile_that_is_deleted_meanwhile_do_not_come(rig: DeskRig) -> None:
    profile_id = await Office(rig.sessions, SandboxClock(NOW)).add_profile(rig.alice.id)
    world = rig.telegram.world
    world.fault("flood", method="sendDocument", times=1)
    chats = rig.file().model_copy(update={"profile_id": profile_id, "otherwise": rig.show("нет")})
    doing = asyncio.create_task(rig.do(chats, rig.show("дальше")))
    await world.history.signal.until(lambda: world.history.of("sendDocument"))
    async with rig.sessions.begin() as session:
        await session.delete(await session.get_one(AvitoProfile, profile_id))
    await doing
    assert rig.sent == ["дальше"]
    assert rig.on_disk == []


async def test_only_files_that_are_owed_stay_over_a_restart(rig: DeskRig) -> None:
    rig.shelf.put(b"made, but its worker was killed before it was promised")
    owed = await rig.owe(rig.show(), rig.file())
    rig.desk.keep_files_of(owed)
    assert len(rig.on_disk) == 1
    await rig.desk.perform(owed)
    assert rig.chat.last.document is not None


async def test_what_was_settled_may_be_forgotten(rig: DeskRig) -> None:
    owed = await rig.owe(rig.show())
    await rig.desk.perform(owed)
    assert not rig.journal.has_left(owed[0].id)


async def test_a_placeholder_starts_its_job_with_its_message(rig: DeskRig) -> None:
    job_id = await rig.job()
    await rig.do(rig.show("⏳", job_id=job_id))
    job = await rig.stored_job()
    assert job is not None
    assert job.message_id == rig.chat.last.id
    assert rig.jobs.started == [job_id]


async def test_a_job_whose_placeholder_is_uncertain_starts_all_the_same(rig: DeskRig) -> None:
    job_id = await rig.job()
    rig.telegram.world.fault("drop_after", method="sendMessage", times=1)
    await rig.do(rig.show("⏳", job_id=job_id))
    job = await rig.stored_job()
    assert job is not None
    assert job.message_id is None
    assert rig.jobs.started == [job_id]


@pytest.mark.parametrize("is_answered", [True, False])
async def test_a_job_finds_its_placeholder_after_a_kill_if_the_answer_named_it(
    rig: DeskRig, is_answered: bool
) -> None:
    job_id = await rig.job()
    [owed] = await rig.owe(rig.show("⏳", job_id=job_id))
    rig.journal.leaving(owed.id)
    if is_answered:
        rig.journal.delivered(owed.id, 77)
    rig.restart()

    await rig.desk.perform([owed])

    job = await rig.stored_job()
    assert job is not None
    assert job.message_id == (77 if is_answered else None)
    assert (rig.jobs.started, rig.sent) == ([job_id], [])


async def test_a_person_who_blocked_the_bot_gets_no_job(rig: DeskRig) -> None:
    job_id = await rig.job()
    owed = await rig.owe(rig.show("⏳", job_id=job_id))
    rig.alice.block(rig.telegram.me)
    await rig.desk.perform(owed)
    assert await rig.stored_job() is None
    assert rig.jobs.started == []
    assert await rig.still_owed() == 0


async def test_whoever_must_start_the_bot_first_reads_so_elsewhere(rig: DeskRig) -> None:
    job_id = await rig.job()
    group = rig.telegram.world.supergroup("Клиенты", rig.alice, rig.telegram.me)
    rig.alice.block(rig.telegram.me)
    word = Show(chat_id=group.id, screen=Screen(text="нажмите «Начать»"))

    await rig.do(rig.show("⏳ заготовка", job_id=job_id).model_copy(update={"otherwise": word}))

    assert [m.words for m in rig.telegram.world.sent(group.id)] == ["нажмите «Начать»"]
    assert rig.jobs.started == []
    assert await rig.still_owed() == 0
    async with rig.sessions.begin() as session:
        assert await jobs.all_open(session) == [], "a restart does not begin it either"
        assert [job.id for job in await jobs.take_up(session, rig.alice.id)] == [job_id]


async def test_a_lost_file_is_nothing_to_tell_a_chat_of_others(rig: DeskRig) -> None:
    group = rig.telegram.world.supergroup("Клиенты", rig.alice, rig.telegram.me)
    lost = Screen(text="чаты", document=Document(kept_as="gone", name="chats.xlsx"))

    await rig.do(Show(chat_id=group.id, screen=lost, otherwise=rig.show("не дошёл")))

    assert rig.telegram.world.sent(group.id) == []
    assert rig.sent == ["не дошёл"]


async def test_one_refusal_does_not_stop_what_comes_after_it(rig: DeskRig) -> None:
    await rig.do(Show(chat_id=123, screen=Screen(text="никому")), rig.show("дошло"))
    assert rig.sent == ["дошло"]


async def test_a_press_is_answered(rig: DeskRig) -> None:
    await rig.do(rig.show())
    press = rig.chat.press("любая", rig.chat.last)
    await rig.do(Answer(callback_query_id=press.id, text="Готово"))
    assert press.notice is not None
    assert press.notice.text == "Готово"


async def test_a_press_that_telegram_forgot_holds_nothing_up(rig: DeskRig) -> None:
    await rig.do(Answer(callback_query_id="1"), rig.show("дальше"))
    assert rig.sent == ["дальше"]


async def test_a_secret_is_erased_and_erasing_it_again_says_nothing(rig: DeskRig) -> None:
    typed = rig.chat.send("секрет")
    erase = Erase(chat_id=rig.alice.id, message_id=typed.id, otherwise=Screen(text="удалите сами"))
    await rig.do(erase)
    assert typed.is_deleted
    await rig.do(erase)
    assert rig.sent == []


async def test_a_secret_that_cannot_be_erased_is_pointed_out(rig: DeskRig) -> None:
    world = rig.telegram.world
    group = world.group("Клиенты", rig.alice, rig.telegram.me)
    typed = rig.alice.at(group).send("секрет")
    await rig.do(
        Erase(chat_id=group.id, message_id=typed.id, otherwise=Screen(text="удалите сами"))
    )
    assert [message.words for message in world.sent(group.id)] == ["удалите сами"]


async def test_stopping_a_job_is_an_effect_like_any_other(rig: DeskRig) -> None:
    await rig.do(StopJob(job_id=17))
    assert rig.jobs.stopped == [17]
    assert await rig.still_owed() == 0
