"""`/stats`: one report over everything that reports at this place, for whoever sits there."""

from __future__ import annotations

from aiogram import Bot, Router
from aiogram.filters import Command
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from bot import commands, dialogue, jobs, kept
from bot.callbacks import StatsBack, StatsDays, StatsRefresh, StatsShow
from bot.cooldown import Cooldown
from bot.filters import TopicKnown
from bot.screens import history as history_screens
from bot.screens import stats as screens
from bot.show import Stage
from core.avito.stats import DEPTH_DAYS
from core.database.session import Session
from core.looks import Look
from core.ports import Clock
from core.services import destinations
from utils.calendars import days_until_yesterday
from utils.periods import PeriodError, last_days, yesterday

ONE_IN_CHAT = "chat"
"""However many combined reports stand in a chat, one is made at a time."""


async def stats_command(
    message: Message,
    session: Session,
    state: FSMContext | None,
    stage: Stage,
    clock: Clock,
    cooldown: Cooldown,
    bot: Bot,
) -> None:
    if stage.is_private and state is not None:
        await dialogue.give_way(state, stage)
    if not await _bound(session, stage):
        link = await commands.private_link(bot)
        stage.show(screens.nothing_bound(message.chat.type, link))
    elif left := cooldown.left(message.chat.id):
        stage.show(screens.too_soon(left))
    else:
        await _begin(session, stage, clock, Look(yesterday(clock.now())))


async def stats_button(
    _query: CallbackQuery, session: Session, stage: Stage, clock: Clock, cooldown: Cooldown
) -> None:
    if not await _bound(session, stage):
        stage.notice(screens.NOTHING_BOUND, alert=True)
    elif left := cooldown.left(stage.chat_id or 0):
        stage.notice(screens.wait(left))
    else:
        await _begin(session, stage, clock, Look(yesterday(clock.now())))


async def stats_days(
    _query: CallbackQuery,
    callback_data: StatsDays,
    session: Session,
    stage: Stage,
    clock: Clock,
) -> None:
    period = days_until_yesterday(clock.now(), callback_data.days)
    await _turn_over(Look(period), session, stage, clock)


async def stats_refresh(
    _query: CallbackQuery,
    callback_data: StatsRefresh,
    session: Session,
    stage: Stage,
    clock: Clock,
) -> None:
    await _turn_over(Look(callback_data.period, anew=True), session, stage, clock)


async def stats_back(
    _query: CallbackQuery,
    callback_data: StatsBack,
    session: Session,
    stage: Stage,
    clock: Clock,
) -> None:
    bound = await _bound(session, stage)
    known = await kept.combined_of_pressed(session, stage, clock.now())
    # Who has left since takes his numbers along.
    if known is not None and known.about and set(known.about) <= set(bound):
        await jobs.check_free(session, stage, kind="stats", dedupe=ONE_IN_CHAT)
        stage.show(known.screen)
    else:
        await _turn_over(Look(callback_data.period), session, stage, clock)


async def _turn_over(look: Look, session: Session, stage: Stage, clock: Clock) -> None:
    """Put a combined report in place of the one whose button was pressed.

    Without the pause between two: nothing new fills the chat, and the store knows most of it.
    """
    await kept.combined_of_pressed(session, stage, clock.now())
    reach = last_days(clock.now(), DEPTH_DAYS)
    try:
        look.period.check(today=reach.last, earliest=reach.first)
    except PeriodError as error:
        stage.notice(history_screens.refusal(error), alert=True)
        return
    bound = await _bound(session, stage)
    if not bound:
        stage.notice(screens.NOTHING_BOUND, alert=True)
    else:
        await _begin(session, stage, clock, look, in_place=True)


async def _bound(session: Session, stage: Stage) -> list[int]:
    """The ids of the profiles that report there."""
    bound = await destinations.bound_here(session, stage.chat_id or 0, stage.thread_id or 0)
    return [profile.id for profile in bound]


async def _begin(
    session: Session, stage: Stage, clock: Clock, look: Look, *, in_place: bool = False
) -> None:
    await jobs.begin(
        session,
        stage,
        clock,
        kind="stats",
        dedupe=ONE_IN_CHAT,
        placeholder=lambda _: screens.collecting(),
        payload=look.as_json(),
        in_place=in_place,
        for_chat=True,
    )


def setup() -> Router:
    router = Router(name="stats")
    for place in (router.message, router.channel_post):
        place.register(stats_command, Command(commands.STATS))
    router.callback_query.register(stats_button, StatsShow.filter(), TopicKnown())
    router.callback_query.register(stats_days, StatsDays.filter(), TopicKnown())
    router.callback_query.register(stats_refresh, StatsRefresh.filter(), TopicKnown())
    router.callback_query.register(stats_back, StatsBack.filter(), TopicKnown())
    return router
