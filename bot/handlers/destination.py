"""Where the reports of a profile go: the list and the card of a destination, in private."""

from __future__ import annotations

from aiogram import Bot, Router
from aiogram.types import CallbackQuery

from bot import deeplinks, jobs
from bot.callbacks import (
    DestinationChart,
    DestinationCheck,
    DestinationDigest,
    DestinationLost,
    DestinationPause,
    DestinationRemove,
    DestinationRemoveConfirm,
    DestinationResume,
    DestinationSilent,
    DestinationView,
    ReportSetChat,
)
from bot.filters import InPrivate, OwnedDestination, OwnedProfile
from bot.screens import bind as bind_screens
from bot.screens import destination as screens
from bot.show import Stage
from core import slots
from core.database.models import AvitoProfile
from core.database.session import Session
from core.ports import Clock
from core.services import destinations, digests
from core.services.destinations import Destination


async def show_list(
    _query: CallbackQuery, profile: AvitoProfile, session: Session, stage: Stage, bot: Bot
) -> None:
    await _show_list(profile, session, stage, bot)


async def view(
    _query: CallbackQuery, destination: Destination, stage: Stage, clock: Clock
) -> None:
    stage.show(screens.one(destination, clock.now()))


async def pause(
    _query: CallbackQuery, destination: Destination, session: Session, stage: Stage, clock: Clock
) -> None:
    now = clock.now()
    # What came due a moment before the tick must not be skipped by a slip of the finger.
    await slots.materialise(session, now, task_id=destination.task.id)
    await destinations.pause(session, destination, now)
    stage.show(screens.one(destination, now))


async def resume(
    _query: CallbackQuery, destination: Destination, session: Session, stage: Stage, clock: Clock
) -> None:
    if destinations.is_private(destination):
        await destinations.resume(session, destination, clock.now())
        stage.show(screens.one(destination, clock.now()))
    else:
        await _check_first("unpause", destination, session, stage, clock)


async def set_sound(
    _query: CallbackQuery,
    callback_data: DestinationSilent,
    destination: Destination,
    stage: Stage,
    clock: Clock,
) -> None:
    destination.task.is_silent = callback_data.is_silent
    stage.show(screens.one(destination, clock.now()))


async def set_chart(
    _query: CallbackQuery,
    callback_data: DestinationChart,
    destination: Destination,
    stage: Stage,
    clock: Clock,
) -> None:
    destination.task.has_chart = callback_data.has_chart
    stage.show(screens.one(destination, clock.now()))


async def set_lost(
    _query: CallbackQuery,
    callback_data: DestinationLost,
    destination: Destination,
    stage: Stage,
    clock: Clock,
) -> None:
    destination.task.on_lost_answer = callback_data.choice.value
    stage.show(screens.one(destination, clock.now()))


async def set_digest(
    _query: CallbackQuery,
    callback_data: DestinationDigest,
    destination: Destination,
    stage: Stage,
    clock: Clock,
) -> None:
    digests.choose(destination, is_digest=callback_data.is_digest)
    stage.show(screens.one(destination, clock.now()))


async def check(
    _query: CallbackQuery, destination: Destination, session: Session, stage: Stage, clock: Clock
) -> None:
    await _check_first("check_place", destination, session, stage, clock)


async def ask_before_removing(
    _query: CallbackQuery, destination: Destination, stage: Stage
) -> None:
    stage.show(screens.confirm_remove(destination))


async def remove(
    _query: CallbackQuery, destination: Destination, session: Session, stage: Stage, bot: Bot
) -> None:
    await destinations.unbind(session, destination)
    stage.notice(screens.REMOVED)
    await _show_list(destination.profile, session, stage, bot)


async def _check_first(
    kind: str, destination: Destination, session: Session, stage: Stage, clock: Clock
) -> None:
    await jobs.begin(
        session,
        stage,
        clock,
        kind=kind,
        dedupe=str(destination.task.id),
        placeholder=bind_screens.checking,
        payload={"task_id": destination.task.id},
        profile_id=destination.profile.id,
        in_place=True,
    )


async def _show_list(profile: AvitoProfile, session: Session, stage: Stage, bot: Bot) -> None:
    stage.show(
        screens.listing(
            profile,
            await destinations.listing(session, profile.id),
            group_link=await deeplinks.into_group(bot, profile.id),
            channel_link=await deeplinks.into_channel(bot),
        )
    )


def setup() -> Router:
    router = Router(name="destination")
    router.callback_query.filter(InPrivate())
    router.callback_query.register(show_list, ReportSetChat.filter(), OwnedProfile())
    router.callback_query.register(view, DestinationView.filter(), OwnedDestination())
    router.callback_query.register(pause, DestinationPause.filter(), OwnedDestination())
    router.callback_query.register(resume, DestinationResume.filter(), OwnedDestination())
    router.callback_query.register(set_sound, DestinationSilent.filter(), OwnedDestination())
    router.callback_query.register(set_chart, DestinationChart.filter(), OwnedDestination())
    router.callback_query.register(set_lost, DestinationLost.filter(), OwnedDestination())
    router.callback_query.register(set_digest, DestinationDigest.filter(), OwnedDestination())
    router.callback_query.register(check, DestinationCheck.filter(), OwnedDestination())
    router.callback_query.register(
        ask_before_removing, DestinationRemove.filter(), OwnedDestination()
    )
    router.callback_query.register(remove, DestinationRemoveConfirm.filter(), OwnedDestination())
    return router
