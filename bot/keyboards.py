"""Rows of buttons that several screens share, and the way to make any."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from bot.callbacks import (
    Cancel,
    HelpShow,
    JobStop,
    ProfileAdd,
    ProfileReport,
    ProfilesBack,
    ProfileView,
)

Row = list[InlineKeyboardButton]

LABEL_LIMIT = 40
"""A phone shows about this much of a button; a name of 200 characters is cut here."""


def button(label: str, target: CallbackData) -> InlineKeyboardButton:
    return InlineKeyboardButton(text=shortened(label), callback_data=target.pack())


def link(label: str, url: str) -> InlineKeyboardButton:
    return InlineKeyboardButton(text=label, url=url)


def keyboard(*rows: Row) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(inline_keyboard=[row for row in rows if row])


def shortened(label: str, limit: int = LABEL_LIMIT) -> str:
    return label if len(label) <= limit else label[: limit - 1].rstrip() + "…"


def pager(number: int, pages: int, target: Callable[[int], CallbackData]) -> Row:
    """The way to the pages before and after; empty when there is only one."""
    row: Row = []
    if number > 0:
        row.append(button("‹ Назад", target(number - 1)))
    if number + 1 < pages:
        row.append(button("Дальше ›", target(number + 1)))
    return row


@cache
def main_menu(*, with_help: bool = True) -> InlineKeyboardMarkup:
    return keyboard(
        [button("📋 Мои профили", ProfilesBack())],
        [button("➕ Подключить профиль", ProfileAdd())],
        [button("❓ Помощь", HelpShow())] if with_help else [],
    )


def to_list() -> Row:
    return [button("« К профилям", ProfilesBack())]


def to_card(profile_id: int) -> Row:
    return [button("« К профилю", ProfileView(profile_id=profile_id))]


def to_report(profile_id: int) -> Row:
    return [button("« К настройкам отчёта", ProfileReport(profile_id=profile_id))]


def cancel() -> Row:
    return [button("❌ Отмена", Cancel())]


def stop(job_id: int) -> Row:
    return [button("⏹ Остановить", JobStop(job_id=job_id))]
