"""Which metrics reports show: what is ticked for a profile, and for one of its places.

A place shows its own choice, on schedule and by button; without one, like every chat that is no
place of the profile, the profile's.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import BigInteger, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.database.models import AvitoProfile, ReportTask
from core.services import destinations
from core.services.destinations import Destination
from utils.metrics import CALLS, PARTS, USUAL, Shown, in_order

Keys = tuple[str, ...]
"""Keys of metrics, at least one, in the order of the catalogue."""
_TICKED = (
    select(AvitoProfile.report_metrics, ReportTask.report_metrics)
    .outerjoin(ReportTask, ReportTask.profile_id == AvitoProfile.id)
    .where(AvitoProfile.user_id == bindparam("account", type_=BigInteger))
)
"""By whoever reads an account. Put together once: every report asks."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What is ticked for a profile and where it is otherwise."""

    profile: AvitoProfile
    places: Sequence[ReportTask]

    @property
    def common(self) -> Keys:
        return of_profile(self.profile.report_metrics)

    @property
    def differing(self) -> list[ReportTask]:
        """The places that show something else than the profile does."""
        return [task for task in self.places if self.of(task) != self.common]

    @property
    def is_one(self) -> bool:
        """There is nothing to choose between: one place at most, and it shows the same."""
        return len(self.places) <= 1 and not self.differing

    def of(self, task: ReportTask) -> Keys:
        return of_place(task.report_metrics, self.profile.report_metrics)


async def choices(session: AsyncSession, profile: AvitoProfile) -> Choices:
    return Choices(profile, await destinations.listing(session, profile.id))


def of_profile(stored: str | None) -> Keys:
    return _chosen(stored) or USUAL


def of_place(own: str | None, common: str | None) -> Keys:
    """From what is stored with the place and with its profile."""
    return _chosen(own) or of_profile(common)


def of_destination(destination: Destination) -> Keys:
    return of_place(destination.task.report_metrics, destination.profile.report_metrics)


def shown_in(own: str | None, common: str | None) -> Shown:
    """What a report tells, from what is stored with its place and with the profile.

    Whoever ticks metrics chooses all that is told. Until somebody does, bonuses and commission
    stand beneath the spending: it could not be compared with its parts without them.
    """
    chosen = _chosen(own) or _chosen(common)
    return Shown(chosen) if chosen else Shown(USUAL, PARTS)


async def shown_here(
    session: AsyncSession, profiles: Iterable[AvitoProfile], chat_id: int, thread_id: int
) -> dict[int, Shown]:
    """What the reports of each profile show at this place, by its id; where it has none there,
    the profile's own choice.
    """
    stored = {profile.id: profile.report_metrics for profile in profiles}
    rows = await session.execute(
        select(ReportTask.profile_id, ReportTask.report_metrics)
        .where(
            ReportTask.profile_id.in_(stored),
            ReportTask.chat_id == chat_id,
            ReportTask.thread_id == thread_id,
        )
        .order_by(ReportTask.id.desc())
    )
    own = {row.profile_id: row.report_metrics for row in rows}
    return {id_: shown_in(own.get(id_), common) for id_, common in stored.items()}


async def tick_everywhere(
    session: AsyncSession, profile: AvitoProfile, keys: Collection[str] | None
) -> None:
    """Choose for the profile and all its places; None leaves it to what is usual."""
    profile.report_metrics = None if keys is None else _stored(keys)
    for task in await session.scalars(
        select(ReportTask).where(ReportTask.profile_id == profile.id)
    ):
        task.report_metrics = None


def tick_here(destination: Destination, keys: Collection[str] | None) -> None:
    """Choose for one place; None leaves it to the profile."""
    destination.task.report_metrics = None if keys is None else _stored(keys)


def toggled(keys: Keys, key: str) -> Keys:
    """With `key` ticked or unticked; empty if it was the only one."""
    return in_order(set(keys) ^ {key})


async def calls_wanted(session: AsyncSession, account: int) -> bool:
    """Whether anybody who reads this account ticked a metric of calls."""
    rows = await session.execute(_TICKED, {"account": account})
    return any(CALLS & set(_chosen(stored) or ()) for row in rows for stored in row)


def _chosen(stored: str | None) -> Keys | None:
    """What a row holds; None where the predecessor left nothing that makes sense."""
    try:
        keys = json.loads(stored or "[]")
    except ValueError:
        return None
    return in_order(keys) if isinstance(keys, list) else None


def _stored(keys: Collection[str]) -> str:
    return json.dumps(in_order(keys))
