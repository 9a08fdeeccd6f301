"""Chats as files: choosing them, how far it is, what came of it, and what is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup
from aiogram.utils.formatting import Bold, Italic

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
    ExportKeepSet,
    ExportPick,
    ExportRun,
    ExportSchedule,
    ProfileKeys,
    ProfileOpen,
    ReportSetChat,
)
from bot.effects import Document, Screen
from bot.keyboards import Row, button, keyboard
from bot.screens import problems
from bot.screens.chats_words import EVERY, describe_chats
from bot.screens.destination import into, name_of
from bot.screens.parts import Line, is_caption, named, screen
from core.avito.messenger import LAST_OFFSET, PAGE
from core.database.models import AvitoProfile, ReportTask
from core.errors import (
    EmployeeKey,
    Forbidden,
    KeysRefused,
    NotFound,
    RateLimited,
    SubscriptionRequired,
    Unavailable,
)
from core.messenger.collector import Collected
from core.services.destinations import Destination, is_private
from core.services.exports import (
    Choice,
    Export,
    KeptFor,
    Within,
    chosen_every,
    today_of,
    zone_of,
)
from core.services.schedule import Every, schedule_of
from utils import zones
from utils.chats.order import Bound, Form, Which
from utils.formatter import format_at, format_count, format_day, format_moment, format_period
from utils.periods import ONE_DAY
from utils.plurals import NBSP, plural

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
_NO_SUBSCRIPTION = (
    "Avito не отдаёт чаты этого аккаунта. Для товаров и работы нужна подписка «Максимальный», "
    "для услуг — «Расширенный» или «Максимальный». Статистика и отчёты работают как раньше."
)
_REASONS: dict[type[Exception], str] = {
    SubscriptionRequired: _NO_SUBSCRIPTION,
    NotFound: _NO_SUBSCRIPTION,
    Forbidden: f"{_NO_SUBSCRIPTION} Если подписка есть, проверьте права ключей.",
    Unavailable: (
        "Avito сейчас не отвечает. Прочитанное сохранено: повторите через несколько минут, и "
        "продолжу с того же места."
    ),
    MemoryError: (
        "Файл получается слишком большим для памяти сервера. Прочитанное сохранено: выберите "
        "период короче."
    ),
    OSError: (
        "На диске сервера не хватило места для файла. Мы о сбое уже знаем, прочитанное "
        "сохранено: попробуйте позже или выберите период короче."
    ),
}
_SEEN_BY_ALL = (
    "В файле — слова покупателей и их телефоны. Его увидят все, кто есть в этом чате, и те, кого "
    "туда добавят позже."
)
_MISSING_IN_FILE = "⚠️ Попало не всё: чего нет и почему, написано на первом листе."
_MINUTE = 60
_MOST = format_count(LAST_OFFSET + PAGE)
_KINDS = {"u2i": "по объявлениям", "u2u": "личные", "a2u": "с Avito"}
_CUT_LISTS = {
    "u2i": (
        f"Чатов больше, чем Avito показывает в одном списке ({_MOST}): чаты о старых, неизвестных "
        "боту объявлениях могли не попасть."
    ),
    "u2u": f"Личных чатов больше, чем показывает Avito ({_MOST}): самых старых нет.",
    "a2u": f"Чатов с Avito больше, чем он показывает ({_MOST}): самых старых нет.",
}


# Choosing


def choose(profile: AvitoProfile, choice: Choice, now: datetime) -> Screen:
    """What is ticked is what the file will have."""
    wanted = choice.export(today_of(profile, now))
    return screen(
        Bold(f"📤 Чаты {named(profile.profile_name)}: что выгрузить?"),
        "",
        f"Сейчас выбрано: {_described(wanted)}.",
        f"Период — по датам сообщений, время: {zones.city(schedule_of(profile).zone)}. «Без "
        "ответа» — чаты, где последним написал покупатель.",
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


def ask_dates(profile: AvitoProfile, today: date) -> Screen:
    day = today - ONE_DAY
    return screen(
        Bold(f"✏️ Чаты {named(profile.profile_name)}: пришлите одну дату или две"),
        "",
        f"Например: {day:%d.%m}, {format_day(day)}, {day.isoformat()} "
        f"или {day - ONE_DAY * 6:%d.%m}-{format_day(day)}.",
        keyboard=keyboard(keyboards.cancel()),
    )


def _within(profile: AvitoProfile, choice: Choice, within: Within) -> InlineKeyboardButton:
    target = replace(choice, within=within, own=None)
    return _pick(profile, target, _WITHIN[within], is_on=within is choice.within)


def _own_days(profile: AvitoProfile, choice: Choice) -> InlineKeyboardButton:
    target = ExportDates(profile_id=profile.id, which=choice.which, form=choice.form)
    if choice.own is None:
        return button("✏️ Свои даты", target)
    return button(f"✅ {format_period(choice.own)}", target)


def _pick(
    profile: AvitoProfile, target: Choice, label: str, *, is_on: bool
) -> InlineKeyboardButton:
    return button(_ticked(label, is_on), ExportPick.of(profile.id, target))


def _ticked(label: str, is_on: bool) -> str:
    return f"✅ {label}" if is_on else label


# While it is made


def begun(job_id: int, profile: AvitoProfile, export: Export) -> Screen:
    return _under_way(job_id, profile, export, "Собираю список чатов…")


def queued(job_id: int, profile: AvitoProfile, export: Export) -> Screen:
    return _under_way(
        job_id, profile, export, "Сейчас идут другие выгрузки, эта начнётся следом за ними."
    )


def reading(
    job_id: int,
    profile: AvitoProfile,
    export: Export,
    *,
    done: int,
    found: int,
    messages: int,
    is_counting: bool,
    left_sec: float | None = None,
) -> Screen:
    if is_counting:
        far = f"Собираю список чатов, пока нашлось: {format_count(found)}"
    else:
        far = (
            f"Прочитано чатов: {format_count(done)} из {format_count(found)}, "
            f"сообщений: {format_count(messages)}"
        )
    left = [] if left_sec is None else [f"Осталось {_roughly(left_sec)}"]
    return _under_way(job_id, profile, export, far, *left)


def going_on(job_id: int, profile: AvitoProfile, export: Export) -> Screen:
    """After a restart."""
    return _under_way(
        job_id, profile, export, "Бот перезапускался. Продолжаю: что было прочитано, сохранилось."
    )


def binding(job_id: int, profile: AvitoProfile, export: Export) -> Screen:
    return _under_way(job_id, profile, export, "Все чаты прочитаны, собираю файл…")


def waiting(
    job_id: int, profile: AvitoProfile, export: Export, until: datetime, now: datetime
) -> Screen:
    when = format_moment(until, now, zone_of(profile))
    return _under_way(
        job_id,
        profile,
        export,
        f"Avito просит подождать. Продолжу сам {when}, прочитанное сохранится.",
    )


def start_first(link: str) -> Screen:
    """In the group, for whoever asked there and lets the bot write nothing in private."""
    return screen(
        "📤 Файл с чатами отправляю только в личный чат, а написать туда не могу. Откройте его и "
        "нажмите «Начать» — выгрузка тут же пойдёт, ещё раз просить не нужно.",
        keyboard=keyboard([keyboards.link("Открыть личный чат", link)]),
    )


def _under_way(job_id: int, profile: AvitoProfile, export: Export, *lines: Line) -> Screen:
    return screen(
        Bold(f"⏳ Выгружаю чаты {named(profile.profile_name)}"),
        _described(export),
        "",
        *lines,
        keyboard=keyboard(keyboards.stop(job_id)),
    )


# What came of it


def done(profile: AvitoProfile, export: Export, bound: Bound) -> Screen:
    """In place of the progress; the files come below it, with a sound."""
    count = len(bound.files)
    how = "Файл — следующим сообщением." if count == 1 else f"Файлов: {count}, они ниже."
    return screen(
        Bold(f"✅ Чаты {named(profile.profile_name)} выгружены"),
        _described(export),
        f"Всего: {_counts(bound)}.",
        how,
        keyboard=_ways_on(profile),
    )


def file(
    profile: AvitoProfile,
    export: Export,
    bound: Bound,
    document: Document,
    *,
    remarks: Sequence[str] = (),
    part: int = 1,
    for_owner: bool = True,
) -> Screen:
    """One of the files, numbered from 1. Others than the owner get no buttons of his."""
    parts = len(bound.files)
    head: list[Line] = [
        Bold("📤 Чаты Avito"),
        Italic(profile.profile_name),
        _described(export),
        _counts(bound),
    ]
    if bound.unanswered and export.which is not Which.UNANSWERED:
        head.append(f"Ждут ответа: {format_count(bound.unanswered)}")
    missing = [f"⚠️ {remark}" for remark in remarks]
    tail = [f"Часть {part} из {parts}"] if parts > 1 else []
    whole = screen(*head, *missing, *tail)
    if not is_caption(whole):
        whole = screen(*head, _MISSING_IN_FILE, *tail)
    card = keyboard([button("🏪 Профиль", ProfileOpen(profile_id=profile.id))])
    return whole.model_copy(update={"document": document, "keyboard": card if for_owner else None})


def remarks(collected: Collected) -> tuple[str, ...]:
    """What could not be reached, for the file and its caption: others may read it too."""
    said = [_CUT_LISTS[kind] for kind in collected.cut_lists]
    if collected.cut_chats:
        chats = plural(collected.cut_chats, "чате", "чатах", "чатах")
        said.append(
            f"В {chats} Avito отдал только последние {_MOST} сообщений: начала переписки нет."
        )
    if collected.refused_lists:
        kinds = ", ".join(_KINDS[kind] for kind in collected.refused_lists)
        said.append(f"Avito не показал чаты: {kinds}.")
    if failed := sum(collected.failed.values()):
        chats = plural(failed, "чат", "чата", "чатов")
        said.append(f"Не прочитано: {chats}. В файле они такие, как в прошлый раз, или их нет.")
    if collected.nameless:
        chats = plural(collected.nameless, "чат", "чата", "чатов")
        said.append(f"Без номера, по которому их можно прочитать: {chats}.")
    return tuple(said)


def nothing(profile: AvitoProfile, export: Export, *, for_owner: bool = True) -> Screen:
    return screen(
        f"📭 Чатов нет: {named(profile.profile_name)}, {_described(export)}.",
        keyboard=_ways_on(profile) if for_owner else None,
    )


def failed(
    profile: AvitoProfile, export: Export, error: Exception, code: str, now: datetime
) -> Screen:
    """For its owner, who pressed the button."""
    is_about_keys = isinstance(error, KeysRefused | EmployeeKey)
    return screen(
        Bold(f"❌ Чаты {named(profile.profile_name)} выгрузить не получилось"),
        why_not(profile, error, now),
        f"Код: {code}",
        keyboard=keyboard(
            _mend_keys(profile)
            if is_about_keys
            else [button("🔄 Повторить", ExportRun.of(profile.id, Choice.like(export)))],
            [button("⚙️ Выбрать другое", ExportChoose(profile_id=profile.id))],
            keyboards.to_card(profile.id),
        ),
    )


def due_failed(
    profile: AvitoProfile, task: ReportTask, error: Exception, code: str, now: datetime
) -> Screen:
    """For the owner, in private: a file on schedule that could not be made."""
    is_about_keys = isinstance(error, KeysRefused | EmployeeKey)
    return screen(
        Bold(f"⚠️ Файл с чатами {named(profile.profile_name)} не ушёл: {name_of(task)}"),
        why_not(profile, error, now),
        f"Расписание файла: {describe_chats(profile, task, now)}.",
        f"Код: {code}",
        keyboard=keyboard(
            _mend_keys(profile) if is_about_keys else [],
            [button("📤 Выгрузить сейчас", ExportChoose(profile_id=profile.id))],
            [button("⏰ Файлы по расписанию", DestinationChats(task_id=task.id))],
        ),
    )


def due_refused(profile: AvitoProfile, task: ReportTask) -> Screen:
    """The same where Telegram does not let it into its place."""
    return screen(
        Bold(f"⚠️ Файл с чатами {named(profile.profile_name)} не дошёл: {name_of(task)}"),
        "Telegram не принял его в этот чат. Проверьте, что я там есть и могу отправлять файлы.",
        keyboard=keyboard(
            [button("📤 Выгрузить сейчас", ExportChoose(profile_id=profile.id))],
            [button("⏰ Файлы по расписанию", DestinationChats(task_id=task.id))],
        ),
    )


def why_not(profile: AvitoProfile, error: Exception, now: datetime) -> str:
    if isinstance(error, RateLimited):
        until = format_moment(error.retry_at, now, zone_of(profile))
        return f"Avito отказывается отвечать раньше, чем {until}. Прочитанное сохранено."
    told = (sentence for kind, sentence in _REASONS.items() if isinstance(error, kind))
    return next(told, None) or problems.reason(error)


def _mend_keys(profile: AvitoProfile) -> Row:
    return [button("🔑 Заменить ключи", ProfileKeys(profile_id=profile.id))]


def _ways_on(profile: AvitoProfile) -> InlineKeyboardMarkup:
    return keyboard(
        [button("⚙️ Выбрать период и чаты", ExportChoose(profile_id=profile.id))],
        keyboards.to_card(profile.id),
    )


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
        "Прочитанные чаты лежат у меня зашифрованными, чтобы следующая выгрузка читала только "
        "новое. Вместе с профилем они удаляются.",
        "Выбор действует сразу: сообщения старше срока удалю. Чего я не храню, в файл попадёт, "
        "если это ещё отдаёт Avito.",
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


def forgetting(profile: AvitoProfile) -> Screen:
    return screen(
        f"⏳ Удаляю сообщения, которые больше не храню: {named(profile.profile_name)}…",
        "Если сейчас идёт выгрузка, сначала закончу её.",
    )


def describe_kept(profile: AvitoProfile) -> str:
    days = profile.chats_kept_days
    if days is None:
        return "пока профиль подключён"
    return plural(days, "день", "дня", "дней") if days else "только до конца выгрузки"


def _to_choice(profile: AvitoProfile) -> Row:
    return [button("« К выгрузке чатов", ExportChoose(profile_id=profile.id))]


# Words


def _described(export: Export) -> str:
    days = "за всё время" if export.period is None else f"за {format_period(export.period)}"
    which = {Which.ALL: "все чаты", Which.UNREAD: "непрочитанные", Which.UNANSWERED: "без ответа"}
    form = "" if export.form is Form.XLSX else ", CSV"
    return f"{days}, {which[export.which]}{form}"


def _counts(bound: Bound) -> str:
    chats = _counted(bound.chats, "чат", "чата", "чатов")
    return f"{chats}, {_counted(bound.messages, 'сообщение', 'сообщения', 'сообщений')}"


def _counted(count: int, one: str, few: str, many: str) -> str:
    return f"{format_count(count)}{NBSP}{plural(count, one, few, many).partition(NBSP)[2]}"


def _roughly(seconds: float) -> str:
    if seconds < _MINUTE:
        return "меньше минуты"
    hours, minutes = divmod(round(seconds / _MINUTE), _MINUTE)
    said = f"{hours}{NBSP}ч {minutes}{NBSP}мин" if hours else f"{minutes}{NBSP}мин"
    return f"примерно {said}"
