"""Two periods side by side: each statistic in both, and how it moved."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from utils.analytics import Change, Days, Figure, change_between, figures
from utils.calendars import MONTHS, WEEK, like, months_later
from utils.periods import ONE_DAY, Period


class Earlier(StrEnum):
    """Which period another one is usually compared with."""

    BEFORE = "before"
    """As long, and just before it."""
    WEEK = "week"
    """The same weekdays a week earlier."""
    MONTH = "month"
    """The same days of the month before."""
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Pair:
    """One metric in both periods."""

    before: Figure
    now: Figure
    change: Change | None
    """None when one of the two is unknown or not whole."""


def pairs(period: Period, other: Period, days: Days, *, is_whole: bool = True) -> list[Pair]:
    """The statistics of `period` beside those of `other`, in the catalogue's order.

    `days` holds both. The wallet and the advance are left out: they are what is there now. Pass
    `is_whole=False` when a part of a day is missing: that is no change against whole days.
    """
    before, now = (figures(each, days, compare=False) for each in (other, period))
    return [
        Pair(old, new, _change(old, new) if is_whole else None)
        for old, new in zip(before, now, strict=True)
        if new.metric.slugs
    ]


def _change(before: Figure, now: Figure) -> Change | None:
    if before.partial or now.partial:
        return None
    return change_between(now.value, before.value)


def earlier(period: Period) -> dict[Earlier, Period]:
    """What `period` can be compared with; whatever overlaps it or comes twice is left out."""
    starts = {
        Earlier.WEEK: period.first - ONE_DAY * WEEK,
        Earlier.MONTH: months_later(period.first, -1),
        Earlier.YEAR: months_later(period.first, -MONTHS),
    }
    found = {Earlier.BEFORE: period.previous()}
    for name, first in starts.items():
        other = like(period, first)
        if other.last < period.first and other not in found.values():
            found[name] = other
    return found
