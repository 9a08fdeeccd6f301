"""What is set for the scheduled reports of a profile, as it is told to its owner."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import cast

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.database.models import AvitoProfile, ReportTask
from core.schedule_policy import Schedule, next_slot, right_from
from core.services import deliveries, digests
from core.services.deliveries import Waiting
from core.services.destinations import Destination
from core.services.schedule import ChosenPeriod, is_due, schedule_of


@dataclass(frozen=True, slots=True)
class ReportSettings:
    profile: AvitoProfile
    schedule: Schedule
    destinations: list[ReportTask]
    """A task without a chat is no destination."""
    period: ChosenPeriod | None
    """None: what the frequency implies."""
    next_run: datetime | None
    """When the first of the destinations gets one. None: paused, or nowhere to send to."""
    waiting: Sequence[Waiting]
    """Reports whose slot has come and that Avito has given no numbers for yet."""
    digests: Mapping[int, Destination] = field(default_factory=dict)
    """By the id of the destination, where one message is wanted for it and the others there."""

    def right_from(self, now: datetime) -> time | None:
        """When its next report would have to come to be about the days that its owner expects."""
        chosen = cast("digests.Chosen | None", self.period)
        return right_from(self.schedule, next_slot(self.schedule, now), chosen)


async def of_profile(
    session: AsyncSession, profile: AvitoProfile, now: datetime
) -> ReportSettings:
    [settings] = await of_profiles(session, [profile], now)
    return settings


async def of_profiles(
    session: AsyncSession, profiles: Sequence[AvitoProfile], now: datetime
) -> list[ReportSettings]:
    """The settings of these profiles, in their order."""
    ids = [profile.id for profile in profiles]
    tasks: defaultdict[int, list[ReportTask]] = defaultdict(list)
    for task in await session.scalars(
        select(ReportTask).where(ReportTask.profile_id.in_(ids)).order_by(ReportTask.id)
    ):
        tasks[task.profile_id].append(task)
    waiting = await deliveries.waiting(session, ids)
    wanted = await digests.wanted(session, ids)
    return [_one(each, tasks[each.id], waiting.get(each.id, ()), wanted, now) for each in profiles]


def _one(
    profile: AvitoProfile,
    tasks: list[ReportTask],
    waiting: Sequence[Waiting],
    wanted: Mapping[int, Destination],
    now: datetime,
) -> ReportSettings:
    schedule = schedule_of(profile)
    # What has no next slot yet gets this one from the repair.
    coming = next_slot(schedule, now).due_at
    return ReportSettings(
        profile=profile,
        schedule=schedule,
        destinations=[task for task in tasks if task.chat_id],
        period=next((_chosen(task) for task in tasks if task.is_period_set), None),
        next_run=min((t.next_due_at or coming for t in tasks if is_due(profile, t)), default=None),
        waiting=waiting,
        digests=wanted,
    )


def _chosen(task: ReportTask) -> ChosenPeriod | None:
    return ChosenPeriod(task.report_period) if task.report_period in set(ChosenPeriod) else None
