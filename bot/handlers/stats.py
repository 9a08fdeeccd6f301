"""`/stats`: one report over everything that reports at this place, for whoever sits there."""

from __future__ import annotations

from aiogram import Bot, Router
from aiogram.filters import Command
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from bot import commands, dialogue, jobs
from bot.callbacks import StatsShow
from bot.cooldown import Cooldown
from bot.screens import stats as screens
from bot.show import Stage
from core.database.session import Session
from core.ports import Clock
from core.services import destinations


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
    if not await _anything_bound(session, stage):
        link = await commands.private_link(bot)
        stage.show(screens.nothing_bound(message.chat.type, link))
    elif left := cooldown.left(message.chat.id):
        stage.show(screens.too_soon(left))
    else:
        await _begin(session, stage, clock)


async def stats_button(
    _query: CallbackQuery, session: Session, stage: Stage, clock: Clock, cooldown: Cooldown
) -> None:
    if not await _anything_bound(session, stage):
        stage.notice(screens.NOTHING_BOUND, alert=True)
    elif left := cooldown.left(stage.chat_id or 0):
        stage.notice(screens.wait(left))
    else:
        await _begin(session, stage, clock)


async def _anything_bound(session: Session, stage: Stage) -> bool:
    bound = await destinations.bound_here(session, stage.chat_id or 0, stage.thread_id or 0)
    return bool(bound)


async def _begin(session: Session, stage: Stage, clock: Clock) -> None:
    await jobs.begin(
        session,
        stage,
        clock,
        kind="stats",
        dedupe="chat",
        placeholder=lambda _: screens.collecting(),
        payload={},
        for_chat=True,
    )


def setup() -> Router:
    router = Router(name="stats")
    for place in (router.message, router.channel_post):
        place.register(stats_command, Command(commands.STATS))
    router.callback_query.register(stats_button, StatsShow.filter())
    return router
