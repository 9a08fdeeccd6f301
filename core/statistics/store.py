"""Our own history of Avito's numbers. Works in the caller's session and never commits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple, cast

from sqlalchemy import BigInteger, Date, Table, bindparam, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.database.models import (
    AccountSync,
    AvitoProfile,
    DailyCalls,
    DailyStats,
    Listing,
    ListingRead,
    WalletSnapshot,
)
from core.database.session import insert_for
from core.database.types import UtcDateTime
from utils.analytics import Wallet
from utils.periods import Period, end_of

SAME_READ = timedelta(hours=1)
"""Wallet and advance are read by two calls; within this time they make one picture."""

OF_LATE = timedelta(days=7)
"""An account that had an advance within this time is one that pays in advance."""
ABOUT = timedelta(hours=6)
"""How far from an instant a snapshot still tells what the wallet held then."""


CLOCK_SLACK = timedelta(minutes=5)
"""By so much a clock may be set back without anything being read anew."""


class Source(StrEnum):
    V2 = "v2"
    V1 = "v1"
    """By listing: views, contacts and favorites of what is active now; no money."""


@dataclass(frozen=True, slots=True)
class DayNumbers:
    """One Moscow day as last read. Empty metrics: Avito was asked and reported nothing."""

    metrics: Mapping[str, int]
    """Avito's slug -> count or kopecks; a withheld slug is absent."""
    source: Source
    read_at: datetime


@dataclass(frozen=True, slots=True)
class DayCalls:
    """The calls of one Moscow day as last told, and when Avito was last asked for them."""

    metrics: Mapping[str, int]
    read_at: datetime


@dataclass(frozen=True, slots=True)
class Reading:
    """What one question about `period` was answered with."""

    period: Period
    days: Mapping[date, Mapping[str, int]]
    source: Source
    read_at: datetime


class _Snapshot(NamedTuple):
    """A row of `wallet_snapshots`."""

    taken_at: datetime
    real: int | None
    bonus: int | None
    advance: int | None


# What every report asks is put together once, and of the tables themselves: to build a statement,
# or rows of a model, takes longer than to carry it out.
_STATS, _DAY_CALLS = DailyStats.__table__.c, DailyCalls.__table__.c
_WALLETS = cast("Table", WalletSnapshot.__table__)
_ACCOUNT = bindparam("account", type_=BigInteger)
_FIRST, _LAST = bindparam("first_day", type_=Date), bindparam("last_day", type_=Date)
_SINCE, _UNTIL = bindparam("since", type_=UtcDateTime), bindparam("until", type_=UtcDateTime)
_STATE = select(AccountSync).where(AccountSync.avito_user_id == _ACCOUNT)
_DAYS = (
    select(_STATS.day, _STATS.metrics, _STATS.source, _STATS.fetched_at)
    .where(_STATS.avito_user_id == _ACCOUNT, _STATS.day.between(_FIRST, _LAST))
    .order_by(_STATS.day)
)
_CALLS = select(_DAY_CALLS.day, _DAY_CALLS.metrics, _DAY_CALLS.fetched_at).where(
    _DAY_CALLS.avito_user_id == _ACCOUNT, _DAY_CALLS.day.between(_FIRST, _LAST)
)
_SNAPSHOTS = select(
    _WALLETS.c.taken_at,
    _WALLETS.c.real_kopecks,
    _WALLETS.c.bonus_kopecks,
    _WALLETS.c.advance_kopecks,
).where(_WALLETS.c.avito_user_id == _ACCOUNT)
_NEWEST = (
    _SNAPSHOTS.where(_WALLETS.c.taken_at <= _UNTIL).order_by(_WALLETS.c.taken_at.desc()).limit(1)
)
_NEAR = _SNAPSHOTS.where(_WALLETS.c.taken_at.between(_SINCE, _UNTIL))
_LAST_ADVANCE = (
    select(_WALLETS.c.advance_kopecks)
    .where(
        _WALLETS.c.avito_user_id == _ACCOUNT,
        _WALLETS.c.taken_at.between(_SINCE, _UNTIL),
        _WALLETS.c.advance_kopecks.is_not(None),
    )
    .order_by(_WALLETS.c.taken_at.desc())
    .limit(1)
)
_NEW_SNAPSHOT = insert(_WALLETS)
_USER_OF = (
    select(AvitoProfile.id)
    .where(AvitoProfile.user_id == _ACCOUNT)
    .limit(1)
    .with_for_update(read=True, key_share=True)
)


def is_past(read_at: datetime, now: datetime) -> bool:
    """A read that lies ahead was dated by a clock that was wrong: it proves nothing, and what it
    brought counts as never read.
    """
    return read_at <= now + CLOCK_SLACK


def is_young(read_at: datetime | None, max_age: timedelta, now: datetime) -> bool:
    return read_at is not None and is_past(read_at, now) and now - read_at <= max_age


async def days(
    session: AsyncSession, account: int, period: Period, now: datetime
) -> dict[date, DayNumbers]:
    """What is stored about the days of `period`; a day that was never read is absent."""
    rows = await session.execute(_DAYS, _asked(account, period))
    return {
        day: DayNumbers(told, Source(source), read_at)
        for day, told, source, read_at in rows
        if is_past(read_at, now)
    }


def _asked(account: int, period: Period) -> dict[str, Any]:
    return {"account": account, "first_day": period.first, "last_day": period.last}


def cut_days(days: Mapping[date, DayNumbers], period: Period) -> list[date]:
    """The days of `period` that were last read before their end, today among them."""
    return [day for day, told in days.items() if day in period and told.read_at < end_of(day)]


async def state(session: AsyncSession, account: int) -> AccountSync | None:
    return await session.scalar(_STATE, {"account": account})


async def save(session: AsyncSession, account: int, reading: Reading) -> None:
    """Keep what a reading tells, and that it was made."""
    known = await days(session, account, reading.period, reading.read_at)
    rows = [
        {
            "avito_user_id": account,
            "day": day,
            "metrics": dict(reading.days.get(day, {})),
            "source": reading.source,
            "fetched_at": reading.read_at,
        }
        for day in reading.period
        if not _outweighs(known.get(day), day, reading)
    ]
    if rows:
        await _upsert(session, DailyStats, rows)
    await _note_read(session, account, reading)


def _outweighs(stored: DayNumbers | None, day: date, reading: Reading) -> bool:
    """Whether what we hold about `day` is worth more than what the reading says."""
    if stored is None or not stored.metrics:
        return False
    if day not in reading.days:
        return True
    # v1 knows no money: it must not wipe out a day that v2 told whole before it was refused.
    whole = stored.source is Source.V2 and stored.read_at >= end_of(day)
    return whole and reading.source is Source.V1


async def _note_read(session: AsyncSession, account: int, reading: Reading) -> None:
    first, last = reading.period.first, reading.period.last
    before = await state(session, account)
    if before is not None:
        first = min(first, before.first_day or first)
        if before.stats_read_at and is_past(before.stats_read_at, reading.read_at):
            last = max(last, before.last_day or last)
    row = {
        "avito_user_id": account,
        "stats_read_at": reading.read_at,
        "first_day": first,
        "last_day": last,
        "failure": None,
        "failed_at": None,
    }
    await _upsert(session, AccountSync, [row])


async def note_failure(
    session: AsyncSession, account: int, failure: Exception, now: datetime
) -> None:
    """Keep why the last read failed; the numbers stay as they are."""
    row = {"avito_user_id": account, "failure": type(failure).__name__, "failed_at": now}
    await _upsert(session, AccountSync, [row])


async def note_calls_refused(
    session: AsyncSession, account: int, refusal: Exception, now: datetime
) -> None:
    """Keep why Avito does not tell the calls of this account."""
    row = {
        "avito_user_id": account,
        "calls_refusal": type(refusal).__name__,
        "calls_refused_at": now,
    }
    await _upsert(session, AccountSync, [row])


async def _upsert(
    session: AsyncSession,
    table: type[DailyStats | DailyCalls | AccountSync],
    rows: list[dict[str, Any]],
) -> None:
    """Insert `rows`, or set what they name in the rows that are there."""
    keys = [column.name for column in table.__mapper__.primary_key]
    statement = insert_for(session, table)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=keys,
            set_={name: statement.excluded[name] for name in rows[0] if name not in keys},
        ),
        rows,
    )


async def calls(
    session: AsyncSession, account: int, period: Period, now: datetime
) -> dict[date, DayCalls]:
    """What is stored about the calls of `period`; a day that was never asked for is absent."""
    rows = await session.execute(_CALLS, _asked(account, period))
    return {day: DayCalls(told, read_at) for day, told, read_at in rows if is_past(read_at, now)}


async def save_calls(
    session: AsyncSession,
    account: int,
    period: Period,
    days: Mapping[date, Mapping[str, int]],
    read_at: datetime,
) -> None:
    """Keep what Avito told of the calls of `period`; a day it leaves out keeps what it had."""
    known = await calls(session, account, period, read_at)
    rows = [
        {
            "avito_user_id": account,
            "day": day,
            "metrics": dict(days.get(day) or (known[day].metrics if day in known else {})),
            "fetched_at": read_at,
        }
        for day in period
    ]
    await _upsert(session, DailyCalls, rows)


async def save_wallet(session: AsyncSession, account: int, wallet: Wallet) -> None:
    row = {
        "avito_user_id": account,
        "taken_at": wallet.taken_at,
        "real_kopecks": wallet.real,
        "bonus_kopecks": wallet.bonus,
        "advance_kopecks": wallet.advance,
    }
    await session.execute(_NEW_SNAPSHOT, row)


async def wallet_read_at(session: AsyncSession, account: int, now: datetime) -> datetime | None:
    newest = await _newest(session, account, now)
    return None if newest is None else newest.taken_at


async def latest_wallet(session: AsyncSession, account: int, now: datetime) -> Wallet | None:
    """The newest picture of the wallet, None when there is none yet."""
    newest = await _newest(session, account, now)
    if newest is None:
        return None
    near = [newest]
    if newest.real is None or newest.advance is None:
        near = await _snapshots(session, account, newest.taken_at - SAME_READ, newest.taken_at)
    wallet = _picture(near, newest.taken_at)
    if wallet is None or wallet.advance is not None:
        return wallet
    since = {"account": account, "since": wallet.taken_at - OF_LATE, "until": wallet.taken_at}
    last = await session.scalar(_LAST_ADVANCE, since)
    return replace(wallet, had_advance=last is not None and last > 0)


async def wallet_about(session: AsyncSession, account: int, instant: datetime) -> Wallet | None:
    """What the wallet held around `instant`, None when no snapshot is near enough to it."""
    near = await _snapshots(session, account, instant - ABOUT, instant + ABOUT)
    return _picture(near, instant)


async def _newest(session: AsyncSession, account: int, now: datetime) -> _Snapshot | None:
    asked = {"account": account, "until": now + CLOCK_SLACK}
    row = (await session.execute(_NEWEST, asked)).first()
    return None if row is None else _Snapshot(*row)


async def _snapshots(
    session: AsyncSession, account: int, since: datetime, until: datetime
) -> list[_Snapshot]:
    asked = {"account": account, "since": since, "until": until}
    return [_Snapshot(*row) for row in await session.execute(_NEAR, asked)]


def _picture(snapshots: Iterable[_Snapshot], instant: datetime) -> Wallet | None:
    """The values known nearest to `instant`, each from its own snapshot."""
    nearest = sorted(snapshots, key=lambda snapshot: abs(snapshot.taken_at - instant))
    if not nearest:
        return None
    wallet = next((one for one in nearest if one.real is not None), None)
    advance = next((one for one in nearest if one.advance is not None), None)
    return Wallet(
        taken_at=nearest[0].taken_at,
        real=wallet.real if wallet else None,
        bonus=wallet.bonus if wallet else None,
        advance=advance.advance if advance else None,
        advance_at=advance.taken_at if advance else None,
    )


async def in_use(session: AsyncSession, account: int) -> bool:
    """Whether a profile reads this account. It cannot be deleted until the session is done."""
    return await session.scalar(_USER_OF, {"account": account}) is not None


async def delete_unused(session: AsyncSession, account: int) -> bool:
    """Forget an account's numbers unless a profile, of whatever owner, still reads them.

    The gates stay: whoever connects the account again has to respect Avito's minute too.
    """
    if await in_use(session, account):
        return False
    for table in (DailyStats, DailyCalls, WalletSnapshot, AccountSync):
        await session.execute(delete(table).where(table.avito_user_id == account))
    # With a read go the numbers that it brought.
    await session.execute(delete(ListingRead).where(ListingRead.account == account))
    await session.execute(delete(Listing).where(Listing.account == account))
    return True
