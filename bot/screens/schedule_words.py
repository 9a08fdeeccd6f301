"""A schedule, its next slot, its zone and its period, as people say them."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date
from babel.lists import format_list

from core.schedule_policy import CHOSEN_DAYS, Frequency, Schedule
from core.services.deliveries import Waiting
from utils import zones
from utils.formatter import LOCALE, format_at, format_period
from utils.plurals import NBSP, plural

# Babel knows weekdays in the nominative only.
_IN = (
    "в понедельник",
    "во вторник",
    "в среду",
    "в четверг",
    "в пятницу",
    "в субботу",
    "в воскресенье",
)
_EVERY = (
    "понедельникам",
    "вторникам",
    "средам",
    "четвергам",
    "пятницам",
    "субботам",
    "воскресеньям",
)
_WORKDAYS, _WEEKEND, _ALL = frozenset(range(5)), frozenset({5, 6}), frozenset(range(7))
_SHORTEST_MONTH, _LONGEST_MONTH = 28, 31


def describe_schedule(schedule: Schedule) -> str:
    """`по понедельникам и средам в 09:00`: how often and when, without the zone."""
    at = format_at(schedule.at)
    match schedule.frequency:
        case Frequency.DAILY:
            return f"каждый день {at}"
        case Frequency.INTERVAL:
            return f"{_every(schedule.interval_days)} {at}"
        case Frequency.WEEKLY:
            return f"{_on(schedule.weekdays or _ALL)} {at}"
        case Frequency.MONTHLY:
            if schedule.month_day == _LONGEST_MONTH:
                return f"в последний день каждого месяца {at}"
            monthly = f"{schedule.month_day}-го{NBSP}числа каждого месяца {at}"
            if schedule.month_day <= _SHORTEST_MONTH:
                return monthly
            return f"{monthly} (в коротком месяце — в последний день)"


def describe_next(due_at: datetime, zone: str, now: datetime) -> str:
    """`завтра, в воскресенье 22 ноября, в 09:00 (Москва)`."""
    if due_at <= now:
        return "с минуты на минуту"
    local, today = (instant.astimezone(ZoneInfo(zone)) for instant in (due_at, now))
    at = f"{format_at(local)} ({zones.city(zone)})"
    days = (local.date() - today.date()).days
    if days == 0:
        return f"сегодня {at}"
    of_another_year = "" if local.year == today.year else f" y{NBSP}'года'"
    pattern = f"d{NBSP}MMMM{of_another_year}"
    day = f"{_IN[local.weekday()]} {format_date(local.date(), pattern, locale=LOCALE)}"
    return f"завтра, {day}, {at}" if days == 1 else f"{day} {at}"


def describe_waiting(waiting: Waiting, zone: str, now: datetime) -> str:
    """Of a report whose time has come, and which Avito has given no numbers for yet."""
    again_at = waiting.next_try_at.astimezone(ZoneInfo(zone))
    then = f"попробую снова {format_at(again_at)}" if waiting.next_try_at > now else "пробую снова"
    return f"⏳ Отчёт за {format_period(waiting.period)} ждёт ответа Avito, {then}."


def describe_zone(zone: str, now: datetime) -> str:
    """`Москва (UTC+3)`: the offset is that of `now`."""
    return f"{zones.city(zone)} ({zones.offset(zone, now)})"


def describe_period_choice(schedule: Schedule, chosen: str | None) -> str:
    """What a report covers: what its owner chose, or else what its frequency implies."""
    if chosen is not None:
        return _last(CHOSEN_DAYS[chosen])
    match schedule.frequency:
        case Frequency.DAILY:
            return _last(1)
        case Frequency.INTERVAL:
            return _last(schedule.interval_days)
        case Frequency.WEEKLY:
            return "за дни с прошлого отчёта"
        case Frequency.MONTHLY:
            return "за прошлый месяц"


def _last(days: int) -> str:
    return "за вчера" if days == 1 else f"за последние {plural(days, 'день', 'дня', 'дней')}"


def _every(days: int) -> str:
    return "каждый день" if days == 1 else f"раз в {plural(days, 'день', 'дня', 'дней')}"


def _on(weekdays: frozenset[int]) -> str:
    if weekdays == _ALL:
        return "каждый день"
    if weekdays == _WORKDAYS:
        return "по будням"
    if weekdays == _WEEKEND:
        return "по выходным"
    return f"по {format_list([_EVERY[day] for day in sorted(weekdays)], locale=LOCALE)}"
