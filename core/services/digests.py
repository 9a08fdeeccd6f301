"""One message for several profiles of an owner: where he wants it, and with whom it comes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal, NamedTuple, cast

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.database.models import AvitoProfile, ReportTask
from core.database.repositories.outbox import reported_until
from core.schedule_policy import catch_up_window, covered, next_slot
from core.services.destinations import Destination, LostAnswer
from core.services.schedule import schedule_of
from utils.periods import Period

Chosen = Literal["day", "week", "month"]


class Apart(StrEnum):
    """Why two reports to one place are two messages, though one is wanted."""

    SCHEDULE = "schedule"
    """They come at different times."""
    DAYS = "days"
    """They are about different days."""
    PAUSE = "pause"
    """One of them does not come for now."""


def choose(destination: Destination, *, is_digest: bool) -> None:
    """For all profiles of its owner that report there: it is the place that gets one message."""
    for each in (destination, *destination.others):
        each.task.is_digest = is_digest


def together(destination: Destination, now: datetime) -> list[Destination]:
    """The others whose next report is a part of the same message."""
    if not destination.task.is_digest:
        return []
    return [each for each in destination.others if why_apart(destination, each, now) is None]


def ringing(destination: Destination, now: datetime) -> list[Destination]:
    """Of a place without sound, the others whose sound its next message comes with all the same.

    Who wants to be asked about a lost answer carries the message before all others, and among
    equals the louder does.
    """
    if not destination.task.is_silent:
        return []
    message = [destination, *together(destination, now)]
    asking = [each for each in message if each.task.on_lost_answer == LostAnswer.HOLD]
    return [each for each in asking or message if not each.task.is_silent]


def why_apart(destination: Destination, other: Destination, now: datetime) -> Apart | None:
    """Why their next reports cannot be one message; None where they can."""
    own, others = _next_report(destination, now), _next_report(other, now)
    if (own.due_at, own.window) != (others.due_at, others.window):
        return Apart.SCHEDULE
    if own.days != others.days:
        return Apart.DAYS
    return None if _is_coming(destination) and _is_coming(other) else Apart.PAUSE


async def wanted(session: AsyncSession, profile_ids: Collection[int]) -> dict[int, Destination]:
    """By the id of the task, the places where one message is wanted for several profiles.

    Of all profiles that these profiles' owners have, each with the others there.
    """
    owners = select(AvitoProfile.owner_id).where(AvitoProfile.id.in_(profile_ids))
    rows = await session.execute(
        select(ReportTask, AvitoProfile, reported_until())
        .join(AvitoProfile, AvitoProfile.id == ReportTask.profile_id)
        .where(AvitoProfile.owner_id.in_(owners), ReportTask.is_digest, ReportTask.chat_id != 0)
    )
    places: defaultdict[tuple[int, int, int], list[Destination]] = defaultdict(list)
    for each in (Destination(*row) for row in rows):
        places[each.profile.owner_id, each.task.chat_id, each.task.thread_id].append(each)
    return {
        one.task.id: replace(one, others=[other for other in here if other is not one])
        for here in places.values()
        for one in here
        if len(here) > 1
    }


class _Report(NamedTuple):
    """What has to be the same for two reports to be one message."""

    due_at: datetime
    window: timedelta
    days: Period


def _next_report(destination: Destination, now: datetime) -> _Report:
    """That would come if it were not for a pause."""
    task, schedule = destination.task, schedule_of(destination.profile)
    slot = next_slot(schedule, now)
    chosen = cast("Chosen", task.report_period) if task.is_period_set else None
    days = covered(schedule, slot, chosen, destination.reported_until)
    return _Report(task.next_due_at or slot.due_at, catch_up_window(schedule.frequency), days)


def _is_coming(destination: Destination) -> bool:
    return destination.task.next_due_at is not None
