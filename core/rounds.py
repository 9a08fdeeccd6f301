"""Reading many accounts before anybody asks: every night, and ahead of the reports."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import NamedTuple, TypeGuard

from sqlalchemy import Select, select

from core.background import until
from core.database.health import is_unreachable
from core.database.models import AvitoProfile, ReportTask
from core.database.session import reading
from core.errors import (
    AvitoError,
    BadRequest,
    ProductError,
    ProfileNotFound,
    SecretKeyError,
    Unavailable,
    UnexpectedAnswer,
)
from core.logs import get_logger
from core.ports import Escalate
from core.report_data import Collector
from core.statistics.listing_sync import ListingSync
from utils.periods import Period, end_of, yesterday

log = get_logger(__name__)

AHEAD = timedelta(minutes=15)
"""How long before a report its account is read: time for Avito's minute, and for second tries."""
WIDTH = 8
LISTINGS_WIDTH = 64
"""Reading listings is mostly waiting for each account's own minute."""

Read = Callable[[AvitoProfile], Awaitable[Exception | None]]
"""Reads an account; raises or returns what went wrong."""


class Owned(NamedTuple):
    """A profile as its keys are looked up."""

    owner_id: int
    profile_id: int


class Rounds:
    """One account is read once, however many profiles show it.

    An account that cannot be read stops no other: whoever asks for its report will hear why.
    """

    def __init__(self, collector: Collector, listings: ListingSync, escalate: Escalate) -> None:
        self._collector = collector
        self._listings = listings
        self._escalate = escalate
        self._slots = asyncio.Semaphore(WIDTH)
        self._listing_slots = asyncio.Semaphore(LISTINGS_WIDTH)

    async def all_night(self) -> None:
        """Everything that is read before the morning; the listings last, for no report waits."""
        await self.nightly()
        await self.listings()

    async def nightly(self) -> None:
        """Bring yesterday of every account up to date, and the weeks that Avito corrects."""
        day = yesterday(self._collector.clock.now())
        await self._go("nightly", _profiles(), partial(self._read_days, day), self._slots)

    async def listings(self) -> None:
        """Read what each listing of every account did, each account at the pace of its minute."""
        await self._go("listings", _profiles(), self._read_listings, self._listing_slots)

    async def ahead_of_slots(self) -> None:
        """Yesterday again for the accounts whose reports are due in the next minutes."""
        now = self._collector.clock.now()
        day = yesterday(now + AHEAD)
        # Shortly before midnight the day of the reports is not over: they read it themselves.
        if end_of(day.last) <= now:
            due = ReportTask.next_due_at.between(now, now + AHEAD)
            profiles = _profiles().join(ReportTask, ReportTask.profile_id == AvitoProfile.id)
            due_soon = profiles.where(due).distinct()
            await self._go("ahead_of_slots", due_soon, partial(self._read_days, day), self._slots)

    async def _go(
        self,
        name: str,
        query: Select[int | None, int, int],
        read: Read,
        slots: asyncio.Semaphore,
    ) -> None:
        accounts: defaultdict[int | None, list[Owned]] = defaultdict(list)
        async with reading(self._collector.sessions) as session:
            for account, *owned in await session.execute(query):
                accounts[account].append(Owned(*owned))
        reads = (self._read(each, read, slots) for each in accounts.values())
        outcomes = await asyncio.gather(*reads, return_exceptions=True)
        if outcomes:
            failures = [outcome for outcome in outcomes if outcome is not None]
            kinds = Counter(type(error).__name__ for error in failures)
            log.info("round_made", round=name, accounts=len(outcomes), failures=dict(kinds))
            self._escalate_strange(name, failures)

    def _escalate_strange(self, name: str, failures: Sequence[BaseException]) -> None:
        """What neither time nor its owner will mend; one of a kind is enough."""
        strange = {type(error): error for error in failures if _is_strange(error)}
        for error in strange.values():
            self._escalate(error, round=name)

    async def _read(
        self, shown: list[Owned], read: Read, slots: asyncio.Semaphore
    ) -> Exception | None:
        """Through the first of its profiles whose keys open the account; returns why not."""
        failure: Exception | None = None
        async with slots:
            for owned in shown:
                failure = await self._read_through(owned, read)
                if failure is None:
                    return None
                if not isinstance(failure, Unavailable) or failure.retry_at is None:
                    # Else it was not asked: while Avito is silent that is most of them.
                    log.warning("not_read_ahead", profile_id=owned.profile_id, why=str(failure))
        return failure

    async def _read_through(self, owned: Owned, read: Read) -> Exception | None:
        try:
            return await read(await self._collector.profile(owned.owner_id, owned.profile_id))
        except (AvitoError, ProfileNotFound, SecretKeyError) as error:
            return error

    async def _read_days(self, day: Period, profile: AvitoProfile) -> Exception | None:
        freshness = await self._collector.refresh(profile, day)
        await self._collector.refresh_calls(profile, day)
        return freshness.failure

    async def _read_listings(self, profile: AvitoProfile) -> Exception | None:
        await self._listings.nightly(profile, partial(until, self._collector.clock))
        return None


def _is_strange(error: BaseException) -> TypeGuard[Exception]:
    if isinstance(error, ProductError):
        return isinstance(error, BadRequest | UnexpectedAnswer)
    return isinstance(error, Exception) and not is_unreachable(error)


def _profiles() -> Select[int | None, int, int]:
    return (
        select(AvitoProfile.user_id, AvitoProfile.owner_id, AvitoProfile.id)
        .where(AvitoProfile.user_id.is_not(None))
        .order_by(AvitoProfile.user_id, AvitoProfile.id)
    )
