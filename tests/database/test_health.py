"""A database that is away is waited for; one that refuses is not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import URL, make_url
from sqlalchemy.exc import OperationalError

from core.config import StorageSettings
from core.database.health import (
    ALEMBIC_INI,
    check_database,
    is_unreachable,
    wait_for_database,
)
from core.database.session import create_engine
from core.errors import DatabaseAway, DatabaseRefused, SettingsError
from tests.support.databases import TEST_KEYS, opened

NOBODY_LISTENS = make_url("postgresql+asyncpg://bot:canary-password@127.0.0.1:1/bot")
IMPATIENT = {
    "WORKER_STARTUP_RETRIES": "3",
    "WORKER_RETRY_BACKOFF_BASE_SEC": "0.01",
    "WORKER_RETRY_BACKOFF_MAX_SEC": "0.01",
}


async def test_a_database_that_answers_is_fine(database_url: URL) -> None:
    async with opened(database_url) as engine:
        await check_database(engine, timeout=5)


async def test_a_database_that_does_not_listen_is_away() -> None:
    async with opened(NOBODY_LISTENS) as engine:
        with pytest.raises(DatabaseAway) as raised:
            await check_database(engine, timeout=5)
    assert "127.0.0.1:1/bot does not answer" in str(raised.value)
    assert "canary-password" not in str(raised.value)


async def test_a_database_that_does_not_exist_refuses(postgres_server: URL) -> None:
    async with opened(postgres_server.set(database="no_such")) as engine:
        with pytest.raises(DatabaseRefused, match='"no_such" does not exist'):
            await check_database(engine, timeout=5)


async def test_a_full_disk_may_have_room_again(sqlite_url: URL) -> None:
    async with opened(sqlite_url) as engine, engine.connect() as connection:
        await connection.exec_driver_sql("PRAGMA max_page_count = 1")
        with pytest.raises(OperationalError, match="full") as raised:
            await connection.exec_driver_sql("CREATE TABLE big AS SELECT zeroblob(1000000)")
    assert is_unreachable(raised.value)


def test_a_folder_in_place_of_the_file_is_a_wrong_setting(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^DATABASE_URL: the file .* cannot be used"):
        create_engine(URL.create("sqlite+aiosqlite", database=str(tmp_path)))


async def test_it_is_asked_as_often_as_the_settings_say(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name, value in IMPATIENT.items():
        monkeypatch.setenv(name, value)
    async with opened(NOBODY_LISTENS) as engine:
        with pytest.raises(DatabaseAway):
            await wait_for_database(engine, StorageSettings())
    assert caplog.text.count("database_away") == 2


def _alembic(**environment: str) -> subprocess.CompletedProcess[str]:
    """`alembic upgrade head` as an operator runs it."""
    return subprocess.run(
        [sys.executable, "-m", "alembic", "-c", str(ALEMBIC_INI), "upgrade", "head"],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_alembic_migrates_an_empty_data_dir_and_logs_to_stdout(tmp_path: Path) -> None:
    done = _alembic(DATA_DIR=str(tmp_path / "data"), LOG_FORMAT="json")
    assert done.returncode == 0
    assert done.stderr == ""
    assert '"Running upgrade' in done.stdout
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == ["bot.db", "secret.keys"]


def test_alembic_names_the_wrong_setting_in_one_line() -> None:
    done = _alembic(DATABASE_URL=NOBODY_LISTENS.render_as_string(hide_password=False))
    assert done.returncode == 2
    assert done.stderr.startswith("SECRET_KEYS: is required with PostgreSQL")
    assert done.stderr.count("\n") == 1


def test_alembic_waits_for_a_database_that_is_away_and_gives_up() -> None:
    url = NOBODY_LISTENS.render_as_string(hide_password=False)
    done = _alembic(DATABASE_URL=url, SECRET_KEYS=TEST_KEYS, **IMPATIENT)
    assert done.returncode == 1
    assert done.stdout.count("database_away") == 2
    assert done.stderr.count("\n") == 1
    assert "does not answer" in done.stderr
    assert "canary-password" not in done.stdout + done.stderr
