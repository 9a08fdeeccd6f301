"""What a workbook tells, cell by cell."""

from __future__ import annotations

from datetime import date, timedelta
from io import BytesIO
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.chart import BarChart, LineChart

from utils.analytics import figures
from utils.periods import Period, one_day
from utils.plurals import NBSP
from utils.report_book import ListingLine, ReportBook, write

DAY = date(2026, 11, 20)
DAYS = {
    date(2026, 11, 19): {"views": 100, "contacts": 4},
    DAY: {"views": 100, "contacts": 5},
}


def book_of(period: Period) -> Workbook:
    days = {day: figures(one_day(day), DAYS, compare=False) for day in period}
    earlier = period.previous()
    before = {day: figures(one_day(day), DAYS, compare=False) for day in earlier if day in DAYS}
    told = ReportBook("Мебель", period, earlier, figures(period, DAYS), days, before)
    return load_workbook(BytesIO(write(told)))


def row_of(book: Workbook, label: str) -> list[Any]:
    return next(list(row) for row in book["Сводка"].iter_rows() if row[0].value == label)


def test_between_two_percentages_lie_percentage_points() -> None:
    _, now, before, moved, relative = row_of(book_of(one_day(DAY)), "Конверсия (CR)")

    assert (now.value, before.value, moved.value, relative.value) == (0.05, 0.04, 1, 0.25)
    assert "п.п." in moved.number_format
    assert "%" not in moved.number_format


@pytest.mark.parametrize(
    ("label", "before", "now", "moved", "relative"),
    [
        ("Конверсия (CR)", 5_000, 5_001, "как было", "как было"),
        ("Контакты", 5_000, 5_000, "как было", "как было"),
        ("Контакты", 5_000, 5_002, 2, "меньше 0,1 %"),
        ("Контакты", 5_000, 4_998, -2, "меньше 0,1 %"),
        ("Контакты", 5_000, 5_005, 5, 0.001),
    ],
)
def test_what_rounds_to_nothing_says_so(
    label: str, before: int, now: int, moved: object, relative: object
) -> None:
    told = [{"views": 100_000, "contacts": contacts} for contacts in (before, now)]
    days = dict(zip((DAY - timedelta(days=1), DAY), told, strict=True))
    book = ReportBook("Мебель", one_day(DAY), None, figures(one_day(DAY), days), {})

    row = row_of(load_workbook(BytesIO(write(book))), label)

    said = [cell.value for cell in row[3:]]
    assert [str(one).replace(NBSP, " ") for one in said] == [str(moved), str(relative)]


@pytest.mark.parametrize(
    ("period", "kind"),
    [(one_day(DAY), BarChart), (Period(date(2026, 11, 19), DAY), LineChart)],
)
def test_one_day_is_drawn_as_a_column_because_a_line_of_it_is_nothing(
    period: Period, kind: type[BarChart | LineChart]
) -> None:
    contacts = book_of(period)["Графики"]._charts[0]  # type: ignore[attr-defined]

    assert isinstance(contacts, kind)


def test_the_days_before_are_a_dashed_line_behind_the_course() -> None:
    period = Period(date(2026, 11, 20), date(2026, 11, 21))
    sheet = book_of(period)["Графики"]

    contacts = sheet._charts[0]  # type: ignore[attr-defined]

    before, now = contacts.series
    assert (before.tx.v, before.graphicalProperties.line.dashStyle) == ("раньше", "dash")
    assert (now.tx.v, now.graphicalProperties.line.dashStyle) == ("за эти дни", "solid")
    assert before.val.numRef.f == "'Графики'!$S$2:$S$3"
    assert [sheet[f"S{row}"].value for row in (1, 2, 3)] == ["Контакты", None, 4]
    assert contacts.legend is not None


def test_without_days_before_a_chart_has_one_line() -> None:
    book = book_of(Period(date(2026, 11, 19), DAY))

    assert [len(chart.series) for chart in book["Графики"]._charts] == [1, 1, 1]  # type: ignore[attr-defined]


def test_printed_each_page_of_a_long_table_begins_with_its_headings() -> None:
    listing = ListingLine(7_100_000_001, "Стол", None, None, True, 100, 5, 1, 0)
    period = one_day(DAY)
    told = ReportBook("Мебель", period, None, (), {}, listings=[listing])
    book = load_workbook(BytesIO(write(told)))

    for title in ("По дням", "По объявлениям"):
        assert book[title].print_title_rows == "$1:$1"
        assert (book[title].page_setup.orientation, book[title].page_setup.fitToHeight) == (
            "landscape",
            0,
        )
