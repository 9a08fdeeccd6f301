"""The scheduler ticks, whatever becomes of the thread, the store and the clock under it."""

from __future__ import annotations

import asyncio
import pickle
import sys
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import URL, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from core import scheduler as module
from core.config import parse_database_url
from core.outbox import State
from core.scheduler import ALARMS, Errands, Scheduler, run_scheduled_report, synchronous
from sandbox.clock import SandboxClock
from tests.support.databases import storage_settings
from tests.support.deliveries import NINE, Office
from tests.support.waiting import FOREVER_SEC, eventually

DAY = timedelta(days=1)


@dataclass
class Done:
    """What the scheduler had done."""

    times: Counter[str] = field(default_factory=Counter)
    escalated: list[tuple[Exception, dict[str, object]]] = field(default_factory=list)
    exports: list[int] = field(default_factory=list)

    def errand(self, name: str) -> Callable[[], Awaitable[None]]:
        async def note() -> None:
            self.times[name] += 1

        return note

    def escalate(self, error: Exception, **ids: object) -> None:
        self.escalated.append((error, ids))

    def wake(self) -> None:
        self.times["wake"] += 1


class Watch:
    """A scheduler and what it does."""

    def __init__(self, office: Office, url: URL) -> None:
        self.done = Done()
        self.scheduler = Scheduler(
            url,
            office.sessions,
            office.alice,
            office.clock,
            Errands(
                wake_builder=self.done.wake,
                begin_export=self.done.exports.append,
                warm_up=self.done.errand("warm_up"),
                sync_statistics=self.done.errand("sync_statistics"),
                keep_house=self.done.errand("keep_house"),
                tell=self.done.errand("tell"),
                call_roll=self.done.errand("call_roll"),
                escalate=self.done.escalate,
            ),
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Done]:
        task = asyncio.create_task(self.scheduler.run())
        try:
            yield self.done
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def watch(office: Office, engine: AsyncEngine) -> Watch:
    return Watch(office, engine.url)


def stored(url: URL, statement: str, **values: Any) -> list[Any]:
    engine = create_engine(synchronous(url))
    try:
        with engine.begin() as connection:
            result = connection.execute(text(statement), values)
            return list(result) if result.returns_rows else []
    finally:
        engine.dispose()


async def alarms_set(url: URL) -> None:
    def are_set() -> bool:
        try:
            return len(stored(url, "SELECT id FROM scheduler_jobs")) == len(ALARMS)
        except Exception:  # the table is on its way
            return False

    await eventually(are_set)


def alarm_threads() -> list[str]:
    names = ("APScheduler", "alarm-clock")
    return [each.name for each in threading.enumerate() if each.name in names]


async def test_it_begins_with_everything(watch: Watch, office: Office) -> None:
    task = await office.add_task()
    forgotten = await office.add_task(next_due_at=None)
    far = await office.add_task(next_due_at=NINE + 30 * DAY)
    async with watch.running() as done:
        begun = ("warm_up", "tell", "keep_house")
        await eventually(lambda: all(done.times[name] for name in begun))
        await eventually(lambda: "repair" not in watch.scheduler._under_way)
        (row,) = await office.deliveries(task)
        assert row.state == State.DUE
        assert done.times["wake"] == 1
        for repaired in (forgotten, far):
            assert (await office.task(repaired)).next_due_at == NINE + DAY


async def test_the_alarms_are_in_the_database_and_ring(watch: Watch, engine: AsyncEngine) -> None:
    async with watch.running() as done:
        await alarms_set(engine.url)
        before = done.times["sync_statistics"]
        rows = stored(engine.url, "SELECT id, next_run_time FROM scheduler_jobs")
        assert {row.id for row in rows} == set(ALARMS)
        night = next(row.next_run_time for row in rows if row.id == "sync_statistics")
        in_moscow = datetime.fromtimestamp(night, UTC) + timedelta(hours=3)
        assert (in_moscow.hour, in_moscow.minute) == (4, 30)

        module.sync_statistics()
        module.call_roll()
        await eventually(lambda: done.times["sync_statistics"] == before + 1)
        await eventually(lambda: done.times["call_roll"] == 1)


async def test_what_should_have_rung_while_it_was_away_rings_at_the_start(
    watch: Watch, office: Office, engine: AsyncEngine
) -> None:
    async with watch.running():
        await alarms_set(engine.url)
    past = time.time() - 3600
    stored(
        engine.url,
        "UPDATE scheduler_jobs SET next_run_time = :past WHERE id = 'sync_statistics'",
        past=past,
    )
    engine_state = stored(
        engine.url, "SELECT job_state FROM scheduler_jobs WHERE id = 'sync_statistics'"
    )
    state = pickle.loads(engine_state[0].job_state)  # noqa: S301 - APScheduler's own way
    state["next_run_time"] = datetime.fromtimestamp(past, UTC)
    stored(
        engine.url,
        "UPDATE scheduler_jobs SET job_state = :state WHERE id = 'sync_statistics'",
        state=pickle.dumps(state),
    )
    again = Watch(office, engine.url)
    async with again.running() as done:
        await eventually(lambda: done.times["sync_statistics"] == 1)


@pytest.mark.parametrize("broken", [b"not a pickle", b""])
async def test_a_stored_job_that_cannot_be_read_loses_nothing(
    watch: Watch, office: Office, engine: AsyncEngine, broken: bytes
) -> None:
    async with watch.running():
        await alarms_set(engine.url)
    stored(engine.url, "UPDATE scheduler_jobs SET job_state = :broken", broken=broken)
    task = await office.add_task()

    again = Watch(office, engine.url)
    async with again.running() as done:
        await eventually(lambda: done.times["wake"])
        assert len(await office.deliveries(task)) == 1
        await eventually(lambda: _readable(engine.url) == len(ALARMS))


def _readable(url: URL) -> int:
    rows = stored(url, "SELECT job_state FROM scheduler_jobs")
    return sum(row.job_state not in (b"not a pickle", b"") for row in rows)


async def test_a_renamed_function_loses_nothing(
    watch: Watch, office: Office, engine: AsyncEngine
) -> None:
    """An older version stored its jobs under names that this one does not have."""
    older = {
        name: type(alarm)(f"core.scheduler:old_{name}", alarm.trigger, alarm.silence)
        for name, alarm in ALARMS.items()
    }
    with (
        patch.dict(module.__dict__, {f"old_{name}": lambda: None for name in ALARMS}),
        patch.dict(ALARMS, older),
    ):
        async with watch.running():
            await alarms_set(engine.url)
    task = await office.add_task()
    again = Watch(office, engine.url)
    async with again.running() as done:
        await eventually(lambda: done.times["wake"])
        assert len(await office.deliveries(task)) == 1

        def are_ours() -> bool:
            rows = stored(engine.url, "SELECT job_state FROM scheduler_jobs")
            return all(b"old_" not in bytes(row.job_state) for row in rows)

        await eventually(are_ours)


async def test_a_clock_that_jumps_is_ticked_after(watch: Watch, office: Office) -> None:
    task = await office.add_task()
    async with watch.running() as done:
        await eventually(lambda: done.times["wake"] == 1)
        office.clock.advance(DAY)
        await eventually(lambda: done.times["wake"] == 2)
        assert [row.slot for row in await office.deliveries(task)] == [
            "2026-11-21T09:00",
            "2026-11-22T09:00",
        ]


@pytest.fixture
def no_rings(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    """No alarm but those of the test: the wall clock may pass a time of theirs just now."""
    monkeypatch.setattr(watch.scheduler._alarms, "start", lambda: None)


@pytest.mark.usefixtures("no_rings")
async def test_a_night_that_the_clock_jumped_over_is_made_up_for_before_the_morning(
    watch: Watch, office: Office
) -> None:
    async with watch.running() as done:
        await eventually(lambda: done.times["wake"] == 1)
        done.times.clear()
        office.clock.advance(DAY)
        await eventually(lambda: done.times["wake"] == 1)
        begun = list(done.times)
        assert begun.index("sync_statistics") < begun.index("call_roll") < begun.index("wake")

        # What rings late at last, as after a sleep of the machine, has been done.
        module.sync_statistics()
        module.call_roll()
        await asyncio.sleep(1.5 * module.PULSE_SEC)
        assert done.times["sync_statistics"] == done.times["call_roll"] == 1

        office.clock.advance(DAY)
        module.sync_statistics()
        await eventually(lambda: done.times["call_roll"] == 2)
        assert done.times["sync_statistics"] == 2


@pytest.mark.usefixtures("no_rings")
async def test_a_start_has_no_night_to_make_up_for(watch: Watch, office: Office) -> None:
    async with watch.running() as done:
        await eventually(lambda: done.times["wake"] == 1)
        # Until the pulse has looked.
        office.clock.advance(timedelta(minutes=1, seconds=3))
        await eventually(lambda: done.times["wake"] == 2)
        assert not done.times["sync_statistics"] + done.times["call_roll"]


@pytest.mark.usefixtures("no_rings")
async def test_a_clock_that_was_ahead_costs_no_night(
    watch: Watch, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with watch.running() as done:
        await eventually(lambda: done.times["wake"] == 1)
        office.clock.advance(30 * DAY)
        await eventually(lambda: done.times["sync_statistics"] == 1)
        mended = SandboxClock(NINE, scale=0)
        monkeypatch.setattr(watch.scheduler, "_clock", mended)
        await eventually(lambda: done.times["wake"] == 3)
        mended.advance(DAY)
        await eventually(lambda: done.times["sync_statistics"] == 2)


@pytest.mark.usefixtures("no_rings")
async def test_each_minute_has_one_tick(watch: Watch, office: Office) -> None:
    async with watch.running() as done:
        await eventually(lambda: done.times["wake"] == 1)
        # The alarm rings in time: the pulse has nothing to add.
        office.clock.advance(timedelta(seconds=61))
        module.tick()
        await eventually(lambda: done.times["wake"] == 2)
        office.clock.advance(timedelta(seconds=30))
        await asyncio.sleep(2.5 * module.PULSE_SEC)
        assert done.times["wake"] == 2


async def test_a_dead_thread_is_replaced(
    watch: Watch, office: Office, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with watch.running() as done:
        await alarms_set(engine.url)
        await eventually(lambda: alarm_threads() == ["APScheduler"])
        (dead,) = [each for each in threading.enumerate() if each.name == "APScheduler"]
        # As when the database goes away in the middle of `update_job`: the loop of the thread
        # ends with an exception, and the scheduler still takes itself for a running one.
        alarms = watch.scheduler._alarms._scheduler
        assert alarms is not None
        monkeypatch.setattr(threading, "excepthook", lambda _: None)
        monkeypatch.setattr(alarms, "_process_jobs", lambda: sys.exit("the database is away"))
        alarms.wakeup()
        await eventually(lambda: not dead.is_alive())

        task = await office.add_task(next_due_at=NINE + timedelta(minutes=5))
        office.clock.advance(timedelta(minutes=5))
        await eventually(lambda: done.times["wake"] >= 2)
        assert len(await office.deliveries(task)) == 1

        watch.scheduler._rang["tick"] -= ALARMS["tick"].silence.total_seconds()
        await eventually(lambda: alarm_threads() == ["APScheduler"])


async def test_a_tick_that_fails_is_tried_again(watch: Watch, office: Office) -> None:
    task = await office.add_task()
    real, calls = office.alice.recover, 0

    async def recover() -> None:
        nonlocal calls
        calls += 1
        if calls <= 2:
            raise ConnectionResetError
        await real()

    with patch.object(office.alice, "recover", recover):
        async with watch.running() as done:
            await eventually(lambda: done.times["wake"])
    assert len(await office.deliveries(task)) == 1


async def test_a_tick_that_never_works_is_told_to_somebody(watch: Watch, office: Office) -> None:
    defect = ZeroDivisionError()
    with patch.object(office.alice, "recover", side_effect=defect):
        async with watch.running() as done:
            await eventually(lambda: done.times["tell"])
            await asyncio.sleep(0.1)
    assert done.escalated == [(defect, {"errand": "tick"})]


async def test_what_fails_while_it_stops_begins_nothing_new(watch: Watch) -> None:
    async def break_at_the_stop() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise ZeroDivisionError

    watch.scheduler._work["warm_up"] = break_at_the_stop
    async with watch.running() as done:
        await eventually(lambda: done.times["tell"] == 1)
    assert done.times["tell"] == 1


async def test_one_errand_that_hangs_holds_up_no_other(watch: Watch, office: Office) -> None:
    began = asyncio.Event()

    async def hang() -> None:
        began.set()
        await asyncio.Event().wait()

    watch.scheduler._work["warm_up"] = hang
    async with watch.running() as done:
        await began.wait()
        office.clock.advance(timedelta(minutes=2))
        await eventually(lambda: done.times["wake"] == 2)


async def test_people_are_told_at_the_start_and_with_every_tick(
    watch: Watch, office: Office
) -> None:
    async with watch.running() as done:
        await eventually(lambda: done.times["tell"] == 1)
        office.clock.advance(timedelta(minutes=2))
        await eventually(lambda: done.times["tell"] == 2)


async def test_one_report_can_be_asked_for(watch: Watch, office: Office) -> None:
    async with watch.running() as done:
        await eventually(lambda: done.times["wake"])
        wanted, other = await office.add_task(), await office.add_task()
        await run_scheduled_report(wanted)
        await run_scheduled_report(wanted)
        assert [row.task_id for row in await office.deliveries()] == [wanted]
        assert (await office.task(other)).next_due_at == NINE


async def test_it_stops_at_once_and_leaves_no_thread(
    watch: Watch, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STOP_SEC", FOREVER_SEC)
    async with watch.running():
        await alarms_set(engine.url)
    await eventually(lambda: alarm_threads() == [])
    assert module._running == set()
    module.tick()


async def test_it_stops_before_it_has_quite_begun(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STOP_SEC", FOREVER_SEC)
    async with watch.running():
        await asyncio.sleep(0)
    await eventually(lambda: alarm_threads() == [])


async def test_a_store_that_hangs_does_not_hold_up_the_exit(watch: Watch) -> None:
    gate = threading.Event()
    with patch.object(module, "_store_engine", lambda _url: gate.wait()):
        try:
            async with watch.running() as done:
                await eventually(lambda: done.times["wake"])
        finally:
            gate.set()
        await eventually(lambda: alarm_threads() == [])


async def test_a_store_that_is_away_costs_no_tick(watch: Watch, office: Office) -> None:
    task = await office.add_task()
    away = OperationalError("SELECT 1", {}, Exception("connection refused"))
    with patch.object(module, "_store_engine", side_effect=away):
        async with watch.running() as done:
            await eventually(lambda: done.times["wake"])
            assert len(await office.deliveries(task)) == 1
            assert alarm_threads() == []


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            "postgres://bot:p%40ss@db:6432/avito?sslmode=require&connect_timeout=7",
            "postgresql+psycopg://bot:p%40ss@db:6432/avito?connect_timeout=7&sslmode=require",
        ),
        (
            "postgresql+asyncpg:///avito?host=/run/postgresql",
            "postgresql+psycopg:///avito?connect_timeout=5&host=%2Frun%2Fpostgresql",
        ),
        ("sqlite:////var/bot.db", "sqlite:////var/bot.db?timeout=30"),
    ],
)
def test_the_store_is_in_the_database_of_the_settings(given: str, expected: str) -> None:
    settings = storage_settings(parse_database_url(given))
    url = synchronous(settings.database)
    assert url.render_as_string(hide_password=False) == expected
