"""The ways to set a place for reports: Telegram's list, forwarded posts, links, /bind."""

from __future__ import annotations

from dataclasses import asdict

from aiogram import Bot, Router
from aiogram.enums import ChatType
from aiogram.filters import Command
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, ChatShared, Message, MessageOriginChannel

from bot import commands, deeplinks, dialogue, jobs
from bot.callbacks import (
    DestinationPick,
    PlaceBind,
    PlaceProfiles,
    ReportChatForward,
    ReportChatHere,
)
from bot.deeplinks import BindProfile, Carries, ChoosePlace
from bot.dialogue import At
from bot.filters import ChannelPost, InPrivate, OwnedProfile, PlainText, Says, SharedChat
from bot.places import Wanted
from bot.screens import bind as screens
from bot.screens import profiles as profile_screens
from bot.screens import start as start_screens
from bot.show import Stage
from bot.states import Bind
from core.database.models import AvitoProfile
from core.database.session import Session
from core.ports import Clock
from core.services import destinations, profiles, topics, wanted
from core.services.destinations import Place

# In private: choosing a place for one profile


async def bind_here(
    query: CallbackQuery, profile: AvitoProfile, session: Session, stage: Stage, clock: Clock
) -> None:
    await _bind_private(query.from_user.id, profile, session, stage, clock)


async def ask_pick(
    _query: CallbackQuery, profile: AvitoProfile, state: FSMContext, stage: Stage
) -> None:
    await state.set_state(Bind.pick)
    await state.set_data({"profile_id": profile.id})
    stage.send(screens.ask_pick(profile))


async def take_picked(
    message: Message,
    shared: ChatShared,
    session: Session,
    state: FSMContext,
    stage: Stage,
    clock: Clock,
) -> None:
    await state.clear()
    # The keyboard may be an old one: it says itself whose reports it was about.
    profile = await profiles.owned(session, message.chat.id, abs(shared.request_id))
    # Telegram lets nobody edit the message that takes a keyboard away: it is one of its own.
    stage.send(screens.picked(shared.title))
    await _begin(session, stage, clock, profile, Wanted(shared.chat_id))


async def leave_pick(_message: Message, state: FSMContext, stage: Stage) -> None:
    left = await dialogue.leave(state, stage)
    if left is not None:
        back = start_screens.way_back(left.name, left.profile_id)
        stage.send(start_screens.cancelled(start_screens.DIALOGUES[left.name], back))


async def put_away_old_list(_message: Message, stage: Stage) -> None:
    """It outlived the choice: a button pressed meanwhile began something else."""
    stage.send(screens.old_keyboard_away())


async def ask_pick_again(_message: Message, stage: Stage) -> None:
    stage.send(screens.ask_pick_again())


async def ask_forward(
    _query: CallbackQuery, profile: AvitoProfile, state: FSMContext, stage: Stage
) -> None:
    await state.set_state(Bind.forward)
    await state.set_data({"profile_id": profile.id})
    stage.show(screens.ask_forward(profile))


async def take_post(
    message: Message,
    origin: MessageOriginChannel,
    session: Session,
    state: FSMContext,
    stage: Stage,
    clock: Clock,
) -> None:
    data = await state.get_data()
    profile = await profiles.owned(session, message.chat.id, data["profile_id"])
    await state.clear()
    await _begin(session, stage, clock, profile, Wanted(origin.chat.id))


async def refuse_post(_message: Message, state: FSMContext, stage: Stage) -> None:
    data = await state.get_data()
    stage.send(screens.not_a_channel_post(data["profile_id"]))


# In private: choosing a profile for a place


async def bind_command(
    message: Message, session: Session, state: FSMContext, stage: Stage, clock: Clock
) -> None:
    await dialogue.give_way(state, stage)
    page = await profiles.page(session, message.chat.id)
    if page.total == 1:
        await _bind_private(message.chat.id, page.profiles[0], session, stage, clock)
    elif page.total:
        there = await destinations.bound_here(session, message.chat.id, 0)
        stage.show(screens.choose_profile(page, message.chat.id, 0, there=there))
    else:
        stage.show(profile_screens.listing(page))


async def follow_link(
    message: Message,
    link: ChoosePlace,
    session: Session,
    state: FSMContext,
    stage: Stage,
    clock: Clock,
) -> None:
    await dialogue.give_way(state, stage)
    page = await profiles.page(session, message.chat.id)
    if page.total:
        await _ask_profile(session, stage, clock, Wanted(link.chat_id, link.thread_id), 0)
    elif link.chat_id < 0:
        place = Place(link.chat_id, link.thread_id, None, "")
        await wanted.remember(session, message.chat.id, place, clock.now())
        stage.show(screens.connect_first())
    else:
        stage.show(profile_screens.listing(page))


async def turn_page(
    query: CallbackQuery,
    callback_data: PlaceProfiles,
    session: Session,
    stage: Stage,
    clock: Clock,
) -> None:
    place = Wanted(callback_data.chat_id, callback_data.thread_id)
    if place.chat_id != query.from_user.id:
        await _ask_profile(session, stage, clock, place, callback_data.page)
        return
    page = await profiles.page(session, query.from_user.id, callback_data.page)
    there = await destinations.bound_here(session, place.chat_id, place.thread_id)
    stage.show(screens.choose_profile(page, place.chat_id, place.thread_id, there=there))


async def bind_place(
    _query: CallbackQuery,
    callback_data: PlaceBind,
    profile: AvitoProfile,
    session: Session,
    stage: Stage,
    clock: Clock,
) -> None:
    place = Wanted(callback_data.chat_id, callback_data.thread_id)
    await _begin(session, stage, clock, profile, place)


# In a group, a topic, a channel


async def bind_there(
    message: Message, session: Session, stage: Stage, clock: Clock, bot: Bot
) -> None:
    await _listen_for_topic(message, session, stage)
    if stage.person is None:
        stage.show(screens.ask_who(await _choose_in_private(message, stage, bot)))
        return
    page = await profiles.page(session, stage.person.id)
    if page.total == 1:
        await _begin(session, stage, clock, page.profiles[0], _this_place(message, stage))
    elif page.total:
        stage.show(screens.ask_in_private(await _choose_in_private(message, stage, bot)))
    else:
        place = Place(message.chat.id, stage.thread_id or 0, message.chat.title, message.chat.type)
        await wanted.remember(session, stage.person.id, place, clock.now())
        stage.show(screens.nothing_to_bind(await _choose_in_private(message, stage, bot)))


async def bind_linked(
    message: Message, link: BindProfile, session: Session, stage: Stage, clock: Clock, bot: Bot
) -> None:
    if stage.person is None:
        stage.show(screens.ask_who(await _choose_in_private(message, stage, bot)))
        return
    profile = await profiles.owned(session, stage.person.id, link.profile_id)
    await _begin(session, stage, clock, profile, _this_place(message, stage))


async def _bind_private(
    person: int, profile: AvitoProfile, session: Session, stage: Stage, clock: Clock
) -> None:
    """Nothing to ask Telegram: who writes to the bot lets it answer."""
    place = Place(person, stage.thread_id or 0, None, ChatType.PRIVATE)
    bound = await destinations.bind(session, profile, place, clock.now())
    stage.show(screens.bound(bound, clock.now()) if bound else screens.too_many(profile))


async def _ask_profile(
    session: Session, stage: Stage, clock: Clock, place: Wanted, number: int
) -> None:
    """The place is named to whoever has a say there: Telegram has to be asked."""
    await jobs.begin(
        session,
        stage,
        clock,
        kind="choose_profile",
        dedupe=f"{place.chat_id}:{place.thread_id}",
        placeholder=screens.checking,
        payload={"wanted": asdict(place), "page": number},
        in_place=True,
    )


async def _begin(
    session: Session, stage: Stage, clock: Clock, profile: AvitoProfile, place: Wanted
) -> None:
    """Check the place and set it; what comes of it is told in private, wherever it was asked."""
    await jobs.begin(
        session,
        stage,
        clock,
        kind="bind",
        dedupe=f"{profile.id}:{place.chat_id}:{place.thread_id}",
        placeholder=screens.checking,
        payload=asdict(place),
        profile_id=profile.id,
        in_private=True,
    )


def _this_place(message: Message, stage: Stage) -> Wanted:
    return Wanted(message.chat.id, stage.thread_id or 0, is_asked_there=True)


async def _listen_for_topic(message: Message, session: Session, stage: Stage) -> None:
    """A message in a topic that answers nothing is shown as an answer to the topic's beginning."""
    root = message.reply_to_message
    began = root.forum_topic_created if root is not None else None
    if began is not None and stage.thread_id:
        await topics.began_as(session, message.chat.id, stage.thread_id, began.name)


async def _choose_in_private(message: Message, stage: Stage, bot: Bot) -> str:
    place = ChoosePlace(chat_id=message.chat.id, thread_id=stage.thread_id or 0)
    return await deeplinks.private(bot, place)


def setup() -> Router:
    router = Router(name="bind")
    router.include_routers(_in_private(), _elsewhere())
    return router


def _in_private() -> Router:
    router = Router(name="bind_in_private")
    router.message.filter(InPrivate())
    router.callback_query.filter(InPrivate())
    router.callback_query.register(bind_here, ReportChatHere.filter(), OwnedProfile())
    router.callback_query.register(ask_pick, DestinationPick.filter(), OwnedProfile())
    router.callback_query.register(ask_forward, ReportChatForward.filter(), OwnedProfile())
    router.callback_query.register(bind_place, PlaceBind.filter(), OwnedProfile())
    router.callback_query.register(turn_page, PlaceProfiles.filter())
    router.message.register(bind_command, Command(commands.BIND))
    router.message.register(follow_link, Command(commands.START), Carries(ChoosePlace))
    router.message.register(take_picked, SharedChat())
    router.message.register(leave_pick, Says(screens.CANCEL), At(Bind.pick))
    router.message.register(put_away_old_list, Says(screens.CANCEL))
    router.message.register(take_post, ChannelPost(), At(Bind.pick, Bind.forward))
    router.message.register(ask_pick_again, PlainText(), At(Bind.pick))
    router.message.register(refuse_post, PlainText(), At(Bind.forward))
    return router


def _elsewhere() -> Router:
    router = Router(name="bind_in_groups")
    router.message.filter(~InPrivate())
    router.message.register(bind_there, Command(commands.BIND))
    router.message.register(bind_linked, Command(commands.START), Carries(BindProfile))
    router.channel_post.register(bind_there, Command(commands.BIND))
    return router
