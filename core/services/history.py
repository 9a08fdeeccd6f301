"""How far back the numbers of a profile can be asked for."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from core.avito.stats import DEPTH_DAYS
from core.database.models import AvitoProfile
from core.statistics import store
from utils.periods import Period, last_days


async def reach(session: AsyncSession, profile: AvitoProfile, now: datetime) -> Period:
    """The days that Avito still tells and those that our own history has kept, until today."""
    told = last_days(now, DEPTH_DAYS)
    held = await store.state(session, profile.user_id) if profile.user_id is not None else None
    if held is None or held.first_day is None:
        return told
    return Period(min(told.first, held.first_day), told.last)


async def check(
    session: AsyncSession, profile: AvitoProfile, period: Period, now: datetime
) -> None:
    """Raise `PeriodError` where nobody has numbers for all of these days."""
    within = await reach(session, profile, now)
    period.check(today=within.last, earliest=within.first)
