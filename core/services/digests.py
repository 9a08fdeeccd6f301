"""One message for several profiles of an owner: where he wants it, and with whom it comes."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Literal, cast

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from core.database.models import AvitoProfile, ReportTask
from core.schedule_policy import catch_up_window, covered, next_slot
from core.services.destinations import Destination
from core.services.schedule import schedule_of

Chosen = Literal["day", "week", "month"]


def choose(destination: Destination, *, is_digest: bool) -> None:
    """For all profiles of its owner that report there: it is the place that gets one message."""
    for each in (destination, *destination.others):
        each.task.is_digest = is_digest


def together(destination: Destination, now: datetime) -> list[Destination]:
    """The others whose next report is a part of the same message."""
    if not destination.task.is_digest:
        return []
    alike = _next_report(destination, now)
    return [
        other
        for other in destination.others
        if alike is not None and other.task.is_digest and _next_report(other, now) == alike
    ]


async def shared(session: AsyncSession, profile_ids: Collection[int]) -> set[int]:
    """Those destinations of these profiles that other profiles share one message with."""
    profile, other, other_profile = AvitoProfile, aliased(ReportTask), aliased(AvitoProfile)
    tasks = await session.scalars(
        select(ReportTask.id)
        .join(profile, profile.id == ReportTask.profile_id)
        .join(
            other,
            (other.chat_id == ReportTask.chat_id)
            & (other.thread_id == ReportTask.thread_id)
            & (other.profile_id != ReportTask.profile_id),
        )
        .join(
            other_profile,
            (other_profile.id == other.profile_id) & (other_profile.owner_id == profile.owner_id),
        )
        .where(
            ReportTask.profile_id.in_(profile_ids),
            ReportTask.chat_id != 0,
            ReportTask.is_digest,
            other.is_digest,
        )
    )
    return set(tasks)


def _next_report(destination: Destination, now: datetime) -> object:
    """What has to be the same for two reports to be one message; None where none will come."""
    task, schedule = destination.task, schedule_of(destination.profile)
    if task.next_due_at is None:
        return None
    chosen = cast("Chosen", task.report_period) if task.is_period_set else None
    days = covered(schedule, next_slot(schedule, now), chosen, destination.reported_until)
    return task.next_due_at, catch_up_window(schedule.frequency), days
