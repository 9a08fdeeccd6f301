"""Two periods side by side, as a message."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup
from aiogram.utils.formatting import Bold, Italic, Text

from bot.callbacks import ComparePage, ReportAgainst
from bot.effects import Screen
from bot.keyboards import Row, button, keyboard
from bot.screens import report_buttons, reports
from bot.screens.parts import Line, screen
from core.looks import Comparison
from utils.analytics import Figure
from utils.comparison import Earlier, Pair
from utils.formatter import format_change, format_figure, format_period
from utils.periods import Period
from utils.plurals import plural

_EARLIER = {
    Earlier.BEFORE: "Предыдущие дни",
    Earlier.WEEK: "Неделей раньше",
    Earlier.MONTH: "Месяцем раньше",
    Earlier.YEAR: "Годом раньше",
}


def comparison(
    shown: Comparison,
    now: datetime,
    *,
    for_owner: bool,
    is_bound: bool,
    first: Period | None = None,
) -> Screen:
    report = shown.report
    told = replace(report, figures=[pair.now for pair in shown.pairs])
    lines: list[Line] = [
        Bold("⚖️ Сравнение"),
        Italic(report.profile_name),
        f"Было: {_days(shown.other, report.period)}",
        f"Стало: {_days(report.period, shown.other)}",
        "",
    ]
    for pair in shown.pairs:
        lines += _pair(pair)
    if not shown.pairs:
        lines.append("Выбранные для этого чата показатели по дням не считаются.")
    lines.append("")
    if report.goes_on:
        lines.append("ℹ️ Сегодня ещё не закончилось: сравнивать рано.")
    if shown.missing:
        lines.append(reports.missing_line(shown.missing))
    if shown.cut_days:
        lines.append(reports.cut_line(shown.cut_days))
    lines += [
        *reports.remarks(told, now, for_owner=for_owner),
        Italic(reports.read_line(report, now)),
    ]
    back = report_buttons.under_table(
        report.profile_id, report.period, for_owner=for_owner, is_bound=is_bound, first=first
    )
    return screen(*lines, keyboard=_buttons(shown, back), picture=report.course)


def _days(period: Period, beside: Period) -> str:
    """The days, and how many where that is not the same in both."""
    if period.length == beside.length:
        return format_period(period)
    return f"{format_period(period)} ({plural(period.length, 'день', 'дня', 'дней')})"


def _pair(pair: Pair) -> list[Line]:
    metric = pair.now.metric
    change = format_change(replace(pair.now, change=pair.change))
    return [
        f"{metric.emoji} {metric.label}",
        Text(
            f"{_value(pair.before)} → ",
            Bold(_value(pair.now)),
            f"  {change}" if change else "",
        ),
    ]


def _value(figure: Figure) -> str:
    return format_figure(figure) + (" (не за все дни)" if figure.partial else "")


def _buttons(shown: Comparison, back: list[Row]) -> InlineKeyboardMarkup:
    profile_id, period = shown.report.profile_id, shown.report.period
    choices = [
        _choice(shown, f"✓ {_EARLIER[name]}" if other == shown.other else _EARLIER[name], other)
        for name, other in shown.usual.items()
    ]
    page = ComparePage(
        profile_id=profile_id, first=period.first, last=period.last, month=shown.other.first
    )
    choices.append(button("🗓 Другие дни", page))
    return keyboard(
        *(choices[place : place + 2] for place in range(0, len(choices), 2)),
        report_buttons.to_breakdown(profile_id, period),
        *back,
    )


def _choice(shown: Comparison, label: str, other: Period) -> InlineKeyboardButton:
    report = shown.report
    target = ReportAgainst(
        profile_id=report.profile_id,
        first=report.period.first,
        last=report.period.last,
        other=other.first,
    )
    return button(label, target)
