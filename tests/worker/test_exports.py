"""Files of chats from the real worker, killed on its way: each once, or once more marked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import URL

from benchmarks.deliveries import MARK
from core.database.repositories import jobs
from core.database.session import create_sessions, reading
from core.secrets import parse_keys
from sandbox.avito.chats import make_chats
from sandbox.clock import SandboxClock
from sandbox.telegram.faults import Kind
from sandbox.telegram.history import CallRecord
from sandbox.telegram.people import ChatView
from tests.support.chats import binders
from tests.support.databases import TEST_KEYS, opened
from tests.support.deliveries import Office
from tests.support.waiting import eventually
from tests.worker.process import Stand, stand

pytestmark = pytest.mark.one_database
NOON = datetime(2026, 11, 20, 9, tzinfo=UTC)
CHATS = 40
UNLIMITED = "1000000"


class Shop:
    """A profile whose owner has its chats exported."""

    def __init__(self, made: Stand, office: Office) -> None:
        self.office = office
        self._stand = made
        self._me = made.me
        self._telegram = made.telegram
        self._account = made.avito.account("shop")
        self._account.set_chats = make_chats(
            self._account.user_id, CHATS, 2, until=last_friday(office.clock.now())
        )
        self._owner = made.telegram.user("Владелица")

    async def start(self) -> None:
        await self._stand.worker.start()
        await self._stand.up()

    async def by_button(self) -> ChatView:
        profile_id = await self._add_profile()
        await self.start()
        chat = self._owner.private(self._me)
        chat.start()
        await chat.wait_for("Это Avito Analytics Bot")
        chat.press(f"export_messenger:{profile_id}", chat.last)
        return chat

    async def on_schedule(self) -> ChatView:
        """To a group, every week."""
        profile_id, now = await self._add_profile(), self.office.clock.now()
        group = self._telegram.group("Сотрудники", self._owner, self._me)
        weekly = {"chats_every": "week", "chats_due_at": now, "next_due_at": None}
        await self.office.add_task(group.id, profile_id=profile_id, **weekly)
        await self.start()
        return self._owner.at(group)

    async def _add_profile(self) -> int:
        return await self.office.add_profile(
            self._owner.id,
            client_id=self._account.client_id,
            client_secret=self._account.client_secret,
            user_id=self._account.user_id,
        )

    async def is_idle(self) -> bool:
        async with reading(self.office.sessions) as session:
            return await jobs.all_open(session) == []


def last_friday(now: datetime) -> datetime:
    """Of the week that was over at the latest Monday's nine o'clock in Moscow."""
    slot = now - timedelta(hours=6)
    return slot - timedelta(days=slot.weekday() + 3)


@pytest.mark.parametrize(
    ("begin", "fault", "without_mark"),
    [(Shop.by_button, "hang_before", 0), (Shop.on_schedule, "hang_after", 1)],
)
async def test_a_file_comes_wherever_the_worker_is_killed_on_its_way(
    database_url: URL,
    tmp_path: Path,
    begin: Callable[[Shop], Awaitable[ChatView]],
    fault: Kind,
    without_mark: int,
) -> None:
    clock = SandboxClock(NOON)
    async with (
        opened(database_url, parse_keys(TEST_KEYS)) as engine,
        stand(
            database_url, tmp_path, clock=clock, AVITO_MESSENGER_CALLS_PER_MINUTE=UNLIMITED
        ) as made,
    ):
        shop, worker = Shop(made, Office(create_sessions(engine), clock)), made.worker

        async def start_anew() -> None:
            await worker.kill()
            made.avito.clear_faults()
            await shop.start()

        def uploads() -> list[CallRecord]:
            return made.telegram.history.of("sendDocument")

        made.avito.fault("latency", "messenger_messages", seconds=0.1)
        made.telegram.fault(fault, method="sendDocument", seconds=60)
        chat = await begin(shop)
        await eventually(lambda: len(made.avito.calls("messenger_messages")) > CHATS // 2)
        await start_anew()
        await eventually(lambda: binders(worker.process.pid) or uploads())
        await start_anew()
        await eventually(uploads)
        made.telegram.clear_faults()
        await start_anew()

        await chat.wait_for(lambda seen: seen.document is not None and MARK in seen.text)
        await made.telegram.settled(made.me)
        files = [seen.text for seen in chat.messages if seen.document is not None]
        assert sum(not text.startswith(MARK) for text in files) == without_mark
        assert f"{CHATS} чатов" in files[-1]
        assert len(made.avito.calls("messenger_messages")) < 2 * CHATS, "what was read is kept"
        assert await shop.is_idle()
        await eventually(lambda: not list((tmp_path / "data" / "outgoing").iterdir()))
        assert "Traceback" not in worker.log
