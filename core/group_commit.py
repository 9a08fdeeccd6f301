"""Group commit: what many want written at the same moment goes into one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from core.database.health import is_unreachable
from core.database.session import Sessions
from core.logs import get_logger

log = get_logger(__name__)

LINGER_SEC = 0.002
"""How long the first of a group waits for company."""
FIRST_PAUSE_SEC, LONGEST_PAUSE_SEC = 0.05, 1.0

Write = TypeVar("Write")
Outcome = TypeVar("Outcome")


class GroupCommit(Generic[Write, Outcome]):
    """Each caller awaits the outcome of his own write, which is committed by then.

    `apply` gets the writes of a group, and returns their outcomes in the same order. It may get
    one again whose first commit succeeded without anybody learning of it: it has to tell such a
    write by what it finds in the database. A database that is away is waited for.
    """

    def __init__(
        self,
        sessions: Sessions,
        apply: Callable[[AsyncSession, Sequence[Write]], Awaitable[Sequence[Outcome]]],
    ) -> None:
        self._sessions = sessions
        self._apply = apply
        self._waiting: list[tuple[Write, asyncio.Future[Outcome]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def submit(self, write: Write) -> Outcome:
        """A caller who is cancelled meanwhile only misses the answer; the write is made."""
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append((write, answer))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all(), name="group-commit")
        return await answer

    async def close(self, patience_sec: float) -> None:
        """Write what still waits, or leave it when the database is not there in time."""
        if self._writing is None:
            return
        await asyncio.wait({self._writing}, timeout=patience_sec)
        self._writing.cancel()
        await asyncio.gather(self._writing, return_exceptions=True)
        for _, answer in self._waiting:
            answer.cancel()

    async def _write_all(self) -> None:
        while self._waiting:
            await asyncio.sleep(LINGER_SEC)
            group, self._waiting = self._waiting, []
            await self._write(group)

    async def _write(self, group: list[tuple[Write, asyncio.Future[Outcome]]]) -> None:
        try:
            outcomes = await self._insist([write for write, _ in group])
        except Exception as error:
            if len(group) == 1:
                _answer(group[0][1], error)
                return
            # One that cannot be written must not take the others with it.
            for each in group:
                await self._write([each])
            return
        except asyncio.CancelledError:
            for _, answer in group:
                answer.cancel()
            raise
        for (_, answer), outcome in zip(group, outcomes, strict=True):
            if not answer.cancelled():
                answer.set_result(outcome)

    async def _insist(self, writes: list[Write]) -> Sequence[Outcome]:
        pause = FIRST_PAUSE_SEC
        while True:
            try:
                async with self._sessions.begin() as session:
                    return await self._apply(session, writes)
            except Exception as error:
                if not (is_unreachable(error) or is_beaten(error)):
                    raise
                log.warning("group_commit_repeated", size=len(writes), why=type(error).__name__)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SEC)


def _answer(answer: asyncio.Future[Outcome], error: Exception) -> None:
    if not answer.cancelled():
        answer.set_exception(error)


def is_beaten(error: BaseException) -> bool:
    """PostgreSQL broke a deadlock, or a serialization conflict, at our expense."""
    sqlstate = getattr(getattr(error, "orig", None), "sqlstate", None)
    return isinstance(error, DBAPIError) and str(sqlstate).startswith("40")
