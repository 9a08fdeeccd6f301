"""Is the database there, does it let us in, and has it the schema this code was written for?"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path
from typing import TypeVar

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential,
)

from core.config import StorageSettings
from core.errors import DatabaseAway, DatabaseRefused, SchemaError
from core.logs import get_logger

log = get_logger(__name__)

T = TypeVar("T")

RETRY_SEC = 2.0
ALEMBIC_INI = Path(__file__).parents[2] / "alembic.ini"

# PostgreSQL's words for "not now": connection trouble, no resources, starting or shutting down.
_TRANSIENT_SQLSTATES = ("08", "53", "57P")
# SQLite's for the same: another writer, a full disk.
_TRANSIENT_WORDS = ("locked", "disk is full", "disk I/O error")


async def check_database(engine: AsyncEngine, *, timeout: float) -> None:
    """Raises `DatabaseAway` or `DatabaseRefused` unless a query answers within `timeout` s."""
    where = engine.url.render_as_string(hide_password=True)
    try:
        async with asyncio.timeout(timeout), engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
    except TimeoutError as error:
        raise DatabaseAway(f"{where} does not answer in {timeout:g} s") from error
    except DatabaseAway as error:
        raise DatabaseAway(f"{where} does not answer: {type(error.__cause__).__name__}") from error
    except DBAPIError as error:
        if _is_transient(error):
            raise DatabaseAway(f"{where} is not ready: {error.orig}") from error
        raise DatabaseRefused(f"{where} refuses: {error.orig}") from error


def _is_transient(error: DBAPIError) -> bool:
    sqlstate = getattr(error.orig, "sqlstate", None)
    if isinstance(sqlstate, str):
        return sqlstate.startswith(_TRANSIENT_SQLSTATES)
    said = str(error.orig)
    return error.connection_invalidated or any(words in said for words in _TRANSIENT_WORDS)


def is_unreachable(error: BaseException) -> bool:
    """Whether work failed because the database is not there: the same may succeed later."""
    if isinstance(error, DBAPIError):
        return _is_transient(error)
    # asyncpg passes on the reset of a connection that was in use as it is.
    return isinstance(error, DatabaseAway | PoolTimeout | ConnectionError)


async def outlasting(work: Callable[[], Awaitable[T]]) -> T:
    """Repeat work that failed because the database went away."""
    is_away = False
    while True:
        try:
            return await work()
        except Exception as error:
            if not is_unreachable(error):
                raise
            if not is_away:
                log.warning("work_waits_for_database", why=type(error).__name__)
            is_away = True
        await asyncio.sleep(RETRY_SEC)


async def wait_for_database(engine: AsyncEngine, settings: StorageSettings) -> None:
    """Ask until the database answers, as often and as patiently as WORKER_* settings say."""
    attempts = AsyncRetrying(
        retry=retry_if_exception_type(DatabaseAway),
        stop=stop_after_attempt(settings.worker_startup_retries),
        wait=wait_exponential(
            multiplier=settings.worker_retry_backoff_base_sec,
            max=settings.worker_retry_backoff_max_sec,
        ),
        before_sleep=_say_that_we_wait,
        reraise=True,
    )
    await attempts(check_database, engine, timeout=settings.worker_startup_timeout_sec)


def _say_that_we_wait(state: RetryCallState) -> None:
    log.warning(
        "database_away",
        attempt=state.attempt_number,
        retry_in=round(state.upcoming_sleep, 1),
        reason=str(state.outcome.exception()) if state.outcome else None,
    )


async def check_schema(engine: AsyncEngine) -> None:
    """Raises `SchemaError` unless the database is exactly at our newest revision."""
    async with engine.connect() as connection:
        found = await connection.run_sync(_current_revision)
    if found != expected_revision():
        raise SchemaError(
            f"the database is at revision {found or 'none'}, this version needs"
            f" {expected_revision()}: run `alembic upgrade head`, or a newer version of the bot"
        )


def _current_revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


@cache
def expected_revision() -> str | None:
    """The newest revision in `alembic/versions`."""
    return ScriptDirectory.from_config(Config(ALEMBIC_INI)).get_current_head()
