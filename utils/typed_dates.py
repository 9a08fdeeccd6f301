"""Dates as people type them: one, or two that make a period."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from babel.dates import get_month_names

from utils.calendars import WEEK, month_of, months_later, week_of
from utils.periods import ONE_DAY, Period, one_day


def _names(context: Literal["format", "stand-alone"]) -> dict[str, int]:
    """The months, whole and short, by what they are called in a date or on their own."""
    return {
        name.removesuffix("."): month
        for width in ("wide", "abbreviated")
        for month, name in get_month_names(width, context, locale="ru").items()
    }


_MONTHS: Mapping[str, int] = _names("stand-alone")
_OF_MONTHS: Mapping[str, int] = _names("format")
_DATE = (
    r"(?:(?P<iso{n}>\d{{4}}-\d{{1,2}}-\d{{1,2}})"
    r"|(?P<day{n}>\d{{1,2}})(?:"
    r"[.,/](?P<month{n}>\d{{1,2}})(?:[.,/](?P<year{n}>\d{{4}}|\d{{2}}))?"
    rf"|\s*(?P<name{{n}}>{'|'.join(_OF_MONTHS)})\b\.?(?:\s+(?P<full_year{{n}}>\d{{{{4}}}}))?))"
)
_UNTIL = r"(?:\s*(?:[-\u2010-\u2015\u2212]|по|до)\s*)"
_BETWEEN = rf"(?:{_UNTIL}|\s*(?:…|\.{{2,3}}|,)\s*|\s+)"
_YEAR_SIGN = r"(?:\s*г\.?)?"
_TYPED = re.compile(
    # `1-5 ноября`: the first day may leave its month to the last.
    rf"(?:с\s+)?(?:(?P<bare>\d{{1,2}}){_UNTIL}{_DATE.format(n=3)}"
    rf"|{_DATE.format(n=1)}(?:{_BETWEEN}{_DATE.format(n=2)})?){_YEAR_SIGN}"
)
_MONTH = re.compile(rf"(?P<name>{'|'.join(_MONTHS)})(?:\s+(?P<year>\d{{4}}))?{_YEAR_SIGN}")
_LONGEST = 100
_LONG_AGO = timedelta(days=270)
"""As far back as Avito tells its numbers."""
_DAYS_AGO = {"сегодня": 0, "вчера": 1, "позавчера": 2}
_LAST_WEEK = ("прошлая неделя", "прошлую неделю")
_LAST_MONTH = "прошлый месяц"


class NotDates(ValueError):
    """A text that is neither one date nor two."""


class NoSuchDay(ValueError):
    """A date that no calendar has. `written` is how it was typed."""

    def __init__(self, written: str) -> None:
        super().__init__(written)
        self.written = written


@dataclass(frozen=True, slots=True)
class Typed:
    period: Period
    is_reversed: bool = False
    """The later date came first."""


@dataclass(frozen=True, slots=True)
class _Written:
    """A date as it was typed; the year may have been left out."""

    day: int
    month: int
    year: int | None
    text: str

    def of(self, year: int) -> date:
        try:
            return date(year if self.year is None else self.year, self.month, self.day)
        except ValueError:
            raise NoSuchDay(self.text) from None


def parse(text: str | None, today: date, oldest: date | None = None) -> Typed:
    """The period that was typed; whether anything is known about its days is not asked here.

    A date without a year is the last such day, and a period without years the last such period
    that has begun; where that was last year and before the `oldest` day that anybody means, it
    is the coming one. A month that goes on is its days until `today`. Raises `NotDates` or
    `NoSuchDay`.
    """
    meant = Period(today - _LONG_AGO if oldest is None else oldest, today)
    typed = " ".join((text or "")[:_LONGEST].lower().split()).removeprefix("за ")
    named = _named(typed, meant)
    if named is not None:
        return Typed(named)
    found = _TYPED.fullmatch(typed)
    if found is None:
        raise NotDates
    if found["bare"] is not None:
        return _within_month(int(found["bare"]), _written(found, 3), meant)
    first = _written(found, 1)
    if found["iso2"] is None and found["day2"] is None:
        day = _last_such(first, today)
        if day < meant.first:
            day = first.of(today.year)
        return Typed(Period(day, day))
    return _ordered(first, _written(found, 2), meant)


def _named(typed: str, meant: Period) -> Period | None:
    """The days of what has a name of its own; None for anything else."""
    today = meant.last
    if (ago := _DAYS_AGO.get(typed)) is not None:
        return one_day(today - timedelta(days=ago))
    if typed in _LAST_WEEK:
        return week_of(today - ONE_DAY * WEEK)
    if typed == _LAST_MONTH:
        return month_of(months_later(today, -1))
    found = _MONTH.fullmatch(typed)
    return None if found is None else _month(found, meant)


def _month(found: re.Match[str], meant: Period) -> Period:
    today = meant.last
    first = _Written(1, _MONTHS[found["name"]], _year(found["year"]), found[0])
    month = month_of(_last_such(first, today))
    if first.year is None and month.last < meant.first:
        month = month_of(first.of(today.year))
    return Period(month.first, today) if today in month else month


def _within_month(day: int, last: _Written, meant: Period) -> Typed:
    if day > last.day:
        # Either of the two could be wrong, or the month before be meant.
        raise NotDates
    rest = last.text.lstrip("0123456789")
    return _ordered(replace(last, day=day, text=f"{day}{rest}"), last, meant)


def _written(found: re.Match[str], number: int) -> _Written:
    iso, name = found[f"iso{number}"], found[f"name{number}"]
    if iso is not None:
        year, month, day = iso.split("-")
        return _Written(int(day), int(month), int(year), iso)
    if name is not None:
        day, full_year = found[f"day{number}"], found[f"full_year{number}"]
        return _Written(int(day), _OF_MONTHS[name], _year(full_year), f"{day} {name}")
    parts = [found[f"{part}{number}"] for part in ("day", "month", "year")]
    text = ".".join(part for part in parts if part)
    return _Written(int(parts[0]), int(parts[1]), _year(parts[2]), text)


def _year(typed: str | None) -> int | None:
    if typed is None:
        return None
    return int(typed) if len(typed) == len("2026") else 2000 + int(typed)


def _last_such(written: _Written, today: date) -> date:
    day = written.of(today.year)
    return day if written.year is not None or day <= today else written.of(today.year - 1)


def _ordered(first: _Written, last: _Written, meant: Period) -> Typed:
    today = meant.last
    start, end = _forward(first, last, meant)
    if start <= end <= today:
        return Typed(Period(start, end))
    # Only if it makes sense the other way round was it meant so: else its fault is another one.
    other_start, other_end = _forward(last, first, meant)
    if other_start <= other_end <= today and (other_start.year == other_end.year or start > end):
        return Typed(Period(other_start, other_end), is_reversed=True)
    return (
        Typed(Period(start, end)) if start <= end else Typed(Period(end, start), is_reversed=True)
    )


def _forward(first: _Written, last: _Written, meant: Period) -> tuple[date, date]:
    """Both dates when `first` is taken to be the earlier one, years filled in to fit that."""
    today = meant.last
    if first.year is None and last.year is not None:
        end = last.of(last.year)
        start = first.of(end.year)
        return (start if start <= end else first.of(end.year - 1)), end
    start = _last_such(first, today)
    end = last.of(start.year)
    if last.year is None and end < start:
        end = last.of(start.year + 1)
    if first.year is None and start.year < today.year and end < meant.first:
        return first.of(start.year + 1), last.of(end.year + 1)
    return start, end
