"""Which bots hear of a message, and as which kind of update."""

import re
from collections.abc import Iterable

from sandbox.telegram.bots import Bot
from sandbox.telegram.model import IN_CHARGE, PRESENT, Chat, Message

_COMMAND = re.compile(r"/[A-Za-z0-9_]+(?:@([A-Za-z0-9_]+))?")


def update_kind(message: Message) -> str:
    kind = "channel_post" if message.chat.type == "channel" else "message"
    return kind if message.edited_at is None else f"edited_{kind}"


def listeners(message: Message, bots: Iterable[Bot]) -> list[Bot]:
    """Bots never hear themselves nor other bots; people's words are subject to privacy."""
    chat = message.chat
    if chat.bot_id is not None:
        return [bot for bot in bots if bot.id == chat.bot_id]
    present = [bot for bot in bots if chat.status_of(bot.id) in PRESENT]
    return [bot for bot in present if hears(bot, message)]


def hears(bot: Bot, message: Message) -> bool:
    if message.is_service or message.chat.type == "channel" or not bot.has_privacy:
        return True
    return is_in_charge(bot, message.chat) or _is_meant_for(bot, message)


def is_in_charge(bot: Bot, chat: Chat) -> bool:
    return chat.status_of(bot.id) in IN_CHARGE


def _is_meant_for(bot: Bot, message: Message) -> bool:
    if message.reply_to is not None and message.reply_to.is_from(bot.id):
        return True
    words = message.words
    if command := _COMMAND.match(words):
        addressee = command.group(1)
        return addressee is None or addressee.lower() == bot.username.lower()
    return f"@{bot.username}".lower() in words.lower()
