"""A time, a day of the month, a number of days: as people type them, or not at all."""

from __future__ import annotations

from datetime import time

import pytest

from utils import typed


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("9:05", time(9, 5)),
        ("09.10", time(9, 10)),
        ("0915", time(9, 15)),
        ("900", time(9)),
        ("9-20", time(9, 20)),
        ("9 20", time(9, 20)),
        ("9,30", time(9, 30)),
        (" 23:59 ", time(23, 59)),
        ("00:00", time(0)),
        ("7", time(7)),
        ("в 9", time(9)),
        ("В 9:30", time(9, 30)),
        ("9 ч", time(9)),
        ("9ч.", time(9)),
        ("9 ч 30", time(9, 30)),
        ("9 часов", time(9)),
        ("21 час", time(21)),
        ("9 утра", time(9)),
        ("9 часов утра", time(9)),
        ("12 дня", time(12)),
        ("3 часа дня", time(15)),
        ("6 вечера", time(18)),
        ("в 6:30 вечера", time(18, 30)),
        ("18 вечера", time(18)),
        ("11 ночи", time(23)),
        ("12 ночи", time(0)),
        ("2 ночи", time(2)),
    ],
)
def test_a_time_of_day(text: str, meant: time) -> None:
    assert typed.time_of_day(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        *(None, "", "24:00", "12:60", "завтра", "9:5", "12:30:15", "-1", "٩:٠٠", "9" * 300),
        *("12 утра", "12 вечера", "21 утра", "8 ночи", "9 дня", "в", "утра", "9 утра вечера"),
    ],
)
def test_what_is_no_time_or_could_be_two(text: str | None) -> None:
    assert typed.time_of_day(text) is None


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("31", 31),
        (" 1 ", 1),
        ("31-го", 31),
        ("31го", 31),
        ("31 числа", 31),
        ("31-го числа", 31),
        ("5-е число", 5),
        ("15 числа каждого месяца", 15),
        ("Последний день", 31),
        ("в последний день месяца", 31),
    ],
)
def test_a_day_of_the_month(text: str, day: int) -> None:
    assert typed.day_of_month(text, 31) == day


@pytest.mark.parametrize("text", [None, "", "0", "32", "31 марта", "пятнадцатого", "1, 15", "٣"])
def test_what_is_no_day_of_the_month(text: str | None) -> None:
    assert typed.day_of_month(text, 31) is None


@pytest.mark.parametrize(
    ("text", "days"),
    [("10", 10), (" 365 ", 365), ("3 дня", 3), ("раз в 5 дней", 5), ("Каждые 2 дня", 2)],
)
def test_a_number_of_days(text: str, days: int) -> None:
    assert typed.number_of_days(text, 365) == days


@pytest.mark.parametrize(
    "text", [None, "0", "366", "-3", "2.5", "каждый день", "9" * 400, "٣", "3 недели"]
)
def test_what_is_no_number_of_days(text: str | None) -> None:
    assert typed.number_of_days(text, 365) is None
