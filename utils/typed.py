"""Times and days the way people type them. What could mean two things means nothing."""

from __future__ import annotations

import re
from datetime import time

_TIME = re.compile(
    r"(?:в )?(?P<hour>[01]?[0-9]|2[0-3])"
    r"(?:(?:[:.,\- ]| ?ч\.? ?)?(?P<minute>[0-5][0-9]))?"
    r"(?: ?(?:ч\.?|час|часа|часов))?"
    r"(?: (?P<part>утра|дня|вечера|ночи))?"
)
_HOURS_OF = {
    "утра": range(1, 12),
    "дня": range(12, 18),
    "вечера": range(16, 24),
    "ночи": (22, 23, *range(6)),
}
_MONTH_DAY = re.compile(
    r"(?P<day>[0-9]{1,2})(?: ?-?(?:го|ого|е|ое))?(?: (?:числа|число))?(?: каждого месяца)?"
)
_LAST_DAY = re.compile(r"(?:в )?последний день(?: месяца)?")
_DAYS = re.compile(r"(?:раз в |каждые |каждый )?(?P<days>[0-9]{1,4})(?: (?:день|дня|дней))?")


def time_of_day(text: str | None) -> time | None:
    """`9:00`, `09.00`, `900`, `9`, `9 утра`, `в 6:30 вечера`; None when it is none of these."""
    match = _TIME.fullmatch(_tidied(text))
    if match is None:
        return None
    hour = _hour(int(match["hour"]), match["part"])
    return None if hour is None else time(hour, int(match["minute"] or 0))


def day_of_month(text: str | None, last: int) -> int | None:
    """`31`, `31-го`, `31 числа`, `последний день`; None when it is no day from 1 to `last`."""
    typed = _tidied(text)
    if _LAST_DAY.fullmatch(typed):
        return last
    match = _MONTH_DAY.fullmatch(typed)
    return _within(match["day"], last) if match else None


def number_of_days(text: str | None, most: int) -> int | None:
    """`3`, `3 дня`, `раз в 3 дня`; None when it is no number from 1 to `most`."""
    match = _DAYS.fullmatch(_tidied(text))
    return _within(match["days"], most) if match else None


def _hour(said: int, part: str | None) -> int | None:
    """The hour of the day that `6 вечера` or `18 вечера` is; None for `12 утра`."""
    if part is None:
        return said
    meant = {said} if said > 12 else {said, (said + 12) % 24}  # noqa: PLR2004 - of a dial
    hours = meant.intersection(_HOURS_OF[part])
    return hours.pop() if hours else None


def _within(digits: str, most: int) -> int | None:
    return int(digits) if 1 <= int(digits) <= most else None


def _tidied(text: str | None) -> str:
    return " ".join((text or "").casefold().split())
