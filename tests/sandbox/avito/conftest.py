from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aiohttp
import pytest

from sandbox.avito.accounts import demo_world
from sandbox.avito.server import build_avito_app
from sandbox.avito.world import AvitoAccount, AvitoWorld
from sandbox.clock import SandboxClock
from sandbox.serving import serve
from tests.sandbox.avito.client import SandboxClient


@pytest.fixture
def clock() -> SandboxClock:
    """Stands still at 15:00 in Moscow until a test moves it."""
    return SandboxClock(datetime(2026, 11, 21, 12, tzinfo=UTC), scale=0)


@pytest.fixture
def world(clock: SandboxClock) -> AvitoWorld:
    return demo_world(clock)


@pytest.fixture
def shop(world: AvitoWorld) -> AvitoAccount:
    return world.account("shop")


@pytest.fixture
async def avito(world: AvitoWorld) -> AsyncIterator[SandboxClient]:
    async with serve(build_avito_app(world)) as base_url, aiohttp.ClientSession() as session:
        yield SandboxClient(base_url, session, world)
