"""How often the chats come to a place as a file, as people say it."""

from __future__ import annotations

from datetime import datetime

from bot.screens.schedule_words import describe_next, describe_schedule
from core.database.models import AvitoProfile, ReportTask
from core.services.exports import chosen_every
from core.services.schedule import Every, chats_schedule

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
