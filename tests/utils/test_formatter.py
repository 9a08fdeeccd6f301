"""Numbers the Russian way, and never a kopeck lost on the way."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.analytics import Change, Figure, Value
from utils.formatter import (
    format_change,
    format_count,
    format_dates,
    format_day,
    format_figure,
    format_lasts,
    format_moment,
    format_money,
    format_period,
    format_price,
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


@pytest.mark.parametrize("digits", [30, 4_000])
@pytest.mark.parametrize("kind", list(Kind))
def test_no_stored_number_is_too_long_to_be_written(kind: Kind, digits: int) -> None:
    written = plain(format_value(kind, -(10**digits)))
    assert written.startswith("−1")
    assert written.count("0") >= digits


def test_a_change_of_any_size_is_written() -> None:
    assert moved("views", before=50, now=10**30).endswith("раз")
    assert moved("cr", before=0, now=10**30).endswith("п.п.")


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


def moved(key: str, before: Value, now: Value) -> str:
    """The change of a metric as its report tells it."""
    base = abs(Fraction(before))
    change = Change(now - before, (now - before) / base if base else None)
    return plain(format_change(Figure(METRICS[key], now, change)))


@pytest.mark.parametrize(
    ("key", "before", "now", "expected"),
    [
        ("views", 546, 612, "🟢 ▲ 12 %"),
        ("views", 612, 546, "🔴 ▼ 11 %"),
        ("views", 612, 0, "🔴 ▼ 100 %"),
        ("cpl", Fraction(30_000), Fraction(27_000), "🟢 ▼ 10 %"),
        ("cpl", Fraction(27_000), Fraction(30_000), "🔴 ▲ 11 %"),
        ("calls_missed", 20, 10, "🟢 ▼ 50 %"),
        ("total_spending", 500_000, 560_000, "▲ 12 %"),
        ("total_spending", 560_000, 500_000, "▼ 11 %"),
        ("bonus_spending", 5_000, 10_000, "▲ 100 %"),
    ],
)
def test_the_arrow_says_where_to_and_the_colour_whether_that_is_good(
    key: str, before: Value, now: Value, expected: str
) -> None:
    assert moved(key, before, now) == expected


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (1_000, 1_049, "▲ 5 %"),
        (1_000, 1_050, "🟢 ▲ 5 %"),
        (1_000, 951, "▼ 5 %"),
        (1_000, 950, "🔴 ▼ 5 %"),
        (1_000, 1_010, "▲ 1 %"),
        (1_000, 1_004, "▲ 0,4 %"),
        (10_000, 10_005, "▲ 0,1 %"),
    ],
)
def test_a_small_change_has_no_colour_but_a_percentage(
    before: int, now: int, expected: str
) -> None:
    assert moved("views", before, now) == expected


@pytest.mark.parametrize(
    ("key", "before", "now", "expected"),
    [
        ("views", 0, 5, "🟢 ▲ с нуля"),
        ("total_spending", 0, 12_345, "▲ с нуля"),
        ("cpl", 0, Fraction(100, 3), "🔴 ▲ с нуля"),
        ("contacts", 2, 1, "🔴 ▼ 1"),
        ("contacts", 9, 27, "🟢 ▲ 18"),
        ("calls_missed", 1, 3, "🔴 ▲ 2"),
        ("views", 1_000_000, 1_000_001, "▲ 1"),
        ("total_spending", 123_456_789_012, 123_456_789_062, "▲ 0,50 ₽"),
    ],
)
def test_where_a_percentage_says_nothing_there_is_none(
    key: str, before: int, now: Value, expected: str
) -> None:
    assert moved(key, before, now) == expected


@pytest.mark.parametrize(
    ("key", "before", "now", "expected"),
    [
        ("wallet_balance", 15_000_000, 12_000_000, "▼ 30 000,00 ₽"),
        ("wallet_balance", 0, 987_654_321_012, "▲ 9 876 543 210,12 ₽"),
        ("advance_balance", -5_000, -2_000, "▲ 30,00 ₽"),
        ("advance_balance", 500, -2_000, "▼ 25,00 ₽"),
        ("active_items", 30, 31, "▲ 1"),
    ],
)
def test_a_state_moves_by_an_amount(key: str, before: int, now: int, expected: str) -> None:
    assert moved(key, before, now) == expected


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (100, 299, "🟢 ▲ 199 %"),
        (100, 300, "🟢 ▲ в 3 раза"),
        (100, 346, "🟢 ▲ в 3,5 раза"),
        (10, 1_210, "🟢 ▲ в 121 раз"),
        (10, 73_051_350, "🟢 ▲ в 7 305 135 раз"),
    ],
)
def test_from_three_times_on_it_is_times(before: int, now: int, expected: str) -> None:
    assert moved("views", before, now) == expected


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (Fraction(4, 100), Fraction(45, 1000), "🟢 ▲ 0,5 п.п."),
        (Fraction(4, 100), Fraction(39, 1000), "▼ 0,1 п.п."),
        (0, Fraction(1, 8), "🟢 ▲ 12,5 п.п."),
        (Fraction(4, 100), Fraction(40001, 1_000_000), "как было"),
    ],
)
def test_between_percentages_lie_points(before: Value, now: Value, expected: str) -> None:
    assert moved("cr", before, now) == expected


def test_what_rounds_away_on_the_screen_has_not_moved() -> None:
    assert moved("views", 7, 7) == "как было"
    assert moved("cpl", Fraction(30_000), Fraction(90_001, 3)) == "как было"


@given(st.sampled_from(sorted(METRICS)), st.integers(-(10**12), 10**12), st.integers(0, 10**12))
def test_no_change_is_ever_told_as_a_zero(key: str, before: int, now: int) -> None:
    said = moved(key, before, now)
    assert "нуля" in said or "было" in said or re.search("[1-9]", said)
    assert "%" not in said or before > 0


def test_no_line_can_break_inside_a_change() -> None:
    for now in (0, 7, 90, 700):
        change = Change(now - 7, Fraction(now - 7, 7))
        for key in ("views", "total_spending", "wallet_balance", "cr"):
            assert " " not in format_change(Figure(METRICS[key], now, change))


def test_nothing_to_compare_with_is_said_by_silence() -> None:
    assert format_change(Figure(METRICS["views"], 5)) == ""
    assert format_change(Figure(METRICS["views"], None)) == ""


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (Fraction(1, 3), "меньше чем на день"),
        (Fraction(1), "на 1 день"),
        (Fraction(23, 10), "на 2,3 дня"),
        (Fraction(2399, 1000), "на 2,3 дня"),
        (Fraction(5), "на 5 дней"),
        (Fraction(999, 100), "на 9,9 дня"),
        (Fraction(1099, 100), "на 10 дней"),
        (Fraction(21), "на 21 день"),
        (Fraction(365), "на 365 дней"),
        (Fraction(366), "больше чем на год"),
    ],
)
def test_days_left_are_rounded_down(days: Fraction, expected: str) -> None:
    assert plain(format_lasts(days)) == expected


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


@pytest.mark.parametrize(
    ("kopecks", "expected"),
    [(3_500_000, "35 000 ₽"), (99, "0,99 ₽"), (0, "0 ₽"), (10**12, "10 000 000 000 ₽")],
)
def test_a_price_has_kopecks_only_where_there_are_any(kopecks: int, expected: str) -> None:
    assert plain(format_price(kopecks)) == expected
