"""What Telegram says about a place: may the bot post there, and may this person decide so."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiogram import Bot
from aiogram.enums import ChatType
from aiogram.exceptions import (
    TelegramAPIError,
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramNotFound,
)
from aiogram.types import (
    ChatFullInfo,
    ChatMember,
    ChatMemberAdministrator,
    ChatMemberBanned,
    ChatMemberLeft,
    ChatMemberMember,
    ChatMemberOwner,
    ChatMemberRestricted,
    ReplyParameters,
)

from core.logs import get_logger
from core.services.destinations import Place, Refusal, Trouble

log = get_logger(__name__)

NO_MESSAGE = ReplyParameters(message_id=2**31 - 1)
"""A message that no chat has: what answers it is never sent."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A place somebody wants reports at, before it was checked: the payload of that job."""

    chat_id: int
    thread_id: int = 0
    is_asked_there: bool = False
    """By a command in the place itself, where those who read it should see what came of it."""


class PlaceRefused(Exception):
    """Reports cannot go to this place, or not by this person's word."""

    def __init__(self, why: Trouble | Refusal) -> None:
        super().__init__(why)
        self.why = why


def trouble_of(me: ChatMember, chat_type: str) -> Trouble | None:
    """What keeps the bot from posting, seen from what it is in the chat; None if nothing."""
    match me:
        case ChatMemberLeft() | ChatMemberBanned():
            return Trouble.BLOCKED if chat_type == ChatType.PRIVATE else Trouble.KICKED
        case ChatMemberRestricted(is_member=False):
            return Trouble.KICKED
        case ChatMemberRestricted(can_send_messages=False):
            return Trouble.NO_RIGHTS
        case ChatMemberAdministrator() if chat_type == ChatType.CHANNEL:
            return None if me.can_post_messages else Trouble.NO_RIGHTS
        case ChatMemberMember() if chat_type == ChatType.CHANNEL:
            return Trouble.NO_RIGHTS
    return None


async def allowed(bot: Bot, wanted: Wanted, person: int) -> Place:
    """The place, if the bot may post there and this person may decide so.

    Raises `PlaceRefused`.
    """
    place = await look(bot, wanted.chat_id, wanted.thread_id)
    await check_person(bot, place.chat_id, place.type, person)
    return place


async def look(bot: Bot, chat_id: int, thread_id: int) -> Place:
    """The place as it is now, if the bot may post there. Raises `PlaceRefused`.

    Only a message that arrives tells whether a topic is open: that is left to the sender.
    """
    async with _translated():
        chat = await bot.get_chat(chat_id)
        await _check_bot(bot, chat)
        if thread_id:
            await _check_topic(bot, chat, thread_id)
    return Place(chat.id, thread_id, chat.title, chat.type)


async def check_person(bot: Bot, chat_id: int, chat_type: str | None, person: int) -> None:
    """Whether this person may send reports there: as an administrator, in a group as a member.

    Raises `PlaceRefused`.
    """
    if chat_type == ChatType.PRIVATE:
        if chat_id != person:
            raise PlaceRefused(Refusal.NOT_MEMBER)
        return
    async with _translated():
        try:
            member = await bot.get_chat_member(chat_id, person)
        except TelegramBadRequest as error:
            raise PlaceRefused(Refusal.HIDDEN) from error
    if isinstance(member, ChatMemberOwner | ChatMemberAdministrator):
        return
    if chat_type == ChatType.CHANNEL:
        raise PlaceRefused(Refusal.NOT_ADMIN)
    if not _is_member(member):
        raise PlaceRefused(Refusal.NOT_MEMBER)


def _is_member(member: ChatMember) -> bool:
    return isinstance(member, ChatMemberMember) or (
        isinstance(member, ChatMemberRestricted) and member.is_member
    )


async def _check_bot(bot: Bot, chat: ChatFullInfo) -> None:
    if chat.type == ChatType.PRIVATE:
        return
    me = await bot.get_chat_member(chat.id, bot.id)
    trouble = trouble_of(me, chat.type)
    is_plain = isinstance(me, ChatMemberMember)
    if is_plain and chat.permissions and not chat.permissions.can_send_messages:
        # The group lets only its administrators write.
        trouble = Trouble.NO_RIGHTS
    if trouble is not None:
        raise PlaceRefused(trouble)


async def _check_topic(bot: Bot, chat: ChatFullInfo, thread_id: int) -> None:
    """No method tells whether a topic exists, and a chat action is accepted in any.

    For a message Telegram looks for the topic first, and then for what the message answers.
    """
    if chat.type != ChatType.PRIVATE and not chat.is_forum:
        raise PlaceRefused(Refusal.NO_TOPIC)
    try:
        await bot.send_message(
            chat.id,
            "…",
            message_thread_id=thread_id,
            reply_parameters=NO_MESSAGE,
            disable_notification=True,
        )
    except TelegramBadRequest as error:
        if "thread not found" in error.message.lower():
            raise PlaceRefused(Refusal.NO_TOPIC) from error


@asynccontextmanager
async def _translated() -> AsyncIterator[None]:
    """Telegram's refusals as ours."""
    try:
        yield
    except TelegramForbiddenError as error:
        raise PlaceRefused(Trouble.KICKED) from error
    except (TelegramBadRequest, TelegramNotFound) as error:
        raise PlaceRefused(_said(error.message)) from error
    except TelegramAPIError as error:
        log.warning("place_not_checked", why=type(error).__name__)
        raise PlaceRefused(Refusal.NO_ANSWER) from error


def _said(description: str) -> Trouble:
    words = description.lower()
    if "not found" in words or "deleted" in words or "deactivated" in words:
        return Trouble.CHAT_GONE
    return Trouble.NO_RIGHTS
