"""When the reports of a profile are due: its columns as a `Schedule`, and what follows from them.

`next_due_at` of a destination is only ever derived from here, in the transaction of its cause.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, time
from enum import StrEnum
from itertools import groupby
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.database.models import AvitoProfile, ReportTask
from core.schedule_policy import Frequency, Schedule, next_slot

DEFAULT_TIME = time(9, 0)
DEFAULT_ZONE = "Europe/Moscow"
LONGEST_INTERVAL = 365
LAST_DAY = 31
USUAL_INTERVAL = 2
CHUNK = 500
"""Rows repaired at a stretch: the event loop gets a turn in between."""


class ChosenPeriod(StrEnum):
    """What a report covers when its owner does not leave that to the frequency."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


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
        month_day=_within(profile.report_month_day, LAST_DAY),
        anchor=profile.report_anchor or profile.created_at.astimezone(ZoneInfo(zone)).date(),
    )


async def set_time(session: AsyncSession, profile: AvitoProfile, at: time, now: datetime) -> None:
    profile.report_time = at
    await reschedule(session, profile, now)


async def set_zone(session: AsyncSession, profile: AvitoProfile, zone: str, now: datetime) -> None:
    profile.report_timezone = zone
    await reschedule(session, profile, now)


async def set_frequency(
    session: AsyncSession, profile: AvitoProfile, frequency: Frequency, now: datetime
) -> None:
    """In force at once, with what was set for this frequency before or with what is usual."""
    match frequency:
        case Frequency.INTERVAL:
            days = _within(profile.report_interval_value, LONGEST_INTERVAL, USUAL_INTERVAL)
            await set_interval(session, profile, days, now)
            return
        case Frequency.WEEKLY if not _ticked(profile.report_weekdays):
            profile.report_weekdays = "0"
    profile.report_frequency = frequency.value
    await reschedule(session, profile, now)


async def set_interval(
    session: AsyncSession, profile: AvitoProfile, days: int, now: datetime
) -> None:
    """Every so many days, from the next time of day on; the same number once more goes on."""
    schedule = schedule_of(profile)
    goes_on = (schedule.frequency, schedule.interval_days) == (Frequency.INTERVAL, days)
    first = next_slot(replace(schedule, frequency=Frequency.DAILY), now).day
    profile.report_anchor = schedule.anchor if goes_on else first
    profile.report_frequency = Frequency.INTERVAL.value
    profile.report_interval_value = days
    await reschedule(session, profile, now)


async def set_month_day(
    session: AsyncSession, profile: AvitoProfile, day: int, now: datetime
) -> None:
    profile.report_frequency = Frequency.MONTHLY.value
    profile.report_month_day = day
    await reschedule(session, profile, now)


async def toggle_day(
    session: AsyncSession, profile: AvitoProfile, day: int, now: datetime
) -> bool:
    """Tick or untick a weekday. False: it is the last one, and it stays."""
    days = schedule_of(profile).weekdays ^ {day}
    if not days:
        return False
    profile.report_weekdays = ",".join(str(day) for day in sorted(days))
    await reschedule(session, profile, now)
    return True


async def set_period(
    session: AsyncSession, profile: AvitoProfile, period: ChosenPeriod | None
) -> None:
    """What all reports of the profile cover; None leaves it to the frequency."""
    tasks = list(
        await session.scalars(select(ReportTask).where(ReportTask.profile_id == profile.id))
    )
    if not tasks:
        # Without a destination there is no row yet that could remember it.
        tasks = [ReportTask(profile_id=profile.id)]
        session.add_all(tasks)
    for task in tasks:
        task.is_period_set = period is not None
        if period is not None:
            task.report_period = period.value


async def pause(session: AsyncSession, profile: AvitoProfile, now: datetime) -> None:
    profile.is_report_active = False
    await reschedule(session, profile, now)


async def resume(session: AsyncSession, profile: AvitoProfile, now: datetime) -> None:
    profile.is_report_active = True
    await reschedule(session, profile, now)


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
    repaired = 0
    while rows := await _without_slot(session):
        for profile, pairs in groupby(rows, key=lambda row: row[0]):
            _work_in(profile, [task for _, task in pairs], now)
        await session.flush()
        repaired += len(rows)
    return repaired


def is_due(profile: AvitoProfile, task: ReportTask) -> bool:
    """Whether reports go to this destination at all."""
    return bool(
        profile.is_report_active and task.is_active and task.chat_id and task.suspended is None
    )


async def _without_slot(session: AsyncSession) -> Sequence[Row[AvitoProfile, ReportTask]]:
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
        .limit(CHUNK)
        # A pause that is being pressed at this moment must not be undone.
        .with_for_update(key_share=True)
    )
    return rows.all()


def _work_in(profile: AvitoProfile, tasks: Sequence[ReportTask], now: datetime) -> None:
    due_at = next_slot(schedule_of(profile), now).due_at
    for task in tasks:
        if not is_due(profile, task):
            task.next_due_at = None
        elif task.next_due_at is None or task.next_due_at > now:
            task.next_due_at = due_at
        # What is due already belongs to the tick, which moves it on with its slots written.


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


def _within(value: int | None, most: int, otherwise: int = 1) -> int:
    return value if value is not None and 1 <= value <= most else otherwise


def _ticked(days: str | None) -> frozenset[int]:
    """'0,2,4' as a set; what is no weekday is left out."""
    found = (part.strip() for part in (days or "").split(","))
    return frozenset(int(day) for day in found if day in set("0123456"))
