"""A period by days, weeks or months, as a table that fits the width of a phone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from aiogram.utils.formatting import Bold, Italic, Pre

from bot.callbacks import BreakdownBy, BreakdownPage
from bot.effects import Screen
from bot.keyboards import Row as Buttons
from bot.keyboards import button, keyboard
from bot.screens import report_buttons, reports
from bot.screens.parts import Line, screen
from core.looks import Breakdown
from utils.analytics import Figure
from utils.breakdown import Row, grains
from utils.calendars import Grain
from utils.formatter import NO_DATA, format_count, format_roubles, format_weekday
from utils.metrics import METRICS, Kind, Metric
from utils.periods import Period

COLUMNS = 3
"""More would not fit beside the days on a phone."""
_HEADINGS = {
    "views": "просм.",
    "contacts": "конт.",
    "total_spending": "расход",
    "favorites": "избр.",
    "presence_spending": "размещ.",
    "promo_spending": "продв.",
    "rest_spending": "прочее",
}
"""What adds up over days, the likeliest to be wanted first."""
_UNKNOWN = "н/д"
_MARK = "*"
_CUT = {
    Grain.WEEK: "часть недели вне периода",
    Grain.MONTH: "часть месяца вне периода",
}
_GAPS = "за часть дней нет данных"
NOTHING_TO_SHOW = "Выбранные для этого чата показатели не считаются по дням."


def breakdown(
    shown: Breakdown,
    now: datetime,
    *,
    for_owner: bool,
    is_bound: bool,
    first: Period | None = None,
) -> Screen:
    report, columns = shown.report, _wanted(shown)
    told = replace(report, figures=[each for each in report.figures if each.metric in columns])
    lines: list[Line] = [
        Bold(f"📅 {report_buttons.PER[shown.grain]}"),
        Italic(report.profile_name),
        reports.period_line(report),
        "",
        *_body(shown, columns),
        *reports.remarks(told, now, for_owner=for_owner),
        Italic(reports.read_line(report, now)),
    ]
    back = report_buttons.under_table(
        report.profile_id, report.period, for_owner=for_owner, is_bound=is_bound, first=first
    )
    to_comparison = report_buttons.to_comparison(report.profile_id, report.period)
    buttons = keyboard(_pages(shown), [*_grains(shown), *to_comparison], *back)
    return screen(*lines, keyboard=buttons)


def _wanted(shown: Breakdown) -> list[Metric]:
    ticked = {figure.metric.key for figure in shown.report.figures}
    return [METRICS[key] for key in _HEADINGS if key in ticked][:COLUMNS]


def _body(shown: Breakdown, wanted: Sequence[Metric]) -> list[Line]:
    if not wanted:
        return [NOTHING_TO_SHOW, ""]
    told = [metric for metric in wanted if _told(shown.total, metric).value is not None]
    unknown = [f"{metric.label}: {NO_DATA}." for metric in wanted if metric not in told]
    if not told:
        return [*unknown, ""]
    table = _Table(shown, told)
    beneath = [*table.legend(), *unknown]
    # A table ends with an empty line of its own.
    return [Pre(table.text()), *beneath, *([""] if beneath else [])]


def _told(figures: Sequence[Figure], metric: Metric) -> Figure:
    return next(figure for figure in figures if figure.metric.key == metric.key)


@dataclass(frozen=True, slots=True)
class _Table:
    shown: Breakdown
    columns: Sequence[Metric]

    def text(self) -> str:
        rows = [("", [_HEADINGS[metric.key] for metric in self.columns])]
        rows += [(self._label(row), self._cells(row.figures)) for row in self.shown.page.rows]
        rows.append((self._total_label(), self._cells(self.shown.total)))
        first = max(len(label) for label, _ in rows)
        widths = [
            max(len(cells[place]) for _, cells in rows) for place in range(len(self.columns))
        ]
        lines = []
        for label, cells in rows:
            padded = [f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True)]
            is_empty = set(cells) == {_UNKNOWN}
            lines.append(" ".join([f"{label:<{first}}", *([NO_DATA] if is_empty else padded)]))
        return "\n".join(lines)

    def legend(self) -> list[Line]:
        """What the marks in the table mean, as far as there are any."""
        page, lines = self.shown.page, list[Line]()
        if any(metric.kind is Kind.MONEY for metric in self.columns):
            lines.append("Деньги — в рублях, без копеек.")
        flaws = [flaw for row in page.rows for flaw in self._flaws(row)]
        if self._has_gaps(self.shown.total):
            flaws.append(_GAPS)
        if flaws:
            lines.append(f"{_MARK} не целиком: {'; '.join(dict.fromkeys(flaws))}.")
        if any(
            0 < self._cells(row.figures).count(_UNKNOWN) < len(self.columns) for row in page.rows
        ):
            lines.append(f"{_UNKNOWN} — {NO_DATA}.")
        if page.pages > 1:
            first, last = page.before + 1, page.before + len(page.rows)
            lines.append(f"Строки {first}–{last} из {page.count}, в итоге — весь период.")
        return lines

    def _label(self, row: Row) -> str:
        return _days(row.period, self.shown.grain) + (_MARK if self._flaws(row) else "")

    def _total_label(self) -> str:
        return "Итого" + (_MARK if self._has_gaps(self.shown.total) else "")

    def _has_gaps(self, figures: Sequence[Figure]) -> bool:
        return any(_told(figures, metric).partial for metric in self.columns)

    def _cells(self, figures: Sequence[Figure]) -> list[str]:
        return [_cell(_told(figures, metric)) for metric in self.columns]

    def _flaws(self, row: Row) -> list[str]:
        report, flaws = self.shown.report, list[str]()
        if row.is_cut:
            flaws.append(_CUT[self.shown.grain])
        if self._has_gaps(row.figures):
            flaws.append(_GAPS)
        if report.period.last in row.period and report.goes_on:
            flaws.append("сегодня ещё не закончилось")
        if self._is_cut(row):
            flaws.append("день прочитан не до конца")
        return flaws

    def _is_cut(self, row: Row) -> bool:
        report = self.shown.report
        last = [report.period.last] if report.cut_at is not None else []
        return any(day in row.period for day in [*report.cut_days, *last])


def _cell(figure: Figure) -> str:
    if figure.value is None:
        return _UNKNOWN
    if figure.metric.kind is Kind.MONEY:
        return format_roubles(figure.value)
    return format_count(int(figure.value))


def _days(period: Period, grain: Grain) -> str:
    first, last = period.first, period.last
    if grain is Grain.MONTH:
        return f"{first:%m.%Y}"
    if grain is Grain.DAY:
        return f"{format_weekday(first)} {first:%d.%m}"
    if first == last:
        return f"{last:%d.%m}"
    since = f"{first:%d}" if first.month == last.month else f"{first:%d.%m}"
    return f"{since}–{last:%d.%m}"


def _pages(shown: Breakdown) -> Buttons:
    """To the rows before and after."""
    report, page = shown.report, shown.page

    def to(number: int) -> BreakdownPage:
        first, last = report.period.first, report.period.last
        return BreakdownPage(
            profile_id=report.profile_id, first=first, last=last, grain=shown.grain, page=number
        )

    earlier = [button("‹ Раньше", to(page.number + 1))] if page.before else []
    later = [button("Позже ›", to(page.number - 1))] if page.number else []
    return [*earlier, *later]


def _grains(shown: Breakdown) -> Buttons:
    """The other ways to break the same period down."""
    period = shown.report.period
    return [
        button(
            report_buttons.PER[grain],
            BreakdownBy(
                profile_id=shown.report.profile_id,
                first=period.first,
                last=period.last,
                grain=grain,
            ),
        )
        for grain in grains(period)
        if grain is not shown.grain
    ]
