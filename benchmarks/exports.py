"""What people feel of two exports: a button's answer, and how late the loop comes round."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks.avito import Apart, avito_apart
from benchmarks.dispatch import PERSON, bench, press
from benchmarks.measure import Action, Effort, Result
from bot.bookbinder import Bookbinder
from core.avito.client import Avito
from core.avito.http import AvitoDoor
from core.config import Settings
from core.database.models import AvitoProfile
from core.database.repositories.gates import DatabaseRateGate
from core.database.repositories.tokens import DatabaseTokenStore
from core.database.session import Sessions, create_sessions
from core.messenger import archive
from core.messenger.collector import ChatCollector, Progress
from core.messenger.pace import Paces
from core.ports import SystemClock
from sandbox.avito.accounts import make_account, make_listings
from sandbox.avito.chats import make_chats
from sandbox.avito.world import AvitoAccount
from tests.support.databases import upgrade
from utils.chats.order import BookOrder

MOST = 250
"""So many chats of as many messages, unless less effort is wanted."""
FIRST_ACCOUNT = 6_400_000_000
UNLIMITED = 1_000_000
PACE_SEC = 0.01
"""Between two presses, and between two looks at the clock."""
BEGUN_SEC = 0.5
USUAL_PACE: int = Settings.model_fields["avito_messenger_calls_per_minute"].default


async def measure(folder: Path, effort: Effort) -> list[Result]:
    """Exports read for minutes, at the pace we keep to, and write their file within seconds."""
    url = URL.create("sqlite+aiosqlite", database=str(folder / "exports.db"))
    upgrade(url)
    now = datetime.now(UTC)
    accounts = [_account(number, min(effort.count, MOST), now) for number in range(3)]
    idle: list[Felt] = []
    reading: list[Felt] = []
    writing: list[Felt] = []
    with avito_apart(accounts, now) as apart:
        async with (
            bench(url) as (made, engine),
            _exporter(engine, apart, accounts, folder) as exporter,
        ):
            await exporter.read(2, UNLIMITED)
            answer = made.written_down(press(f"profile_view:{made.profile_id}"))
            for _ in range(effort.rounds):
                idle.append(await _feel(answer, effort.count))
                async with _at_work(exporter.read(0, USUAL_PACE), exporter.read(1, USUAL_PACE)):
                    reading.append(await _feel(answer, effort.count))
                async with _at_work(exporter.read(0, USUAL_PACE), exporter.write_on(2)):
                    writing.append(await _feel(answer, effort.count))
    usual = _usual_p99(felt.answers for felt in idle)
    slow, slower = (_usual_p99(felt.answers for felt in felts) for felts in (reading, writing))
    lag = _usual_p99(felt.lags for felt in (*reading, *writing))
    return [
        Result("p99 of a press with two exports running, ms", slow, usual, limit=1.5),
        Result("the same while one writes its file, over and over, ms", slower, usual),
        Result("p99 of the loop's lag meanwhile, ms", lag, limit=50),
    ]


@asynccontextmanager
async def _at_work(*exports: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    running = [asyncio.create_task(export) for export in exports]
    try:
        await asyncio.sleep(BEGUN_SEC)
        yield
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def _account(number: int, size: int, now: datetime) -> AvitoAccount:
    user_id = FIRST_ACCOUNT + number
    listings = make_listings(FIRST_ACCOUNT + 1_000 * (number + 1), count=20)
    account = make_account(f"chats{number}", user_id, f"Чаты {number}", listings=listings)
    account.set_chats = make_chats(user_id, size, size, until=now, listings=account.abouts())
    return account


class _Exporter:
    def __init__(
        self, sessions: Sessions, door: AvitoDoor, profiles: Sequence[int], folder: Path
    ) -> None:
        self._sessions = sessions
        self._clock = SystemClock()
        self._avito = Avito(door, DatabaseTokenStore(sessions), self._clock)
        self._bookbinder = Bookbinder()
        self._profiles = profiles
        self._folder = folder

    async def read(self, number: int, per_minute: int) -> None:
        paces = Paces(per_minute, self._clock)
        collector = ChatCollector(self._sessions, self._avito, paces, self._clock)
        await collector.collect(self._profiles[number], since=None, progress=_unheard)

    async def write_on(self, number: int) -> None:
        while True:
            order = BookOrder("Чаты", "Europe/Moscow", int(time.time()), self._folder)
            chats = archive.transcripts(self._sessions, self._profiles[number], None)
            bound = await self._bookbinder.bind(order, chats)
            for file in bound.files:
                file.path.unlink()


async def _unheard(_progress: Progress) -> None:
    """Nobody watches."""


@asynccontextmanager
async def _exporter(
    engine: AsyncEngine, apart: Apart, accounts: Sequence[AvitoAccount], folder: Path
) -> AsyncIterator[_Exporter]:
    sessions, now = create_sessions(engine), datetime.now(UTC)
    profiles = [
        AvitoProfile(
            owner_id=PERSON["id"],
            profile_name=account.name,
            client_id=account.client_id,
            client_secret=account.client_secret,
            user_id=account.user_id,
            access_token=token,
            token_expires_at=now + timedelta(hours=20),
            created_at=now,
        )
        for account, token in zip(accounts, apart.tokens, strict=True)
    ]
    async with sessions.begin() as session:
        session.add_all(profiles)
    clock = SystemClock()
    door = AvitoDoor(apart.base_url, clock=clock, gate=DatabaseRateGate(sessions, clock))
    try:
        yield _Exporter(sessions, door, [profile.id for profile in profiles], folder)
    finally:
        await door.close()


@dataclass
class Felt:
    """In one round."""

    answers: list[float] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)
    """By how much the loop came round too late."""


async def _feel(answer: Action, count: int) -> Felt:
    felt = Felt()
    looking = asyncio.create_task(_look(felt))
    for _ in range(count):
        began = time.perf_counter()
        await answer()
        felt.answers.append(time.perf_counter() - began)
        await asyncio.sleep(PACE_SEC)
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)
    return felt


async def _look(felt: Felt) -> None:
    while True:
        due_at = time.perf_counter() + PACE_SEC
        await asyncio.sleep(PACE_SEC)
        felt.lags.append(time.perf_counter() - due_at)


def _usual_p99(rounds: Iterable[list[float]]) -> float:
    """Of the usual round, in milliseconds: a hiccup of the machine is in one of them."""
    return median(sorted(times)[int(0.99 * (len(times) - 1))] for times in rounds) * 1e3
