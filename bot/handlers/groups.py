"""Groups: profiles and keys are not for everybody's eyes, so everything leads to private."""

from __future__ import annotations

from aiogram import Bot, Router
from aiogram.filters import Command, Filter
from aiogram.types import CallbackQuery, Message

from bot import commands
from bot.filters import InPrivate
from bot.screens import start as screens
from bot.show import Stage
from bot.states import WAITS_FOR_KEY
from core.database.repositories import dialogues
from core.database.session import Session
from core.services import connect

_KEY_STATES = [str(state.state) for state in WAITS_FOR_KEY]


class HoldsKey(Filter):
    """A message, or the caption of a picture, with something that looks like a key."""

    async def __call__(self, message: Message) -> bool:
        return connect.holds_key(message.text or message.caption)


class MeantForBot(Filter):
    """An answer to the bot, or the word of a person whom it just asked, in private, for a key."""

    async def __call__(self, message: Message, session: Session, stage: Stage, bot: Bot) -> bool:
        answered = message.reply_to_message
        author = answered.from_user if answered is not None else None
        if author is not None and author.id == bot.id:
            return True
        if stage.person is None:
            return False
        return await dialogues.anywhere(session, stage.person.id, _KEY_STATES)


async def lead_to_private(_message: Message, stage: Stage, bot: Bot) -> None:
    stage.show(screens.group_hint(await commands.private_link(bot)))


async def refuse_key(_message: Message, stage: Stage, bot: Bot) -> None:
    stage.erase(screens.secret_stays_in_group())
    stage.send(screens.secret_in_group(await commands.private_link(bot)))


async def lead_button_to_private(_query: CallbackQuery, stage: Stage, bot: Bot) -> None:
    stage.lead_to(await commands.private_link(bot))


def setup() -> Router:
    router = Router(name="groups")
    router.message.filter(~InPrivate())
    router.callback_query.filter(~InPrivate())
    router.message.register(refuse_key, Command(commands.ADD_PROFILE), HoldsKey())
    router.message.register(
        lead_to_private,
        Command(
            commands.START,
            commands.HELP,
            commands.PROFILES,
            commands.ADD_PROFILE,
            commands.SETTINGS,
            commands.CANCEL,
        ),
    )
    router.message.register(refuse_key, HoldsKey(), MeantForBot())
    router.callback_query.register(lead_button_to_private)
    return router
