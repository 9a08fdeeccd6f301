"""The picture of a report: which days it shows, and the numbers of each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from core.statistics.store import DayNumbers
from utils.charts.course import Course, Series
from utils.periods import Period

_METRICS = {"contacts": "contacts", "views": "views", "spending": "total_spending"}
"""By Avito's slug, as the picture names its series, the metric of the report."""
FEWEST_DAYS = 7
SHOWN_DAYS = timedelta(days=13)
"""A shorter period is shown at the end of two weeks: one day alone has no course."""


def shown_days(period: Period) -> Period:
    """The days that a picture about `period` shows."""
    if period.length >= FEWEST_DAYS:
        return period
    return Period(period.last - SHOWN_DAYS, period.last)


def course_of(
    title: str,
    period: Period,
    days: Mapping[date, DayNumbers],
    *,
    cut_at: datetime | None,
    is_wider: bool = False,
) -> Course | None:
    """None when nothing is known that could be drawn.

    `days` holds what is stored of `shown_days` and of as many before them. `cut_at`: when the
    last day was read, if that was before its end. `is_wider`: the report is about fewer days.
    """
    drawn = {name: _series(name, period, days) for name in _METRICS}
    known: dict[str, Any] = {
        name: series for name, series in drawn.items() if series.total is not None
    }
    return Course(title, period, **known, cut_at=cut_at, is_wider=is_wider) if known else None


def only(course: Course, keys: Collection[str]) -> Course | None:
    """What is left of the picture where a report shows only these metrics."""
    hidden: dict[str, Any] = {name: None for name, key in _METRICS.items() if key not in keys}
    shown = [name for name in _METRICS if name not in hidden and getattr(course, name)]
    return replace(course, **hidden) if shown else None


def alone(course: Course) -> Course:
    """The picture without the days before."""
    return _beside(course, {})


def against(course: Course, other: Period, days: Mapping[date, DayNumbers]) -> Course:
    """The picture with the days of `other` before its own; alone where day cannot lie upon day."""
    if course.is_wider or other.length != course.period.length:
        return alone(course)
    return _beside(replace(course, other=other), days)


def _beside(course: Course, days: Mapping[date, DayNumbers]) -> Course:
    drawn: dict[str, Any] = {
        name: replace(series, before=_before(name, course.days_before, days))
        for name in _METRICS
        if (series := getattr(course, name)) is not None
    }
    return replace(course, **drawn)


def _series(slug: str, period: Period, days: Mapping[date, DayNumbers]) -> Series:
    return Series(_values(slug, period, days), _before(slug, period.previous(), days))


def _before(slug: str, period: Period, days: Mapping[date, DayNumbers]) -> Sequence[int | None]:
    values = _values(slug, period, days)
    return values if any(value is not None for value in values) else ()


def _values(slug: str, period: Period, days: Mapping[date, DayNumbers]) -> list[int | None]:
    return [days[day].metrics.get(slug) if day in days else None for day in period]
