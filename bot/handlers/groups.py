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

_KEY_STATES = [str(state.state) for state in WAITS_FOR_KEY]


class PastedKey(Filter):
    """Plain text of a person whom the bot just asked, in private, for a key."""

    async def __call__(self, message: Message, session: Session, stage: Stage) -> bool:
        if stage.person is None or not message.text or message.text.startswith("/"):
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
    router.message.register(refuse_key, PastedKey())
    router.callback_query.register(lead_button_to_private)
    return router
