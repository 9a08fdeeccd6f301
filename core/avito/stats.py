"""The statistics methods: what they are asked, and how their rows are read."""

from __future__ import annotations

from collections import Counter
from collections.abc import MutableMapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from core.avito.schemas import ItemStatsAnswer, StatsRows
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

ITEMS_PER_BATCH = 200
_ROWS_LIMIT = 1000

DayMetrics = dict[date, dict[str, int]]
"""Avito's v2 slug -> count or kopecks, by Moscow day; what Avito left out is left out."""


def days_question(period: Period) -> dict[str, Any]:
    """All metrics of each day of `period`, for stats v2."""
    return {
        "dateFrom": period.first.isoformat(),
        "dateTo": period.last.isoformat(),
        "metrics": [*COUNT_SLUGS, *MONEY_SLUGS],
        "grouping": "day",
        "limit": _ROWS_LIMIT,
        "offset": 0,
    }


def by_day(rows: StatsRows, period: Period) -> DayMetrics:
    days: DayMetrics = {}
    for row in rows.groupings:
        day = None if row.id is None else _day_of(row.id)
        if day is None or day not in period:
            continue
        days[day] = {
            metric.slug: whole(metric.value) for metric in row.metrics if metric.value is not None
        }
    return days


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


def add_items(days: MutableMapping[date, Counter[str]], answer: ItemStatsAnswer) -> None:
    """Add the listings of a v1 answer to `days`, under the slugs that v2 uses."""
    for item in answer.result.items:
        for numbers in item.stats:
            said = {
                "views": numbers.views,
                "contacts": numbers.contacts,
                "favorites": numbers.favorites,
            }
            known = {slug: value for slug, value in said.items() if value is not None}
            days[numbers.day].update(known)


def whole(number: Decimal) -> int:
    return int(number.to_integral_value(ROUND_HALF_UP))
