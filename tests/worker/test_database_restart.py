"""PostgreSQL restarts in the middle of the traffic; people only notice that it took longer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from sqlalchemy import URL

from sandbox.telegram.events import PATIENCE_SEC
from tests.support.databases import postgres_database, upgrade
from tests.support.postgres import PostgresServer
from tests.worker.process import LONGEST_PAUSE, Stand, stand

PEOPLE = 40


@pytest.fixture
async def busy(server: PostgresServer, tmp_path: Path) -> AsyncIterator[Stand]:
    """A worker at work on that server."""
    async with AsyncExitStack() as stack:
        url: URL = stack.enter_context(postgres_database(server.url))
        upgrade(url)
        made = await stack.enter_async_context(
            stand(url, tmp_path, WORKER_RETRY_BACKOFF_MAX_SEC=LONGEST_PAUSE)
        )
        await made.worker.start()
        await made.up()
        yield made


async def test_a_restart_of_the_database_loses_and_doubles_nothing(
    server: PostgresServer, busy: Stand
) -> None:
    chats = [busy.telegram.user(f"Гость {n}").private(busy.me) for n in range(PEOPLE)]
    history = busy.telegram.history
    for wave in range(3):
        for chat in chats:
            chat.start()
            chat.send("/profiles")
        begun = len(history.calls)
        await history.signal.until(lambda: len(history.calls) > begun + 5 * wave + 1)  # noqa: B023
        await asyncio.to_thread(server.stop)
        await asyncio.sleep(0.5)
        await asyncio.to_thread(server.start)
    for chat in chats:
        async with asyncio.timeout(PATIENCE_SEC):
            while len(busy.telegram.sent(chat.id)) < 6:
                await asyncio.sleep(0.05)
    await busy.telegram.settled(busy.me, quiet=1.0)
    for chat in chats:
        signs = ["Avito Analytics Bot", "Профили Avito"] * 3
        texts = [message.words for message in busy.telegram.sent(chat.id)]
        assert len(texts) == len(signs), texts
        for sign, text in zip(signs, texts, strict=True):
            assert sign in text
    assert busy.worker.process.returncode is None
    assert "Traceback" not in busy.worker.log, busy.worker.log
