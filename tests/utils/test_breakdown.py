"""Periods by days, weeks and months: what adds up, and when it is broken down into what."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.analytics import Days
from utils.breakdown import PAGE_ROWS, Page, Row, grains, page, usual_grain
from utils.calendars import Grain
from utils.periods import Period

FIRST = date(2026, 9, 10)


def days(first: str, last: str) -> Period:
    return Period(date.fromisoformat(first), date.fromisoformat(last))


def rows(period: Period, days: Days, grain: Grain) -> list[Row]:
    """Of all pages, oldest first."""
    pages: list[Page] = [page(period, days, grain)]
    while len(pages) < pages[0].pages:
        pages.insert(0, page(period, days, grain, len(pages)))
    return [row for each in pages for row in each.rows]


def value(row: Row, key: str) -> Any:
    return next(figure.value for figure in row.figures if figure.metric.key == key)


@given(st.integers(1, 62), st.sampled_from(Grain))
def test_the_rows_add_up_to_the_whole(length: int, grain: Grain) -> None:
    period = Period(FIRST, FIRST + timedelta(days=length - 1))
    numbers = {day: {"views": day.toordinal(), "contacts": 1} for day in period}
    shown = rows(period, numbers, grain)
    views = [value(row, "views") for row in shown]
    assert sum(views) == sum(day.toordinal() for day in period)
    assert [day for row in shown for day in row.period] == list(period)


def test_only_the_edges_of_a_period_cut_weeks_and_months() -> None:
    period = days("2026-09-10", "2026-11-20")
    for grain in (Grain.WEEK, Grain.MONTH):
        cut = [row.is_cut for row in rows(period, {}, grain)]
        assert cut == [True, *([False] * (len(cut) - 2)), True]
    assert not any(row.is_cut for row in rows(period, {}, Grain.DAY))
    whole = days("2026-09-07", "2026-11-22")
    assert not any(row.is_cut for row in rows(whole, {}, Grain.WEEK))


def test_an_unknown_day_is_a_gap_and_not_a_zero() -> None:
    period = days("2026-11-16", "2026-11-22")
    numbers = {day: {"views": 5} for day in period if day != date(2026, 11, 18)}
    by_day = rows(period, numbers, Grain.DAY)
    assert [value(row, "views") for row in by_day] == [5, 5, None, 5, 5, 5, 5]
    [week] = rows(period, numbers, Grain.WEEK)
    assert value(week, "views") == 30
    assert next(f.partial for f in week.figures if f.metric.key == "views")


@pytest.mark.parametrize(
    ("length", "usual", "possible"),
    [
        (1, Grain.DAY, []),
        (2, Grain.DAY, [Grain.DAY]),
        (31, Grain.DAY, [Grain.DAY, Grain.WEEK]),
        (32, Grain.WEEK, [Grain.DAY, Grain.WEEK, Grain.MONTH]),
        (62, Grain.WEEK, [Grain.DAY, Grain.WEEK, Grain.MONTH]),
        (63, Grain.WEEK, [Grain.WEEK, Grain.MONTH]),
        (170, Grain.WEEK, [Grain.WEEK, Grain.MONTH]),
        (270, Grain.MONTH, [Grain.WEEK, Grain.MONTH]),
        (800, Grain.MONTH, [Grain.MONTH]),
    ],
)
def test_long_periods_go_from_days_to_weeks_to_months(
    length: int, usual: Grain, possible: list[Grain]
) -> None:
    # From a Saturday, so that two days are one week and one month.
    first = date(2026, 8, 1)
    period = Period(first, first + timedelta(days=length - 1))
    assert usual_grain(period) is usual
    assert grains(period) == possible


def test_the_latest_rows_are_on_the_first_page_and_the_oldest_on_the_last() -> None:
    month = days("2026-10-01", "2026-10-31")
    latest, oldest, beyond = (page(month, {}, Grain.DAY, number) for number in (0, 1, 9))
    assert (latest.before, len(latest.rows), latest.count) == (15, PAGE_ROWS, 31)
    assert [row.period.first.day for row in oldest.rows] == list(range(1, 16))
    assert (oldest.before, latest.pages, beyond) == (0, 2, oldest)
