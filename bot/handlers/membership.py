"""What happens to the chats that reports go to: the bot thrown out, back, a group that moved."""

from __future__ import annotations

from typing import Any

from aiogram import Router
from aiogram.enums import ChatType
from aiogram.filters import Filter
from aiogram.types import ChatMemberUpdated, Message

from bot import places
from bot.screens import bind as bind_screens
from bot.screens import destination as screens
from bot.show import Stage
from core.database.session import Session
from core.ports import Clock
from core.services import destinations, profiles, topics
from core.services.destinations import Trouble


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


async def changed(event: ChatMemberUpdated, session: Session, stage: Stage, clock: Clock) -> None:
    trouble = places.trouble_of(event.new_chat_member, event.chat.type)
    if trouble is not None:
        await _suspend(event, trouble, session, stage, clock)
    elif not await _resume(event, session, stage, clock) and _is_new_channel(event):
        await _offer(event, session, stage)


async def moved(
    _message: Message, old_id: int, new_id: int, session: Session, clock: Clock
) -> None:
    await destinations.migrate_chat(session, old_id, new_id, clock.now())


async def topic_renamed(message: Message, name: str, thread_id: int, session: Session) -> None:
    await topics.rename(session, message.chat.id, thread_id, name)


async def _suspend(
    event: ChatMemberUpdated, trouble: Trouble, session: Session, stage: Stage, clock: Clock
) -> None:
    affected = await destinations.suspend_chat(session, event.chat.id, trouble, clock.now())
    for owner_id, theirs in destinations.by_owner(affected).items():
        # Who stopped the bot cannot be told so.
        if owner_id != event.chat.id:
            stage.tell(owner_id, screens.suspended(theirs))


async def _resume(event: ChatMemberUpdated, session: Session, stage: Stage, clock: Clock) -> bool:
    """False when no reports had been waiting for this."""
    back = await destinations.resume_chat(session, event.chat.id, clock.now())
    for owner_id, theirs in destinations.by_owner(back).items():
        stage.tell(owner_id, screens.resumed(theirs, clock.now()))
    return bool(back)


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
    router.message.register(topic_renamed, TopicRenamed())
    return router
