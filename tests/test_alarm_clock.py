"""APScheduler's thread, which rings, beside a database that comes and goes."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from sqlalchemy import URL
from sqlalchemy.exc import OperationalError

from core.scheduler import AlarmClock
from sandbox.telegram.events import PATIENCE_SEC


def test_it_outlives_a_database_that_goes_between_two_questions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def gone(_store: SQLAlchemyJobStore) -> None:
        asked.append("when next?")
        raise OperationalError("SELECT", {}, Exception("the database system is shutting down"))

    monkeypatch.setattr(SQLAlchemyJobStore, "get_next_run_time", gone)
    alarms = AlarmClock(URL.create("sqlite+aiosqlite", database=str(tmp_path / "bot.db")))
    alarms.start()
    try:
        deadline = time.monotonic() + PATIENCE_SEC
        while not asked and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.1)
        assert asked
        assert alarms._scheduler is not None
        assert alarms._scheduler._thread.is_alive()
    finally:
        alarms.stop()
