"""Where reports go, for stories about destinations."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import text

from core.database.models import AvitoProfile, Delivery, ReportTask
from core.database.session import reading
from core.services import destinations
from core.services.destinations import Place
from sandbox.telegram.model import Chat
from sandbox.telegram.people import ChatView, Person
from sandbox.telegram.seen import Seen
from tests.support.bot import BotRig


async def open_places(chat: ChatView, profile_id: int) -> Seen:
    """The list of a profile's destinations, the way a person comes to it."""
    chat.send("/profiles")
    listing = await chat.wait_for("Профили Avito")
    chat.press(f"report_set_chat:{profile_id}", listing)
    return await chat.wait_for("Куда приходят отчёты")


async def places_of(rig: BotRig, profile_id: int) -> list[tuple[Any, ...]]:
    """(chat, topic, title, type) of every destination of the profile, in order."""
    query = text(
        "SELECT chat_id, thread_id, chat_title, chat_type FROM report_tasks"
        " WHERE profile_id = :id AND chat_id != 0 ORDER BY id"
    )
    async with reading(rig.running.sessions) as session:
        return [tuple(row) for row in await session.execute(query, {"id": profile_id})]


async def greet(rig: BotRig, person: Person) -> ChatView:
    """The person's private chat with the bot, started."""
    chat = person.private(rig.me)
    chat.start()
    await chat.wait_for("Avito Analytics Bot")
    return chat


async def bound(rig: BotRig, profile_id: int, chat: Chat, **columns: Any) -> int:
    """A destination as it stands in the table once it was set; its id."""
    async with rig.running.sessions.begin() as session:
        profile = await session.get_one(AvitoProfile, profile_id)
        place = Place(chat.id, columns.pop("thread_id", 0), chat.title, chat.type)
        done = await destinations.bind(session, profile, place, rig.clock.now())
        assert done is not None
        task = done.destination.task
        for name, value in columns.items():
            setattr(task, name, value)
        return task.id


async def owe_report(rig: BotRig, task_id: int, slot: str, *, finished: bool = False) -> None:
    """A report of this destination that waits for its next try, or one that is over."""
    async with rig.running.sessions.begin() as session:
        task = await session.get_one(ReportTask, task_id)
        now = rig.clock.now()
        session.add(
            Delivery(
                task_id=task_id,
                slot=slot,
                due_at=now,
                deadline_at=now + timedelta(hours=6),
                first_day=now.date(),
                last_day=now.date(),
                chat_id=task.chat_id,
                thread_id=task.thread_id,
                state="sent" if finished else "retry",
                next_try_at=now + timedelta(hours=5),
                updated_at=now,
                finished_at=now if finished else None,
            )
        )
