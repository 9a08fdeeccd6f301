"""What is kept of an account's listings. Works in the caller's session and never commits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import TypeVar

from sqlalchemy import and_, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.avito.listings import Listed
from core.avito.stats import ListingMetrics
from core.database.models import Listing, ListingNumbers, ListingRead
from core.database.session import insert_for
from core.statistics.store import Source, is_past
from utils.periods import Period, end_of, moscow_day, one_day

ACTIVE = "active"

DAYS_KEPT = timedelta(days=400)
"""The numbers of single days: the same month of last year among them."""
PERIODS_KEPT = timedelta(days=2)
"""Those of several days together, which every night reads anew."""

_CHUNK = 1_000
_OTHER_RESULTS = ("orderedItems", "bookingPlacedCount", "jobContacts")
T = TypeVar("T")


async def save(
    session: AsyncSession,
    account: int,
    period: Period,
    numbers: ListingMetrics,
    source: Source,
    now: datetime,
) -> None:
    """Keep what all listings did in `period`, instead of what an earlier read said of it."""
    row = {
        "account": account,
        "first_day": period.first,
        "last_day": period.last,
        "source": source,
        "read_at": now,
    }
    keys = ["account", "first_day", "last_day"]
    read_id = await session.scalar(
        insert_for(session, ListingRead)
        .values(row)
        .on_conflict_do_update(index_elements=keys, set_={"source": source, "read_at": now})
        .returning(ListingRead.id)
    )
    await session.execute(delete(ListingNumbers).where(ListingNumbers.read_id == read_id))
    rows = ({"read_id": read_id, **_columns(each, told)} for each, told in numbers.items())
    for chunk in _chunks(rows):
        await session.execute(insert(ListingNumbers), chunk)


async def told_whole(
    session: AsyncSession, account: int, period: Period, now: datetime
) -> set[Period]:
    """The single days of `period` that v2 told after their end."""
    found = await session.scalars(
        select(ListingRead).where(
            ListingRead.account == account,
            ListingRead.first_day == ListingRead.last_day,
            ListingRead.first_day.between(period.first, period.last),
            ListingRead.source == Source.V2,
        )
    )
    return {
        one_day(read.last_day)
        for read in found
        if end_of(read.last_day) <= read.read_at and is_past(read.read_at, now)
    }


async def describe(
    session: AsyncSession, account: int, listed: Iterable[Listed], now: datetime
) -> None:
    """Keep how Avito describes these listings."""
    rows = (
        {
            "account": account,
            "listing_id": one.id,
            "title": one.title,
            "price_kopecks": one.price,
            "status": one.status,
            "url": one.url,
            "read_at": now,
        }
        for one in listed
    )
    for chunk in _chunks(rows):
        statement = insert_for(session, Listing)
        await session.execute(
            statement.on_conflict_do_update(
                index_elements=["account", "listing_id"],
                set_={name: statement.excluded[name] for name in list(chunk[0])[2:]},
            ),
            chunk,
        )


async def end_others(session: AsyncSession, account: int, read_at: datetime) -> None:
    """The active listings have all been described just then: whatever else was active is not."""
    await session.execute(
        update(Listing)
        .where(Listing.account == account, Listing.status == ACTIVE, Listing.read_at != read_at)
        .values(status=None)
    )


async def is_any_active(
    session: AsyncSession, account: int, since: datetime, now: datetime
) -> bool:
    """Whether active listings were described since then."""
    described = Listing.read_at.between(since, now)
    found = await session.scalar(
        select(Listing.listing_id)
        .where(Listing.account == account, Listing.status == ACTIVE, described)
        .limit(1)
    )
    return found is not None


async def undescribed(session: AsyncSession, account: int, period: Period) -> set[int]:
    """The ids of listings that were told of within `period`, but never described."""
    is_it = and_(Listing.account == account, Listing.listing_id == ListingNumbers.listing_id)
    found = await session.scalars(
        select(ListingNumbers.listing_id)
        .join(ListingRead, ListingRead.id == ListingNumbers.read_id)
        .outerjoin(Listing, is_it)
        .where(
            ListingRead.account == account,
            ListingRead.first_day >= period.first,
            ListingRead.last_day <= period.last,
            Listing.listing_id.is_(None),
        )
        .distinct()
    )
    return set(found)


async def purge(session: AsyncSession, now: datetime) -> None:
    """Drop what nothing is made of any more."""
    is_day = ListingRead.first_day == ListingRead.last_day
    oldest_day = moscow_day(now - DAYS_KEPT)
    await session.execute(
        delete(ListingRead).where(
            or_(
                and_(is_day, ListingRead.first_day < oldest_day),
                and_(~is_day, ListingRead.read_at < now - PERIODS_KEPT),
            )
        )
    )
    await session.execute(delete(Listing).where(Listing.read_at < now - DAYS_KEPT))


def _columns(listing_id: int, told: Mapping[str, int]) -> dict[str, int | None]:
    others = [told[slug] for slug in _OTHER_RESULTS if slug in told]
    return {
        "listing_id": listing_id,
        "views": told.get("views"),
        "contacts": told.get("contacts"),
        "favorites": told.get("favorites"),
        "orders": sum(others) if others else None,
        "spending_kopecks": told.get("spending"),
    }


def _chunks(rows: Iterator[T]) -> Iterator[list[T]]:
    while chunk := list(islice(rows, _CHUNK)):
        yield chunk
