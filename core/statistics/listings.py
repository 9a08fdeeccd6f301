"""What each listing of an account did: questions to what `listing_store` keeps.

Works in the caller's session. A read is about one period. A question about a period is answered
by the read about exactly these days, else by the reads about each of its days: people are unique
within a day at Avito, so days add up to what it says of the whole.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    Select,
    Subquery,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from core.database.models import Listing, ListingNumbers, ListingRead
from core.statistics.listing_store import ACTIVE
from core.statistics.store import Source, is_past
from core.statistics.sync import LIVE_AGE, SETTLING
from utils.periods import Period, end_of

PAGE_SIZE = 6
"""They stand under the picture of a report, in 1,024 characters."""
NAMED = 2
"""How many listings a report names of each kind: its text stands under a picture."""


class Order(StrEnum):
    CONTACTS = "contacts"
    SPENDING = "spending"
    VIEWS = "views"
    COST = "cost"
    """Of a contact: the dearest first."""


_METRICS = {
    Order.CONTACTS: "contacts",
    Order.SPENDING: "total_spending",
    Order.VIEWS: "views",
    Order.COST: "cpl",
}
"""The key of what an order goes by."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over days, listings or both. Money in kopecks. None: Avito withheld a part of it."""

    views: int | None
    contacts: int | None
    favorites: int | None
    spending: int | None

    @property
    def contact_cost(self) -> Fraction | None:
        """Kopecks; None where there is nothing to divide, or by."""
        if self.spending is None or not self.contacts:
            return None
        return Fraction(self.spending, self.contacts)


@dataclass(frozen=True, slots=True)
class ListingTotals:
    """One listing in a period, with how Avito described it last."""

    id: int
    totals: Totals
    title: str | None
    """None: Avito lists it no more, or has not been asked yet."""
    url: str | None
    price: int | None
    """Kopecks."""
    is_active: bool


@dataclass(frozen=True, slots=True)
class Highlights:
    """What a report says of the listings of its period."""

    best: Sequence[ListingTotals]
    """With most contacts, the best first; empty where many are equally good."""
    idle: Sequence[ListingTotals]
    """They cost money and brought nobody, the dearest first."""
    idle_count: int
    """Of them all."""
    idle_spending: int
    """Of them all, in kopecks."""


@dataclass(frozen=True, slots=True)
class ListingPage:
    rows: Sequence[ListingTotals]
    order: Order
    number: int
    """Counts from 0."""
    pages: int
    count: int
    """Of the listings on all pages."""
    totals: Totals
    source: Source
    read_at: datetime
    """The oldest read among those that it is made of."""

    @property
    def has_money(self) -> bool:
        return self.totals.spending is not None


class _Read(NamedTuple):
    """A row of `listing_reads`."""

    first_day: date
    last_day: date
    source: str
    read_at: datetime


class _Answer(NamedTuple):
    """The reads that answer a question."""

    is_whole: bool
    """One about exactly these days; else those about each of them."""
    asked: dict[str, Any]
    """The account and the days, as the statements name them."""
    source: Source
    read_at: datetime

    @property
    def is_money_known(self) -> bool:
        """Of the days that v1 told, it is not, even where a listing has no row."""
        return self.source is Source.V2


_ACCOUNT = bindparam("account", type_=BigInteger)
_FIRST, _LAST = bindparam("first_day", type_=Date), bindparam("last_day", type_=Date)
_WHOLE = and_(ListingRead.first_day == _FIRST, ListingRead.last_day == _LAST)
_BY_DAY = and_(
    ListingRead.first_day == ListingRead.last_day, ListingRead.first_day.between(_FIRST, _LAST)
)
_READS = select(
    ListingRead.first_day, ListingRead.last_day, ListingRead.source, ListingRead.read_at
).where(ListingRead.account == _ACCOUNT, or_(_WHOLE, _BY_DAY))
_ANY_READ = select(ListingRead.id).where(ListingRead.account == _ACCOUNT).limit(1)


def orders_among(shown: Collection[str]) -> list[Order]:
    """The orders that tell nothing but the metrics `shown`."""
    return [order for order, key in _METRICS.items() if key in shown]


def allowed(order: Order, shown: Collection[str]) -> Order:
    """This order if it tells nothing but the metrics `shown`, else the usual one of those left.

    Where none is left they go by views, which Avito tells everybody who opens a listing.
    """
    orders = orders_among(shown) or [Order.VIEWS]
    return order if order in orders else orders[0]


async def read_at(
    session: AsyncSession, account: int, period: Period, now: datetime
) -> datetime | None:
    """When the oldest read was made that answers for `period`, None when nothing does."""
    answer = await _answer(session, account, period, now)
    return None if answer is None else answer.read_at


async def highlights(
    session: AsyncSession, account: int, period: Period, now: datetime
) -> Highlights | None:
    """None when the listings have not been read about `period`, or there is just one."""
    answer = await _answer(session, account, period, now)
    if answer is None:
        return None
    count, most, worst = _highlights(answer.is_whole, answer.is_money_known)
    best = (await session.execute(most, answer.asked)).all()
    idle = (await session.execute(worst, answer.asked)).all()
    named = [*best, *idle]
    found = named[0].found if named else await session.scalar(count, answer.asked) or 0
    if found <= 1:
        return None
    return Highlights(
        best=_winners([_as_listing(row) for row in best]),
        idle=[_as_listing(row) for row in idle],
        idle_count=idle[0].idle_count if idle else 0,
        idle_spending=int(idle[0].idle_spending) if idle else 0,
    )


async def are_known(session: AsyncSession, account: int) -> bool:
    """Whether they were ever read: a night does, or whoever opens their screen."""
    return await session.scalar(_ANY_READ, {"account": account}) is not None


@cache
def _highlights(
    is_whole: bool, is_money_known: bool
) -> tuple[Select[int], Select[*tuple[Any, ...]], Select[*tuple[Any, ...]]]:
    """How many listings there are, the best and the idle ones.

    Every report asks, and to put these statements together takes longer than to carry them out.
    """
    totals = _totals(is_whole, is_money_known)
    best = _described(totals).where(totals.c.contacts > 0)
    # What was sold without a word beforehand has earned its money, too.
    idle = _described(
        totals,
        func.count().over().label("idle_count"),
        func.sum(totals.c.spending).over().label("idle_spending"),
    ).where(totals.c.contacts == 0, func.coalesce(totals.c.orders, 0) == 0, totals.c.spending > 0)
    return (
        select(func.count()).select_from(totals),
        best.order_by(*_by(Order.CONTACTS, totals)).limit(NAMED + 1),
        idle.order_by(*_by(Order.SPENDING, totals)).limit(NAMED),
    )


async def page(
    session: AsyncSession,
    account: int,
    period: Period,
    now: datetime,
    *,
    order: Order = Order.CONTACTS,
    number: int = 0,
    size: int = PAGE_SIZE,
    however_old: bool = False,
) -> ListingPage | None:
    """One page of the listings of `period`; a number out of range becomes the nearest page.

    None when they have not been read about it, or with numbers that have moved since, unless
    `however_old`.
    """
    answer = await _answer(session, account, period, now, however_old=however_old)
    if answer is None:
        return None
    totals = _totals(answer.is_whole, answer.is_money_known)
    sums = (await session.execute(_sums(totals), answer.asked)).one()
    has_money = sums.spending is not None
    if order in {Order.SPENDING, Order.COST} and not has_money:
        order = Order.CONTACTS
    pages = max(1, -(-sums.found // size))
    number = min(max(number, 0), pages - 1)
    query = _described(totals).order_by(*_by(order, totals))
    query = query.offset(number * size).limit(size)
    rows = await session.execute(query, answer.asked)
    return ListingPage(
        rows=[_as_listing(row) for row in rows],
        order=order,
        number=number,
        pages=pages,
        count=sums.found,
        totals=Totals(sums.views, sums.contacts, sums.favorites, sums.spending),
        source=answer.source,
        read_at=answer.read_at,
    )


async def _answer(
    session: AsyncSession,
    account: int,
    period: Period,
    now: datetime,
    *,
    however_old: bool = False,
) -> _Answer | None:
    asked = {"account": account, "first_day": period.first, "last_day": period.last}
    found = [_Read(*row) for row in await session.execute(_READS, asked)]
    reads = [read for read in found if however_old or _still_says(read, now)]
    chosen = [each for each in reads if Period(each.first_day, each.last_day) == period]
    is_whole = bool(chosen)
    if not is_whole:
        chosen = [each for each in reads if each.first_day == each.last_day]
        if len(chosen) < period.length:
            return None
    return _Answer(
        is_whole,
        asked,
        source=Source.V1 if any(each.source == Source.V1 for each in chosen) else Source.V2,
        read_at=min(each.read_at for each in chosen),
    )


def _still_says(read: _Read, now: datetime) -> bool:
    """Whether its numbers have come to rest, or are as young as those of a report."""
    if not is_past(read.read_at, now):
        return False
    settled_at = end_of(read.last_day) + SETTLING
    return read.read_at >= settled_at or now - read.read_at <= LIVE_AGE


def _totals(is_whole: bool, is_money_known: bool) -> Subquery:
    """What each listing did, over all of the days."""
    part = _WHOLE if is_whole else _BY_DAY
    reads = select(ListingRead.id).where(ListingRead.account == _ACCOUNT, part)
    unknown = literal(None, BigInteger)
    spending = _sum(ListingNumbers.spending_kopecks) if is_money_known else unknown
    return (
        select(
            ListingNumbers.listing_id.label("id"),
            _sum(ListingNumbers.views).label("views"),
            _sum(ListingNumbers.contacts).label("contacts"),
            _sum(ListingNumbers.favorites).label("favorites"),
            _sum(ListingNumbers.orders).label("orders"),
            spending.label("spending"),
            # Of the listings: each is one row here.
            func.count().over().label("found"),
        )
        .where(ListingNumbers.read_id.in_(reads))
        .group_by(ListingNumbers.listing_id)
        .subquery()
    )


def _sums(totals: Subquery) -> Select[*tuple[Any, ...]]:
    names = ("views", "contacts", "favorites", "spending")
    return select(
        func.count().label("found"), *(_sum(totals.c[name]).label(name) for name in names)
    )


def _sum(
    column: ColumnElement[int | None] | InstrumentedAttribute[int | None],
) -> ColumnElement[int | None]:
    """NULL as soon as one of its parts is: what is not known of a part is not known."""
    is_known = func.count(column) == func.count()
    # PostgreSQL adds 64-bit numbers up to a decimal.
    return case((is_known, cast(func.coalesce(func.sum(column), 0), BigInteger)))


def _described(totals: Subquery, *more: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    is_it = and_(Listing.account == _ACCOUNT, Listing.listing_id == totals.c.id)
    described = (Listing.title, Listing.url, Listing.price_kopecks, Listing.status)
    return select(*totals.c, *described, *more).select_from(totals).outerjoin(Listing, is_it)


def _by(order: Order, totals: Subquery) -> list[ColumnElement[Any]]:
    contacts, views, spending = totals.c.contacts, totals.c.views, totals.c.spending
    keys: dict[Order, list[ColumnElement[Any]]] = {
        # Of two that brought as much, the cheaper one did better. Of those that brought nobody,
        # the one that costs most wants a look first.
        Order.CONTACTS: [
            contacts.desc(),
            case((contacts > 0, spending)).asc(),
            spending.desc(),
            views.desc(),
        ],
        Order.SPENDING: [spending.desc(), contacts.asc(), views.desc()],
        Order.VIEWS: [views.desc(), contacts.desc()],
        # What has no contacts has no price of one: it comes last, the most expensive first.
        Order.COST: [case((contacts > 0, spending * 1.0 / contacts)).desc(), spending.desc()],
    }
    return [*(key.nulls_last() for key in keys[order]), totals.c.id]


def _as_listing(row: Any) -> ListingTotals:
    return ListingTotals(
        id=row.id,
        totals=Totals(row.views, row.contacts, row.favorites, row.spending),
        title=row.title,
        url=row.url,
        price=row.price_kopecks,
        is_active=row.status == ACTIVE,
    )


def _winners(best: Sequence[ListingTotals]) -> Sequence[ListingTotals]:
    """The first few of `best`, if not all are as good as the first that is left out."""
    is_tie = len(best) > NAMED and best[0].totals.contacts == best[NAMED].totals.contacts
    return [] if is_tie else best[:NAMED]
