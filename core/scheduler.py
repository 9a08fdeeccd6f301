"""When things are done: the minute tick, repairs, what is read and asked at night, housekeeping.

APScheduler wakes us, with its jobs in the database, on a thread of its own: its job store is
synchronous and would block the event loop. Nothing depends on its store, though. Schedules are
rows of ours, the few jobs are put back at every start, and a pulse on the loop does by itself
what did not come at its time: a machine sleeps, its clock is stepped, a demo's clock is moved.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from apscheduler.executors.debug import DebugExecutor
from apscheduler.job import Job
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from sqlalchemy import URL, Engine, create_engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from core.database.health import is_unreachable
from core.database.repositories import jobs
from core.database.session import Sessions
from core.errors import DatabaseAway
from core.logs import get_logger
from core.outbox import Outbox
from core.ports import Clock, Escalate
from core.services.schedule import reschedule_far, reschedule_missing
from core.slots import materialise
from utils.periods import MOSCOW

log = get_logger(__name__)

TABLE = "scheduler_jobs"
PULSE_SEC = 1.0
GRACE = timedelta(seconds=2)
"""How long a tick or another alarm may be late before the pulse gives it."""
STOP_SEC = 0.8
CONNECT_SEC = 5

Errand = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Errands:
    """What is done at its time by others."""

    wake_builder: Callable[[], object]
    """There may be something to build, or to send."""
    begin_export: Callable[[int], object]
    """Start this job, which makes a file of chats, unless it is at work."""
    warm_up: Errand
    """Read the statistics of reports that are due soon."""
    sync_statistics: Errand
    """Read the statistics of all accounts, before the morning."""
    keep_house: Errand
    tell: Errand
    """Tell owners and the operator what they have yet to hear."""
    call_roll: Errand
    """See whether everybody still has a say where his reports go."""
    escalate: Escalate


@dataclass(frozen=True, slots=True)
class Alarm:
    """A job of APScheduler: when it rings, and after what silence it must be broken."""

    reference: str
    trigger: BaseTrigger
    silence: timedelta


ALARMS = {
    "tick": Alarm("core.scheduler:tick", CronTrigger(second=0), timedelta(seconds=90)),
    "repair": Alarm(
        "core.scheduler:sync_scheduler_tasks", CronTrigger(minute="*/15"), timedelta(minutes=16)
    ),
    "sync_statistics": Alarm(
        "core.scheduler:sync_statistics",
        CronTrigger(hour=4, minute=30, timezone=MOSCOW),
        timedelta(hours=25),
    ),
    "call_roll": Alarm(
        "core.scheduler:call_roll",
        CronTrigger(hour=5, minute=30, timezone=MOSCOW),
        timedelta(hours=25),
    ),
    "keep_house": Alarm("core.scheduler:keep_house", CronTrigger(minute=7), timedelta(minutes=65)),
}

# APScheduler finds its functions by their names, so they have to find their scheduler alone.
_running: set[Scheduler] = set()


def tick() -> None:
    _ring("tick")


def sync_scheduler_tasks() -> None:
    _ring("repair")


def sync_statistics() -> None:
    _ring("sync_statistics")


def call_roll() -> None:
    _ring("call_roll")


def keep_house() -> None:
    _ring("keep_house")


def _ring(name: str) -> None:
    for scheduler in tuple(_running):
        scheduler.ring(name)


async def run_scheduled_report(task_id: int) -> None:
    """Put what is due at one destination on its way now; what is on its way already stays one."""
    for scheduler in tuple(_running):
        await scheduler.materialise(task_id)


class Scheduler:
    def __init__(
        self, url: URL, sessions: Sessions, outbox: Outbox, clock: Clock, errands: Errands
    ) -> None:
        self._sessions = sessions
        self._outbox = outbox
        self._clock = clock
        self._errands = errands
        self._alarms = AlarmClock(url)
        self._work: dict[str, Errand] = {
            "tick": self._tick,
            "tell": errands.tell,
            "warm_up": errands.warm_up,
            "call_roll": errands.call_roll,
            "repair": self._repair,
            "sync_statistics": errands.sync_statistics,
            "keep_house": errands.keep_house,
            "set_alarms": self._set_alarms,
        }
        self._loop: asyncio.AbstractEventLoop | None = None
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._failing: set[str] = set()
        self._ticked_at: datetime | None = None
        self._rang: dict[str, float] = {}
        self._answered: dict[str, datetime] = {}
        self._made_up: set[str] = set()

    async def run(self) -> None:
        """Do everything at its time until cancelled."""
        self._loop = asyncio.get_running_loop()
        _running.add(self)
        # What rang while we were away is known to APScheduler's store.
        self._answered = dict.fromkeys(ALARMS, self._clock.now())
        try:
            for name in ("repair", "tick", "keep_house"):
                self._begin(name)
            await asyncio.sleep(PULSE_SEC)
            # The start has enough to do, and has ticked already.
            self._begin("set_alarms")
            while True:
                await asyncio.sleep(PULSE_SEC)
                self._pulse()
        finally:
            _running.discard(self)
            await self._stop()

    def ring(self, name: str) -> None:
        """From the thread of the alarms: have this done on the loop."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._heard, name)

    async def materialise(self, task_id: int | None = None) -> None:
        async with self._sessions.begin() as session:
            due = await materialise(session, self._clock.now(), task_id=task_id)
            # Also those whose commit worked and whose answer was lost, and those of a button.
            exports_due = await jobs.open_of(session, jobs.EXPORT_DUE)
        if due:
            log.info("reports_due", count=due)
        self._errands.wake_builder()
        for job_id in exports_due:
            self._errands.begin_export(job_id)

    async def _tick(self) -> None:
        now = self._clock.now()
        await self._outbox.recover()
        await self.materialise()
        self._ticked_at = now
        # Beside the ticks, not in them: Avito may take its time.
        self._begin("tell")
        self._begin("warm_up")

    async def _repair(self) -> None:
        now = self._clock.now()
        async with self._sessions.begin() as session:
            repaired = await reschedule_missing(session, now) + await reschedule_far(session, now)
        if repaired:
            log.warning("schedules_repaired", count=repaired)

    async def _set_alarms(self) -> None:
        self._rang = dict.fromkeys(ALARMS, time.monotonic())
        try:
            await _in_thread(self._alarms.start)
        except OperationalError as error:
            raise DatabaseAway(f"the job store does not answer: {error.orig}") from error

    def _heard(self, name: str) -> None:
        if self in _running:
            self._rang[name] = time.monotonic()
            if name in self._made_up:
                self._made_up.remove(name)  # late at last
            else:
                self._answer(name)

    def _answer(self, name: str) -> None:
        self._answered[name] = self._clock.now()
        self._begin(name)

    def _pulse(self) -> None:
        # First: reports of the morning are about what is read at night.
        self._make_up()
        if self._lacks_tick():
            self._begin("tick")
        now = time.monotonic()
        silent = [
            n for n, at in self._rang.items() if now - at > ALARMS[n].silence.total_seconds()
        ]
        if silent:
            # Their thread died with the database, or somebody's older version of us could not
            # read them and threw them out of the store.
            log.warning("alarms_silent", names=silent)
            self._begin("set_alarms")

    def _make_up(self) -> None:
        """Do what should have rung by our clock and did not; a tick is missed by `_lacks_tick`."""
        now = self._clock.now()
        for name in ALARMS:
            if name == "tick" or name in self._under_way:
                continue
            if now < self._answered[name] - GRACE:
                self._answered[name] = now  # the clock was ahead
            elif _due_after(name, self._answered[name]) <= now - GRACE:
                log.info("made_up", alarm=name)
                self._made_up.add(name)
                self._answer(name)

    def _lacks_tick(self) -> bool:
        now = self._clock.now()
        if self._ticked_at is None or now < self._ticked_at - GRACE:
            return True
        return _minute(now - GRACE) > _minute(self._ticked_at)

    def _begin(self, name: str) -> None:
        """Have it done unless it is being done, or all is over."""
        if name in self._under_way or self not in _running:
            return
        task = asyncio.create_task(self._do(name), name=f"scheduler-{name}")
        self._under_way[name] = task
        task.add_done_callback(lambda _: self._under_way.pop(name, None))

    async def _do(self, name: str) -> None:
        try:
            await self._work[name]()
        except Exception as error:
            if name in self._failing:
                return  # said already; a tick is tried every second
            self._failing.add(name)
            if is_unreachable(error):
                log.warning("errand_put_off", errand=name, why=type(error).__name__)
            else:
                # The edge of the errands: one that fails must not end the others.
                log.exception("errand_failed", errand=name)
                self._errands.escalate(error, errand=name)
                # No tick may be left to do it.
                self._begin("tell")
        else:
            self._failing.discard(name)

    async def _stop(self) -> None:
        under_way = list(self._under_way.values())
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_SEC):
                await _in_thread(self._alarms.stop)


class _Alarms(BackgroundScheduler):  # type: ignore[misc]  # APScheduler has no types
    """One whose thread outlives its database.

    APScheduler expects a failure of the first question to its store alone.
    """

    def _process_jobs(self) -> float | None:
        try:
            wait: float | None = super()._process_jobs()
        except OperationalError as error:
            log.warning("alarms_wait_for_database", why=type(error.orig).__name__)
            return float(self.jobstore_retry_interval)
        return wait


class AlarmClock:
    """APScheduler and its job store. Its methods block: they are called on other threads."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._is_stopped = False
        self._scheduler: _Alarms | None = None

    def start(self) -> None:
        """Begin, or begin anew, with every alarm set."""
        with self._lock:
            self._halt()
            if self._is_stopped:
                return
            store = SQLAlchemyJobStore(engine=_store_engine(self._url), tablename=TABLE)
            scheduler = _Alarms(
                jobstores={"default": store},
                # Ringing takes no time, so it needs no threads of its own.
                executors={"default": DebugExecutor()},
                job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1},
                timezone=UTC,
            )
            self._scheduler = scheduler
            scheduler.start(paused=True)
            for name, alarm in ALARMS.items():
                _set(scheduler, name, alarm)
            scheduler.resume()

    def stop(self) -> None:
        self._is_stopped = True
        with self._lock:
            self._halt()

    def _halt(self) -> None:
        if self._scheduler is not None and self._scheduler.running:
            self._scheduler.shutdown()
        self._scheduler = None


def _due_after(name: str, instant: datetime) -> datetime:
    due: datetime = ALARMS[name].trigger.get_next_fire_time(instant, instant)
    return due


def _set(scheduler: BackgroundScheduler, name: str, alarm: Alarm) -> None:
    # Whatever is stored under this name gives way, readable or not; only what rang while we
    # were away still counts.
    options = {"next_run_time": datetime.now(UTC)} if _has_passed(scheduler, name) else {}
    scheduler.add_job(alarm.reference, alarm.trigger, id=name, replace_existing=True, **options)


def _has_passed(scheduler: BackgroundScheduler, name: str) -> bool:
    try:
        stored: Job | None = scheduler.get_job(name)
    except Exception:  # unpickling may raise anything
        log.warning("alarm_unreadable", name=name)
        return False
    return stored is not None and stored.next_run_time < datetime.now(UTC)


def _store_engine(url: URL) -> Engine:
    # Asked about once a minute: a connection kept for that would only go stale. And APScheduler
    # looks into its store once more after it has closed it.
    return create_engine(synchronous(url), hide_parameters=True, poolclass=NullPool)


def synchronous(url: URL) -> URL:
    """The same database through a driver that APScheduler can use."""
    if url.get_backend_name() == "sqlite":
        return url.set(drivername="sqlite").update_query_dict({"timeout": "30"})
    query = dict(url.query)
    if "ssl" in query:
        query["sslmode"] = query.pop("ssl")
    query["connect_timeout"] = query.pop("timeout", str(CONNECT_SEC))
    return url.set(drivername="postgresql+psycopg", query=query)


async def _in_thread(work: Callable[[], None]) -> None:
    """Like `asyncio.to_thread`, but a database that hangs there cannot hold up our exit."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def settle(error: Exception | None) -> None:
        if done.done():
            return
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)

    def run() -> None:
        failure = None
        try:
            work()
        except Exception as error:
            failure = error
        # We may have gone meanwhile, and the loop with us.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, failure)

    threading.Thread(target=run, name="alarm-clock", daemon=True).start()
    await done


def _minute(instant: datetime) -> datetime:
    return instant.replace(second=0, microsecond=0)
