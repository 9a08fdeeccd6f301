"""The builder: deliveries that are due become messages that only have to be sent.

Destinations of one profile that are due together share one reading. Readings run side by side,
and a slow or broken profile holds up nobody else's reports. Where an owner wants one message for
several profiles, it waits a little for those that cannot be read, and then goes without them.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select

from core import patience
from core.combined import Row
from core.database.health import outlasting
from core.database.models import AvitoProfile, Delivery, ReportTask
from core.database.session import Sessions, reading
from core.digests import RenderDigest, Told, carrier_first, digest_of, message_of
from core.errors import AvitoError, ProfileNotFound, SecretKeyError, Unavailable
from core.logs import get_logger
from core.outbox import Outbox
from core.patience import Outcome, Trouble
from core.ports import Clock, Escalate
from core.report_data import Collector, ReportData
from core.services import metrics
from utils.periods import Period

log = get_logger(__name__)

WIDTH = 64
"""How many profiles are read at a time: more than there are probes of a silent Avito at a time."""
IN_HAND = 128
"""How many deliveries are claimed at a time, being read or waiting for their turn."""
POLL_SEC = 1.0
READING_SEC = 90.0
"""The longest one reading may take, well within the lease of a delivery."""

Payload = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ScheduledReport:
    """Everything a scheduled report says."""

    data: ReportData
    owner_id: int
    chat_id: int
    is_trial: bool
    is_supplement: bool
    """It came before, without a part of its last day."""
    missed: list[datetime]
    """Slots as local wall clocks that passed without a report since the last one."""
    is_followed: bool = False
    """It is not whole, and the whole one comes by itself."""
    went_ahead: bool = False
    """The digest that it should have gone in came without it."""


Render = Callable[[ScheduledReport, datetime], Sequence[Payload]]
"""The messages of a report: most often one."""
GaveUp = Callable[[Sequence[int], Exception], Awaitable[None]]
"""Called with deliveries of one profile that could not be built, and why."""


@dataclass(frozen=True, slots=True)
class Group:
    """Deliveries of one profile about the same days."""

    owner_id: int
    profile_id: int
    profile_name: str
    period: Period
    report_metrics: str | None
    """What is stored as the profile's choice of metrics."""
    deliveries: list[tuple[Delivery, ReportTask]] = field(default_factory=list)


Work = list[Group]
"""What is settled together: one group, or several with a delivery each that are one message."""


class ReportRunner:
    def __init__(
        self,
        sessions: Sessions,
        outbox: Outbox,
        collector: Collector,
        clock: Clock,
        *,
        render: Render,
        render_digest: RenderDigest,
        gave_up: GaveUp,
        escalate: Escalate,
    ) -> None:
        self._sessions = sessions
        self._outbox = outbox
        self._collector = collector
        self._clock = clock
        self._render = render
        self._render_digest = render_digest
        self._gave_up = gave_up
        self._escalate = escalate
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
                works = await self._take()
                for work in works:
                    builds.create_task(self._build(work), name=f"build-{work[0].profile_id}")
                if not works:
                    await self._listen()

    async def _listen(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(POLL_SEC):
                await self._news.wait()

    async def _take(self) -> list[Work]:
        """Claim what is due, if there is room for a good part of it: a claim is a transaction."""
        room = IN_HAND - self._in_hand
        if room < IN_HAND // 2:
            return []
        claimed = await outlasting(lambda: self._outbox.claim_due(room))
        works = await outlasting(lambda: self._grouped(claimed)) if claimed else []
        self._in_hand += sum(map(_size, works))
        return works

    async def _grouped(self, claimed: Sequence[Delivery]) -> list[Work]:
        query = (
            select(ReportTask, AvitoProfile)
            .join(AvitoProfile, AvitoProfile.id == ReportTask.profile_id)
            .where(ReportTask.id.in_({delivery.task_id for delivery in claimed}))
        )
        async with reading(self._sessions) as session:
            tasks = {task.id: (task, profile) for task, profile in await session.execute(query)}
        # One that is missing was unbound since, and its delivery is gone.
        return _works([(each, *tasks[each.task_id]) for each in claimed if each.task_id in tasks])

    async def _build(self, work: Work) -> None:
        try:
            outcomes = await asyncio.gather(*map(self._outcome, work))
            read = list(zip(work, outcomes, strict=True))
            await outlasting(lambda: self._settle_all(read))
        except Exception as error:
            # The edge of a task that nobody awaits. Its leases run out, and it is built again.
            log.exception("build_broke", profile_id=work[0].profile_id)
            self._escalate(error, profile_id=work[0].profile_id)
        finally:
            self._in_hand -= _size(work)
            self._news.set()

    async def _outcome(self, group: Group) -> Outcome:
        try:
            async with self._slots:
                return await outlasting(lambda: self._read(group))
        except Exception as error:
            # It must not spoil what it shares a message with.
            log.exception("build_broke", profile_id=group.profile_id)
            self._escalate(error, profile_id=group.profile_id)
            return None

    async def _read(self, group: Group) -> ReportData | Trouble:
        profile = None
        try:
            async with asyncio.timeout(READING_SEC):
                profile = await self._collector.profile(group.owner_id, group.profile_id)
                return patience.judged(await self._collector.collect(profile, group.period))
        except TimeoutError:
            # Avito takes requests and does not answer: whole days are good without it.
            hangs = Unavailable("reading", detail="TimeoutError")
            data = await self._collector.stored(profile, group.period, hangs) if profile else None
            return patience.judged(data) if data else Trouble(hangs)
        except (AvitoError, ProfileNotFound, SecretKeyError) as error:
            # The profile may have been deleted a moment ago, with its deliveries.
            return Trouble(error)

    async def _settle_all(self, read: Sequence[tuple[Group, Outcome]]) -> None:
        wanted = [(await self._wanted(group, outcome), outcome) for group, outcome in read]
        left = [(group, outcome) for group, outcome in wanted if group.deliveries]
        settle = self._settle_together if len(left) > 1 else self._settle_each
        await settle(left)

    async def _wanted(self, group: Group, outcome: Outcome) -> Group:
        """Without the supplements that have nothing to add to, or not yet."""
        wanted = [each for each in group.deliveries if not await self._is_idle(each[0], outcome)]
        return replace(group, deliveries=wanted)

    async def _is_idle(self, delivery: Delivery, outcome: Outcome) -> bool:
        """Whether there is nothing to do about it now; it is dropped or put off then."""
        if not patience.is_supplement(delivery):
            return False
        if await self._outbox.is_told_later(delivery):
            # The time of the reports was moved since.
            await self._outbox.drop(delivery.id, is_told_later=True)
            return True
        if isinstance(outcome, ReportData) and await self._outbox.is_cut_leaving(delivery):
            at = self._clock.now() + patience.SUPPLEMENT_PAUSE
            await self._outbox.postpone(delivery.id, at, "what it adds to is on its way")
            return True
        return False

    async def _settle_each(self, read: Sequence[tuple[Group, Outcome]]) -> None:
        """Each group by itself; one that broke is built again when its leases run out."""
        for group, outcome in read:
            if outcome is not None:
                await self._settle(group, outcome)

    async def _settle_together(self, read: Sequence[tuple[Group, Outcome]]) -> None:
        """One message about all of them, or all of them once more a little later."""
        now = self._clock.now()
        rows = [(delivery, outcome) for group, outcome in read for delivery, _ in group.deliveries]
        at = patience.next_try_together(rows, now)
        if at is not None:
            await self._put_off([group for group, _ in read], at, "waits for others")
            return
        told: list[tuple[Group, ReportData]] = []
        missing: list[tuple[Group, Trouble | None]] = []
        named: list[Row] = []
        for group, outcome in read:
            delivery, _ = group.deliveries[0]
            data = patience.tellable(delivery, outcome, now)
            if data is not None:
                told.append((group, data))
            elif not isinstance(outcome, ReportData):
                missing.append((group, outcome))
                # In a supplement nobody misses what is not there yet: it came before.
                if not patience.is_supplement(delivery):
                    named.append(self._missing(group, outcome))
        if told and len(told) + len(named) > 1:
            await self._freeze_together(told, named)
        else:
            await self._settle_each(told)
        await self._settle_missing(missing)

    async def _settle_missing(self, missing: Sequence[tuple[Group, Trouble | None]]) -> None:
        """What may be read yet is asked for at one time, so that it comes together."""
        now = self._clock.now()
        tries = [
            (group, trouble, patience.next_try(delivery, trouble, now))
            for group, trouble in missing
            if trouble is not None
            for delivery, _ in group.deliveries
        ]
        at = min((at for _, _, at in tries if at is not None), default=None)
        for group, trouble, own in tries:
            if own is None or at is None:
                await self._settle(group, trouble)
            else:
                await self._put_off([group], at, patience.reason_of(trouble.error))

    def _missing(self, group: Group, why: Trouble | None) -> Row:
        if why is None:
            return Row(group.profile_id, group.profile_name, None, comes_later=True)
        now = self._clock.now()
        tries = [patience.next_try(delivery, why, now) for delivery, _ in group.deliveries]
        return Row(
            group.profile_id,
            group.profile_name,
            None,
            why=type(why.error).__name__,
            comes_later=any(tries),
        )

    async def _freeze_together(
        self, read: Sequence[tuple[Group, ReportData]], missing: Sequence[Row]
    ) -> None:
        groups = [group for group, _ in read]
        told = await asyncio.gather(
            *(
                self._told(group, delivery, task, data)
                for group, data in read
                for delivery, task in group.deliveries
            )
        )
        owner_id, period, now = groups[0].owner_id, groups[0].period, self._clock.now()
        supplements = [
            (each.delivery.id, at)
            for each in told
            if each.row.data and (at := patience.supplement_at(each.delivery, each.row.data, now))
        ]
        first = told[0]
        went_ahead = await self._went_ahead(owner_id, first.delivery, first.task)
        try:
            digest = digest_of(
                owner_id,
                period,
                told,
                missing,
                is_followed=bool(supplements),
                went_ahead=went_ahead,
            )
            payloads = self._render_digest(digest, now)
        except Exception as error:
            # One of them spoils it for all, so each goes by itself.
            log.exception("digest_not_rendered", owner_id=owner_id)
            self._escalate(error, owner_id=owner_id)
            await self._settle_each(read)
            return
        carrier, *joined = carrier_first(told)
        if not await self._outbox.ready(
            carrier, *payloads, joined=joined, supplements=supplements
        ):
            # One of them was unbound meanwhile: its numbers are nobody's business there any more.
            await self._put_off(groups, self._clock.now(), "one of them is gone")

    async def _went_ahead(self, owner_id: int, delivery: Delivery, task: ReportTask) -> bool:
        """Whether the digest that it should have gone in was made without it."""
        if not task.is_digest or not delivery.attempt or patience.is_supplement(delivery):
            return False
        return await self._outbox.went_ahead(delivery, owner_id)

    async def _told(
        self, group: Group, delivery: Delivery, task: ReportTask, data: ReportData
    ) -> Told:
        report = await self._report(group, delivery, task, data)
        shown = metrics.shown_in(task.report_metrics, group.report_metrics)
        row = Row(group.profile_id, group.profile_name, data)
        return Told(delivery, task, row, shown, report.missed)

    async def _put_off(self, groups: Sequence[Group], at: datetime, why: str) -> None:
        deliveries = [delivery for group in groups for delivery, _ in group.deliveries]
        await asyncio.gather(*(self._outbox.postpone(each.id, at, why) for each in deliveries))

    async def _settle(self, group: Group, outcome: ReportData | Trouble) -> None:
        """Freeze, postpone or give up each delivery of the group."""
        moves = (self._move(group, *each, outcome) for each in group.deliveries)
        failures: dict[str, tuple[Exception, list[int]]] = {}
        for (delivery, _), error in zip(
            group.deliveries, await asyncio.gather(*moves), strict=True
        ):
            if error is not None:
                _, alike = failures.setdefault(patience.reason_of(error), (error, []))
                alike.append(delivery.id)
        for why, (error, deliveries) in failures.items():
            log.warning(
                "not_built", profile_id=group.profile_id, deliveries=deliveries, why=str(error)
            )
            # Told first: nobody looks again at a delivery that is closed. A crash in between
            # tells nothing twice, since the destination remembers what was told.
            await self._gave_up(deliveries, error)
            await asyncio.gather(*(self._outbox.fail(each, why) for each in deliveries))

    async def _move(
        self, group: Group, delivery: Delivery, task: ReportTask, outcome: ReportData | Trouble
    ) -> Exception | None:
        """Take a delivery one step further; returns what it fails with, if it does."""
        data = patience.tellable(delivery, outcome, self._clock.now())
        if data is None:
            return (
                await self._leave_out(delivery, outcome) if isinstance(outcome, Trouble) else None
            )
        at = patience.supplement_at(delivery, data, self._clock.now())
        report = await self._report(group, delivery, task, data)
        went_ahead = await self._went_ahead(group.owner_id, delivery, task)
        report = replace(report, is_followed=at is not None, went_ahead=went_ahead)
        try:
            payloads = self._render(report, self._clock.now())
        except Exception as error:
            # Whatever it is about this one, the others have to get theirs.
            return error
        supplements = [] if at is None else [(delivery.id, at)]
        await self._outbox.ready(delivery.id, *payloads, supplements=supplements)
        return None

    async def _leave_out(self, delivery: Delivery, trouble: Trouble) -> Exception | None:
        """It cannot be told: not yet, or never; returns what it fails with."""
        at = patience.next_try(delivery, trouble, self._clock.now())
        if at is not None:
            await self._outbox.postpone(delivery.id, at, patience.reason_of(trouble.error))
            return None
        if patience.is_supplement(delivery):
            await self._outbox.drop(delivery.id)
            return None
        return trouble.error

    async def _report(
        self, group: Group, delivery: Delivery, task: ReportTask, data: ReportData
    ) -> ScheduledReport:
        is_trial, is_supplement = patience.is_trial(delivery), patience.is_supplement(delivery)
        missed = [] if is_trial or is_supplement else await self._outbox.missed_before(delivery)
        data = data.showing(metrics.shown_in(task.report_metrics, group.report_metrics))
        return ScheduledReport(
            data=data if task.has_chart else replace(data, course=None),
            owner_id=group.owner_id,
            chat_id=delivery.chat_id,
            is_trial=is_trial and not patience.is_on_demand(delivery),
            is_supplement=is_supplement,
            missed=[datetime.fromisoformat(slot) for slot in missed],
        )


def _works(claimed: Sequence[tuple[Delivery, ReportTask, AvitoProfile]]) -> list[Work]:
    messages = Counter(
        message_of(delivery, task, profile.owner_id) for delivery, task, profile in claimed
    )
    works: defaultdict[Hashable, dict[int, Group]] = defaultdict(dict)
    for delivery, task, profile in claimed:
        message = message_of(delivery, task, profile.owner_id)
        period = Period(delivery.first_day, delivery.last_day)
        is_shared = message is not None and messages[message] > 1
        groups = works[message if is_shared else (profile.id, period)]
        group = Group(
            profile.owner_id, profile.id, profile.profile_name, period, profile.report_metrics
        )
        groups.setdefault(profile.id, group).deliveries.append((delivery, task))
    return [list(groups.values()) for groups in works.values()]


def _size(work: Work) -> int:
    return sum(len(group.deliveries) for group in work)
