"""Reports on their way, as their owners see them: what one was about, and sending it again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, aliased

from core.database.models import AvitoProfile, Delivery, ReportTask
from core.database.repositories.delivery_states import SUPPLEMENT, State
from core.database.repositories.outbox import reopen_rest
from utils.periods import Period

SECOND_CHANCE = timedelta(hours=1)
"""How long a report that its owner sends again may take to get there."""


@dataclass(frozen=True, slots=True)
class Report:
    """A scheduled report with where it goes and whose it is."""

    delivery: Delivery
    task: ReportTask
    profile: AvitoProfile
    joined: int = 0
    """How many other profiles are told in the same message."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A report that Avito has given no numbers for yet, and when it is asked again."""

    period: Period
    next_try_at: datetime


def is_waiting() -> ColumnElement[bool]:
    """Of a delivery and its destination: it waits for Avito, which was asked for it before."""
    return and_(
        Delivery.task_id == ReportTask.id,
        Delivery.state.in_((State.DUE, State.BUILDING)),
        Delivery.next_try_at.is_not(None),
    )


async def waiting(
    session: AsyncSession, profile_ids: Collection[int]
) -> Mapping[int, Sequence[Waiting]]:
    """What waits for Avito, by profile; destinations that wait for the same numbers are one."""
    return await _waiting_by(session, ReportTask.profile_id, profile_ids)


async def waiting_at(session: AsyncSession, task_id: int) -> Sequence[Waiting]:
    """What waits for Avito of all that goes to this destination."""
    return (await _waiting_by(session, ReportTask.id, [task_id])).get(task_id, ())


async def _waiting_by(
    session: AsyncSession, key: InstrumentedAttribute[int], keys: Collection[int]
) -> Mapping[int, Sequence[Waiting]]:
    rows = await session.execute(
        select(key, Delivery.first_day, Delivery.last_day, func.min(Delivery.next_try_at))
        .where(is_waiting(), key.in_(keys))
        .group_by(key, Delivery.first_day, Delivery.last_day)
        .order_by(Delivery.first_day, Delivery.last_day)
    )
    found: defaultdict[int, list[Waiting]] = defaultdict(list)
    for of, first, last, next_try_at in rows:
        assert next_try_at is not None  # noqa: S101 - else it does not wait
        found[of].append(Waiting(Period(first, last), next_try_at))
    return found


async def find(session: AsyncSession, delivery_ids: Collection[int]) -> list[Report]:
    """Those of the reports that still exist, oldest first."""
    rows = await session.execute(
        _reports().where(Delivery.id.in_(delivery_ids)).order_by(Delivery.id)
    )
    return [Report(*row) for row in rows]


async def untold(session: AsyncSession) -> list[Report]:
    """Reports whose owners have yet to hear of them; by the end of the transaction they do.

    A supplement waits for what it adds to: whether that arrives at all decides what is told.
    """
    rows = await session.execute(
        _reports()
        .where(Delivery.is_untold, ~_adds_to_undecided())
        .order_by(Delivery.id)
        # Whoever has one in hand tells it himself.
        .with_for_update(of=Delivery, skip_locked=True)
    )
    reports = [Report(*row) for row in rows]
    for report in reports:
        report.delivery.is_untold = False
    return reports


def _adds_to_undecided() -> ColumnElement[bool]:
    cut = aliased(Delivery)
    return exists().where(
        cut.task_id == Delivery.task_id,
        Delivery.slot == SUPPLEMENT + cut.slot,
        cut.part == 0,
        or_(cut.finished_at.is_(None), cut.state == State.HELD),
    )


async def stay_cut(session: AsyncSession, reports: Collection[Report]) -> list[Report]:
    """Of these supplements those that came to nothing, though what they add to has arrived."""
    given_up = {
        (each.task.id, each.delivery.slot.removeprefix(SUPPLEMENT)): each
        for each in reports
        if each.delivery.slot.startswith(SUPPLEMENT) and each.delivery.state == State.WITHDRAWN
    }
    if not given_up:
        return []
    arrived = await session.execute(
        select(Delivery.task_id, Delivery.slot).where(
            tuple_(Delivery.task_id, Delivery.slot).in_(given_up),
            Delivery.part == 0,
            Delivery.state == State.SENT,
        )
    )
    return [given_up[task_id, slot] for task_id, slot in arrived]


async def held(session: AsyncSession, owner_id: int, delivery_id: int) -> Report | None:
    """A report of this owner's that waits for his decision, locked.

    None: it is not held any more, its text is forgotten, or it is not his.
    """
    row = (
        await session.execute(
            _reports()
            .where(
                Delivery.id == delivery_id,
                Delivery.state == State.HELD,
                AvitoProfile.owner_id == owner_id,
            )
            # Two taps at a time are one.
            .with_for_update(of=Delivery)
        )
    ).one_or_none()
    return Report(*row) if row is not None and row[0].payload is not None else None


async def send_again(session: AsyncSession, report: Report, now: datetime) -> None:
    """Send a held report once more, marked as a repeat, and what was to follow it."""
    delivery = report.delivery
    delivery.state, delivery.is_repeat, delivery.attempt = State.RESEND, True, 0
    delivery.owner = delivery.next_try_at = delivery.finished_at = None
    delivery.deadline_at = max(delivery.deadline_at, now + SECOND_CHANCE)
    delivery.updated_at = now
    # While it was held its group may have become a supergroup.
    delivery.chat_id, delivery.thread_id = report.task.chat_id, report.task.thread_id
    await session.flush()
    await reopen_rest(session, [delivery.id])


def _reports() -> Select[Delivery, ReportTask, AvitoProfile, int]:
    other = aliased(Delivery)
    joined = select(func.count()).where(other.carrier_id == Delivery.id).scalar_subquery()
    return (
        select(Delivery, ReportTask, AvitoProfile, joined)
        .join(ReportTask, ReportTask.id == Delivery.task_id)
        .join(AvitoProfile, AvitoProfile.id == ReportTask.profile_id)
    )
