"""A period by days, weeks or months: the figures of every part."""

from __future__ import annotations

from dataclasses import dataclass

from utils.analytics import Days, Figure, figures
from utils.calendars import Grain, parts, whole_part
from utils.periods import Period

FEWEST, MOST = 2, 62
"""Rows that a phone still shows as one table."""
DAYS_BY_THEMSELVES = 31
WEEKS_BY_THEMSELVES = 26


@dataclass(frozen=True, slots=True)
class Row:
    period: Period
    """The days of the part that lie in the period."""
    figures: list[Figure]
    is_cut: bool
    """The edge of the period goes through this week or month."""


def rows(period: Period, days: Days, grain: Grain) -> list[Row]:
    """One row per part, oldest first, at most `MOST`: of more, the latest."""
    shown = list(parts(period, grain))[-MOST:]
    return [_row(part, days, whole_part(part.first, grain)) for part in shown]


def _row(part: Period, days: Days, whole: Period) -> Row:
    return Row(part, figures(part, days, compare=False), is_cut=part != whole)


def grains(period: Period) -> list[Grain]:
    """What `period` can be broken down into: at least two rows, and not too many for a phone."""
    return [grain for grain in Grain if FEWEST <= _count(period, grain) <= MOST]


def usual_grain(period: Period) -> Grain:
    """Days as long as they are few, then weeks, then months."""
    if period.length <= DAYS_BY_THEMSELVES:
        return Grain.DAY
    return Grain.WEEK if _count(period, Grain.WEEK) <= WEEKS_BY_THEMSELVES else Grain.MONTH


def _count(period: Period, grain: Grain) -> int:
    return sum(1 for _ in parts(period, grain))
