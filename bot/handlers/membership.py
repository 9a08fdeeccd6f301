"""What happens to chats that reports go to: who is thrown out or back, who left, what moved."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from aiogram import Router
from aiogram.enums import ChatType
from aiogram.filters import Filter
from aiogram.types import ChatMemberUpdated, Message, User

from bot import jobs, places
from bot.screens import bind as bind_screens
from bot.screens import destination as screens
from bot.show import Stage
from core import slots
from core.database.session import Session
from core.missed import missed_meanwhile
from core.ports import Clock
from core.services import destinations, profiles, topics
from core.services.destinations import Destination, Refusal


class Moved(Filter):
    """The group became a supergroup, as `old_id` and `new_id`: told in the old one and the new."""

    async def __call__(self, message: Message) -> bool | dict[str, Any]:
        if message.migrate_to_chat_id is not None:
            return {"old_id": message.chat.id, "new_id": message.migrate_to_chat_id}
        if message.migrate_from_chat_id is not None:
            return {"old_id": message.migrate_from_chat_id, "new_id": message.chat.id}
        return False


class TopicRenamed(Filter):
    """A topic of a forum got another name, as `name` and `thread_id`."""

    async def __call__(self, message: Message) -> bool | dict[str, Any]:
        edited, thread_id = message.forum_topic_edited, message.message_thread_id
        if edited is None or not edited.name or thread_id is None:
            return False
        return {"name": edited.name, "thread_id": thread_id}


class Left(Filter):
    """Somebody left the group, or was thrown out, as `person`."""

    async def __call__(self, message: Message) -> bool | dict[str, Any]:
        person = message.left_chat_member
        return {"person": person} if person is not None else False


async def changed(event: ChatMemberUpdated, session: Session, stage: Stage, clock: Clock) -> None:
    chat_id, now = event.chat.id, clock.now()
    trouble = places.trouble_of(event.new_chat_member, event.chat.type)
    if trouble is not None:
        # What is due there keeps its slot.
        await slots.materialise(session, now, chat_id=chat_id)
        gone = await destinations.suspend_chat(session, chat_id, trouble, now)
        _tell_gone(gone, stage, now)
        return
    if event.chat.type == ChatType.PRIVATE:
        await jobs.take_up(session, stage, chat_id)
    back = await destinations.resume_chat(session, chat_id, now)
    await _tell_back(back, session, stage, now)
    if not back and _is_new_channel(event):
        await _offer(event, session, stage)


async def left(
    message: Message, person: User, session: Session, stage: Stage, clock: Clock
) -> None:
    now = clock.now()
    await slots.materialise(session, now, chat_id=message.chat.id)
    gone = await destinations.suspend_owner(
        session, message.chat.id, person.id, Refusal.NOT_MEMBER, now
    )
    _tell_gone(gone, stage, now)


async def moved(
    _message: Message, old_id: int, new_id: int, session: Session, stage: Stage, clock: Clock
) -> None:
    now = clock.now()
    back = await destinations.migrate_chat(session, old_id, new_id, now)
    await _tell_back(back, session, stage, now)


async def topic_renamed(message: Message, name: str, thread_id: int, session: Session) -> None:
    await topics.rename(session, message.chat.id, thread_id, name)


def _tell_gone(gone: list[Destination], stage: Stage, now: datetime) -> None:
    for owner_id, theirs in destinations.news(gone, now):
        stage.tell(owner_id, screens.suspended(theirs))


async def _tell_back(
    back: list[Destination], session: Session, stage: Stage, now: datetime
) -> None:
    missed = await missed_meanwhile(session, back, now)
    for owner_id, theirs in destinations.news(back, now):
        stage.tell(owner_id, screens.resumed(theirs, missed, now))


def _is_new_channel(event: ChatMemberUpdated) -> bool:
    before = places.trouble_of(event.old_chat_member, event.chat.type)
    return event.chat.type == ChatType.CHANNEL and before is not None


async def _offer(event: ChatMemberUpdated, session: Session, stage: Stage) -> None:
    """Ask who made the bot an administrator of a channel what it is wanted there for."""
    page = await profiles.page(session, event.from_user.id)
    if page.total:
        offer = bind_screens.channel_added(event.chat.title or "", page, event.chat.id)
        stage.tell(event.from_user.id, offer)


def setup() -> Router:
    router = Router(name="membership")
    router.my_chat_member.register(changed)
    router.message.register(moved, Moved())
    router.message.register(left, Left())
    router.message.register(topic_renamed, TopicRenamed())
    return router
