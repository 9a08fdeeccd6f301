"""Where the reports of a profile go: the list, one destination, what happens to its chat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from aiogram.utils.formatting import Bold, Code, Text

from bot import keyboards
from bot.callbacks import (
    DestinationChart,
    DestinationChats,
    DestinationCheck,
    DestinationDigest,
    DestinationLost,
    DestinationMetrics,
    DestinationPause,
    DestinationPick,
    DestinationRemove,
    DestinationRemoveConfirm,
    DestinationResume,
    DestinationSilent,
    DestinationView,
    ReportChatForward,
    ReportChatHere,
    ReportSetChat,
    ReportShow,
    TrialTo,
)
from bot.effects import Screen
from bot.keyboards import button, keyboard, link
from bot.screens.chats_words import describe_chats
from bot.screens.metric_words import describe_metrics
from bot.screens.parts import Line, named, screen
from bot.screens.schedule_words import describe_next, describe_schedule, describe_waiting
from core.database.models import AvitoProfile, ReportTask
from core.missed import Missed
from core.services import digests, metrics
from core.services.destinations import Destination, LostAnswer, Place, Refusal, Trouble
from core.services.digests import Apart
from core.services.schedule import schedule_of
from utils import zones
from utils.formatter import format_dates, format_period
from utils.plurals import plural

_WHAT = {"channel": "канал", "group": "группа", "supergroup": "группа"}
_INTO = {"channel": "канал", "group": "группу", "supergroup": "группу"}

_TROUBLES: dict[str, str] = {
    Trouble.KICKED: "меня там нет (верните меня в этот чат)",
    Trouble.BLOCKED: "бот остановлен (отправьте /start в личном чате с ним)",
    Trouble.NO_RIGHTS: "мне нельзя туда писать (дайте это право)",
    Trouble.CHAT_GONE: "такого чата больше нет",
    Refusal.NOT_MEMBER: "вас там больше нет (вернитесь в этот чат)",
    Refusal.NOT_ADMIN: "вы там больше не администратор (попросите вернуть вам права)",
}
NAMED = 5
"""Of the profiles that report at the same place; the others are counted."""
MISSED_NAMED = 7
"""So many missed reports are named by their days."""
UNNAMED = "тот чат, откуда вы пришли"
"""As it stands after `в`: a chat whose name is not for whoever has no say there."""
REMOVED = "Готово, отчёты туда больше не придут."

WHY_NOT: dict[str, str] = {
    Trouble.KICKED: (
        "Меня там нет. Добавьте меня в этот чат (в канал — администратором с правом публиковать "
        "сообщения) и нажмите «Проверить снова»."
    ),
    Trouble.BLOCKED: "Бот остановлен. Отправьте /start в личном чате и нажмите «Проверить снова».",
    Trouble.NO_RIGHTS: (
        "Мне нельзя туда писать. В канале сделайте меня администратором с правом публиковать "
        "сообщения, в группе разрешите отправлять сообщения — и нажмите «Проверить снова»."
    ),
    Trouble.CHAT_GONE: (
        "Такого чата я не вижу. Если он есть, добавьте меня туда и нажмите «Проверить снова»."
    ),
    Refusal.NOT_ADMIN: (
        "Решать об отчётах в канал может только его администратор. Попросите права у владельца "
        "канала и нажмите «Проверить снова»."
    ),
    Refusal.NOT_MEMBER: (
        "Вас в этом чате нет, а решать об отчётах туда может только его участник (в канале — "
        "администратор). Вступите в него и нажмите «Проверить снова»."
    ),
    Refusal.HIDDEN: (
        "Telegram не показывает мне, кто состоит в этом чате, и я не вижу, что вы его участник. "
        "Сделайте меня администратором (особые права не нужны) и нажмите «Проверить снова»."
    ),
    Refusal.NO_TOPIC: (
        "Такой темы в этом чате нет: возможно, её удалили. Отправьте /bind в той теме, куда "
        "должны приходить отчёты."
    ),
    Refusal.NO_ANSWER: "Telegram сейчас не отвечает. Нажмите «Проверить снова» через минуту.",
}
"""Why reports cannot go to a place, or not yet: what to do, beside a button to check again."""


def name_of(task: ReportTask) -> str:
    """`группа «Клиенты»`, `группа «Клиенты», тема «Отчёты»`."""
    if _is_private(task):
        return "личный чат с ботом"
    name = f"{_WHAT.get(task.chat_type or '', 'чат')} {_title(task)}"
    return f"{name}, тема {_topic(task)}" if task.thread_id else name


def into(task: ReportTask) -> str:
    """`группу «Клиенты»`, `тему «Отчёты» группы «Клиенты»`: the place as it stands after `в`."""
    type_, title, topic = task.chat_type or "", task.chat_title, task.topic_name
    return into_place(Place(task.chat_id, task.thread_id, title, type_, topic))


def into_place(place: Place) -> str:
    if place.chat_id > 0:
        return "этот чат"
    title = named(place.title) if place.title else str(place.chat_id)
    if place.thread_id:
        topic = named(place.topic) if place.topic else f"№ {place.thread_id}"
        return f"тему {topic} группы {title}"
    return f"{_INTO.get(place.type, 'чат')} {title}"


def listing(
    profile: AvitoProfile, tasks: Sequence[ReportTask], *, group_link: str, channel_link: str
) -> Screen:
    lines: list[Line] = [Bold(f"📍 Куда приходят отчёты {named(profile.profile_name)}"), ""]
    if tasks:
        lines += [
            f"{_icon(profile, task)} {name_of(task)}{state_in_short(task)}" for task in tasks
        ]
        if not profile.is_report_active:
            lines.append("Отчёты профиля на паузе: пока она не снята, не придут никуда.")
    else:
        lines.append("Пока никуда: отчёт приходит только по кнопке.")
    lines += [
        "",
        # As code: a tap on a command would send it here.
        Text(
            "Добавьте одно или несколько мест. Чтобы отчёты шли в тему группы, отправьте в ней ",
            Code("/bind"),
            ".",
        ),
    ]
    has_private = any(_is_private(task) for task in tasks)
    here = [] if has_private else [button("💬 Этот чат", ReportChatHere(profile_id=profile.id))]
    return screen(
        *lines,
        keyboard=keyboard(
            *(
                [button(f"{_icon(profile, t)} {name_of(t)}", DestinationView(task_id=t.id))]
                for t in tasks
            ),
            here,
            [button("👥 Выбрать группу или канал", DestinationPick(profile_id=profile.id))],
            [link("➕ Добавить меня в группу", group_link)],
            [link("➕ Добавить меня в канал", channel_link)],
            [button("↪️ Переслать пост канала", ReportChatForward(profile_id=profile.id))],
            keyboards.to_report(profile.id),
        ),
    )


def one(destination: Destination, now: datetime) -> Screen:
    task, profile = destination.task, destination.profile
    asks = task.on_lost_answer == LostAnswer.HOLD
    about = {"task_id": task.id}
    return screen(
        Bold(f"📍 {_capitalised(name_of(task))}"),
        f"Отчёты профиля {named(profile.profile_name)}",
        "",
        state_of(destination, now),
        *(describe_waiting(each, schedule_of(profile).zone, now) for each in destination.waiting),
        f"В отчёте: {describe_metrics(metrics.of_destination(destination))}",
        *_digest(destination, now),
        f"Звук: {_sound(destination, now)}",
        f"График: {_chart(destination)}",
        f"Чаты файлом: {describe_chats(profile, task, now)}",
        "Если неясно, дошёл ли отчёт: "
        + ("спросить вас" if asks else "прислать ещё раз с пометкой «повтор»"),
        keyboard=keyboard(
            [button("🔄 Проверить снова", DestinationCheck(**about))] if task.suspended else [],
            [
                button("⏸ Пауза", DestinationPause(**about))
                if task.is_active
                else button("▶️ Возобновить", DestinationResume(**about))
            ],
            [button("📋 Что показывать", DestinationMetrics(**about))],
            [button("💬 Чаты файлом", DestinationChats(**about))],
            [
                button(
                    "🔔 Присылать со звуком" if task.is_silent else "🔕 Присылать без звука",
                    DestinationSilent(is_silent=not task.is_silent, **about),
                )
            ],
            [
                button(
                    "📉 Присылать без графика" if task.has_chart else "📈 Присылать с графиком",
                    DestinationChart(has_chart=not task.has_chart, **about),
                )
            ],
            [
                button(
                    "✉️ Отдельными сообщениями" if task.is_digest else "🗂 Одной сводкой с другими",
                    DestinationDigest(is_digest=not task.is_digest, **about),
                )
            ]
            if destination.others and (task.is_digest or _may_share(destination, now))
            else [],
            [
                button(
                    "🔁 Потерялся ответ: слать ещё раз"
                    if asks
                    else "✋ Потерялся ответ: спросить меня",
                    DestinationLost(
                        choice=LostAnswer.RESEND if asks else LostAnswer.HOLD, **about
                    ),
                )
            ],
            [] if task.suspended else [button("📨 Прислать пробный", TrialTo(**about))],
            [button("🗑 Не присылать сюда", DestinationRemove(**about))],
            to_listing(profile.id),
        ),
    )


def confirm_remove(destination: Destination) -> Screen:
    task = destination.task
    return screen(
        Bold("Больше не присылать сюда отчёты?"),
        "",
        f"{_capitalised(name_of(task))}: отчёты профиля "
        f"{named(destination.profile.profile_name)} туда больше не придут. Остальные места и "
        "расписание не изменятся.",
        keyboard=keyboard(
            [button("🗑 Да, не присылать", DestinationRemoveConfirm(task_id=task.id))],
            [button("Оставить", DestinationView(task_id=task.id))],
        ),
    )


def state_in_short(task: ReportTask) -> str:
    if task.suspended:
        return f" — {_trouble(task)}"
    return "" if task.is_active else " — на паузе"


def to_listing(profile_id: int) -> keyboards.Row:
    return [button("« Куда приходят отчёты", ReportSetChat(profile_id=profile_id))]


# What the owner is told when a chat changes


def suspended(destinations: Sequence[Destination]) -> Screen:
    """For one owner: all of these are in one chat. Also for a report that was refused."""
    task = destinations[0].task
    return screen(
        Bold(f"⚠️ Отчёты больше не приходят: {name_of(task)}"),
        _profiles(destinations),
        "",
        f"Причина: {_trouble(task)}. Потом нажмите «Проверить снова», и отчёты продолжатся.",
        keyboard=keyboard(
            [button("🔄 Проверить снова", DestinationCheck(task_id=task.id))],
            [button("📍 Это место", DestinationView(task_id=task.id))],
        ),
    )


def resumed(
    destinations: Sequence[Destination], missed: Mapping[int, Missed], now: datetime
) -> Screen:
    """`missed`: what did not come to these meanwhile, by destination."""
    first = destinations[0]
    lines: list[Line] = []
    for one in destinations:
        lines += [f"{named(one.profile.profile_name)}:", state_of(one, now)]
        if one.task.id in missed:
            lines.append(_missed(missed[one.task.id].days))
    return screen(
        Bold(f"✅ Снова могу писать: {name_of(first.task)}"),
        *lines,
        keyboard=keyboard(
            *_missed_reports(destinations, missed),
            [button("📍 Это место", DestinationView(task_id=first.task.id))],
        ),
    )


def _missed_reports(
    destinations: Sequence[Destination], missed: Mapping[int, Missed]
) -> list[keyboards.Row]:
    """One report about all that did not come, for each profile, whatever its topics."""
    of_profiles = {
        (one.profile.id, missed[one.task.id].period): one.profile.profile_name
        for one in destinations
        if one.task.id in missed
    }
    return [
        [
            button(
                f"📈 {name} за {format_period(period)}",
                ReportShow(profile_id=profile_id, first=period.first, last=period.last),
            )
        ]
        for (profile_id, period), name in of_profiles.items()
    ]


def _missed(days: Sequence[date]) -> str:
    if len(days) > MISSED_NAMED:
        reports = plural(len(days), "отчёт", "отчёта", "отчётов")
        first, last = format_dates(days[:1]), format_dates(days[-1:])
        return f"Пока не мог, пропущено {reports}: с {first} по {last}."
    came = "не пришёл отчёт" if len(days) == 1 else "не пришли отчёты"
    return f"Пока не мог, {came} от {format_dates(days)}."


def still_refused(destination: Destination, why: Trouble | Refusal) -> Screen:
    task = destination.task
    return screen(
        Bold(f"❌ Пока не получается: {name_of(task)}"),
        WHY_NOT[why],
        keyboard=keyboard(
            [button("🔄 Проверить снова", DestinationCheck(task_id=task.id))],
            [button("🗑 Не присылать сюда", DestinationRemove(task_id=task.id))],
            to_listing(destination.profile.id),
        ),
    )


def state_of(destination: Destination, now: datetime) -> str:
    task, profile = destination.task, destination.profile
    schedule = schedule_of(profile)
    when = f"Когда: {describe_schedule(schedule)}"
    if task.suspended:
        return f"{when}. ⚠️ Сейчас не приходят: {_trouble(task)}."
    if not task.is_active:
        return f"{when}. ⏸ Это место на паузе."
    if not profile.is_report_active or task.next_due_at is None:
        return f"{when}. ⏸ Отчёты профиля на паузе."
    return f"{when}. Следующий — {describe_next(task.next_due_at, schedule.zone, now)}."


def _digest(destination: Destination, now: datetime) -> list[Line]:
    """Whether its reports come in one message with those of the owner's other profiles."""
    if not destination.others:
        return []
    if not destination.task.is_digest:
        if _may_share(destination, now):
            others = _names(destination.others)
            return [f"Сводка: нет, отчёты {others} приходят сюда отдельными сообщениями"]
        said = _apart(destination, destination.others, now)
        return [f"Сводка: не получится, отчёты приходят отдельно: {said}"]
    return [f"Сводка: {describe_digest(destination, now)}"]


def describe_digest(destination: Destination, now: datetime) -> str:
    """Who comes in one message with it, and who comes apart and why."""
    if destination.task.next_due_at is None:
        return "включена, но сейчас этот отчёт сюда не приходит"
    with_it = digests.together(destination, now)
    said = f"одним сообщением с {_names(with_it)}" if with_it else "включена, но пока не с кем"
    apart = [other for other in destination.others if other not in with_it]
    return f"{said}; отдельно {_apart(destination, apart, now)}" if apart else said


def _may_share(destination: Destination, now: datetime) -> bool:
    """Whether one message for several is possible here, now or after a pause."""
    reasons = {digests.why_apart(destination, other, now) for other in destination.others}
    return bool(reasons - {Apart.SCHEDULE, Apart.DAYS})


def _apart(destination: Destination, others: Sequence[Destination], now: datetime) -> str:
    """`«Вечер» (каждый день в 18:00), «Неделя» (за другие дни)`."""
    return _listed(
        [
            f"{named(other.profile.profile_name)} ({_why_apart(destination, other, now)})"
            for other in others
        ]
    )


def _why_apart(destination: Destination, other: Destination, now: datetime) -> str:
    match digests.why_apart(destination, other, now):
        case Apart.SCHEDULE:
            own, others = schedule_of(destination.profile), schedule_of(other.profile)
            when = describe_schedule(others)
            if own.zone != others.zone:
                return f"{when}, {zones.city(others.zone)}"
            return "в другие дни" if when == describe_schedule(own) else when
        case Apart.DAYS:
            return "за другие дни"
        case _:
            return "на паузе"


def _sound(destination: Destination, now: datetime) -> str:
    if not destination.task.is_silent:
        return "включён"
    ringing = digests.ringing(destination, now)
    by_whom = f", но сводка придёт со звуком: он включён у {_names(ringing)}" if ringing else ""
    return f"выключен{by_whom}"


def _chart(destination: Destination) -> str:
    if not destination.task.has_chart:
        return "выключен"
    is_digest = destination.task.is_digest and destination.others
    return "приходит с отчётом, но не в сводке" if is_digest else "приходит с отчётом"


def _names(destinations: Sequence[Destination]) -> str:
    return _listed([named(each.profile.profile_name) for each in destinations])


def _listed(said: Sequence[str]) -> str:
    unnamed = len(said) - NAMED
    return ", ".join(said[:NAMED]) + (f" и ещё {unnamed}" if unnamed > 0 else "")


def _trouble(task: ReportTask) -> str:
    return _TROUBLES.get(task.suspended or "", "Telegram не даёт туда писать")


def _icon(profile: AvitoProfile, task: ReportTask) -> str:
    if task.suspended:
        return "⚠️"
    return "⏸" if _is_paused(profile, task) else "✅"


def choice_of(profile: AvitoProfile, task: ReportTask) -> str:
    """As one of the places that something is sent to by hand."""
    return f"⏸ {name_of(task)}" if _is_paused(profile, task) else name_of(task)


def paused_note(destination: Destination) -> list[str]:
    """Before something is sent there by hand all the same."""
    if not _is_paused(destination.profile, destination.task):
        return []
    return ["", "⏸ По расписанию отчёты туда сейчас не приходят: пауза. Этот придёт всё равно."]


def _is_paused(profile: AvitoProfile, task: ReportTask) -> bool:
    return not (task.is_active and profile.is_report_active)


def _is_private(task: ReportTask) -> bool:
    # By its number: the predecessor stored no type.
    return task.chat_id > 0


def _title(task: ReportTask) -> str:
    return named(task.chat_title) if task.chat_title else str(task.chat_id)


def _topic(task: ReportTask) -> str:
    """By its number where Telegram never mentioned its name: that is in the topic's link."""
    return named(task.topic_name) if task.topic_name else f"№ {task.thread_id}"


def _profiles(destinations: Sequence[Destination]) -> str:
    """Each profile once, even if several topics of the chat are its places."""
    names = {d.profile.id: named(d.profile.profile_name) for d in destinations}
    return f"{'Профиль' if len(names) == 1 else 'Профили'}: {', '.join(names.values())}"


def _capitalised(words: str) -> str:
    return words[:1].upper() + words[1:]
