"""When the reports of a profile are due: its columns as a `Schedule`, and what follows from them.

`next_due_at` and `chats_due_at` of a destination are only ever derived from here, in the
transaction of their cause.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from enum import StrEnum
from itertools import groupby
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import ColumnElement, Row, and_, case, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.database.id_lists import among
from core.database.models import AvitoProfile, Delivery, ReportTask
from core.database.repositories import outbox
from core.database.repositories.delivery_states import PAUSED, State
from core.schedule_policy import Frequency, Schedule, Slot, next_slot, slots_after

DEFAULT_TIME = time(9, 0)
DEFAULT_ZONE = "Europe/Moscow"
LONGEST_INTERVAL = 365
LAST_DAY = 31
USUAL_INTERVAL = 2
CHUNK = 500
"""Rows repaired at a stretch: the event loop gets a turn in between."""
SLIP = timedelta(minutes=5)
"""A pause that is taken back sooner was not meant."""
ROUND_THE_WORLD = timedelta(hours=26)
"""So long after one zone another may still come to the same local time."""

GOING = (
    ReportTask.is_active,
    ReportTask.suspended.is_(None),
    ReportTask.chat_id != 0,
    AvitoProfile.is_report_active,
)
"""Where reports go at all: `is_due` as conditions on a destination and its profile."""
Taken = Collection[tuple[int, str]]
"""Destinations and labels of slots that are written down already: they do not come again."""


class ChosenPeriod(StrEnum):
    """What a report covers when its owner does not leave that to the frequency."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Every(StrEnum):
    """How often the chats of a profile come to a destination as a file."""

    WEEK = "week"
    MONTH = "month"


def chats_schedule(profile: AvitoProfile, every: Every) -> Schedule:
    """On Mondays, or on the first: when the time comes at which its reports would."""
    frequency = Frequency.WEEKLY if every is Every.WEEK else Frequency.MONTHLY
    usual = schedule_of(profile)
    return replace(usual, frequency=frequency, weekdays=frozenset({0}), month_day=1)


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
    """Nothing more comes, except what may have left already."""
    await outbox.withdraw(session, now, ReportTask.profile_id == profile.id)
    profile.is_report_active = False
    await reschedule(session, profile, now)


async def resume(session: AsyncSession, profile: AvitoProfile, now: datetime) -> None:
    profile.is_report_active = True
    await undo_slip(session, profile, now)
    await reschedule(session, profile, now)


async def undo_slip(session: AsyncSession, profile: AvitoProfile, now: datetime) -> None:
    """Let go out what a pause withdrew that is over at once, wherever reports go again.

    After a longer one it stays withdrawn: what its owner stopped must not come hours later.
    """
    going = (
        select(ReportTask.id)
        .join(AvitoProfile, AvitoProfile.id == ReportTask.profile_id)
        .where(ReportTask.profile_id == profile.id, *GOING)
    )
    await outbox.reopen(
        session,
        now,
        Delivery.state == State.WITHDRAWN,
        Delivery.reason == PAUSED,
        Delivery.finished_at > now - SLIP,
        Delivery.task_id.in_(going),
    )


async def reschedule(session: AsyncSession, profile: AvitoProfile, now: datetime) -> None:
    """Work the profile's schedule into all its destinations; the caller's transaction commits.

    Nothing is due where the profile or the destination is paused, where Telegram refuses the
    bot, and where no chat is set.
    """
    found = await session.scalars(select(ReportTask).where(ReportTask.profile_id == profile.id))
    tasks = found.all()
    _work_in(profile, tasks, now, await _taken(session, tasks, now))
    await session.flush()


async def reschedule_missing(session: AsyncSession, now: datetime) -> int:
    """Give a next slot to destinations that should have one and do not; returns how many.

    These are the predecessor's rows, and whatever else broke them.
    """
    repaired = 0
    lacks_file = and_(ReportTask.chats_every.is_not(None), ReportTask.chats_due_at.is_(None))
    while rows := await _going(session, or_(ReportTask.next_due_at.is_(None), lacks_file)):
        repaired += await _work_in_all(session, rows, now)
    return repaired


async def reschedule_far(session: AsyncSession, now: datetime) -> int:
    """Undo what a clock did that was ahead, if only for one tick.

    Slots that were written down before their time can come again, unless a report of them may
    have arrived. Destinations whose next slot was moved past others get the one that is next;
    returns how many.
    """
    taken_back = await outbox.undo_early(session, now)
    far = sorted(taken_back.union(await _too_far(session, now)))
    repaired = 0
    for start in range(0, len(far), CHUNK):
        chunk = among(session, ReportTask.id, far[start : start + CHUNK])
        repaired += await _work_in_all(session, await _going(session, chunk), now)
    return repaired


def is_due(profile: AvitoProfile, task: ReportTask) -> bool:
    """Whether reports go to this destination at all."""
    return bool(
        profile.is_report_active and task.is_active and task.chat_id and task.suspended is None
    )


async def _going(
    session: AsyncSession, condition: ColumnElement[bool]
) -> Sequence[Row[AvitoProfile, ReportTask]]:
    """A chunk of the destinations that reports go to, with their profiles."""
    rows = await session.execute(
        select(AvitoProfile, ReportTask)
        .join(ReportTask, ReportTask.profile_id == AvitoProfile.id)
        .where(condition, *GOING)
        .order_by(AvitoProfile.id)
        .limit(CHUNK)
        # A pause that is being pressed at this moment must not be undone.
        .with_for_update(key_share=True)
    )
    return rows.all()


async def _too_far(session: AsyncSession, now: datetime) -> list[int]:
    """Destinations that are due later than any next slot of their schedule can be.

    That is the longest step of its frequency, and a day more for changes of the clocks.
    """
    steps = {days: now + timedelta(days=days + 1) for days in range(1, LONGEST_INTERVAL + 1)}
    frequency = AvitoProfile.report_frequency
    latest = case(
        (frequency == Frequency.WEEKLY, steps[7]),
        (frequency == Frequency.MONTHLY, steps[LAST_DAY]),
        (
            frequency == Frequency.INTERVAL,
            case(steps, value=AvitoProfile.report_interval_value, else_=steps[1]),
        ),
        else_=steps[1],
    )
    of_file = case((ReportTask.chats_every == Every.WEEK, steps[7]), else_=steps[LAST_DAY])
    is_far = or_(
        and_(ReportTask.next_due_at > steps[1], ReportTask.next_due_at > latest),
        ReportTask.chats_due_at > of_file,
    )
    far = await session.scalars(
        select(ReportTask.id)
        .join(AvitoProfile, AvitoProfile.id == ReportTask.profile_id)
        .where(is_far, *GOING)
    )
    return list(far)


async def _work_in_all(
    session: AsyncSession, rows: Sequence[Row[AvitoProfile, ReportTask]], now: datetime
) -> int:
    """The schedules of many profiles; returns how many destinations are due at another time."""
    tasks = [task for _, task in rows]
    before = [task.next_due_at for task in tasks]
    taken = await _taken(session, tasks, now)
    for profile, pairs in groupby(rows, key=lambda row: row[0]):
        _work_in(profile, [task for _, task in pairs], now, taken)
    await session.flush()
    return sum(task.next_due_at != was for task, was in zip(tasks, before, strict=True))


async def _taken(session: AsyncSession, tasks: Sequence[ReportTask], now: datetime) -> Taken:
    """The slots of these destinations that a zone further west would bring a second time."""
    rows = await session.execute(
        select(Delivery.task_id, Delivery.slot).where(
            among(session, Delivery.task_id, [task.id for task in tasks]),
            Delivery.due_at > now - ROUND_THE_WORLD,
        )
    )
    return {(task_id, slot) for task_id, slot in rows}


def _work_in(
    profile: AvitoProfile, tasks: Sequence[ReportTask], now: datetime, taken: Taken
) -> None:
    schedule = schedule_of(profile)
    for task in tasks:
        if not is_due(profile, task):
            task.next_due_at = None
        elif task.next_due_at is None or task.next_due_at > now:
            free = (s for s in slots_after(schedule, now) if (task.id, s.label) not in taken)
            task.next_due_at = next(free).due_at
        # What is due already belongs to the tick, which moves it on with its slots written.
        _work_in_chats(profile, task, now)


def _work_in_chats(profile: AvitoProfile, task: ReportTask, now: datetime) -> None:
    if task.chats_every is None or not is_due(profile, task):
        task.chats_due_at = None
    elif task.chats_due_at is None or task.chats_due_at > now:
        slots = slots_after(chats_schedule(profile, Every(task.chats_every)), now)
        free = (slot for slot in slots if not _has_come(task, slot, now))
        task.chats_due_at = next(free).due_at


def _has_come(task: ReportTask, slot: Slot, now: datetime) -> bool:
    """Whether the file of this slot came already, when its time had come further east.

    What a clock has written down that was ahead by more comes again.
    """
    return slot.label == task.chats_slot and slot.due_at < now + ROUND_THE_WORLD


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
