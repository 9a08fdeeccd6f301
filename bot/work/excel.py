"""Making a workbook of a report in the background."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

from bot.jobs import JobContext
from bot.screens import reports as screens
from bot.work.reports import ReportWork
from core.database.session import reading
from core.looks import Look
from core.report_data import ReportData
from core.shelf import Shelf
from core.statistics import listings
from utils.metrics import CALLS
from utils.report_book import ListingLine, ReportBook, write

THREADS = 1
MOST_LISTINGS = 5_000
"""Those with most contacts: nobody reads a longer sheet, and writing it takes a second."""


@dataclass(frozen=True, slots=True)
class ExcelWork:
    reports: ReportWork
    shelf: Shelf
    writing: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(THREADS, thread_name_prefix="workbook")
    )

    async def run(self, job: JobContext) -> None:
        period = Look.from_json(job.payload).period
        profile, data = await self.reports.data(job, job.owner_id, period)
        data, now = data.without_scraps(), self.reports.clock.now()
        before = {}
        if not data.is_baseless:
            before = await self.reports.collector.daily(profile, period.previous())
        lines = await self._listings(data, now)
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
            days=await self.reports.collector.daily(profile, data.period),
            before=before,
            notes=[*screens.notes(data, now), *([screens.NO_LISTINGS] if lines is None else [])],
            listings=lines or (),
        )
        loop = asyncio.get_running_loop()
        kept_as = self.shelf.put(await loop.run_in_executor(self.writing, write, book))
        async with job.ending() as ending:
            ending.screen = screens.workbook(data, kept_as)
            if data.failure is not None:
                ending.more = self.reports.incidents.note(data.failure, job_id=job.job_id)

    async def _listings(self, data: ReportData, now: datetime) -> list[ListingLine] | None:
        """As they were read about these days: to read them now could take minutes.

        None when they were not.
        """
        async with reading(self.reports.collector.sessions) as session:
            page = await listings.page(session, data.account, data.period, now, size=MOST_LISTINGS)
        if page is None:
            return None
        return [
            ListingLine(
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
            for row in page.rows
        ]
