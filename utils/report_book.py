"""A report as an Excel workbook: the summary, the days, the listings, the course as charts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from io import BytesIO
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.chart import BarChart, LineChart, Reference
from openpyxl.chart.legend import Legend
from openpyxl.chart.marker import Marker
from openpyxl.chart.series import Series
from openpyxl.chart.series_factory import SeriesFactory
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from utils.analytics import Figure, Value
from utils.formatter import NO_CHANGE, NO_DATA, NO_VALUE, format_change, format_period
from utils.metrics import Kind, Metric
from utils.periods import Period
from utils.plurals import NBSP

FORMATS = {
    Kind.COUNT: "#,##0",
    Kind.MONEY: '#,##0.00\\ "₽"',
    Kind.UNIT_PRICE: '#,##0.00\\ "₽"',
    Kind.PERCENT: "0.00%",
}
DATE_FORMAT = "DD.MM.YYYY"
RELATIVE_FORMAT = "+0.0%;-0.0%"
LEAST_RELATIVE = Fraction(5, 10_000)
"""What is smaller would read `+0.0%`."""
HARDLY = f"меньше{NBSP}0,1{NBSP}%"
POINTS_FORMAT = '+0.00" п.п.";-0.00" п.п."'
"""Between two percentages lie percentage points."""
WEEKDAYS = ("пн", "вт", "ср", "чт", "пт", "сб", "вс")
FACE = "Calibri"
BOLD = Font(FACE, bold=True)
LINK = Font(FACE, underline="single", color="0563C1")
HEADER = PatternFill("solid", fgColor="EEF1F6")
WEEKEND = PatternFill("solid", fgColor="F7F7F7")
CHART_SIZE_CM = 26, 9
CHART_ROWS = 19
BEFORE_COLUMN = 18
"""To the right of the charts."""
DRAWN = ("contacts", "views", "total_spending")
NOW, BEFORE = "за эти дни", "раньше"
NOW_INK, BEFORE_INK = "4472C4", "9E9E9E"
TWO_LINES = 32


@dataclass(frozen=True, slots=True)
class ListingLine:
    """What a listing did in the period. Money in kopecks; None is what Avito did not tell."""

    id: int
    title: str | None
    url: str | None
    price: int | None
    is_active: bool
    views: int | None
    contacts: int | None
    favorites: int | None
    spending: int | None


@dataclass(frozen=True, slots=True)
class ReportBook:
    """What the workbook tells. Money is in kopecks, as everywhere; the sheets show roubles."""

    profile_name: str
    period: Period
    compared_with: Period | None
    figures: Sequence[Figure]
    days: Mapping[date, Sequence[Figure]]
    """The same figures for each day of the period."""
    before: Mapping[date, Sequence[Figure]] = field(default_factory=dict)
    """The same for the days before, as far as they are known: faint in the charts."""
    notes: Sequence[str] = ()
    """What has to be known about the numbers to read them right."""
    listings: Sequence[ListingLine] = ()
    """Empty as well where they have not been read about this period."""


def write(book: ReportBook) -> bytes:
    """The workbook as a file. Takes about a second for two years: nothing for the event loop."""
    workbook = Workbook()
    summary = workbook.active
    assert isinstance(summary, Worksheet)  # noqa: S101 - a new workbook has one
    _write_summary(summary, book)
    days = workbook.create_sheet("По дням")
    metrics = [figure.metric for figure in book.figures if figure.metric.slugs]
    _write_days(days, book, metrics)
    if book.listings:
        _write_listings(workbook.create_sheet("По объявлениям"), book.listings)
    _draw(workbook.create_sheet("Графики"), days, book, metrics)
    for sheet in workbook.worksheets:
        _fit_to_page(sheet)
    file = BytesIO()
    workbook.save(file)
    return file.getvalue()


def _write_summary(sheet: Worksheet, book: ReportBook) -> None:
    sheet.title = "Сводка"
    _put_text(sheet.cell(1, 1), book.profile_name).font = Font(FACE, bold=True, size=14)
    _put_text(sheet.cell(2, 1), format_period(book.period))
    if book.compared_with is not None:
        _put_text(sheet.cell(3, 1), f"Раньше — {format_period(book.compared_with)}")
    _head(sheet, 5, ("Показатель", "Значение", "Раньше", "Изменение", "Изменение, %"))
    row = 6
    for figure in book.figures:
        _put_figure(sheet, row, figure)
        row += 1
        if figure.bonus and not figure.metric.slugs:
            _put_text(sheet.cell(row, 1), "   и бонусами")
            _put(sheet.cell(row, 2), figure.metric.kind, figure.bonus)
            row += 1
    for note in [*book.notes, *_gaps(book)]:
        row += 1
        _put_text(sheet.cell(row, 1), note)
    sheet.freeze_panes = "B6"
    _widen(sheet, (34, 18, 18, 18, 16))


def _put_figure(sheet: Worksheet, row: int, figure: Figure) -> None:
    kind, change = figure.metric.kind, figure.change
    _put_text(sheet.cell(row, 1), figure.metric.label)
    if figure.value is None:
        _put_text(sheet.cell(row, 2), NO_VALUE if figure.undefined else NO_DATA)
        return
    _put(sheet.cell(row, 2), kind, figure.value).font = BOLD
    if change is None:
        return
    _put(sheet.cell(row, 3), kind, figure.value - change.absolute)
    moved, relative = sheet.cell(row, 4), sheet.cell(row, 5)
    if format_change(figure) == NO_CHANGE:
        for cell in (moved, relative):
            _put_word(cell, NO_CHANGE)
        return
    if kind is Kind.PERCENT:
        moved.value, moved.number_format = float(change.absolute * 100), POINTS_FORMAT
    else:
        _put(moved, kind, change.absolute)
    if change.relative is None:
        return
    if abs(change.relative) < LEAST_RELATIVE:
        _put_word(relative, HARDLY)
    else:
        relative.value, relative.number_format = float(change.relative), RELATIVE_FORMAT


def _gaps(book: ReportBook) -> list[str]:
    """A word about the empty cells of the days, if there are any."""
    told = [book.days.get(day, ()) for day in book.period]
    is_whole = all(told) and all(
        figure.value is not None or figure.undefined
        for figures in told
        for figure in figures
        if figure.metric.slugs
    )
    return [] if is_whole else ["Пустая ячейка на листе «По дням»: Avito этого не сообщил."]


def _write_days(sheet: Worksheet, book: ReportBook, metrics: Sequence[Metric]) -> None:
    _head(sheet, 1, ("Дата", "День", *(metric.label for metric in metrics)))
    for row, day in enumerate(book.period, 2):
        sheet.cell(row, 1, day).number_format = DATE_FORMAT
        _put_text(sheet.cell(row, 2), WEEKDAYS[day.weekday()])
        _put_figures(sheet, row, metrics, book.days.get(day, ()))
        if day.weekday() >= WEEKDAYS.index("сб"):
            _paint(sheet, row, WEEKEND)
    total = book.period.length + 2
    _put_text(sheet.cell(total, 1), "Всего")
    _put_figures(sheet, total, metrics, book.figures)
    _paint(sheet, total, HEADER, BOLD)
    sheet.freeze_panes, sheet.print_title_rows = "C2", "1:1"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(metrics) + 2)}{total - 1}"
    _widen(sheet, (12, 6, *(16 for _ in metrics)))


def _write_listings(sheet: Worksheet, listings: Sequence[ListingLine]) -> None:
    counts = ("Просмотры", "Контакты", "В избранном")
    money = ("Расходы", "Цена контакта", "Цена в объявлении")
    _head(sheet, 1, ("Номер", "Объявление", "Сейчас", *counts, *money))
    for row, listing in enumerate(listings, 2):
        # As text: what counts with it is wrong anyway, and long numbers would lose their end.
        number = _put_text(sheet.cell(row, 1), str(listing.id))
        if listing.url is not None:
            number.hyperlink, number.font = listing.url, LINK
        _put_text(sheet.cell(row, 2), listing.title or NO_DATA)
        _put_text(sheet.cell(row, 3), "активно" if listing.is_active else "не активно")
        told = (listing.views, listing.contacts, listing.favorites)
        for column, count in enumerate(told, 4):
            _put(sheet.cell(row, column), Kind.COUNT, count)
        _put(sheet.cell(row, 7), Kind.MONEY, listing.spending)
        if listing.spending is not None and listing.contacts:
            cost = Fraction(listing.spending, listing.contacts)
            _put(sheet.cell(row, 8), Kind.UNIT_PRICE, cost)
        _put(sheet.cell(row, 9), Kind.MONEY, listing.price)
    sheet.freeze_panes, sheet.print_title_rows = "C2", "1:1"
    sheet.auto_filter.ref = f"A1:I{len(listings) + 1}"
    _widen(sheet, (14, 52, 12, 12, 12, 12, 16, 16, 18))


def _put_figures(
    sheet: Worksheet, row: int, metrics: Sequence[Metric], figures: Iterable[Figure]
) -> None:
    told = {figure.metric.key: figure for figure in figures}
    for column, metric in enumerate(metrics, 3):
        if metric.key in told:
            _put(sheet.cell(row, column), metric.kind, told[metric.key].value)


def _write_before(sheet: Worksheet, book: ReportBook, metrics: Sequence[Metric]) -> dict[str, int]:
    """The days before, beside the charts that show them; the column of each metric by its key."""
    if not book.before:
        return {}
    _head(sheet, 1, ("Раньше", *(metric.label for metric in metrics)), first=BEFORE_COLUMN)
    for row, day in enumerate(book.period.previous(), 2):
        sheet.cell(row, BEFORE_COLUMN, day).number_format = DATE_FORMAT
        told = {figure.metric.key: figure for figure in book.before.get(day, ())}
        for column, metric in enumerate(metrics, BEFORE_COLUMN + 1):
            if metric.key in told:
                _put(sheet.cell(row, column), metric.kind, told[metric.key].value)
    _widen(sheet, (12, *(16 for _ in metrics)), first=BEFORE_COLUMN)
    return {metric.key: column for column, metric in enumerate(metrics, BEFORE_COLUMN + 1)}


def _draw(sheet: Worksheet, days: Worksheet, book: ReportBook, metrics: Sequence[Metric]) -> None:
    columns = {metric.key: column for column, metric in enumerate(metrics, 3)}
    drawn = [metric for key in DRAWN for metric in metrics if metric.key == key]
    before = _write_before(sheet, book, drawn)
    last_row, is_one_day = book.period.length + 1, book.period.length == 1
    dates = Reference(days, min_col=1, min_row=2, max_row=last_row)
    for place, metric in enumerate(drawn):
        series = [_series(days, columns[metric.key], last_row, NOW)]
        if metric.key in before:
            # First, so that what comes later is drawn over it.
            series.insert(0, _series(sheet, before[metric.key], last_row, BEFORE))
        is_line = metric.kind is Kind.COUNT
        chart = _chart(series, dates, is_line=is_line, is_one_day=is_one_day)
        chart.title = metric.label
        chart.legend = Legend(legendPos="b") if metric.key in before else None
        chart.y_axis.scaling.min = 0
        chart.x_axis.number_format = "DD.MM"
        # Newer readers hide an axis that does not say that it is there.
        chart.x_axis.delete = chart.y_axis.delete = False
        chart.width, chart.height = CHART_SIZE_CM
        sheet.add_chart(chart, f"A{1 + place * CHART_ROWS}")
    sheet.print_area = f"A1:{get_column_letter(BEFORE_COLUMN - 1)}{len(DRAWN) * CHART_ROWS}"


def _series(sheet: Worksheet, column: int, last_row: int, title: str) -> Series:
    numbers = Reference(sheet, min_col=column, min_row=2, max_row=last_row)
    series: Series = SeriesFactory(numbers, title=title)
    ink, dashes = (NOW_INK, "solid") if title == NOW else (BEFORE_INK, "dash")
    look = series.graphicalProperties
    look.solidFill, look.line.solidFill, look.line.dashStyle = ink, ink, dashes
    series.marker = Marker("none")
    # A smooth line would show numbers that no day had.
    series.smooth = False
    return series


def _chart(
    series: Sequence[Series], dates: Reference, *, is_line: bool, is_one_day: bool
) -> BarChart | LineChart:
    """The days before are a line even beside columns; of one day no line could be seen."""
    lines, columns = LineChart(), BarChart()
    *before, now = series
    lines.series = [*before, now] if is_line else before
    columns.series = [*before, now] if is_one_day else [now]
    for chart in (lines, columns):
        chart.set_categories(dates)
    if is_one_day:
        return columns
    if is_line:
        return lines
    if before:
        columns += lines
    return columns


def _head(sheet: Worksheet, row: int, titles: Iterable[str], *, first: int = 1) -> None:
    """From the column `first` on."""
    sheet.row_dimensions[row].height = TWO_LINES
    for column, title in enumerate(titles, first):
        cell = _put_text(sheet.cell(row, column), title)
        cell.font, cell.fill = BOLD, HEADER
        cell.alignment = Alignment(wrap_text=True, vertical="center")


def _put(cell: Any, kind: Kind, value: Value | None) -> Any:
    """An empty cell is what Avito did not tell: a 0 would be another fact."""
    if value is None:
        return cell
    in_kopecks = kind in {Kind.MONEY, Kind.UNIT_PRICE}
    cell.value = int(value) if kind is Kind.COUNT else float(value / 100 if in_kopecks else value)
    cell.number_format = FORMATS[kind]
    return cell


def _put_text(cell: Any, text: str) -> Cell:
    """As text whatever it begins with: names come from people, and `=` would be a formula."""
    cell.value = ILLEGAL_CHARACTERS_RE.sub("", text)
    cell.data_type = "s"
    assert isinstance(cell, Cell)  # noqa: S101 - no cell of ours is merged
    return cell


def _put_word(cell: Any, word: str) -> None:
    """In a column of numbers."""
    _put_text(cell, word).alignment = Alignment(horizontal="right")


def _paint(sheet: Worksheet, row: int, fill: PatternFill, font: Font | None = None) -> None:
    for cell in sheet[row]:
        cell.fill = fill
        if font is not None:
            cell.font = font


def _fit_to_page(sheet: Worksheet) -> None:
    """Printed, a row is not torn over two pages."""
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)


def _widen(sheet: Worksheet, widths: Iterable[int], *, first: int = 1) -> None:
    for column, width in enumerate(widths, first):
        sheet.column_dimensions[get_column_letter(column)].width = width
