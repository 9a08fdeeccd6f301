"""The facts of one report: from the store, brought up to date first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from core.avito.auth import Credentials
from core.avito.client import Avito
from core.avito.endpoints import BALANCE
from core.courses import alone, course_of, only, shown_days
from core.database.models import AvitoProfile
from core.database.session import Sessions, reading
from core.errors import AvitoError, EmployeeKey, KeysRefused
from core.ports import Clock
from core.services import connect, metrics, profiles
from core.statistics import keys, listings, store, sync
from core.statistics.listings import Highlights
from core.statistics.store import DayCalls, DayNumbers, Source
from core.statistics.sync import (
    BUTTON_AGE,
    WALLET_AGE,
    Freshness,
    StatisticsSync,
    access_to,
    calls_refusal,
    read_at_of,
)
from utils import analytics
from utils.analytics import Days, Figure, Wallet, are_compared, figures, missing_days
from utils.charts.course import Course
from utils.metrics import HELD, STATISTICS, Shown
from utils.periods import Period, end_of, moscow_day, one_day, yesterday
from utils.runway import week_before, with_runway

ONE_DAY = timedelta(days=1)
ADVANCE_AGE = timedelta(minutes=3)
"""Avito tells the advance once a minute: a report in between takes the one before."""
CALLS_AGE = timedelta(minutes=1)
"""How old the calls may be for somebody who wants new numbers: Avito names no limit of theirs."""
GLANCE_AGE = timedelta(minutes=10)
"""How old the wallets may be where many are shown at a glance."""
RUNWAY_AGE = timedelta(hours=6)
"""How old a wallet may be for a word about how long it lasts: the money goes on being spent."""
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
    wallet_failure: Exception | None = None
    """What a due read of the wallet ended with."""
    old_advance_at: datetime | None = None
    """The same of the advance: a call of its own, which may fail alone."""
    advance_failure: str | None = None
    """The class name of what it failed with, if there is more to it than a limit or a refusal."""
    calls_failure: str | None = None
    """The class name of what the last read of the calls ended with; None after a good one."""
    course: Course | None = None
    """What the picture shows; None: there is nothing to draw, or nobody wants it."""
    goes_on: bool = False
    """The last day is not over yet."""
    missing: Sequence[Period] = ()
    """The days of which nothing is known, in runs."""
    cut_days: Sequence[date] = ()
    """Days before the last that were read before their end, and never again."""
    listings: Highlights | None = None
    """None when they were not read about this period: no report waits for that."""
    awaits_listings: bool = False
    """They were never read: the account is new."""

    def showing(self, shown: Shown) -> ReportData:
        """The same report with these metrics only."""
        told = replace(
            self,
            figures=analytics.only(self.figures, shown),
            course=self.course and only(self.course, shown.keys),
        )
        return told.without_scraps()

    def without_scraps(self) -> ReportData:
        """Where its days can be compared with nothing whole, nothing of those before is left."""
        if not self.is_baseless:
            return self
        report = replace(self, compared_with=None, course=self.course and alone(self.course))
        return report.uncompared(STATISTICS)

    @property
    def is_baseless(self) -> bool:
        return is_baseless(self.figures, [self])

    @property
    def is_incomplete(self) -> bool:
        """Whether it is its own days that cannot be compared."""
        return self.goes_on or self.cut_at is not None or bool(self.cut_days or self.missing)

    def with_old_wallet(self, failure: Exception) -> ReportData:
        """After a due read of the wallet failed: an older one is compared with nothing."""
        return replace(self.uncompared(HELD), wallet_failure=failure)

    def uncompared(self, keys: Collection[str]) -> ReportData:
        """The same without the changes of these metrics."""
        return replace(self, figures=analytics.uncompared(self.figures, keys))


def is_baseless(figures: Iterable[Figure], told: Iterable[ReportData]) -> bool:
    """Whether the days before are to blame that none of the statistics has a change.

    `told` are the reports that the `figures` are from, all about the same days.
    """
    return not are_compared(figures) and not any(data.is_incomplete for data in told)


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

    async def ensure_opened(self, profile: AvitoProfile) -> None:
        """See to it that its keys open the account; raises the `AvitoError` that they do not."""
        async with reading(self.sessions) as session:
            if await keys.opened_account(session, profile, self.clock.now()) is not None:
                return
        failure = await self._refresh_wallet(profile)
        if failure is not None:
            raise failure
        await self._note(profile, None)

    async def refresh(
        self, profile: AvitoProfile, period: Period, *, max_age: timedelta = BUTTON_AGE
    ) -> Freshness:
        """Bring the statistics up to date; raises as `StatisticsSync.ensure_fresh` does."""
        async with self._noting_refusal(profile):
            freshness = await self.sync.ensure_fresh(access_to(profile), period, max_age=max_age)
        # The store may answer although the keys do not open Avito any more.
        if isinstance(freshness.failure, KeysRefused | EmployeeKey):
            await self._note(profile, freshness.failure)
        return freshness

    async def refresh_calls(
        self, profile: AvitoProfile, period: Period, *, max_age: timedelta = BUTTON_AGE
    ) -> AvitoError | None:
        """Bring the calls up to date where somebody ticked them; returns what went wrong."""
        access = access_to(profile)
        async with reading(self.sessions) as session:
            is_wanted = await metrics.calls_wanted(session, access.account)
        if not is_wanted:
            return None
        return await self.sync.ensure_fresh_calls(access, period, max_age=max_age)

    async def collect(
        self,
        profile: AvitoProfile,
        period: Period,
        *,
        other: Period | None = None,
        anew: bool = False,
    ) -> ReportData:
        """Bring the numbers and the wallet up to date, then read them.

        `other`: the earlier days that it will be compared with, if not those just before it;
        only calls are asked for by days, the statistics are known as far back as Avito's go.
        `anew`: however young they are, as far as Avito's limits allow.

        The wallet is asked for with these very keys: that shows whether they open the account
        still, whoever read the rest. Raises `RateLimited` when a day was never read and Avito's
        minute is not over, and every other `AvitoError` only when there is nothing older to show.
        """
        freshness = await self.refresh(
            profile, period, max_age=timedelta(0) if anew else BUTTON_AGE
        )
        wallet_failure = await self._refresh_wallet(profile)
        has_answered = freshness.refreshed or wallet_failure is None
        if has_answered and not isinstance(freshness.failure, KeysRefused | EmployeeKey):
            await self._note(profile, None)
        calls_failure, data = await self._with_calls(
            profile, period, other, freshness, CALLS_AGE if anew else BUTTON_AGE
        )
        if data is None:
            raise wallet_failure or KeysRefused(BALANCE.name, detail="refused a moment ago")
        if wallet_failure is not None:
            data = data.with_old_wallet(wallet_failure)
        elif data.old_advance_at is not None:
            data = data.uncompared({"advance_balance"})
        data = replace(data, advance_failure=self.sync.advance_failure(data.account))
        if calls_failure is None:
            return data
        return replace(data, calls_failure=type(calls_failure).__name__)

    async def daily(self, profile: AvitoProfile, period: Period) -> dict[date, list[Figure]]:
        """The statistics of each day of `period` that is stored, without changes."""
        account = access_to(profile).account
        async with reading(self.sessions) as session:
            now = self.clock.now()
            days = await store.days(session, account, period, now)
            calls = await store.calls(session, account, period, now)
        told = with_calls(days, calls, now)
        return {
            day: figures(one_day(day), {day: numbers}, compare=False)
            for day, numbers in told.items()
        }

    async def stored(
        self, profile: AvitoProfile, period: Period, failure: Exception
    ) -> ReportData | None:
        """What the store alone knows, after `failure`; None when a day of it was never read, or by
        another owner since these keys were known to open the account.

        Numbers that no read was due for are no older ones, whatever failed beside them; but that
        keys are refused has to be known.
        """
        access, now = access_to(profile), self.clock.now()
        async with reading(self.sessions) as session:
            held = await store.state(session, access.account)
            days = await store.days(session, access.account, period, now)
            fresh = await sync.as_it_is(session, access.account, period, now)
        if held is None or len(days) < period.length:
            return None
        freshness = fresh or Freshness(read_at_of(held, now), refreshed=False)
        told = await self._data(profile, period, freshness)
        if told is None:
            return None
        data = told.with_old_wallet(failure)
        is_fresh = fresh is not None or data.read_at != freshness.read_at
        if is_fresh and not isinstance(failure, KeysRefused | EmployeeKey):
            return data
        return replace(data, failure=failure)

    async def as_it_is(
        self, shown: Sequence[AvitoProfile], period: Period
    ) -> dict[int, ReportData]:
        """By the id of the profile, what the store tells of those that no read is due for.

        Without pictures and listings; a wallet may be older than where somebody looks at one
        profile, and says so.
        """
        shares = (shown[start::CONNECTIONS] for start in range(CONNECTIONS))
        told = await asyncio.gather(*(self._share(each, period) for each in shares if each))
        return {data.profile_id: data for each in told for data in each}

    async def _share(self, shown: Iterable[AvitoProfile], period: Period) -> list[ReportData]:
        now = self.clock.now()
        async with reading(self.sessions) as session:
            told = [await _as_it_is(session, profile, period, now) for profile in shown]
        return [data for data in told if data is not None and _is_wallet_young(data, now)]

    async def _with_calls(
        self,
        profile: AvitoProfile,
        period: Period,
        other: Period | None,
        freshness: Freshness,
        calls_age: timedelta,
    ) -> tuple[AvitoError | None, ReportData | None]:
        """The report, its calls brought up to date where somebody ticked them, and what kept us
        from that.
        """
        access, now = access_to(profile), self.clock.now()
        async with reading(self.sessions) as session:
            if not await _are_calls_due(session, access.account, period, other, now, calls_age):
                return None, await from_store(session, profile, period, freshness, now)
        failure = await self.sync.ensure_fresh_calls(access, period, other, max_age=calls_age)
        return failure, await self._data(profile, period, freshness)

    async def _data(
        self, profile: AvitoProfile, period: Period, freshness: Freshness
    ) -> ReportData | None:
        async with reading(self.sessions) as session:
            return await from_store(session, profile, period, freshness, self.clock.now())

    async def _refresh_wallet(self, profile: AvitoProfile) -> AvitoError | None:
        async with self._noting_refusal(profile):
            return await self.sync.ensure_fresh_wallet(access_to(profile))

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
        profile.problem = problem


async def _as_it_is(
    session: AsyncSession, profile: AvitoProfile, period: Period, now: datetime
) -> ReportData | None:
    account = profile.user_id
    if account is None:
        return None
    freshness = await sync.as_it_is(session, account, period, now)
    if freshness is None:
        return None
    if await _are_calls_due(session, account, period, None, now):
        return None
    return await _at_a_glance(session, profile, period, freshness, now)


async def _are_calls_due(
    session: AsyncSession,
    account: int,
    period: Period,
    other: Period | None,
    now: datetime,
    max_age: timedelta = BUTTON_AGE,
) -> bool:
    """Whether somebody ticked the calls, and what is stored of these will not do."""
    is_wanted = await metrics.calls_wanted(session, account)
    if not is_wanted:
        return False
    due = await sync.due_calls(session, account, period, now, other=other, max_age=max_age)
    return due is not None


async def from_store(
    session: AsyncSession,
    profile: AvitoProfile,
    period: Period,
    freshness: Freshness,
    now: datetime,
) -> ReportData | None:
    """The report that the store makes by itself; None where the profile's keys have to be asked
    first.
    """
    drawn, account = shown_days(period), await keys.opened_account(session, profile, now)
    if account is None:
        return None
    held = await _read(session, account, period, drawn.previous().first, now)
    data = _made_of(held, profile, period, freshness, now)
    is_cut = period.last in store.cut_days(held.days, period)
    cut_at = held.days[period.last].read_at if is_cut else None
    found = await listings.highlights(session, account, period, now)
    return replace(
        data,
        figures=_foretold(data, held, now),
        calls_failure=await calls_refusal(session, account, now),
        course=course_of(
            profile.profile_name, drawn, held.days, cut_at=cut_at, is_wider=drawn != period
        ),
        listings=found,
        awaits_listings=found is None and not await listings.are_known(session, account),
    )


def _foretold(data: ReportData, held: _Held, now: datetime) -> list[Figure]:
    """The figures with how long money lasts; beside days of the past it would be taken for theirs.

    Of `held` the days of the week before `now` are there, unless the period is of the past.
    """
    wallet = held.wallet
    if wallet is None or _is_past(data.period, now):
        return data.figures
    if not store.is_young(wallet.taken_at, RUNWAY_AGE, now):
        return data.figures
    week = week_before(now)
    return with_runway(data.figures, week, _whole(held.days), had_advance=wallet.had_advance)


async def _at_a_glance(
    session: AsyncSession,
    profile: AvitoProfile,
    period: Period,
    freshness: Freshness,
    now: datetime,
) -> ReportData | None:
    """Without what nobody looks for among many: a picture, listings."""
    account = await keys.opened_account(session, profile, now)
    if account is None:
        return None
    since = min(period.previous().first, week_before(now).first)
    held = await _read(session, account, period, since, now)
    data = _made_of(held, profile, period, freshness, now)
    return replace(data, figures=_foretold(data, held, now))


def _account_of(profile: AvitoProfile) -> int:
    assert profile.user_id is not None  # noqa: S101 - without an account there are no numbers
    return profile.user_id


def _made_of(
    held: _Held, profile: AvitoProfile, period: Period, freshness: Freshness, now: datetime
) -> ReportData:
    both, days, wallet = Period(period.previous().first, period.last), held.days, held.wallet
    freshness = _as_read(freshness, days.get(period.last))
    wallet_at, advance_at = (wallet.taken_at, wallet.advance_at) if wallet else (None, None)
    is_over, cut = period.last < moscow_day(now), store.cut_days(days, both)
    compare = is_over and not cut and bool(_known(days, period.previous()))
    return ReportData(
        profile_id=profile.id,
        profile_name=profile.profile_name,
        account=_account_of(profile),
        period=period,
        compared_with=period.previous() if compare else None,
        figures=figures(
            period,
            with_calls(days, held.calls, now),
            wallet=wallet,
            earlier_wallet=held.earlier_wallet,
            compare=compare,
        ),
        by_listings=any(one.source is Source.V1 for one in _known(days, period)),
        read_at=freshness.read_at,
        refreshes_at=freshness.refused_until,
        failure=freshness.failure,
        cut_at=days[period.last].read_at if is_over and period.last in cut else None,
        old_wallet_at=_if_older(WALLET_AGE, wallet_at, now),
        old_advance_at=_if_older(ADVANCE_AGE, advance_at, now),
        goes_on=not is_over,
        missing=missing_days(period, {day: one.metrics for day, one in days.items()}),
        cut_days=[day for day in cut if period.first <= day < period.last and days[day].metrics],
    )


def _as_read(freshness: Freshness, last_day: DayNumbers | None) -> Freshness:
    """How fresh the days are, which may have been read anew since that was found out.

    Then nothing is wrong with them, whatever it was; but that keys are refused has to be known.
    """
    known = freshness.read_at
    if last_day is None or (known is not None and last_day.read_at <= known):
        return freshness
    is_refused = isinstance(freshness.failure, KeysRefused | EmployeeKey)
    failure = freshness.failure if is_refused else None
    return Freshness(last_day.read_at, freshness.refreshed, failure=failure)


@dataclass(frozen=True, slots=True)
class _Held:
    """What the store holds for one report."""

    days: dict[date, DayNumbers]
    """Of the period, of the one before, and of what the picture shows."""
    calls: dict[date, DayCalls]
    wallet: Wallet | None
    earlier_wallet: Wallet | None


def _whole(days: Mapping[date, DayNumbers]) -> Days:
    """What was read of a day before its end knows not all that was spent on it."""
    return {
        day: numbers.metrics for day, numbers in days.items() if numbers.read_at >= end_of(day)
    }


def with_calls(
    days: Mapping[date, DayNumbers], calls: Mapping[date, DayCalls], now: datetime
) -> Days:
    """Each day with its calls, unless those were read before the day was over."""
    told = {day: dict(numbers.metrics) for day, numbers in days.items()}
    for day, of_day in calls.items():
        if not of_day.read_at < end_of(day) <= now:
            told.setdefault(day, {}).update(of_day.metrics)
    return told


async def _read(
    session: AsyncSession, account: int, period: Period, since: date, now: datetime
) -> _Held:
    """With the days from `since` on, if that is earlier than those it is compared with."""
    both = Period(period.previous().first, period.last)
    wallet, earlier = await _wallets(session, account, period, now)
    return _Held(
        days=await store.days(session, account, Period(min(both.first, since), period.last), now),
        calls=await store.calls(session, account, both, now),
        wallet=wallet,
        earlier_wallet=earlier,
    )


def _if_older(age: timedelta, read_at: datetime | None, now: datetime) -> datetime | None:
    return read_at if read_at is not None and now - read_at > age else None


def _is_past(period: Period, now: datetime) -> bool:
    """Whether what there is now has nothing to do with these days."""
    return period.last < yesterday(now).last


async def _wallets(
    session: AsyncSession, account: int, period: Period, now: datetime
) -> tuple[Wallet | None, Wallet | None]:
    """The wallet now, and as long ago as the period is; beside days of the past only now."""
    wallet = await store.latest_wallet(session, account, now)
    if wallet is None or _is_past(period, now):
        return wallet, None
    before = wallet.taken_at - ONE_DAY * period.length
    return wallet, await store.wallet_about(session, account, before)


def _is_wallet_young(data: ReportData, now: datetime) -> bool:
    if data.old_wallet_at is not None:
        return now - data.old_wallet_at <= GLANCE_AGE
    return any(figure.value is not None for figure in data.figures if not figure.metric.slugs)


def _known(days: dict[date, DayNumbers], period: Period) -> list[DayNumbers]:
    return [numbers for day, numbers in days.items() if day in period and numbers.metrics]
