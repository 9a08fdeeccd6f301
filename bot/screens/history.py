"""Choosing the days of a report: names, calendars, typed dates; and which days cannot be."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from aiogram.types import InlineKeyboardButton
from aiogram.utils.formatting import Bold

from bot import keyboards
from bot.callbacks import (
    AboutProfile,
    CalendarEmpty,
    CalendarPage,
    ComparePage,
    ReportAgainst,
    ReportDates,
    ReportDays,
    ReportHistorical,
    ReportPreset,
    ReportShow,
)
from bot.effects import Screen
from bot.keyboards import Row, button, keyboard
from bot.screens import report_buttons
from bot.screens.parts import Line, named, screen
from core.database.models import AvitoProfile
from utils.calendars import WEEK, Preset, grid, month_of, months_later
from utils.formatter import format_day, format_month, format_period, format_weekday
from utils.periods import ONE_DAY, Period, PeriodError, PeriodFault
from utils.plurals import plural
from utils.typed_dates import NoSuchDay, NotDates, Typed

_PRESETS = {
    Preset.TODAY: "Сегодня",
    Preset.YESTERDAY: "Вчера",
    Preset.THIS_MONTH: "Этот месяц",
    Preset.LAST_MONTH: "Прошлый месяц",
}
_EMPTY = "·"


def choose(
    profile: AvitoProfile, reach: Period, *, in_private: bool, shown: Period | None = None
) -> Screen:
    """`shown`: the days of the report in whose place this stands."""
    typed = [button("✏️ Написать даты", ReportDates(profile_id=profile.id))] if in_private else []
    if shown is not None:
        back = report_buttons.to_report(profile.id, shown)
    else:
        back = keyboards.to_card(profile.id) if in_private else []
    return screen(
        Bold(f"🗓 Отчёт {named(profile.profile_name)}: за какие дни?"),
        "",
        f"Числа есть с {format_day(reach.first)}. Дни — московские, как у Avito.",
        "«7 дней», «30 дней» и «Этот месяц» — без сегодняшнего: он ещё не закончился.",
        keyboard=keyboard(
            [_preset(profile, Preset.TODAY), _preset(profile, Preset.YESTERDAY)],
            [
                button(f"{days} дней", ReportDays(profile_id=profile.id, days=days))
                for days in (7, 30)
            ],
            [_preset(profile, Preset.THIS_MONTH), _preset(profile, Preset.LAST_MONTH)],
            [
                button(
                    "🗓 Выбрать в календаре",
                    CalendarPage(profile_id=profile.id, month=month_of(reach.last).first),
                )
            ],
            typed,
            back,
        ),
    )


def calendar(
    profile: AvitoProfile, reach: Period, month: date, first: date | None = None
) -> Screen:
    """A month of days to tap: the `first` day of the period, then its last."""
    asked = (
        "Выберите первый день."
        if first is None
        else f"Первый день — {format_day(first)}. Теперь выберите последний; для одного дня "
        "нажмите его ещё раз."
    )

    def page(to: date) -> AboutProfile:
        return CalendarPage(profile_id=profile.id, month=to, first=first)

    def on(day: date) -> AboutProfile:
        if first is None:
            return CalendarPage(profile_id=profile.id, month=month_of(day).first, first=day)
        # People begin with whichever end they like.
        begin, end = sorted((first, day))
        return ReportShow(profile_id=profile.id, first=begin, last=end)

    back: Row = [button("« К выбору дней", ReportHistorical(profile_id=profile.id))]
    if first is not None:
        anew = CalendarPage(profile_id=profile.id, month=month)
        back = [button("↩️ Другой первый день", anew), *back]
    return screen(
        Bold(f"🗓 Отчёт {named(profile.profile_name)}: {format_month(month)}"),
        asked,
        keyboard=keyboard(*_month(profile, reach, month, page, on, chosen=first), back),
    )


def compare_calendar(profile: AvitoProfile, reach: Period, period: Period, month: date) -> Screen:
    """A month of days on which the other period can begin."""
    length = plural(period.length, "день", "дня", "дней")
    # The other one has to be over, and as long.
    starts = Period(reach.first, max(reach.first, reach.last - ONE_DAY * period.length))

    def page(to: date) -> AboutProfile:
        return ComparePage(profile_id=profile.id, first=period.first, last=period.last, month=to)

    def on(day: date) -> AboutProfile:
        return ReportAgainst(
            profile_id=profile.id, first=period.first, last=period.last, other=day
        )

    return screen(
        Bold(f"⚖️ С чем сравнить {format_period(period)}: {format_month(month)}"),
        f"Выберите первый день другого периода: в нём будет {length}, как и в этом.",
        keyboard=keyboard(
            *_month(profile, starts, month, page, on),
            report_buttons.to_comparison(profile.id, period),
            report_buttons.to_report(profile.id, period),
        ),
    )


def _month(
    profile: AvitoProfile,
    within: Period,
    month: date,
    page: Callable[[date], AboutProfile],
    on: Callable[[date], AboutProfile],
    *,
    chosen: date | None = None,
) -> list[Row]:
    """The days of a month under their weekdays, and the way to the months beside it."""
    empty = CalendarEmpty(profile_id=profile.id)
    weeks = grid(month, within)

    def place(day: date | None) -> InlineKeyboardButton:
        if day is None:
            return button(_EMPTY, empty)
        return button(f"[{day.day}]" if day == chosen else str(day.day), on(day))

    monday = date(2024, 1, 1)
    headings = [button(format_weekday(monday + ONE_DAY * step), empty) for step in range(WEEK)]
    turns = [
        button(label, page(to))
        for label, to in _beside(month)
        if month_of(to).last >= within.first and to <= within.last
    ]
    return [headings, *([place(day) for day in week] for week in weeks), turns]


def _beside(month: date) -> list[tuple[str, date]]:
    before, after = months_later(month, -1), months_later(month, 1)
    return [(f"‹ {format_month(before)}", before), (f"{format_month(after)} ›", after)]


def ask_dates(profile: AvitoProfile, reach: Period) -> Screen:
    return screen(
        Bold(f"✏️ Отчёт {named(profile.profile_name)}: пришлите одну дату или две"),
        "",
        *examples(reach.last),
        f"Числа есть с {format_day(reach.first)} по сегодняшний день.",
        keyboard=keyboard(keyboards.cancel()),
    )


def examples(today: date) -> list[Line]:
    """How days can be typed."""
    day = today - ONE_DAY
    return [
        f"Например: {day:%d.%m}, {format_day(day)}, {day.isoformat()} "
        f"или {day - ONE_DAY * 6:%d.%m}-{format_day(day)}.",
        "Можно и словами: «с 1 по 5 ноября», «прошлая неделя», «октябрь».",
    ]


def not_taken(error: NotDates | NoSuchDay | PeriodError) -> Screen:
    """Why what was typed cannot be the days; others may be sent."""
    match error:
        case NoSuchDay():
            why = f"Даты {error.written} не бывает. Пришлите ещё раз."
        case PeriodError():
            why = f"{refusal(error)} Пришлите другие даты."
        case _:
            why = (
                "Не понял, какие это дни. Пришлите одну дату или две, например 05.11 или "
                "01.11.2026-20.11.2026; можно и «с 1 по 5 ноября», «прошлая неделя», «октябрь»."
            )
    return screen(why, keyboard=keyboard(keyboards.cancel()))


def taken(typed: Typed, period: Period) -> Screen | None:
    """What became of typed dates; None where that is just what they say."""
    order = "Даты стояли в обратном порядке. " if typed.is_reversed else ""
    if typed.period.last > period.last:
        rest = ": остальных дней ещё не было"
    else:
        rest = ": раньше ничего нет" if typed.period != period else ""
    return screen(f"{order}Беру {format_period(period)}{rest}.") if order or rest else None


def refusal(error: PeriodError) -> str:
    """Why there can be nothing about these days; short enough for a notice."""
    limit = format_day(error.limit)
    if error.fault is PeriodFault.FUTURE:
        return f"Этих дней ещё не было: сегодня {limit}."
    return f"Так далеко назад ничего нет: самый ранний день — {limit}."


def choosable(reach: Period) -> str:
    return f"Выбрать можно дни с {format_day(reach.first)} по {format_day(reach.last)}."


def _preset(profile: AvitoProfile, preset: Preset) -> InlineKeyboardButton:
    return button(_PRESETS[preset], ReportPreset(profile_id=profile.id, preset=preset))
