"""What every test may ask for."""

import pytest

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

__all__ = [
    "database_url",
    "empty_database_url",
    "engine",
    "keyring",
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
