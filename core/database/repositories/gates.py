"""Avito's rate gates, kept in the database: one for all buttons, jobs and processes."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.database.models import AvitoGate
from core.database.session import Sessions, insert_for, reading
from core.errors import RateLimited
from core.ports import Clock

LONGEST_HOLD = timedelta(hours=1)
"""Avito is not waited for longer, whatever its `Retry-After` says."""


class DatabaseRateGate:
    """`core.ports.RateGate` over `avito_gates`, each step a short transaction of its own.

    A caller must not hold a writing session meanwhile: on SQLite the two would wait for each
    other until the busy timeout.
    """

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock

    async def enter(self, account: int, method: str, *, interval_seconds: float) -> None:
        if interval_seconds:
            await self._take(account, method, timedelta(seconds=interval_seconds))
        else:
            await self._look(account, method)

    async def _take(self, account: int, method: str, interval: timedelta) -> None:
        now = self._clock.now()
        opens_at = now + interval
        async with self._sessions.begin() as session:
            # One statement decides: of two that come at once, the second finds the row moved.
            is_open = (AvitoGate.opens_at <= now) | _is_of_another_clock(now)
            if await _move(session, account, method, opens_at, when=is_open):
                return
            taken_until = await _opens_at(session, account, method)
        # Only a deleted row gives None: then the gate opens as if we had just taken it.
        raise RateLimited(method, retry_at=taken_until or opens_at)

    async def _look(self, account: int, method: str) -> None:
        """Without an interval there is no place to take: it is open, or was shut by a 429."""
        now = self._clock.now()
        async with reading(self._sessions) as session:
            opens_at = await _opens_at(session, account, method)
        if opens_at is not None and now < opens_at <= now + LONGEST_HOLD:
            raise RateLimited(method, retry_at=opens_at)

    async def hold(self, account: int, method: str, *, seconds: float) -> None:
        now = self._clock.now()
        opens_at = now + timedelta(seconds=seconds)
        async with self._sessions.begin() as session:
            opens_earlier = (AvitoGate.opens_at < opens_at) | _is_of_another_clock(now)
            await _move(session, account, method, opens_at, when=opens_earlier)


async def _opens_at(session: AsyncSession, account: int, method: str) -> datetime | None:
    return await session.scalar(
        select(AvitoGate.opens_at).where(AvitoGate.account == account, AvitoGate.method == method)
    )


def _is_of_another_clock(now: datetime) -> ColumnElement[bool]:
    """Nothing is held so long: the clock of the machine was set back since."""
    return AvitoGate.opens_at > now + LONGEST_HOLD


async def _move(
    session: AsyncSession,
    account: int,
    method: str,
    opens_at: datetime,
    *,
    when: ColumnElement[bool],
) -> bool:
    """Set the instant the gate opens if it is new or `when` holds; says whether it was set."""
    statement = insert_for(session, AvitoGate).values(
        account=account, method=method, opens_at=opens_at
    )
    moved = await session.scalar(
        statement.on_conflict_do_update(
            index_elements=[AvitoGate.account, AvitoGate.method],
            set_={"opens_at": statement.excluded.opens_at},
            where=when,
        ).returning(AvitoGate.account)
    )
    return moved is not None
