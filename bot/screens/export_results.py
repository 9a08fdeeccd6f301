"""How far an export is, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from errno import EDQUOT, ENOSPC

from aiogram.types import InlineKeyboardMarkup
from aiogram.utils.formatting import Bold, Italic

from bot import keyboards
from bot.callbacks import (
    DestinationChats,
    DestinationChatsOff,
    ExportChoose,
    ExportPick,
    ExportRun,
    ProfileKeys,
    ProfileOpen,
)
from bot.effects import Document, Screen
from bot.keyboards import Row, button, keyboard
from bot.screens import problems
from bot.screens.chats_words import counts, describe_chats, described
from bot.screens.destination import name_of
from bot.screens.parts import Line, is_caption, named, screen
from bot.screens.reports import late_line
from core.avito.messenger import LAST_OFFSET, PAGE
from core.database.models import AvitoProfile, ReportTask
from core.errors import (
    AvitoError,
    EmployeeKey,
    Forbidden,
    KeysRefused,
    NotFound,
    RateLimited,
    SubscriptionRequired,
    Unavailable,
    WorkerDied,
)
from core.messenger.collector import Collected
from core.services.exports import (
    Choice,
    Export,
    zone_of,
)
from utils.chats.order import Bound, Which
from utils.formatter import format_count, format_moment, format_period
from utils.plurals import NBSP, plural

_NO_SUBSCRIPTION = (
    "Avito не отдаёт чаты этого аккаунта. Для товаров и работы нужна подписка «Максимальный», "
    "для услуг — «Расширенный» или «Максимальный». Статистика и отчёты работают как раньше."
)
_REASONS: dict[type[Exception], str] = {
    SubscriptionRequired: _NO_SUBSCRIPTION,
    NotFound: _NO_SUBSCRIPTION,
    Forbidden: f"{_NO_SUBSCRIPTION} Если подписка есть, проверьте права ключей.",
    Unavailable: "Avito сейчас не отвечает: повторите через несколько минут.",
    MemoryError: "Файл получается слишком большим для памяти сервера: выберите период короче.",
    WorkerDied: (
        "Бот раз за разом перезапускался, пока собирал файл: похоже, серверу не хватает памяти. "
        "Мы о сбое уже знаем. Выберите период короче."
    ),
}
_NO_ROOM = (
    "На диске сервера не хватило места для файла. Мы о сбое уже знаем: попробуйте позже или "
    "выберите период короче."
)
_DEFECT = "Это сбой на нашей стороне, мы о нём уже знаем. Попробуйте ещё раз."
_SAVED = "Прочитанное сохранено, продолжу с того же места."
_NO_CHATS = (SubscriptionRequired, NotFound, Forbidden)
"""To ask again is of no use until its owner has changed something at Avito."""
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


def _under_way(job_id: int, profile: AvitoProfile, export: Export, *lines: Line) -> Screen:
    return screen(
        Bold(f"⏳ Выгружаю чаты {named(profile.profile_name)}"),
        described(export),
        "",
        *lines,
        keyboard=keyboard(keyboards.stop(job_id)),
    )


def _roughly(seconds: float) -> str:
    if seconds < _MINUTE:
        return "меньше минуты"
    hours, minutes = divmod(round(seconds / _MINUTE), _MINUTE)
    said = f"{hours}{NBSP}ч {minutes}{NBSP}мин" if hours else f"{minutes}{NBSP}мин"
    return f"примерно {said}"


# What came of it


def done(
    profile: AvitoProfile, export: Export, bound: Bound, *, remarks: Sequence[str] = ()
) -> Screen:
    """In place of the progress; the files come as answers to it, with a sound."""
    count = len(bound.files)
    how = "Файл — ответом" if count == 1 else f"Файлов: {count}, они — ответами"
    return screen(
        Bold(f"✅ Чаты {named(profile.profile_name)} выгружены"),
        described(export),
        f"Всего: {counts(bound)}.",
        *([_MISSING_IN_FILE] if remarks else []),
        f"{how} на это сообщение.",
        keyboard=_ways_on(profile, export),
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
    slot: datetime | None = None,
) -> Screen:
    """One of the files, numbered from 1. Others than the owner get no buttons of his.

    `slot`: the wall clock at which one that comes late should have come.
    """
    parts = len(bound.files)
    head: list[Line] = [
        *([] if slot is None else [late_line(slot)]),
        Bold("📤 Чаты Avito"),
        Italic(profile.profile_name),
        described(export),
        counts(bound),
    ]
    if bound.unanswered and export.which is not Which.UNANSWERED:
        head.append(f"Ждут ответа: {format_count(bound.unanswered)}")
    missing = _missing(remarks)
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
        said.append(
            f"Не прочитано: {chats}. В файле они такие, как в прошлый раз, или без сообщений; это "
            "отмечено на листе «Чаты»."
        )
    if collected.nameless:
        chats = plural(collected.nameless, "чат", "чата", "чатов")
        said.append(f"Без номера, по которому их можно прочитать: {chats}.")
    return tuple(said)


def nothing(
    profile: AvitoProfile,
    export: Export,
    *,
    remarks: Sequence[str] = (),
    for_owner: bool = True,
    slot: datetime | None = None,
) -> Screen:
    """Instead of a file; `slot` as there."""
    return screen(
        *([] if slot is None else [late_line(slot)]),
        Bold("📭 Чаты Avito"),
        Italic(profile.profile_name),
        _none_of(export, "не нашлось" if remarks else "нет"),
        *_missing(remarks),
        keyboard=_ways_on(profile, export) if for_owner else None,
    )


def _none_of(export: Export, none: str) -> str:
    what = {
        Which.ALL: "чатов" if export.period is None else "сообщений",
        Which.UNREAD: "непрочитанных чатов",
        Which.UNANSWERED: "чатов без ответа",
    }[export.which]
    if export.period is None:
        return f"{what.capitalize()} {none}."
    return f"За {format_period(export.period)} {what} {none}."


def _missing(remarks: Sequence[str]) -> list[Line]:
    return [f"⚠️ {remark}" for remark in remarks]


def _ways_on(profile: AvitoProfile, export: Export) -> InlineKeyboardMarkup:
    return keyboard(
        _choose_anew("⚙️ Выбрать период и чаты", profile, export),
        keyboards.to_card(profile.id),
    )


def _choose_anew(label: str, profile: AvitoProfile, export: Export) -> Row:
    """With what it had ticked."""
    return [button(label, ExportPick.of(profile.id, Choice.like(export)))]


# What went wrong


def failed(
    profile: AvitoProfile, export: Export, error: Exception, code: str, now: datetime
) -> Screen:
    """For its owner, who pressed the button."""
    return screen(
        Bold(f"❌ Чаты {named(profile.profile_name)} выгрузить не получилось"),
        why_not(profile, error, now),
        f"Код: {code}",
        keyboard=keyboard(*_ways_out(profile, export, error)),
    )


def _ways_out(profile: AvitoProfile, export: Export, error: Exception) -> list[Row]:
    again = ExportRun.of(profile.id, Choice.like(export))
    if isinstance(error, _NO_CHATS):
        return [keyboards.to_card(profile.id), [button("🔄 Проверить ещё раз", again)]]
    return [
        _mend_keys(profile, error) or [button("🔄 Повторить", again)],
        _choose_anew("⚙️ Выбрать другое", profile, export),
        keyboards.to_card(profile.id),
    ]


def due_failed(
    profile: AvitoProfile, task: ReportTask, error: Exception, code: str, now: datetime
) -> Screen:
    """For the owner, in private: a file on schedule that could not be made."""
    ways = _now_or_on_schedule(profile, task)
    if isinstance(error, _NO_CHATS):
        # The next one will not come either.
        off = button("🔕 Больше не присылать сюда", DestinationChatsOff(task_id=task.id))
        ways = ([off], _on_schedule(task))
    return screen(
        Bold(f"⚠️ Файл с чатами {named(profile.profile_name)} не ушёл: {name_of(task)}"),
        why_not(profile, error, now),
        f"Расписание файла: {describe_chats(profile, task, now)}.",
        f"Код: {code}",
        keyboard=keyboard(_mend_keys(profile, error), *ways),
    )


def not_arrived(profile: AvitoProfile, export: Export, bound: Bound, part: int) -> Screen:
    """In place of one of the files: Telegram does not take it, or does not say that it has it."""
    parts = len(bound.files)
    which = f", часть {part} из {parts}" if parts > 1 else ""
    return screen(
        Bold(f"❌ Файл с чатами {named(profile.profile_name)} не дошёл{which}"),
        described(export),
        "Telegram не принял его или долго не отвечал.",
        keyboard=keyboard(
            [button("🔄 Повторить", ExportRun.of(profile.id, Choice.like(export)))],
            _choose_anew("⚙️ Выбрать другое", profile, export),
            keyboards.to_card(profile.id),
        ),
    )


def due_not_arrived(profile: AvitoProfile, task: ReportTask) -> Screen:
    """For the owner, in private: the same of a file on schedule."""
    return screen(
        Bold(f"⚠️ Файл с чатами {named(profile.profile_name)} не дошёл: {name_of(task)}"),
        "Telegram не принял его или долго не отвечал. Если это группа или канал, проверьте, что "
        "я там есть и могу отправлять файлы.",
        keyboard=keyboard(*_now_or_on_schedule(profile, task)),
    )


def why_not(profile: AvitoProfile, error: Exception, now: datetime) -> str:
    reason = _reason(profile, error, now)
    is_worth_another_try = isinstance(
        error, RateLimited | Unavailable | MemoryError | OSError | WorkerDied
    )
    keeps_nothing = profile.chats_kept_days == 0
    return reason if keeps_nothing or not is_worth_another_try else f"{reason} {_SAVED}"


def _reason(profile: AvitoProfile, error: Exception, now: datetime) -> str:
    if isinstance(error, RateLimited):
        until = format_moment(error.retry_at, now, zone_of(profile))
        return f"Avito отказывается отвечать раньше, чем {until}."
    if isinstance(error, OSError) and error.errno in (ENOSPC, EDQUOT):
        return _NO_ROOM
    told = (sentence for kind, sentence in _REASONS.items() if isinstance(error, kind))
    known = problems.reason(error) if isinstance(error, AvitoError) else _DEFECT
    return next(told, known)


def _mend_keys(profile: AvitoProfile, error: Exception) -> Row:
    """Nothing where other keys would not help."""
    if not isinstance(error, KeysRefused | EmployeeKey):
        return []
    return [button("🔑 Заменить ключи", ProfileKeys(profile_id=profile.id))]


def _now_or_on_schedule(profile: AvitoProfile, task: ReportTask) -> tuple[Row, Row]:
    return (
        [button("📤 Выгрузить сейчас", ExportChoose(profile_id=profile.id))],
        _on_schedule(task),
    )


def _on_schedule(task: ReportTask) -> Row:
    return [button("⏰ Файлы по расписанию", DestinationChats(task_id=task.id))]
