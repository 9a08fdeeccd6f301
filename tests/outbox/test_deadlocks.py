"""Reports end while people delete what they are about: PostgreSQL must see no circle in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from unittest.mock import patch

import pytest
from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.testing import capture_logs

from core.database.models import AvitoProfile
from core.database.repositories import outbox as repository
from core.database.session import create_sessions, reading
from core.outbox import State
from core.secrets import Keyring
from core.services import destinations, profiles
from sandbox.clock import SandboxClock
from tests.support.databases import opened
from tests.support.deliveries import NINE, Office

ROUNDS = 25
PLACES = 2
HEAD_START_SEC = 0.02
"""Enough for the other side to get as far as the lock it has to wait for."""

Deletion = Callable[[Office, int], Awaitable[None]]


@pytest.fixture
async def office(postgres_url: URL, keyring: Keyring) -> AsyncIterator[Office]:
    """On PostgreSQL, which here finds a deadlock without waiting for one."""
    async with opened(postgres_url, keyring) as engine:
        async with engine.begin() as connection:
            at_once = f"ALTER DATABASE {postgres_url.database} SET deadlock_timeout = '10ms'"
            await connection.execute(text(at_once))
        await engine.dispose()
        yield Office(create_sessions(engine), SandboxClock(NINE, scale=0))


async def under_way(office: Office) -> tuple[int, list[int]]:
    """A profile, and its reports that are being sent."""
    profile = await office.add_profile()
    for n in range(1, PLACES + 1):
        task = await office.add_task(-n, profile_id=profile, next_due_at=None)
        await office.add_delivery(task, state=State.READY)
    rows = [row.id for row in await office.alice.claim_ready(PLACES)]
    assert all(await asyncio.gather(*map(office.alice.sending, rows)))
    return profile, rows


@contextmanager
def pausing_in_the_middle(reached: asyncio.Event) -> Iterator[None]:
    """A group commit that has locked its deliveries, and writes them a moment later."""
    save = repository.save

    async def save_late(session: AsyncSession, changes: Mapping[int, repository.Changes]) -> None:
        reached.set()
        await asyncio.sleep(HEAD_START_SEC)
        await save(session, changes)

    with patch.object(repository, "save", save_late):
        yield


async def delete_profile(office: Office, profile_id: int) -> None:
    async with office.sessions.begin() as session:
        await profiles.delete(session, await session.get_one(AvitoProfile, profile_id))


async def unbind_all(office: Office, profile_id: int) -> None:
    async with reading(office.sessions) as session:
        tasks = [task.id for task in await destinations.listing(session, profile_id)]
    for task_id in tasks:
        async with office.sessions.begin() as session:
            await destinations.unbind(session, await destinations.owned(session, 1, task_id))


@pytest.mark.parametrize("deletion", [delete_profile, unbind_all])
async def test_deleting_and_ending_never_wait_for_each_other(
    office: Office, deletion: Deletion
) -> None:
    async def delete_meanwhile(profile_id: int, reached: asyncio.Event) -> None:
        await reached.wait()
        await deletion(office, profile_id)

    with capture_logs() as logs:
        for _ in range(ROUNDS):
            profile_id, rows = await under_way(office)
            reached = asyncio.Event()
            with pausing_in_the_middle(reached):
                await asyncio.gather(
                    *(office.alice.fail(row, "refused") for row in rows),
                    delete_meanwhile(profile_id, reached),
                )
            assert await office.deliveries() == []
    assert [each["event"] for each in logs] == []
