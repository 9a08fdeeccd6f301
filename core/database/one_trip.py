"""SQLite's statements, each as one trip to the thread of its connection.

SQLAlchemy goes there for a cursor, for the statement, for its rows and to close the cursor, and
once more to roll back what nobody began. A trip wakes two threads, which costs more than most of
our statements do.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_cursor,
)

Rows = Sequence[tuple[Any, ...]]
T = TypeVar("T")


class _Cursor(AsyncAdapt_aiosqlite_cursor):
    """The rows come with the statement. What streams them has a cursor of another class."""

    __slots__ = ()

    _adapt_connection: OneTripConnection
    _cursor: Any
    """The driver's own, once there is one: of a statement that is done."""

    def _make_new_cursor(self, connection: Any) -> Any:
        """None yet: it is made where it is used."""

    def _aenter_cursor(self, cursor: Any) -> Any:
        return cursor

    async def _execute_async(self, operation: Any, parameters: Any) -> None:
        await self._carry_out(sqlite3.Cursor.execute, operation, parameters or ())

    async def _executemany_async(self, operation: Any, seq_of_parameters: Any) -> None:
        await self._carry_out(sqlite3.Cursor.executemany, operation, seq_of_parameters)

    async def _carry_out(self, execute: Callable[..., object], *what: Any) -> None:
        def there() -> tuple[sqlite3.Cursor, Rows]:
            cursor = self._connection._conn.cursor()
            execute(cursor, *what)
            return cursor, cursor.fetchall() if cursor.description else ()

        self._cursor, rows = await self._adapt_connection.trip(there)
        self._rows = deque(rows)

    async def _async_soft_close(self) -> None:
        """Nothing is left to be closed there."""

    def close(self) -> None:
        self._rows.clear()


class OneTripConnection(AsyncAdapt_aiosqlite_connection):
    __slots__ = ("_is_on_trip",)

    _cursor_cls = _Cursor

    def __init__(self, dbapi: Any, connection: Any) -> None:
        super().__init__(dbapi, connection)
        self._is_on_trip = False

    async def trip(self, there: Callable[[], T]) -> T:
        async with self._execute_mutex:
            # Whoever is cancelled leaves it so: what he wanted is done there all the same.
            self._is_on_trip = True
            brought: T = await self._connection._execute(there)
            self._is_on_trip = False
        return brought

    def rollback(self) -> None:
        is_open = self._connection._connection is not None
        if is_open and (self._is_on_trip or self._connection.in_transaction):
            super().rollback()
            self._is_on_trip = False
