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
from sandbox.telegram.people import Person
from sandbox.telegram.server import build_telegram_app
from sandbox.telegram.world import World

TOKEN = "7000000077:AAF-sandbox_token_of_the_wire"


class HastySession(TelegramSession):
    """Nothing here is far away, so a fault need not be waited for long."""

    patience_sec = 0.5

    async def post(
        self,
        bot: ApiBot,
        method: TelegramMethod[Any],
        *,
        timeout_sec: float | None = None,
        leaving: Callable[[], None] | None = None,
    ) -> RawAnswer:
        return await super().post(
            bot, method, timeout_sec=timeout_sec or self.patience_sec, leaving=leaving
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
        session = HastySession(base)
        bot = ApiBot(TOKEN, session=session)
        try:
            alice.private(me).start()
            yield TelegramRig(world, me, alice, session, bot, Courier(bot, session))
        finally:
            await session.close()
