"""What is set, profile by profile."""

from __future__ import annotations

from aiogram import Router
from aiogram.filters import Command
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from bot import commands, dialogue
from bot.callbacks import SettingsShow
from bot.filters import InPrivate
from bot.screens import settings as screens
from bot.show import Stage
from core.database.session import Session
from core.ports import Clock
from core.services import profiles, settings


async def overview_command(
    message: Message, session: Session, state: FSMContext, stage: Stage, clock: Clock
) -> None:
    await dialogue.give_way(state, stage)
    await _show_overview(session, stage, clock, message.chat.id, 0)


async def overview_page(
    query: CallbackQuery, callback_data: SettingsShow, session: Session, stage: Stage, clock: Clock
) -> None:
    await _show_overview(session, stage, clock, query.from_user.id, callback_data.page)


async def _show_overview(
    session: Session, stage: Stage, clock: Clock, owner_id: int, number: int
) -> None:
    now = clock.now()
    page = await profiles.page(session, owner_id, number)
    stage.show(
        screens.overview(page, await settings.of_profiles(session, page.profiles, now), now)
    )


def setup() -> Router:
    router = Router(name="settings")
    router.message.filter(InPrivate())
    router.callback_query.filter(InPrivate())
    router.message.register(overview_command, Command(commands.SETTINGS))
    router.callback_query.register(overview_page, SettingsShow.filter())
    return router
