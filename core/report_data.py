"""The facts of one report: from the store, brought up to date first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from core.avito.auth import Credentials
from core.avito.client import Avito
from core.database.models import AvitoProfile
from core.database.session import Sessions, reading
from core.errors import AvitoError, EmployeeKey, KeysRefused
from core.ports import Clock
from core.services import connect, profiles
from core.statistics import store, sync
from core.statistics.store import DayNumbers, Source
from core.statistics.sync import WALLET_AGE, Freshness, StatisticsSync, access_to
from utils.analytics import Figure, Wallet, figures
from utils.periods import Period, end_of, moscow_day

ONE_DAY = timedelta(days=1)
GLANCE_AGE = timedelta(minutes=10)
"""How old the wallets may be where many are shown at a glance."""
CONNECTIONS = 4
"""To the database, that many profiles are read over at a time."""


@dataclass(frozen=True, slots=True)
class ReportData:
    """One report, before it becomes a text."""

    profile_id: int
    profile_name: str
    account: int
    period: Period
    compared_with: Period | None
    """None when nothing of it is stored, or the period still goes on."""
    figures: list[Figure]
    by_listings: bool
    """Some days were added up from listings: Avito refused the whole account's numbers."""
    read_at: datetime | None
    refreshes_at: datetime | None
    """A newer read is due and allowed from this instant on; the numbers are the older ones."""
    failure: Exception | None
    """What a due read ended with; the numbers are the older ones."""
    cut_at: datetime | None
    """The last day is over, but its numbers end here: it was read before its end."""
    old_wallet_at: datetime | None
    """When the wallet was read, if that is longer ago than a wallet should be."""


@dataclass(frozen=True, slots=True)
class Collector:
    """Collects the facts of reports: for a button, for a schedule, for `/stats`.

    What Avito says of a profile's keys on the way is noted on the profile.
    """

    sessions: Sessions
    avito: Avito
    sync: StatisticsSync
    clock: Clock

    async def profile(self, owner_id: int, profile_id: int) -> AvitoProfile:
        """The owned profile, its secret readable and its account known.

        The predecessor stored profiles without asking whose keys they were: Avito is asked now.
        Raises `ProfileNotFound`, `SecretKeyError`, or the `AvitoError` of that question.
        """
        async with reading(self.sessions) as session:
            profile = await profiles.with_keys(session, owner_id, profile_id)
        if profile.user_id is not None:
            return profile
        async with self._noting_refusal(profile):
            verified = await self.avito.verify(
                Credentials(profile.client_id, profile.client_secret)
            )
        async with self.sessions.begin() as session:
            profile = await profiles.with_keys(session, owner_id, profile_id)
            await connect.confirm(session, profile, verified)
        return profile

    async def refresh(self, profile: AvitoProfile, period: Period) -> Freshness:
        """Bring the statistics up to date; raises as `StatisticsSync.ensure_fresh` does."""
        async with self._noting_refusal(profile):
            freshness = await self.sync.ensure_fresh(access_to(profile), period)
        # The store may answer although the keys do not open Avito any more.
        if isinstance(freshness.failure, KeysRefused | EmployeeKey):
            await self._note(profile, freshness.failure)
        return freshness

    async def collect(self, profile: AvitoProfile, period: Period) -> ReportData:
        """Bring the numbers and the wallet up to date, then read them.

        Raises `RateLimited` when a day was never read and Avito's minute is not over, and every
        other `AvitoError` only when there is nothing older to show.
        """
        freshness = await self.refresh(profile, period)
        async with self._noting_refusal(profile):
            await self.sync.ensure_fresh_wallet(access_to(profile))
        if not isinstance(freshness.failure, KeysRefused | EmployeeKey):
            await self._note(profile, None)
        return await self._data(profile, period, freshness)

    async def stored(
        self, profile: AvitoProfile, period: Period, failure: Exception
    ) -> ReportData | None:
        """What the store alone knows, after `failure`; None when a day of it was never read."""
        access = access_to(profile)
        async with reading(self.sessions) as session:
            held = await store.state(session, access.account)
            days = await store.days(session, access.account, period)
        if held is None or len(days) < period.length:
            return None
        freshness = Freshness(held.stats_read_at, refreshed=False)
        data = await self._data(profile, period, freshness)
        return replace(data, failure=failure)

    async def as_it_is(
        self, shown: Sequence[AvitoProfile], period: Period
    ) -> dict[int, ReportData]:
        """By the id of the profile, what the store tells of those that no read is due for.

        A wallet may be older than where somebody looks at one profile: it says so.
        """
        shares = (shown[start::CONNECTIONS] for start in range(CONNECTIONS))
        told = await asyncio.gather(*(self._share(each, period) for each in shares if each))
        return {data.profile_id: data for each in told for data in each}

    async def _share(self, shown: Iterable[AvitoProfile], period: Period) -> list[ReportData]:
        now, told = self.clock.now(), []
        async with reading(self.sessions) as session:
            for profile in shown:
                if profile.user_id is None:
                    continue
                freshness = await sync.as_it_is(session, profile.user_id, period, now)
                if freshness is not None:
                    told.append(await from_store(session, profile, period, freshness, now))
        return [data for data in told if _is_wallet_young(data, now)]

    async def _data(
        self, profile: AvitoProfile, period: Period, freshness: Freshness
    ) -> ReportData:
        async with reading(self.sessions) as session:
            return await from_store(session, profile, period, freshness, self.clock.now())

    @asynccontextmanager
    async def _noting_refusal(self, profile: AvitoProfile) -> AsyncIterator[None]:
        try:
            yield
        except (KeysRefused, EmployeeKey) as error:
            await self._note(profile, error)
            raise

    async def _note(self, profile: AvitoProfile, refusal: AvitoError | None) -> None:
        problem = type(refusal).__name__ if refusal is not None else None
        if profile.problem == problem:
            return
        async with self.sessions.begin() as session:
            await profiles.note_problem(session, profile.id, problem, self.clock.now())


async def from_store(
    session: AsyncSession,
    profile: AvitoProfile,
    period: Period,
    freshness: Freshness,
    now: datetime,
) -> ReportData:
    """The report that the store makes by itself; the profile's account must be confirmed."""
    account = profile.user_id
    assert account is not None  # noqa: S101 - without an account there are no numbers to read
    days = await store.days(session, account, Period(period.previous().first, period.last))
    wallet, earlier = await _wallets(session, account, period)
    metrics = {day: numbers.metrics for day, numbers in days.items()}
    is_over, cut_at = period.last < moscow_day(now), _cut_at(days, period)
    compare = is_over and cut_at is None and bool(_known(days, period.previous()))
    return ReportData(
        profile_id=profile.id,
        profile_name=profile.profile_name,
        account=account,
        period=period,
        compared_with=period.previous() if compare else None,
        figures=figures(period, metrics, wallet=wallet, earlier_wallet=earlier, compare=compare),
        by_listings=any(one.source is Source.V1 for one in _known(days, period)),
        read_at=freshness.read_at,
        refreshes_at=freshness.refused_until,
        failure=freshness.failure,
        cut_at=cut_at if is_over else None,
        old_wallet_at=wallet.taken_at if wallet and now - wallet.taken_at > WALLET_AGE else None,
    )


async def _wallets(
    session: AsyncSession, account: int, period: Period
) -> tuple[Wallet | None, Wallet | None]:
    """The wallet now, and as long ago as the period is."""
    wallet = await store.latest_wallet(session, account)
    if wallet is None:
        return None, None
    before = wallet.taken_at - ONE_DAY * period.length
    return wallet, await store.wallet_about(session, account, before)


def _is_wallet_young(data: ReportData, now: datetime) -> bool:
    if data.old_wallet_at is not None:
        return now - data.old_wallet_at <= GLANCE_AGE
    return any(figure.value is not None for figure in data.figures if not figure.metric.slugs)


def _cut_at(days: dict[date, DayNumbers], period: Period) -> datetime | None:
    """When the last day was read, if that was before its end."""
    last = days.get(period.last)
    return last.read_at if last is not None and last.read_at < end_of(period.last) else None


def _known(days: dict[date, DayNumbers], period: Period) -> list[DayNumbers]:
    return [numbers for day, numbers in days.items() if day in period and numbers.metrics]
