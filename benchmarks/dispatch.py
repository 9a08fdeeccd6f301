"""What an update costs inside the process: the real dispatcher against a bare one."""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiogram import Bot, Dispatcher
from aiogram.types import TelegramObject
from sqlalchemy import URL, event
from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks.measure import Action, Effort, Result, interleaved
from bot.app import STATS_PAUSE, build_dispatcher
from bot.cooldown import Cooldown
from bot.errors import IncidentDesk
from bot.middleware import InboxLedger
from core.database.models import AvitoProfile, User
from core.database.repositories import inbox
from core.database.session import create_sessions
from core.ports import SystemClock
from core.secrets import parse_keys
from tests.support.databases import TEST_KEYS, opened, upgrade

PERSON = {"id": 5_000_000_001, "is_bot": False, "first_name": "Алиса", "language_code": "ru"}
CHAT = {"id": 5_000_000_001, "type": "private", "first_name": "Алиса"}
BOT_ITSELF = {"id": 42, "is_bot": True, "first_name": "Бот", "username": "bench_bot"}
DATE = 1_790_000_000


def command(text: str) -> dict[str, Any]:
    entities = [{"type": "bot_command", "offset": 0, "length": len(text)}]
    message = {"message_id": 7, "date": DATE, "chat": CHAT, "from": PERSON, "text": text}
    return {"update_id": 1, "message": {**message, "entities": entities}}


def press(data: str) -> dict[str, Any]:
    shown = {"message_id": 8, "date": DATE, "chat": CHAT, "from": BOT_ITSELF, "text": "меню"}
    query = {"id": "1", "from": PERSON, "message": shown, "chat_instance": "1", "data": data}
    return {"update_id": 1, "callback_query": query}


class Bench:
    """The bot's own dispatcher on a database, without a network."""

    def __init__(self, engine: AsyncEngine, profile_id: int) -> None:
        self.profile_id = profile_id
        self._clock = SystemClock()
        self._sessions = create_sessions(engine)
        self._bot = Bot("42:benchmark")
        incidents = IncidentDesk(None, self._clock)
        self._real = build_dispatcher(
            self._sessions, self._clock, incidents, Cooldown(self._clock, STATS_PAUSE)
        )
        self._bare = _bare_dispatcher()
        self._update_ids = itertools.count(1)

    def real(self, raw: dict[str, Any]) -> Action:
        return lambda: self._real.feed_raw_update(self._bot, raw)

    def bare(self, raw: dict[str, Any]) -> Action:
        return lambda: self._bare.feed_raw_update(self._bot, raw)

    def written_down(self, raw: dict[str, Any]) -> Action:
        """Through the inbox: stored, dispatched, closed with its replies."""

        async def handle() -> None:
            update_id, now = next(self._update_ids), self._clock.now()
            async with self._sessions.begin() as session:
                await inbox.keep(session, [(update_id, json.dumps(raw))], now)
            ledger = InboxLedger(update_id, CHAT["id"], self._clock)  # type: ignore[arg-type]
            await self._real.feed_raw_update(self._bot, raw, ledger=ledger)

        return handle


def _bare_dispatcher() -> Dispatcher:
    """What aiogram itself costs: one handler that takes everything, no state."""

    async def take(_event: TelegramObject) -> None:
        pass

    dispatcher = Dispatcher(disable_fsm=True)
    dispatcher.message.register(take)
    dispatcher.callback_query.register(take)
    return dispatcher


@asynccontextmanager
async def bench(url: URL) -> AsyncIterator[tuple[Bench, AsyncEngine]]:
    """On this migrated database, with one profile in it."""
    async with opened(url, parse_keys(TEST_KEYS)) as engine:
        now = datetime.now(UTC)
        async with create_sessions(engine).begin() as session:
            session.add(User(telegram_id=PERSON["id"], created_at=now))
            await session.flush()
            profile = AvitoProfile(
                owner_id=PERSON["id"],
                profile_name="Магазин",
                client_id="client",
                client_secret="secret of the benchmark",
                user_id=1,
                created_at=now,
            )
            session.add(profile)
        yield Bench(engine, profile.id), engine


@contextmanager
def counted(engine: AsyncEngine) -> Iterator[list[str]]:
    """The SQL statements that go out meanwhile, without BEGIN and the like."""
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA")):
            statements.append(statement)

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", note)


async def measure(folder: Path, effort: Effort) -> list[Result]:
    url = URL.create("sqlite+aiosqlite", database=str(folder / "dispatch.db"))
    upgrade(url)
    async with bench(url) as (made, engine):
        results = []
        for name, raw, limit in (
            ("/help", command("/help"), 3.0),
            ("press of help_show", press("help_show"), 3.0),
            ("/profiles", command("/profiles"), None),
            ("press of profile_view", press(f"profile_view:{made.profile_id}"), None),
        ):
            actions = (made.bare(raw), made.real(raw))
            bare, real = await interleaved(effort, *actions)
            results.append(Result(f"dispatch of {name}, µs", real * 1e6, bare * 1e6, limit))
        raw = command("/help")
        bare, whole = await interleaved(effort, made.bare(raw), made.written_down(raw))
        results.append(Result("/help through the inbox, SQLite, µs", whole * 1e6, bare * 1e6))
        for name, raw, most in (
            ("/help", command("/help"), 0),
            ("a profile card", press(f"profile_view:{made.profile_id}"), 2),
        ):
            with counted(engine) as statements:
                await made.real(raw)()
            results.append(Result(f"SQL statements for {name}", len(statements), limit=most))
        return results
