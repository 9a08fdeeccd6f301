"""The lock of the one worker: in a folder, on a database, and after the database lost it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from core import worker_lock
from core.errors import AnotherWorker
from core.worker_lock import WorkerLock
from sandbox.telegram.events import PATIENCE_SEC
from tests.support.databases import opened
from tests.support.postgres import PostgresServer, find_binaries, running_server
from tests.support.waiting import eventually

IMPATIENT = 0.0
PATIENT = 30.0
HOLDERS = (
    "FROM pg_locks JOIN pg_database ON pg_database.oid = database"
    " WHERE locktype = 'advisory' AND granted AND datname = current_database()"
)


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_lock, "ASK_SEC", 0.01)
    monkeypatch.setattr(worker_lock, "WATCH_SEC", 0.01)


@asynccontextmanager
async def taken(folder: Path, engine: AsyncEngine) -> AsyncIterator[WorkerLock]:
    lock = WorkerLock(folder, engine, IMPATIENT)
    try:
        await lock.take()
        yield lock
    finally:
        await lock.release()


async def test_a_folder_has_one_worker_at_a_time(engine: AsyncEngine, tmp_path: Path) -> None:
    async with taken(tmp_path, engine):
        other = WorkerLock(tmp_path, engine, IMPATIENT)
        with pytest.raises(AnotherWorker, match=r"it holds .*worker\.lock"):
            await other.take()
    await other.take()
    await other.release()


async def test_who_waits_gets_it_when_it_is_free(engine: AsyncEngine, tmp_path: Path) -> None:
    async with taken(tmp_path, engine):
        waiting = WorkerLock(tmp_path, engine, PATIENT)
        turn = asyncio.create_task(waiting.take())
        await asyncio.sleep(0.05)
        assert not turn.done()
    await asyncio.wait_for(turn, PATIENCE_SEC)
    await waiting.release()


async def test_a_postgresql_database_has_one_worker_at_a_time(
    postgres_url: URL, tmp_path: Path
) -> None:
    async with opened(postgres_url) as engine, opened(postgres_url) as elsewhere:
        here, there = folders(tmp_path)
        async with taken(here, engine):
            with pytest.raises(AnotherWorker, match="on this database"):
                async with taken(there, elsewhere):
                    pass
        async with taken(there, elsewhere):
            pass


def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Of two installations."""
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    return here, there


async def test_a_lock_that_the_database_lost_is_taken_again(
    postgres_url: URL, tmp_path: Path
) -> None:
    async with (
        opened(postgres_url) as engine,
        opened(postgres_url) as elsewhere,
        taken(tmp_path, engine) as lock,
        kept(lock) as keeping,
    ):
        before = await holder(elsewhere)
        await drop_lock(elsewhere)
        await until_held(elsewhere, but=before)
        assert not keeping.done()


async def test_who_lost_it_to_another_one_ends(postgres_url: URL, tmp_path: Path) -> None:
    here, there = folders(tmp_path)
    async with (
        opened(postgres_url) as engine,
        opened(postgres_url) as elsewhere,
        taken(here, engine) as lock,
    ):
        await drop_lock(elsewhere)
        async with asyncio.timeout(PATIENCE_SEC):
            while await holder(elsewhere) is not None:
                await asyncio.sleep(0.01)
        async with taken(there, elsewhere):
            with pytest.raises(AnotherWorker):
                await asyncio.wait_for(lock.keep(), PATIENCE_SEC)


async def test_a_database_that_is_away_for_a_while_is_waited_for(
    server: PostgresServer, tmp_path: Path
) -> None:
    async with opened(server.url) as engine, taken(tmp_path, engine) as lock:
        with capture_logs() as logs:
            async with kept(lock) as keeping:
                await asyncio.to_thread(server.stop)
                await eventually(lambda: "worker_lock_lost" in [log["event"] for log in logs])
                await asyncio.to_thread(server.start)
                async with opened(server.url) as elsewhere:
                    await until_held(elsewhere)
                assert not keeping.done()


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """One that nobody else uses."""
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL of our own to stop")
    with running_server(binaries) as running:
        yield running


@asynccontextmanager
async def kept(lock: WorkerLock) -> AsyncIterator[asyncio.Task[None]]:
    keeping = asyncio.create_task(lock.keep())
    try:
        yield keeping
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


async def drop_lock(engine: AsyncEngine) -> None:
    """As PostgreSQL does when it loses the connection that holds it."""
    async with engine.connect() as connection:
        await connection.execute(text(f"SELECT pg_terminate_backend(pid) {HOLDERS}"))


async def holder(engine: AsyncEngine) -> int | None:
    async with engine.connect() as connection:
        pid: int | None = await connection.scalar(text(f"SELECT pid {HOLDERS}"))
        return pid


async def until_held(engine: AsyncEngine, but: int | None = None) -> None:
    async with asyncio.timeout(PATIENCE_SEC):
        while await holder(engine) in (None, but):
            await asyncio.sleep(0.01)
