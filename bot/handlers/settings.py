"""What is set, profile by profile."""

from __future__ import annotations

from aiogram import Router
from aiogram.filters import Command
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from bot import commands, dialogue
from bot.callbacks import ProfileReport, SettingsShow
from bot.filters import InPrivate, OwnedProfile
from bot.screens import settings as screens
from bot.show import Stage
from core.database.models import AvitoProfile
from core.database.session import Session
from core.services import profiles, settings


async def overview_command(
    message: Message, session: Session, state: FSMContext, stage: Stage
) -> None:
    await dialogue.give_way(state, stage)
    await _show_overview(session, stage, message.chat.id, 0)


async def overview_page(
    query: CallbackQuery, callback_data: SettingsShow, session: Session, stage: Stage
) -> None:
    await _show_overview(session, stage, query.from_user.id, callback_data.page)


async def of_report(
    _query: CallbackQuery, profile: AvitoProfile, session: Session, stage: Stage
) -> None:
    stage.show(screens.of_report((await settings.of_profiles(session, [profile]))[0]))


async def _show_overview(session: Session, stage: Stage, owner_id: int, number: int) -> None:
    page = await profiles.page(session, owner_id, number)
    stage.show(screens.overview(page, await settings.of_profiles(session, page.profiles)))


def setup() -> Router:
    router = Router(name="settings")
    router.message.filter(InPrivate())
    router.callback_query.filter(InPrivate())
    router.message.register(overview_command, Command(commands.SETTINGS))
    router.callback_query.register(overview_page, SettingsShow.filter())
    router.callback_query.register(of_report, ProfileReport.filter(), OwnedProfile())
    return router
