"""Numbers the Russian way, and never a kopeck lost on the way."""

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.analytics import Change, Figure
from utils.formatter import (
    format_change,
    format_count,
    format_dates,
    format_day,
    format_figure,
    format_moment,
    format_money,
    format_period,
    format_read_at,
    format_share,
    format_value,
)
from utils.metrics import METRICS, Kind
from utils.periods import Period

KOPECKS = st.integers(-(10**15), 10**15)


def plain(text: str) -> str:
    """As a person reads it: every space is a space."""
    return text.replace("\N{NO-BREAK SPACE}", " ")


def number(text: str) -> str:
    """The money in `text` as Python writes it."""
    return plain(text).removesuffix(" ₽").replace(" ", "").replace(",", ".").replace("−", "-")


@pytest.mark.parametrize(
    ("kopecks", "expected"),
    [
        (123456, "1 234,56 ₽"),
        (15000000, "150 000,00 ₽"),
        (0, "0,00 ₽"),
        (5, "0,05 ₽"),
        (-5000, "−50,00 ₽"),
        (Fraction(1000, 3), "3,33 ₽"),
        (Fraction(1, 2), "0,01 ₽"),
        (Fraction(-1, 2), "−0,01 ₽"),
    ],
)
def test_money_is_written_in_roubles_with_two_kopeck_digits(
    kopecks: int | Fraction, expected: str
) -> None:
    assert plain(format_money(kopecks)) == expected


def test_no_line_can_break_inside_a_sum() -> None:
    assert format_money(123456) == "1\N{NO-BREAK SPACE}234,56\N{NO-BREAK SPACE}₽"
    assert format_share(Fraction(1, 25)) == "4,00\N{NO-BREAK SPACE}%"


@given(KOPECKS)
def test_no_kopeck_is_lost_between_the_number_and_the_text(kopecks: int) -> None:
    assert Decimal(number(format_money(kopecks))) * 100 == kopecks


@given(st.fractions(-(10**9), 10**9))
def test_a_price_is_never_off_by_more_than_half_a_kopeck(kopecks: Fraction) -> None:
    assert abs(Fraction(number(format_money(kopecks))) * 100 - kopecks) <= Fraction(1, 2)


@pytest.mark.parametrize(
    ("value", "expected"), [(0, "0"), (1234, "1 234"), (7632548910, "7 632 548 910")]
)
def test_counts_are_grouped_by_thousands(value: int, expected: str) -> None:
    assert plain(format_count(value)) == expected


@pytest.mark.parametrize(
    ("share", "expected"),
    [(Fraction(1, 25), "4,00 %"), (Fraction(1, 3), "33,33 %"), (Fraction(0), "0,00 %")],
)
def test_a_share_is_written_as_a_percentage(share: Fraction, expected: str) -> None:
    assert plain(format_share(share)) == expected


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("views", 1234, "1 234"),
        ("total_spending", 1234500, "12 345,00 ₽"),
        ("cr", Fraction(48, 1200), "4,00 %"),
        ("cpl", Fraction(1234500, 48), "257,19 ₽"),
        ("advance_balance", -5000, "−50,00 ₽"),
        ("favorites", None, "нет данных"),
    ],
)
def test_a_figure_is_written_by_its_kind(
    key: str, value: int | Fraction | None, expected: str
) -> None:
    assert plain(format_figure(Figure(METRICS[key], value))) == expected


def test_a_ratio_to_nothing_is_a_dash() -> None:
    assert format_figure(Figure(METRICS["cpl"], None, undefined=True)) == "—"


@pytest.mark.parametrize("kind", list(Kind))
def test_a_withheld_number_is_not_a_zero(kind: Kind) -> None:
    assert format_value(kind, None) == "нет данных"


@pytest.mark.parametrize(
    ("kind", "change", "expected"),
    [
        (Kind.COUNT, Change(12, Fraction(83, 1000)), "▲ +12 (+8,3 %)"),
        (Kind.COUNT, Change(-1500, Fraction(-1, 2)), "▼ −1 500 (−50,0 %)"),
        (Kind.COUNT, Change(7, None), "▲ +7"),
        (Kind.COUNT, Change(0, Fraction(0)), "без изменений"),
        (Kind.MONEY, Change(123456, Fraction(1)), "▲ +1 234,56 ₽ (+100,0 %)"),
        (Kind.MONEY, Change(-5, Fraction(-1, 10)), "▼ −0,05 ₽ (−10,0 %)"),
        (Kind.UNIT_PRICE, Change(Fraction(1, 3), Fraction(1, 1000)), "без изменений"),
        (Kind.PERCENT, Change(Fraction(1, 200), Fraction(1, 8)), "▲ +0,50 п.п. (+12,5 %)"),
        (Kind.PERCENT, Change(Fraction(-1, 100), Fraction(-1, 4)), "▼ −1,00 п.п. (−25,0 %)"),
    ],
)
def test_a_change_has_an_arrow_a_difference_and_a_percentage(
    kind: Kind, change: Change, expected: str
) -> None:
    assert plain(format_change(kind, change)) == expected


def test_no_line_can_break_inside_a_change() -> None:
    for change in (Change(-5, Fraction(-1, 10)), Change(0, Fraction(0))):
        assert " " not in format_change(Kind.MONEY, change)


def test_nothing_to_compare_with_is_said_by_silence() -> None:
    assert format_change(Kind.COUNT, None) == ""


def test_dates_are_day_month_year() -> None:
    assert format_day(date(2026, 11, 2)) == "02.11.2026"
    assert format_period(Period(date(2026, 11, 20), date(2026, 11, 20))) == "20.11.2026"
    week = Period(date(2026, 11, 14), date(2026, 11, 20))
    assert format_period(week) == "14.11.2026 – 20.11.2026"


def test_the_reading_time_is_told_in_the_readers_zone() -> None:
    read_at = datetime(2026, 11, 20, 6, 5, tzinfo=UTC)
    now = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)
    assert plain(format_read_at(read_at, now)) == "Обновлено в 09:05"
    there = ZoneInfo("Asia/Vladivostok")
    assert plain(format_read_at(read_at, now, there)) == "Обновлено 20.11.2026 в 16:05"
    assert plain(format_moment(read_at, now)) == "сегодня в 09:05"
    assert plain(format_moment(read_at, now, there)) == "20.11.2026 в 16:05"


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (["2026-11-20"], "20 ноября"),
        (["2026-11-18", "2026-11-19", "2026-11-20"], "18, 19 и 20 ноября"),
        (["2026-11-30", "2026-12-01", "2026-12-03"], "30 ноября, 1 и 3 декабря"),
    ],
)
def test_dates_are_listed_with_each_month_once(days: list[str], expected: str) -> None:
    assert plain(format_dates([date.fromisoformat(day) for day in days])) == expected
