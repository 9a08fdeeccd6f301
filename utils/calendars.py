"""Weeks and months of the calendar: parts of a period, presets, a month as a grid of days."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, datetime
from enum import StrEnum

from utils.periods import ONE_DAY, Period, moscow_day, one_day, yesterday

WEEK = 7
MONTHS = 12


class Grain(StrEnum):
    """What a period is broken down into."""

    DAY = "day"
    WEEK = "week"
    """From Monday."""
    MONTH = "month"


class Preset(StrEnum):
    """A period that has a name; which days it means changes at every midnight in Moscow."""

    TODAY = "today"
    YESTERDAY = "yesterday"
    THIS_MONTH = "this_month"
    LAST_MONTH = "last_month"


def week_of(day: date) -> Period:
    monday = day - ONE_DAY * day.weekday()
    return Period(monday, monday + ONE_DAY * (WEEK - 1))


def month_of(day: date) -> Period:
    return Period(day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1]))


def months_later(day: date, count: int) -> date:
    """The same day so many months later (or earlier); the last one of a month without it."""
    month = day.year * MONTHS + day.month - 1 + count
    first = date(month // MONTHS, month % MONTHS + 1, 1)
    return first.replace(day=min(day.day, month_of(first).length))


def days_until_yesterday(now: datetime, count: int) -> Period:
    """The last `count` days that are over."""
    last = yesterday(now).last
    return Period(last - ONE_DAY * (count - 1), last)


def preset(name: Preset, now: datetime) -> Period:
    today = moscow_day(now)
    match name:
        case Preset.TODAY:
            return one_day(today)
        case Preset.YESTERDAY:
            return yesterday(now)
        case Preset.THIS_MONTH:
            # Without today, which can be compared with nothing; on the first there is no other.
            return (
                one_day(today) if today.day == 1 else Period(today.replace(day=1), today - ONE_DAY)
            )
        case Preset.LAST_MONTH:
            return month_of(today.replace(day=1) - ONE_DAY)


def is_whole_month(period: Period) -> bool:
    return period == month_of(period.first)


def like(period: Period, first: date) -> Period:
    """A period as long as `period` that begins on `first`: to a whole month, a whole month."""
    if is_whole_month(period) and first.day == 1:
        return month_of(first)
    return Period(first, first + ONE_DAY * (period.length - 1))


def whole_part(day: date, grain: Grain) -> Period:
    """The day, week or month of the calendar in which `day` lies."""
    match grain:
        case Grain.DAY:
            return one_day(day)
        case Grain.WEEK:
            return week_of(day)
        case Grain.MONTH:
            return month_of(day)


def parts(period: Period, grain: Grain) -> Iterator[Period]:
    """The days, weeks or months of `period` in order; its edges cut the first and the last."""
    first = period.first
    while first <= period.last:
        last = min(whole_part(first, grain).last, period.last)
        yield Period(first, last)
        first = last + ONE_DAY


def grid(month: date, within: Period) -> list[list[date | None]]:
    """The weeks of a month with their seven places each; None where nothing can be chosen.

    A day can be chosen when it is of this month and `within`; weeks without any are left out.
    """
    days = month_of(month)
    weeks = [
        [day if day in days and day in within else None for day in week_of(start)]
        for start in _mondays(days)
    ]
    return [week for week in weeks if any(week)]


def _mondays(days: Period) -> Iterator[date]:
    monday = week_of(days.first).first
    while monday <= days.last:
        yield monday
        monday += ONE_DAY * WEEK
