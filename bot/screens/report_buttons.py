"""The buttons under a report, its comparison and its breakdown: they work for all who read it."""

from __future__ import annotations

from bot.callbacks import (
    ProfileOpen,
    ReportBreakdown,
    ReportCompare,
    ReportDays,
    ReportExcel,
    ReportItems,
    ReportOther,
    ReportRefresh,
    ReportShow,
    StatsShow,
)
from bot.keyboards import Row, button
from utils.breakdown import usual_grain
from utils.calendars import WEEK, Grain
from utils.formatter import format_period
from utils.periods import ONE_DAY, Period

PER = {Grain.DAY: "По дням", Grain.WEEK: "По неделям", Grain.MONTH: "По месяцам"}


def under_report(profile_id: int, period: Period) -> list[Row]:
    first, last = period.first, period.last
    other_days = ReportOther(profile_id=profile_id, first=first, last=last)
    refresh = ReportRefresh(profile_id=profile_id, first=first, last=last)
    excel = ReportExcel(profile_id=profile_id, first=first, last=last)
    items = ReportItems(profile_id=profile_id, first=first, last=last)
    return [
        [button(f"{days} дней", ReportDays(profile_id=profile_id, days=days)) for days in (7, 30)],
        [*to_comparison(profile_id, period), *to_breakdown(profile_id, period)],
        [button("🗓 Другие дни", other_days), button("🔄 Обновить", refresh)],
        [button("📗 Excel", excel), button("📋 По объявлениям", items)],
    ]


def to_report(profile_id: int, period: Period) -> Row:
    back = ReportShow(profile_id=profile_id, first=period.first, last=period.last)
    return [button(f"« Отчёт за {format_period(period)}", back)]


def to_comparison(profile_id: int, period: Period) -> Row:
    target = ReportCompare(profile_id=profile_id, first=period.first, last=period.last)
    return [button("⚖️ Сравнить", target)]


def to_breakdown(profile_id: int, period: Period) -> Row:
    """Of one day there is nothing to break down: it is shown as the last of seven."""
    if period.length == 1:
        period = Period(period.last - ONE_DAY * (WEEK - 1), period.last)
    target = ReportBreakdown(profile_id=profile_id, first=period.first, last=period.last)
    return [button(f"📅 {PER[usual_grain(period)]}", target)]


def home(profile_id: int, *, for_owner: bool, is_bound: bool) -> Row:
    """Where to go on to: his profile, or what works for everybody in other people's chats."""
    if for_owner:
        return [button("🏪 Профиль", ProfileOpen(profile_id=profile_id))]
    return [button("🔄 Сводка сейчас", StatsShow())] if is_bound else []
