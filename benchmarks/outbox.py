"""The tick and the outbox: what 5,000 reports of one minute cost, and 100,000 of another day."""

from __future__ import annotations

import asyncio
import pickle
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from apscheduler.executors.debug import DebugExecutor
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.schedulers.base import STATE_RUNNING
from apscheduler.triggers.cron import CronTrigger
from sqlalchemy import URL, create_engine, delete, insert, text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks.measure import Effort, Result
from core.database.models import AvitoProfile, Delivery, ReportTask, User
from core.database.session import Sessions, create_sessions
from core.outbox import Move, Outbox, State
from core.ports import SystemClock
from core.schedule_policy import Frequency
from core.scheduler import synchronous
from core.secrets import parse_keys
from core.slots import materialise
from tests.support.databases import TEST_KEYS, opened
from utils.periods import ONE_DAY

DUE, IDLE = 5_000, 100_000
TELEGRAMS_LIMIT = 30.0
MOVES = 1_000
WIDTH = 100
"""Deliveries in hand at a time: what 30 a second are at a far-away Telegram's three seconds."""
CLAIMED = 64
LAG_STEP_SEC = 0.005


async def measure(url: URL, effort: Effort) -> list[Result]:
    """On this migrated, empty database."""
    kind = url.get_backend_name()
    async with opened(url, parse_keys(TEST_KEYS)) as engine:
        desk = await Desk.furnish(engine)
        return [
            *await _tick(desk, url, kind, effort.rounds),
            await _group_commit(desk, kind, effort.rounds),
            await _drain(desk, kind, effort.rounds),
            await _idle_tick(desk, kind, effort.rounds),
            *await _claims(desk, kind, effort.rounds),
        ]


class Desk:
    """`DUE` destinations, each of a profile of its own, and an outbox."""

    def __init__(self, engine: AsyncEngine, sessions: Sessions, tasks: list[int]) -> None:
        self.engine = engine
        self.sessions = sessions
        self.tasks = tasks
        self.clock = SystemClock()
        self.outbox = Outbox(sessions, self.clock, "bench:mark")

    @classmethod
    async def furnish(cls, engine: AsyncEngine) -> Desk:
        sessions, now = create_sessions(engine), datetime.now(UTC)
        async with sessions.begin() as session:
            session.add(User(telegram_id=1, created_at=now))
            await session.flush()
            await session.execute(
                insert(AvitoProfile), [_profile(number, now) for number in range(1, DUE + 1)]
            )
            profiles = list(await session.scalars(text("SELECT id FROM avito_profiles")))
            await session.execute(
                insert(ReportTask),
                [{"profile_id": profile, "chat_id": -profile} for profile in profiles],
            )
            tasks = list(await session.scalars(text("SELECT id FROM report_tasks")))
        return cls(engine, sessions, tasks)

    async def make_due(self) -> None:
        """Everything is due since this minute began, and nothing of it has been noticed.

        Yesterday's has arrived.
        """
        due_at = self.clock.now().replace(second=0, microsecond=0)
        async with self.sessions.begin() as session:
            await session.execute(delete(Delivery))
            await session.execute(
                insert(Delivery), [_arrived(task, due_at - ONE_DAY) for task in self.tasks]
            )
            await session.execute(
                update(ReportTask).where(ReportTask.id.in_(self.tasks)).values(next_due_at=due_at)
            )
            await session.execute(
                update(AvitoProfile).values(report_time=due_at.time(), report_timezone="UTC")
            )
        await self.analyse()

    async def fill(self, count: int, state: State) -> list[int]:
        """So many deliveries, each to a chat of its own, in this state."""
        now = self.clock.now()
        async with self.sessions.begin() as session:
            await session.execute(delete(Delivery))
            await session.execute(
                insert(Delivery),
                [_delivery(task, state, now) for task in self.tasks[:count]],
            )
            rows = list(await session.scalars(text("SELECT id FROM outbox ORDER BY id")))
        await self.analyse()
        return rows

    async def tick(self) -> None:
        """What the scheduler does every minute."""
        await self.outbox.recover()
        async with self.sessions.begin() as session:
            await materialise(session, self.clock.now())

    async def analyse(self) -> None:
        """What autovacuum does by itself, some time later."""
        vacuum = "VACUUM ANALYZE" if self.engine.dialect.name == "postgresql" else "ANALYZE"
        async with self.engine.connect() as connection:
            alone = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await alone.execute(text(vacuum))


def _profile(number: int, now: datetime) -> dict[str, Any]:
    return {
        "owner_id": 1,
        "user_id": number,
        "profile_name": "Магазин",
        "client_id": "client",
        "client_secret": "secret of the benchmark",
        # Each connected at another time, and all four frequencies, due today.
        "created_at": now - timedelta(hours=7 * number),
        "report_frequency": list(Frequency)[number % 4],
        "report_anchor": now.date() - timedelta(days=number % 30),
        "report_month_day": now.day,
    }


def _delivery(task: int, state: State, now: datetime) -> dict[str, Any]:
    return {
        "task_id": task,
        "slot": "2026-11-21T09:00",
        "due_at": now,
        "deadline_at": now + timedelta(hours=6),
        "first_day": now.date(),
        "last_day": now.date(),
        "chat_id": -task,
        "state": state,
        "owner": "bench:mark",
        "payload": {"text": "отчёт " * 100},
        "updated_at": now,
    }


def _arrived(task: int, due_at: datetime) -> dict[str, Any]:
    days = {"first_day": due_at.date() - ONE_DAY, "last_day": due_at.date() - ONE_DAY}
    slot = {"slot": f"{due_at:%Y-%m-%dT%H:%M}", "due_at": due_at, "finished_at": due_at}
    return _delivery(task, State.SENT, due_at) | slot | days


async def _tick(desk: Desk, url: URL, kind: str, rounds: int) -> list[Result]:
    ours, theirs, lags = [], [], []
    for _ in range(rounds):
        await desk.make_due()
        async with _lag() as lag:
            ours.append(await _timed(desk.tick()))
        lags.append(max(lag))
        assert len(await _ids(desk)) == 2 * DUE
        theirs.append(await asyncio.to_thread(_one_job_per_report, url))
    return [
        Result(
            f"due reports noticed per second, {kind}, against a job of APScheduler each",
            DUE / median(ours),
            DUE / median(theirs),
            at_least=30,
        ),
        Result(f"loop lag of a tick with {DUE} due, {kind}, ms", median(lags) * 1e3, limit=50),
    ]


async def _ids(desk: Desk) -> list[int]:
    async with desk.sessions() as session:
        return list(await session.scalars(text("SELECT id FROM outbox")))


def _one_job_per_report(url: URL) -> float:
    """Seconds that APScheduler takes to find and begin `DUE` jobs that are due."""
    engine = create_engine(synchronous(url))
    store = SQLAlchemyJobStore(engine=engine, tablename="benchmark_jobs")
    scheduler = BackgroundScheduler(
        jobstores={"default": store},
        executors={"default": DebugExecutor()},
        job_defaults={"misfire_grace_time": None, "coalesce": True},
        timezone=UTC,
    )
    scheduler.start(paused=True)
    try:
        store.remove_all_jobs()
        trigger, due_at = CronTrigger(hour=9), datetime.now(UTC) - timedelta(minutes=1)
        job = scheduler.add_job(
            "benchmarks.outbox:report", trigger, args=[0], next_run_time=due_at
        )
        state = job.__getstate__()
        rows = [
            {
                "id": str(number),
                "next_run_time": due_at.timestamp(),
                "job_state": pickle.dumps({**state, "id": str(number), "args": (number,)}),
            }
            for number in range(DUE)
        ]
        job.remove()
        with engine.begin() as connection:
            connection.execute(insert(store.jobs_t), rows)
        began = time.perf_counter()
        # Here and not in its own thread, so that it can be timed.
        scheduler.state = STATE_RUNNING
        scheduler._process_jobs()
        taken = time.perf_counter() - began
        assert not store.get_due_jobs(datetime.now(UTC))
    finally:
        scheduler.shutdown()
    return taken


def report(_task_id: int) -> None:
    """What a report's job would begin."""


async def _group_commit(desk: Desk, kind: str, rounds: int) -> Result:
    one_by_one, together = [], []
    for _ in range(rounds):
        rows = await desk.fill(MOVES, State.CLAIMED)
        one_by_one.append(await _timed(_each_alone(desk, rows)))
        rows = await desk.fill(MOVES, State.CLAIMED)
        together.append(await _timed(_in_hand(rows, desk.outbox.sending)))
    return Result(
        f"transitions per second, {kind}, against a commit each",
        MOVES / median(together),
        MOVES / median(one_by_one),
        at_least=6 if kind == "sqlite" else 3,
    )


async def _each_alone(desk: Desk, rows: Iterable[int]) -> None:
    now = desk.clock.now()
    changes = {"state": State.SENDING, "updated_at": now}
    for row in rows:
        async with desk.sessions.begin() as session:
            await desk.outbox._apply(session, [Move(row, lambda _row, _now: changes)])


async def _in_hand(rows: Iterable[int], work: Callable[[int], Awaitable[object]]) -> None:
    """`WIDTH` at a time."""
    places = asyncio.Semaphore(WIDTH)

    async def one(row: int) -> None:
        async with places:
            assert await work(row)

    await asyncio.gather(*map(one, rows))


async def _drain(desk: Desk, kind: str, rounds: int) -> Result:
    taken = []
    for _ in range(rounds):
        await desk.fill(DUE, State.READY)
        taken.append(await _timed(_send_all(desk.outbox)))
    return Result(
        f"deliveries per second at no latency, {kind}, against Telegram's limit",
        DUE / median(taken),
        TELEGRAMS_LIMIT,
        at_least=40,
    )


async def _send_all(outbox: Outbox) -> None:
    async def send(row: int) -> bool:
        return await outbox.sending(row) and await outbox.sent(row, row)

    while claimed := await outbox.claim_ready(2 * WIDTH):
        await _in_hand([row.id for row in claimed], send)


async def _idle_tick(desk: Desk, kind: str, rounds: int) -> Result:
    tomorrow = desk.clock.now() + timedelta(days=1)
    async with desk.sessions.begin() as session:
        await session.execute(delete(Delivery))
        await session.execute(update(ReportTask).values(next_due_at=tomorrow))
        profile = await session.scalar(text("SELECT min(id) FROM avito_profiles"))
        await session.execute(
            insert(ReportTask),
            [
                {"profile_id": profile, "chat_id": -number, "next_due_at": tomorrow}
                for number in range(IDLE - DUE)
            ],
        )
    await desk.analyse()
    await desk.tick()
    taken = [await _timed(desk.tick()) for _ in range(rounds * 5)]
    return Result(f"a tick with {IDLE} and none due, {kind}, ms", median(taken) * 1e3, limit=10)


async def _claims(desk: Desk, kind: str, rounds: int) -> list[Result]:
    """Of a day on which everything is due at once, to be built and then to be sent."""
    async with desk.sessions() as session:
        desk.tasks = list(await session.scalars(text("SELECT id FROM report_tasks")))
    results = []
    for state, claim in (
        (State.DUE, desk.outbox.claim_due),
        (State.READY, desk.outbox.claim_ready),
    ):
        await desk.fill(IDLE, state)
        taken = [await _timed(claim(CLAIMED)) for _ in range(rounds * 5)]
        name = f"a claim of {CLAIMED} among {IDLE} {state.value}, {kind}, ms"
        results.append(Result(name, median(taken) * 1e3, limit=30))
    return results


async def _timed(work: Awaitable[object]) -> float:
    began = time.perf_counter()
    await work
    return time.perf_counter() - began


@asynccontextmanager
async def _lag() -> AsyncIterator[list[float]]:
    """By how much the event loop was late meanwhile, again and again."""
    late: list[float] = []

    async def watch() -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(LAG_STEP_SEC)
            late.append(time.perf_counter() - began - LAG_STEP_SEC)

    watching = asyncio.create_task(watch())
    try:
        yield late
    finally:
        watching.cancel()
