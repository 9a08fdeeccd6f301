"""When a report is due and which days it is about. Pure: a schedule and instants in, slots out.

A slot is one local date of a schedule. It is due at *the first instant at which the local
clock has reached* the time of the schedule on that date. This one sentence settles daylight
saving: a time that a gap swallows is due where the gap ends, even when the gap swallows
midnight; a time that a fold repeats is due at its first occurrence only. A report is never
skipped for its zone's sake and never comes twice for one date.

Days are counted in local dates, never in hours: "every 3 days at 09:00" stays at 09:00.
"""

from __future__ import annotations

from bisect import bisect_left
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import islice, takewhile
from typing import Literal
from zoneinfo import ZoneInfo

from utils.periods import ONE_DAY, Period, end_of, moscow_day

ANY_PHASE = date(1970, 1, 1)
"""The phase of an every-N-days schedule that nobody gave one: as good as any, but the same."""
CHOSEN_DAYS = {"day": 1, "week": 7, "month": 30}
LONGEST_WEEKLY = 28
"""Days a weekly report covers at most, after a pause or an outage: whole weeks compare well."""


class Frequency(StrEnum):
    DAILY = "daily"
    INTERVAL = "interval"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


@dataclass(frozen=True, slots=True)
class Schedule:
    frequency: Frequency
    at: time
    zone: str
    interval_days: int = 1
    weekdays: frozenset[int] = frozenset()
    """0 = Monday. None ticked means every day: a schedule is always due some day."""
    month_day: int = 1
    """A month that is shorter has its slot on its last day."""
    anchor: date | None = None
    """Some local date with a slot, past or future: the phase of "every N days"."""


@dataclass(frozen=True, slots=True)
class Slot:
    day: date
    label: str
    """The local wall clock as scheduled, `2026-11-21T09:00`; in a gap no clock ever shows it."""
    due_at: datetime
    """UTC."""


def next_slot(schedule: Schedule, after: datetime) -> Slot:
    """The first slot that is due later than the instant `after`."""
    # A label that the local clock has reached is due already, so earlier dates cannot count.
    day = after.astimezone(ZoneInfo(schedule.zone)).date()
    while True:
        day = _first_day_from(schedule, day)
        slot = _slot_on(schedule, day)
        if slot.due_at > after:
            return slot
        day += ONE_DAY


def previous_slot(schedule: Schedule, before: datetime) -> Slot:
    """The last slot that was due earlier than the instant `before`."""
    # A fold at midnight sends the local clock back into a date whose morrow has had its slot.
    day = before.astimezone(ZoneInfo(schedule.zone)).date() + ONE_DAY
    while True:
        day = _last_day_until(schedule, day)
        slot = _slot_on(schedule, day)
        if slot.due_at < before:
            return slot
        day -= ONE_DAY


def slots_after(schedule: Schedule, after: datetime) -> Iterator[Slot]:
    """The slots that are due later than the instant `after`, without an end."""
    while True:
        slot = next_slot(schedule, after)
        yield slot
        after = slot.due_at


def slots_between(schedule: Schedule, after: datetime, until: datetime, limit: int) -> list[Slot]:
    """The slots with `after < due_at <= until`, oldest first, at most `limit` of them."""
    passed = takewhile(lambda slot: slot.due_at <= until, slots_after(schedule, after))
    return list(islice(passed, limit))


def covered(
    schedule: Schedule,
    slot: Slot,
    chosen: Literal["day", "week", "month"] | None,
    reported_until: date | None = None,
) -> Period:
    """The Moscow days a report of `slot` is about; all of them are over when it is due.

    Without a `chosen` period the frequency implies one. A weekly report goes on where the last
    one ended, at `reported_until`; without any, where one of the slot before would have ended.
    East of Moscow a slot can be due on the first of a month while Moscow still has the last: its
    month is not over, and a monthly report takes the month before it.
    """
    today = moscow_day(slot.due_at)
    if chosen is not None:
        return _days_before(today, CHOSEN_DAYS[chosen])
    match schedule.frequency:
        case Frequency.DAILY:
            return _days_before(today, 1)
        case Frequency.INTERVAL:
            return _days_before(today, schedule.interval_days)
        case Frequency.WEEKLY:
            # A clock that was ahead for a while may have had days reported that have yet to come.
            if reported_until is None or reported_until >= today:
                reported_until = moscow_day(previous_slot(schedule, slot.due_at).due_at) - ONE_DAY
            # Over a change of the clocks, or of the schedule, yesterday may be reported already.
            days = (today - ONE_DAY - reported_until).days
            return _days_before(today, min(max(days, 1), LONGEST_WEEKLY))
        case Frequency.MONTHLY:
            last = today.replace(day=1) - ONE_DAY
            return Period(last.replace(day=1), last)


def right_from(
    schedule: Schedule, slot: Slot, chosen: Literal["day", "week", "month"] | None
) -> time | None:
    """The local time at which a report of this date would not be about older days than expected.

    None where it is not: it is so only east of Moscow, while Moscow still has the day before.
    """
    turn = max(slot.due_at, end_of(slot.day - ONE_DAY))
    then = covered(schedule, replace(slot, due_at=turn), chosen)
    if covered(schedule, slot, chosen).last == then.last:
        return None
    return turn.astimezone(ZoneInfo(schedule.zone)).time()


def catch_up_window(frequency: Frequency) -> timedelta:
    """How late a report may still come; after that it is missed."""
    return timedelta(hours=6 if frequency in {Frequency.DAILY, Frequency.INTERVAL} else 24)


def _days_before(today: date, count: int) -> Period:
    return Period(today - ONE_DAY * count, today - ONE_DAY)


def _first_day_from(schedule: Schedule, day: date) -> date:
    match schedule.frequency:
        case Frequency.DAILY:
            return day
        case Frequency.INTERVAL:
            return day + ONE_DAY * (-_days_into_interval(schedule, day) % schedule.interval_days)
        case Frequency.WEEKLY:
            week = (day + ONE_DAY * step for step in range(7))
            return next(each for each in week if _is_ticked(schedule, each))
        case Frequency.MONTHLY:
            due = _in_month_of(day, schedule.month_day)
            if due >= day:
                return due
            return _in_month_of(_month_end(day) + ONE_DAY, schedule.month_day)


def _last_day_until(schedule: Schedule, day: date) -> date:
    match schedule.frequency:
        case Frequency.DAILY:
            return day
        case Frequency.INTERVAL:
            return day - ONE_DAY * _days_into_interval(schedule, day)
        case Frequency.WEEKLY:
            week = (day - ONE_DAY * step for step in range(7))
            return next(each for each in week if _is_ticked(schedule, each))
        case Frequency.MONTHLY:
            due = _in_month_of(day, schedule.month_day)
            if due <= day:
                return due
            return _in_month_of(day.replace(day=1) - ONE_DAY, schedule.month_day)


def _days_into_interval(schedule: Schedule, day: date) -> int:
    return (day - (schedule.anchor or ANY_PHASE)).days % schedule.interval_days


def _is_ticked(schedule: Schedule, day: date) -> bool:
    return not schedule.weekdays or day.weekday() in schedule.weekdays


def _in_month_of(day: date, month_day: int) -> date:
    return day.replace(day=min(month_day, _month_end(day).day))


def _month_end(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


def _slot_on(schedule: Schedule, day: date) -> Slot:
    wall = datetime.combine(day, schedule.at)
    return Slot(day, wall.isoformat(timespec="minutes"), _reached(wall, ZoneInfo(schedule.zone)))


def _reached(wall: datetime, zone: ZoneInfo) -> datetime:
    """The first instant at which a clock in `zone` shows `wall` or later."""
    first = wall.replace(tzinfo=zone, fold=0)
    earlier, later = first.utcoffset(), first.replace(fold=1).utcoffset()
    if earlier is None or later is None or earlier >= later:
        return first.astimezone(UTC)
    # A gap: the clock before it would show `wall` at its end or later, the clock after it
    # earlier than its end. Between the two instants lies as much time as the gap takes away.
    start = (wall - later).replace(tzinfo=UTC)

    def shown(seconds: int) -> datetime:
        return (start + timedelta(seconds=seconds)).astimezone(zone).replace(tzinfo=None)

    lost = int((later - earlier).total_seconds())
    return start + timedelta(seconds=bisect_left(range(lost), wall, key=shown))
