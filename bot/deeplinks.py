"""Links that open the bot, or add it to a chat, and what `/start` then carries."""

from __future__ import annotations

from typing import Any

from aiogram import Bot
from aiogram.filters import CommandObject, Filter
from aiogram.filters.callback_data import CallbackData
from aiogram.types import Message

from bot.callbacks import ChatId, ProfileId, ThreadId


class BindProfile(CallbackData, prefix="bind", sep="_"):
    """Reports of this profile into the group that the link was opened for."""

    profile_id: ProfileId


class ChoosePlace(CallbackData, prefix="place", sep="_"):
    """In private: which profile should report at this place?"""

    chat_id: ChatId
    thread_id: ThreadId


class Carries(Filter):
    """`/start` with a payload of this kind, as `link`. Must stand after `Command`."""

    def __init__(self, kind: type[CallbackData]) -> None:
        self._kind = kind

    async def __call__(self, _message: Message, command: CommandObject) -> bool | dict[str, Any]:
        try:
            return {"link": self._kind.unpack(command.args or "")}
        except (TypeError, ValueError):
            return False


async def private(bot: Bot, payload: CallbackData) -> str:
    return await _link(bot, f"start={payload.pack()}")


async def into_group(bot: Bot, profile_id: int) -> str:
    """Lets a person choose a group, adds the bot there, and binds the profile to it."""
    return await _link(bot, f"startgroup={BindProfile(profile_id=profile_id).pack()}")


async def into_channel(bot: Bot) -> str:
    """Lets a person choose a channel and make the bot an administrator that may post."""
    return await _link(bot, "startchannel&admin=post_messages")


async def _link(bot: Bot, query: str) -> str:
    me = await bot.me()
    return f"https://t.me/{me.username}?{query}"
