"""The running worker: wait for what it needs, serve until a signal comes, drain."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable
from typing import NoReturn

from aiogram.exceptions import TelegramAPIError, TelegramNotFound, TelegramUnauthorizedError
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential,
)

from bot.app import App, build_app
from bot.polling import PollingFailed, TokenRevoked
from core import heap
from core.config import load_settings
from core.database import keys
from core.database.health import check_schema, wait_for_database
from core.errors import SettingsError, TelegramAway
from core.logs import get_logger, setup_logging
from core.ports import Clock
from core.secrets import load_keyring

log = get_logger(__name__)


async def run(clock: Clock) -> int:
    """0 once it was asked to stop. Raises the `ProductError` that keeps it from working."""
    settings = load_settings()
    setup_logging(settings.log_level, settings.log_format)
    app = build_app(settings, load_keyring(settings), clock)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def end() -> None:
        stop.set()
        app.hurry()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    try:
        return await _until(stop, _serve(app, stop))
    except TokenRevoked as error:
        raise SettingsError("BOT_TOKEN", "Telegram does not know this token any more") from error
    except PollingFailed as error:
        raise TelegramAway(str(error)) from error
    finally:
        await app.close()


async def _serve(app: App, stop: asyncio.Event) -> NoReturn:
    await _start(app)
    heap.settle()
    log.info("worker_started")
    try:
        await app.run()
    finally:
        log.info("worker_stopping", asked=stop.is_set())
        await app.drain()
    raise AssertionError("polling ended by itself")


async def _until(stop: asyncio.Event, work: Awaitable[NoReturn]) -> int:
    """Run `work` until a signal comes; 0 then. What `work` raises by itself is raised."""
    working = asyncio.ensure_future(work)
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not working.done():
        working.cancel()
    try:
        await working
    except asyncio.CancelledError:
        pass
    except BaseExceptionGroup as group:
        raise _the_one(group) from group
    log.info("worker_stopped")
    return 0


def _the_one(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The failure of a task group: the first of what ended the worker."""
    first = group.exceptions[0]
    return _the_one(first) if isinstance(first, BaseExceptionGroup) else first


async def _start(app: App) -> None:
    """Everything that must be there first, each waited for as WORKER_* settings say."""
    await wait_for_database(app.engine, app.settings)
    await check_schema(app.engine)
    await keys.check_keys(app.engine, app.keyring)
    await _greet_telegram(app)
    await app.take_over()


async def _greet_telegram(app: App) -> None:
    settings = app.settings

    async def greet() -> None:
        try:
            async with asyncio.timeout(settings.worker_startup_timeout_sec):
                await app.prepare()
        except (TelegramUnauthorizedError, TelegramNotFound) as error:
            raise SettingsError("BOT_TOKEN", "Telegram does not know this token") from error
        except (TelegramAPIError, TimeoutError) as error:
            raise TelegramAway(
                f"Telegram does not answer at {settings.telegram_api_base}: {type(error).__name__}"
            ) from error

    await AsyncRetrying(
        retry=retry_if_exception_type(TelegramAway),
        stop=stop_after_attempt(settings.worker_startup_retries),
        wait=wait_exponential(
            multiplier=settings.worker_retry_backoff_base_sec,
            max=settings.worker_retry_backoff_max_sec,
        ),
        before_sleep=_say_that_we_wait,
        reraise=True,
    )(greet)


def _say_that_we_wait(state: RetryCallState) -> None:
    log.warning(
        "telegram_away",
        attempt=state.attempt_number,
        retry_in=round(state.upcoming_sleep, 1),
        reason=str(state.outcome.exception()) if state.outcome else None,
    )
