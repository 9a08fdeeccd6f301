"""Reading what each listing did, without getting in the way of the account's own numbers.

Stats v2 tells both, once a minute together. Reports are made of the account's own numbers, so
those go first: listings are asked about only while no report would find the others too old.
Whoever reads has to wait for that minute, and again for every thousand listings.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from datetime import datetime, timedelta

from core.avito.auth import ProfileAccess
from core.avito.client import ITEMS_PER_PAGE, Avito, AvitoClient, ListingPage
from core.avito.endpoints import STATS_V2
from core.avito.listings import Listed
from core.avito.stats import ROWS_LIMIT, ListingMetrics
from core.database.models import AvitoProfile
from core.database.session import Session, Sessions, reading
from core.errors import (
    AvitoError,
    EmployeeKey,
    Forbidden,
    KeysRefused,
    NotFound,
    ProfileNotFound,
    RateLimited,
    SubscriptionRequired,
    UnexpectedAnswer,
)
from core.logs import get_logger
from core.ports import Clock
from core.statistics import keys, listing_store, listings, store
from core.statistics.listing_store import ACTIVE
from core.statistics.store import Source
from core.statistics.sync import BUTTON_AGE, StatisticsSync, access_to
from utils.locks import KeyedLocks
from utils.periods import ONE_DAY, Period, one_day, yesterday

log = get_logger(__name__)

Wait = Callable[[datetime], Awaitable[object]]
"""Returns at that instant, or raises to give up."""

NIGHTLY = (1, 30, 7)
"""How many days up to yesterday every night reads together, Avito's corrections included."""
OVERLAP = 20
"""Pages share so many rows: a listing that goes away meanwhile moves all later ones forward."""
TRIES = 4
"""How often Avito's minute may be found taken before a page is given up."""
OWN_AGE = BUTTON_AGE - timedelta(minutes=5)
"""How old the account's own numbers may be: younger than a report accepts."""

TITLES_AGE = timedelta(hours=12)
TITLE_PAGES = 25
"""How much of the active listings somebody waits for: 2.5 s a page, Avito's minute in all."""
ARCHIVE = ("old", "removed", "blocked", "rejected")
ARCHIVE_PAGES, NIGHTLY_ARCHIVE_PAGES = 8, 40
"""Through how much of the archive a listing is looked for."""


class ListingSync:
    """One instance per process: the reads of one account go one after the other."""

    def __init__(
        self, sessions: Sessions, avito: Avito, sync: StatisticsSync, clock: Clock
    ) -> None:
        self._sessions = sessions
        self._avito = avito
        self._sync = sync
        self._clock = clock
        self._reads = KeyedLocks()

    async def ensure(self, profile: AvitoProfile, period: Period, wait: Wait) -> None:
        """See to it that the store can tell of the listings in `period`, within Avito's reach.

        Raises the `AvitoError` of a failed read; the store stays as it was then.
        """
        access = access_to(profile)
        async with self._reads.of(access.account):
            if await self._read_at(access, period) is None:
                client = self._avito.client(access)
                await self._describe_active(client, access, TITLES_AGE, TITLE_PAGES)
                await self._read(client, access, period, wait)
                await self._describe_ended(client, access, period, ARCHIVE_PAGES)

    async def nightly(self, profile: AvitoProfile, wait: Wait) -> None:
        """Read yesterday by itself, and the latest weeks; raises as `ensure` does.

        Whoever asks for something in between waits for one of these reads, not for all of them.
        """
        access = access_to(profile)
        client, of_account = self._avito.client(access), self._reads.of
        began_at = self._clock.now()
        last = yesterday(began_at).last
        async with of_account(access.account):
            await self._describe_active(client, access, timedelta(0), None)
        for days in NIGHTLY:
            period = Period(last - ONE_DAY * (days - 1), last)
            async with of_account(access.account):
                # Where only v1 answers, the longest read has told all days of shorter ones.
                read_at = await self._read_at(access, period)
                if read_at is None or read_at < began_at:
                    await self._read(client, access, period, wait)
        month = Period(last - ONE_DAY * (max(NIGHTLY) - 1), last)
        async with of_account(access.account):
            await self._describe_ended(client, access, month, NIGHTLY_ARCHIVE_PAGES)

    async def _read_at(self, access: ProfileAccess, period: Period) -> datetime | None:
        async with reading(self._sessions) as session:
            return await listings.read_at(session, access.account, period, self._clock.now())

    async def _read(
        self, client: AvitoClient, access: ProfileAccess, period: Period, wait: Wait
    ) -> None:
        """By stats v2, or by v1 where v2 is refused or tells nothing of this account."""
        if not await self._is_told_by_v1(access, period):
            try:
                numbers = await self._all_pages(client, access, period, wait)
            except (Forbidden, NotFound, SubscriptionRequired) as refusal:
                log.warning("listings_v2_refused", account=access.account, reason=str(refusal))
            else:
                await self._save(access, {period: numbers}, Source.V2)
                return
        await self._read_v1(client, access, period)

    async def _is_told_by_v1(self, access: ProfileAccess, period: Period) -> bool:
        """Whether the account's own numbers come from there, by the last of these days."""
        async with reading(self._sessions) as session:
            days = await store.days(session, access.account, period, self._clock.now())
        told = [numbers.source for numbers in days.values() if numbers.metrics]
        return bool(told) and told[-1] is Source.V1

    async def _all_pages(
        self, client: AvitoClient, access: ProfileAccess, period: Period, wait: Wait
    ) -> ListingMetrics:
        found: ListingMetrics = {}
        offset, nameless, least = 0, 0, sys.maxsize
        while True:
            page = await self._page(client, access, period, offset, wait)
            is_known = page.listings.keys() <= found.keys()
            found |= page.listings
            nameless += page.nameless
            offset += page.rows
            total = page.total if page.total is not None else _guessed_total(page, offset)
            least = min(least, total)
            if offset >= total:
                break
            if page.rows <= OVERLAP:
                raise _cut_short(offset, total)
            if is_known:
                # An Avito that does not mind the offset would send it for ever.
                raise _cut_short(len(found), least)
            offset -= OVERLAP
        if len(found) + nameless < least:
            raise _cut_short(len(found), least)
        return found

    async def _page(
        self, client: AvitoClient, access: ProfileAccess, period: Period, offset: int, wait: Wait
    ) -> ListingPage:
        """The rows from `offset` on, as soon as Avito's minute is free for them."""
        refusals = 0
        while True:
            try:
                await self._own_numbers_first(access)
                return await client.listing_stats(period, offset)
            except RateLimited as refusal:
                refusals += 1
                if refusals == TRIES:
                    raise
                await wait(refusal.retry_at)

    async def _own_numbers_first(self, access: ProfileAccess) -> None:
        """Whoever wants a report in the next minutes must not find the minute taken by us."""
        day = yesterday(self._clock.now())
        own = await self._sync.ensure_fresh(access, day, max_age=OWN_AGE)
        if own.failure is not None:
            raise own.failure
        if own.refused_until is not None:
            raise RateLimited(STATS_V2.name, retry_at=own.refused_until)

    async def _read_v1(self, client: AvitoClient, access: ProfileAccess, period: Period) -> None:
        """Day by day, and active listings only: what a report adds up in this case."""
        items = await self._read_active(client, access, None)
        days = await client.listing_stats_v1(items, period)
        async with reading(self._sessions) as session:
            now = self._clock.now()
            whole = await listing_store.told_whole(session, access.account, period, now)
        told = {one_day(day): days.get(day, {}) for day in period}
        # v1 knows no money: what v2 told before it was refused is worth more.
        news = {day: numbers for day, numbers in told.items() if day not in whole}
        await self._save(access, news, Source.V1)

    async def _save(
        self, access: ProfileAccess, told: Mapping[Period, ListingMetrics], source: Source
    ) -> None:
        now = self._clock.now()
        # Each in a transaction of its own: a month of a large account would hold up the others.
        for period, numbers in told.items():
            async with self._sessions.begin() as session:
                await _check_use(session, access)
                await listing_store.save(session, access.account, period, numbers, source, now)
                await keys.note_good(session, access.profile_id, now)
        log.info("listings_read", account=access.account, periods=len(told), source=source)

    async def _describe_active(
        self,
        client: AvitoClient,
        access: ProfileAccess,
        max_age: timedelta,
        most_pages: int | None,
    ) -> None:
        """Titles are good to have, and no reason to go without numbers."""
        async with reading(self._sessions) as session:
            now = self._clock.now()
            since = now - max_age
            if await listing_store.is_any_active(session, access.account, since, now):
                return
        try:
            await self._read_active(client, access, most_pages)
        except (KeysRefused, EmployeeKey):
            raise
        except AvitoError as failure:
            log.warning("titles_not_read", account=access.account, reason=str(failure))

    async def _read_active(
        self, client: AvitoClient, access: ProfileAccess, most_pages: int | None
    ) -> list[int]:
        """Describe the active listings, of so many pages at most; returns their ids."""
        pages = _pages(client, (ACTIVE,), most_pages)
        listed = [one async for page in pages for one in page]
        are_all = most_pages is None or len(listed) < most_pages * ITEMS_PER_PAGE
        async with self._sessions.begin() as session:
            await _check_use(session, access)
            now = self._clock.now()
            await listing_store.describe(session, access.account, listed, now)
            if are_all:
                await listing_store.end_others(session, access.account, now)
        return [one.id for one in listed]

    async def _describe_ended(
        self, client: AvitoClient, access: ProfileAccess, period: Period, most_pages: int
    ) -> None:
        """Look up what was told of and is not active.

        What so many pages do not list may be deleted for good: the night gives up on it.
        """
        async with reading(self._sessions) as session:
            unknown = await listing_store.undescribed(session, access.account, period)
        if not unknown:
            return
        found: list[Listed] = []
        try:
            async for page in _pages(client, ARCHIVE, most_pages):
                found += [one for one in page if one.id in unknown]
                if len(found) == len(unknown):
                    break
        except AvitoError as failure:
            log.warning("titles_not_read", account=access.account, reason=str(failure))
        else:
            if most_pages == NIGHTLY_ARCHIVE_PAGES:
                gone = unknown.difference(one.id for one in found)
                found += [Listed(listing_id, *[None] * 4) for listing_id in gone]
        async with self._sessions.begin() as session:
            await _check_use(session, access)
            await listing_store.describe(session, access.account, found, self._clock.now())


async def _pages(
    client: AvitoClient, statuses: Iterable[str], most_pages: int | None
) -> AsyncIterator[list[Listed]]:
    """Pages of the listings in these statuses, so many at most."""
    pages = 0
    for status in statuses:
        async for page in client.listing_pages(status):
            yield page
            pages += 1
            if pages == most_pages:
                return


def _guessed_total(page: ListingPage, offset: int) -> int:
    """A full page may be followed by another."""
    return offset + 1 if page.rows == ROWS_LIMIT else offset


def _cut_short(found: int, total: int) -> UnexpectedAnswer:
    # Listings that were left out must not be taken for listings without numbers.
    return UnexpectedAnswer(STATS_V2.name, status=200, detail=f"{found} of {total} listings")


async def _check_use(session: Session, access: ProfileAccess) -> None:
    """Numbers of an account that was deleted while Avito answered must not come back."""
    if not await store.in_use(session, access.account):
        raise ProfileNotFound(access.profile_id)
