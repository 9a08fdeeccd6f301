"""Instants by the reader's clock, a million of them."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

HOUR = 3_600
DAY = 24 * HOUR
HOURS_OF_WEEK = 7 * 24
QUARTER = 900
"""Clocks are put forward and back at quarters of an hour, if not at hours."""
_LAST = 253_370_764_800
"""The beginning of the year 9999: whoever wrote later did so by a clock that is wrong."""
_THURSDAY = 3
"""The first of January 1970."""


class LocalClock:
    def __init__(self, zone: str) -> None:
        self._zone = ZoneInfo(zone)
        self._offset = lru_cache(maxsize=4096)(self._offset_of_quarter)

    def __call__(self, instant: int) -> int:
        """Seconds since 1970 as that clock showed them."""
        return instant + self._offset(instant // QUARTER)

    def shown(self, instant: int) -> datetime:
        return shown(self(instant))

    def ahead(self, instant: int) -> str:
        """How far it is from UTC: `UTC+3`, `UTC−3:30`."""
        minutes = self._offset(instant // QUARTER) // 60
        hours, rest = divmod(abs(minutes), 60)
        sign = "+" if minutes >= 0 else "−"
        return f"UTC{sign}{hours}" + (f":{rest:02}" if rest else "")

    def _offset_of_quarter(self, quarter: int) -> int:
        then = datetime.fromtimestamp(min(max(quarter * QUARTER, 0), _LAST), self._zone)
        ahead = then.utcoffset()
        return int(ahead.total_seconds()) if ahead else 0


def shown(local: int) -> datetime:
    """Local seconds as what a clock and a calendar show; its own zone says nothing."""
    return datetime.fromtimestamp(min(max(local, 0), _LAST), UTC)


def hour_of_week(local: int) -> int:
    """From 0, Monday at midnight, to 167."""
    return (local // HOUR + _THURSDAY * 24) % HOURS_OF_WEEK
