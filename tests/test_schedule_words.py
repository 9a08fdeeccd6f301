"""Schedules in words: what a person reads instead of columns."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest

from bot.markdown import to_plain
from bot.screens.schedule import of_report
from bot.screens.schedule_words import (
    describe_next,
    describe_period_choice,
    describe_schedule,
    describe_zone,
)
from core.database.models import AvitoProfile
from core.schedule_policy import Frequency, Schedule
from core.services.schedule import ChosenPeriod
from core.services.settings import ReportSettings
from sandbox.telegram.seen import as_read

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
"""A Saturday, 11:00 in Moscow."""


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_daily_schedule() -> None:
    schedule = Schedule(Frequency.DAILY, time(18, 5), "Europe/Moscow")

    assert as_read(describe_schedule(schedule)) == "каждый день в 18:05"


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (1, "каждый день в 09:00"),
        (2, "раз в 2 дня в 09:00"),
        (5, "раз в 5 дней в 09:00"),
        (11, "раз в 11 дней в 09:00"),
        (21, "раз в 21 день в 09:00"),
        (365, "раз в 365 дней в 09:00"),
    ],
)
def test_every_n_days_has_its_plural(days: int, words: str) -> None:
    schedule = Schedule(Frequency.INTERVAL, time(9), "Europe/Moscow", interval_days=days)

    assert as_read(describe_schedule(schedule)) == words


@pytest.mark.parametrize(
    ("weekdays", "words"),
    [
        ({1}, "по вторникам в 09:00"),
        ({2, 0}, "по понедельникам и средам в 09:00"),
        ({3, 5, 6}, "по четвергам, субботам и воскресеньям в 09:00"),
        ({0, 1, 2, 3, 4}, "по будням в 09:00"),
        ({5, 6}, "по выходным в 09:00"),
        ({0, 1, 2, 3, 4, 5, 6}, "каждый день в 09:00"),
        (set(), "каждый день в 09:00"),
    ],
)
def test_weekdays_are_named_in_their_order(weekdays: set[int], words: str) -> None:
    schedule = Schedule(Frequency.WEEKLY, time(9), "Europe/Moscow", weekdays=frozenset(weekdays))

    assert as_read(describe_schedule(schedule)) == words


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (1, "1-го числа каждого месяца в 09:00"),
        (28, "28-го числа каждого месяца в 09:00"),
        (29, "29-го числа каждого месяца в 09:00 (в коротком месяце — в последний день)"),
        (30, "30-го числа каждого месяца в 09:00 (в коротком месяце — в последний день)"),
        (31, "в последний день каждого месяца в 09:00"),
    ],
)
def test_a_day_that_short_months_lack_says_what_happens_then(day: int, words: str) -> None:
    schedule = Schedule(Frequency.MONTHLY, time(9), "Europe/Moscow", month_day=day)

    assert as_read(describe_schedule(schedule)) == words


@pytest.mark.parametrize(
    ("due_at", "words"),
    [
        ("2026-11-21T15:30", "сегодня в 18:30 (Москва)"),
        ("2026-11-21T21:00", "завтра, в воскресенье 22 ноября, в 00:00 (Москва)"),
        ("2026-11-22T06:00", "завтра, в воскресенье 22 ноября, в 09:00 (Москва)"),
        ("2026-11-24T06:00", "во вторник 24 ноября в 09:00 (Москва)"),
        ("2026-12-02T06:00", "в среду 2 декабря в 09:00 (Москва)"),
        ("2027-01-01T06:00", "в пятницу 1 января 2027 года в 09:00 (Москва)"),
        ("2026-11-21T08:00", "с минуты на минуту"),
        ("2026-11-21T07:59", "с минуты на минуту"),
    ],
)
def test_the_next_report_is_named_by_its_day(due_at: str, words: str) -> None:
    assert as_read(describe_next(utc(due_at), "Europe/Moscow", NOW)) == words


def test_tomorrow_is_the_tomorrow_of_the_zone() -> None:
    evening = utc("2026-11-21T15:00")  # 18:00 in Moscow, already Sunday in Vladivostok

    assert as_read(describe_next(utc("2026-11-21T23:00"), "Asia/Vladivostok", evening)) == (
        "сегодня в 09:00 (Владивосток)"
    )


def test_the_offset_of_a_zone_is_the_one_of_now() -> None:
    assert describe_zone("Europe/Moscow", NOW) == "Москва (UTC+3)"
    assert describe_zone("Asia/Kolkata", NOW) == "Калькутта (UTC+5:30)"
    assert describe_zone("Europe/Berlin", NOW) == "Берлин (UTC+1)"
    assert describe_zone("Europe/Berlin", utc("2026-07-01")) == "Берлин (UTC+2)"


def test_a_period_is_the_chosen_one_or_what_the_frequency_implies() -> None:
    assert {f: as_read(describe_period_choice(every(f), None)) for f in Frequency} == {
        Frequency.DAILY: "за вчера",
        Frequency.INTERVAL: "за последние 3 дня",
        Frequency.WEEKLY: "за дни с прошлого отчёта",
        Frequency.MONTHLY: "за прошлый месяц",
    }
    for frequency in Frequency:
        assert as_read(describe_period_choice(every(frequency), "day")) == "за вчера"
        assert as_read(describe_period_choice(every(frequency), "week")) == "за последние 7 дней"
        assert as_read(describe_period_choice(every(frequency), "month")) == "за последние 30 дней"


def every(frequency: Frequency) -> Schedule:
    return Schedule(frequency, time(9), "Europe/Moscow", interval_days=3)


def test_no_line_can_break_between_a_number_and_its_word_or_before_a_time() -> None:
    spoken = [
        describe_schedule(every(Frequency.INTERVAL)),
        describe_schedule(every(Frequency.MONTHLY)),
        describe_next(utc("2027-01-01T06:00"), "Europe/Moscow", NOW),
        describe_period_choice(every(Frequency.DAILY), "week"),
    ]
    assert [words.replace("\N{NO-BREAK SPACE}", "_") for words in spoken] == [
        "раз в 3_дня в_09:00",
        "1-го_числа каждого месяца в_09:00",
        "в пятницу 1_января 2027_года в_09:00 (Москва)",
        "за последние 7_дней",
    ]


def settings_screen(schedule: Schedule, period: ChosenPeriod | None = None) -> str:
    profile = AvitoProfile(id=7, profile_name="Мебель", is_report_active=True)
    return as_read(
        to_plain(of_report(ReportSettings(profile, schedule, [], period, None, []), NOW).text)
    )


def in_kamchatka(frequency: Frequency, hour: int = 8) -> Schedule:
    return Schedule(frequency, time(hour), "Asia/Kamchatka", interval_days=3)


@pytest.mark.parametrize(
    ("frequency", "period"),
    [
        *((frequency, None) for frequency in Frequency if frequency is not Frequency.MONTHLY),
        (Frequency.MONTHLY, ChosenPeriod.WEEK),
    ],
)
def test_where_moscow_still_has_the_day_before_the_owner_is_warned(
    frequency: Frequency, period: ChosenPeriod | None
) -> None:
    assert (
        "\n⚠️ Когда у вас 08:00, в Москве ещё вчера: отчёт будет на день старше, по позавчерашний. "
        "Чтобы был по вчерашний, поставьте время не раньше 09:00.\n"
    ) in settings_screen(in_kamchatka(frequency), period)


def test_where_moscow_still_has_the_month_before_the_owner_is_warned() -> None:
    assert (
        "\n⚠️ Когда у вас 08:00, в Москве ещё прошлый месяц: отчёт придёт за позапрошлый. "
        "Чтобы пришёл за прошлый, поставьте время не раньше 09:00.\n"
    ) in settings_screen(in_kamchatka(Frequency.MONTHLY))


@pytest.mark.parametrize("frequency", Frequency)
def test_nobody_is_warned_of_what_is_right(frequency: Frequency) -> None:
    assert "⚠️" not in settings_screen(in_kamchatka(frequency, 9))
