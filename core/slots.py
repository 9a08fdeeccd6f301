"""Slots that have come become deliveries in the outbox, each of them once."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Literal, NamedTuple, cast

from sqlalchemy import ColumnElement, CursorResult, and_, case, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.database.id_lists import among, collected
from core.database.models import AvitoProfile, Delivery, ReportTask
from core.database.repositories.delivery_states import ON_DEMAND, TRIAL, State
from core.database.repositories.outbox import reported_until
from core.database.session import insert_for
from core.database.types import UtcDateTime
from core.logs import get_logger
from core.schedule_policy import (
    Frequency,
    Schedule,
    Slot,
    catch_up_window,
    covered,
    next_slot,
    slots_between,
)
from core.services import exports
from core.services.schedule import GOING, schedule_of
from utils.periods import Period

log = get_logger(__name__)

CHUNK = 10_000
"""Destinations worked on at a stretch: the event loop gets a turn in between."""
MEMORY = timedelta(days=90)
"""How far back an outage is written down slot by slot; the outbox keeps its rows no longer."""
TRIAL_WINDOW = timedelta(minutes=30)
HALF_A_DAY = timedelta(hours=12)
OUTAGE = "outage"

Chosen = Literal["day", "week", "month"]


class Row(NamedTuple):
    """A delivery without its destination: many destinations have the same."""

    slot: str
    due_at: datetime
    deadline_at: datetime
    first_day: date
    last_day: date
    state: State


class Outcome(NamedTuple):
    """What it comes to that a destination is due."""

    rows: tuple[Row, ...]
    next_due_at: datetime

    @property
    def is_missed(self) -> bool:
        """Nothing of it will arrive."""
        return bool(self.rows) and self.rows[-1].state == State.MISSED


async def materialise(
    session: AsyncSession,
    now: datetime,
    *,
    limit: int = 100_000,
    task_id: int | None = None,
    profile_id: int | None = None,
    chat_id: int | None = None,
) -> int:
    """Write down what is due by `now` and when each destination is due next; files of chats too.

    Of several slots that passed during an outage the newest is delivered, if it is still within
    its catch-up window; every other one is missed. Repeating it, a second scheduler or a clock
    that steps back add nothing. Returns how many destinations were due; of one task, profile or
    chat only, if one is named. That comes before whatever makes nothing due there any more: a
    pause, a suspension, another schedule.
    """
    named = (
        (ReportTask.id, task_id),
        (ReportTask.profile_id, profile_id),
        (ReportTask.chat_id, chat_id),
    )
    only = [column == value for column, value in named if value is not None]
    await exports.write_down_due(session, now, only)
    moved, left = 0, limit
    while left:
        size = min(CHUNK, left)
        groups = await _due(session, now, size, only)
        outcomes: defaultdict[Outcome, list[int]] = defaultdict(list)
        for group in groups:
            outcomes[_outcome(group, now)] += group.ids
        moved += await _write(session, outcomes, now)
        found = sum(map(len, outcomes.values()))
        left -= found
        if found < size:
            break
        await asyncio.sleep(0)
    return moved


async def trial(session: AsyncSession, task: ReportTask, now: datetime) -> bool:
    """Put a report on its way to `task` at once, beside its schedule.

    False when one is on its way already: a second press asks for nothing new.
    """
    is_trial = and_(Delivery.slot.startswith(TRIAL), ~Delivery.slot.startswith(ON_DEMAND))
    if await _is_under_way(session, task, is_trial):
        return False
    profile = await session.get_one(AvitoProfile, task.profile_id)
    slot = Slot(now.date(), f"{TRIAL}{now:%Y-%m-%dT%H:%M:%S}", now)
    until = await session.scalar(select(reported_until()).where(ReportTask.id == task.id))
    period = covered(schedule_of(profile), slot, chosen_period(task), until)
    row = _row(slot, period, now + TRIAL_WINDOW, State.DUE)
    await _insert(session, row, [task.id], now)
    return True


async def send(session: AsyncSession, task: ReportTask, period: Period, now: datetime) -> bool:
    """Put a report about `period` on its way to `task` at once.

    False when the same is on its way already.
    """
    is_same = and_(
        Delivery.slot.startswith(ON_DEMAND),
        Delivery.first_day == period.first,
        Delivery.last_day == period.last,
    )
    if await _is_under_way(session, task, is_same):
        return False
    # Two may be asked for in one second, about different days.
    slot = Slot(now.date(), f"{ON_DEMAND}{now:%Y%m%dT%H%M%S%f}", now)
    row = _row(slot, period, now + TRIAL_WINDOW, State.DUE)
    return await _insert(session, row, [task.id], now) > 0


async def _is_under_way(
    session: AsyncSession, task: ReportTask, wanted: ColumnElement[bool]
) -> bool:
    under_way = select(Delivery.id).where(
        Delivery.task_id == task.id, Delivery.finished_at.is_(None), wanted
    )
    return await session.scalar(under_way.limit(1)) is not None


def _outcome(group: Any, now: datetime) -> Outcome:
    """What is to be done about destinations that `_due` found to be alike."""
    schedule = schedule_of(cast("AvitoProfile", group))
    window = catch_up_window(schedule.frequency)
    slots = _passed(schedule, group.next_due_at, now)
    rows = []
    for slot in slots:
        deadline_at = slot.due_at + window
        state = State.DUE if slot == slots[-1] and deadline_at > now else State.MISSED
        period = covered(schedule, slot, chosen_period(group), group.reported_until)
        rows.append(_row(slot, period, deadline_at, state))
    return Outcome(tuple(rows), next_slot(schedule, now).due_at)


def _passed(schedule: Schedule, due_at: datetime, now: datetime) -> list[Slot]:
    # Since `due_at` was worked out a country may have changed its clocks, and the slot lies
    # earlier now. No schedule has two slots so close to each other.
    since = max(due_at, now - MEMORY) - HALF_A_DAY
    return slots_between(schedule, since, now, limit=MEMORY.days + 1)


def _row(slot: Slot, period: Period, deadline_at: datetime, state: State) -> Row:
    return Row(slot.label, slot.due_at, deadline_at, period.first, period.last, state)


def chosen_period(task: Any) -> Chosen | None:
    return cast("Chosen", task.report_period) if task.is_period_set else None


async def _due(
    session: AsyncSession, now: datetime, count: int, only: Sequence[ColumnElement[bool]]
) -> Sequence[Any]:
    """Due destinations, those together that are alike in all the policy looks at.

    So thousands with the same few schedules cost as little as the few.
    """
    # The day of its connection matters to a profile only as the phase of its interval.
    is_phase = and_(
        AvitoProfile.report_frequency == Frequency.INTERVAL, AvitoProfile.report_anchor.is_(None)
    )
    connected_at = case((is_phase, AvitoProfile.created_at), else_=literal(now, UtcDateTime))
    # And only a weekly report asks where the last one ended.
    goes_on = and_(AvitoProfile.report_frequency == Frequency.WEEKLY, ~ReportTask.is_period_set)
    alike = (
        ReportTask.report_period,
        ReportTask.is_period_set,
        ReportTask.next_due_at,
        AvitoProfile.report_frequency,
        AvitoProfile.report_interval_value,
        AvitoProfile.report_weekdays,
        AvitoProfile.report_month_day,
        AvitoProfile.report_anchor,
        AvitoProfile.report_time,
        AvitoProfile.report_timezone,
        connected_at.label("created_at"),
        case((goes_on, reported_until())).label("reported_until"),
    )
    # As a literal: PostgreSQL keeps a plan for any values, and one that was kept on a morning
    # when all was due goes through the whole table on every quiet minute of the day.
    is_due = ReportTask.next_due_at <= literal(now, UtcDateTime, literal_execute=True)
    query = (
        select(ReportTask.id, *alike)
        .join(AvitoProfile, AvitoProfile.id == ReportTask.profile_id)
        .where(is_due, *GOING, *only)
        .order_by(ReportTask.next_due_at, ReportTask.id)
        .limit(count)
    )
    due = query.subquery()
    shared = [column for column in due.c if column.name != "id"]
    groups = select(*shared, collected(session, due.c.id).label("ids")).group_by(*shared)
    # Two schedulers that write in the same order wait for each other, but not in a circle.
    groups = groups.order_by(due.c.next_due_at, func.min(due.c.id))
    return (await session.execute(groups)).all()


async def _write(
    session: AsyncSession, outcomes: Mapping[Outcome, Sequence[int]], now: datetime
) -> int:
    """Returns how many destinations are due later from now on."""
    moved = 0
    tasks_of: defaultdict[Row, list[int]] = defaultdict(list)
    for outcome, tasks in outcomes.items():
        moved += await _move(session, outcome, tasks, now)
        for row in outcome.rows:
            tasks_of[row] += tasks
    missed = 0
    for row, tasks in tasks_of.items():
        written = await _insert(session, row, tasks, now)
        if row.state == State.MISSED:
            missed += written
    if missed:
        log.warning("deliveries_missed", count=missed)
    return moved


async def _move(
    session: AsyncSession, outcome: Outcome, tasks: Sequence[int], now: datetime
) -> int:
    values: dict[str, Any] = {"next_due_at": outcome.next_due_at}
    if outcome.is_missed:
        values |= {"problem": OUTAGE, "problem_at": now}
    moved = await session.execute(
        update(ReportTask)
        # Still due: what another scheduler or its owner has moved since it was read stays so.
        .where(among(session, ReportTask.id, tasks), ReportTask.next_due_at <= now)
        .values(values)
        .execution_options(synchronize_session=False)
    )
    return cast("CursorResult[Any]", moved).rowcount


async def _insert(session: AsyncSession, row: Row, tasks: Sequence[int], now: datetime) -> int:
    """Into the outbox, for each of these destinations; a slot that is there stays as it is.

    Returns how many were not there.
    """
    is_missed = row.state == State.MISSED
    shared = {
        **row._asdict(),
        "reason": OUTAGE if is_missed else None,
        "updated_at": now,
        "finished_at": now if is_missed else None,
    }
    columns = Delivery.__table__.c
    chosen = select(
        ReportTask.id,
        ReportTask.chat_id,
        ReportTask.thread_id,
        ReportTask.is_silent,
        *(literal(value, columns[name].type) for name, value in shared.items()),
    )
    names = ["task_id", "chat_id", "thread_id", "is_silent", *shared]
    written = await session.execute(
        insert_for(session, Delivery)
        .from_select(
            names, chosen.where(among(session, ReportTask.id, tasks)).order_by(ReportTask.id)
        )
        .on_conflict_do_nothing(index_elements=["task_id", "slot", "part"])
    )
    return cast("CursorResult[Any]", written).rowcount
