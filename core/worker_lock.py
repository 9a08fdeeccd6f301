"""One worker at a time: two would take each other's work in hand for that of a dead one.

A locked file keeps others out of a DATA_DIR, an advisory lock out of a PostgreSQL database. Both
are gone with the process that held them, however it ended.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NoReturn

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from core.database.health import is_unreachable
from core.errors import AnotherWorker, DatabaseAway
from core.logs import get_logger

log = get_logger(__name__)

FILE = "worker.lock"
ASK_SEC = 0.5
WATCH_SEC = 5.0
ANSWER_SEC = 5.0
KEY = int.from_bytes(b"avitobot", "big")


class WorkerLock:
    """Taken at the start, kept until the end."""

    def __init__(self, folder: Path, engine: AsyncEngine, patience_sec: float) -> None:
        self._file = _FileLock(folder / FILE)
        is_postgres = engine.dialect.name == "postgresql"
        self._database = _AdvisoryLock(engine) if is_postgres else None
        self._patience_sec = patience_sec

    async def take(self) -> None:
        """Wait for another worker to end: a deploy starts the new one before it stops the old one.

        Raises `AnotherWorker`, or `DatabaseAway`, when that takes too long.
        """
        until = time.monotonic() + self._patience_sec
        await _insist(self._file.take, until)
        if self._database is not None:
            await _insist(self._database.take, until)

    async def keep(self) -> NoReturn:
        """PostgreSQL forgets its lock with the connection: take it again, as often as needed.

        Raises `AnotherWorker` when somebody else was quicker.
        """
        while True:
            await asyncio.sleep(WATCH_SEC)
            if self._database is not None and not await self._database.is_held():
                log.warning("worker_lock_lost")
                await self._take_back(self._database)

    async def release(self) -> None:
        if self._database is not None:
            await self._database.release()
        self._file.release()

    async def _take_back(self, lock: _AdvisoryLock) -> None:
        while True:
            try:
                await lock.take()
            except DatabaseAway:
                await asyncio.sleep(ASK_SEC)
            else:
                return


async def _insist(take: Callable[[], Awaitable[None]], until: float) -> None:
    is_said = False
    while True:
        try:
            await take()
        except (AnotherWorker, DatabaseAway) as error:
            if time.monotonic() > until:
                raise
            if not is_said:
                log.warning("worker_waits", why=str(error))
                is_said = True
        else:
            return
        await asyncio.sleep(ASK_SEC)


class _FileLock:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    async def take(self) -> None:
        file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            raise AnotherWorker(f"another worker is running: it holds {self._path}") from None
        self._file = file

    def release(self) -> None:
        # The file itself stays: somebody may be about to lock it.
        if self._file is not None:
            os.close(self._file)
            self._file = None


class _AdvisoryLock:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._connection: AsyncConnection | None = None

    async def take(self) -> None:
        try:
            connection = await self._engine.connect()
            try:
                await self._lock_on(connection)
            except BaseException:
                await connection.close()
                raise
        except Exception as error:
            if not is_unreachable(error):
                raise
            why = f"the database does not answer: {type(error).__name__}"
            raise DatabaseAway(why) from error
        self._connection = connection

    async def _lock_on(self, connection: AsyncConnection) -> None:
        # A transaction that lasts for weeks would keep every old row from being vacuumed.
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        # A host that vanished without a word must not hold the lock for hours.
        await connection.execute(_SHORT_KEEPALIVES)
        if not await connection.scalar(_TRY_LOCK):
            raise AnotherWorker("another worker is running on this database")

    async def is_held(self) -> bool:
        """For as long as its connection is there."""
        assert self._connection is not None  # noqa: S101 - only what was taken is kept
        try:
            async with asyncio.timeout(ANSWER_SEC):
                await self._connection.execute(text("SELECT 1"))
        except Exception as error:
            if not (is_unreachable(error) or isinstance(error, TimeoutError)):
                raise
            await self.release()
            return False
        return True

    async def release(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            # Not back into the pool: there it would go on holding the lock.
            await connection.invalidate()
            await connection.close()


_SHORT_KEEPALIVES = text(
    "SELECT set_config('tcp_keepalives_idle', '15', false),"
    " set_config('tcp_keepalives_interval', '5', false),"
    " set_config('tcp_keepalives_count', '3', false)"
)
_TRY_LOCK = text("SELECT pg_try_advisory_lock(:key)").bindparams(key=KEY)
