"""Engines and sessions for PostgreSQL (asyncpg) and SQLite (aiosqlite)."""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, cast

import aiosqlite
from sqlalchemy import URL, Connection, Dialect, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection
from sqlalchemy.util.concurrency import await_

from core.database.one_trip import OneTripConnection
from core.database.types import bind_keyring
from core.errors import DatabaseAway, SettingsError
from core.secrets import Keyring

Session = AsyncSession
Sessions = async_sessionmaker[Session]

_BUSY_TIMEOUT_MS = 3_000
_HURRIED_MS = 1_000
_READ_ONLY, _IN_A_HURRY = "read_only", "in_a_hurry"
_READING: dict[str, dict[str, object]] = {
    "sqlite": {_READ_ONLY: True},
    "postgresql": {"isolation_level": "AUTOCOMMIT"},
}
_WRITERS = {"sqlite": 8, "postgresql": 64}
_USED_AT = "used_at"
_TRUSTED_SEC = 5.0
"""A connection that was of use so lately is taken to be there still."""
_POOL_LOGGER = "sqlalchemy.pool.impl.AsyncAdaptedQueuePool"


def create_engine(url: URL, keyring: Keyring | None = None) -> AsyncEngine:
    """An engine on `settings.database`; without a keyring its encrypted columns refuse.

    An SQLite file that cannot be opened is a `SettingsError` here already. Statement parameters
    never show in errors or logs: some of them are secrets.
    """
    engine = _sqlite_engine(url) if url.get_backend_name() == "sqlite" else _postgres_engine(url)
    if keyring is not None:
        bind_keyring(engine, keyring)
    return engine


def create_sessions(engine: AsyncEngine) -> Sessions:
    """Sessions that may write. Loaded rows stay readable after the commit.

    On SQLite such a session holds the only write lock from its first statement to its commit:
    it must never wait for the network, nor for another writing session.
    """
    return async_sessionmaker(engine, expire_on_commit=False)


@asynccontextmanager
async def reading(sessions: Sessions) -> AsyncIterator[AsyncSession]:
    """A session that only reads.

    It opens no transaction, which saves two of three ways to the server, or the thread, and back:
    each statement sees what is committed. On SQLite it neither takes nor waits for the write lock.
    """
    async with sessions() as session:
        await session.connection(execution_options=_READING[session.get_bind().dialect.name])
        yield session


@asynccontextmanager
async def at_once(sessions: Sessions) -> AsyncIterator[AsyncSession]:
    """A session of which each statement stands by itself: PostgreSQL needs no transaction."""
    async with sessions.begin() as session:
        if session.get_bind().dialect.name == "postgresql":
            await session.connection(execution_options=_READING["postgresql"])
        yield session


def writers(engine: AsyncEngine) -> int:
    """How many at a time should want to write.

    SQLite lets one write, and the others ask again and again, in no order: of many that do, some
    ask in vain until they give up.
    """
    return _WRITERS[engine.dialect.name]


def hurry(engine: AsyncEngine) -> None:
    """From here on nobody waits long for SQLite's write lock: the process is about to end."""
    engine.update_execution_options(**{_IN_A_HURRY: True})


def insert_for(session: Session, table: type[DeclarativeBase]) -> Insert:
    """An INSERT that can say `on_conflict_…`, in the dialect of this session."""
    return insert_into(table, session.get_bind().dialect.name)


def insert_into(table: type[DeclarativeBase], dialect: str) -> Insert:
    """Both dialects spell it alike; SQLAlchemy gives each its own class all the same."""
    if dialect == "postgresql":
        return postgresql.insert(table)
    return cast("Insert", sqlite.insert(table))


def _postgres_engine(url: URL) -> AsyncEngine:
    engine = create_async_engine(
        url,
        hide_parameters=True,
        pool_size=10,
        max_overflow=10,
        # Proxies in front of hosted databases drop idle connections without a word.
        pool_recycle=1800,
    )
    event.listen(engine.sync_engine, "do_connect", _connect)
    event.listen(engine.sync_engine, "checkin", _note_use)
    event.listen(engine.sync_engine, "checkout", partial(_check_idle, engine.dialect))
    logging.getLogger(_POOL_LOGGER).addFilter(_is_news)
    return engine


def _is_news(record: logging.LogRecord) -> bool:
    """A connection whose other end is gone cannot be closed, and need not be."""
    return record.exc_info is None or not isinstance(record.exc_info[1], OSError)


def _connect(
    dialect: Dialect, _record: ConnectionPoolEntry, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> DBAPIConnection:
    """Connect, with every way of the network to say "not there" as one error of ours."""
    if "timeout" in kwargs:
        # A URL carries text, and asyncpg counts with it.
        kwargs["timeout"] = float(kwargs["timeout"])
    try:
        return dialect.connect(*args, **kwargs)
    except OSError as error:  # also TimeoutError, a name that does not resolve, a socket's file
        raise DatabaseAway(f"the database does not answer: {type(error).__name__}") from error


def _note_use(_connection: DBAPIConnection | None, record: ConnectionPoolEntry) -> None:
    record.info[_USED_AT] = time.monotonic()


def _check_idle(
    dialect: Dialect,
    connection: DBAPIConnection,
    record: ConnectionPoolEntry,
    _handed_out: PoolProxiedConnection,
) -> None:
    """Ask a connection that nobody used for a while whether its other end is still there.

    `pool_pre_ping` asks each time, which takes three ways to the server and back: more than most
    of what the connections are wanted for.
    """
    used_at = record.info.get(_USED_AT)
    if used_at is None or time.monotonic() - used_at < _TRUSTED_SEC:
        return
    try:
        dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error as error:
        # The pool drops this connection and tries another.
        raise DisconnectionError from error


def _sqlite_engine(url: URL) -> AsyncEngine:
    _make_private_file(Path(url.database or ""))
    engine = create_async_engine(url, hide_parameters=True, pool_size=5, max_overflow=0)
    event.listen(engine.sync_engine, "do_connect", _open_undisturbed)
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _make_private_file(path: Path) -> None:
    """SQLite gives its WAL files the mode of the database file, so this mode covers them."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise SettingsError(
            "DATABASE_URL", f"the file {path} cannot be used: {error.strerror}"
        ) from error


def _open_undisturbed(
    dialect: Dialect, _record: ConnectionPoolEntry, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> OneTripConnection:
    opened: Any = await_(_open_sqlite(*args, **kwargs))
    return OneTripConnection(dialect.loaded_dbapi, opened)


class _Connection(sqlite3.Connection):
    """Lets go of the write lock when it is closed, come what may.

    A statement that was cancelled before its rows were fetched keeps the transaction of a closed
    connection open, for as long as somebody remembers the statement.
    """

    def close(self) -> None:
        with suppress(sqlite3.Error):
            self.rollback()
        super().close()


async def _open_sqlite(*args: Any, **kwargs: Any) -> aiosqlite.Connection:
    """Open a file on the thread of its connection; whoever is cancelled meanwhile waits for it.

    Left alone, the thread keeps an open file that nobody has, and ends with a traceback if the
    event loop is closed before it can report.
    """
    connecting = aiosqlite.connect(*args, **kwargs, factory=_Connection)
    opening = asyncio.create_task(_opened(connecting))
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        await asyncio.wait({opening})
        if opening.exception() is None:
            await opening.result().close()
        raise


async def _opened(connection: aiosqlite.Connection) -> aiosqlite.Connection:
    # As SQLAlchemy does it: a connection that is left open must not keep the process alive.
    connection._thread.daemon = True
    return await connection


def _prepare_sqlite(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    # The driver's own transactions begin late, at the first write; `_begin_sqlite` takes over.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later fails at once (SQLITE_BUSY_SNAPSHOT, no
    # waiting helps) when another one committed in between. Taking the write lock at BEGIN
    # turns that into a wait of at most `busy_timeout`.
    options = connection.get_execution_options()
    if not options.get(_READ_ONLY, False):
        if options.get(_IN_A_HURRY, False):
            connection.exec_driver_sql(f"PRAGMA busy_timeout = {_HURRIED_MS}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
