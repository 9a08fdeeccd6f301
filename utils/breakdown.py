"""A period by days, weeks or months: the figures of every part."""

from __future__ import annotations

from dataclasses import dataclass

from utils.analytics import Days, Figure, figures
from utils.calendars import Grain, parts, whole_part
from utils.periods import Period

FEWEST, MOST = 2, 62
"""Rows that are offered: more of them nobody turns over."""
PAGE_ROWS = 16
"""They stand under the picture of a report, in 1,024 characters; half a month by days."""
DAYS_BY_THEMSELVES = 31
WEEKS_BY_THEMSELVES = 26


@dataclass(frozen=True, slots=True)
class Row:
    period: Period
    """The days of the part that lie in the period."""
    figures: list[Figure]
    is_cut: bool
    """The edge of the period goes through this week or month."""


@dataclass(frozen=True, slots=True)
class Page:
    rows: list[Row]
    """One per part, oldest first."""
    number: int
    """Counts from 0, and from the end: the latest days are seen first."""
    before: int
    """Rows of the period that are older than these."""
    count: int
    """Rows of the whole period."""

    @property
    def pages(self) -> int:
        return -(-self.count // PAGE_ROWS)


def page(period: Period, days: Days, grain: Grain, number: int = 0) -> Page:
    """`PAGE_ROWS` rows of the period; beyond the oldest page that one."""
    every = list(parts(period, grain))
    number = min(number, (len(every) - 1) // PAGE_ROWS)
    end = len(every) - number * PAGE_ROWS
    before = max(0, end - PAGE_ROWS)
    shown = [_row(part, days, whole_part(part.first, grain)) for part in every[before:end]]
    return Page(shown, number, before, len(every))


def _row(part: Period, days: Days, whole: Period) -> Row:
    return Row(part, figures(part, days, compare=False), is_cut=part != whole)


def grains(period: Period) -> list[Grain]:
    """What `period` can be broken down into: at least two rows, and not too many."""
    return [grain for grain in Grain if FEWEST <= _count(period, grain) <= MOST]


def usual_grain(period: Period) -> Grain:
    """Days as long as they are few, then weeks, then months."""
    if period.length <= DAYS_BY_THEMSELVES:
        return Grain.DAY
    return Grain.WEEK if _count(period, Grain.WEEK) <= WEEKS_BY_THEMSELVES else Grain.MONTH


def _count(period: Period, grain: Grain) -> int:
    return sum(1 for _ in parts(period, grain))
