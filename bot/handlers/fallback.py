"""What no feature knows: old buttons, stray texts, commands of other bots. Always the last."""

from __future__ import annotations

from aiogram import Router
from aiogram.types import CallbackQuery, Message

from bot.dialogue import At
from bot.filters import AnyCommand, InPrivate
from bot.screens import connect as connect_screens
from bot.screens import profiles as profile_screens
from bot.screens import start as screens
from bot.show import Stage
from bot.states import WAITS_FOR_KEY
from core.database.repositories import jobs
from core.database.session import Session
from core.services import profiles


async def old_button(query: CallbackQuery, session: Session, stage: Stage) -> None:
    stage.notice(screens.BUTTON_IS_OLD)
    stage.show(profile_screens.listing(await profiles.page(session, query.from_user.id)))


async def slashed_key(_message: Message, stage: Stage) -> None:
    stage.erase(connect_screens.secret_not_erased())
    stage.send(connect_screens.no_command_for_key())


async def unknown_command(_message: Message, stage: Stage) -> None:
    stage.send(screens.unknown_command())


async def not_understood(message: Message, session: Session, stage: Stage) -> None:
    if await jobs.checks_keys(session, message.chat.id):
        # Most likely the secret once more, from somebody in a hurry.
        stage.erase(connect_screens.secret_not_erased())
        stage.send(connect_screens.still_checking())
        return
    stage.send(screens.not_understood())


def setup() -> Router:
    router = Router(name="fallback")
    router.message.filter(InPrivate())
    router.callback_query.register(old_button)
    router.message.register(slashed_key, AnyCommand(), At(*WAITS_FOR_KEY))
    router.message.register(unknown_command, AnyCommand())
    router.message.register(not_understood)
    return router
