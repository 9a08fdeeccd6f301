"""Words and numbers on a picture: shorter than in a text, for a phone is narrow."""

from __future__ import annotations

import math
from datetime import date, datetime

from babel.dates import format_date
from babel.numbers import format_compact_decimal

from utils.formatter import LOCALE, MINUS, format_count, format_time
from utils.periods import Period
from utils.plurals import NBSP, plural

ROUBLE = f"{NBSP}₽"
CONTACTS = "Контакты"
VIEWS = "Просмотры"
SPENDING = "Расходы"
BEFORE = "раньше"
BY_WEEKS = "среднее за день по неделям"
BY_MONTHS = "среднее за день по месяцам"
GAPS = "пропуски — нет данных"

_WEEKDAYS = ("пн", "вт", "ср", "чт", "пт", "сб", "вс")
# Three letters each: Babel's own are "нояб." and "февр.".
_MONTHS = ("янв", "фев", "мар", "апр", "май", "июн", "июл", "авг", "сен", "окт", "ноя", "дек")
_MAY = 5
_MANY_DIGITS = 10_000


def short(value: float) -> str:
    """Two or three digits of `value`: `0,25`, `87`, `1,2 тыс.`, `12 тыс.`, `123 тыс.`."""
    if not value:
        return "0"
    # Rounded first: 999 999 is 1 млн, and no 1000 тыс.
    magnitude = math.floor(math.log10(abs(value)))
    rounded = round(value, max(1, magnitude % 3) - magnitude)
    text = format_compact_decimal(rounded, locale=LOCALE, fraction_digits=2)
    return text.replace("-", MINUS)


def full(value: float) -> str:
    """Every digit before the comma: `1 234 567`."""
    return format_count(round(value)) if abs(value) >= 1 else short(value)


def beside_point(value: float) -> str:
    """Every digit while there are few: `1 234`, but `12 тыс.`."""
    return full(value) if abs(value) < _MANY_DIGITS else short(value)


def over_days(period: Period) -> str:
    """`за 14 дней`"""
    return f"за {plural(period.length, 'день', 'дня', 'дней')}"


def weekday(day: date) -> str:
    """`пн 17`"""
    return f"{_WEEKDAYS[day.weekday()]}{NBSP}{day.day}"


def day_and_month(day: date) -> str:
    """`17 ноя`, `9 мая`"""
    return f"{day.day}{NBSP}{'мая' if day.month == _MAY else _MONTHS[day.month - 1]}"


def month(day: date) -> str:
    """`ноя`; in January the year that begins."""
    return str(day.year) if day.month == 1 else _MONTHS[day.month - 1]


def days_of(period: Period, *, year: bool = True) -> str:
    """`10–16 ноября 2026`, `28 окт – 3 ноя 2026`; two years are always both named."""
    first, last = period.first, period.last
    ending = f" {last.year}" if year else ""
    if first.year != last.year:
        return f"{day_and_month(first)} {first.year} – {day_and_month(last)} {last.year}"
    if first.month != last.month:
        return f"{day_and_month(first)} – {day_and_month(last)}{ending}"
    start = "" if first == last else f"{first.day}–"
    return f"{start}{_in_full(last)}{ending}"


def is_cut(day: date, cut_at: datetime) -> str:
    return f"{_in_full(day)} — только до {format_time(cut_at)}"


def _in_full(day: date) -> str:
    """`17 ноября`"""
    return format_date(day, "d MMMM", locale=LOCALE)
