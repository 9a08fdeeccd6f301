"""Reading what each listing did, for somebody who waits for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from bot.jobs import JobContext
from bot.screens import listings as screens
from bot.screens import parts
from bot.screens import reports as report_screens
from core import looks
from core.background import until
from core.database.session import reading
from core.ports import Clock
from core.report_data import Collector
from core.statistics import listings
from core.statistics.listing_sync import ListingSync
from core.statistics.listings import Order
from utils.periods import Period


@dataclass(frozen=True, slots=True)
class ListingsWork:
    """What such a job needs besides itself."""

    collector: Collector
    sync: ListingSync
    clock: Clock

    async def run(self, job: JobContext) -> None:
        assert job.profile_id is not None  # noqa: S101 - listings are always of a profile
        period = Period(
            date.fromisoformat(job.payload["first"]), date.fromisoformat(job.payload["last"])
        )
        async with reading(self.collector.sessions) as session:
            viewed = await job.viewed(session)
        profile = await self.collector.profile(viewed.profile.owner_id, job.profile_id)
        await self.collector.ensure_opened(profile)

        async def tell(seconds: float) -> None:
            await job.progress(report_screens.waiting_for_avito(job.job_id, round(seconds)))

        async def wait(instant: datetime) -> None:
            await until(self.clock, instant, tell)

        # Most of this is waiting, and others wait for us to read the same account: with a slot to
        # get back before that is over, they could keep it from us for ever.
        async with job.aside():
            await self.sync.ensure(profile, period, wait)
        async with job.ending() as ending:
            shown = looks.shown_to(await job.viewed(ending.session)).keys
            now = self.clock.now()
            page = await listings.page(
                ending.session,
                profile.user_id or 0,
                period,
                now,
                order=listings.allowed(Order.CONTACTS, shown),
                however_old=True,
            )
            assert page is not None  # noqa: S101 - it has just been read
            whole = screens.listing_page(profile, period, page, shown, now)
            ending.screen = parts.in_place(whole, job.replaced)
