"""Making a workbook of a report in the background."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.jobs import JobContext
from bot.screens import listings as listing_screens
from bot.screens import reports as screens
from bot.work.reports import ReportWork
from core.avito.endpoints import STATS_V2
from core.avito.stats import DEPTH_DAYS
from core.background import until
from core.database.models import AvitoProfile
from core.database.session import reading
from core.errors import AvitoError, RateLimited
from core.looks import Look
from core.report_data import ReportData
from core.shelf import Shelf
from core.statistics import listings
from core.statistics.listing_sync import ListingSync
from core.statistics.listings import ListingPage, ListingTotals
from utils.metrics import CALLS
from utils.periods import Period, PeriodError, last_days
from utils.report_book import ListingLine, ReportBook, write

THREADS = 1
MOST_LISTINGS = 5_000
"""Those with most contacts: nobody reads a longer sheet, and writing it takes a second."""
TOO_LONG = timedelta(minutes=2)
"""Avito's minute is waited for; whoever is put off for longer gets his file without listings."""
AT_ONCE = timedelta(0)
"""Where there are numbers some minutes old, nobody waits for newer ones."""


@dataclass(frozen=True, slots=True)
class ExcelWork:
    reports: ReportWork
    sync: ListingSync
    shelf: Shelf
    writing: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(THREADS, thread_name_prefix="workbook")
    )

    async def run(self, job: JobContext) -> None:
        profile, data = await self.reports.data(job, job.owner_id, Look.from_json(job.payload))
        data = data.without_scraps()
        days, before = await self.reports.collector.daily(profile, data.period), {}
        if not data.is_baseless:
            before = await self.reports.collector.daily(profile, data.period.previous())
        page, failure = await self._listings(job, profile, data)
        now = self.reports.clock.now()
        book = ReportBook(
            profile_name=data.profile_name,
            period=data.period,
            compared_with=data.compared_with,
            # Calls are read where somebody ticked them: nobody else asked for them.
            figures=[
                each
                for each in data.figures
                if each.value is not None or each.metric.key not in CALLS
            ],
            days=days,
            before=before,
            notes=[
                *screens.notes(data, now),
                *listing_screens.in_workbook(page, failure, now, for_owner=False),
            ],
            listings=[] if page is None else [*map(_line, page.rows)],
        )
        loop = asyncio.get_running_loop()
        kept_as = self.shelf.put(await loop.run_in_executor(self.writing, write, book))
        remarks = listing_screens.in_workbook(page, failure, now, for_owner=True)
        is_usual = failure is None or isinstance(failure, PeriodError | RateLimited)
        refusal = data.failure if is_usual else failure
        async with job.ending() as ending:
            ending.screen = screens.workbook(data, kept_as, remarks)
            if refusal is not None:
                ending.more = self.reports.incidents.note(refusal, job_id=job.job_id)

    async def _listings(
        self, job: JobContext, profile: AvitoProfile, data: ReportData
    ) -> tuple[ListingPage | None, Exception | None]:
        """What they did, however old, and why nothing newer is known of these days."""
        fresh = await self._stored(data)
        if fresh is not None:
            return fresh, None
        older = await self._stored(data, however_old=True)
        if data.failure is not None:
            # Whatever stood in the way of the account's own numbers stands in theirs.
            return older, data.failure
        try:
            await self._read(job, profile, data.period, TOO_LONG if older is None else AT_ONCE)
        except (AvitoError, PeriodError) as failure:
            return older, failure
        return await self._stored(data, however_old=True), None

    async def _read(
        self, job: JobContext, profile: AvitoProfile, period: Period, patience: timedelta
    ) -> None:
        """Raises `PeriodError` where these days are out of Avito's reach, and its refusals."""
        clock = self.reports.clock
        reach = last_days(clock.now(), DEPTH_DAYS)
        period.check(today=reach.last, earliest=reach.first)

        async def tell(seconds: float) -> None:
            await job.progress(screens.waiting_for_avito(job.job_id, round(seconds)))

        async def wait(instant: datetime) -> None:
            if instant - clock.now() > patience:
                raise RateLimited(STATS_V2.name, retry_at=instant)
            await until(clock, instant, tell)

        async with job.aside():
            await self.sync.ensure(profile, period, wait)

    async def _stored(self, data: ReportData, *, however_old: bool = False) -> ListingPage | None:
        now = self.reports.clock.now()
        async with reading(self.reports.collector.sessions) as session:
            return await listings.page(
                *(session, data.account, data.period, now),
                size=MOST_LISTINGS,
                however_old=however_old,
            )


def _line(row: ListingTotals) -> ListingLine:
    return ListingLine(
        id=row.id,
        title=row.title,
        url=row.url,
        price=row.price,
        is_active=row.is_active,
        views=row.totals.views,
        contacts=row.totals.contacts,
        favorites=row.totals.favorites,
        spending=row.totals.spending,
    )
