"""A sandbox Telegram over HTTP and our own wire to it, without the rest of the bot."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiogram import Bot as ApiBot
from aiogram.methods import TelegramMethod

from bot.delivery import Courier
from bot.telegram import RawAnswer, TelegramSession
from sandbox.serving import serve
from sandbox.telegram.bots import Bot
from sandbox.telegram.events import PATIENCE_SEC
from sandbox.telegram.people import Person
from sandbox.telegram.server import build_telegram_app
from sandbox.telegram.world import World

TOKEN = "7000000077:AAF-sandbox_token_of_the_wire"


class HastySession(TelegramSession):
    """Nothing here is far away: where Telegram is silent on purpose it is not waited for long.

    A busy machine is another matter.
    """

    def __init__(self, base: str, is_silent: Callable[[], bool] = lambda: True) -> None:
        super().__init__(base)
        self._is_silent = is_silent

    async def post(
        self,
        bot: ApiBot,
        method: TelegramMethod[Any],
        *,
        timeout_sec: float | None = None,
        leaving: Callable[[], None] | None = None,
    ) -> RawAnswer:
        patience_sec = 1.0 if self._is_silent() else PATIENCE_SEC
        return await super().post(
            bot, method, timeout_sec=timeout_sec or patience_sec, leaving=leaving
        )


@dataclass
class TelegramRig:
    world: World
    me: Bot
    alice: Person
    """She has started the bot."""
    session: HastySession
    bot: ApiBot
    courier: Courier


@asynccontextmanager
async def telegram_rig() -> AsyncIterator[TelegramRig]:
    world = World()
    me = world.add_bot(TOKEN, "avito_wire_bot")
    alice = world.user("Алиса")
    async with serve(build_telegram_app(world)) as base:
        session = HastySession(base, lambda: world.faults.have_silence)
        bot = ApiBot(TOKEN, session=session)
        try:
            alice.private(me).start()
            yield TelegramRig(world, me, alice, session, bot, Courier(bot, session))
        finally:
            await session.close()
