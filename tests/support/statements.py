"""The statements of the tests: to look at, and compiled once for all tests of a process.

A fifth of what a story costs is the compiling of a hundred statements. SQLAlchemy keeps them by
engine and by the very dialect object; here those count as one that would compile the same, with
the same keyring, since the columns that encrypt find it there (core/database/types.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.dialects.sqlite.aiosqlite import SQLiteDialect_aiosqlite
from sqlalchemy.ext.asyncio import AsyncEngine

_COMPILED: dict[Any, Any] = {}


def share_statements() -> None:
    for dialect in (SQLiteDialect_aiosqlite, PGDialect_asyncpg):
        dialect.__eq__ = _is_alike  # type: ignore[method-assign]
        dialect.__hash__ = _hash  # type: ignore[method-assign]
    event.listen(Engine, "engine_connect", _share)


def _is_alike(one: object, other: object) -> bool:
    return type(one) is type(other) and _keyring(one) is _keyring(other)


def _keyring(dialect: object) -> object:
    return getattr(dialect, "secret_keyring", None)


def _hash(self: object) -> int:
    return hash(type(self))


def _share(connection: Connection) -> None:
    connection.execution_options(compiled_cache=_COMPILED)


@contextmanager
def statements_on(engine: AsyncEngine) -> Iterator[list[tuple[str, Any]]]:
    """What is executed meanwhile, with its parameters."""
    executed: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if not statement.startswith("BEGIN"):
            executed.append((statement, values))

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        yield executed
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", note)
