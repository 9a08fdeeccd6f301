"""The callback contract: wire strings that buttons of last year still carry."""

from __future__ import annotations

import inspect
from datetime import date
from enum import Enum
from typing import Any
from zoneinfo import available_timezones

import pytest
from aiogram.filters.callback_data import CallbackData
from pydantic.fields import FieldInfo

from bot import callbacks
from bot.callbacks import (
    BreakdownBy,
    CalendarPage,
    Cancel,
    Day,
    ExportChoose,
    ExportKeepConfirm,
    ExportMessenger,
    ExportPick,
    ExportRun,
    FrequencySet,
    ItemsPage,
    ProfileAdd,
    ProfileDelete,
    ProfileDeleteConfirm,
    ProfileReport,
    ProfilesBack,
    ProfileView,
    ReportAgainst,
    ReportBreakdown,
    ReportCharacteristics,
    ReportChatForward,
    ReportChatHere,
    ReportCompare,
    ReportDays,
    ReportDayToggle,
    ReportFrequency,
    ReportHistorical,
    ReportItems,
    ReportMetricsAll,
    ReportNow,
    ReportPeriod,
    ReportPreset,
    ReportSetChat,
    ReportSetTime,
    ReportShow,
    ReportToggle,
)
from core.schedule_policy import Frequency
from core.services.exports import Choice, KeptFor, Within
from core.services.schedule import ChosenPeriod
from core.statistics.listings import Order
from utils.calendars import Grain, Preset
from utils.chats.order import Form, Which
from utils.periods import Period

LARGEST_ID = 2**63 - 1
ON_NO_BUTTON = (
    callbacks.Dated,
    callbacks.AboutProfile,
    callbacks.AboutDays,
    callbacks.AboutPeriod,
    callbacks.AboutExport,
    callbacks.AboutDestination,
)
FIRST, LAST = date(2026, 11, 1), date(2026, 11, 20)
DAYS = {"first": FIRST, "last": LAST}

ALL = [
    kind
    for _, kind in inspect.getmembers(callbacks, inspect.isclass)
    if issubclass(kind, CallbackData) and kind not in (CallbackData, *ON_NO_BUTTON)
]


@pytest.mark.parametrize(
    ("button", "wire"),
    [
        (ProfileAdd(), "profile_add"),
        (ProfilesBack(), "profiles_back"),
        (Cancel(), "cancel"),
        (ProfileView(profile_id=17), "profile_view:17"),
        (ProfileReport(profile_id=17), "profile_report:17"),
        (ProfileDelete(profile_id=17), "profile_delete:17"),
        (ProfileDeleteConfirm(profile_id=17), "profile_delete_confirm:17"),
        (ReportNow(profile_id=17), "report_now:17"),
        (ReportSetChat(profile_id=17), "report_set_chat:17"),
        (ReportChatHere(profile_id=17), "report_chat_here:17"),
        (ReportChatForward(profile_id=17), "report_chat_forward:17"),
        (ReportSetTime(profile_id=17), "report_set_time:17"),
        (ReportFrequency(profile_id=17), "report_frequency:17"),
        (FrequencySet(profile_id=17, frequency=Frequency.DAILY), "freq_set:17:daily"),
        (FrequencySet(profile_id=17, frequency=Frequency.INTERVAL), "freq_set:17:interval"),
        (FrequencySet(profile_id=17, frequency=Frequency.WEEKLY), "freq_set:17:weekly"),
        (FrequencySet(profile_id=17, frequency=Frequency.MONTHLY), "freq_set:17:monthly"),
        (ReportCharacteristics(profile_id=17), "report_characteristics:17"),
        (ReportToggle(profile_id=17, metric="views"), "report_toggle:17:views"),
        (ReportMetricsAll(profile_id=17), "report_metrics_all:17"),
        (ReportDayToggle(profile_id=17, day=6), "report_day_toggle:17:6"),
        (ReportPeriod(profile_id=17, period=ChosenPeriod.DAY), "report_period:17:day"),
        (ReportPeriod(profile_id=17, period=ChosenPeriod.WEEK), "report_period:17:week"),
        (ReportPeriod(profile_id=17, period=ChosenPeriod.MONTH), "report_period:17:month"),
        (ReportHistorical(profile_id=17), "report_historical:17"),
        (ReportDays(profile_id=17, days=30), "report_days:17:30"),
        (ReportPreset(profile_id=17, preset=Preset.LAST_MONTH), "report_preset:17:last_month"),
        (ReportShow(profile_id=17, **DAYS), "report_show:17:2026-11-01:2026-11-20"),
        (ReportCompare(profile_id=17, **DAYS), "report_compare:17:2026-11-01:2026-11-20"),
        (
            ReportAgainst(profile_id=17, **DAYS, other=date(2025, 11, 1)),
            "report_against:17:2026-11-01:2026-11-20:2025-11-01",
        ),
        (ReportBreakdown(profile_id=17, **DAYS), "report_breakdown:17:2026-11-01:2026-11-20"),
        (
            BreakdownBy(profile_id=17, **DAYS, grain=Grain.WEEK),
            "breakdown_by:17:2026-11-01:2026-11-20:week",
        ),
        (CalendarPage(profile_id=17, month=FIRST), "calendar_page:17:2026-11-01:"),
        (
            CalendarPage(profile_id=17, month=FIRST, first=LAST),
            "calendar_page:17:2026-11-01:2026-11-20",
        ),
        (ExportMessenger(profile_id=17), "export_messenger:17"),
        (ExportChoose(profile_id=17), "export_choose:17"),
        (ExportRun.of(17, Choice()), "export_run:17:all:::all:xlsx"),
        (
            ExportPick.of(17, Choice(Within.OWN, Period(FIRST, LAST), Which.UNANSWERED, Form.CSV)),
            "export_pick:17:own:2026-11-01:2026-11-20:unanswered:csv",
        ),
        (ExportKeepConfirm(profile_id=17, kept=KeptFor.MONTH), "export_keep_confirm:17:30"),
        (ReportItems(profile_id=17, **DAYS), "report_items:17:2026-11-01:2026-11-20"),
        (
            ItemsPage(profile_id=17, **DAYS, order=Order.COST, page=2),
            "items_page:17:2026-11-01:2026-11-20:cost:2",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_wire_strings_of_the_contract_never_change(button: CallbackData, wire: str) -> None:
    assert button.pack() == wire
    assert type(button).unpack(wire) == button


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_the_longest_data_of_a_button_fits_into_64_bytes(kind: type[CallbackData]) -> None:
    longest = {name: _longest(field) for name, field in kind.model_fields.items()}
    packed = kind.model_construct(**longest).pack()
    assert len(packed.encode()) <= 64


@pytest.mark.parametrize(
    "wire",
    [
        "report_show:17:2026-11-20:2026-11-01",
        "report_show:17:2026-02-30:2026-11-01",
        "report_show:17:0001-01-01:2026-11-01",
        "report_show:17:2026-11-01:9999-12-31",
        "report_show:17:2026-11-01",
        "report_show:17:вчера:сегодня",
    ],
)
def test_days_that_make_no_period_are_on_no_button_of_ours(wire: str) -> None:
    with pytest.raises((TypeError, ValueError)):
        ReportShow.unpack(wire)


def test_no_two_buttons_share_a_prefix() -> None:
    prefixes = [kind.__prefix__ for kind in ALL]
    assert len(prefixes) == len(set(prefixes))
    assert all(":" not in prefix for prefix in prefixes)


def _longest(field: FieldInfo) -> Any:
    annotation: Any = field.annotation
    if annotation in (date, Day | None):
        return date(2026, 11, 20)
    if issubclass(annotation, Enum):
        return max(annotation, key=lambda member: len(str(member.value)))
    if annotation is bool:
        return True
    if annotation is str:
        return max(available_timezones(), key=len)
    if annotation is date:
        return date.max
    assert annotation is int, f"say here what the longest {annotation} is"
    bounds = [
        getattr(limit, kind)
        for limit in field.metadata
        for kind in ("ge", "gt", "le", "lt")
        if hasattr(limit, kind)
    ]
    return max(bounds or [-LARGEST_ID], key=lambda bound: len(str(bound)))
