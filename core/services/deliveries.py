"""Reports on their way, as their owners see them: what one was about, and sending it again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from core.database.models import AvitoProfile, Delivery, ReportTask
from core.database.repositories.outbox import State

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


async def find(session: AsyncSession, delivery_ids: Collection[int]) -> list[Report]:
    """Those of the reports that still exist, oldest first."""
    rows = await session.execute(
        _reports().where(Delivery.id.in_(delivery_ids)).order_by(Delivery.id)
    )
    return [Report(*row) for row in rows]


async def send_again(
    session: AsyncSession, owner_id: int, delivery_id: int, now: datetime
) -> Report | None:
    """Send a held report once more, marked as a repeat.

    None: it is not held any more, its text is forgotten, or it is not this owner's.
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
    if row is None or row[0].payload is None:
        return None
    report = Report(*row)
    delivery = report.delivery
    delivery.state, delivery.is_repeat, delivery.attempt = State.RESEND, True, 0
    delivery.owner = delivery.next_try_at = delivery.finished_at = None
    delivery.deadline_at = max(delivery.deadline_at, now + SECOND_CHANCE)
    delivery.updated_at = now
    # While it was held its group may have become a supergroup.
    delivery.chat_id, delivery.thread_id = report.task.chat_id, report.task.thread_id
    await session.flush()
    return report


def _reports() -> Select[Delivery, ReportTask, AvitoProfile, int]:
    other = aliased(Delivery)
    joined = select(func.count()).where(other.carrier_id == Delivery.id).scalar_subquery()
    return (
        select(Delivery, ReportTask, AvitoProfile, joined)
        .join(ReportTask, ReportTask.id == Delivery.task_id)
        .join(AvitoProfile, AvitoProfile.id == ReportTask.profile_id)
    )
