"""Profiles: the list, the card, renaming, deleting. Every read starts from the owner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Select, and_, bindparam, exists, func, select, update
from sqlalchemy import delete as delete_rows
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, undefer

from core.database.models import AccountSync, AvitoProfile, Job, ReportTask, WalletSnapshot
from core.database.repositories import digests, outbox
from core.errors import ProfileNotFound
from core.services import deliveries
from core.services.deliveries import Waiting
from core.services.destinations import NO_SAY
from core.statistics import keys, store
from core.statistics.sync import read_at_of
from utils.analytics import Wallet
from utils.titles import BLANK

NAME_LIMIT = 200
PAGE_SIZE = 8


@dataclass(frozen=True, slots=True)
class ProfilePage:
    profiles: Sequence[AvitoProfile]
    number: int
    """Counts from 0."""
    pages: int
    total: int


@dataclass(frozen=True, slots=True)
class Card:
    """A profile with what is known of its account."""

    profile: AvitoProfile
    destinations: int
    refused: int
    """So many of them Telegram, or the owner's having no say there, keeps from getting any."""
    next_due_at: datetime | None
    """When the next scheduled report is due."""
    waiting: Sequence[Waiting]
    """Scheduled reports that are due and that Avito has given no numbers for yet."""
    wallet: Wallet | None
    stats_read_at: datetime | None
    first_day: date | None
    failure: str | None
    """The class name of the error the last read ended with."""


@dataclass(frozen=True, slots=True)
class Viewed:
    """A profile whose numbers somebody may look at where he is."""

    profile: AvitoProfile
    task: ReportTask | None
    """Its destination there; None where only its owner may look."""
    is_owner: bool
    is_for_all: bool
    """Everybody there may look, not only its owner."""
    goes_elsewhere: bool = False
    """Its reports go to other places too, or only there."""


# Put together once: every report asks.
_OWNED = select(AvitoProfile).where(
    AvitoProfile.id == bindparam("profile"), AvitoProfile.owner_id == bindparam("owner")
)
_ELSEWHERE = aliased(ReportTask)
_WITH_KEYS = _OWNED.options(undefer(AvitoProfile.client_secret))


async def owned(session: AsyncSession, owner_id: int, profile_id: int) -> AvitoProfile:
    """The profile, if it is this owner's; else `ProfileNotFound`, whether it exists or not."""
    return await _one(session, _OWNED, owner_id, profile_id)


async def _one(
    session: AsyncSession, query: Select[AvitoProfile], owner_id: int, profile_id: int
) -> AvitoProfile:
    profile = await session.scalar(query, {"profile": profile_id, "owner": owner_id})
    if profile is None:
        raise ProfileNotFound(profile_id)
    return profile


async def viewable(
    session: AsyncSession, person: int, chat_id: int, thread_id: int, profile_id: int
) -> Viewed:
    """The profile, if this person may look at its numbers in this chat; else `ProfileNotFound`.

    Its owner may everywhere; whether others should read it there is for whoever shows it to ask
    (`is_for_all`). In a group, a topic or a channel where it reports everybody may: they read its
    reports anyway, until its owner has no say there any more. To change anything takes `owned`.
    """
    here = and_(
        ReportTask.profile_id == AvitoProfile.id,
        ReportTask.chat_id == chat_id,
        ReportTask.thread_id == thread_id,
    )
    elsewhere = exists().where(
        _ELSEWHERE.profile_id == AvitoProfile.id,
        _ELSEWHERE.chat_id.not_in((0, chat_id)),
    )
    row = (
        await session.execute(
            select(AvitoProfile, ReportTask, elsewhere)
            .outerjoin(ReportTask, here)
            .where(AvitoProfile.id == profile_id)
            .order_by(ReportTask.id)
            .limit(1)
        )
    ).one_or_none()
    profile, task, goes_elsewhere = row if row is not None else (None, None, False)
    is_owner = profile is not None and profile.owner_id == person
    is_for_all = task is not None and chat_id < 0 and task.suspended not in NO_SAY
    if profile is None or not (is_owner or is_for_all):
        raise ProfileNotFound(profile_id)
    return Viewed(profile, task, is_owner, is_for_all, goes_elsewhere)


async def with_keys(session: AsyncSession, owner_id: int, profile_id: int) -> AvitoProfile:
    """The owned profile with its client_secret readable, for work that asks Avito.

    Raises `ProfileNotFound`, or `SecretKeyError` when the secret cannot be opened.
    """
    return await _one(session, _WITH_KEYS, owner_id, profile_id)


async def page(session: AsyncSession, owner_id: int, number: int = 0) -> ProfilePage:
    """One page of the owner's profiles; a number out of range becomes the nearest page."""
    total = await session.scalar(
        select(func.count()).select_from(AvitoProfile).where(AvitoProfile.owner_id == owner_id)
    )
    total = total or 0
    pages = max(1, -(-total // PAGE_SIZE))
    number = min(max(number, 0), pages - 1)
    profiles = await session.scalars(
        select(AvitoProfile)
        .where(AvitoProfile.owner_id == owner_id)
        .order_by(AvitoProfile.id)
        .offset(number * PAGE_SIZE)
        .limit(PAGE_SIZE)
    )
    return ProfilePage(profiles.all(), number, pages, total)


async def card(session: AsyncSession, profile: AvitoProfile, now: datetime) -> Card:
    """Everything the card shows."""
    of_profile = (ReportTask.profile_id == profile.id, ReportTask.chat_id != 0)
    destinations = select(func.count()).where(*of_profile).scalar_subquery()
    refused = (
        select(func.count())
        .where(*of_profile, ReportTask.suspended.is_not(None))
        .scalar_subquery()
    )
    next_due_at = (
        select(func.min(ReportTask.next_due_at))
        .where(ReportTask.profile_id == profile.id)
        .scalar_subquery()
    )
    # Seldom: what waits is asked for only where something does.
    is_waiting = exists().where(deliveries.is_waiting(), ReportTask.profile_id == profile.id)
    newest = (
        select(func.max(WalletSnapshot.id))
        .where(
            WalletSnapshot.avito_user_id == profile.user_id,
            WalletSnapshot.taken_at <= now + store.CLOCK_SLACK,
        )
        .scalar_subquery()
    )
    row = (
        await session.execute(
            select(destinations, refused, next_due_at, is_waiting, AccountSync, WalletSnapshot)
            .select_from(AvitoProfile)
            .outerjoin(AccountSync, AccountSync.avito_user_id == AvitoProfile.user_id)
            .outerjoin(WalletSnapshot, WalletSnapshot.id == newest)
            .where(AvitoProfile.id == profile.id)
        )
    ).one()
    count, refused_count, due_at, has_waiting, sync, wallet = row
    waiting = await deliveries.waiting(session, [profile.id]) if has_waiting else {}
    if wallet is not None and await keys.opened_account(session, profile, now) is None:
        wallet = None
    return Card(
        profile=profile,
        destinations=count,
        refused=refused_count,
        next_due_at=due_at,
        waiting=waiting.get(profile.id, ()),
        wallet=_as_wallet(wallet) if wallet is not None else None,
        stats_read_at=read_at_of(sync, now),
        first_day=sync.first_day if sync is not None else None,
        failure=sync.failure if sync is not None else None,
    )


def _as_wallet(row: WalletSnapshot) -> Wallet:
    return Wallet(row.taken_at, row.real_kopecks, row.bonus_kopecks, row.advance_kopecks)


def clean_name(text: str | None) -> str | None:
    """A name as it will be stored, None when it cannot be one: empty, or over the limit."""
    seen = (c if c.isprintable() and c not in BLANK else " " for c in text or "")
    name = " ".join("".join(seen).split())
    return name if 0 < len(name) <= NAME_LIMIT else None


def rename(profile: AvitoProfile, name: str) -> None:
    profile.profile_name = name


async def delete(session: AsyncSession, profile: AvitoProfile) -> list[Job]:
    """Delete the profile with its tasks and jobs, and the statistics if no one else reads them.

    Returns the jobs that were under way for it: their work has to be stopped.
    """
    account = profile.user_id
    jobs = list(
        await session.scalars(delete_rows(Job).where(Job.profile_id == profile.id).returning(Job))
    )
    await digests.part_with(session, outbox.going_to(ReportTask.profile_id == profile.id))
    await session.delete(profile)
    await session.flush()
    if account is not None:
        await store.delete_unused(session, account)
    return jobs


async def note_problem(
    session: AsyncSession, profile_id: int, problem: str | None, now: datetime
) -> None:
    """Keep why Avito refuses this profile, as the error's class name; None when it answers."""
    await session.execute(
        update(AvitoProfile)
        .where(AvitoProfile.id == profile_id)
        .values(problem=problem, problem_at=now if problem else None)
    )
