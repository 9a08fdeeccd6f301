"""Connecting an account and replacing keys: the dialogues, and the check as a job."""

from __future__ import annotations

from typing import Any

from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from bot import commands, dialogue, jobs
from bot.callbacks import KeysAgain, ProfileAdd, ProfileKeys
from bot.dialogue import At
from bot.filters import InPrivate, OwnedProfile, PlainText
from bot.screens import connect as screens
from bot.screens import profiles as profile_screens
from bot.show import Stage
from bot.states import Connect, ReplaceKeys
from core.database.models import AvitoProfile
from core.database.session import Session
from core.ports import Clock
from core.services import connect, profiles, register


async def add_command(
    message: Message,
    command: CommandObject,
    session: Session,
    state: FSMContext,
    stage: Stage,
    clock: Clock,
) -> None:
    await dialogue.give_way(state, stage)
    if connect.holds_key(command.args):
        stage.erase(screens.secret_not_erased())
        stage.send(screens.keys_after_command())
    await register.ensure_user(session, message.chat.id, clock.now())
    await _ask_name(state, stage)


async def add_button(
    query: CallbackQuery, session: Session, state: FSMContext, stage: Stage, clock: Clock
) -> None:
    await register.ensure_user(session, query.from_user.id, clock.now())
    await _ask_name(state, stage)


async def take_name(_message: Message, text: str | None, state: FSMContext, stage: Stage) -> None:
    name = profiles.clean_name(text)
    if name is None:
        stage.send(profile_screens.bad_name())
        return
    await state.set_state(Connect.client_id)
    await state.set_data({"name": name})
    stage.send(screens.ask_client_id(name))


async def ask_new_keys(
    _query: CallbackQuery, profile: AvitoProfile, state: FSMContext, stage: Stage
) -> None:
    await state.set_state(ReplaceKeys.client_id)
    await state.set_data({"profile_id": profile.id})
    stage.show(screens.ask_new_client_id(profile))


async def take_client_id(
    _message: Message, text: str | None, state: FSMContext, stage: Stage
) -> None:
    client_id = connect.clean_key(text)
    if client_id is None:
        # People paste both keys at once: what is refused here may hold the secret.
        stage.erase(screens.secret_not_erased())
        stage.send(screens.bad_key("client_id"))
        return
    data = await state.update_data(client_id=client_id)
    if "name" in data:
        await state.set_state(Connect.client_secret)
        stage.send(screens.ask_client_secret(client_id))
    else:
        await state.set_state(ReplaceKeys.client_secret)
        stage.send(screens.ask_new_client_secret(client_id))


async def correct_client_id(
    query: CallbackQuery, session: Session, state: FSMContext, stage: Stage
) -> None:
    data = await state.get_data()
    if "name" in data:
        await state.set_state(Connect.client_id)
        stage.show(screens.ask_client_id(data["name"]))
        return
    profile = await profiles.owned(session, query.from_user.id, data["profile_id"])
    await state.set_state(ReplaceKeys.client_id)
    stage.show(screens.ask_new_client_id(profile))


async def take_client_secret(
    message: Message,
    text: str | None,
    session: Session,
    state: FSMContext,
    stage: Stage,
    clock: Clock,
) -> None:
    # Whatever it was, it was sent as a secret: it does not stay in the chat.
    stage.erase(screens.secret_not_erased())
    secret = connect.clean_key(text)
    if secret is None:
        stage.send(screens.bad_key("client_secret"))
        return
    data = await state.get_data()
    if "profile_id" in data:
        await profiles.owned(session, message.chat.id, data["profile_id"])
    await state.clear()
    await jobs.begin(
        session,
        stage,
        clock,
        kind="connect" if "name" in data else "replace_keys",
        dedupe=str(message.chat.id),
        placeholder=screens.checking,
        payload=_with_secret(data, secret),
        profile_id=data.get("profile_id"),
    )


def _with_secret(data: dict[str, Any], secret: str) -> dict[str, Any]:
    return {**data, "client_secret": secret}


async def _ask_name(state: FSMContext, stage: Stage) -> None:
    await state.set_state(Connect.name)
    await state.set_data({})
    stage.show(screens.ask_name())


def setup() -> Router:
    router = Router(name="connect")
    router.message.filter(InPrivate())
    router.callback_query.filter(InPrivate())
    router.message.register(add_command, Command(commands.ADD_PROFILE))
    router.callback_query.register(add_button, ProfileAdd.filter())
    router.message.register(take_name, At(Connect.name), PlainText())
    router.callback_query.register(ask_new_keys, ProfileKeys.filter(), OwnedProfile())
    router.message.register(
        take_client_id, At(Connect.client_id, ReplaceKeys.client_id), PlainText()
    )
    router.callback_query.register(
        correct_client_id, KeysAgain.filter(), At(Connect.client_secret, ReplaceKeys.client_secret)
    )
    router.message.register(
        take_client_secret, At(Connect.client_secret, ReplaceKeys.client_secret), PlainText()
    )
    return router
