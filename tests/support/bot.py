"""The real bot, polling a sandbox Telegram and reading a sandbox Avito.

Alice owns profiles, Bob sits in her group, Charlie is the stranger who crafts buttons.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy import URL

from bot.app import App, build_app
from core.avito.http import Patience
from core.config import Settings
from sandbox.avito.accounts import demo_world
from sandbox.avito.server import build_avito_app
from sandbox.avito.world import AvitoWorld
from sandbox.clock import SandboxClock
from sandbox.serving import serve
from sandbox.telegram.bots import Bot
from sandbox.telegram.people import ChatView, Person
from sandbox.telegram.seen import Seen
from sandbox.telegram.server import build_telegram_app
from sandbox.telegram.world import World
from tests.support.databases import TEST_KEYRING, TEST_KEYS
from tests.support.patience import CALM
from tests.support.pictures import draw_here

TOKEN = "7000000099:AAF-sandbox_token_of_the_bot_under_test"
BOT_NAME = "avito_test_bot"
OPERATOR_ID = 99


@dataclass
class BotRig:
    """Two worlds, and the bot between them."""

    settings: Settings
    clock: SandboxClock
    telegram: World
    avito: AvitoWorld
    me: Bot
    patience: Patience = CALM
    """For Avito."""
    app: App | None = None
    _task: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        self.alice = self.telegram.user("Алиса", username="alice")
        self.bob = self.telegram.user("Боб", username="bob")
        self.charlie = self.telegram.user("Чарли", username="charlie")
        self.operator = self.telegram.user("Оператор", id=OPERATOR_ID)
        self.operator.private(self.me).start()

    @property
    def running(self) -> App:
        assert self.app is not None
        return self.app

    async def start(self) -> None:
        self.app = build_app(
            *(self.settings, TEST_KEYRING, self.clock),
            patience=self.patience,
            draw=draw_here,
        )
        # The clock jumps over nights here, and what they read would race with what a test asks.
        self.app.scheduler._work["sync_statistics"] = _sleep_tight
        await self.app.prepare()
        await self.app.take_over()
        self._task = asyncio.create_task(self.app.run())

    async def stop(self) -> None:
        """As on SIGTERM."""
        if self.app is None or self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self.app.drain()
        await self.app.close()
        failed = None if self._task.cancelled() else self._task.exception()
        self.app = self._task = None
        if failed is not None:
            raise failed

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    async def quiet(self) -> None:
        """Until the bot has handled everything there is."""
        await asyncio.sleep(0.05)
        await self.telegram.history.signal.until(lambda: not self.me.updates.pending)
        for _ in range(3):
            await self.running.lanes.idle()
            await self.running.office.idle()

    async def settled(self) -> None:
        """Until every update is confirmed and handled, and the bot has fallen silent."""
        await self.telegram.settled(self.me)
        await self.quiet()
        await self.telegram.settled(self.me)

    def keys_of(self, label: str) -> tuple[str, str]:
        account = self.avito.account(label)
        return account.client_id, account.client_secret

    async def connect(
        self, person: Person, label: str = "shop", name: str = "Магазин"
    ) -> tuple[ChatView, int]:
        """Through the dialogue, as a person does it; the chat and the profile's id."""
        chat = person.private(self.me)
        client_id, client_secret = self.keys_of(label)
        chat.send("/add_profile")
        await chat.wait_for("шаг 1 из 3")
        chat.send(name)
        await chat.wait_for("шаг 2 из 3")
        chat.send(client_id)
        await chat.wait_for("шаг 3 из 3")
        chat.send(client_secret)
        done = await chat.wait_for("подключён")
        await self.quiet()
        return chat, profile_id_of(done)


async def _sleep_tight() -> None:
    """Nothing is read at night."""


def profile_id_of(seen: Seen) -> int:
    """The profile that a screen's buttons are about."""
    data = next(d for d in seen.button_data if d.startswith(("profile_view:", "report_now:")))
    return int(data.partition(":")[2])


@asynccontextmanager
async def bot_rig(
    url: URL, tmp_path: Path, patience: Patience = CALM, **overrides: Any
) -> AsyncIterator[BotRig]:
    clock = SandboxClock(datetime(2026, 11, 21, 6, tzinfo=UTC))
    telegram, avito = World(clock), demo_world(clock)
    me = telegram.add_bot(TOKEN, BOT_NAME)
    async with (
        serve(build_telegram_app(telegram)) as telegram_base,
        serve(build_avito_app(avito)) as avito_base,
    ):
        settings = Settings(
            _env_file=None,
            bot_token=SecretStr(TOKEN),
            database_url=SecretStr(url.render_as_string(hide_password=False)),
            secret_keys=SecretStr(TEST_KEYS),
            data_dir=tmp_path / "data",
            admin_chat_id=OPERATOR_ID,
            telegram_api_base=telegram_base,
            avito_api_base=avito_base,
            **overrides,
        )
        rig = BotRig(settings, clock, telegram, avito, me, patience)
        await rig.start()
        try:
            yield rig
        finally:
            await rig.stop()
