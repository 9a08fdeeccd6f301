"""A second worker: it waits for the first to end, and takes over; else it says so and ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import URL

from tests.worker.process import Stand, Worker, stand

WAITS = "worker_waits"


@pytest.fixture
async def first(database_url: URL, tmp_path: Path) -> AsyncIterator[Stand]:
    """A worker at work."""
    async with stand(database_url, tmp_path) as made:
        await made.worker.start()
        await made.up()
        yield made


@pytest.fixture
async def second(first: Stand, database_url: URL, tmp_path: Path) -> AsyncIterator[Worker]:
    """One more, not started: with SQLite in the same DATA_DIR, with PostgreSQL in its own."""
    folder = tmp_path / "second"
    folder.mkdir()
    env = {**first.worker.env, "WORKER_STARTUP_TIMEOUT_SEC": "600"}
    if database_url.get_backend_name() == "postgresql":
        env["DATA_DIR"] = str(folder / "data")
    worker = Worker(folder, env)
    yield worker
    await worker.close()


async def greets(stand: Stand, name: str) -> None:
    chat = stand.telegram.user(name).private(stand.me)
    chat.start()
    await chat.wait_for("Это Avito Analytics Bot")


async def test_it_gives_up_when_the_first_goes_on(first: Stand, second: Worker) -> None:
    second.env["WORKER_STARTUP_TIMEOUT_SEC"] = "4"
    await second.start()
    assert await second.exits() == 1
    assert "another worker is running" in second.log.splitlines()[-1]
    assert "Traceback" not in second.log
    await greets(first, "Алиса")
    assert "polling_failed" not in first.worker.log


async def test_it_takes_over_from_one_that_is_killed(first: Stand, second: Worker) -> None:
    await second.start()
    await second.says(WAITS)
    await first.worker.kill()
    await second.says("worker_started")
    await greets(first, "Алиса")


@pytest.mark.one_database
async def test_it_takes_over_from_one_that_is_stopped_as_in_a_deploy(
    first: Stand, second: Worker
) -> None:
    await second.start()
    await second.says(WAITS)
    await greets(first, "Алиса")
    assert await first.worker.stop() == 0
    await second.says("worker_started")
    await greets(first, "Боб")
    assert "polling_failed" not in first.worker.log + second.log


@pytest.mark.one_database
async def test_it_can_be_stopped_while_it_waits(first: Stand, second: Worker) -> None:
    await second.start()
    await second.says(WAITS)
    assert await second.stop() == 0
