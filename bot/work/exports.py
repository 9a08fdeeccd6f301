"""Exports as jobs: for whoever pressed a button, and on schedule; how each of them ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.effects import Screen, Show
from bot.errors import IncidentDesk
from bot.jobs import Ending, JobContext, may_pass
from bot.screens import export_results as screens
from bot.screens import exports as setting_screens
from bot.work.chat_files import ChatFiles, Made, Teller
from core.database.models import AvitoProfile
from core.database.repositories import jobs
from core.database.session import Sessions, reading
from core.errors import DestinationNotFound
from core.messenger import archive
from core.ports import Clock
from core.services import destinations, profiles
from core.services.destinations import Destination
from core.services.exports import Export, zone_of
from core.services.schedule import is_due

LATE = timedelta(hours=1)
"""A file on schedule that comes later than this after its time says so: reading takes a while."""


@dataclass(frozen=True, slots=True)
class ExportWork:
    """What an export needs besides its job."""

    sessions: Sessions
    files: ChatFiles
    incidents: IncidentDesk
    clock: Clock

    async def run(self, job: JobContext) -> None:
        """For the owner, who pressed a button and watches."""
        export = Export.from_json(job.payload)
        profile = await self._profile(job)
        teller = Teller(job, profile, export, self.clock)
        if job.goes_on:
            await teller.going_on()
        async with self._turn(job, profile) as turn:
            try:
                async with job.aside():
                    made = await self.files.make(export, teller, turn)
            except Exception as error:
                if may_pass(error):
                    raise
                await self._fail(job, profile, export, error)
            else:
                await self._hand_over(job, profile, export, made)

    async def run_due(self, job: JobContext) -> None:
        """On schedule: nobody watches, and only the owner hears what goes wrong."""
        export = Export.from_json(job.payload)
        profile = await self._profile(job)
        teller = Teller(job, profile, export, self.clock)
        async with self._turn(job, profile) as turn:
            try:
                async with job.aside():
                    made = await self.files.make(export, teller, turn, is_due=True)
            except Exception as error:
                if may_pass(error):
                    raise
                await self._fail_due(job, profile, error)
            else:
                if made.failure is not None and not made.files:
                    # To say that there are no chats would be a guess.
                    await self._fail_due(job, profile, made.failure)
                else:
                    await self._deliver_due(job, profile, export, made)

    async def _profile(self, job: JobContext) -> AvitoProfile:
        assert job.profile_id is not None  # noqa: S101 - chats are always of a profile
        async with reading(self.sessions) as session:
            return await profiles.owned(session, job.owner_id, job.profile_id)

    # What comes of it

    async def _hand_over(
        self, job: JobContext, profile: AvitoProfile, export: Export, made: Made
    ) -> None:
        async with self._ending(job, profile) as ending:
            if not made.files:
                ending.screen = screens.nothing(profile, export, remarks=made.remarks)
                return
            ending.screen = screens.done(profile, export, made.bound, remarks=made.remarks)
            files = self._shown(profile, export, made, for_owner=True)
            ending.more = [
                Show(
                    chat_id=job.chat_id,
                    screen=file,
                    reply_to=job.message_id,
                    otherwise=Show(
                        chat_id=job.chat_id,
                        screen=screens.not_arrived(profile, export, made.bound, part),
                        reply_to=job.message_id,
                    ),
                    profile_id=profile.id,
                )
                for part, file in enumerate(files, start=1)
            ]

    async def _deliver_due(
        self, job: JobContext, profile: AvitoProfile, export: Export, made: Made
    ) -> None:
        """To where its destination is by now, if anything still goes there."""
        async with self._ending(job, profile) as ending:
            destination = await _still_going(ending, job)
            if destination is None:
                self.files.drop(made.files)
                return
            task, for_owner = destination.task, destinations.is_private(destination)
            instead = Show(chat_id=job.owner_id, screen=screens.due_not_arrived(profile, task))
            ending.more = [
                Show(
                    chat_id=task.chat_id,
                    thread_id=task.thread_id or None,
                    screen=shown,
                    is_silent=task.is_silent,
                    otherwise=instead,
                    profile_id=profile.id,
                    task_id=task.id,
                )
                for shown in self._shown(
                    profile, export, made, for_owner=for_owner, slot=self._missed(job, profile)
                )
            ]

    def _missed(self, job: JobContext, profile: AvitoProfile) -> datetime | None:
        """The wall clock at which it should have come, where that is long ago."""
        due_at = datetime.fromisoformat(job.payload["due_at"])
        is_late = self.clock.now() - due_at > LATE
        return due_at.astimezone(zone_of(profile)) if is_late else None

    def _shown(
        self,
        profile: AvitoProfile,
        export: Export,
        made: Made,
        *,
        for_owner: bool,
        slot: datetime | None = None,
    ) -> list[Screen]:
        if not made.files:
            return [
                screens.nothing(
                    profile, export, remarks=made.remarks, for_owner=for_owner, slot=slot
                )
            ]
        return [
            screens.file(
                profile,
                export,
                made.bound,
                document,
                remarks=made.remarks,
                part=part,
                for_owner=for_owner,
                slot=slot,
            )
            for part, document in enumerate(made.files, start=1)
        ]

    async def _fail(
        self, job: JobContext, profile: AvitoProfile, export: Export, error: Exception
    ) -> None:
        async with self._ending(job, profile) as ending:
            code = self.incidents.record(error, job_id=job.job_id, profile_id=profile.id)
            ending.screen = screens.failed(profile, export, error, code, self.clock.now())
            ending.more = self.incidents.tell_operator(error, code)

    async def _fail_due(self, job: JobContext, profile: AvitoProfile, error: Exception) -> None:
        async with self._ending(job, profile) as ending:
            code = self.incidents.record(error, job_id=job.job_id, profile_id=profile.id)
            destination = await _still_going(ending, job)
            if destination is not None:
                task, now = destination.task, self.clock.now()
                ending.screen = screens.due_failed(profile, task, error, code, now)
            ending.more = self.incidents.tell_operator(error, code)

    # What is not to be kept

    @asynccontextmanager
    async def _ending(self, job: JobContext, profile: AvitoProfile) -> AsyncIterator[Ending]:
        """The end of an export, well or not; what is not to be kept any longer goes with it."""
        async with job.ending() as ending:
            yield ending
            await archive.forget_unkept(ending.session, profile.id)

    @asynccontextmanager
    async def _turn(self, job: JobContext, profile: AvitoProfile) -> AsyncIterator[AsyncExitStack]:
        """Where the profile's turn is kept while its export is at work.

        An export that is stopped has no ending: it leaves nothing either.
        """
        try:
            async with AsyncExitStack() as turn:
                yield turn
        except asyncio.CancelledError:
            async with self.files.turns[profile.id], self.sessions.begin() as session:
                # With the worker it only pauses.
                if await jobs.find(session, job.job_id) is None:
                    await archive.forget_unkept(session, profile.id)
            raise

    async def forget(self, job: JobContext) -> None:
        """Drop what its owner does not want to keep, as he wants it by the time it is done."""
        profile, dropped = await self._profile(job), None
        # A file that is being made shall have its messages still.
        async with job.aside(), self.files.turns[profile.id]:
            while (days := (await self._profile(job)).chats_kept_days) not in (None, dropped):
                since = self.clock.now() - timedelta(days=days)
                await archive.keep_since(self.sessions, profile.id, since)
                dropped = days
        async with job.ending() as ending:
            current = await profiles.owned(ending.session, job.owner_id, profile.id)
            ending.screen = setting_screens.ask_kept(current, is_done=dropped is not None)


async def _still_going(ending: Ending, job: JobContext) -> Destination | None:
    """Where the file is to go, unless nothing goes there any more."""
    try:
        found = await destinations.owned(ending.session, job.owner_id, job.payload["task_id"])
    except DestinationNotFound:
        return None
    return found if found.task.chats_every and is_due(found.profile, found.task) else None
