"""The facts of one report: from the store, brought up to date first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from core.avito.auth import ProfileAccess
from core.database.models import AvitoProfile
from core.database.session import Sessions
from core.ports import Clock
from core.statistics import store
from core.statistics.store import DayNumbers, Source
from core.statistics.sync import StatisticsSync, access_to
from utils.analytics import Figure, Wallet, figures
from utils.periods import Period, moscow_day

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ReportData:
    """One report, before it becomes a text."""

    profile_id: int
    profile_name: str
    period: Period
    compared_with: Period | None
    """None when nothing of it is stored, or the period still goes on."""
    figures: list[Figure]
    by_listings: bool
    """Some days were added up from listings: Avito refused the whole account's numbers."""
    read_at: datetime | None
    refreshes_at: datetime | None
    """A newer read is due and allowed from this instant on; the numbers are the older ones."""
    failure: str | None
    """The class name of the error a due read ended with; the numbers are the older ones."""


async def collect(
    profile: AvitoProfile,
    period: Period,
    *,
    sessions: Sessions,
    sync: StatisticsSync,
    clock: Clock,
) -> ReportData:
    """Bring the numbers up to date, then read them.

    Raises `RateLimited` when a day was never read and Avito's minute is not over, and every
    other `AvitoError` only when there is nothing older to show.
    """
    access = access_to(profile)
    freshness = await sync.ensure_fresh(access, period)
    await sync.ensure_fresh_wallet(access)
    days, wallet, earlier = await _read(sessions, access, period, clock.now())
    compare = period.last < moscow_day(clock.now()) and bool(_known(days, period.previous()))
    return ReportData(
        profile_id=profile.id,
        profile_name=profile.profile_name,
        period=period,
        compared_with=period.previous() if compare else None,
        figures=figures(
            period,
            {day: numbers.metrics for day, numbers in days.items()},
            wallet=wallet,
            earlier_wallet=earlier,
            compare=compare,
        ),
        by_listings=any(one.source is Source.V1 for one in _known(days, period)),
        read_at=freshness.read_at,
        refreshes_at=freshness.refused_until,
        failure=type(freshness.failure).__name__ if freshness.failure else None,
    )


async def _read(
    sessions: Sessions, access: ProfileAccess, period: Period, now: datetime
) -> tuple[dict[date, DayNumbers], Wallet | None, Wallet | None]:
    both = Period(period.previous().first, period.last)
    async with sessions() as session:
        days = await store.days(session, access.account, both)
        wallet = await store.latest_wallet(session, access.account)
        earlier = await store.wallet_about(session, access.account, now - ONE_DAY * period.length)
    return days, wallet, earlier


def _known(days: dict[date, DayNumbers], period: Period) -> list[DayNumbers]:
    return [numbers for day, numbers in days.items() if day in period and numbers.metrics]
