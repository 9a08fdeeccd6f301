"""What a picture of a report shows: numbers day by day, folded when there are too many days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from itertools import pairwise

from utils.periods import ONE_DAY, Period

_MOST_DAYS = 62
"""Two months. Beyond that the rhythm of the week hides the course, and a day is a hair."""
_MOST_DAYS_BY_WEEKS = 366
_HALF_A_MONTH = 15


class Step(Enum):
    """What one point stands for."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Series:
    """A number for each day of a period; None where Avito said nothing."""

    values: Sequence[int | None]
    """Counts or kopecks."""
    before: Sequence[int | None] = ()
    """The same of the days before, one by one. Empty: there is nothing to compare with."""

    @property
    def total(self) -> int | None:
        """The sum of the known days; None when none is known."""
        return _total(self.values)

    @property
    def total_before(self) -> int | None:
        """What `total` may be compared with: None unless every day of both is known."""
        return None if None in self.values or None in self.before else _total(self.before)


@dataclass(frozen=True, slots=True)
class Course:
    """The days of `period` in up to three series; None is one that nobody asked for."""

    title: str
    period: Period
    contacts: Series | None = None
    views: Series | None = None
    spending: Series | None = None
    """In kopecks."""
    cut_at: datetime | None = None
    """When the last day was read, if that was before its end."""
    is_wider: bool = False
    """It shows more days than the report beside it is about."""
    other: Period | None = None
    """Which the days before are, if not those that end where `period` begins."""

    def __post_init__(self) -> None:
        if not self.series:
            raise ValueError("there is no series to draw")
        for series in self.series:
            if len(series.values) != self.period.length:
                raise ValueError("a series has a value for each day of the period")
            if series.before and len(series.before) != self.period.length:
                raise ValueError("the period before is as long as the period")

    @property
    def series(self) -> list[Series]:
        return [one for one in (self.contacts, self.views, self.spending) if one is not None]

    @property
    def days_before(self) -> Period:
        return self.other or self.period.previous()

    @property
    def is_cut(self) -> bool:
        return self.cut_at is not None

    @property
    def step(self) -> Step:
        if self.period.length <= _MOST_DAYS:
            return Step.DAY
        return Step.WEEK if self.period.length <= _MOST_DAYS_BY_WEEKS else Step.MONTH

    @property
    def points(self) -> list[Period]:
        """The days that each point stands for."""
        first = self.period.first
        return [
            Period(first + ONE_DAY * start, first + ONE_DAY * (end - 1))
            for start, end in pairwise([*self._starts(), self.period.length])
        ]

    def _starts(self) -> list[int]:
        # The odd days at an edge join their neighbour: two days are no week, and would look like
        # a fall or a leap.
        length = self.period.length
        match self.step:
            case Step.DAY:
                return list(range(length))
            case Step.WEEK:
                return [0, *range(length % 7 + 7, length, 7)]
            case Step.MONTH:
                inner = range(_HALF_A_MONTH, length - _HALF_A_MONTH + 1)
                days = list(self.period)
                return [0, *(index for index in inner if days[index].day == 1)]

    def folded(self, values: Sequence[int | None]) -> list[float | None]:
        """`values` by `points`: the mean of a day, so that a short month is no fall.

        Days without data are left out of the mean; a point without any data is None.
        """
        means: list[float | None] = []
        for point in self.points if values else ():
            start = (point.first - self.period.first).days
            known = [one for one in values[start : start + point.length] if one is not None]
            means.append(sum(known) / len(known) if known else None)
        return means


def _total(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
