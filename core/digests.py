"""Several reports of one owner as one message: what goes together, and what it says."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from core import slots
from core.combined import Combined, Row, combined
from core.database.models import Delivery, ReportTask
from core.database.repositories.delivery_states import ON_DEMAND, SUPPLEMENT, TRIAL
from core.database.repositories.digests import ONE_MESSAGE
from core.services import digests
from core.services.destinations import Destination
from utils.metrics import Shown
from utils.periods import Period


@dataclass(frozen=True, slots=True)
class ScheduledDigest:
    """Everything that one message about several profiles of an owner says."""

    combined: Combined
    for_owner: bool
    """It goes to their owner alone."""
    is_trial: bool
    missed: list[datetime]
    """Local wall clocks at which some of them should have come since the last time."""
    is_supplement: bool = False
    """They came before, without a part of their last day."""
    is_followed: bool = False
    """Some are not whole, and the whole of them comes by itself."""
    went_ahead: bool = False
    """The message of their slot came without them."""


RenderDigest = Callable[[ScheduledDigest, datetime], Sequence[dict[str, Any]]]
"""The messages of a digest: most often one."""


@dataclass(frozen=True, slots=True)
class Told:
    """One delivery that can be told, and what its own report would say."""

    delivery: Delivery
    task: ReportTask
    row: Row
    shown: Shown
    """At its destination."""
    missed: Sequence[datetime]


def message_of(delivery: Delivery, task: ReportTask, owner_id: int) -> Hashable:
    """The same for all that go in one message; None for what goes by itself."""
    if not task.is_digest or delivery.slot.startswith(ON_DEMAND):
        return None
    is_supplement = delivery.slot.startswith(SUPPLEMENT)
    return owner_id, is_supplement, *(getattr(delivery, column.key) for column in ONE_MESSAGE)


async def trial(
    session: AsyncSession, destination: Destination, now: datetime
) -> list[Destination]:
    """Put a trial on its way beside the schedule, with those it shares a message with.

    Returns whose reports are in it; none: one is on its way there already.
    """
    if not await slots.trial(session, destination.task, now):
        return []
    others = digests.together(destination, now)
    return [destination, *[each for each in others if await slots.trial(session, each.task, now)]]


def digest_of(
    owner_id: int,
    period: Period,
    told: Sequence[Told],
    missing: Sequence[Row],
    *,
    is_followed: bool,
    went_ahead: bool,
) -> ScheduledDigest:
    """One message about those that can be told, which also says who is missing."""
    rows = {each.row.profile_id: each.row for each in told}
    first = told[0].delivery
    return ScheduledDigest(
        combined=combined(
            period,
            [*rows.values(), *missing],
            {each.row.profile_id: each.shown for each in told},
        ),
        for_owner=first.chat_id == owner_id,
        is_trial=first.slot.startswith(TRIAL),
        missed=sorted({slot for each in told for slot in each.missed}),
        is_supplement=first.slot.startswith(SUPPLEMENT),
        is_followed=is_followed,
        went_ahead=went_ahead,
    )


def carrier_first(told: Sequence[Told]) -> list[int]:
    """Their deliveries in the order in which one should carry the others.

    Where the settings of their places differ, the more careful and the louder wins.
    """

    def rank(each: Told) -> tuple[bool, bool, int]:
        return each.task.on_lost_answer != "hold", each.delivery.is_silent, each.delivery.id

    return [each.delivery.id for each in sorted(told, key=rank)]
