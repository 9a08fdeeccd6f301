"""Weeks begin on Monday, months have their own lengths, presets change at Moscow's midnight."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.calendars import (
    Grain,
    Preset,
    days_until_yesterday,
    grid,
    like,
    month_of,
    months_later,
    parts,
    preset,
    week_of,
    whole_part,
)
from utils.periods import Period

DAYS = st.dates(date(2000, 1, 1), date(2100, 1, 1))


def days(first: str, last: str) -> Period:
    return Period(date.fromisoformat(first), date.fromisoformat(last))


@given(DAYS)
def test_a_week_is_seven_days_from_monday_around_its_day(day: date) -> None:
    week = week_of(day)
    assert (week.first.isoweekday(), week.last.isoweekday(), week.length) == (1, 7, 7)
    assert day in week


@given(DAYS)
def test_a_month_ends_before_the_first_of_the_next(day: date) -> None:
    month = month_of(day)
    assert day in month
    assert month.first.day == 1
    assert (month.last + timedelta(days=1)).day == 1
    assert month.last.month == day.month


@pytest.mark.parametrize(
    ("day", "count", "expected"),
    [
        ("2026-03-31", -1, "2026-02-28"),
        ("2024-03-31", -1, "2024-02-29"),
        ("2026-01-15", -1, "2025-12-15"),
        ("2026-12-31", 1, "2027-01-31"),
        ("2024-02-29", -12, "2023-02-28"),
        ("2026-11-20", -12, "2025-11-20"),
    ],
)
def test_months_are_counted_over_years_and_short_ones(day: str, count: int, expected: str) -> None:
    assert months_later(date.fromisoformat(day), count).isoformat() == expected


@pytest.mark.parametrize(
    ("now", "name", "first", "last"),
    [
        ("2026-11-21T06:00", Preset.TODAY, "2026-11-21", "2026-11-21"),
        ("2026-11-21T06:00", Preset.YESTERDAY, "2026-11-20", "2026-11-20"),
        ("2026-11-21T06:00", Preset.THIS_MONTH, "2026-11-01", "2026-11-20"),
        ("2026-11-21T06:00", Preset.LAST_MONTH, "2026-10-01", "2026-10-31"),
        # In Moscow the first has come, in UTC it is still the last of December.
        ("2026-12-31T21:00", Preset.YESTERDAY, "2026-12-31", "2026-12-31"),
        ("2026-12-31T21:00", Preset.THIS_MONTH, "2027-01-01", "2027-01-01"),
        ("2026-12-31T21:00", Preset.LAST_MONTH, "2026-12-01", "2026-12-31"),
        ("2026-12-31T20:59", Preset.LAST_MONTH, "2026-11-01", "2026-11-30"),
    ],
)
def test_presets_are_moscow_days(now: str, name: Preset, first: str, last: str) -> None:
    instant = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert preset(name, instant) == days(first, last)


def test_the_last_days_are_those_that_are_over() -> None:
    now = datetime(2026, 3, 1, 6, tzinfo=UTC)
    assert days_until_yesterday(now, 7) == days("2026-02-22", "2026-02-28")
    assert days_until_yesterday(now, 30) == days("2026-01-30", "2026-02-28")


@given(DAYS, st.integers(0, 800), st.sampled_from(Grain))
def test_the_parts_of_a_period_are_its_days_in_order(
    first: date, length: int, grain: Grain
) -> None:
    period = Period(first, first + timedelta(days=length))
    shown = list(parts(period, grain))
    assert [day for part in shown for day in part] == list(period)
    for part in shown:
        assert part.first in whole_part(part.first, grain)
        assert part.last in whole_part(part.first, grain)
    # Only the edges of the period cut.
    assert all(part == whole_part(part.first, grain) for part in shown[1:-1])


def test_weeks_cross_months_and_years() -> None:
    assert list(parts(days("2026-12-26", "2027-01-05"), Grain.WEEK)) == [
        days("2026-12-26", "2026-12-27"),
        days("2026-12-28", "2027-01-03"),
        days("2027-01-04", "2027-01-05"),
    ]


@pytest.mark.parametrize(
    ("period", "first", "expected"),
    [
        (days("2026-11-14", "2026-11-20"), "2026-10-14", days("2026-10-14", "2026-10-20")),
        (days("2026-10-01", "2026-10-31"), "2026-09-01", days("2026-09-01", "2026-09-30")),
        (days("2026-02-01", "2026-02-28"), "2024-02-01", days("2024-02-01", "2024-02-29")),
        (days("2026-10-01", "2026-10-31"), "2026-08-31", days("2026-08-31", "2026-09-30")),
        (days("2026-11-01", "2026-11-20"), "2026-10-01", days("2026-10-01", "2026-10-20")),
    ],
)
def test_a_period_like_another_is_as_long_and_a_month_is_a_month(
    period: Period, first: str, expected: Period
) -> None:
    assert like(period, date.fromisoformat(first)) == expected


def test_a_grid_has_only_the_days_that_can_be_chosen() -> None:
    shown = grid(date(2026, 11, 1), days("2026-02-25", "2026-11-21"))
    assert [[day.day if day else 0 for day in week] for week in shown] == [
        [0, 0, 0, 0, 0, 0, 1],
        [2, 3, 4, 5, 6, 7, 8],
        [9, 10, 11, 12, 13, 14, 15],
        [16, 17, 18, 19, 20, 21, 0],
    ]
    assert grid(date(2027, 1, 1), days("2026-02-25", "2026-11-21")) == []
    [[*week]] = grid(date(2026, 2, 1), days("2026-02-25", "2026-11-21"))
    assert [day.day if day else 0 for day in week] == [0, 0, 25, 26, 27, 28, 0]
