"""The hub: the list of profiles, the card, renaming, deleting."""

from __future__ import annotations

from aiogram import Router
from aiogram.filters import Command
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from bot import commands, dialogue, jobs
from bot.callbacks import (
    ProfileDelete,
    ProfileDeleteConfirm,
    ProfileOpen,
    ProfileRename,
    ProfilesBack,
    ProfilesPage,
    ProfileView,
)
from bot.dialogue import At
from bot.filters import InPrivate, OwnedProfile, PlainText
from bot.screens import profiles as screens
from bot.show import Stage
from bot.states import Rename
from core.database.models import AvitoProfile
from core.database.session import Session
from core.ports import Clock
from core.services import profiles


async def list_command(
    message: Message, session: Session, state: FSMContext, stage: Stage
) -> None:
    await dialogue.give_way(state, stage)
    stage.show(screens.listing(await profiles.page(session, message.chat.id)))


async def list_button(query: CallbackQuery, session: Session, stage: Stage) -> None:
    stage.show(screens.listing(await profiles.page(session, query.from_user.id)))


async def turn_page(
    query: CallbackQuery, callback_data: ProfilesPage, session: Session, stage: Stage
) -> None:
    page = await profiles.page(session, query.from_user.id, callback_data.page)
    stage.show(screens.listing(page))


async def view(
    _query: CallbackQuery, profile: AvitoProfile, session: Session, stage: Stage, clock: Clock
) -> None:
    now = clock.now()
    stage.show(screens.card(await profiles.card(session, profile, now), now))


async def open_anew(
    _query: CallbackQuery, profile: AvitoProfile, session: Session, stage: Stage, clock: Clock
) -> None:
    now = clock.now()
    stage.send(screens.card(await profiles.card(session, profile, now), now))


async def ask_new_name(
    _query: CallbackQuery, profile: AvitoProfile, state: FSMContext, stage: Stage
) -> None:
    await state.set_state(Rename.name)
    await state.set_data({"profile_id": profile.id})
    stage.show(screens.ask_new_name(profile))


async def rename(
    message: Message, text: str | None, session: Session, state: FSMContext, stage: Stage
) -> None:
    name = profiles.clean_name(text)
    if name is None:
        stage.send(screens.bad_name())
        return
    data = await state.get_data()
    await state.clear()
    profile = await profiles.owned(session, message.chat.id, data["profile_id"])
    profiles.rename(profile, name)
    stage.send(screens.renamed(profile))


async def ask_before_deleting(
    _query: CallbackQuery, profile: AvitoProfile, session: Session, stage: Stage, clock: Clock
) -> None:
    card = await profiles.card(session, profile, clock.now())
    stage.show(screens.confirm_delete(profile, card.destinations))


async def delete(
    query: CallbackQuery, profile: AvitoProfile, session: Session, stage: Stage
) -> None:
    name = profile.profile_name
    for job in await profiles.delete(session, profile):
        stage.stop_job(job.id)
        if job.message_id is not None:
            word = jobs.beneath(jobs.replaced_by(job), screens.gone())
            stage.replace_at(job.chat_id, job.thread_id, job.message_id, word)
    stage.show(screens.deleted(name, await profiles.page(session, query.from_user.id)))


def setup() -> Router:
    router = Router(name="profiles")
    router.message.filter(InPrivate())
    router.callback_query.filter(InPrivate())
    router.message.register(list_command, Command(commands.PROFILES))
    router.callback_query.register(list_button, ProfilesBack.filter())
    router.callback_query.register(turn_page, ProfilesPage.filter())
    router.callback_query.register(view, ProfileView.filter(), OwnedProfile())
    router.callback_query.register(open_anew, ProfileOpen.filter(), OwnedProfile())
    router.callback_query.register(ask_new_name, ProfileRename.filter(), OwnedProfile())
    router.message.register(rename, At(Rename.name), PlainText())
    router.callback_query.register(ask_before_deleting, ProfileDelete.filter(), OwnedProfile())
    router.callback_query.register(delete, ProfileDeleteConfirm.filter(), OwnedProfile())
    return router
