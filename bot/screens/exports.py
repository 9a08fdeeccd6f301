"""Chats as files: choosing them, on schedule, and for how long they are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from aiogram.types import InlineKeyboardButton
from aiogram.utils.formatting import Bold

from bot import keyboards
from bot.callbacks import (
    DestinationChats,
    DestinationChatsConfirm,
    DestinationChatsEvery,
    DestinationChatsOff,
    DestinationView,
    ExportChoose,
    ExportDates,
    ExportKeep,
    ExportKeepConfirm,
    ExportKeepSet,
    ExportPick,
    ExportRun,
    ExportSchedule,
    ReportSetChat,
)
from bot.effects import Screen
from bot.keyboards import Row, button, keyboard
from bot.screens import history
from bot.screens.chats_words import EVERY, describe_chats, describe_kept, described
from bot.screens.destination import into, name_of
from bot.screens.parts import named, screen
from core.database.models import AvitoProfile, ReportTask
from core.services.destinations import Destination, is_private
from core.services.exports import (
    Choice,
    KeptFor,
    Within,
    chosen_every,
    today_of,
)
from core.services.schedule import Every, schedule_of
from utils import zones
from utils.calendars import month_of
from utils.chats.order import Form, Which
from utils.formatter import format_at, format_period
from utils.periods import ONE_DAY, Period
from utils.plurals import plural

IN_PRIVATE = "Выгружаю чаты. Файл придёт вам в личный чат."
UNDER_WAY = "Чаты этого профиля уже выгружаются: ход виден в личном чате."
KEPT_SAVED = "Сохранено, уже действует."
_WITHIN = {Within.ALL: "За всё время", Within.MONTH: "30 дней", Within.WEEK: "7 дней"}
_WHICH = {
    Which.ALL: "Все",
    Which.UNREAD: "Непрочитанные",
    Which.UNANSWERED: "Без ответа",
}
_FORMS = {Form.XLSX: "Excel", Form.CSV: "CSV (zip)"}
_KEPT = {
    KeptFor.NOTHING: "Не хранить",
    KeptFor.MONTH: "30 дней",
    KeptFor.QUARTER: "90 дней",
    KeptFor.YEAR: "365 дней",
    KeptFor.ALWAYS: "Пока профиль подключён",
}
_IS_KEPT = (
    "Прочитанные чаты лежат у меня зашифрованными, чтобы следующая выгрузка читала только новое. "
    "Вместе с профилем они удаляются."
)
_NOT_KEPT = "Прочитанные чаты удаляю сразу после выгрузки, и следующая читает всё заново."
_SEEN_BY_ALL = (
    "В файле — слова покупателей и их телефоны. Его увидят все, кто есть в этом чате, и те, кого "
    "туда добавят позже."
)


# Choosing


def choose(profile: AvitoProfile, choice: Choice, now: datetime) -> Screen:
    """What is ticked is what the file will have."""
    wanted = choice.export(today_of(profile, now))
    return screen(
        Bold(f"📤 Чаты {named(profile.profile_name)}: что выгрузить?"),
        "",
        f"Сейчас выбрано: {described(wanted)}.",
        f"Период — по датам сообщений, время: {zones.city(schedule_of(profile).zone)}. «7 дней» и "
        "«30 дней» — вместе с сегодняшним. «Без ответа» — чаты, где последним написал покупатель.",
        f"Прочитанное храню: {describe_kept(profile)}.",
        keyboard=keyboard(
            [_within(profile, choice, Within.ALL)],
            [_within(profile, choice, Within.WEEK), _within(profile, choice, Within.MONTH)],
            [_own_days(profile, choice)],
            [
                _pick(profile, replace(choice, which=which), label, is_on=which is choice.which)
                for which, label in _WHICH.items()
            ],
            [
                _pick(profile, replace(choice, form=form), label, is_on=form is choice.form)
                for form, label in _FORMS.items()
            ],
            [button("📤 Выгрузить", ExportRun.of(profile.id, choice))],
            [
                button("⏰ По расписанию", ExportSchedule(profile_id=profile.id)),
                button("🗄 Сколько хранить", ExportKeep(profile_id=profile.id)),
            ],
            keyboards.to_card(profile.id),
        ),
    )


def ask_dates(profile: AvitoProfile, which: Which, form: Form, today: date) -> Screen:
    """The rest is chosen already."""
    month = Period(today.replace(day=1), today)
    before = month_of(month.first - ONE_DAY)
    return screen(
        Bold(f"✏️ Чаты {named(profile.profile_name)}: пришлите одну дату или две"),
        "",
        *history.examples(today),
        keyboard=keyboard(
            [
                button(label, ExportPick.of(profile.id, Choice(Within.OWN, days, which, form)))
                for label, days in (("Этот месяц", month), ("Прошлый месяц", before))
            ],
            keyboards.cancel(),
        ),
    )


def start_first(link: str) -> Screen:
    """In the group, for whoever asked there and lets the bot write nothing in private."""
    return screen(
        "📤 Файл с чатами отправляю только в личный чат, а написать туда не могу. Откройте его и "
        "нажмите «Начать» — выгрузка тут же пойдёт, ещё раз просить не нужно.",
        keyboard=keyboard([keyboards.link("Открыть личный чат", link)]),
    )


def _within(profile: AvitoProfile, choice: Choice, within: Within) -> InlineKeyboardButton:
    target = replace(choice, within=within, own=None)
    return _pick(profile, target, _WITHIN[within], is_on=within is choice.within)


def _own_days(profile: AvitoProfile, choice: Choice) -> InlineKeyboardButton:
    target = ExportDates(profile_id=profile.id, which=choice.which, form=choice.form)
    if choice.own is None:
        return button("✏️ Свои даты", target)
    return button(f"✅ ✏️ {format_period(choice.own)}", target)


def _pick(
    profile: AvitoProfile, target: Choice, label: str, *, is_on: bool
) -> InlineKeyboardButton:
    return button(_ticked(label, is_on), ExportPick.of(profile.id, target))


def _ticked(label: str, is_on: bool) -> str:
    return f"✅ {label}" if is_on else label


# On schedule, and what is kept


def places(profile: AvitoProfile, tasks: Sequence[ReportTask], now: datetime) -> Screen:
    if tasks:
        lines = [f"• {name_of(task)}: {describe_chats(profile, task, now)}" for task in tasks]
    else:
        lines = ["Сначала выберите, куда приходят отчёты: файлы с чатами приходят туда же."]
    return screen(
        Bold(f"⏰ Чаты {named(profile.profile_name)} файлом по расписанию"),
        "",
        *lines,
        keyboard=keyboard(
            *([button(f"📍 {name_of(t)}", DestinationChats(task_id=t.id))] for t in tasks),
            [] if tasks else [button("📍 Куда отправлять", ReportSetChat(profile_id=profile.id))],
            _to_choice(profile),
        ),
    )


def at_place(destination: Destination, now: datetime) -> Screen:
    """How often the chats of a profile come to this place."""
    task, profile = destination.task, destination.profile
    chosen, about = chosen_every(task), {"task_id": task.id}
    at = format_at(schedule_of(profile).at)
    return screen(
        Bold(f"💬 Чаты файлом: {name_of(task)}"),
        f"Профиль {named(profile.profile_name)}",
        "",
        f"Сейчас: {describe_chats(profile, task, now)}.",
        f"Приходит Excel с чатами: раз в неделю — в понедельник {at} за прошлую неделю, раз в "
        f"месяц — 1-го числа {at} за прошлый месяц.",
        *([] if is_private(destination) else [f"⚠️ {_SEEN_BY_ALL}"]),
        keyboard=keyboard(
            [
                button(
                    _ticked(EVERY[every], every is chosen),
                    DestinationChatsEvery(**about, every=every),
                )
                for every in Every
            ],
            [button(_ticked("Не присылать", chosen is None), DestinationChatsOff(**about))],
            [button("« К этому месту", DestinationView(**about))],
            _to_choice(profile),
        ),
    )


def confirm_at_place(destination: Destination, every: Every) -> Screen:
    """Before people the owner may not have thought of read along."""
    task, profile = destination.task, destination.profile
    return screen(
        Bold(f"⚠️ Присылать чаты {named(profile.profile_name)} в {into(task)}?"),
        "",
        _SEEN_BY_ALL,
        keyboard=keyboard(
            [
                button(
                    f"Да, {EVERY[every].lower()}",
                    DestinationChatsConfirm(task_id=task.id, every=every),
                )
            ],
            [button("Не присылать", DestinationChats(task_id=task.id))],
        ),
    )


def ask_kept(profile: AvitoProfile, *, is_done: bool = False) -> Screen:
    """`is_done`: what is older than it says was dropped just now."""
    return screen(
        Bold(f"🗄 Сколько хранить переписку {named(profile.profile_name)}?"),
        "",
        *(["✅ Сохранено, лишнее удалено."] if is_done else []),
        f"Сейчас: {describe_kept(profile)}.",
        _NOT_KEPT if profile.chats_kept_days == 0 else _IS_KEPT,
        "Сообщения старше срока удаляю. Если из-за нового срока что-то удалится сразу, сначала "
        "спрошу. Чего я не храню, в файл попадёт, если это ещё отдаёт Avito.",
        keyboard=keyboard(
            *(
                [
                    button(
                        _ticked(label, kept.days == profile.chats_kept_days),
                        ExportKeepSet(profile_id=profile.id, kept=kept),
                    )
                ]
                for kept, label in _KEPT.items()
            ),
            _to_choice(profile),
        ),
    )


def confirm_kept(profile: AvitoProfile, kept: KeptFor) -> Screen:
    """Before what is kept already has to go."""
    days = kept.days
    if days:
        what = f"Сообщения старше {plural(days, 'дня', 'дней', 'дней')} удалю сразу."
    else:
        what = "Всё, что прочитано, удалю сразу, и впредь после каждой выгрузки."
    return screen(
        Bold(f"🗑 Удалить лишнюю переписку {named(profile.profile_name)}?"),
        "",
        f"{what} В файл удалённое попадёт, только если это ещё отдаёт Avito.",
        keyboard=keyboard(
            [button("🗑 Да, удалить", ExportKeepConfirm(profile_id=profile.id, kept=kept))],
            [button("Оставить как есть", ExportKeep(profile_id=profile.id))],
        ),
    )


def forgetting(profile: AvitoProfile) -> Screen:
    return screen(
        f"⏳ Удаляю сообщения, которые больше не храню: {named(profile.profile_name)}…",
        "Если сейчас идёт выгрузка, сначала закончу её.",
    )


def _to_choice(profile: AvitoProfile) -> Row:
    return [button("« К выгрузке чатов", ExportChoose(profile_id=profile.id))]
