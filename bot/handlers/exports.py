"""Chats as files: made at once, chosen, on schedule; and how long they are kept."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

from aiogram import Bot, Router
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from bot import commands, jobs
from bot.callbacks import (
    DestinationChats,
    DestinationChatsConfirm,
    DestinationChatsEvery,
    DestinationChatsOff,
    ExportChoose,
    ExportDates,
    ExportKeep,
    ExportKeepConfirm,
    ExportKeepSet,
    ExportMessenger,
    ExportPick,
    ExportRun,
    ExportSchedule,
)
from bot.dialogue import At
from bot.filters import InPrivate, OwnedDestination, OwnedProfile, PlainText
from bot.screens import bind as bind_screens
from bot.screens import export_results as result_screens
from bot.screens import exports as screens
from bot.screens import history as history_screens
from bot.show import Stage
from bot.states import ExportChats
from core import slots
from core.database.models import AvitoProfile
from core.database.session import Session
from core.errors import JobAlreadyRunning
from core.messenger import archive
from core.ports import Clock
from core.services import destinations, exports, profiles
from core.services.destinations import Destination
from core.services.exports import EARLIEST, Choice, Export, KeptFor, Within, today_of
from utils import typed_dates
from utils.chats.order import Form, Which
from utils.periods import Period, PeriodError
from utils.typed_dates import NoSuchDay, NotDates

# Making it


async def export_all(
    _query: CallbackQuery,
    profile: AvitoProfile,
    session: Session,
    state: FSMContext,
    stage: Stage,
    clock: Clock,
    bot: Bot,
) -> None:
    await _leave_dates(state)
    await _begin(profile, Export(), session, stage, clock, bot)


async def export_chosen(
    _query: CallbackQuery,
    callback_data: ExportRun,
    profile: AvitoProfile,
    session: Session,
    state: FSMContext,
    stage: Stage,
    clock: Clock,
    bot: Bot,
) -> None:
    await _leave_dates(state)
    export = callback_data.choice.export(today_of(profile, clock.now()))
    await _begin(profile, export, session, stage, clock, bot)


async def _begin(
    profile: AvitoProfile,
    export: Export,
    session: Session,
    stage: Stage,
    clock: Clock,
    bot: Bot,
) -> None:
    """Wherever it was asked for, it is shown to its owner in private, one at a time."""
    otherwise = None
    if not stage.is_private:
        otherwise = screens.start_first(await commands.private_link(bot))
    has_waited = await jobs.take_up(session, stage, profile.owner_id, otherwise)
    try:
        await jobs.begin(
            session,
            stage,
            clock,
            kind="export",
            dedupe=str(profile.id),
            placeholder=lambda job_id: result_screens.begun(job_id, profile, export),
            payload=export.as_json(),
            profile_id=profile.id,
            in_private=True,
            otherwise=otherwise,
        )
    except JobAlreadyRunning:
        if not has_waited:
            stage.notice(screens.UNDER_WAY)
            return
    if not stage.is_private:
        stage.notice(screens.IN_PRIVATE)


# Choosing


async def choose(
    _query: CallbackQuery, profile: AvitoProfile, state: FSMContext, stage: Stage, clock: Clock
) -> None:
    await _leave_dates(state)
    stage.show(screens.choose(profile, Choice(), clock.now()))


async def pick(
    _query: CallbackQuery,
    callback_data: ExportPick,
    profile: AvitoProfile,
    state: FSMContext,
    stage: Stage,
    clock: Clock,
) -> None:
    await _leave_dates(state)
    stage.show(screens.choose(profile, callback_data.choice, clock.now()))


async def ask_dates(
    _query: CallbackQuery,
    callback_data: ExportDates,
    profile: AvitoProfile,
    state: FSMContext,
    stage: Stage,
    clock: Clock,
) -> None:
    await state.set_state(ExportChats.dates)
    await state.set_data(callback_data.model_dump(mode="json"))
    which, form = callback_data.which, callback_data.form
    stage.show(screens.ask_dates(profile, which, form, today_of(profile, clock.now())))


async def take_dates(
    message: Message,
    text: str | None,
    session: Session,
    state: FSMContext,
    stage: Stage,
    clock: Clock,
) -> None:
    data = await state.get_data()
    profile = await profiles.owned(session, message.chat.id, data["profile_id"])
    today = today_of(profile, clock.now())
    try:
        typed = typed_dates.parse(text, today, EARLIEST)
        period = typed.period.within(Period(EARLIEST, today))
    except (NotDates, NoSuchDay, PeriodError) as error:
        stage.send(history_screens.not_taken(error))
    else:
        await state.clear()
        if word := history_screens.taken(typed, period):
            stage.send(word)
        choice = Choice(Within.OWN, period, Which(data["which"]), Form(data["form"]))
        stage.send(screens.choose(profile, choice, clock.now()))


async def _leave_dates(state: FSMContext) -> None:
    if await state.get_state() == ExportChats.dates.state:
        await state.clear()


# On schedule


async def show_places(
    _query: CallbackQuery, profile: AvitoProfile, session: Session, stage: Stage, clock: Clock
) -> None:
    tasks = await destinations.listing(session, profile.id)
    stage.show(screens.places(profile, tasks, clock.now()))


async def show_place(
    _query: CallbackQuery, destination: Destination, stage: Stage, clock: Clock
) -> None:
    stage.show(screens.at_place(destination, clock.now()))


async def ask_or_set_every(
    _query: CallbackQuery,
    callback_data: DestinationChatsEvery,
    destination: Destination,
    session: Session,
    stage: Stage,
    clock: Clock,
) -> None:
    if not destinations.is_private(destination):
        stage.show(screens.confirm_at_place(destination, callback_data.every))
        return
    now = clock.now()
    await slots.materialise(session, now, task_id=destination.task.id)
    await exports.choose_every(session, destination, callback_data.every, now)
    stage.show(screens.at_place(destination, now))


async def confirm_every(
    _query: CallbackQuery,
    callback_data: DestinationChatsConfirm,
    destination: Destination,
    session: Session,
    stage: Stage,
    clock: Clock,
) -> None:
    """What others read has to be decided by somebody who has a say there still."""
    await jobs.begin(
        session,
        stage,
        clock,
        kind="chats_here",
        dedupe=str(destination.task.id),
        placeholder=bind_screens.checking,
        payload={"task_id": destination.task.id, "every": callback_data.every.value},
        profile_id=destination.profile.id,
        in_place=True,
    )


async def never(
    _query: CallbackQuery, destination: Destination, session: Session, stage: Stage, clock: Clock
) -> None:
    await exports.choose_every(session, destination, None, clock.now())
    stage.show(screens.at_place(destination, clock.now()))


# What is kept


async def ask_kept(_query: CallbackQuery, profile: AvitoProfile, stage: Stage) -> None:
    stage.show(screens.ask_kept(profile))


async def ask_or_set_kept(
    _query: CallbackQuery,
    callback_data: ExportKeepSet,
    profile: AvitoProfile,
    session: Session,
    stage: Stage,
    clock: Clock,
) -> None:
    kept = callback_data.kept
    if await _drops_something(profile, kept, session, clock.now()):
        stage.show(screens.confirm_kept(profile, kept))
    else:
        await _keep(profile, kept, session, stage, clock)


async def _drops_something(
    profile: AvitoProfile, kept: KeptFor, session: Session, now: datetime
) -> bool:
    if kept.days is None:
        return False
    return await archive.has_earlier(session, profile.id, now - timedelta(days=kept.days))


async def confirm_kept(
    _query: CallbackQuery,
    callback_data: ExportKeepConfirm,
    profile: AvitoProfile,
    session: Session,
    stage: Stage,
    clock: Clock,
) -> None:
    await _keep(profile, callback_data.kept, session, stage, clock)


async def _keep(
    profile: AvitoProfile, kept: KeptFor, session: Session, stage: Stage, clock: Clock
) -> None:
    if exports.keep(profile, kept):
        # One that waits for its turn does as its owner wants by then.
        with suppress(JobAlreadyRunning):
            await jobs.begin(
                session,
                stage,
                clock,
                kind="forget_chats",
                dedupe=str(profile.id),
                placeholder=lambda _: screens.forgetting(profile),
                payload={},
                profile_id=profile.id,
                in_place=True,
            )
            return
    stage.notice(screens.KEPT_SAVED)
    stage.show(screens.ask_kept(profile))


def setup() -> Router:
    router = Router(name="exports")
    button = router.callback_query.register
    button(export_all, ExportMessenger.filter(), OwnedProfile())
    button(export_chosen, ExportRun.filter(), OwnedProfile())
    button(choose, ExportChoose.filter(), InPrivate(), OwnedProfile())
    button(pick, ExportPick.filter(), InPrivate(), OwnedProfile())
    button(ask_dates, ExportDates.filter(), InPrivate(), OwnedProfile())
    router.message.register(take_dates, InPrivate(), At(ExportChats.dates), PlainText())
    button(show_places, ExportSchedule.filter(), InPrivate(), OwnedProfile())
    button(show_place, DestinationChats.filter(), InPrivate(), OwnedDestination())
    button(ask_or_set_every, DestinationChatsEvery.filter(), InPrivate(), OwnedDestination())
    button(confirm_every, DestinationChatsConfirm.filter(), InPrivate(), OwnedDestination())
    button(never, DestinationChatsOff.filter(), InPrivate(), OwnedDestination())
    button(ask_kept, ExportKeep.filter(), InPrivate(), OwnedProfile())
    button(ask_or_set_kept, ExportKeepSet.filter(), InPrivate(), OwnedProfile())
    button(confirm_kept, ExportKeepConfirm.filter(), InPrivate(), OwnedProfile())
    return router
