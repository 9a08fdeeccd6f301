"""A report as a message, and what is shown while it is made."""

from __future__ import annotations

from datetime import datetime

from aiogram.utils.formatting import Bold, Italic, Text

from bot import keyboards
from bot.callbacks import ProfileOpen, ReportNow
from bot.effects import Screen
from bot.keyboards import button, keyboard
from bot.screens import problems
from bot.screens.parts import Line, named, screen
from core.database.models import AvitoProfile
from core.report_data import ReportData
from utils.analytics import Figure
from utils.formatter import (
    format_change,
    format_figure,
    format_money,
    format_period,
    format_read_at,
)
from utils.periods import Period


def collecting(job_id: int, profile: AvitoProfile, period: Period) -> Screen:
    return screen(
        f"⏳ Собираю отчёт {named(profile.profile_name)} за {format_period(period)}…",
        keyboard=keyboard(keyboards.stop(job_id)),
    )


def waiting_for_avito(job_id: int, seconds: int) -> Screen:
    return screen(
        "⏳ Avito отдаёт статистику не чаще раза в минуту.",
        f"Прочитаю через {seconds} с.",
        keyboard=keyboard(keyboards.stop(job_id)),
    )


def report(data: ReportData, now: datetime, *, for_owner: bool) -> Screen:
    """`for_owner`: nobody else reads along, so what went wrong can be said."""
    lines: list[Line] = [
        Bold("📊 Отчёт Avito"),
        Italic(data.profile_name),
        format_period(data.period),
        "",
        *(line for figure in data.figures for line in _figure_lines(figure)),
    ]
    if data.compared_with is not None:
        lines += ["", Italic(f"Изменения — к {format_period(data.compared_with)}")]
    lines += [*_remarks(data, for_owner), Italic(_read_line(data, now))]
    return screen(
        *lines,
        keyboard=keyboard(
            [button("🔄 Обновить", ReportNow(profile_id=data.profile_id))],
            [button("📊 Профиль", ProfileOpen(profile_id=data.profile_id))],
        ),
    )


def _figure_lines(figure: Figure) -> list[Line]:
    metric = figure.metric
    change = format_change(metric.kind, figure.change)
    tail = f"  {change}" if change else ""
    partial = " (не за все дни)" if figure.partial else ""
    lines: list[Line] = [
        Text(f"{metric.emoji} {metric.label}: ", Bold(format_figure(figure)), partial, tail)
    ]
    if figure.bonus:
        lines.append(f"     и бонусами: {format_money(figure.bonus)}")
    return lines


def _remarks(data: ReportData, for_owner: bool) -> list[Line]:
    remarks: list[Line] = []
    if data.by_listings:
        remarks.append(
            "ℹ️ Avito не отдал общую статистику: просмотры и контакты сложены по объявлениям, "
            "расходов в таких данных нет."
        )
    if data.failure is not None:
        why = f": {problems.of_failure(data.failure)}" if for_owner else "."
        remarks.append(f"⚠️ Свежие числа прочитать не удалось{why}")
    elif data.refreshes_at is not None:
        remarks.append("ℹ️ Avito отвечает раз в минуту: свежие числа подтянутся сами чуть позже.")
    return remarks


def _read_line(data: ReportData, now: datetime) -> str:
    if data.read_at is None:
        return "статистика ещё не прочитана"
    return f"{format_read_at(data.read_at, now)} по Москве"
