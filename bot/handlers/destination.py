"""Where the reports of a profile go: the list and the card of a destination, in private."""

from __future__ import annotations

from aiogram import Bot, Router
from aiogram.types import CallbackQuery

from bot import deeplinks, jobs
from bot.callbacks import (
    DestinationCheck,
    DestinationDigest,
    DestinationLost,
    DestinationPause,
    DestinationRemove,
    DestinationRemoveConfirm,
    DestinationResume,
    DestinationSilent,
    DestinationView,
    ReportChartToggle,
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
from core.services.destinations import Destination, LostAnswer


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


async def toggle_sound(
    _query: CallbackQuery, destination: Destination, stage: Stage, clock: Clock
) -> None:
    destination.task.is_silent = not destination.task.is_silent
    stage.show(screens.one(destination, clock.now()))


async def toggle_chart(
    _query: CallbackQuery, destination: Destination, stage: Stage, clock: Clock
) -> None:
    destination.task.has_chart = not destination.task.has_chart
    stage.show(screens.one(destination, clock.now()))


async def toggle_lost(
    _query: CallbackQuery, destination: Destination, stage: Stage, clock: Clock
) -> None:
    holds = destination.task.on_lost_answer == LostAnswer.HOLD
    destination.task.on_lost_answer = (LostAnswer.RESEND if holds else LostAnswer.HOLD).value
    stage.show(screens.one(destination, clock.now()))


async def toggle_digest(
    _query: CallbackQuery, destination: Destination, stage: Stage, clock: Clock
) -> None:
    digests.choose(destination, is_digest=not destination.task.is_digest)
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
    router.callback_query.register(toggle_sound, DestinationSilent.filter(), OwnedDestination())
    router.callback_query.register(toggle_chart, ReportChartToggle.filter(), OwnedDestination())
    router.callback_query.register(toggle_lost, DestinationLost.filter(), OwnedDestination())
    router.callback_query.register(toggle_digest, DestinationDigest.filter(), OwnedDestination())
    router.callback_query.register(check, DestinationCheck.filter(), OwnedDestination())
    router.callback_query.register(
        ask_before_removing, DestinationRemove.filter(), OwnedDestination()
    )
    router.callback_query.register(remove, DestinationRemoveConfirm.filter(), OwnedDestination())
    return router
