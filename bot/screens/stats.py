"""The combined report of a chat, and what stands there instead of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil

from aiogram.types import InlineKeyboardMarkup
from aiogram.utils.formatting import Bold, Italic, Text

from bot import keyboards
from bot.callbacks import ProfileOpen, StatsBack, StatsDays, StatsRefresh
from bot.effects import Screen
from bot.keyboards import Row as Buttons
from bot.keyboards import button, keyboard, link
from bot.screens import problems
from bot.screens.parts import Line, in_messages, named, screen
from bot.screens.reports import (
    INSTEAD,
    baseless_line,
    compared_line,
    figure_lines,
    missed_line,
    once_a_minute,
    only_until,
    until,
)
from core.combined import Combined, Row
from core.digests import ScheduledDigest
from core.report_data import ReportData
from utils.analytics import Figure, earlier
from utils.formatter import (
    format_day,
    format_figure,
    format_lasts,
    format_moment,
    format_period,
    format_read_at,
    format_value,
)
from utils.lights import Light
from utils.metrics import HELD, Kind
from utils.periods import Period
from utils.plurals import NBSP, plural

NOTHING_BOUND = "Сюда больше не приходит ни один отчёт."

_IN_ROW = ("views", "contacts", "total_spending", "wallet_balance")
"""What a row of one profile tells of what is ticked; the rest is in the totals."""

_LIGHTS = {
    Light.RED: ("🔴", "намного хуже"),
    Light.YELLOW: ("🟡", "заметно хуже"),
    Light.GREEN: ("🟢", "как обычно или лучше"),
    Light.NONE: ("⚪", "судить не по чему"),
}
_WORSE = (Light.RED, Light.YELLOW)
_KEY_BUTTONS = 5
_CUT_NAMED = 5
_SOON = 3
"""Days for which money lasts that are worth a word among many profiles."""


def collecting() -> Screen:
    return screen("⏳ Собираю сводку…")


def combined(
    report: Combined, now: datetime, *, for_owner: bool, first: Period | None = None
) -> list[Screen]:
    """Most often one message.

    `for_owner`: nobody else reads along, so it can be said why something was not read.

    `first`: the days of the combined report in whose place it stands.
    """
    return _messages(report, now, _buttons(report, for_owner, first), for_owner=for_owner)


def scheduled(digest: ScheduledDigest, now: datetime) -> list[Screen]:
    report, for_owner = digest.combined, digest.for_owner
    above: list[Line] = []
    if digest.went_ahead:
        said = "➕ К сводке, которая уже пришла: эти профили Avito отдал позже"
        above.append(Italic(said))
    if digest.is_supplement:
        last = format_day(report.period.last)
        above.append(Italic(f"✅ Дополнено: день {last} теперь целиком, {INSTEAD}"))
    if digest.is_trial:
        above.append(Italic("Пробная сводка"))
    below: list[Line] = []
    if digest.is_followed:
        below += ["", "⏳ Неполные пришлю целиком, если Avito ответит в течение суток."]
    if digest.missed:
        below += ["", missed_line(digest.missed, for_owner)]
    buttons = _buttons(report, for_owner)
    return _messages(report, now, buttons, for_owner=for_owner, above=above, below=below)


def _messages(
    report: Combined,
    now: datetime,
    buttons: InlineKeyboardMarkup,
    *,
    for_owner: bool,
    above: Sequence[Line] = (),
    below: Sequence[Line] = (),
) -> list[Screen]:
    about = _about(report)
    first, *rows = [_row(row, now, for_owner) for row in report.rows]
    blocks = [
        [*above, Bold("📊 Сводка Avito"), Italic(about), *_cut_line(report), "", *_totals(report)],
        [Bold("По профилям"), *first],
        *rows,
        [*_foot(report, now), *below],
    ]
    return in_messages(blocks, buttons, continued=Italic(f"…продолжение сводки: {about}"))


def _about(report: Combined) -> str:
    names = plural(len(report.rows), "профиль", "профиля", "профилей")
    return f"{names}, {format_period(report.period)}"


def _foot(report: Combined, now: datetime) -> list[Line]:
    lines: list[Line] = ["", Italic(_legend(report))]
    if report.refreshes_at is not None:
        lines.append(once_a_minute(report.refreshes_at))
    if report.read_at is not None:
        lines.append(Italic(f"{format_read_at(report.read_at, now)} по Москве"))
    return [*lines, *_wallets_line(report, now)]


def _wallets_line(report: Combined, now: datetime) -> list[Line]:
    """How old the money is that is told of; at most, where it was not read all at once.

    A row whose numbers could not be read says itself how old they are.
    """
    known = [row.data for row in report.rows if row.data is not None]
    fresh = [data for data in known if data.failure is None] or known
    told = [(data, _held_keys(data)) for data in fresh]
    read_at = [data.old_wallet_at for data, keys in told if keys]
    old = [instant for instant in read_at if instant is not None]
    if not old:
        return []
    names = "Кошельки" if any("wallet_balance" in keys for _, keys in told) else "Авансы"
    read = format_moment(min(old), now)
    is_of_all = len(old) == len(read_at) and format_moment(max(old), now) == read
    return [Italic(f"{names} прочитаны {'' if is_of_all else 'не раньше чем '}{read}")]


def _held_keys(data: ReportData) -> set[str]:
    return {figure.metric.key for figure in data.figures if figure.metric.key in HELD}


def _cut_line(report: Combined) -> list[Line]:
    """Whose last day is not told whole, neither here nor in the sums."""
    cut = [
        f"{named(row.profile_name)} {until(row.data.cut_at)}"
        for row in report.rows
        if row.data is not None and row.data.cut_at is not None
    ]
    if not cut:
        return []
    more = f" и ещё {len(cut) - _CUT_NAMED}" if len(cut) > _CUT_NAMED else ""
    said = "Не весь день" if report.period.length == 1 else "Последний день не целиком"
    return [Bold(f"⚠️ {said}, и в итогах тоже: {', '.join(cut[:_CUT_NAMED])}{more}")]


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
    told = [row.data for row in report.rows if row.data is not None]
    compared = [
        *compared_line(report.figures, report.period, report.compared_with, _whole(report)),
        *baseless_line(report.figures, told),
    ]
    # Colours are the lights of the rows: a sum's, by another rule, would contradict them.
    return [
        *figure_lines(report.figures, of_many=True),
        "",
        *compared,
        *([""] if compared else []),
    ]


def _whole(report: Combined) -> str:
    """Whose changes these are, where not all of the sums have a part in them."""
    if all(figure.compared is None for figure in report.figures if figure.metric.slugs):
        return ""
    if report.whole == len(report.rows):
        return ", не все — по всем профилям"
    names = plural(report.whole, "профилю", "профилям", "профилям")
    both = "оба дня" if report.period.length == 1 else "оба периода"
    return f", по {names} из {len(report.rows)}, где целиком {both}"


def _row(row: Row, now: datetime, for_owner: bool) -> list[Line]:
    name: Line = Bold(f"{_LIGHTS[row.light][0]} {row.profile_name}")
    if row.data is None:
        return [name, f"⚠️ {_unread(row, for_owner)}"]
    if row.data.cut_at is not None:
        name = Text(name, f", {only_until(row.data.period, row.data.cut_at)}")
    told = {figure.metric.key: figure for figure in row.data.figures}
    keys = [key for key in _IN_ROW if key in told] or list(told)[: len(_IN_ROW)]
    numbers = " · ".join(f"{told[key].metric.emoji} {format_figure(told[key])}" for key in keys)
    worse = _what_is_worse(told) if row.light in _WORSE else []
    return [name, numbers, *worse, *_money_ends(told), *_remarks(row, row.data, now, for_owner)]


def _unread(row: Row, for_owner: bool) -> str:
    if row.comes_later:
        return "пока не прочитан, в сумме его нет: отчёт придёт отдельно, как только получится"
    why = f". {problems.of_failure(row.why)}" if for_owner and row.why else ""
    return f"прочитать не удалось, в сумме этого профиля нет{why}"


def _money_ends(told: dict[str, Figure]) -> list[Line]:
    """What will not last, or is used up; nothing as long as there is enough."""
    said = []
    for key, name in (("wallet_balance", "кошелька"), ("advance_balance", "аванса")):
        figure = told.get(key)
        if figure and figure.lasts is not None and figure.lasts <= _SOON:
            is_left = f"{name} хватит {format_lasts(figure.lasts)}"
            said.append(is_left if figure.lasts else "деньги в кошельке кончились")
    advance = told.get("advance_balance")
    if advance and advance.value is not None and advance.value < 0:
        said.append("аванс ушёл в минус")
    return [f"💸 {', '.join(said)}"] if said else []


def _what_is_worse(told: dict[str, Figure]) -> list[Line]:
    """What a red or yellow light is about, as far as it may be told here."""
    said = []
    contacts, price, spending = (told.get(key) for key in ("contacts", "cpl", "total_spending"))
    if contacts and contacts.change and contacts.change.absolute < 0:
        said.append(f"контактов было {format_value(Kind.COUNT, earlier(contacts))}")
    elif contacts and contacts.value == 0 and spending and spending.value:
        said.append("деньги потрачены, контактов нет")
    if price and price.change and price.change.absolute > 0:
        before = format_value(Kind.UNIT_PRICE, earlier(price))
        said.append(f"контакт стоил {before}, теперь {format_figure(price)}")
    return [f"↳ {', '.join(said)}"] if said else []


def _remarks(row: Row, data: ReportData, now: datetime, for_owner: bool) -> list[Line]:
    remarks: list[Line] = []
    if row.counted_as is not None:
        remarks.append(f"ℹ️ тот же аккаунт, что {named(row.counted_as)}: в сумме он один раз")
    if data.failure is not None and data.read_at is not None:
        read = format_moment(data.read_at, now)
        why = f". {problems.reason(data.failure)}" if for_owner else ""
        remarks.append(f"⚠️ свежие числа прочитать не удалось, эти прочитаны {read}{why}")
    if data.by_listings:
        remarks.append("ℹ️ сложено по объявлениям, без расходов")
    return remarks


def _ways(chat_type: str) -> list[Line]:
    settings = "В личном чате с ботом: профиль → «Отчёты по расписанию» → «Куда отправлять»"
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


def _legend(report: Combined) -> str:
    lit = {row.light for row in report.rows}
    meanings = [f"{mark} {words}" for light, (mark, words) in _LIGHTS.items() if light in lit]
    return f"Контакты и их цена по сравнению с прошлым периодом: {' · '.join(meanings)}"


def _buttons(
    report: Combined, for_owner: bool, first: Period | None = None
) -> InlineKeyboardMarkup:
    period = report.period
    again = [button("🔄 Обновить", StatsRefresh(first=period.first, last=period.last))]
    if first is not None and first != period:
        again.append(button("« К сводке", StatsBack(first=first.first, last=first.last)))
    days = {"Вчера": 1, "7 дней": 7, "30 дней": 30}
    rows: list[Buttons] = [
        [button(label, StatsDays(days=count)) for label, count in days.items()],
        again,
    ]
    if for_owner:
        rows += [*_new_keys(report), keyboards.to_list()]
    return keyboard(*rows)


def _new_keys(report: Combined) -> list[Buttons]:
    refused = [row for row in report.rows if problems.asks_for_keys(_failure_of(row))]
    return [
        [button(f"🔑 {row.profile_name}", ProfileOpen(profile_id=row.profile_id))]
        for row in refused[:_KEY_BUTTONS]
    ]


def _failure_of(row: Row) -> str | None:
    if row.data is None or row.data.failure is None:
        return row.why
    return type(row.data.failure).__name__
