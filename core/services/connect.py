"""Connecting an Avito account: the keys as they may be typed, a new profile, new keys for one."""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.avito.auth import Credentials
from core.avito.client import VerifiedAccount
from core.database.models import AvitoProfile, ReportTask
from core.errors import ABOUT_KEYS, AlreadyConnected, AnotherAccount
from core.services import register

_KEY = re.compile(r"[!-~]{1,200}")
# Avito's are 20 and 40 letters and digits in no order, perhaps after `client_secret=`. Links,
# telephone numbers, addresses and long words are none.
_LIKE_A_KEY = re.compile(
    r"(?<!\S)(?:[^\s/]*[:=])?(?=[\w-]*\d)(?=[\w-]*[a-z])[\w-]{16,}(?![^\s.,;!?])",
    re.ASCII | re.IGNORECASE,
)


def clean_key(text: str | None) -> str | None:
    """A client_id or client_secret as typed, None when it cannot be one.

    Only the coarse shape, visible ASCII: whether Avito knows it, Avito says.
    """
    key = (text or "").strip()
    return key if _KEY.fullmatch(key) else None


def holds_key(text: str | None) -> bool:
    """Whether a word of this looks like a key: to be on the safe side where none is expected."""
    return _LIKE_A_KEY.search(text or "") is not None


async def create(
    session: AsyncSession,
    owner_id: int,
    name: str,
    credentials: Credentials,
    verified: VerifiedAccount,
    now: datetime,
) -> AvitoProfile:
    """Store a profile whose keys were verified. Raises `AlreadyConnected`."""
    await register.ensure_user(session, owner_id, now)
    existing = await session.scalar(
        select(AvitoProfile)
        .where(AvitoProfile.owner_id == owner_id, AvitoProfile.user_id == verified.account)
        .limit(1)
    )
    if existing is not None:
        raise AlreadyConnected(existing.id, existing.profile_name)
    profile = AvitoProfile(
        owner_id=owner_id,
        profile_name=name,
        client_id=credentials.client_id,
        client_secret=credentials.client_secret,
        user_id=verified.account,
        access_token=verified.token.value,
        token_expires_at=verified.token.expires_at,
        created_at=now,
    )
    session.add(profile)
    await session.flush()
    return profile


async def confirm(session: AsyncSession, profile: AvitoProfile, verified: VerifiedAccount) -> None:
    """Note whose keys a profile of the predecessor has, which never asked Avito."""
    twin = await session.scalar(
        select(AvitoProfile.id)
        .where(AvitoProfile.owner_id == profile.owner_id, AvitoProfile.user_id == verified.account)
        .limit(1)
    )
    profile.is_duplicate = twin is not None
    profile.user_id = verified.account
    profile.access_token = verified.token.value
    profile.token_expires_at = verified.token.expires_at


async def replace_keys(
    session: AsyncSession,
    profile: AvitoProfile,
    credentials: Credentials,
    verified: VerifiedAccount,
) -> None:
    """Give the profile keys that were verified. Raises `AnotherAccount`."""
    if profile.user_id is not None and profile.user_id != verified.account:
        raise AnotherAccount(profile.id, verified.account)
    profile.user_id = verified.account
    profile.client_id = credentials.client_id
    profile.client_secret = credentials.client_secret
    profile.access_token = verified.token.value
    profile.token_expires_at = verified.token.expires_at
    profile.problem = None
    profile.problem_at = None
    await session.execute(
        update(ReportTask)
        .where(ReportTask.profile_id == profile.id, ReportTask.problem.in_(ABOUT_KEYS))
        .values(problem=None, problem_at=None)
    )
