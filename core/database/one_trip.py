"""SQLite's statements, each as one trip to the thread of its connection.

SQLAlchemy goes there for a cursor, for the statement, for its rows and to close the cursor. A trip
wakes two threads, which costs more than most of our statements do.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_cursor,
)

Rows = Sequence[tuple[Any, ...]]


class _Cursor(AsyncAdapt_aiosqlite_cursor):
    """The rows come with the statement. What streams them has a cursor of another class."""

    __slots__ = ()

    _cursor: Any
    """The driver's own, once there is one: of a statement that is done."""

    def _make_new_cursor(self, connection: Any) -> Any:
        """None yet: it is made where it is used."""

    def _aenter_cursor(self, cursor: Any) -> Any:
        return cursor

    async def _execute_async(self, operation: Any, parameters: Any) -> None:
        await self._there(sqlite3.Cursor.execute, operation, parameters or ())

    async def _executemany_async(self, operation: Any, seq_of_parameters: Any) -> None:
        await self._there(sqlite3.Cursor.executemany, operation, seq_of_parameters)

    async def _there(self, execute: Callable[..., object], *what: Any) -> None:
        connection = self._adapt_connection._connection

        def carry_out() -> tuple[sqlite3.Cursor, Rows]:
            cursor = connection._conn.cursor()
            execute(cursor, *what)
            return cursor, cursor.fetchall() if cursor.description else ()

        async with self._adapt_connection._execute_mutex:
            self._cursor, rows = await connection._execute(carry_out)
        self._rows = deque(rows)

    async def _async_soft_close(self) -> None:
        """Nothing is left to be closed there."""

    def close(self) -> None:
        self._rows.clear()


class OneTripConnection(AsyncAdapt_aiosqlite_connection):
    __slots__ = ()

    _cursor_cls = _Cursor
