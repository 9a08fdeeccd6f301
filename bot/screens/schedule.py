"""The settings of one profile's report, and the questions that set its schedule."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, time
from zoneinfo import ZoneInfo

from aiogram.types import InlineKeyboardButton
from aiogram.utils.formatting import Bold

from bot import keyboards
from bot.callbacks import (
    FrequencySet,
    IntervalSet,
    MonthDaySet,
    ProfileKeys,
    ReportCharacteristics,
    ReportDayToggle,
    ReportFrequency,
    ReportNow,
    ReportPause,
    ReportPeriod,
    ReportPeriodAuto,
    ReportResume,
    ReportSetChat,
    ReportSetPeriod,
    ReportSetTime,
    ReportTrial,
    ReportZone,
    TimeSet,
    ZoneSet,
    ZonesPage,
)
from bot.effects import Screen
from bot.keyboards import Row, button, keyboard, pager
from bot.screens import problems
from bot.screens.chats_words import EVERY
from bot.screens.destination import describe_digest, name_of, state_in_short
from bot.screens.metric_words import describe_metrics
from bot.screens.parts import Line, named, screen
from bot.screens.schedule_words import (
    describe_next,
    describe_period_choice,
    describe_schedule,
    describe_waiting,
    describe_zone,
)
from core.database.models import ReportTask
from core.database.repositories.delivery_states import PAUSED
from core.schedule_policy import Frequency
from core.services.exports import chosen_every
from core.services.metrics import Choices
from core.services.schedule import LAST_DAY, LONGEST_INTERVAL, ChosenPeriod
from core.services.settings import ReportSettings
from utils import zones
from utils.formatter import format_moment
from utils.plurals import plural

SAVED = "Сохранено, уже действует."
LAST_DAY_STAYS = "Нужен хотя бы один день. Чтобы не присылать совсем, поставьте отчёты на паузу."
NOT_WEEKLY = "Дни недели выбирают, когда отчёты приходят по дням недели."

ZONES_ON_PAGE = 8

_DAYS = ("Пн", "Вт", "Ср", "Чт", "Пт", "Сб", "Вс")
_TIMES = tuple(time(hour) for hour in (7, 8, 9, 10, 12, 15, 18, 21))
_INTERVALS = (2, 3, 5, 7, 10, 14, 21, 30)
_FREQUENCIES = {
    Frequency.DAILY: "Каждый день",
    Frequency.INTERVAL: "Раз в несколько дней",
    Frequency.WEEKLY: "По дням недели",
    Frequency.MONTHLY: "Раз в месяц",
}
_PERIODS = {
    ChosenPeriod.DAY: "За вчера",
    ChosenPeriod.WEEK: "За 7 дней",
    ChosenPeriod.MONTH: "За 30 дней",
}


def of_report(settings: ReportSettings, now: datetime) -> Screen:
    profile = settings.profile
    about = {"profile_id": profile.id}
    lines: list[Line] = [
        Bold(f"⏰ Настройки отчёта {named(profile.profile_name)}"),
        "",
        *in_words(settings, now),
        *_older(settings, now),
        "",
        *_destinations(settings, now),
    ]
    if profile.problem:
        lines += ["", f"⚠️ {problems.of_profile(profile.problem)}"]
    return screen(
        *lines,
        keyboard=keyboard(
            [button("📍 Куда отправлять", ReportSetChat(**about))],
            [
                button("🕘 Время", ReportSetTime(**about)),
                button("🌍 Часовой пояс", ReportZone(**about)),
            ],
            [
                button("🔁 Как часто", ReportFrequency(**about)),
                button("📅 За какие дни", ReportSetPeriod(**about)),
            ],
            [button("📋 Что показывать", ReportCharacteristics(**about))],
            [button("📨 Прислать пробный", ReportTrial(**about))] if _can_try(settings) else [],
            [_pause_or_resume(settings)],
            [button("🔑 Заменить ключи", ProfileKeys(**about))] if _needs_keys(settings) else [],
            [button("📈 Отчёт за вчера", ReportNow(**about))],
            keyboards.to_card(profile.id),
        ),
    )


def saved(settings: ReportSettings, now: datetime) -> Screen:
    """The same, after something was typed: there is no press that a notice could answer."""
    done, rest = screen(f"✅ {SAVED}", "", ""), of_report(settings, now)
    return Screen(text=done.text + rest.text, keyboard=rest.keyboard)


def in_words(settings: ReportSettings, now: datetime) -> list[Line]:
    """What is set, without the places."""
    return [
        f"Отчёты по расписанию: {_state(settings)}",
        *_when(settings, now),
        f"За какие дни: {describe_period_choice(settings.schedule, settings.period)}",
        f"В отчёте: {_metrics(Choices(settings.profile, settings.destinations))}",
    ]


def ask_time(settings: ReportSettings, now: datetime) -> Screen:
    schedule, profile_id = settings.schedule, settings.profile.id
    offered = [
        button(
            _marked(f"{at:%H:%M}", is_on=at == schedule.at),
            TimeSet(profile_id=profile_id, hour=at.hour, minute=at.minute),
        )
        for at in _TIMES
    ]
    return screen(
        Bold(f"🕘 Во сколько присылать отчёт {named(settings.profile.profile_name)}?"),
        "",
        f"Сейчас: {schedule.at:%H:%M}, {describe_zone(schedule.zone, now)}. "
        f"{_clock(schedule.zone, now)}",
        "Пришлите время (ЧЧ:ММ, 18.30, 9 утра) или выберите.",
        keyboard=keyboard(*_in_rows(offered, 4), keyboards.to_report(profile_id)),
    )


def bad_time(profile_id: int) -> Screen:
    return screen(
        "Это не похоже на время. Пришлите часы и минуты, от 00:00 до 23:59: например, 9:30.",
        keyboard=keyboard(keyboards.to_report(profile_id)),
    )


def ask_zone(settings: ReportSettings, now: datetime, page: int) -> Screen:
    profile_id, zone = settings.profile.id, settings.schedule.zone
    pages = -(-len(zones.COMMON) // ZONES_ON_PAGE)
    page = min(max(page, 0), pages - 1)
    offered = zones.COMMON[page * ZONES_ON_PAGE :][:ZONES_ON_PAGE]
    return screen(
        Bold("🌍 По какому времени присылать отчёты?"),
        "",
        f"Сейчас: {describe_zone(zone, now)}. {_clock(zone, now)}",
        "Выберите из списка или пришлите название города или страны — найду.",
        keyboard=keyboard(
            *_in_rows([_zone(settings, one, now) for one in offered], 2),
            pager(page, pages, lambda number: ZonesPage(profile_id=profile_id, page=number)),
            keyboards.to_report(profile_id),
        ),
    )


def zones_found(settings: ReportSettings, now: datetime, found: list[str]) -> Screen:
    profile_id = settings.profile.id
    if found:
        said = "Вот что нашлось. Если нужного нет, пришлите название иначе."
    else:
        said = (
            "Такого места не нашёл. Пришлите страну или крупный город с тем же временем, "
            "например: Екатеринбург."
        )
    return screen(
        said,
        keyboard=keyboard(
            *([_zone(settings, zone, now)] for zone in found),
            [button("🌍 Весь список", ReportZone(profile_id=profile_id))],
            keyboards.to_report(profile_id),
        ),
    )


def ask_frequency(settings: ReportSettings, now: datetime) -> Screen:
    profile_id, current = settings.profile.id, settings.schedule.frequency
    return screen(
        Bold(f"🔁 Как часто присылать отчёт {named(settings.profile.profile_name)}?"),
        "",
        *_when(settings, now),
        keyboard=keyboard(
            *(
                [
                    button(
                        _marked(label, is_on=frequency is current),
                        FrequencySet(profile_id=profile_id, frequency=frequency),
                    )
                ]
                for frequency, label in _FREQUENCIES.items()
            ),
            keyboards.to_report(profile_id),
        ),
    )


def ask_days(settings: ReportSettings, now: datetime) -> Screen:
    profile_id, ticked = settings.profile.id, settings.schedule.weekdays
    days = [
        button(
            _marked(label, is_on=day in ticked, off="▫️"),
            ReportDayToggle(profile_id=profile_id, day=day),
        )
        for day, label in enumerate(_DAYS)
    ]
    return screen(
        Bold("📆 В какие дни присылать отчёт?"),
        "",
        *_when(settings, now),
        "Отметьте нужные дни: каждое нажатие действует сразу.",
        keyboard=keyboard(*_in_rows(days, 4), *_done(profile_id)),
    )


def ask_interval(settings: ReportSettings, now: datetime) -> Screen:
    profile_id, current = settings.profile.id, settings.schedule.interval_days
    offered = [
        button(
            _marked(str(days), is_on=days == current),
            IntervalSet(profile_id=profile_id, days=days),
        )
        for days in _INTERVALS
    ]
    return screen(
        Bold("🔁 Раз в сколько дней присылать отчёт?"),
        "",
        *_when(settings, now),
        f"Пришлите число от 1 до {LONGEST_INTERVAL} или выберите.",
        keyboard=keyboard(*_in_rows(offered, 4), *_done(profile_id)),
    )


def bad_interval(profile_id: int) -> Screen:
    return screen(
        f"Нужно целое число дней, от 1 до {LONGEST_INTERVAL}. Пришлите ещё раз.",
        keyboard=keyboard(*_done(profile_id)),
    )


def ask_month_day(settings: ReportSettings, now: datetime) -> Screen:
    profile_id, current = settings.profile.id, settings.schedule.month_day
    days = [
        button(
            _marked(str(day), is_on=day == current), MonthDaySet(profile_id=profile_id, day=day)
        )
        for day in range(1, LAST_DAY + 1)
    ]
    return screen(
        Bold("📆 Какого числа присылать отчёт?"),
        "",
        *_when(settings, now),
        "Выберите число или пришлите его. В месяце, где такого числа нет, отчёт придёт в "
        "последний день: 31 — это всегда последний день.",
        keyboard=keyboard(*_in_rows(days, 7), *_done(profile_id)),
    )


def bad_month_day(profile_id: int) -> Screen:
    return screen(
        f"Нужно число месяца, от 1 до {LAST_DAY}. Пришлите ещё раз.",
        keyboard=keyboard(*_done(profile_id)),
    )


def ask_period(settings: ReportSettings, _now: datetime) -> Screen:
    profile_id = settings.profile.id
    implied = describe_period_choice(settings.schedule, None)
    return screen(
        Bold("📅 За какие дни считать отчёт?"),
        "",
        f"Сейчас: {describe_period_choice(settings.schedule, settings.period)}.",
        f"Если не выбирать, отчёт приходит {implied}. Дни считаются по Москве, как в Avito.",
        keyboard=keyboard(
            [
                button(
                    _marked(f"По умолчанию: {implied}", is_on=settings.period is None),
                    ReportPeriodAuto(profile_id=profile_id),
                )
            ],
            *(
                [
                    button(
                        _marked(label, is_on=period is settings.period),
                        ReportPeriod(profile_id=profile_id, period=period),
                    )
                ]
                for period, label in _PERIODS.items()
            ),
            keyboards.to_report(profile_id),
        ),
    )


def _destinations(settings: ReportSettings, now: datetime) -> list[Line]:
    if not settings.destinations:
        return ["Куда: ещё не выбрано. Выберите чат, и отчёты начнут приходить."]
    choices = Choices(settings.profile, settings.destinations)
    lines: list[Line] = ["Куда:"]
    for task in settings.destinations:
        silent = ", без звука" if task.is_silent else ""
        every = chosen_every(task)
        files = f", чаты файлом {EVERY[every].lower()}" if every else ""
        lines.append(f"• {name_of(task)}{silent}{files}{state_in_short(task)}")
        if task in choices.differing:
            lines.append(f"   там: {describe_metrics(choices.of(task))}")
        if task.id in settings.digests:
            lines.append(f"   сводка: {describe_digest(settings.digests[task.id], now)}")
    return [*lines, *_failures(settings, now)]


def _metrics(choices: Choices) -> str:
    said = describe_metrics(choices.common)
    others = len(choices.differing)
    if not others:
        return said
    return f"{said}; в {plural(others, 'месте', 'местах', 'местах')} другие"


def _failures(settings: ReportSettings, now: datetime) -> list[Line]:
    """What went wrong last time: each cause once, with its places where it is not all of them."""
    failed: defaultdict[str, list[ReportTask]] = defaultdict(list)
    for task in settings.destinations:
        # A place that is suspended says why, and the screen says what is wrong with the profile.
        if task.problem and not task.suspended and task.problem != settings.profile.problem:
            failed[task.problem].append(task)
    return [_failure(problem, tasks, settings, now) for problem, tasks in failed.items()]


def _failure(
    problem: str, tasks: list[ReportTask], settings: ReportSettings, now: datetime
) -> str:
    last = max((task.problem_at for task in tasks if task.problem_at), default=None)
    at = f" ({format_moment(last, now, ZoneInfo(settings.schedule.zone))})" if last else ""
    is_everywhere = len(tasks) == len(settings.destinations)
    where = "" if is_everywhere else f" — {', '.join(name_of(task) for task in tasks)}"
    said = "⏸ Прошлый отчёт не отправлен" if problem == PAUSED else "⚠️ Сбой с прошлым отчётом"
    return f"{said}{at}{where}. {problems.of_delivery(problem)}"


def _needs_keys(settings: ReportSettings) -> bool:
    return problems.asks_for_keys(settings.profile.problem) or any(
        problems.asks_for_keys(task.problem) for task in settings.destinations
    )


def _when(settings: ReportSettings, now: datetime) -> list[Line]:
    schedule = settings.schedule
    if settings.next_run is None:
        following = _why_none(settings)
    else:
        following = describe_next(settings.next_run, schedule.zone, now)
    return [
        f"Когда: {describe_schedule(schedule)}, {describe_zone(schedule.zone, now)}",
        f"Следующий: {following}",
        *(describe_waiting(each, schedule.zone, now) for each in settings.waiting),
    ]


def _older(settings: ReportSettings, now: datetime) -> list[Line]:
    """That its days end earlier than its owner would think, and from what time on they do not."""
    right_from = settings.right_from(now)
    if right_from is None:
        return []
    if settings.period is None and settings.schedule.frequency is Frequency.MONTHLY:
        why = "ещё прошлый месяц: отчёт придёт за позапрошлый. Чтобы пришёл за прошлый"
    else:
        why = "ещё вчера: отчёт будет на день старше, по позавчерашний. Чтобы был по вчерашний"
    return [
        f"⚠️ Когда у вас {settings.schedule.at:%H:%M}, в Москве {why}, поставьте время не раньше "
        f"{right_from:%H:%M}."
    ]


def _state(settings: ReportSettings) -> str:
    if not settings.profile.is_report_active:
        return "на паузе"
    return "включены" if settings.destinations else "не настроены"


def _can_try(settings: ReportSettings) -> bool:
    return any(task.suspended is None for task in settings.destinations)


def _why_none(settings: ReportSettings) -> str:
    if not settings.profile.is_report_active:
        return "не придёт, пока отчёты на паузе"
    if not settings.destinations:
        return "когда будет выбрано, куда отправлять"
    return "не придёт, все места на паузе или недоступны"


def _clock(zone: str, now: datetime) -> str:
    return f"Там сейчас {now.astimezone(ZoneInfo(zone)):%H:%M}."


def _zone(settings: ReportSettings, zone: str, now: datetime) -> InlineKeyboardButton:
    label = _marked(describe_zone(zone, now), is_on=zones.is_same(zone, settings.schedule.zone))
    return button(label, ZoneSet(profile_id=settings.profile.id, zone=zone))


def _pause_or_resume(settings: ReportSettings) -> InlineKeyboardButton:
    profile_id = settings.profile.id
    if settings.profile.is_report_active:
        return button("⏸ Поставить на паузу", ReportPause(profile_id=profile_id))
    return button("▶️ Снять с паузы", ReportResume(profile_id=profile_id))


def _marked(label: str, *, is_on: bool, off: str = "") -> str:
    return f"{'✅' if is_on else off} {label}".strip()


def _in_rows(buttons: list[InlineKeyboardButton], width: int) -> list[Row]:
    return [buttons[start : start + width] for start in range(0, len(buttons), width)]


def _done(profile_id: int) -> list[Row]:
    """The ways on from a question whose answer is in force already."""
    return [
        [button("🔁 Другая частота", ReportFrequency(profile_id=profile_id))],
        keyboards.to_report(profile_id),
    ]
