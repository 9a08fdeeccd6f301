"""The combined report of a chat, and what stands there instead of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil

from aiogram.types import InlineKeyboardMarkup
from aiogram.utils.formatting import Bold, Italic

from bot import keyboards
from bot.callbacks import StatsShow
from bot.effects import Screen
from bot.keyboards import Row as Buttons
from bot.keyboards import button, keyboard, link
from bot.screens.parts import Line, named, screen
from bot.screens.reports import compared_line, figure_lines
from core.combined import Combined, Row
from core.report_data import ReportData
from utils.formatter import (
    format_figure,
    format_moment,
    format_period,
    format_read_at,
    format_time,
)
from utils.plurals import NBSP, plural

NOTHING_BOUND = "Сюда больше не приходит ни один отчёт."

_IN_ROW = ("views", "contacts", "total_spending", "wallet_balance")
"""What a row of one profile tells of what is ticked; the rest is in the totals."""


def collecting() -> Screen:
    return screen("⏳ Собираю сводку…")


def combined(report: Combined, now: datetime, *, in_private: bool) -> Screen:
    names = plural(len(report.rows), "профиль", "профиля", "профилей")
    lines: list[Line] = [
        Bold("📊 Сводка Avito"),
        Italic(f"{names}, {format_period(report.period)}"),
        "",
        *_totals(report),
        Bold("По профилям"),
    ]
    for row in report.rows:
        lines += _row(row, now)
    if report.read_at is not None:
        lines += ["", Italic(f"{format_read_at(report.read_at, now)} по Москве")]
    return screen(*lines, keyboard=_buttons(in_private))


def nothing_bound(chat_type: str, private: str) -> Screen:
    if chat_type == "private":
        return screen(
            Bold("📊 Сюда пока не приходит ни один отчёт"),
            "",
            "Откройте профиль, «Отчёты по расписанию» → «Куда отправлять» → «Этот чат»: сюда "
            "будут приходить отчёты, и /stats соберёт их в одну сводку.",
            "В группе или канале /stats работает так же.",
            keyboard=keyboard(keyboards.to_list()),
        )
    return screen(
        Bold("📊 Сюда пока не приходит ни один отчёт"),
        "",
        "Привязать профиль может его владелец, любым из трёх способов:",
        *_ways(chat_type),
        "После этого /stats покажет здесь сводку.",
        keyboard=keyboard([link("Открыть личный чат", private)]),
    )


def too_soon(left: timedelta) -> Screen:
    return screen(wait(left))


def wait(left: timedelta) -> str:
    return f"Сводка только что была. Новую соберу через {ceil(left.total_seconds())}{NBSP}с."


def _totals(report: Combined) -> list[Line]:
    if not report.figures:
        return []
    compared = compared_line(report.figures, report.period, report.compared_with)
    return [*figure_lines(report.figures), "", *compared, *([""] if compared else [])]


def _row(row: Row, now: datetime) -> list[Line]:
    name = Bold(row.profile_name)
    if row.data is None:
        return [name, "⚠️ прочитать не удалось, в сумме этого профиля нет"]
    told = {figure.metric.key: figure for figure in row.data.figures}
    keys = [key for key in _IN_ROW if key in told] or list(told)[: len(_IN_ROW)]
    numbers = " · ".join(f"{told[key].metric.emoji} {format_figure(told[key])}" for key in keys)
    return [name, numbers, *_remarks(row, row.data, now)]


def _remarks(row: Row, data: ReportData, now: datetime) -> list[Line]:
    remarks: list[Line] = []
    if row.counted_as is not None:
        remarks.append(f"ℹ️ тот же аккаунт, что {named(row.counted_as)}: в сумме он один раз")
    if data.failure is not None and data.read_at is not None:
        read = format_moment(data.read_at, now)
        remarks.append(f"⚠️ свежие числа прочитать не удалось, эти прочитаны {read}")
    if data.cut_at is not None:
        remarks.append(f"⚠️ день прочитан не целиком, до {format_time(data.cut_at)}")
    if data.by_listings:
        remarks.append("ℹ️ сложено по объявлениям, без расходов")
    return remarks


def _ways(chat_type: str) -> list[Line]:
    settings = "в личном чате с ботом: профиль → «Отчёты по расписанию» → «Куда отправлять»"
    if chat_type == "channel":
        return [
            f"1. {settings}, там выбрать этот канал.",
            "2. Там же: переслать боту любую запись отсюда.",
            "3. Там же: добавить бота в канал по ссылке.",
        ]
    return [
        f"1. {settings}, там выбрать этот чат.",
        "2. Там же: добавить бота в группу по ссылке, она привяжет сама.",
        "3. Владелец профиля отправляет здесь /bind; для темы годится только это.",
    ]


def _buttons(in_private: bool) -> InlineKeyboardMarkup:
    rows: list[Buttons] = [[button("🔄 Обновить", StatsShow())]]
    if in_private:
        rows.append(keyboards.to_list())
    return keyboard(*rows)
