"""The client talks to a sandbox Avito; one kind of database is enough to keep its gates."""

import pytest
from sqlalchemy import URL

from tests.support.avito import clock, rig

__all__ = ["clock", "rig"]


@pytest.fixture
def database_url(sqlite_url: URL) -> URL:
    return sqlite_url
