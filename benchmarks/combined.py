"""Reports about many profiles: `/stats` over 30 of them, texts, and 10,000 of one minute."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path
from statistics import median
from typing import Any

from aiogram.methods import SendPhoto
from sqlalchemy import URL, insert

from benchmarks.avito import avito_apart
from benchmarks.measure import Effort, Result, interleaved
from bot.effects import Screen
from bot.painter import Painter
from bot.scribe import Scribe
from bot.work.reports import freeze
from bot.work.stats import freeze_digest
from core.avito.auth import Credentials, ProfileAccess
from core.avito.client import Avito
from core.avito.http import AvitoDoor
from core.combined import Row, combined
from core.courses import shown_days
from core.database.models import (
    AccountSync,
    AvitoProfile,
    DailyStats,
    Delivery,
    ReportTask,
    User,
)
from core.database.repositories.gates import DatabaseRateGate
from core.database.repositories.tokens import DatabaseTokenStore
from core.database.session import Sessions, create_sessions
from core.digests import ScheduledDigest
from core.report_runner import ScheduledReport
from core.secrets import parse_keys
from core.shelf import Shelf
from core.statistics import listing_store
from core.statistics.store import Source
from sandbox.avito.accounts import make_account, make_listings
from sandbox.avito.world import AvitoAccount, AvitoWorld
from sandbox.clock import SandboxClock
from tests.support.avito import AvitoRig, opened_door
from tests.support.bot import BotRig, bot_rig
from tests.support.building import BuilderRig, running_builder
from tests.support.combined import DAY, READ_AT, report_data
from tests.support.databases import TEST_KEYS, opened
from tests.support.deliveries import NINE
from tests.support.stats import ask_stats, reporting
from utils.metrics import PARTS, USUAL, Shown
from utils.periods import Period

PROFILES = 30
CALLS = 60
"""What a bot without a store asks for them: the statistics and the balance of each."""
LATENCY_SEC = 0.1
TELEGRAMS_LIMIT = 30.0
READ_AHEAD = timedelta(minutes=10)
FIRST_ACCOUNT = 6_300_000_000
IN_HAND = 32
"""Reports that the sender has in hand at a time."""
NAP_SEC = 0.05
"""It looks again after that where nothing is ready."""


def texts(effort: Effort) -> list[Result]:
    """What a text costs, from its numbers to what the outbox keeps."""
    many = [Row(number, f"Профиль {number}", report_data(number)) for number in range(PROFILES)]
    report = ScheduledReport(
        report_data(1), owner_id=1, chat_id=-1, is_trial=False, is_supplement=False, missed=[]
    )
    shown = dict.fromkeys(range(PROFILES), Shown(USUAL, PARTS))
    digest = ScheduledDigest(
        combined(DAY, many, shown), for_owner=False, is_trial=False, missed=[]
    )
    return [
        _per_second("texts of a report", effort, lambda: freeze(report, READ_AT)),
        _per_second(
            f"texts over {PROFILES} profiles", effort, lambda: freeze_digest(digest, READ_AT)
        ),
    ]


async def measure(url: URL, folder: Path, effort: Effort) -> list[Result]:
    """`/stats` through the whole bot, on this migrated, empty database."""
    async with bot_rig(url, folder) as rig:
        group = rig.bob.at(rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me))
        accounts = [rig.avito.add(_account(number)) for number in range(PROFILES)]
        await reporting(rig, group, *((each.label, each.name) for each in accounts))
        await _store_numbers(rig.running.sessions, accounts, rig.clock.now() - READ_AHEAD)
        for account in accounts:
            account.latency = LATENCY_SEC
        asked: list[str] = []

        async def press() -> None:
            await rig.quiet()
            rig.clock.advance(timedelta(seconds=40))
            before = len(rig.avito.history)
            await ask_stats(group)
            asked.extend(call.endpoint for call in rig.avito.history[before:])

        await press()
        asked.clear()
        sequential, stats = await interleaved(
            Effort(effort.rounds, 1), lambda: _ask_one_by_one(rig, accounts), press
        )
    assert not [endpoint for endpoint in asked if endpoint.startswith("stats")], asked
    kind = url.get_backend_name()
    return [
        Result(
            f"/stats over {PROFILES} profiles, {kind}, ms, against {CALLS} calls of 100 ms",
            stats * 1e3,
            sequential * 1e3,
            limit=1 / 20,
        )
    ]


async def build(url: URL, folder: Path, reports: int) -> list[Result]:
    """The builder at nine, on this migrated, empty database, and whoever draws what it has built.

    Yesterday and its listings were read ahead of the slot, as always; each wallet is read now.
    Only the way to Telegram is left out.
    """
    accounts = [_account(number) for number in range(reports)]
    with avito_apart(accounts, NINE) as avito:
        async with (
            opened(url, parse_keys(TEST_KEYS)) as engine,
            _builder(avito.base_url, create_sessions(engine)) as rig,
        ):
            await _stock(rig, accounts, avito.tokens)
            await rig.office.materialise()
            began = time.perf_counter()
            rig.runner.wake()
            painter = Painter()
            await _draw(rig, Scribe(Shelf(folder), painter.draw), reports)
            taken = time.perf_counter() - began
            await painter.close()
    name = f"{reports} reports built and drawn, per second, {url.get_backend_name()}"
    return [Result(f"{name}, against Telegram's", reports / taken, TELEGRAMS_LIMIT, at_least=1)]


def _per_second(name: str, effort: Effort, work: Callable[[], object]) -> Result:
    rates = []
    for _ in range(effort.rounds):
        began = time.perf_counter()
        for _ in range(effort.count):
            work()
        rates.append(effort.count / (time.perf_counter() - began))
    rate = median(rates)
    return Result(
        f"{name} per second, against Telegram's limit", rate, TELEGRAMS_LIMIT, at_least=5
    )


def _account(number: int) -> AvitoAccount:
    return make_account(
        f"p{number}",
        FIRST_ACCOUNT + number,
        f"Профиль {number}",
        listings=make_listings(8_000_000_000 + 10 * number, count=3),
        real=1_000.0 + number,
        advance=5_000_00,
    )


async def _ask_one_by_one(rig: BotRig, accounts: Collection[AvitoAccount]) -> None:
    sessions = rig.running.sessions
    door = AvitoDoor(
        rig.settings.avito_api_base,
        clock=rig.clock,
        gate=DatabaseRateGate(sessions, rig.clock),
    )
    avito = Avito(door, DatabaseTokenStore(sessions), rig.clock)
    for _ in range(CALLS // PROFILES):
        for number, account in enumerate(accounts, 1):
            keys = Credentials(account.client_id, account.client_secret)
            await avito.client(ProfileAccess(number, account.user_id, keys)).balance()
    await door.close()


@asynccontextmanager
async def _builder(avito: str, sessions: Sessions) -> AsyncIterator[BuilderRig]:
    """At nine, with the Avito that is there."""
    clock = SandboxClock(NINE)
    async with opened_door(avito, sessions, clock) as door:
        rig = AvitoRig(AvitoWorld(clock), clock, sessions, door, heard=[], at_request=[])
        async with running_builder(rig) as builder:
            yield builder


async def _stock(
    rig: BuilderRig, accounts: Collection[AvitoAccount], tokens: Iterable[str]
) -> None:
    """Each account with a profile that reports at nine."""
    now = rig.clock.now()
    profiles = [
        _profile(rig, number, account, token)
        for number, (account, token) in enumerate(zip(accounts, tokens, strict=True), 1)
    ]
    tasks = [{"profile_id": each["id"], "chat_id": -each["id"]} for each in profiles]
    async with rig.sessions.begin() as session:
        session.add(User(telegram_id=1, created_at=now))
        await session.flush()
        await session.execute(insert(AvitoProfile), profiles)
        await session.execute(insert(ReportTask).values(next_due_at=NINE), tasks)
    await _store_numbers(rig.sessions, accounts, now - READ_AHEAD)


async def _store_numbers(
    sessions: Sessions, accounts: Collection[AvitoAccount], read_at: datetime
) -> None:
    """Of yesterday and of all days in its picture, as a read at that time leaves them."""
    days = Period(shown_days(DAY).previous().first, DAY.last)
    read = {"stats_read_at": read_at, "first_day": days.first, "last_day": days.last}
    async with sessions.begin() as session:
        for account in accounts:
            of_account = {"avito_user_id": account.user_id}
            numbers = [
                of_account | {"day": day, "metrics": account.day_numbers(day)} for day in days
            ]
            await session.execute(insert(AccountSync).values(read), of_account)
            await session.execute(
                insert(DailyStats).values(source=Source.V2, fetched_at=read_at), numbers
            )
            listings = account.listing_numbers(DAY.first)
            await listing_store.save(session, account.user_id, DAY, listings, Source.V2, read_at)


def _profile(rig: BuilderRig, number: int, account: AvitoAccount, token: str) -> dict[str, Any]:
    return {
        "id": number,
        "owner_id": 1,
        "profile_name": account.name,
        "client_id": account.client_id,
        "client_secret": account.client_secret,
        "user_id": account.user_id,
        "access_token": token,
        "token_expires_at": rig.clock.now() + timedelta(hours=20),
        "keys_good_at": rig.clock.now(),
        "report_time": time_of_day(9),
        "created_at": rig.clock.now(),
    }


async def _draw(rig: BuilderRig, scribe: Scribe, reports: int) -> None:
    """What the sender does with so many reports, but for sending them."""

    async def send(delivery: Delivery) -> None:
        screen = Screen.model_validate(delivery.payload)
        assert isinstance(await scribe.new(screen, delivery.chat_id, None), SendPhoto)
        await rig.outbox.sending(delivery.id)
        await rig.outbox.sent(delivery.id, 1)

    sent, under_way = 0, set[asyncio.Task[None]]()
    while sent < reports:
        if len(under_way) <= IN_HAND // 2:
            claimed = await rig.outbox.claim_ready(IN_HAND - len(under_way))
            under_way |= {asyncio.create_task(send(delivery)) for delivery in claimed}
        if not under_way:
            await asyncio.sleep(NAP_SEC)
            continue
        done, under_way = await asyncio.wait(
            under_way, timeout=NAP_SEC, return_when=asyncio.FIRST_COMPLETED
        )
        for each in done:
            each.result()
        sent += len(done)
