"""Reading many accounts before anybody asks: every night, and ahead of the reports."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import NamedTuple

from sqlalchemy import Select, select

from core.background import until
from core.database.models import AvitoProfile, ReportTask
from core.database.session import reading
from core.errors import AvitoError, ProfileNotFound, SecretKeyError
from core.logs import get_logger
from core.report_data import Collector
from core.statistics.listing_sync import ListingSync
from utils.periods import Period, end_of, yesterday

log = get_logger(__name__)

AHEAD = timedelta(minutes=15)
"""How long before a report its account is read: time for Avito's minute, and for second tries."""
WIDTH = 8
LISTINGS_WIDTH = 64
"""Reading listings is mostly waiting for each account's own minute."""

Read = Callable[[AvitoProfile], Awaitable[bool]]
"""Whether what was to be read was read."""


class Owned(NamedTuple):
    """A profile as its keys are looked up."""

    owner_id: int
    profile_id: int


class Rounds:
    """One account is read once, however many profiles show it.

    An account that cannot be read stops no other: whoever asks for its report will hear why.
    """

    def __init__(self, collector: Collector, listings: ListingSync) -> None:
        self._collector = collector
        self._listings = listings
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
        for error in outcomes:
            if isinstance(error, BaseException):
                log.error("account_not_read", round=name, exc_info=error)
        if outcomes:
            done = outcomes.count(True)
            log.info("round_made", round=name, accounts=len(outcomes), read=done)

    async def _read(self, shown: list[Owned], read: Read, slots: asyncio.Semaphore) -> bool:
        """Through the first of its profiles whose keys open the account."""
        async with slots:
            for owned in shown:
                try:
                    if await read(await self._collector.profile(*owned)):
                        return True
                except (AvitoError, ProfileNotFound, SecretKeyError) as error:
                    log.warning(
                        "not_read_ahead", profile_id=owned.profile_id, why=type(error).__name__
                    )
        return False

    async def _read_days(self, day: Period, profile: AvitoProfile) -> bool:
        return (await self._collector.refresh(profile, day)).failure is None

    async def _read_listings(self, profile: AvitoProfile) -> bool:
        await self._listings.nightly(profile, partial(until, self._collector.clock))
        return True


def _profiles() -> Select[int | None, int, int]:
    return (
        select(AvitoProfile.user_id, AvitoProfile.owner_id, AvitoProfile.id)
        .where(AvitoProfile.user_id.is_not(None))
        .order_by(AvitoProfile.user_id, AvitoProfile.id)
    )
