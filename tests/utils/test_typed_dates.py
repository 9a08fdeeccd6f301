"""What people type when they are asked for dates."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.periods import Period
from utils.typed_dates import NoSuchDay, NotDates, Typed, parse

TODAY = date(2026, 11, 21)


def typed(first: str, last: str | None = None, *, is_reversed: bool = False) -> Typed:
    period = Period(date.fromisoformat(first), date.fromisoformat(last or first))
    return Typed(period, is_reversed)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-05", typed("2026-11-05")),
        ("05.11.2026", typed("2026-11-05")),
        ("5.11.2026", typed("2026-11-05")),
        ("05.11.26", typed("2026-11-05")),
        ("05/11/2026", typed("2026-11-05")),
        (" 05.11.2026 г. ", typed("2026-11-05")),
        ("05.11", typed("2026-11-05")),
        ("21.11", typed("2026-11-21")),
        ("05.01", typed("2026-01-05")),
        # Nobody means what was nearly a year ago: that this year's has not come yet is said.
        ("22.11", typed("2026-11-22")),
        ("31.12", typed("2026-12-31")),
        ("29.02.2024", typed("2024-02-29")),
        ("Вчера", typed("2026-11-20")),
        ("сегодня", typed("2026-11-21")),
        (" позавчера", typed("2026-11-19")),
        ("за вчера", typed("2026-11-20")),
        ("05,11", typed("2026-11-05")),
        ("05,11,2026", typed("2026-11-05")),
        ("5 ноября", typed("2026-11-05")),
        ("за 5 Ноября 2026 г.", typed("2026-11-05")),
        ("5 нояб. 2026", typed("2026-11-05")),
    ],
)
def test_one_date_is_one_day(text: str, expected: Typed) -> None:
    assert parse(text, TODAY) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("25.12-05.01", typed("2025-12-25", "2026-01-05")),
        ("25.12", typed("2025-12-25")),
        ("декабрь", typed("2025-12-01", "2025-12-31")),
        ("20.11-25.11", typed("2026-11-20", "2026-11-25")),
    ],
)
def test_where_all_is_known_nothing_lies_too_far_back(text: str, expected: Typed) -> None:
    assert parse(text, TODAY, date(2000, 1, 1)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "01.11.2026-20.11.2026",
        "01.11.2026 - 20.11.2026",
        "01.11.2026–20.11.2026",
        "01.11.2026 — 20.11.2026",
        "01.11.2026 20.11.2026",
        "01.11.2026\n20.11.2026",
        "2026-11-01-2026-11-20",
        "2026-11-01 2026-11-20",
        "2026-11-01 - 20.11.2026",
        "с 01.11 по 20.11",
        "С 1.11 до 20.11",
        "1.11-20.11",
        "01.11..20.11",
        "01.11, 20.11",
        "01.11-20.11.2026",
        "01.11.2026-20.11",
        "01/11/26 - 20/11/26",
        "01,11-20,11",
        "1,11 20,11",
        "1-20.11.2026",
        "1–20.11",
        "с 1 по 20 ноября",
        "за 1-20 ноября",
        "1 - 20 ноября 2026",
        "с 1 ноября по 20 ноября",
        "1 ноября — 20.11",
    ],
)
def test_two_dates_are_a_period(text: str) -> None:
    assert parse(text, TODAY) == typed("2026-11-01", "2026-11-20")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # A year that was left out is the one that makes a period of the past.
        ("25.12-05.01.2026", typed("2025-12-25", "2026-01-05")),
        ("25.12.2025-05.01", typed("2025-12-25", "2026-01-05")),
        ("25.12.2025-05.01.2026", typed("2025-12-25", "2026-01-05")),
        ("01.12-21.11", typed("2025-12-01", "2026-11-21")),
        # The later date first.
        ("20.11.2026-01.11.2026", typed("2026-11-01", "2026-11-20", is_reversed=True)),
        ("2026-11-20 2026-11-01", typed("2026-11-01", "2026-11-20", is_reversed=True)),
        ("20.11-01.11", typed("2026-11-01", "2026-11-20", is_reversed=True)),
        ("20.11-05.01", typed("2026-01-05", "2026-11-20", is_reversed=True)),
        ("05.01.2026-25.12.2025", typed("2025-12-25", "2026-01-05", is_reversed=True)),
        # In the future, whichever way it is read: that is for somebody else to say.
        ("20.11-25.11", typed("2026-11-20", "2026-11-25")),
        ("05.01-25.12", typed("2026-01-05", "2026-12-25")),
        ("30.11-05.12", typed("2026-11-30", "2026-12-05")),
        ("25.12-05.01", typed("2026-12-25", "2027-01-05")),
        ("25.11.2026-20.11.2026", typed("2026-11-20", "2026-11-25", is_reversed=True)),
    ],
)
def test_a_period_without_years_is_the_last_one_and_either_order_will_do(
    text: str, expected: Typed
) -> None:
    assert parse(text, TODAY) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("прошлая неделя", typed("2026-11-09", "2026-11-15")),
        ("за прошлую  неделю", typed("2026-11-09", "2026-11-15")),
        ("Прошлый месяц", typed("2026-10-01", "2026-10-31")),
        ("октябрь", typed("2026-10-01", "2026-10-31")),
        ("за октябрь 2025 г.", typed("2025-10-01", "2025-10-31")),
        # It goes on.
        ("ноябрь", typed("2026-11-01", "2026-11-21")),
        ("декабрь", typed("2026-12-01", "2026-12-31")),
    ],
)
def test_weeks_and_months_have_names(text: str, expected: Typed) -> None:
    assert parse(text, TODAY) == expected


@pytest.mark.parametrize(
    ("text", "today", "expected"),
    [
        ("25.12-05.01", "2026-01-10", typed("2025-12-25", "2026-01-05")),
        ("25.12-31.12", "2026-01-10", typed("2025-12-25", "2025-12-31")),
        ("31.12", "2026-01-10", typed("2025-12-31")),
        # As far back as Avito tells.
        ("01.12-05.12", "2026-08-01", typed("2025-12-01", "2025-12-05")),
        ("декабрь", "2026-08-01", typed("2025-12-01", "2025-12-31")),
        ("28 декабря - 5 января", "2026-01-10", typed("2025-12-28", "2026-01-05")),
        ("01.12-05.12", "2026-09-15", typed("2026-12-01", "2026-12-05")),
    ],
)
def test_last_years_days_are_meant_while_they_are_not_long_ago(
    text: str, today: str, expected: Typed
) -> None:
    assert parse(text, date.fromisoformat(today)) == expected


@pytest.mark.parametrize(
    "text",
    [
        *(None, "", "на днях", "12", "2026", "11.2026", "1.2.3.4", "2026-11", "20.11.226"),
        *("01.11-20.11-25.11", "01.11 и 20.11", "0111-2011", "01.11.2026 завтра", "/cancel"),
        *("неделя", "этот месяц", "5 брюмера", "20-1 ноября", "5 20.11", "1-5", "ноября"),
        *("01.11.2026 12:00", "x" * 5_000, "01.11-" * 900),
    ],
)
def test_anything_else_is_no_date(text: str | None) -> None:
    with pytest.raises(NotDates):
        parse(text, TODAY)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("31.02.2026", "31.02.2026"),
        ("2026-02-30", "2026-02-30"),
        ("29.02", "29.02"),
        ("32.01", "32.01"),
        ("01.13", "01.13"),
        ("00.01.2026", "00.01.2026"),
        ("0000-01-01", "0000-01-01"),
        ("01.11-31.11", "31.11"),
        ("31.09.2026 - 01.10.2026", "31.09.2026"),
        ("31 ноября", "31 ноября"),
        ("0-5 ноября", "0 ноября"),
    ],
)
def test_a_day_that_no_calendar_has_is_named(text: str, written: str) -> None:
    with pytest.raises(NoSuchDay) as refusal:
        parse(text, TODAY)
    assert refusal.value.written == written


@given(st.text(alphabet="0123456789.-/ спо,г—за май", max_size=24))
def test_whatever_is_typed_has_one_of_three_ends(text: str) -> None:
    try:
        period = parse(text, TODAY).period
    except (NotDates, NoSuchDay):
        return
    assert period.first <= period.last


@given(st.dates(date(2000, 1, 1), TODAY), st.dates(date(2000, 1, 1), TODAY))
def test_full_dates_mean_what_they_say_in_any_order(one: date, other: date) -> None:
    for text in (f"{one:%d.%m.%Y}-{other:%d.%m.%Y}", f"{one.isoformat()} {other.isoformat()}"):
        assert parse(text, TODAY) == Typed(
            Period(min(one, other), max(one, other)), is_reversed=one > other
        )
