"""Schedules under a running bot: the settings screen, and the rows it changes."""

from __future__ import annotations

from datetime import UTC, datetime

from core.database.models import AvitoProfile, ReportTask
from core.database.session import reading
from sandbox.telegram.people import ChatView
from sandbox.telegram.seen import Seen
from tests.support.bot import BotRig


def utc(text: str) -> datetime:
    """`2026-11-22 06:00` as an instant."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


async def open_report_settings(chat: ChatView, profile_id: int) -> Seen:
    chat.send("/settings")
    await chat.wait_for("Что настроено")
    chat.click(f"profile_report:{profile_id}")
    return await chat.wait_for("Настройки отчёта")


async def profile_of(rig: BotRig, profile_id: int) -> AvitoProfile:
    async with reading(rig.running.sessions) as session:
        return await session.get_one(AvitoProfile, profile_id)


async def task_of(rig: BotRig, task_id: int) -> ReportTask:
    async with reading(rig.running.sessions) as session:
        return await session.get_one(ReportTask, task_id)


async def next_due(rig: BotRig, task_id: int) -> datetime | None:
    return (await task_of(rig, task_id)).next_due_at


async def make_due(rig: BotRig, task_id: int) -> None:
    """Its report of 09:00 is due; the tick has not come by yet."""
    async with rig.running.sessions.begin() as session:
        task = await session.get_one(ReportTask, task_id)
        task.next_due_at = utc("2026-11-21 06:00")
