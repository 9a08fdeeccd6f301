"""Fixtures: a migrated, empty database for a test, on SQLite and on PostgreSQL, quickly."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from alembic import command
from alembic.config import Config
from psycopg import Connection, connect
from pydantic import SecretStr
from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from core.config import StorageSettings, parse_database_url
from core.database.health import ALEMBIC_INI
from core.database.session import Sessions, create_engine, create_sessions
from core.secrets import Keyring, parse_keys
from tests.support.postgres import find_binaries, running_server

FIRST_WITH_STRATEGIES = 15_00_00
TEST_KEYS = "test:dGhlIHRlc3RzIGtlZXAgbm8gc2VjcmV0cyBhdCBhbGw="
TEST_KEYRING = parse_keys(TEST_KEYS)


def storage_settings(url: URL, keys: str = TEST_KEYS) -> StorageSettings:
    return StorageSettings(
        database_url=SecretStr(url.render_as_string(hide_password=False)),
        secret_keys=SecretStr(keys),
    )


def alembic_config(url: URL, keys: str = TEST_KEYS) -> Config:
    return Config(ALEMBIC_INI, attributes={"settings": storage_settings(url, keys)})


def upgrade(url: URL, revision: str = "head", keys: str = TEST_KEYS) -> None:
    """Migrate up, from a test that may have a running event loop."""
    _in_thread(command.upgrade, alembic_config(url, keys), revision)


def downgrade(url: URL, revision: str, keys: str = TEST_KEYS) -> None:
    _in_thread(command.downgrade, alembic_config(url, keys), revision)


def _in_thread(function: Any, *arguments: Any) -> Any:
    """Alembic's env.py runs an event loop of its own, which a thread with a loop cannot."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function, *arguments).result()


@asynccontextmanager
async def opened(url: URL, keyring: Keyring | None = None) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(url, keyring)
    try:
        yield engine
    finally:
        await engine.dispose()


@asynccontextmanager
async def opened_session(url: URL, keyring: Keyring) -> AsyncIterator[AsyncSession]:
    """One transaction on a database that a test made itself."""
    async with opened(url, keyring) as engine, create_sessions(engine).begin() as session:
        yield session


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[URL]:
    """The superuser's URL of a server; without any, its tests are skipped and say why."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield parse_database_url(given)
        return
    binaries = find_binaries()
    if binaries is None:
        reason = "no PostgreSQL: set TEST_DATABASE_URL or install postgresql or pgserver"
        if os.environ.get("REQUIRE_POSTGRES") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    with running_server(binaries) as server:
        yield server.url


@contextmanager
def postgres_database(server: URL, copied_from: str = "") -> Iterator[URL]:
    """A database of its own on that server, gone afterwards."""
    name = f"test_{uuid4().hex}"
    with _superuser(server) as connection:
        connection.execute(f"CREATE DATABASE {name} {copied_from}")
    try:
        yield server.set(database=name)
    finally:
        # The server may have been restarted meanwhile.
        with _superuser(server) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _superuser(server: URL) -> Connection:
    uri = server.set(drivername="postgresql").render_as_string(hide_password=False)
    return connect(uri, autocommit=True)


@pytest.fixture(scope="session")
def postgres_template(postgres_server: URL) -> Iterator[str]:
    """How to get a copy of a migrated database: faster than to migrate."""
    with postgres_database(postgres_server) as url:
        upgrade(url)
        with _superuser(postgres_server) as connection:
            knows_strategies = connection.info.server_version >= FIRST_WITH_STRATEGIES
        # The other one writes each page to the log as well.
        yield f"TEMPLATE {url.database}" + " STRATEGY FILE_COPY" * knows_strategies


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "migrated.db"
    upgrade(URL.create("sqlite+aiosqlite", database=str(path)))
    return path


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_template: Path) -> URL:
    """A migrated, empty SQLite file."""
    path = tmp_path / "bot.db"
    shutil.copyfile(sqlite_template, path)
    return URL.create("sqlite+aiosqlite", database=str(path))


@pytest.fixture
def postgres_url(postgres_server: URL, postgres_template: str) -> Iterator[URL]:
    """A migrated, empty PostgreSQL database."""
    with postgres_database(postgres_server, postgres_template) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> URL:
    """A migrated, empty database; the test runs once on each kind."""
    url: URL = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(params=["sqlite", "postgres"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[URL]:
    """A database without a single table, on each kind."""
    if request.param == "sqlite":
        yield URL.create("sqlite+aiosqlite", database=str(tmp_path / "empty.db"))
        return
    with postgres_database(request.getfixturevalue("postgres_server")) as url:
        yield url


@pytest.fixture
def keyring() -> Keyring:
    return TEST_KEYRING


@pytest.fixture
async def engine(database_url: URL, keyring: Keyring) -> AsyncIterator[AsyncEngine]:
    async with opened(database_url, keyring) as engine:
        yield engine


@pytest.fixture
def sessions(engine: AsyncEngine) -> Sessions:
    return create_sessions(engine)
