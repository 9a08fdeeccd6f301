"""When the reports of a profile are due: its columns as a `Schedule`, and what follows for its rows.

`next_due_at` of a destination is only ever derived from here, in the transaction of its cause.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time
from itertools import groupby
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.database.models import AvitoProfile, ReportTask
from core.schedule_policy import Frequency, Schedule, next_slot

DEFAULT_TIME = time(9, 0)
DEFAULT_ZONE = "Europe/Moscow"
LONGEST_INTERVAL = 365


def schedule_of(profile: AvitoProfile) -> Schedule:
    """The profile's schedule; a stored value that makes no sense gives way to the default.

    The predecessor checked nothing it stored, and a row that nobody can read must not stop
    the reports of everybody else.
    """
    zone = _known_zone(profile.report_timezone)
    at = profile.report_time or DEFAULT_TIME
    return Schedule(
        frequency=_known_frequency(profile.report_frequency),
        at=at.replace(second=0, microsecond=0, tzinfo=None),
        zone=zone,
        interval_days=_within(profile.report_interval_value, LONGEST_INTERVAL),
        weekdays=_ticked(profile.report_weekdays) or frozenset(range(7)),
        month_day=_within(profile.report_month_day, 31),
        anchor=profile.report_anchor or profile.created_at.astimezone(ZoneInfo(zone)).date(),
    )


async def reschedule(session: AsyncSession, profile: AvitoProfile, now: datetime) -> None:
    """Work the profile's schedule into all its destinations; the caller's transaction commits.

    Nothing is due where the profile or the destination is paused, where Telegram refuses the
    bot, and where no chat is set.
    """
    tasks = await session.scalars(select(ReportTask).where(ReportTask.profile_id == profile.id))
    _work_in(profile, tasks.all(), now)
    await session.flush()


async def reschedule_missing(session: AsyncSession, now: datetime) -> int:
    """Give a next slot to destinations that should have one and do not; returns how many.

    These are the predecessor's rows, and whatever else broke them.
    """
    rows = await session.execute(
        select(AvitoProfile, ReportTask)
        .join(ReportTask, ReportTask.profile_id == AvitoProfile.id)
        .where(
            ReportTask.next_due_at.is_(None),
            ReportTask.is_active,
            ReportTask.suspended.is_(None),
            ReportTask.chat_id != 0,
            AvitoProfile.is_report_active,
        )
        .order_by(AvitoProfile.id)
        # A pause that is being pressed at this moment must not be undone.
        .with_for_update()
    )
    repaired = 0
    for profile, pairs in groupby(rows, key=lambda row: row[0]):
        tasks = [task for _, task in pairs]
        _work_in(profile, tasks, now)
        repaired += len(tasks)
    await session.flush()
    return repaired


def is_due(profile: AvitoProfile, task: ReportTask) -> bool:
    """Whether reports go to this destination at all."""
    return bool(
        profile.is_report_active and task.is_active and task.chat_id and task.suspended is None
    )


def _work_in(profile: AvitoProfile, tasks: Sequence[ReportTask], now: datetime) -> None:
    due_at = next_slot(schedule_of(profile), now).due_at
    for task in tasks:
        task.next_due_at = due_at if is_due(profile, task) else None


def _known_frequency(value: str | None) -> Frequency:
    try:
        return Frequency(value or "")
    except ValueError:
        return Frequency.DAILY


def _known_zone(name: str | None) -> str:
    try:
        return ZoneInfo(name or "").key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return DEFAULT_ZONE


def _within(value: int | None, most: int) -> int:
    return value if value is not None and 1 <= value <= most else 1


def _ticked(days: str | None) -> frozenset[int]:
    """'0,2,4' as a set; what is no weekday is left out."""
    found = (part.strip() for part in (days or "").split(","))
    return frozenset(int(day) for day in found if day in set("0123456"))
