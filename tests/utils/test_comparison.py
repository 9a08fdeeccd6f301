"""Two periods side by side: what is known of both, and what can be compared at all."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from utils.analytics import Change, Days
from utils.comparison import Earlier, Pair, earlier, pairs
from utils.periods import Period

MONDAY = date(2026, 11, 16)


def days(first: str, last: str) -> Period:
    return Period(date.fromisoformat(first), date.fromisoformat(last))


def by_key(period: Period, other: Period, numbers: Days, **options: bool) -> dict[str, Pair]:
    return {pair.now.metric.key: pair for pair in pairs(period, other, numbers, **options)}


def test_each_metric_stands_in_both_periods_with_its_change() -> None:
    now, before = Period(MONDAY, MONDAY), Period(date(2025, 11, 17), date(2025, 11, 17))
    shown = by_key(
        now,
        before,
        {
            now.first: {"views": 150, "contacts": 6, "spending": 300_00},
            before.first: {"views": 100, "contacts": 5, "spending": 0},
        },
    )
    views, spent, price = shown["views"], shown["total_spending"], shown["cpl"]
    assert (views.before.value, views.now.value) == (100, 150)
    assert views.change == Change(50, Fraction(1, 2))
    assert spent.change == Change(300_00, None)
    assert (price.before.value, price.now.value) == (0, Fraction(300_00, 6))
    assert not {"wallet_balance", "advance_balance"} & shown.keys()


def test_what_is_unknown_or_not_whole_has_not_moved() -> None:
    period = Period(MONDAY, MONDAY + timedelta(days=1))
    other = period.previous()
    numbers = {
        period.first: {"views": 10, "contacts": 1},
        period.last: {"views": 10, "contacts": 1},
        other.first: {"views": 10},
    }
    shown = by_key(period, other, numbers)
    assert shown["views"].before.partial
    assert shown["views"].change is None
    assert (shown["contacts"].before.value, shown["contacts"].change) == (None, None)
    whole = {**numbers, other.last: {"views": 10}}
    assert by_key(period, other, whole)["views"].change == Change(0, Fraction(0))
    assert by_key(period, other, whole, is_whole=False)["views"].change is None


def test_a_day_can_be_compared_with_the_same_weekday() -> None:
    assert earlier(days("2026-11-20", "2026-11-20")) == {
        Earlier.BEFORE: days("2026-11-19", "2026-11-19"),
        Earlier.WEEK: days("2026-11-13", "2026-11-13"),
        Earlier.MONTH: days("2026-10-20", "2026-10-20"),
        Earlier.YEAR: days("2025-11-20", "2025-11-20"),
    }


def test_a_month_is_compared_with_whole_months_over_the_turn_of_a_year() -> None:
    assert earlier(days("2027-01-01", "2027-01-31")) == {
        Earlier.BEFORE: days("2026-12-01", "2026-12-31"),
        Earlier.YEAR: days("2026-01-01", "2026-01-31"),
    }
    assert earlier(days("2026-03-01", "2026-03-31")) == {
        Earlier.BEFORE: days("2026-01-29", "2026-02-28"),
        Earlier.MONTH: days("2026-02-01", "2026-02-28"),
        Earlier.YEAR: days("2025-03-01", "2025-03-31"),
    }


@given(st.dates(date(2001, 1, 1), date(2099, 1, 1)), st.integers(0, 500))
def test_nothing_is_compared_with_itself_or_twice(first: date, length: int) -> None:
    period = Period(first, first + timedelta(days=length))
    others = list(earlier(period).values())
    assert others[0] == period.previous()
    assert all(other.last < period.first for other in others)
    assert len({(other.first, other.last) for other in others}) == len(others)
