"""The statistics methods: what they are asked, and how their rows are read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, MutableMapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from core.avito.schemas import ItemDay, ItemStats, StatsRow, StatsRows
from utils.periods import Period

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
    days: DayMetrics = {}
    for row in rows.groupings:
        day = None if row.id is None else _day_of(row.id)
        if day is None or day not in period:
            continue
        days[day] = _told(row)
    return days


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
    return {row.id: _told(row) for row in rows if row.id is not None}


def is_storable(listing_id: int) -> bool:
    return 0 < listing_id < 2**63


def _told(row: StatsRow) -> dict[str, int]:
    return {metric.slug: whole(metric.value) for metric in row.metrics if metric.value is not None}


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
