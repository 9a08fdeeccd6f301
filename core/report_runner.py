"""The builder: deliveries that are due become messages that only have to be sent.

Destinations of one profile that are due together share one reading. Readings run side by side,
and a slow or broken profile holds up nobody else's reports.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import select

from core.database.health import is_unreachable
from core.database.models import AvitoProfile, Delivery, ReportTask
from core.database.repositories.outbox import TRIAL
from core.database.session import Sessions, reading
from core.errors import (
    AvitoError,
    ProfileNotFound,
    RateLimited,
    SecretKeyError,
    Unavailable,
    UnexpectedAnswer,
)
from core.logs import get_logger
from core.outbox import Outbox
from core.ports import Clock
from core.report_data import Collector, ReportData
from utils.analytics import Figure
from utils.metrics import METRICS
from utils.periods import Period

log = get_logger(__name__)

WIDTH = 16
"""How many profiles are read at a time."""
IN_HAND = 64
"""How many deliveries are claimed at a time, being read or waiting for their turn."""
POLL_SEC = 1.0
DATABASE_RETRY_SEC = 2.0
READING_SEC = 90.0
"""The longest one reading may take, well within the lease of a delivery."""
PATIENCE = timedelta(minutes=30)
TRIAL_PATIENCE = timedelta(minutes=3)
"""How long after its slot a report waits for an Avito in trouble; somebody watches a trial."""
FEWEST_TRIES = 3
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(minutes=5)
PASSING = {kind.__name__ for kind in (RateLimited, Unavailable, UnexpectedAnswer)}
"""Troubles worth waiting for; all others are there until somebody does something."""
DEFECT = "defect"
"""What a report failed with that Avito has no part in."""

Payload = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ScheduledReport:
    """Everything a scheduled report says."""

    data: ReportData
    owner_id: int
    chat_id: int
    is_trial: bool
    missed: list[datetime]
    """Slots as local wall clocks that passed without a report since the last one."""


Render = Callable[[ScheduledReport, datetime], Sequence[Payload]]
"""The messages of a report: most often one."""
GaveUp = Callable[[Sequence[int], str], Awaitable[None]]
"""Called with deliveries of one profile that could not be built, and why."""


@dataclass(frozen=True, slots=True)
class Group:
    """Deliveries of one profile about the same days."""

    owner_id: int
    profile_id: int
    period: Period
    deliveries: list[tuple[Delivery, ReportTask]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why there are no numbers that a report could be made of."""

    reason: str
    """The class name of the error, or `DEFECT`."""
    until: datetime | None = None
    """When it is over, where Avito's limit is all that is wrong."""
    older: ReportData | None = None
    """Numbers from before the last day was over: better than none at the very end."""


class ReportRunner:
    def __init__(
        self,
        sessions: Sessions,
        outbox: Outbox,
        collector: Collector,
        clock: Clock,
        *,
        render: Render,
        gave_up: GaveUp,
    ) -> None:
        self._sessions = sessions
        self._outbox = outbox
        self._collector = collector
        self._clock = clock
        self._render = render
        self._gave_up = gave_up
        self._slots = asyncio.Semaphore(WIDTH)
        self._in_hand = 0
        self._news = asyncio.Event()

    def wake(self) -> None:
        """Something may be due."""
        self._news.set()

    async def run(self) -> None:
        """Build whatever is due, until cancelled; `Outbox.release` puts back what is in hand."""
        async with asyncio.TaskGroup() as builds:
            while True:
                self._news.clear()
                groups = await self._take()
                for group in groups:
                    builds.create_task(self._build(group), name=f"build-{group.profile_id}")
                if not groups:
                    await self._listen()

    async def _listen(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(POLL_SEC):
                await self._news.wait()

    async def _take(self) -> list[Group]:
        """Claim what is due, if there is room for a good part of it: a claim is a transaction."""
        room = IN_HAND - self._in_hand
        if room < IN_HAND // 2:
            return []
        claimed = await _outlasting_database(lambda: self._outbox.claim_due(room))
        groups = await _outlasting_database(lambda: self._grouped(claimed)) if claimed else []
        self._in_hand += sum(len(group.deliveries) for group in groups)
        return groups

    async def _grouped(self, claimed: Sequence[Delivery]) -> list[Group]:
        query = (
            select(ReportTask, AvitoProfile.owner_id)
            .join(AvitoProfile, AvitoProfile.id == ReportTask.profile_id)
            .where(ReportTask.id.in_({delivery.task_id for delivery in claimed}))
        )
        async with reading(self._sessions) as session:
            tasks = {task.id: (task, owner_id) for task, owner_id in await session.execute(query)}
        groups: dict[tuple[int, Period], Group] = {}
        for delivery in claimed:
            if delivery.task_id in tasks:  # else it was unbound since, and the delivery is gone
                task, owner_id = tasks[delivery.task_id]
                period = Period(delivery.first_day, delivery.last_day)
                group = Group(owner_id, task.profile_id, period)
                group = groups.setdefault((task.profile_id, period), group)
                group.deliveries.append((delivery, task))
        return list(groups.values())

    async def _build(self, group: Group) -> None:
        try:
            async with self._slots:
                outcome = await _outlasting_database(lambda: self._read(group))
            await _outlasting_database(lambda: self._settle(group, outcome))
        except Exception:
            # The edge of a task that nobody awaits. Its leases run out, and it is built again.
            log.exception("build_broke", profile_id=group.profile_id)
        finally:
            self._in_hand -= len(group.deliveries)
            self._news.set()

    async def _read(self, group: Group) -> ReportData | Trouble:
        profile = None
        try:
            async with asyncio.timeout(READING_SEC):
                profile = await self._collector.profile(group.owner_id, group.profile_id)
                return _judged(await self._collector.collect(profile, group.period))
        except RateLimited as refusal:
            return Trouble(RateLimited.__name__, until=refusal.retry_at)
        except AvitoError as error:
            return Trouble(type(error).__name__)
        except TimeoutError:
            # Avito takes requests and does not answer: whole days are good without it.
            hangs = Unavailable("reading", detail="TimeoutError")
            data = await self._collector.stored(profile, group.period, hangs) if profile else None
            return _judged(data) if data else Trouble(Unavailable.__name__)
        except (ProfileNotFound, SecretKeyError) as error:
            # Deleted a moment ago, with its deliveries; or a key is missing from SECRET_KEYS.
            log.error("profile_not_opened", profile_id=group.profile_id, why=str(error))  # noqa: TRY400
            return Trouble(DEFECT)

    async def _settle(self, group: Group, outcome: ReportData | Trouble) -> None:
        """Freeze, postpone or give up each delivery of the group."""
        moves = (self._move(group, *each, outcome) for each in group.deliveries)
        failures: defaultdict[str, list[int]] = defaultdict(list)
        for (delivery, _), failure in zip(
            group.deliveries, await asyncio.gather(*moves), strict=True
        ):
            if failure is not None:
                failures[failure].append(delivery.id)
        for why, deliveries in failures.items():
            log.warning("not_built", profile_id=group.profile_id, deliveries=deliveries, why=why)
            # Told first: nobody looks again at a delivery that is closed. A crash in between
            # tells nothing twice, since the destination remembers what was told.
            await self._gave_up(deliveries, why)
            await asyncio.gather(*(self._outbox.fail(each, why) for each in deliveries))

    async def _move(
        self, group: Group, delivery: Delivery, task: ReportTask, outcome: ReportData | Trouble
    ) -> str | None:
        """Take a delivery one step further; returns what it fails with, if it does."""
        if isinstance(outcome, Trouble):
            at = self._next_try(delivery, outcome)
            if at is not None:
                await self._outbox.postpone(delivery.id, at, outcome.reason)
                return None
            if outcome.older is None or outcome.reason not in PASSING:
                return outcome.reason
            outcome = outcome.older
        report = await self._report(group, delivery, task, outcome)
        try:
            payloads = self._render(report, self._clock.now())
        except Exception:
            # Whatever it is about this one, the others have to get theirs.
            log.exception("not_rendered", delivery_id=delivery.id)
            return DEFECT
        await self._outbox.ready(delivery.id, *payloads)
        return None

    def _next_try(self, delivery: Delivery, trouble: Trouble) -> datetime | None:
        """When to try again, None when that is not worth it any more."""
        now = self._clock.now()
        patience = TRIAL_PATIENCE if _is_trial(delivery) else PATIENCE
        is_over = now >= delivery.due_at + patience and delivery.attempt >= FEWEST_TRIES
        if trouble.reason not in PASSING or is_over:
            return None
        at = trouble.until or now + min(FIRST_PAUSE * 2**delivery.attempt, LONGEST_PAUSE)
        return at if at < delivery.deadline_at else None

    async def _report(
        self, group: Group, delivery: Delivery, task: ReportTask, data: ReportData
    ) -> ScheduledReport:
        is_trial = _is_trial(delivery)
        missed = [] if is_trial else await self._outbox.missed_before(delivery)
        return ScheduledReport(
            data=replace(data, figures=chosen(data.figures, task.report_metrics)),
            owner_id=group.owner_id,
            chat_id=delivery.chat_id,
            is_trial=is_trial,
            missed=[datetime.fromisoformat(each.slot) for each in missed],
        )


async def _outlasting_database(work: Callable[[], Awaitable[T]]) -> T:
    """Repeat work that failed because the database went away."""
    is_away = False
    while True:
        try:
            return await work()
        except Exception as error:
            if not is_unreachable(error):
                raise
            if not is_away:
                log.warning("builder_waits_for_database", why=type(error).__name__)
            is_away = True
        await asyncio.sleep(DATABASE_RETRY_SEC)


def _is_trial(delivery: Delivery) -> bool:
    return delivery.slot.startswith(TRIAL)


def _judged(data: ReportData) -> ReportData | Trouble:
    """Numbers read after their last day was over will do; those of half a day only in need."""
    if data.cut_at is None:
        return data
    reason = RateLimited if data.failure is None else type(data.failure)
    return Trouble(reason.__name__, until=data.refreshes_at, older=data)


def chosen(figures: Sequence[Figure], stored: str | None) -> list[Figure]:
    """The figures an owner ticked; all where nothing sensible is stored."""
    try:
        keys = METRICS.keys() & set(json.loads(stored or "[]"))
    except (ValueError, TypeError):
        keys = set()
    return [figure for figure in figures if not keys or figure.metric.key in keys]
