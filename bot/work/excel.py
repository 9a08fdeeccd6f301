"""Making a workbook of a report in the background."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from bot.jobs import JobContext
from bot.screens import reports as screens
from bot.work.reports import ReportWork
from core.looks import Look
from core.shelf import Shelf
from utils.report_book import ReportBook, write

THREADS = 1


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
        now = self.reports.clock.now()
        book = ReportBook(
            profile_name=data.profile_name,
            period=data.period,
            compared_with=data.compared_with,
            figures=data.figures,
            days=await self.reports.collector.daily(profile, data.period),
            notes=screens.notes(data, now),
        )
        loop = asyncio.get_running_loop()
        kept_as = self.shelf.put(await loop.run_in_executor(self.writing, write, book))
        async with job.ending() as ending:
            ending.screen = screens.workbook(data, kept_as)
            if data.failure is not None:
                ending.more = self.reports.incidents.note(data.failure, job_id=job.job_id)
