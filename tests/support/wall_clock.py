"""Wall clocks, read instead of computed: what the schedule policy is held against."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from utils.periods import ONE_DAY

FIRST, LAST = datetime(2026, 1, 1, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC)
MARGIN = timedelta(days=370)
MINUTE = timedelta(minutes=1)
ZONES = sorted(available_timezones())


@dataclass(frozen=True)
class WallClock:
    """What a wall clock shows, as stretches of UTC with one offset each."""

    stretches: tuple[tuple[datetime, datetime, timedelta], ...]

    @property
    def changes(self) -> list[datetime]:
        return [begins for begins, _, _ in self.stretches[1:] if FIRST < begins < LAST]

    def first_reaches(self, wall: datetime) -> datetime:
        shown_in_utc = wall.replace(tzinfo=UTC)
        for begins, ends, offset in self.stretches:
            instant = max(shown_in_utc - offset, begins)
            if instant < ends:
                return instant
        raise AssertionError(f"{wall} lies outside of the years under test")


@cache
def clock_of(name: str) -> WallClock:
    zone = ZoneInfo(name)
    stretches = []
    begins = FIRST - MARGIN
    while begins < LAST + MARGIN:
        ends = _end_of_stretch(zone, begins)
        stretches.append((begins, ends, _offset(zone, begins)))
        begins = ends
    return WallClock(tuple(stretches))


@cache
def zone_of_each_clock() -> dict[WallClock, str]:
    """One zone for every way in which the clocks of the world go; many zones are aliases."""
    return {clock_of(zone): zone for zone in ZONES}


def _end_of_stretch(zone: ZoneInfo, instant: datetime) -> datetime:
    """Walk while the offset stays, in ever smaller steps: no clock changes twice a week."""
    offset = _offset(zone, instant)
    for step in (ONE_DAY * 7, timedelta(hours=1), MINUTE):
        while _offset(zone, instant + step) == offset and instant < LAST + MARGIN:
            instant += step
    return instant + MINUTE


def _offset(zone: ZoneInfo, instant: datetime) -> timedelta:
    return instant.astimezone(zone).replace(tzinfo=UTC) - instant
