"""Making a report in the background: refresh, wait for Avito's minute, collect, show."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot import kept
from bot.effects import Screen, Show
from bot.errors import IncidentDesk
from bot.jobs import JobContext
from bot.kept import Kept
from bot.screens import looks as screens
from bot.screens import parts, reports
from core import looks
from core.background import Background
from core.database.models import AvitoProfile
from core.database.session import reading
from core.errors import RateLimited
from core.looks import Look
from core.ports import Clock
from core.report_data import Collector, ReportData
from core.report_runner import ScheduledReport
from core.statistics.sync import access_to

NAP_SEC = 0.5
ROUNDS = 3
"""How many minutes of Avito a report waits out before it gives up."""


def freeze(report: ScheduledReport, now: datetime) -> list[dict[str, Any]]:
    """A scheduled report as the outbox keeps it until it is sent: one screen, or its parts."""
    return [
        part.model_dump(mode="json", exclude_none=True)
        for part in parts.split(reports.scheduled(report, now))
    ]


def _messages(whole: Screen, replaced: Screen | None, known: Kept | None) -> list[Screen]:
    if replaced is None:
        return parts.split(whole)
    return [parts.in_place(whole, replaced, comes_back=known is not None)]


@dataclass(frozen=True, slots=True)
class ReportWork:
    """What a report job needs besides itself."""

    collector: Collector
    background: Background
    incidents: IncidentDesk
    clock: Clock

    async def run(self, job: JobContext) -> None:
        look = Look.from_json(job.payload)
        async with reading(self.collector.sessions) as session:
            viewed = await job.viewed(session)
        owner_id = viewed.profile.owner_id
        profile, data = await self.data(job, owner_id, look)
        async with job.ending() as ending:
            now = self.clock.now()
            viewed = await job.viewed(ending.session)
            facts = await looks.facts(ending.session, viewed, look, data, now)
            known = await kept.of_message(ending.session, job.chat_id, job.message_id, profile.id)
            for_owner = job.chat_id == profile.owner_id
            whole = screens.look(
                facts,
                now,
                for_owner=for_owner,
                is_bound=viewed.task is not None,
                first=None if known is None else known.period,
                is_sendable=for_owner and viewed.goes_elsewhere,
            )
            ending.screen, *rest = _messages(whole, job.replaced, known)
            ending.more = [
                Show(chat_id=job.chat_id, thread_id=job.thread_id, screen=part) for part in rest
            ]
            if data.failure is not None:
                ending.more += self.incidents.note(data.failure, job_id=job.job_id)
        # Whoever wants them anew is told when to ask again: that minute must not be taken by then.
        if data.refreshes_at is not None and not look.anew:
            self._refresh_later(profile, data.refreshes_at)

    async def data(
        self, job: JobContext, owner_id: int, look: Look
    ) -> tuple[AvitoProfile, ReportData]:
        """The numbers of its days, waiting for Avito's minute where that is needed."""
        assert job.profile_id is not None  # noqa: S101 - a report is always of a profile
        profile = await self.collector.profile(owner_id, job.profile_id)
        return profile, await self._collect(job, profile, look)

    async def _collect(self, job: JobContext, profile: AvitoProfile, look: Look) -> ReportData:
        for round_ in range(ROUNDS):
            try:
                return await self.collector.collect(
                    profile, look.period, other=look.other, anew=look.anew
                )
            except RateLimited as refusal:
                if round_ == ROUNDS - 1:
                    raise
                async with job.aside():
                    await self._wait(job, refusal.retry_at)
        raise AssertionError("unreachable")

    async def _wait(self, job: JobContext, until: datetime) -> None:
        """Wait for Avito's minute, showing how long it still takes."""
        while (left := (until - self.clock.now()).total_seconds()) > 0:
            await job.progress(reports.waiting_for_avito(job.job_id, round(left)))
            await asyncio.sleep(min(left, NAP_SEC))

    def _refresh_later(self, profile: AvitoProfile, at: datetime) -> None:
        access = access_to(profile)
        sync = self.collector.sync
        self.background.later(("refresh", access.account), at, lambda: sync.refresh(access))
