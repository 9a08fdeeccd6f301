"""What of an account's history a profile may be told: what its own keys open.

Several owners may have connected one account, and the history is the account's. Keys that Avito
has revoked must not go on telling what another owner's keys read. Every answer made of stored
numbers asks here first (docs/adr/0008).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import BigInteger, Integer, bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.database.models import (
    AccountSync,
    AvitoProfile,
    DailyCalls,
    ListingRead,
    WalletSnapshot,
)
from core.database.types import UtcDateTime
from core.errors import ABOUT_KEYS
from core.statistics.store import CLOCK_SLACK, is_past, is_young

GOOD_FOR = timedelta(days=1)
"""For how long keys that opened the account are taken to do so still: as long as a token lives."""

_PROFILE = bindparam("profile", type_=Integer)
_ACCOUNT = bindparam("account", type_=BigInteger)
_LATEST = bindparam("latest", type_=UtcDateTime)
_STANDING = select(AvitoProfile.problem, AvitoProfile.keys_good_at).where(
    AvitoProfile.id == _PROFILE
)
_NEWEST = select(
    *(
        select(func.max(read_at)).where(account == _ACCOUNT, read_at <= _LATEST).scalar_subquery()
        for account, read_at in (
            (AccountSync.avito_user_id, AccountSync.stats_read_at),
            (WalletSnapshot.avito_user_id, WalletSnapshot.taken_at),
            (DailyCalls.avito_user_id, DailyCalls.fetched_at),
            (ListingRead.account, ListingRead.read_at),
        )
    )
)


async def opened_account(
    session: AsyncSession, profile: AvitoProfile, now: datetime
) -> int | None:
    """The account whose stored numbers this profile may be told, None where its keys do not open
    it, as far as we know: they have to be asked then.

    Keys that opened it within a day, and were not refused since, open all of it; others what was
    read while they were good.
    """
    account = profile.user_id
    if account is None or _are_good(profile.problem, profile.keys_good_at, now):
        return account
    # The profile may have been loaded before its keys were asked.
    problem, good_at = await _standing(session, profile.id)
    if _are_good(problem, good_at, now):
        return account
    if good_at is None or not is_past(good_at, now):
        return None
    asked = {"account": account, "latest": now + CLOCK_SLACK}
    newest = (await session.execute(_NEWEST, asked)).one()
    is_own = all(read_at is None or read_at <= good_at for read_at in newest)
    return account if is_own else None


def _are_good(problem: str | None, good_at: datetime | None, now: datetime) -> bool:
    return problem not in ABOUT_KEYS and is_young(good_at, GOOD_FOR, now)


async def accepted_at(session: AsyncSession, profile_id: int) -> datetime | None:
    """When these keys last opened the account; None where Avito has refused them since."""
    problem, good_at = await _standing(session, profile_id)
    return None if problem in ABOUT_KEYS else good_at


async def _standing(session: AsyncSession, profile_id: int) -> tuple[str | None, datetime | None]:
    row = (await session.execute(_STANDING, {"profile": profile_id})).one_or_none()
    return (None, None) if row is None else (row.problem, row.keys_good_at)


async def note_good(session: AsyncSession, profile_id: int, now: datetime) -> None:
    """Avito has just answered these keys about their account."""
    await session.execute(
        update(AvitoProfile).where(AvitoProfile.id == profile_id).values(keys_good_at=now)
    )
