"""The statistics methods: what they are asked, and how their rows are read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, MutableMapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from core.avito.schemas import ItemDay, ItemStats, MetricValue, StatsRow, StatsRows
from core.logs import get_logger
from utils.periods import Period

log = get_logger(__name__)

DEPTH_DAYS = 270
"""How many days back Avito's statistics reach, today included."""

COUNT_SLUGS = (
    "impressions",
    "views",
    "contacts",
    "contactsShowPhone",
    "contactsMessenger",
    "contactsShowPhoneAndMessenger",
    "contactsSbcDiscount",
    "favorites",
    "clickPackages",
    "jobContacts",
    "orderedItems",
    "deliveredItems",
    "bookingPlacedCount",
    "bookingApprovedCount",
    "bookingAcceptedCount",
    "activeItems",
    "newActiveItems",
    "oldActiveItems",
)

MONEY_SLUGS = (
    "orderedItemsPrice",
    "deliveredItemsPrice",
    "bookingPlacedPrice",
    "bookingApprovedPrice",
    "bookingAcceptedPrice",
    "allSpending",
    "spending",
    "presenceSpending",
    "promoSpending",
    "restSpending",
    "commission",
    "spendingBonus",
)
"""In kopecks. Conversions and average costs are left out: their scale is in doubt."""

LISTING_SLUGS = (
    "views",
    "contacts",
    "favorites",
    "jobContacts",
    "orderedItems",
    "bookingPlacedCount",
    "spending",
)

ROWS_LIMIT = 1000

DayMetrics = dict[date, dict[str, int]]
"""Avito's v2 slug -> count or kopecks, by Moscow day; what Avito left out is left out."""

ListingMetrics = dict[int, dict[str, int]]
"""The same by listing."""


def days_question(period: Period) -> dict[str, Any]:
    """All metrics of each day of `period`, for stats v2."""
    return {
        "dateFrom": period.first.isoformat(),
        "dateTo": period.last.isoformat(),
        "metrics": [*COUNT_SLUGS, *MONEY_SLUGS],
        "grouping": "day",
        "limit": ROWS_LIMIT,
        "offset": 0,
    }


def by_day(rows: StatsRows, period: Period) -> DayMetrics:
    """A day that is told twice, and not alike, is left out: nobody knows which is right."""
    days: DayMetrics = {}
    doubtful: set[date] = set()
    for row in rows.groupings:
        day = None if row.id is None else _day_of(row.id)
        if day is None or day not in period or row.metrics is None:
            continue
        told = _told(row.metrics)
        if days.setdefault(day, told) != told:
            doubtful.add(day)
    if doubtful:
        log.warning("days_told_twice", days=[day.isoformat() for day in sorted(doubtful)])
    return {day: told for day, told in days.items() if day not in doubtful}


def listings_question(period: Period, offset: int) -> dict[str, Any]:
    """What each listing did in all of `period`, for stats v2; its answer begins at `offset`."""
    return {
        "dateFrom": period.first.isoformat(),
        "dateTo": period.last.isoformat(),
        "metrics": [*LISTING_SLUGS],
        "grouping": "item",
        "limit": ROWS_LIMIT,
        "offset": offset,
    }


def by_listing(rows: Iterable[StatsRow]) -> ListingMetrics:
    """One that is told twice, and not alike, is there without numbers."""
    listings: ListingMetrics = {}
    for row in rows:
        if row.id is not None:
            told = _told(row.metrics or ())
            if listings.setdefault(row.id, told) != told:
                listings[row.id] = {}
    return listings


def is_storable(listing_id: int) -> bool:
    return 0 < listing_id < 2**63


def _told(metrics: Iterable[MetricValue]) -> dict[str, int]:
    return {
        metric.slug: whole(metric.value)
        for metric in metrics
        if metric.slug is not None and metric.value is not None
    }


def _day_of(row_id: int) -> date | None:
    """None where the calendar ends: such an id is no day's."""
    # A day's id is its UTC midnight. Noon of a day has one date in Moscow and in UTC, so that
    # a midnight of either zone gives the right day.
    try:
        return (datetime.fromtimestamp(row_id, UTC) + timedelta(hours=12)).date()
    except (ValueError, OverflowError, OSError):
        return None


def items_question(items: Sequence[int], period: Period) -> dict[str, Any]:
    """The traffic of up to 200 listings on each day of `period`, for stats v1."""
    return {
        "itemIds": list(items),
        "dateFrom": period.first.isoformat(),
        "dateTo": period.last.isoformat(),
        "fields": ["uniqViews", "uniqContacts", "uniqFavorites"],
        "periodGrouping": "day",
    }


def add_items(days: MutableMapping[date, Counter[str]], items: Iterable[ItemStats]) -> None:
    """Add listings of a v1 answer to `days`, under the slugs that v2 uses."""
    for item in items:
        for numbers in item.stats:
            days[numbers.day].update(as_v2(numbers))


def as_v2(numbers: ItemDay) -> dict[str, int]:
    """One listing's day of v1 under the slugs that v2 uses."""
    said = {
        "views": numbers.views,
        "contacts": numbers.contacts,
        "favorites": numbers.favorites,
    }
    return {slug: value for slug, value in said.items() if value is not None}


def whole(number: Decimal) -> int:
    return int(number.to_integral_value(ROUND_HALF_UP))
