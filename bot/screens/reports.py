"""A report as a message, and what is shown while it is made."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from fractions import Fraction

from aiogram.types import InlineKeyboardMarkup
from aiogram.utils.formatting import Bold, Italic, Text

from bot import keyboards
from bot.callbacks import ProfileOpen
from bot.effects import Document, Screen
from bot.keyboards import button, keyboard
from bot.markdown import to_plain
from bot.screens import problems, report_buttons
from bot.screens.listings import highlights_shortened
from bot.screens.parts import Line, is_caption, marked, named, screen
from core.database.models import AvitoProfile
from core.report_data import ReportData, is_baseless
from core.report_runner import ScheduledReport
from utils import runway
from utils.analytics import Figure, PaidFor, are_compared
from utils.files import file_name
from utils.formatter import (
    format_at,
    format_change,
    format_day,
    format_figure,
    format_lasts,
    format_moment,
    format_money,
    format_period,
    format_read_at,
    format_time,
)
from utils.metrics import CALLS, HELD, SPENDING
from utils.periods import Period
from utils.plurals import NBSP, plural

FILE_FOR_OWNER = "Файл получает в личном чате только тот, чей это профиль."
WORKBOOK_IN_PRIVATE = "Пришлю файл вам в личный чат."
MISSED_NAMED = 7
"""The youngest of the missed reports are named, the others counted."""
INSTEAD = "эти числа — вместо прежних"
"""What a supplement is for whoever has read the report that it adds to."""
_PAID_FOR = {
    PaidFor.ALL: "расходам за {days}",
    PaidFor.PRESENCE: "размещению за {days}",
    PaidFor.REST: "расходам за {days} без размещения",
}
"""At which rate money lasts: anybody can look the spending up and divide."""
RUNS_NAMED = 5
"""So many gaps are named by their days, the rest is counted."""


def collecting(job_id: int, profile: AvitoProfile, period: Period) -> Screen:
    return screen(
        f"⏳ Собираю отчёт {named(profile.profile_name)} за {format_period(period)}…",
        keyboard=keyboard(keyboards.stop(job_id)),
    )


def writing(job_id: int, profile: AvitoProfile) -> Screen:
    return screen(
        f"⏳ Собираю отчёт {named(profile.profile_name)} в Excel…",
        keyboard=keyboard(keyboards.stop(job_id)),
    )


def workbook(data: ReportData, kept_as: str, remarks: Sequence[str] = ()) -> Screen:
    whole = screen(
        Bold("📗 Отчёт Avito в Excel"),
        Italic(data.profile_name),
        format_period(data.period),
        *remarks,
        keyboard=keyboard([button("🏪 Профиль", ProfileOpen(profile_id=data.profile_id))]),
    )
    days = sorted({data.period.first.isoformat(), data.period.last.isoformat()})
    name = f"{'_'.join([file_name(data.profile_name), *days])}.xlsx"
    return whole.model_copy(update={"document": Document(kept_as=kept_as, name=name)})


def notes(data: ReportData, now: datetime) -> list[str]:
    """What stands under a report, for a file that others may get to read."""
    lines: list[Line] = [*remarks(data, now, for_owner=False), read_line(data, now)]
    if data.goes_on:
        lines.insert(0, "ℹ️ Сегодня ещё не закончилось: числа за него не целиком.")
    return to_plain(screen(*lines).text).split("\n")


def waiting_for_avito(job_id: int, seconds: int) -> Screen:
    return screen(
        "⏳ Avito отдаёт статистику не чаще раза в минуту.",
        f"Прочитаю через {seconds}{NBSP}с.",
        keyboard=keyboard(keyboards.stop(job_id)),
    )


def report(
    data: ReportData,
    now: datetime,
    *,
    for_owner: bool,
    is_bound: bool,
    first: Period | None = None,
    is_sendable: bool = False,
) -> Screen:
    """`for_owner`: nobody else reads along, so what went wrong can be said.

    `first`: the days of the report in whose place it stands. `is_sendable`: its owner can have it
    sent to where the scheduled ones go.
    """
    buttons = _buttons(data, for_owner, is_bound, first, is_sendable=is_sendable)
    return _under_picture(data, _told(data, now, for_owner), buttons)


def scheduled(report: ScheduledReport, now: datetime) -> Screen:
    for_owner = report.chat_id == report.owner_id
    above: list[Line] = [Italic("Пробный отчёт")] if report.is_trial else []
    if report.is_supplement:
        last = format_day(report.data.period.last)
        above.append(Italic(f"✅ Дополнено: день {last} теперь целиком, {INSTEAD}"))
    if report.went_ahead:
        above.append(Italic("➕ К сводке, которая уже пришла: Avito отдал этот профиль позже"))
    below: list[Line] = []
    if report.is_followed:
        below += ["", "⏳ Пришлю отчёт целиком, если Avito ответит в течение суток."]
    if report.missed:
        below += ["", missed_line(report.missed, for_owner)]
    buttons = _buttons(report.data, for_owner, is_bound=True)
    told = _told(report.data, now, for_owner)
    told = replace(told, above=[*above, *told.above], below=[*told.below, *below])
    return _under_picture(report.data, told, buttons)


def late(messages: Sequence[Screen], slot: datetime) -> list[Screen]:
    """A scheduled report that leaves long after its time; `slot` is local wall clock."""
    return marked(late_line(slot), messages)


def late_line(slot: datetime) -> Line:
    return Italic(f"⏰ Пришёл позже: должен был {_wall_clock(slot)}")


@dataclass(frozen=True, slots=True)
class _Told:
    """The lines of a report."""

    above: list[Line]
    listings: list[list[Line]]
    """What could be said of listings, ever shorter, down to nothing."""
    below: list[Line]


def _under_picture(data: ReportData, told: _Told, buttons: InlineKeyboardMarkup) -> Screen:
    """With as much of its listings as leaves it under the picture: they have a button too."""
    screens = [
        screen(*told.above, *listings, *told.below, keyboard=buttons, picture=data.course)
        for listings in told.listings
    ]
    if data.course is None:
        return screens[0]
    return next(filter(is_caption, screens), screens[0])


def _told(data: ReportData, now: datetime, for_owner: bool) -> _Told:
    return _Told(
        above=[
            Bold("📊 Отчёт Avito"),
            Italic(data.profile_name),
            period_line(data),
            "",
            *figure_lines(data.figures),
            "",
        ],
        listings=_listings(data, for_owner),
        below=[
            *compared_line(data.figures, data.period, data.compared_with),
            *_too_early_line(data),
            *baseless_line(data.figures, [data]),
            *remarks(data, now, for_owner=for_owner),
            Italic(read_line(data, now)),
        ],
    )


def _buttons(
    data: ReportData,
    for_owner: bool,
    is_bound: bool,
    first: Period | None = None,
    *,
    is_sendable: bool = False,
) -> InlineKeyboardMarkup:
    if first is None or first == data.period:
        onward = report_buttons.home(data.profile_id, for_owner=for_owner, is_bound=is_bound)
    else:
        onward = report_buttons.to_first(data.profile_id, first)
    rows = report_buttons.under_report(
        data.profile_id, data.period, onward, is_sendable=is_sendable
    )
    return keyboard(*rows)


def missed_line(slots: Sequence[datetime], for_owner: bool) -> str:
    why = "Пока бот не работал, не пришли" if for_owner else "Не пришли"
    return f"⚠️ {why} отчёты: {_in_words(slots)}."


def period_line(data: ReportData) -> Line:
    """Which days these are; and that the last of them is not told whole, today or ever."""
    period = format_period(data.period)
    if data.cut_at is not None:
        return Text(f"{period}, ", Bold(only_until(data.period, data.cut_at)))
    return f"{period}, сегодня ещё не закончилось" if data.goes_on else period


def only_until(period: Period, cut_at: datetime) -> str:
    """What is told of the last day: `только до 09:00`, `последний день только до 09:00`."""
    last_day = "" if period.length == 1 else "последний день "
    return f"{last_day}только {until(cut_at)}"


def until(cut_at: datetime) -> str:
    """`до 09:00`"""
    return f"до{NBSP}{format_time(cut_at)}"


def _in_words(slots: Sequence[datetime]) -> str:
    named_ones = ", ".join(_wall_clock(slot) for slot in slots[-MISSED_NAMED:])
    unnamed = len(slots) - MISSED_NAMED
    return f"{named_ones} и ещё {unnamed} раньше" if unnamed > 0 else named_ones


def _wall_clock(slot: datetime) -> str:
    return f"{format_day(slot.date())} {format_at(slot)}"


def figure_lines(figures: Sequence[Figure], *, of_many: bool = False) -> list[Line]:
    """`of_many`: sums, whose colours and whose troubles are those of the single ones."""
    shown = {figure.metric.key for figure in figures}
    lines: list[Line] = []
    for figure in figures:
        lines += [_line(figure, coloured=not of_many), *_beneath(figure, shown)]
        if not of_many:
            lines += _running_out(figure)
    return lines


def compared_line(
    figures: Sequence[Figure], period: Period, compared_with: Period | None, of_whom: str = ""
) -> list[Line]:
    """What the changes are changes to: days for statistics, an instant for the wallet.

    `of_whom`: in a sum, whose statistics they are.
    """
    changes = []
    if compared_with is not None and are_compared(figures):
        changes.append(f"к {format_period(compared_with)}{of_whom}")
    held = [figure for figure in figures if not figure.metric.slugs and figure.change]
    if held:
        days = plural(period.length, "день", "дня", "дней")
        is_of_all = all(figure.compared is None for figure in held)
        some = "" if is_of_all else ", не по всем профилям"
        changes.append(f"{_held_names(held)} — за {'сутки' if period.length == 1 else days}{some}")
    return [Italic(f"Изменения: {'; '.join(changes)}")] if changes else []


def _listings(data: ReportData, for_owner: bool) -> list[list[Line]]:
    awaited = _awaited(data, for_owner)
    shown = [figure.metric.key for figure in data.figures]
    said = [awaited] if awaited else highlights_shortened(data.listings, shown)
    return [*said, [Italic("Объявления — по кнопке «По объявлениям»"), ""], []] if said else [[]]


def _awaited(data: ReportData, for_owner: bool) -> list[Line]:
    """Why a new account's report names no listings; its owner alone looks for them already."""
    if not (for_owner and data.awaits_listings and _tells(data.figures, {"contacts"})):
        return []
    return [Italic("Лучшие объявления бот узнаёт ночью; сейчас их покажет «По объявлениям»."), ""]


def baseless_line(figures: Sequence[Figure], told: Sequence[ReportData]) -> list[Line]:
    """Why nothing of the statistics has a change, where nothing else says it.

    `told` are the reports that the `figures` are from, all about the same days.
    """
    if not _are_days_told(figures) or not is_baseless(figures, told):
        return []
    before = format_period(told[0].period.previous())
    return [Italic(f"Сравнить не с чем: за {before} полных чисел нет")]


def _too_early_line(data: ReportData) -> list[Line]:
    """Why days that go on have no changes."""
    if not data.goes_on or not _are_days_told(data.figures):
        return []
    return [Italic("Сравнивать рано: сегодня ещё не закончилось")]


def _are_days_told(figures: Iterable[Figure]) -> bool:
    return any(figure.value is not None for figure in figures if figure.metric.slugs)


def _line(figure: Figure, *, coloured: bool) -> Line:
    change = format_change(figure, coloured=coloured)
    tail = f"  {change}" if change else ""
    gap = " (не за все дни)" if figure.partial else ""
    if not figure.of_all and figure.value is not None:
        gap += " (не по всем профилям)"
    label = f"{figure.metric.emoji} {figure.metric.label}: "
    return Text(label, Bold(format_figure(figure)), gap, tail)


def _beneath(figure: Figure, shown: Collection[str]) -> list[Line]:
    """What belongs to a figure; not what has a line of its own among those `shown`."""
    lines: list[Line] = []
    if figure.commission and "commission" not in shown:
        lines.append(f"     в том числе комиссия: {format_money(figure.commission)}")
    if figure.bonus and not (figure.metric.slugs and "bonus_spending" in shown):
        lines.append(f"     и бонусами: {format_money(figure.bonus)}")
    return lines


def _running_out(figure: Figure) -> list[Line]:
    """For how long there is enough of it."""
    lines: list[Line] = []
    if figure.lasts is not None:
        lines.append(f"     {_lasting(figure.lasts, figure.paid_for)}")
    if figure.metric.key == "advance_balance" and figure.value is not None and figure.value < 0:
        lines.append("     ⚠️ аванс ушёл в минус: его пора пополнить")
    return lines


def _lasting(days: Fraction, paid_for: PaidFor) -> str:
    if not days:
        return "⚠️ деньги кончились: кошелёк пора пополнить"
    rate = _PAID_FOR[paid_for].format(days=plural(runway.DAYS, "день", "дня", "дней"))
    return f"хватит {format_lasts(days)}, судя по {rate}"


def remarks(data: ReportData, now: datetime, *, for_owner: bool) -> list[Line]:
    """What has to be known about the numbers to read them right."""
    remarks: list[Line] = []
    if data.missing:
        remarks.append(missing_line(data.missing))
    if data.cut_days:
        remarks.append(cut_line(data.cut_days))
    if data.by_listings:
        remarks.append(
            "ℹ️ Avito не отдал общую статистику: просмотры и контакты сложены по объявлениям, "
            "расходов и числа активных объявлений в таких данных нет."
        )
    elif _hides_spending(data.figures):
        what_to_do = ": проверьте права ключей в кабинете Avito." if for_owner else "."
        remarks.append(f"⚠️ Avito скрывает расходы{what_to_do}")
    if data.cut_at is not None:
        remarks.append(
            f"⚠️ День {format_day(data.period.last)} прочитан не целиком "
            f"(до {format_time(data.cut_at)}): сравнивать его рано."
        )
    remarks += _money_remarks(data, now, for_owner)
    if data.calls_failure is not None and _tells(data.figures, CALLS):
        why = f": {problems.of_failure(data.calls_failure)}" if for_owner else "."
        remarks.append(f"⚠️ Звонки прочитать не удалось{why}")
    if data.failure is not None:
        why = f": {problems.reason(data.failure)}" if for_owner else "."
        remarks.append(f"⚠️ Свежие числа прочитать не удалось{why}")
    elif data.refreshes_at is not None:
        remarks.append(once_a_minute(data.refreshes_at))
    return remarks


def _hides_spending(figures: Iterable[Figure]) -> bool:
    """Whether Avito tells this account's statistics, but not what was spent."""
    statistics = [figure for figure in figures if figure.metric.slugs]
    spent = [figure for figure in statistics if figure.metric.key in SPENDING]
    is_silent = all(figure.value is None for figure in spent)
    return bool(spent) and is_silent and any(figure.value is not None for figure in statistics)


def _money_remarks(data: ReportData, now: datetime, for_owner: bool) -> list[Line]:
    """What is shown of money although it is not of this minute; and why, if only money is."""
    held = [figure for figure in data.figures if figure.metric.key in HELD]
    if not held:
        return []
    names = _held_names(held).capitalize()
    failure = data.wallet_failure if data.failure is None else None
    why = f": {problems.reason(failure)}" if for_owner and failure is not None else "."
    if data.old_wallet_at is not None:
        were_read = "прочитан" if len(held) == 1 else "прочитаны"
        read = f"ℹ️ {names} {were_read} {format_moment(data.old_wallet_at, now)}"
        return [read + (f", заново прочитать не удалось{why}" if failure is not None else ".")]
    if failure is not None:
        return [f"⚠️ {names} прочитать не удалось{why}"]
    if not _tells(held, {"advance_balance"}):
        return []
    return _advance_remarks(data, now, for_owner)


def _advance_remarks(data: ReportData, now: datetime, for_owner: bool) -> list[Line]:
    failure = data.advance_failure if data.failure is None else None
    why = f": {problems.of_failure(failure)}" if for_owner and failure is not None else "."
    if data.old_advance_at is not None:
        read = f"ℹ️ Аванс прочитан {format_moment(data.old_advance_at, now)}"
        return [read + (f", заново прочитать не удалось{why}" if failure is not None else ".")]
    return [] if failure is None else [f"⚠️ Аванс прочитать не удалось{why}"]


def _held_names(held: Iterable[Figure]) -> str:
    """`кошелёк и аванс`, or the one of them that there is."""
    return " и ".join(figure.metric.label.lower() for figure in held)


def _tells(figures: Iterable[Figure], keys: Collection[str]) -> bool:
    return any(figure.metric.key in keys for figure in figures)


def cut_line(days: Sequence[date]) -> str:
    named_ones = ", ".join(format_day(day) for day in days[:RUNS_NAMED])
    rest = len(days) - RUNS_NAMED
    more = f" и ещё {plural(rest, 'день', 'дня', 'дней')}" if rest > 0 else ""
    return f"⚠️ Прочитано не до конца: {named_ones}{more}."


def missing_line(missing: Sequence[Period]) -> str:
    runs = [format_period(run) for run in missing[:RUNS_NAMED]]
    rest = sum(run.length for run in missing[RUNS_NAMED:])
    if rest:
        runs.append(f"ещё {plural(rest, 'день', 'дня', 'дней')}")
    return f"⚠️ Нет данных за {', '.join(runs)}."


def once_a_minute(refreshes_at: datetime) -> str:
    since = _allowed_since(refreshes_at)
    return f"ℹ️ Avito отдаёт новые числа раз в минуту: следующие — с{NBSP}{since}."


def no_newer(data: ReportData, now: datetime) -> str:
    """The answer to whoever wanted newer numbers, where there are none."""
    read = read_line(data, now)
    if data.refreshes_at is None:
        return read
    return f"{read}. Новые числа Avito отдаст с{NBSP}{_allowed_since(data.refreshes_at)}"


def _allowed_since(instant: datetime) -> str:
    """The first whole minute at which nobody comes too early."""
    return format_time(instant + timedelta(seconds=59))


def read_line(data: ReportData, now: datetime) -> str:
    if data.read_at is None:
        return "Статистика ещё не прочитана"
    return f"{format_read_at(data.read_at, now)} по Москве"
