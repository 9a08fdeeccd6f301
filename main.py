"""The worker: `python main.py`. Key care: `python main.py keys status|rotate|drop KEY_ID`.

Exit codes: 0 stopped as asked · 1 gave up on something that may pass (no database, no Telegram,
another worker) · 2 something a person has to change (a setting, a key, the schema).
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, NoReturn

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
from core.config import load_settings, load_storage_settings
from core.database import keys
from core.database.health import check_database, check_schema, wait_for_database
from core.database.session import create_engine
from core.errors import (
    AnotherWorker,
    DatabaseAway,
    DatabaseRefused,
    ProductError,
    SchemaError,
    SecretKeyError,
    SettingsError,
)
from core.logs import get_logger, setup_logging
from core.ports import Clock, SystemClock
from core.secrets import load_keyring

GAVE_UP, MUST_CHANGE = 1, 2
_MUST_CHANGE = (SettingsError, SecretKeyError, SchemaError, DatabaseRefused, TokenRevoked)
log = get_logger("main")


class TelegramAway(ProductError):
    """Telegram did not answer within the startup timeout."""


def main(arguments: Sequence[str] | None = None, clock: Clock | None = None) -> int:
    """Run what the command line asks for; errors a person can act on are one line each."""
    command = _parser().parse_args(arguments)
    work: Callable[[], Coroutine[Any, Any, int]]
    if command.command == "keys":
        work = lambda: _keys(command.action, command.key_id)  # noqa: E731
    else:
        work = lambda: _worker(clock or SystemClock())  # noqa: E731
    try:
        return asyncio.run(work())
    except _MUST_CHANGE as error:
        return _fail(error, MUST_CHANGE)
    except (DatabaseAway, TelegramAway, PollingFailed, AnotherWorker) as error:
        return _fail(error, GAVE_UP)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Avito Analytics Bot")
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("run", help="run the worker (the default)")
    care = commands.add_parser("keys", help="look after the keys of stored secrets")
    care.add_argument("action", choices=("status", "rotate", "drop"))
    care.add_argument("key_id", nargs="?", help="the key that `drop` asks about")
    return parser


def _fail(error: Exception, code: int) -> int:
    sys.stderr.write(f"{error}\n")
    return code


async def _worker(clock: Clock) -> int:
    settings = load_settings()
    setup_logging(settings.log_level, settings.log_format)
    app = build_app(settings, load_keyring(settings), clock)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        return await _until(stop, _serve(app, stop))
    finally:
        await app.close()


async def _serve(app: App, stop: asyncio.Event) -> NoReturn:
    await _start(app)
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


async def _keys(action: str, key_id: str | None) -> int:
    settings = load_storage_settings()
    setup_logging(settings.log_level, settings.log_format)
    keyring = load_keyring(settings)
    engine = create_engine(settings.database, keyring)
    try:
        await check_database(engine, timeout=settings.worker_startup_timeout_sec)
        await check_schema(engine)
        if action == "drop":
            if key_id is None:
                raise SettingsError("KEY_ID", "say which key: keys drop KEY_ID")
            await keys.check_unused(engine, keyring, key_id)
            print(f"Nothing is under {key_id}: it can be taken out of SECRET_KEYS.")  # noqa: T201
            return 0
        counts = await (
            keys.rotate(engine, keyring) if action == "rotate" else keys.status(engine)
        )
        if action == "rotate" and not counts:
            print("Nothing had to be moved.")  # noqa: T201
        for count in counts:
            print(f"{count.column}  {count.key_id}  {count.count}")  # noqa: T201
        print(f"The encrypting key is {keyring.primary}.")  # noqa: T201
        return 0
    finally:
        await engine.dispose()


if __name__ == "__main__":
    sys.exit(main())
