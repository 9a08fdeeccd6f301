"""The worker as a process of its own, on each kind of database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL

from tests.support.postgres import PostgresServer, find_binaries, running_server
from tests.worker.process import Stand, stand


@pytest.fixture
async def quick(sqlite_url: URL, tmp_path: Path) -> AsyncIterator[Stand]:
    """On SQLite, for what has nothing to do with the database. Not started."""
    async with stand(sqlite_url, tmp_path) as made:
        yield made


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """One that nobody else uses."""
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL of our own to restart")
    with running_server(binaries) as running:
        yield running
