"""The real worker as another process, beside a sandbox Telegram and Avito in this one."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL

from sandbox.avito.accounts import demo_world
from sandbox.avito.server import build_avito_app
from sandbox.avito.world import AvitoWorld
from sandbox.clock import SandboxClock
from sandbox.serving import serve
from sandbox.telegram.bots import Bot
from sandbox.telegram.events import PATIENCE_SEC
from sandbox.telegram.server import build_telegram_app
from sandbox.telegram.world import World
from sandbox.worker import CLOCK
from tests.support.databases import TEST_KEYS
from tests.worker import launch
from tests.worker.launch import Launch, Running

ROOT = Path(__file__).parents[2]
TOKEN = "7000000042:AAF-sandbox_token_of_the_worker"
IMPATIENT = {
    "WORKER_STARTUP_RETRIES": "3",
    "WORKER_RETRY_BACKOFF_BASE_SEC": "0.2",
    "WORKER_RETRY_BACKOFF_MAX_SEC": "0.4",
}
LONGEST_PAUSE = "300"
"""Between two tries, as in production: how long all of them last is a matter of it."""


class Worker:
    """`python main.py` with its own environment; one process at a time, its log kept.

    With a `clock` it lives by that one.
    """

    def __init__(
        self,
        folder: Path,
        env: Mapping[str, str],
        clock: SandboxClock | None = None,
        *,
        launch: Launch = launch.loaded,
    ) -> None:
        self._launch = launch
        self.env = {"PATH": os.environ["PATH"], "DATA_DIR": str(folder / "data"), **env}
        self._program = [str(ROOT / "main.py")]
        if clock is not None:
            clock.lead(folder / CLOCK)
            self.env["PYTHONPATH"] = str(ROOT)
            self._program = ["-m", "sandbox.clocked_worker", CLOCK]
        self._folder = folder
        self._log = folder / "worker.log"
        self._process: Running | None = None

    @property
    def process(self) -> Running:
        assert self._process is not None
        return self._process

    @property
    def log(self) -> str:
        """Everything all runs said, on both streams."""
        return self._log.read_text(encoding="utf-8") if self._log.exists() else ""

    async def start(self) -> None:
        self._process = await self._launch(self._program, self._folder, self.env, self._log)

    async def says(self, fragment: str, timeout: float = PATIENCE_SEC) -> None:
        async with asyncio.timeout(timeout):
            while fragment not in self.log:
                await asyncio.sleep(0.02)

    async def exits(self, timeout: float = PATIENCE_SEC) -> int:
        """Wait for its end; the exit code."""
        async with asyncio.timeout(timeout):
            return await self.process.wait()

    async def kill(self) -> None:
        """As the kernel does: no handler runs, nothing is flushed."""
        self.process.kill()
        await self.process.wait()

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop; the exit code."""
        self.process.send_signal(number)
        return await self.exits()

    async def close(self) -> None:
        if self._process is not None and self._process.returncode is None:
            await self.kill()


@dataclass
class Stand:
    """Both sandboxes and the worker that talks to them."""

    telegram: World
    avito: AvitoWorld
    me: Bot
    worker: Worker

    async def up(self, timeout: float = PATIENCE_SEC) -> None:
        """Wait for the worker's long poll; if it died instead, say what it said."""
        polled = asyncio.ensure_future(self.telegram.polled(self.me, timeout))
        died = asyncio.ensure_future(self.worker.process.wait())
        try:
            await asyncio.wait({polled, died}, return_when=asyncio.FIRST_COMPLETED)
            if died.done():
                raise RuntimeError(f"the worker ended with {died.result()}:\n{self.worker.log}")
            await polled
        finally:
            polled.cancel()
            died.cancel()
            await asyncio.gather(polled, died, return_exceptions=True)


@asynccontextmanager
async def stand(
    url: URL,
    folder: Path,
    *,
    clock: SandboxClock | None = None,
    launch: Launch = launch.loaded,
    **env: str,
) -> AsyncIterator[Stand]:
    """Sandboxes and a worker that is not started yet: on the machine's clock, or on `clock`."""
    world_clock = clock or SandboxClock()
    telegram, avito = World(world_clock), demo_world(world_clock)
    me = telegram.add_bot(TOKEN, "avito_worker_bot")
    async with (
        serve(build_telegram_app(telegram)) as telegram_base,
        serve(build_avito_app(avito)) as avito_base,
    ):
        worker = Worker(
            folder,
            {
                "BOT_TOKEN": TOKEN,
                "DATABASE_URL": url.render_as_string(hide_password=False),
                "SECRET_KEYS": TEST_KEYS,
                "TELEGRAM_API_BASE": telegram_base,
                "AVITO_API_BASE": avito_base,
                **IMPATIENT,
                **env,
            },
            clock,
            launch=launch,
        )
        try:
            yield Stand(telegram, avito, me, worker)
        finally:
            await worker.close()
