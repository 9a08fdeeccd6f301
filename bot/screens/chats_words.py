"""What of the chats is wanted, how often and for how long, as people say it."""

from __future__ import annotations

from datetime import datetime

from bot.screens.schedule_words import describe_next, describe_schedule
from core.database.models import AvitoProfile, ReportTask
from core.services.exports import Export, chosen_every
from core.services.schedule import Every, chats_schedule
from utils.chats.order import Bound, Form, Which
from utils.formatter import format_period
from utils.plurals import plural

EVERY = {Every.WEEK: "Раз в неделю", Every.MONTH: "Раз в месяц"}


def describe_chats(profile: AvitoProfile, task: ReportTask, now: datetime) -> str:
    """`раз в неделю, по понедельникам в 09:00. Следующий файл — …`."""
    every = chosen_every(task)
    if every is None:
        return "не приходят"
    schedule = chats_schedule(profile, every)
    said = f"{EVERY[every].lower()}, {describe_schedule(schedule)}"
    if task.chats_due_at is None:
        return f"{said}. Пока на паузе, как и отчёты сюда"
    return f"{said}. Следующий файл — {describe_next(task.chats_due_at, schedule.zone, now)}"


def describe_kept(profile: AvitoProfile) -> str:
    days = profile.chats_kept_days
    if days is None:
        return "пока профиль подключён"
    return plural(days, "день", "дня", "дней") if days else "только до конца выгрузки"


def described(export: Export) -> str:
    """`за всё время, все чаты`."""
    days = "за всё время" if export.period is None else f"за {format_period(export.period)}"
    which = {Which.ALL: "все чаты", Which.UNREAD: "непрочитанные", Which.UNANSWERED: "без ответа"}
    form = "" if export.form is Form.XLSX else ", CSV"
    return f"{days}, {which[export.which]}{form}"


def counts(bound: Bound) -> str:
    """`250 чатов, 62 500 сообщений`."""
    chats = plural(bound.chats, "чат", "чата", "чатов")
    return f"{chats}, {plural(bound.messages, 'сообщение', 'сообщения', 'сообщений')}"
