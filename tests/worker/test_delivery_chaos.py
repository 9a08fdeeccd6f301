"""Scheduled reports of the real worker: killed, stopped, its database gone at the worst moment.

The long form, with kills at random, is `python -m benchmarks chaos`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import URL, text

from benchmarks.deliveries import MARK, is_copy
from core.database.health import outlasting
from core.database.models import Delivery, ReportTask
from core.database.session import create_sessions
from core.outbox import State
from core.secrets import parse_keys
from sandbox.clock import SandboxClock
from sandbox.telegram.events import PATIENCE_SEC
from sandbox.telegram.faults import Kind
from sandbox.telegram.history import CallRecord
from sandbox.telegram.people import ChatView, Person
from tests.support.databases import TEST_KEYS, opened, postgres_database, upgrade
from tests.support.deliveries import Office
from tests.support.places import open_places
from tests.support.postgres import PostgresServer
from tests.worker import launch
from tests.worker.launch import Launch
from tests.worker.process import LONGEST_PAUSE, Stand, stand

MOSCOW = ZoneInfo("Europe/Moscow")
NOON = datetime(2026, 11, 20, 9, tzinfo=UTC)
"""In Moscow: far from the 09:00 of a new schedule, which then is tomorrow's."""
HURRY = 4.0
READERS = 40


class Post:
    """A stand with destinations, and what comes of their reports."""

    def __init__(self, stand: Stand, office: Office) -> None:
        self.stand = stand
        self.office = office
        self.clock = office.clock

    def reader(self, name: str = "Читатель") -> Person:
        """Somebody whom the bot has greeted long ago."""
        person = self.stand.telegram.user(name)
        person.private(self.stand.me).start()
        self.stand.me.updates.drop_pending()
        return person

    async def due(self, chat_id: int, ago: timedelta = timedelta(), lost: str = "resend") -> int:
        """A destination of a profile of its own whose report is due; nobody has noticed yet."""
        account = self.stand.avito.account("shop")
        at = self.clock.now().replace(second=0, microsecond=0) - ago
        owner = self.reader("Владелец")
        profile = await self.office.add_profile(
            owner.id,
            profile_name=f"Магазин {owner.id}",
            client_id=account.client_id,
            client_secret=account.client_secret,
            user_id=account.user_id,
            report_time=at.time(),
            report_timezone="UTC",
        )
        return await self.office.add_task(
            chat_id, profile_id=profile, next_due_at=at, on_lost_answer=lost
        )

    async def start(self) -> None:
        await self.stand.worker.start()
        await self.stand.up()

    async def kill_and_start(self) -> None:
        await self.stand.worker.kill()
        self.stand.telegram.clear_faults()
        self.stand.avito.clear_faults()
        await self.start()

    async def until(self, is_so: Callable[[list[Delivery]], bool]) -> list[Delivery]:
        async with asyncio.timeout(PATIENCE_SEC):
            while not is_so(rows := await outlasting(self.office.deliveries)):
                await asyncio.sleep(0.01)
        return rows

    async def finished(self, count: int) -> list[Delivery]:
        """All deliveries, once there are so many and none is open."""
        # Nobody wants to wait for Avito's minutes.
        self.clock.scale = HURRY
        rows = await self.until(
            lambda rows: len(rows) >= count and all(row.finished_at for row in rows)
        )
        self.clock.scale = 1
        return rows

    def copies(self, row: Delivery) -> list[CallRecord]:
        calls = self.stand.telegram.history.sent(row.chat_id)
        return [call for call in calls if call.accepted_real and is_copy(call, row)]

    def check_all_came(self, rows: list[Delivery], count: int) -> None:
        """Each once; twice only with a mark, where the answer to the first was lost."""
        assert len(rows) == count
        for row in rows:
            assert row.state == State.SENT
            first, *again = self.copies(row)
            assert not first.words.startswith(MARK) or row.is_repeat
            assert len(again) <= row.is_repeat
            assert all(call.words.startswith(MARK) for call in again)


@asynccontextmanager
async def post_office(
    url: URL, folder: Path, launch: Launch = launch.loaded, **env: str
) -> AsyncIterator[Post]:
    clock = SandboxClock(NOON)
    async with (
        opened(url, parse_keys(TEST_KEYS)) as engine,
        stand(url, folder, clock=clock, launch=launch, **env) as made,
    ):
        yield Post(made, Office(create_sessions(engine), clock))


@pytest.fixture
async def post(database_url: URL, tmp_path: Path) -> AsyncIterator[Post]:
    async with post_office(database_url, tmp_path) as made:
        yield made


@pytest.mark.one_database
async def test_a_kill_while_it_is_built_costs_nothing(post: Post) -> None:
    await post.due(post.reader().id)
    post.stand.avito.fault("hold")
    await post.start()
    await post.until(lambda rows: [row.state for row in rows] == [State.BUILDING])
    await post.kill_and_start()
    [row] = await post.finished(1)
    assert len(post.copies(row)) == 1
    assert (row.state, row.is_repeat) == (State.SENT, False)


@pytest.mark.one_database
async def test_a_kill_between_the_claim_and_the_sending_costs_nothing(post: Post) -> None:
    reader = post.reader()
    for minutes in range(4):
        # A chat gets one message a second: the next one is claimed and waits for its turn.
        await post.due(reader.id, timedelta(minutes=minutes))
    await post.start()
    await post.until(lambda rows: {State.SENT, State.CLAIMED} <= {row.state for row in rows})
    await post.kill_and_start()
    rows = await post.finished(4)
    post.check_all_came(rows, 4)
    assert [len(post.copies(row)) for row in rows] == [1] * 4
    at = [post.copies(row)[0].accepted_real or 0 for row in rows]
    assert at == sorted(at), "in the order of their slots"


@pytest.mark.one_database
@pytest.mark.parametrize("fault", ["hang_before", "hang_after"])
@pytest.mark.parametrize("lost", ["resend", "hold"])
async def test_a_kill_after_the_report_may_have_left_is_told(
    post: Post, fault: Kind, lost: str
) -> None:
    reader = post.reader()
    await post.due(reader.id, lost=lost)
    post.stand.telegram.fault(fault, method="send*", chat_id=reader.id)
    await post.start()
    history = post.stand.telegram.history
    await history.signal.until(lambda: history.sent(reader.id) != [])
    await post.kill_and_start()
    [row] = await post.finished(1)
    arrived = [call.words.startswith(MARK) for call in post.copies(row)]
    first = [False] if fault == "hang_after" else []
    if lost == "hold":
        assert (row.state, arrived) == (State.HELD, first)
    else:
        assert (row.state, arrived) == (State.SENT, [*first, True])


async def test_a_stop_under_load_leaves_nothing_in_doubt(
    database_url: URL, tmp_path: Path
) -> None:
    async with post_office(database_url, tmp_path, launch.unhurried) as post:
        for _ in range(READERS):
            await post.due(post.reader().id)
        post.stand.telegram.fault("latency_after", method="send*", seconds=0.3)
        await post.start()
        await post.until(lambda rows: sum(row.state == State.SENT for row in rows) >= 5)
        assert await post.stand.worker.stop() == 0
        states = Counter(row.state for row in await post.office.deliveries())
        assert set(states) <= {State.DUE, State.READY, State.RETRY, State.SENT}
        assert states[State.SENT] < READERS, "what is not in hand is not waited for"
        await post.start()
        rows = await post.finished(READERS)
        post.check_all_came(rows, READERS)
        assert not any(row.is_repeat for row in rows)


@pytest.mark.parametrize("end", [PostgresServer.stop, PostgresServer.crash])
async def test_the_database_ends_in_the_middle_and_every_report_comes_once(
    server: PostgresServer, tmp_path: Path, end: Callable[[PostgresServer], None]
) -> None:
    async with AsyncExitStack() as stack:
        url: URL = stack.enter_context(postgres_database(server.url))
        upgrade(url)
        async with opened(url) as engine, engine.begin() as connection:
            # What was committed has to be there after a crash; the tests' server is hastier.
            setting = f"ALTER DATABASE {url.database} SET synchronous_commit = on"
            await connection.execute(text(setting))
        post = await stack.enter_async_context(
            post_office(url, tmp_path, WORKER_RETRY_BACKOFF_MAX_SEC=LONGEST_PAUSE)
        )
        for _ in range(READERS):
            await post.due(post.reader().id)
        await post.start()
        await post.until(lambda rows: sum(row.state == State.SENT for row in rows) >= 5)
        await asyncio.to_thread(end, server)
        await asyncio.sleep(1)
        await asyncio.to_thread(server.start)
        rows = await post.finished(READERS)
        post.check_all_came(rows, READERS)
        assert not any(row.is_repeat for row in rows), post.stand.worker.log
        assert post.stand.worker.process.returncode is None
        assert "Traceback" not in post.stand.worker.log


@pytest.mark.one_database
async def test_a_schedule_set_for_the_next_minute_comes_in_time_around_a_kill(post: Post) -> None:
    await post.start()
    chat = post.stand.telegram.user("Алиса").private(post.stand.me)
    profile_id = await connected(post, chat)
    await open_places(chat, profile_id)
    chat.click(f"report_chat_here:{profile_id}")
    await chat.wait_for("будут приходить в этот чат")
    due = _begin_of_minute(post.clock)
    chat.press(f"report_set_time:{profile_id}", chat.last)
    await chat.wait_for("Во сколько")
    chat.send(f"{due.astimezone(MOSCOW):%H:%M}")
    await chat.wait_for("уже действует")

    post.clock.advance(due - post.clock.now() - timedelta(seconds=1))
    await post.kill_and_start()

    [row] = await post.finished(1)
    [copy] = post.copies(row)
    accepted = datetime.fromisoformat(copy.accepted_at or "")
    assert due <= accepted <= due + timedelta(seconds=65)


async def connected(post: Post, chat: ChatView) -> int:
    account = post.stand.avito.account("shop")
    for answer, then in (
        ("/start", "Это Avito Analytics Bot"),
        ("/add_profile", "шаг 1 из 3"),
        ("Магазин", "шаг 2 из 3"),
        (account.client_id, "шаг 3 из 3"),
        (account.client_secret, "подключён"),
    ):
        chat.send(answer)
        await chat.wait_for(then)
    async with post.office.sessions() as session:
        return (await session.scalar(text("SELECT id FROM avito_profiles"))) or 0


def _begin_of_minute(clock: SandboxClock) -> datetime:
    """The next minute that is not about to begin."""
    soon = clock.now() + timedelta(minutes=1, seconds=30)
    return soon.astimezone(UTC).replace(second=0, microsecond=0)


@pytest.mark.one_database
async def test_a_group_that_became_a_supergroup_keeps_its_reports(post: Post) -> None:
    owner = post.reader("Владелец группы")
    group = post.stand.telegram.group("Клиенты", owner, post.stand.me)
    tasks = [await post.due(group.id, timedelta(minutes=minutes)) for minutes in range(3)]
    new = owner.migrate(group)
    await post.start()
    rows = await post.finished(3)
    post.check_all_came(rows, 3)
    assert {row.chat_id for row in rows} == {new.id}
    moved: list[ReportTask] = [await post.office.task(task) for task in tasks]
    assert {task.chat_id for task in moved} == {new.id}
