"""What is set for the reports of a profile, read only."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.database.models import AvitoProfile, ReportTask

DEFAULT_TIME = time(9, 0)


@dataclass(frozen=True, slots=True)
class ReportSettings:
    profile_id: int
    profile_name: str
    destinations: list[int]
    """Chat ids; a task without a chat is no destination."""
    metrics: list[str] | None
    """Chosen metric keys, None for all."""
    frequency: str
    interval_days: int | None
    weekdays: list[int]
    time: time
    zone: str
    is_active: bool


async def of_profiles(
    session: AsyncSession, profiles: Sequence[AvitoProfile]
) -> list[ReportSettings]:
    """The settings of these profiles, in their order."""
    tasks: defaultdict[int, list[ReportTask]] = defaultdict(list)
    for task in await session.scalars(
        select(ReportTask)
        .where(ReportTask.profile_id.in_([profile.id for profile in profiles]))
        .order_by(ReportTask.id)
    ):
        tasks[task.profile_id].append(task)
    return [_one(profile, tasks[profile.id]) for profile in profiles]


def _one(profile: AvitoProfile, tasks: list[ReportTask]) -> ReportSettings:
    chosen = next((task.report_metrics for task in tasks if task.report_metrics), None)
    return ReportSettings(
        profile_id=profile.id,
        profile_name=profile.profile_name,
        destinations=[task.chat_id for task in tasks if task.chat_id],
        metrics=json.loads(chosen) if chosen else None,
        frequency=profile.report_frequency,
        interval_days=profile.report_interval_value,
        weekdays=[int(day) for day in (profile.report_weekdays or "").split(",") if day.strip()],
        time=profile.report_time or DEFAULT_TIME,
        zone=profile.report_timezone,
        is_active=profile.is_report_active and any(task.is_active for task in tasks),
    )
