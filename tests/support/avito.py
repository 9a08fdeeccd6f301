"""Fixtures: our Avito client at a sandbox Avito, over real HTTP and with a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from sqlalchemy import event

from core.avito.auth import ProfileAccess
from core.avito.client import Avito, AvitoClient
from core.avito.http import AvitoDoor, Patience
from core.database.models import AvitoProfile, User
from core.database.repositories.gates import DatabaseRateGate
from core.database.repositories.tokens import DatabaseTokenStore
from core.database.session import Sessions
from core.statistics.listing_sync import ListingSync
from core.statistics.sync import StatisticsSync, access_to
from sandbox.avito.accounts import demo_world
from sandbox.avito.server import build_avito_app
from sandbox.avito.world import AvitoAccount, AvitoWorld, Record
from sandbox.clock import SandboxClock
from sandbox.serving import serve
from tests.support.patience import CALM


@dataclass
class Heard:
    """A request as it came over the wire."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass
class AvitoRig:
    world: AvitoWorld
    clock: SandboxClock
    sessions: Sessions
    door: AvitoDoor
    heard: list[Heard]
    at_request: list[Callable[[], None]]
    """Called when a request has reached the server, before it is answered."""

    def __post_init__(self) -> None:
        self.avito = self.new_process()
        self.sync = StatisticsSync(self.sessions, self.avito, self.clock)
        self.listings = ListingSync(self.sessions, self.avito, self.sync, self.clock)

    def new_process(self) -> Avito:
        """What another process, or this one after a restart, would use."""
        return Avito(self.door, DatabaseTokenStore(self.sessions), self.clock)

    async def connect(self, label: str, owner: int = 1) -> ProfileAccess:
        """A stored profile with the keys of the sandbox account `label`."""
        account = self.account(label)
        async with self.sessions.begin() as session:
            await session.merge(User(telegram_id=owner, created_at=self.clock.now()))
            await session.flush()
            profile = AvitoProfile(
                owner_id=owner,
                profile_name=account.name,
                client_id=account.client_id,
                client_secret=account.client_secret,
                user_id=account.user_id,
                created_at=self.clock.now(),
            )
            session.add(profile)
            await session.flush()
            return access_to(profile)

    async def client(self, label: str) -> AvitoClient:
        return self.avito.client(await self.connect(label))

    def account(self, label: str) -> AvitoAccount:
        return self.world.account(label)

    def calls(self, endpoint: str) -> list[Record]:
        """What reached the sandbox at `endpoint`, by the sandbox's name of it."""
        return self.world.calls(endpoint)

    def open_transactions(self) -> list[int]:
        """How many there are at each request from now on; it grows with them."""
        counted = 0
        engine = self.sessions.kw["bind"].sync_engine

        def opened(_: object) -> None:
            nonlocal counted
            counted += 1

        def closed(_: object) -> None:
            nonlocal counted
            counted -= 1

        for name, listener in (("begin", opened), ("commit", closed), ("rollback", closed)):
            event.listen(engine, name, listener)
        seen: list[int] = []
        self.at_request.append(lambda: seen.append(counted))
        return seen


@asynccontextmanager
async def avito_rig(
    sessions: Sessions, clock: SandboxClock, patience: Patience = CALM
) -> AsyncIterator[AvitoRig]:
    world = demo_world(clock)
    app = build_avito_app(world)
    heard: list[Heard] = []
    at_request: list[Callable[[], None]] = []
    app.middlewares.append(_listener(heard, at_request))
    async with serve(app) as base_url, opened_door(base_url, sessions, clock, patience) as door:
        yield AvitoRig(world, clock, sessions, door, heard, at_request)


@asynccontextmanager
async def opened_door(
    base_url: str, sessions: Sessions, clock: SandboxClock, patience: Patience = CALM
) -> AsyncIterator[AvitoDoor]:
    gate = DatabaseRateGate(sessions, clock)
    door = AvitoDoor(base_url, clock=clock, gate=gate, patience=patience)
    try:
        yield door
    finally:
        await door.close()


def _listener(heard: list[Heard], at_request: list[Callable[[], None]]) -> Middleware:
    @web.middleware
    async def listen(request: web.Request, handler: Handler) -> web.StreamResponse:
        body = await request.read()
        said = Heard(
            request.method, request.path, dict(request.query), dict(request.headers), body
        )
        heard.append(said)
        for call in at_request:
            call()
        response = await handler(request)
        if not response.prepared:
            # As the real site's front end does.
            response.set_cookie("session", "somebody")
        return response

    return listen


@pytest.fixture
def clock() -> SandboxClock:
    """15:00 in Moscow; runs like any clock and can be moved forward."""
    return SandboxClock(datetime(2026, 11, 21, 12, tzinfo=UTC))


@pytest.fixture
async def rig(
    sessions: Sessions, clock: SandboxClock, patience: Patience
) -> AsyncIterator[AvitoRig]:
    async with avito_rig(sessions, clock, patience) as made:
        yield made
