"""Avito's rate gates, kept in the database: one for all buttons, jobs and processes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import ColumnElement, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningInsert

from core.database.models import AvitoGate
from core.database.session import Sessions, at_once, insert_into, reading
from core.errors import RateLimited
from core.ports import Clock

LONGEST_HOLD = timedelta(hours=1)
"""Avito is not waited for longer, whatever its `Retry-After` says."""
NEVER_HELD = LONGEST_HOLD + timedelta(minutes=1)
"""A gate shut for longer was shut by another clock. The minute is for who has looked at the clock
and waits for the database while another holds the gate."""


class DatabaseRateGate:
    """`core.ports.RateGate` over `avito_gates`, each statement by itself.

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
        async with at_once(self._sessions) as session:
            if await _move(session, account, method, opens_at, now, _is_open):
                return
            taken_until = await _opens_at(session, account, method)
        # Only a deleted row gives None: then the gate opens as if we had just taken it.
        raise RateLimited(method, retry_at=taken_until or opens_at)

    async def _look(self, account: int, method: str) -> None:
        """Without an interval there is no place to take: it is open, or was shut by a 429."""
        now = self._clock.now()
        async with reading(self._sessions) as session:
            opens_at = await shut_until(session, account, method, now)
        if opens_at is not None:
            raise RateLimited(method, retry_at=opens_at)

    async def hold(self, account: int, method: str, *, seconds: float) -> None:
        now = self._clock.now()
        opens_at = now + timedelta(seconds=seconds)
        async with at_once(self._sessions) as session:
            await _move(session, account, method, opens_at, now, _opens_earlier)


Condition = Callable[[], ColumnElement[bool]]


def _is_open() -> ColumnElement[bool]:
    return AvitoGate.opens_at <= bindparam("now")


def _opens_earlier() -> ColumnElement[bool]:
    return AvitoGate.opens_at < bindparam("opens_at")


@cache
def _moving(dialect: str, when: Condition) -> ReturningInsert[tuple[int]]:
    """Set the instant the gate opens if it is new or `when` holds; tells whether it was set.

    One statement decides: of two that come at once, the second finds the row moved. It is built
    once, since a call to Avito costs two or three of them and building takes longest.
    """
    new = insert_into(AvitoGate, dialect).values(
        account=bindparam("account"), method=bindparam("method"), opens_at=bindparam("opens_at")
    )
    # Nothing is held so long: the clock of the machine was set back since.
    is_of_another_clock = AvitoGate.opens_at > bindparam("never_held")
    return new.on_conflict_do_update(
        index_elements=[AvitoGate.account, AvitoGate.method],
        set_={"opens_at": new.excluded.opens_at},
        where=when() | is_of_another_clock,
    ).returning(AvitoGate.account)


_OPENS_AT = select(AvitoGate.opens_at).where(
    AvitoGate.account == bindparam("account"), AvitoGate.method == bindparam("method")
)


async def shut_until(
    session: AsyncSession, account: int, method: str, now: datetime
) -> datetime | None:
    """When this gate opens; None where it is open."""
    opens_at = await _opens_at(session, account, method)
    return opens_at if opens_at is not None and now < opens_at <= now + NEVER_HELD else None


async def _opens_at(session: AsyncSession, account: int, method: str) -> datetime | None:
    return await session.scalar(_OPENS_AT, {"account": account, "method": method})


async def _move(
    session: AsyncSession,
    account: int,
    method: str,
    opens_at: datetime,
    now: datetime,
    when: Condition,
) -> bool:
    moved = await session.scalar(
        _moving(session.get_bind().dialect.name, when),
        {
            "account": account,
            "method": method,
            "opens_at": opens_at,
            "now": now,
            "never_held": now + NEVER_HELD,
        },
    )
    return moved is not None
