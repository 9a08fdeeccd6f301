"""What did not come to a destination while Telegram did not let the bot post there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import takewhile

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.database.models import Delivery, ReportTask
from core.database.repositories.delivery_states import State
from core.database.repositories.outbox import is_scheduled, reported_until
from core.schedule_policy import covered, slots_between
from core.services.destinations import Destination, Trouble
from core.services.schedule import is_due, schedule_of
from core.slots import chosen_period
from utils.periods import Period

REMEMBERED = 90
"""Slots that are looked back at, at most."""
_TROUBLES = {trouble.value for trouble in Trouble}


@dataclass(frozen=True, slots=True)
class Missed:
    days: Sequence[date]
    """The local dates of the slots, oldest first."""
    period: Period
    """All the days that the reports of these slots would have been about."""


async def missed_meanwhile(
    session: AsyncSession, destinations: Iterable[Destination], now: datetime
) -> dict[int, Missed]:
    """By destination; all of them have just been resumed."""
    found = {}
    for each in destinations:
        written = await _written(session, each.task)
        reports = _refused(written) | await _never_due(session, each, written[:1], now)
        if reports:
            periods = reports.values()
            whole = Period(min(p.first for p in periods), max(p.last for p in periods))
            found[each.task.id] = Missed(sorted(reports), whole)
    return found


async def _written(session: AsyncSession, task: ReportTask) -> Sequence[Delivery]:
    newest_first = await session.scalars(
        select(Delivery)
        .where(Delivery.task_id == task.id, Delivery.part == 0, is_scheduled())
        .order_by(Delivery.due_at.desc())
        .limit(REMEMBERED)
    )
    return newest_first.all()


def _refused(newest_first: Sequence[Delivery]) -> dict[date, Period]:
    """What Telegram refused since the last report that came."""
    since_sent = takewhile(lambda each: each.state != State.SENT, newest_first)
    return {
        datetime.fromisoformat(each.slot).date(): Period(each.first_day, each.last_day)
        for each in since_sent
        if each.reason in _TROUBLES
    }


async def _never_due(
    session: AsyncSession, destination: Destination, newest: Sequence[Delivery], now: datetime
) -> dict[date, Period]:
    """The slots that passed while the destination was suspended, so that no row tells of them."""
    task, schedule = destination.task, schedule_of(destination.profile)
    if task.told_at is None or not is_due(destination.profile, task):
        return {}
    since = max([task.told_at, *(each.due_at for each in newest)])
    until = await session.scalar(select(reported_until()).where(ReportTask.id == task.id))
    return {
        slot.day: covered(schedule, slot, chosen_period(task), until)
        for slot in slots_between(schedule, since, now, limit=REMEMBERED)
    }
