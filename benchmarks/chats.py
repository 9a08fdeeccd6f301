"""Reading the chats of an account from an Avito that takes its time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial

from sqlalchemy import URL

from benchmarks.avito import avito_apart
from benchmarks.measure import Result
from core.avito.auth import ProfileAccess
from core.avito.client import Avito
from core.avito.messenger import ChatFilter
from core.database.models import AvitoProfile, User
from core.database.repositories.tokens import DatabaseTokenStore
from core.database.session import Sessions, create_sessions
from core.messenger import archive
from core.messenger.collector import ChatCollector, Progress
from core.messenger.pace import Paces
from core.messenger.pages import pages
from core.secrets import parse_keys
from core.statistics.sync import access_to
from sandbox.avito.accounts import make_account
from sandbox.avito.chats import make_chats
from sandbox.avito.world import AvitoAccount
from sandbox.clock import SandboxClock
from tests.support.avito import opened_door
from tests.support.databases import TEST_KEYS, opened
from utils.chats.model import Line

CHATS = MESSAGES = 100
LATENCY_SEC = 0.1
CALLS_A_MINUTE = 12_000
"""The limit of our own for the test: no more than can be asked at this latency."""
BLINK_SEC = 0.001


async def measure(url: URL) -> list[Result]:
    """On this migrated, empty database."""
    account = make_account("reader", 6_400_000_001, "Магазин", latency=LATENCY_SEC)
    now = datetime.now(UTC)
    account.set_chats = make_chats(account.user_id, CHATS, MESSAGES, until=now)
    clock = SandboxClock(now)
    async with opened(url, parse_keys(TEST_KEYS)) as engine:
        sessions = create_sessions(engine)
        access = await _connect(sessions, account, now)
        with avito_apart([account], now) as apart:
            async with opened_door(apart.base_url, sessions, clock) as door:
                avito = Avito(door, DatabaseTokenStore(sessions), clock)
                one_by_one = await _one_by_one(avito, access)
                paces = Paces(CALLS_A_MINUTE, clock)
                collector = ChatCollector(sessions, avito, paces, clock)
                began = time.perf_counter()
                async with _longest_hold() as holds:
                    collected = await collector.collect(
                        access.profile_id, since=None, progress=_unheard
                    )
                together = time.perf_counter() - began
        assert (collected.read, collected.messages) == (CHATS, CHATS * MESSAGES), collected
        kept = [len(packed) async for packed in archive.transcripts(sessions, 1, None)]
    kind = url.get_backend_name()
    of = f"{CHATS} chats of {MESSAGES} messages at 100 ms"
    return [
        Result(f"one call after another, {of}, {kind}, s", one_by_one, together, at_least=8),
        Result(f"longest hold of the loop meanwhile, {kind}, ms", max(holds) * 1e3, limit=50),
        Result(f"bytes kept of a message, {kind}", sum(kept) / (CHATS * MESSAGES)),
    ]


async def _connect(sessions: Sessions, account: AvitoAccount, now: datetime) -> ProfileAccess:
    async with sessions.begin() as session:
        session.add(User(telegram_id=1, created_at=now))
        await session.flush()
        profile = AvitoProfile(
            owner_id=1,
            profile_name=account.name,
            client_id=account.client_id,
            client_secret=account.client_secret,
            user_id=account.user_id,
            created_at=now,
        )
        session.add(profile)
        await session.flush()
        return access_to(profile)


async def _one_by_one(avito: Avito, access: ProfileAccess) -> float:
    """What a loop over chats and pages takes that keeps nothing."""
    client = avito.client(access)
    began = time.perf_counter()
    messages = 0
    async for turn in pages(partial(client.chats, ChatFilter("u2i"))):
        for chat in turn.page.chats:
            lines: dict[str, Line] = {}
            async for inner in pages(partial(client.messages, chat)):
                lines |= {line.id: line for line in inner.page.lines}
            messages += len(lines)
    assert messages >= CHATS * MESSAGES
    return time.perf_counter() - began


async def _unheard(_progress: Progress) -> None:
    """Nobody looks."""


@asynccontextmanager
async def _longest_hold() -> AsyncIterator[list[float]]:
    """By how much the naps of a bystander were too long."""
    holds = [0.0]

    async def blink() -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(BLINK_SEC)
            holds.append(time.perf_counter() - began - BLINK_SEC)

    blinking = asyncio.create_task(blink())
    try:
        yield holds
    finally:
        blinking.cancel()
        with suppress(asyncio.CancelledError):
            await blinking
