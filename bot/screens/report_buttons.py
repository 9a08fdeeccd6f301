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
    ReportSend,
    ReportShow,
    StatsShow,
)
from bot.keyboards import Row, button
from utils.breakdown import usual_grain
from utils.calendars import WEEK, Grain
from utils.formatter import format_period
from utils.periods import ONE_DAY, Period

PER = {Grain.DAY: "По дням", Grain.WEEK: "По неделям", Grain.MONTH: "По месяцам"}


def under_report(
    profile_id: int, period: Period, onward: Row, *, is_sendable: bool = False
) -> list[Row]:
    """`onward`: where to go on to from here; short, for it shares a row.

    `is_sendable`: it can be sent to where the scheduled ones go.
    """
    first, last = period.first, period.last
    other_days = ReportOther(profile_id=profile_id, first=first, last=last)
    refresh = ReportRefresh(profile_id=profile_id, first=first, last=last)
    excel = ReportExcel(profile_id=profile_id, first=first, last=last)
    items = ReportItems(profile_id=profile_id, first=first, last=last)
    send = ReportSend(profile_id=profile_id, first=first, last=last)
    return [
        [
            button("7 дней", ReportDays(profile_id=profile_id, days=7)),
            button("30 дней", ReportDays(profile_id=profile_id, days=30)),
            button("Другие дни", other_days),
        ],
        [*to_comparison(profile_id, period), *to_breakdown(profile_id, period)],
        [button("📋 По объявлениям", items), button("📗 Excel", excel)],
        [button("🔄 Обновить", refresh), *onward],
        *([[button("📤 Отправить в чат", send)]] if is_sendable else []),
    ]


def to_first(profile_id: int, first: Period) -> Row:
    """Back to what stood there before anybody looked at something else."""
    back = ReportShow(profile_id=profile_id, first=first.first, last=first.last)
    return [button("« К отчёту", back)]


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
    return [button("📊 Сводка", StatsShow())] if is_bound else []


def under_table(
    profile_id: int, period: Period, *, for_owner: bool, is_bound: bool, first: Period | None
) -> list[Row]:
    """To the report about the days of a table, and to the one in whose place it stands."""
    if first is None or first == period:
        onward = home(profile_id, for_owner=for_owner, is_bound=is_bound)
    else:
        onward = to_report(profile_id, first)
    return [to_report(profile_id, period), onward]
