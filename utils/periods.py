"""Periods of whole Moscow days: the days Avito counts by, whatever the zone of the reader."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from zoneinfo import ZoneInfo

MOSCOW = ZoneInfo("Europe/Moscow")
ONE_DAY = timedelta(days=1)


class PeriodFault(Enum):
    REVERSED = "reversed"
    FUTURE = "future"
    TOO_DEEP = "too_deep"


class PeriodError(ValueError):
    """A period that nobody can report about. `limit` is the day that it oversteps."""

    def __init__(self, fault: PeriodFault, limit: date) -> None:
        super().__init__(f"{fault.value}: the limit is {limit.isoformat()}")
        self.fault = fault
        self.limit = limit


@dataclass(frozen=True, slots=True)
class Period:
    """The Moscow days from `first` to `last`, both included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise PeriodError(PeriodFault.REVERSED, self.first)

    @property
    def length(self) -> int:
        return (self.last - self.first).days + 1

    def __iter__(self) -> Iterator[date]:
        return (self.first + ONE_DAY * step for step in range(self.length))

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.first <= day <= self.last

    def previous(self) -> Period:
        """The period of the same length that ends where this one begins."""
        return Period(self.first - ONE_DAY * self.length, self.first - ONE_DAY)

    def within(self, known: Period) -> Period:
        """Those of its days that are known; raises `PeriodError` when there are none."""
        if self.first > known.last:
            raise PeriodError(PeriodFault.FUTURE, known.last)
        if self.last < known.first:
            raise PeriodError(PeriodFault.TOO_DEEP, known.first)
        return Period(max(self.first, known.first), min(self.last, known.last))

    def check(self, *, today: date, earliest: date) -> None:
        """Raise `PeriodError` when a day lies ahead of `today` or before `earliest`."""
        if self.last > today:
            raise PeriodError(PeriodFault.FUTURE, today)
        if self.first < earliest:
            raise PeriodError(PeriodFault.TOO_DEEP, earliest)


def moscow_day(instant: datetime) -> date:
    """The Moscow day in which an aware `instant` lies."""
    return instant.astimezone(MOSCOW).date()


def end_of(day: date) -> datetime:
    """The instant (UTC) at which the Moscow `day` is over."""
    return datetime.combine(day + ONE_DAY, time.min, MOSCOW).astimezone(UTC)


def one_day(day: date) -> Period:
    return Period(day, day)


def yesterday(now: datetime) -> Period:
    return one_day(moscow_day(now) - ONE_DAY)


def last_days(now: datetime, count: int) -> Period:
    """The `count` days that end today: today is a day that still goes on."""
    today = moscow_day(now)
    return Period(today - ONE_DAY * (count - 1), today)
