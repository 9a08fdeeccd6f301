"""Starting: what may come back is waited for, what a person must change is one clear line."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import URL

from core.database.models import AvitoProfile, User
from core.secrets import parse_keys
from sandbox.serving import serve
from sandbox.telegram.server import build_telegram_app
from tests.support.databases import opened_session
from tests.worker.process import Stand, Worker, stand

MANY = "1000"
OTHER_KEYS = "older:b3RoZXIgdGVzdHMga2VlcCBubyBzZWNyZXRzIGF0IGE="


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def ends(worker: Worker, code: int, sentence: str) -> None:
    """It ends with this code, and its last line is for a person."""
    await worker.start()
    assert await worker.exits() == code, worker.log
    assert sentence in worker.log.splitlines()[-1]
    assert "Traceback" not in worker.log


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BOT_TOKEN", ""),
        ("BOT_TOKEN", "not-a-token"),
        ("DATABASE_URL", "mysql://nobody"),
        ("SECRET_KEYS", "test:too-short"),
        ("WORKER_POLLING_RETRIES", "many"),
    ],
)
async def test_a_malformed_setting_is_named(tmp_path: Path, name: str, value: str) -> None:
    worker = Worker(tmp_path, {"BOT_TOKEN": "1:abcdef", name: value})
    await ends(worker, 2, name)


async def test_a_data_dir_that_cannot_be_written_is_named(sqlite_url: URL, tmp_path: Path) -> None:
    async with stand(sqlite_url, tmp_path, DATA_DIR="/dev/null/data") as made:
        await ends(made.worker, 2, "DATA_DIR: ")


async def test_a_token_that_telegram_does_not_know_is_named(quick: Stand) -> None:
    quick.worker.env["BOT_TOKEN"] = "7000000042:AAF-another_token"
    await ends(quick.worker, 2, "BOT_TOKEN: Telegram does not know this token")


async def test_a_database_without_its_tables_says_how_to_get_them(tmp_path: Path) -> None:
    empty = URL.create("sqlite+aiosqlite", database=str(tmp_path / "empty.db"))
    async with stand(empty, tmp_path) as made:
        await ends(made.worker, 2, "alembic upgrade head")


async def test_secrets_under_a_key_that_is_gone_are_not_started_with(
    quick: Stand, sqlite_url: URL
) -> None:
    async with opened_session(sqlite_url, parse_keys(OTHER_KEYS)) as session:
        now = quick.telegram.clock.now()
        session.add(User(telegram_id=1, created_at=now))
        await session.flush()
        session.add(
            AvitoProfile(
                owner_id=1,
                profile_name="Магазин",
                client_id="client",
                client_secret="the secret",
                created_at=now,
            )
        )
    await ends(quick.worker, 2, "older")


async def test_telegram_that_stays_away_is_asked_as_often_as_the_settings_say(
    quick: Stand,
) -> None:
    quick.telegram.fault("http_502")
    await ends(quick.worker, 1, "Telegram does not answer")
    assert len(quick.telegram.history.of("getMe")) == 3
    assert quick.worker.log.count("telegram_away") == 2


async def test_telegram_that_comes_back_is_waited_for(sqlite_url: URL, tmp_path: Path) -> None:
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    async with stand(
        sqlite_url, tmp_path, TELEGRAM_API_BASE=base, WORKER_STARTUP_RETRIES=MANY
    ) as made:
        await made.worker.start()
        await made.worker.says("telegram_away")
        async with serve(build_telegram_app(made.telegram), port=port):
            await made.up()
            assert await made.worker.stop() == 0


async def test_a_database_that_stays_away_is_given_up_on(tmp_path: Path) -> None:
    nobody = URL.create("postgresql", "bot", "canary-password", "127.0.0.1", 1, "bot")
    async with stand(nobody, tmp_path) as made:
        await ends(made.worker, 1, "does not answer")
        assert made.worker.log.count("database_away") == 2
        assert "canary-password" not in made.worker.log


async def test_a_connect_timeout_is_kept(tmp_path: Path) -> None:
    """Hosted PostgreSQL hands out URLs with one."""
    nobody = URL.create(
        "postgresql", "bot", "x", "127.0.0.1", 1, "bot", query={"connect_timeout": "10"}
    )
    async with stand(nobody, tmp_path) as made:
        await ends(made.worker, 1, "does not answer: ConnectionRefusedError")


@asynccontextmanager
async def tunnel(port: int, server: URL) -> AsyncIterator[None]:
    """A TCP port that leads to the server's Unix socket."""
    tasks: set[asyncio.Task[None]] = set()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
        finally:
            writer.close()

    async def lead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_unix_connection(f"{server.query['host']}/.s.PGSQL.5432")
        for task in (pump(reader, there[1]), pump(there[0], writer)):
            tasks.add(asyncio.create_task(task))

    async with await asyncio.start_server(lead, "127.0.0.1", port):
        yield
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_database_that_comes_back_is_waited_for(postgres_url: URL, tmp_path: Path) -> None:
    if "host" not in postgres_url.query:
        pytest.skip("this PostgreSQL is not reached over a Unix socket")
    port = free_port()
    over_tcp = postgres_url.set(host="127.0.0.1", port=port, query={})
    async with stand(over_tcp, tmp_path, WORKER_STARTUP_RETRIES=MANY) as made:
        await made.worker.start()
        await made.worker.says("database_away")
        async with tunnel(port, postgres_url):
            await made.up()
            assert await made.worker.stop() == 0


async def test_it_can_be_stopped_while_it_waits(quick: Stand) -> None:
    quick.telegram.fault("hang_before")
    quick.worker.env["WORKER_STARTUP_TIMEOUT_SEC"] = "600"
    await quick.worker.start()
    await quick.telegram.history.signal.until(lambda: quick.telegram.history.calls)
    assert await quick.worker.stop() == 0
