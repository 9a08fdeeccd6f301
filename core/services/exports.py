"""Chats as files: what of them somebody wants, and when they come by themselves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Self
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.database.models import AvitoProfile, Job, ReportTask
from core.database.repositories.jobs import EXPORT_DUE
from core.database.session import insert_for
from core.logs import get_logger
from core.schedule_policy import Slot, next_slot, previous_slot
from core.services import schedule
from core.services.destinations import Destination
from core.services.schedule import GOING, Every, chats_schedule, schedule_of
from utils.chats.order import Form, Which
from utils.periods import ONE_DAY, Period

log = get_logger(__name__)

CHUNK = 200
"""Destinations written down at a stretch: the event loop gets a turn in between."""
EARLIEST = date(2000, 1, 1)
"""No chat is older."""


class Within(StrEnum):
    """Which days, as a button names them."""

    ALL = "all"
    MONTH = "30"
    WEEK = "7"
    OWN = "own"


class KeptFor(StrEnum):
    """How many days messages are kept."""

    NOTHING = "0"
    MONTH = "30"
    QUARTER = "90"
    YEAR = "365"
    ALWAYS = "always"
    """As long as the profile is connected."""

    @property
    def days(self) -> int | None:
        return None if self is KeptFor.ALWAYS else int(self)


@dataclass(frozen=True, slots=True)
class Export:
    """What somebody wants of the chats of a profile."""

    period: Period | None = None
    """Days by the clock of the profile; None: all there is."""
    which: Which = Which.ALL
    form: Form = Form.XLSX

    def as_json(self) -> dict[str, Any]:
        days = [self.period.first, self.period.last] if self.period else []
        return {
            "days": [day.isoformat() for day in days],
            "which": self.which.value,
            "form": self.form.value,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        days = [date.fromisoformat(day) for day in data["days"]]
        return cls(Period(*days) if days else None, Which(data["which"]), Form(data["form"]))


@dataclass(frozen=True, slots=True)
class Choice:
    """The same while it is being chosen: "the last 7 days" are others tomorrow."""

    within: Within = Within.ALL
    own: Period | None = None
    """The days where `within` is OWN."""
    which: Which = Which.ALL
    form: Form = Form.XLSX

    @classmethod
    def like(cls, export: Export) -> Self:
        """What asks for the same days again."""
        within = Within.ALL if export.period is None else Within.OWN
        return cls(within, export.period, export.which, export.form)

    def export(self, today: date) -> Export:
        return Export(self._period(today), self.which, self.form)

    def _period(self, today: date) -> Period | None:
        match self.within:
            case Within.ALL:
                return None
            case Within.OWN:
                return self.own
            case Within.WEEK | Within.MONTH:
                return Period(today - ONE_DAY * (int(self.within) - 1), today)


def today_of(profile: AvitoProfile, now: datetime) -> date:
    """The date by the clock that its owner has chosen for its reports."""
    return now.astimezone(zone_of(profile)).date()


def zone_of(profile: AvitoProfile) -> ZoneInfo:
    return ZoneInfo(schedule_of(profile).zone)


def bounds(period: Period | None, zone: ZoneInfo) -> tuple[datetime, datetime] | tuple[None, None]:
    """The instants at which its first day begins and its last one is over."""
    if period is None:
        return None, None
    begin, end = (
        datetime.combine(day, time.min, zone).astimezone(UTC)
        for day in (period.first, period.last + ONE_DAY)
    )
    return begin, end


def keep(profile: AvitoProfile, kept: KeptFor) -> bool:
    """For how long messages are kept from now on; True if some that are held have to go."""
    before, profile.chats_kept_days = profile.chats_kept_days, kept.days
    return kept.days is not None and (before is None or kept.days < before)


# On schedule


async def choose_every(
    session: AsyncSession, destination: Destination, every: Every | None, now: datetime
) -> None:
    """How often the chats come to this place from now on; None: never."""
    destination.task.chats_every = every.value if every else None
    destination.task.chats_due_at = None
    await schedule.reschedule(session, destination.profile, now)


def chosen_every(task: ReportTask) -> Every | None:
    return Every(task.chats_every) if task.chats_every else None


async def may_leave(session: AsyncSession, profile_id: int, task_id: int | None = None) -> bool:
    """Whether what was made of the chats of a profile is to go out still.

    Its owner has deleted it maybe; or where it goes on schedule nothing goes any more.
    """
    wanted = select(AvitoProfile.id).where(AvitoProfile.id == profile_id)
    if task_id is not None:
        wanted = wanted.join(ReportTask, ReportTask.profile_id == AvitoProfile.id).where(
            ReportTask.id == task_id, ReportTask.chats_every.is_not(None), *GOING
        )
    return await session.scalar(wanted) is not None


def covered(every: Every, slot: Slot) -> Period:
    """The week or the month that is over when the slot is due."""
    last = slot.day - ONE_DAY
    return Period(
        slot.day - timedelta(days=7) if every is Every.WEEK else last.replace(day=1), last
    )


async def write_down_due(
    session: AsyncSession, now: datetime, only: Sequence[ColumnElement[bool]] = ()
) -> None:
    """Write down as jobs what is due by `now`, and when each destination is due next.

    Of several slots that passed during an outage the latest is made up for. Repeating it adds
    nothing. Only of the destinations to which the conditions apply.
    """
    due = (
        select(ReportTask, AvitoProfile)
        .join(AvitoProfile, AvitoProfile.id == ReportTask.profile_id)
        .where(ReportTask.chats_due_at <= now, *GOING, *only)
        # By what the index knows: it is small, and the table is not.
        .order_by(ReportTask.chats_due_at, ReportTask.id)
        .limit(CHUNK)
        .with_for_update(of=ReportTask)
        .execution_options(populate_existing=True)
    )
    while rows := (await session.execute(due)).all():
        written = [_written_down(task, profile, now) for task, profile in rows]
        await session.flush()
        await session.execute(
            insert_for(session, Job)
            .values(written)
            .on_conflict_do_nothing(index_elements=["dedupe_key"])
        )
        log.info("exports_due", count=len(written))
        await asyncio.sleep(0)


def _written_down(task: ReportTask, profile: AvitoProfile, now: datetime) -> dict[str, Any]:
    """The job about the latest slot; `task` is due at the one after it."""
    every = Every(task.chats_every or Every.WEEK)
    timing = chats_schedule(profile, every)
    slot = previous_slot(timing, now + timedelta(microseconds=1))
    task.chats_slot = slot.label
    task.chats_due_at = next_slot(timing, now).due_at
    return {
        "kind": EXPORT_DUE,
        "owner_id": profile.owner_id,
        # What goes wrong is told to its owner: nobody in the other chat asked for anything.
        "chat_id": profile.owner_id,
        "profile_id": profile.id,
        "dedupe_key": f"{EXPORT_DUE}:{task.id}:{slot.label}",
        "payload": json.dumps(
            {
                **Export(covered(every, slot)).as_json(),
                "task_id": task.id,
                "due_at": slot.due_at.isoformat(),
            }
        ),
        "created_at": now,
    }
