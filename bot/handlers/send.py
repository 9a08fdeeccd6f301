"""A report about chosen days to where the scheduled ones go."""

from __future__ import annotations

from aiogram import Router
from aiogram.types import CallbackQuery

from bot import jobs
from bot.callbacks import ReportSend, SendReally, SendTo
from bot.filters import InPrivate, OwnedDestination, OwnedProfile
from bot.screens import bind as bind_screens
from bot.screens import destination as destination_screens
from bot.screens import history as history_screens
from bot.screens import send as screens
from bot.screens import trial as trial_screens
from bot.show import Stage
from core.database.models import AvitoProfile
from core.database.session import Session
from core.ports import Clock
from core.services import destinations, history
from core.services.destinations import Destination
from utils.periods import Period, PeriodError


async def ask_where(
    _query: CallbackQuery,
    callback_data: ReportSend,
    profile: AvitoProfile,
    session: Session,
    stage: Stage,
    clock: Clock,
) -> None:
    """In messages of their own: the report stays."""
    period = callback_data.period
    if not await _is_told(profile, period, session, stage, clock):
        return
    places = await destinations.listing(session, profile.id)
    tasks = [task for task in places if task.chat_id != stage.chat_id]
    if not tasks:
        stage.notice(screens.NOWHERE, alert=True)
    elif len(tasks) > 1:
        stage.send(screens.choose(profile, tasks, period))
    else:
        only = await destinations.owned(session, profile.owner_id, tasks[0].id)
        stage.send(screens.confirm(only, period))


async def confirm(
    _query: CallbackQuery,
    callback_data: SendTo,
    destination: Destination,
    session: Session,
    stage: Stage,
    clock: Clock,
) -> None:
    """A client's chat must not get a report by accident."""
    if not await _is_told(destination.profile, callback_data.period, session, stage, clock):
        return
    stage.show(screens.confirm(destination, callback_data.period))


async def send(
    _query: CallbackQuery,
    callback_data: SendReally,
    destination: Destination,
    session: Session,
    stage: Stage,
    clock: Clock,
) -> None:
    period, task = callback_data.period, destination.task
    if not await _is_told(destination.profile, period, session, stage, clock):
        return
    if task.suspended:
        stage.notice(trial_screens.REFUSED)
        stage.show(destination_screens.one(destination, clock.now()))
        return
    days = {"first": period.first.isoformat(), "last": period.last.isoformat()}
    await jobs.begin(
        session,
        stage,
        clock,
        kind="send_report",
        dedupe=f"{task.id}:{days['first']}:{days['last']}",
        placeholder=bind_screens.checking,
        payload={"task_id": task.id, **days},
        profile_id=destination.profile.id,
        in_place=True,
    )


async def _is_told(
    profile: AvitoProfile, period: Period, session: Session, stage: Stage, clock: Clock
) -> bool:
    """Whether there are numbers of these days, or will be; else says what keeps them away."""
    try:
        await history.check(session, profile, period, clock.now())
    except PeriodError as error:
        stage.notice(history_screens.refusal(error), alert=True)
        return False
    return True


def setup() -> Router:
    router = Router(name="send")
    router.callback_query.filter(InPrivate())
    router.callback_query.register(ask_where, ReportSend.filter(), OwnedProfile())
    router.callback_query.register(confirm, SendTo.filter(), OwnedDestination())
    router.callback_query.register(send, SendReally.filter(), OwnedDestination())
    return router
