"""The facts of one report: from the store, brought up to date first."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from core.avito.auth import Credentials, ProfileAccess
from core.avito.client import Avito
from core.courses import course_of, shown_days
from core.database.models import AvitoProfile
from core.database.session import Sessions, reading
from core.errors import AvitoError, EmployeeKey, KeysRefused
from core.ports import Clock
from core.services import connect, profiles
from core.statistics import store
from core.statistics.store import DayNumbers, Source
from core.statistics.sync import WALLET_AGE, Freshness, StatisticsSync, access_to
from utils.analytics import Figure, Wallet, figures
from utils.charts.course import Course
from utils.periods import Period, end_of, moscow_day, one_day

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
    failure: Exception | None
    """What a due read ended with; the numbers are the older ones."""
    cut_at: datetime | None
    """The last day is over, but its numbers end here: it was read before its end."""
    old_wallet_at: datetime | None
    """When the wallet was read, if that is longer ago than a wallet should be."""
    wallet_failure: Exception | None = None
    """What a due read of the wallet ended with; an older one is compared with nothing."""
    course: Course | None = None
    """What the picture shows; None: there is nothing to draw, or nobody wants it."""


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
            wallet_failure = await self.sync.ensure_fresh_wallet(access_to(profile))
        if not isinstance(freshness.failure, KeysRefused | EmployeeKey):
            await self._note(profile, None)
        return await self._data(profile, period, freshness, wallet_failure)

    async def daily(self, profile: AvitoProfile, period: Period) -> dict[date, list[Figure]]:
        """The statistics of each day of `period` that is stored, without changes."""
        async with reading(self.sessions) as session:
            days = await store.days(session, access_to(profile).account, period)
        return {
            day: figures(one_day(day), {day: numbers.metrics}, compare=False)
            for day, numbers in days.items()
        }

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
        data = await self._data(profile, period, freshness, failure)
        return replace(data, failure=failure)

    async def _data(
        self,
        profile: AvitoProfile,
        period: Period,
        freshness: Freshness,
        wallet_failure: Exception | None,
    ) -> ReportData:
        access, now = access_to(profile), self.clock.now()
        days, wallet, earlier = await _read(self.sessions, access, period)
        shown = shown_days(period)
        is_over, cut_at = period.last < moscow_day(now), _cut_at(days, period)
        compare = is_over and cut_at is None and bool(_known(days, period.previous()))
        return ReportData(
            profile_id=profile.id,
            profile_name=profile.profile_name,
            period=period,
            compared_with=period.previous() if compare else None,
            figures=figures(
                period,
                {day: numbers.metrics for day, numbers in days.items()},
                wallet=wallet,
                earlier_wallet=earlier if wallet_failure is None else None,
                compare=compare,
            ),
            by_listings=any(one.source is Source.V1 for one in _known(days, period)),
            read_at=freshness.read_at,
            refreshes_at=freshness.refused_until,
            failure=freshness.failure,
            cut_at=cut_at if is_over else None,
            old_wallet_at=wallet.taken_at
            if wallet and now - wallet.taken_at > WALLET_AGE
            else None,
            wallet_failure=wallet_failure,
            course=course_of(profile.profile_name, shown, days, is_cut=cut_at is not None),
        )

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


async def _read(
    sessions: Sessions, access: ProfileAccess, period: Period
) -> tuple[dict[date, DayNumbers], Wallet | None, Wallet | None]:
    first = min(period.previous().first, shown_days(period).previous().first)
    async with reading(sessions) as session:
        days = await store.days(session, access.account, Period(first, period.last))
        wallet = await store.latest_wallet(session, access.account)
        if wallet is None:
            return days, None, None
        before = wallet.taken_at - ONE_DAY * period.length
        return days, wallet, await store.wallet_about(session, access.account, before)


def _cut_at(days: dict[date, DayNumbers], period: Period) -> datetime | None:
    """When the last day was read, if that was before its end."""
    last = days.get(period.last)
    return last.read_at if last is not None and last.read_at < end_of(period.last) else None


def _known(days: dict[date, DayNumbers], period: Period) -> list[DayNumbers]:
    return [numbers for day, numbers in days.items() if day in period and numbers.metrics]
