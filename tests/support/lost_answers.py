"""A database whose answer to one commit gets lost on the way."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine


@contextmanager
def lost_commit_answer(engine: AsyncEngine, after: int = 0) -> Iterator[None]:
    """A commit, `after` others, works, and whoever asked for it is told that it did not.

    Fails the test when no commit came that far.
    """
    dialect = engine.sync_engine.dialect
    commit, left = dialect.do_commit, after

    def commit_and_lose(connection: DBAPIConnection) -> None:
        nonlocal left
        commit(connection)  # type: ignore[arg-type]
        left -= 1
        if left == -1:
            raise _no_answer(engine)

    with patch.object(dialect, "do_commit", commit_and_lose):
        yield
    assert left < 0, "nothing was committed"


def _no_answer(engine: AsyncEngine) -> Exception:
    """As the driver tells it."""
    if engine.dialect.name == "sqlite":
        return sqlite3.OperationalError("database is locked")
    return ConnectionResetError("connection lost")
