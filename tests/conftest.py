"""What every test may ask for."""

import gc
import os
from pathlib import Path

import pytest
from aiohttp import web_app

from bot import bookbinder
from core import heap
from core.logs import setup_logging
from tests.support.databases import (
    database_url,
    empty_database_url,
    engine,
    keyring,
    postgres_server,
    postgres_template,
    postgres_url,
    sessions,
    sqlite_template,
    sqlite_url,
)
from tests.support.patience import patience
from tests.support.statements import share_statements

__all__ = [
    "database_url",
    "empty_database_url",
    "engine",
    "keyring",
    "patience",
    "postgres_server",
    "postgres_template",
    "postgres_url",
    "sessions",
    "sqlite_template",
    "sqlite_url",
]


@pytest.fixture(scope="session", autouse=True)
def logs_as_in_production() -> None:
    """Logs go through the real formatter, so that a record it cannot render fails a test."""
    setup_logging("INFO", "console")


UNMEASURED = ("worker", "page", "sandbox", "test_benchmarks.py", "test_demo.py")
"""Other processes, the browser and the sandbox: their stories measure little of the product, and
measuring makes all of it half as fast."""

MUCH_GARBAGE = 500_000
"""Objects that came and did not go since the last look."""


def pytest_configure() -> None:
    share_statements()
    # Beside other stories the politest of processes would never have its turn.
    bookbinder.NICE = os.getpriority(os.PRIO_PROCESS, 0)


def pytest_collection_finish() -> None:
    """To look for garbage as often as in production takes a fifth of the tests' time."""
    heap.settle()
    gc.disable()


@pytest.hookimpl(trylast=True)
def pytest_runtest_logfinish() -> None:
    # aiohttp keeps its last thousand applications, and with them the worlds of all the stories.
    web_app._cached_build_middleware.cache_clear()
    if gc.get_count()[0] > MUCH_GARBAGE:
        gc.collect()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Stories that say `one_database` are told on SQLite only; some are not measured."""
    here = Path(__file__).parent
    for item in items:
        if item.path.relative_to(here).parts[0] in UNMEASURED:
            item.extra_keyword_matches.add("unmeasured")
    spare = {
        item for item in items if _on_postgres(item) and item.get_closest_marker("one_database")
    }
    if spare:
        config.hook.pytest_deselected(items=list(spare))
        items[:] = [item for item in items if item not in spare]


def _on_postgres(item: pytest.Item) -> bool:
    parameters = (
        item.callspec.params
        if isinstance(item, pytest.Function) and hasattr(item, "callspec")
        else {}
    )
    return parameters.get("database_url") == "postgres"
