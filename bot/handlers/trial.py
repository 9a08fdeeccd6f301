"""A trial of the scheduled report: by the same way, to the same place."""

from __future__ import annotations

from aiogram import Router
from aiogram.types import CallbackQuery

from bot import jobs
from bot.callbacks import ReportTrial, TrialSend, TrialTo
from bot.filters import InPrivate, OwnedDestination, OwnedProfile
from bot.screens import bind as bind_screens
from bot.screens import destination as destination_screens
from bot.screens import schedule as schedule_screens
from bot.screens import trial as screens
from bot.show import Stage
from core import digests
from core.database.models import AvitoProfile
from core.database.session import Session
from core.ports import Clock
from core.services import destinations, settings
from core.services.destinations import Destination
from core.services.digests import together


async def ask_where(
    _query: CallbackQuery, profile: AvitoProfile, session: Session, stage: Stage, clock: Clock
) -> None:
    now = clock.now()
    places = await destinations.listing(session, profile.id)
    tasks = [task for task in places if task.suspended is None]
    if not tasks:
        stage.notice(screens.REFUSED if places else screens.NOWHERE, alert=True)
        current = await settings.of_profile(session, profile, now)
        stage.show(schedule_screens.of_report(current, now))
    elif len(tasks) > 1:
        stage.show(screens.choose(profile, tasks))
    else:
        only = await destinations.owned(session, profile.owner_id, tasks[0].id)
        await _begin_or_ask(only, session, stage, clock)


async def send_or_ask(
    _query: CallbackQuery, destination: Destination, session: Session, stage: Stage, clock: Clock
) -> None:
    await _begin_or_ask(destination, session, stage, clock)


async def send(
    _query: CallbackQuery, destination: Destination, session: Session, stage: Stage, clock: Clock
) -> None:
    await _begin(destination, session, stage, clock)


async def _begin_or_ask(
    destination: Destination, session: Session, stage: Stage, clock: Clock
) -> None:
    """A client's chat must not get a trial by accident."""
    if destinations.is_private(destination):
        await _begin(destination, session, stage, clock)
    else:
        others = together(destination, clock.now())
        stage.show(screens.confirm(destination, others))


async def _begin(destination: Destination, session: Session, stage: Stage, clock: Clock) -> None:
    now = clock.now()
    if destination.task.suspended:
        stage.notice(screens.REFUSED)
        stage.show(destination_screens.one(destination, now))
    elif not destinations.is_private(destination):
        await jobs.begin(
            session,
            stage,
            clock,
            kind="trial",
            dedupe=str(destination.task.id),
            placeholder=bind_screens.checking,
            payload={"task_id": destination.task.id},
            profile_id=destination.profile.id,
            in_place=True,
        )
    elif told := await digests.trial(session, destination, now):
        stage.show(screens.on_its_way(told))
    else:
        stage.notice(screens.UNDER_WAY)


def setup() -> Router:
    router = Router(name="trial")
    router.callback_query.filter(InPrivate())
    router.callback_query.register(ask_where, ReportTrial.filter(), OwnedProfile())
    router.callback_query.register(send_or_ask, TrialTo.filter(), OwnedDestination())
    router.callback_query.register(send, TrialSend.filter(), OwnedDestination())
    return router
