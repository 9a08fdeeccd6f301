"""Making a report in the background: refresh, wait for Avito's minute, collect, show."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date, datetime

from bot.jobs import JobContext
from bot.screens import reports as screens
from core.avito.auth import Credentials
from core.avito.client import Avito
from core.background import Background
from core.database.models import AvitoProfile
from core.database.session import Sessions
from core.errors import EmployeeKey, KeysRefused, RateLimited
from core.ports import Clock
from core.report_data import ReportData, collect
from core.services import connect, profiles
from core.statistics.sync import StatisticsSync, access_to
from utils.periods import Period

NAP_SEC = 0.5
KEYS_FAILED = (KeysRefused.__name__, EmployeeKey.__name__)
ROUNDS = 3
"""How many minutes of Avito a report waits out before it gives up."""


@dataclass(frozen=True, slots=True)
class ReportWork:
    """What a report job needs besides itself."""

    sessions: Sessions
    avito: Avito
    sync: StatisticsSync
    background: Background
    clock: Clock

    async def run(self, job: JobContext) -> None:
        period = Period(
            date.fromisoformat(job.payload["first"]), date.fromisoformat(job.payload["last"])
        )
        profile = await self._profile(job)
        try:
            if profile.user_id is None:
                profile = await self._confirmed(job, profile)
            data = await self._collect(job, profile, period)
        except (KeysRefused, EmployeeKey) as error:
            await self._note(profile.id, type(error).__name__)
            raise
        # The store may answer although the keys do not open Avito any more.
        refused = data.failure if data.failure in KEYS_FAILED else None
        if profile.problem != refused:
            await self._note(profile.id, refused)
        async with job.ending() as ending:
            ending.screen = screens.report(
                data, self.clock.now(), for_owner=job.chat_id == job.owner_id
            )
        if data.refreshes_at is not None:
            self._refresh_later(profile, data.refreshes_at)

    async def _profile(self, job: JobContext) -> AvitoProfile:
        assert job.profile_id is not None  # noqa: S101 - a report is always of a profile
        async with self.sessions() as session:
            return await profiles.with_keys(session, job.owner_id, job.profile_id)

    async def _confirmed(self, job: JobContext, profile: AvitoProfile) -> AvitoProfile:
        """Ask Avito whose keys these are: the predecessor stored profiles without asking."""
        keys = Credentials(profile.client_id, profile.client_secret)
        verified = await self.avito.verify(keys)
        async with self.sessions.begin() as session:
            profile = await profiles.with_keys(session, job.owner_id, profile.id)
            await connect.confirm(session, profile, verified)
        return profile

    async def _collect(self, job: JobContext, profile: AvitoProfile, period: Period) -> ReportData:
        for round_ in range(ROUNDS):
            try:
                return await collect(
                    profile, period, sessions=self.sessions, sync=self.sync, clock=self.clock
                )
            except RateLimited as refusal:
                if round_ == ROUNDS - 1:
                    raise
                await self._wait(job, refusal.retry_at)
        raise AssertionError("unreachable")

    async def _wait(self, job: JobContext, until: datetime) -> None:
        """Wait for Avito's minute, showing how long it still takes."""
        while (left := (until - self.clock.now()).total_seconds()) > 0:
            await job.progress(screens.waiting_for_avito(job.job_id, round(left)))
            await asyncio.sleep(min(left, NAP_SEC))

    async def _note(self, profile_id: int, problem: str | None) -> None:
        async with self.sessions.begin() as session:
            await profiles.note_problem(session, profile_id, problem, self.clock.now())

    def _refresh_later(self, profile: AvitoProfile, at: datetime) -> None:
        access = access_to(profile)
        self.background.later(("refresh", access.account), at, lambda: self.sync.refresh(access))
