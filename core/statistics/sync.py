"""Keeping our history of an account up to date, with as few calls as Avito allows.

One stats v2 call a minute per account is all there is, and one call tells every metric of
every day. So reports read the store, and this module decides when the store needs a read.
No database transaction is open while Avito is being asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from core.avito.auth import Credentials, ProfileAccess
from core.avito.client import Avito, AvitoClient
from core.avito.endpoints import CALLS, STATS_V2
from core.avito.stats import DEPTH_DAYS, DayMetrics
from core.database.health import outlasting
from core.database.models import AccountSync, AvitoProfile
from core.database.repositories import gates
from core.database.session import Sessions, reading
from core.errors import (
    AvitoError,
    EmployeeKey,
    Forbidden,
    KeysRefused,
    NotFound,
    ProfileNotFound,
    RateLimited,
    SubscriptionRequired,
    Unavailable,
    UnexpectedAnswer,
)
from core.ports import Clock
from core.statistics import keys, store
from core.statistics.store import Reading, Source, is_past, is_young
from core.statistics.wallet import read_wallet
from utils.analytics import silent
from utils.locks import KeyedLocks
from utils.periods import Period, end_of, last_days, moscow_day

log = structlog.get_logger(__name__)

REREAD_DAYS = 35
"""Avito corrects past days: each read takes this many of them again."""

BUTTON_AGE = timedelta(hours=3)
"""How old the numbers behind a button may be."""

LIVE_AGE = timedelta(minutes=10)
"""How old they may be while the last day asked for is still moving."""

WALLET_AGE = timedelta(minutes=1)
"""How old a balance may be: it has no limit of its own and people act on it."""

SETTLING = timedelta(hours=3)
"""For how long after its end a day is taken to be moving; Avito does not say its lag."""

CALLS_PATIENCE_SEC = 15.0
"""How long a report waits for its calls: they are beside the numbers it is about."""

CALLS_REFUSAL_AGE = timedelta(days=1)
"""How long the calls are not asked for again that Avito refused for good: a tariff stays."""

_TRAFFIC = ("views", "contacts", "favorites")


@dataclass(frozen=True, slots=True)
class Freshness:
    """How up to date the store is, after everything that could be done about it."""

    read_at: datetime | None
    """When the statistics were last read, None never."""
    refreshed: bool
    """They were read just now, for this question."""
    refused_until: datetime | None = None
    """A newer read was due but may not be made before this instant."""
    failure: AvitoError | None = None
    """A newer read was due and failed; `refused_until` is the milder case."""


def access_to(profile: AvitoProfile) -> ProfileAccess:
    """What Avito needs to know to answer for `profile`, whose account must be confirmed."""
    if profile.user_id is None:
        raise ValueError(f"profile {profile.id} has no confirmed account")
    credentials = Credentials(profile.client_id, profile.client_secret)
    return ProfileAccess(profile.id, profile.user_id, credentials)


class StatisticsSync:
    """One instance per process: concurrent reads of one account become one."""

    def __init__(self, sessions: Sessions, avito: Avito, clock: Clock) -> None:
        self._sessions = sessions
        self._avito = avito
        self._clock = clock
        self._reads = KeyedLocks()
        self._advance_failures: dict[int, str] = {}

    async def first_read(self, access: ProfileAccess) -> None:
        """Read everything Avito still holds: 270 days that end today."""
        asked_at = self._clock.now()
        await self._read_once(access, last_days(asked_at, DEPTH_DAYS), asked_at)

    async def refresh(self, access: ProfileAccess) -> None:
        """Read the last 35 days again, or further back where our history has a gap.

        Raises the `AvitoError` of a failed read, `RateLimited` when the minute is not over.
        """
        asked_at = self._clock.now()
        held = await self._state(access.account)
        await self._read_once(access, self._due(held), asked_at)

    async def ensure_fresh(
        self, access: ProfileAccess, period: Period, *, max_age: timedelta = BUTTON_AGE
    ) -> Freshness:
        """See to it that the store can answer for `period`: what a report calls first.

        Numbers younger than `max_age` are good enough once the last day had three hours to
        settle, before that only when younger than ten minutes; at an age of 0 only what was read
        since this was called. Days that no read would take again are good as they are. When a
        read is due and fails, the store answers if it holds every day of `period` that Avito
        still has; else the error is raised, `RateLimited` with the instant to come back at.
        """
        now = self._clock.now()
        async with self._reads.of(access.account):
            async with reading(self._sessions) as session:
                held = await store.state(session, access.account)
                missing = await _missing(session, access.account, period, now)
            held_at = read_at_of(held, now)
            if not missing and _is_fresh(held_at, period, max_age, now):
                return Freshness(held_at, refreshed=False)
            try:
                read_at = await self._read(access, self._due(held, missing))
            except RateLimited as refusal:
                if missing:
                    raise
                return Freshness(held_at, False, refused_until=refusal.retry_at)
            except AvitoError as failure:
                if missing:
                    raise
                return Freshness(held_at, False, failure=failure)
            return Freshness(read_at, refreshed=True)

    async def ensure_fresh_wallet(
        self, access: ProfileAccess, *, max_age: timedelta = WALLET_AGE
    ) -> AvitoError | None:
        """Read the wallet again unless it was read within `max_age`, and these keys opened the
        account within it, too: another owner's keys prove nothing about them.

        Returns what that failed with: a report with an older wallet is still one. Raises
        `KeysRefused`.
        """
        async with self._reads.of(("wallet", access.account)):
            now = self._clock.now()
            async with reading(self._sessions) as session:
                read_at = await store.wallet_read_at(session, access.account, now)
                if is_young(read_at, max_age, now):
                    accepted_at = await keys.accepted_at(session, access.profile_id)
                    if is_young(accepted_at, max_age, now):
                        return None
            return await self._read_wallet(self._avito.client(access), access)

    def advance_failure(self, account: int) -> str | None:
        """The class name of what the last read of the advance failed with, by this process."""
        return self._advance_failures.get(account)

    async def ensure_fresh_calls(
        self,
        access: ProfileAccess,
        period: Period,
        other: Period | None = None,
        *,
        max_age: timedelta = BUTTON_AGE,
    ) -> AvitoError | None:
        """See to it that the store knows the calls of `period` and of what it is compared with.

        Returns what a due read failed with: a report without its calls is still one. What Avito
        refused for good is not due for a day.
        """
        async with self._reads.of(("calls", access.account)):
            now = self._clock.now()
            async with self._sessions() as session:
                due = await due_calls(
                    session, access.account, period, now, other=other, max_age=max_age
                )
            if due is None:
                return None
            try:
                async with asyncio.timeout(CALLS_PATIENCE_SEC):
                    days = await self._avito.client(access).daily_calls(due)
            except AvitoError as failure:
                log.warning("calls_unknown", reason=str(failure))
                if isinstance(failure, Forbidden | NotFound | SubscriptionRequired):
                    await self._note_calls_refused(access, failure)
                return failure
            except TimeoutError:
                log.warning("calls_unknown", reason="TimeoutError")
                return Unavailable(CALLS.name, detail="TimeoutError")
            read_at = self._clock.now()
            async with self._sessions.begin() as session:
                await _check_use(session, access)
                await store.save_calls(session, access.account, due, days, read_at)
                await keys.note_good(session, access.profile_id, read_at)
            return None

    async def _note_calls_refused(self, access: ProfileAccess, refusal: AvitoError) -> None:
        async with self._sessions.begin() as session:
            await _check_use(session, access)
            await store.note_calls_refused(session, access.account, refusal, self._clock.now())

    async def _state(self, account: int) -> AccountSync | None:
        async with reading(self._sessions) as session:
            return await store.state(session, account)

    def _due(self, held: AccountSync | None, missing: Iterable[date] = ()) -> Period:
        """The days to read: the moving ones, and whatever our history lacks before them."""
        now = self._clock.now()
        reach = last_days(now, DEPTH_DAYS)
        if held is None or held.last_day is None or read_at_of(held, now) is None:
            return reach
        first = min(last_days(now, REREAD_DAYS).first, held.last_day, *missing)
        return Period(max(first, reach.first), reach.last)

    async def _read_once(self, access: ProfileAccess, period: Period, asked_at: datetime) -> None:
        async with self._reads.of(access.account):
            read_at = read_at_of(await self._state(access.account), self._clock.now())
            # Whoever held the lock before us has read what we want.
            if read_at is None or read_at <= asked_at:
                await self._read(access, period)

    async def _read(self, access: ProfileAccess, period: Period) -> datetime:
        """Ask Avito and store its answers. The store stays as it was when that fails."""
        client = self._avito.client(access)
        try:
            # The wallet goes first: its call may be repeated, so a token that died meanwhile
            # is renewed here, before the call that has only one try a minute. One that was read
            # within a minute has seen to that: asking often must cost Avito nothing.
            await self.ensure_fresh_wallet(access)
            days, source = await _read_days(client, period)
        except (RateLimited, KeysRefused, EmployeeKey):
            # A limit is no failure; refused keys are the profile's, not the account's: another
            # owner may read it with keys of his own.
            raise
        except AvitoError as failure:
            async with self._sessions.begin() as session:
                await store.note_failure(session, access.account, failure, self._clock.now())
            raise
        reading = Reading(period, days, source, self._clock.now())
        # What Avito will not tell again before its minute is over must not get lost.
        await outlasting(lambda: self._save(access, reading))
        log.info("statistics_read", account=access.account, days=len(days), source=source)
        return reading.read_at

    async def _save(self, access: ProfileAccess, reading: Reading) -> None:
        async with self._sessions.begin() as session:
            await _check_use(session, access)
            await store.save(session, access.account, reading)
            await keys.note_good(session, access.profile_id, reading.read_at)

    async def _read_wallet(self, client: AvitoClient, access: ProfileAccess) -> AvitoError | None:
        try:
            wallet, advance_failure = await read_wallet(client, self._clock)
        except KeysRefused:
            raise
        except AvitoError as failure:
            log.warning("wallet_unknown", reason=str(failure))
            return failure
        self._note_advance(access.account, advance_failure)
        async with self._sessions.begin() as session:
            await _check_use(session, access)
            await store.save_wallet(session, access.account, wallet)
            await keys.note_good(session, access.profile_id, wallet.taken_at)
        return None

    def _note_advance(self, account: int, failure: AvitoError | None) -> None:
        """A limit is no failure, and whom Avito refuses has most often no advance."""
        if isinstance(failure, Unavailable | UnexpectedAnswer):
            self._advance_failures[account] = type(failure).__name__
        elif not isinstance(failure, RateLimited):
            self._advance_failures.pop(account, None)


async def as_it_is(
    session: AsyncSession, account: int, period: Period, now: datetime
) -> Freshness | None:
    """How fresh the store is for `period` where no read is due for a button; None where one is."""
    read_at = read_at_of(await store.state(session, account), now)
    if not _is_fresh(read_at, period, BUTTON_AGE, now):
        return None
    missing = await _missing(session, account, period, now)
    return None if missing else Freshness(read_at, refreshed=False)


async def as_new_as_can_be(
    session: AsyncSession, account: int, period: Period, now: datetime
) -> Freshness | None:
    """How fresh the store is for `period` where Avito would tell nothing newer by now.

    None where it has to be asked.
    """
    if not is_young(await store.wallet_read_at(session, account, now), WALLET_AGE, now):
        return None
    if await _missing(session, account, period, now):
        return None
    read_at = read_at_of(await store.state(session, account), now)
    if _is_fresh(read_at, period, timedelta(0), now):
        return Freshness(read_at, refreshed=False)
    opens_at = await gates.shut_until(session, account, STATS_V2.gate, now)
    return None if opens_at is None else Freshness(read_at, False, refused_until=opens_at)


async def due_calls(
    session: AsyncSession,
    account: int,
    period: Period,
    now: datetime,
    *,
    other: Period | None = None,
    max_age: timedelta = BUTTON_AGE,
) -> Period | None:
    """The days whose calls have to be read, None when what is stored will do.

    `other`: the earlier days that `period` is compared with, if not those just before it.
    """
    if await calls_refusal(session, account, now) is not None:
        return None
    reach, both = last_days(now, DEPTH_DAYS), (other or period.previous(), period)
    known = await store.calls(session, account, Period(both[0].first, period.last), now)
    missing = [day for each in both for day in each if day in reach and day not in known]
    read_at = known[period.last].read_at if period.last in known else None
    if not missing and _is_fresh(read_at, period, max_age, now):
        return None
    return Period(min([last_days(now, REREAD_DAYS).first, *missing]), reach.last)


async def calls_refusal(session: AsyncSession, account: int, now: datetime) -> str | None:
    """Why Avito refuses the calls of this account for good, as the error's class name."""
    held = await store.state(session, account)
    if held is None or not is_young(held.calls_refused_at, CALLS_REFUSAL_AGE, now):
        return None
    return held.calls_refusal


async def _missing(
    session: AsyncSession, account: int, period: Period, now: datetime
) -> list[date]:
    """The days of `period` that we never read and Avito can still tell."""
    reach = last_days(now, DEPTH_DAYS)
    known = await store.days(session, account, period, now)
    return [day for day in period if day in reach and day not in known]


def _is_fresh(read_at: datetime | None, period: Period, max_age: timedelta, now: datetime) -> bool:
    if period.last not in last_days(now, REREAD_DAYS) and period.last < moscow_day(now):
        return True
    if read_at is None:
        return False
    if read_at < end_of(period.last) <= now:
        # However young: it knows the last day but for its evening.
        return False
    settled = read_at >= end_of(period.last) + SETTLING
    return now - read_at <= (max_age if settled else min(max_age, LIVE_AGE))


async def _check_use(session: AsyncSession, access: ProfileAccess) -> None:
    """Numbers of an account that was deleted while Avito answered must not come back."""
    if not await store.in_use(session, access.account):
        raise ProfileNotFound(access.profile_id)


def read_at_of(held: AccountSync | None, now: datetime) -> datetime | None:
    """When the statistics were last read, as far as a clock that was right has dated it."""
    read_at = None if held is None else held.stats_read_at
    return read_at if read_at is not None and is_past(read_at, now) else None


async def _read_days(client: AvitoClient, period: Period) -> tuple[DayMetrics, Source]:
    """Each day by stats v2, or by listing where v2 is refused or tells nothing of them."""
    try:
        days = await client.daily_stats(period)
    except (Forbidden, NotFound) as refusal:
        log.warning("statistics_v2_refused", reason=str(refusal))
        return await _by_listing(client, period), Source.V1
    if not silent(days.values(), _TRAFFIC):
        return days, Source.V2
    try:
        by_listing = await _by_listing(client, period)
    except (Forbidden, NotFound, SubscriptionRequired):
        return days, Source.V2
    if silent(by_listing.values(), _TRAFFIC):
        return days, Source.V2
    return by_listing, Source.V1


async def _by_listing(client: AvitoClient, period: Period) -> DayMetrics:
    return await client.daily_stats_v1(await client.active_items(), period)
