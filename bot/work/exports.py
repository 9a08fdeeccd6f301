"""Making files of chats in the background: read what is new, write the file, send it."""

from __future__ import annotations

import asyncio
import errno
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.bookbinder import Bookbinder, NotBound, OutOfMemory
from bot.effects import Document, Screen, Show
from bot.errors import IncidentDesk
from bot.jobs import Ending, JobContext, JobGone, may_pass
from bot.screens import exports as screens
from core.background import until
from core.database.models import AvitoProfile
from core.database.session import Sessions, reading
from core.errors import AvitoError, DestinationNotFound, RateLimited, Unavailable
from core.messenger import archive
from core.messenger.collector import ChatCollector, Collected, Progress
from core.ports import Clock
from core.report_data import Collector
from core.services import destinations, exports, profiles
from core.services.destinations import Destination
from core.services.exports import Export
from core.services.schedule import is_due
from core.shelf import Shelf
from utils.chats.order import BookOrder, Bound
from utils.time_left import TimeLeft

AT_A_TIME = 4
"""Exports that somebody waits for, and as many on schedule: those due on a Monday morning must
not keep people waiting. None of them has a slot of the office."""
PATIENCE = timedelta(days=1)
"""For so long Avito may put us off; what was read until then is kept."""
PAUSE = timedelta(minutes=15)
"""Before an Avito that does not answer is asked again for a file on schedule."""


@dataclass(frozen=True, slots=True)
class Made:
    """What an export came to."""

    bound: Bound
    remarks: Sequence[str]
    files: Sequence[Document]
    """On the shelf, in their order; none where there was nothing to put into them."""


@dataclass(frozen=True, slots=True)
class ExportWork:
    """What an export needs besides its job."""

    sessions: Sessions
    reports: Collector
    collector: ChatCollector
    bookbinder: Bookbinder
    shelf: Shelf
    incidents: IncidentDesk
    clock: Clock
    max_bytes: int
    """Of one file."""
    asked: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_A_TIME))
    due: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_A_TIME))
    turns: defaultdict[int, asyncio.Lock] = field(
        default_factory=lambda: defaultdict(asyncio.Lock)
    )
    """One export of a profile at a time: what another reads must not be forgotten meanwhile."""

    async def run(self, job: JobContext) -> None:
        """For the owner, who pressed a button and watches."""
        export = Export.from_json(job.payload)
        profile = await self._profile(job)
        teller = Teller(job, profile, export, self.clock)
        async with AsyncExitStack() as turn:
            try:
                async with job.aside():
                    if self.turns[profile.id].locked():
                        await teller.queued()
                    await turn.enter_async_context(self.turns[profile.id])
                    made = await self._make(job, profile, export, self.asked, teller)
            except (AvitoError, OSError, MemoryError) as error:
                if may_pass(error):
                    raise
                await self._fail(job, profile, export, error)
                return
            await self._hand_over(job, profile, export, made)

    async def run_due(self, job: JobContext) -> None:
        """On schedule: nobody watches, and only the owner hears what goes wrong."""
        export = Export.from_json(job.payload)
        profile = await self._profile(job)
        teller = Teller(job, profile, export, self.clock)
        async with AsyncExitStack() as turn:
            try:
                async with job.aside():
                    await turn.enter_async_context(self.turns[profile.id])
                    made = await self._make(
                        job, profile, export, self.due, teller, is_patient=True
                    )
            except Exception as error:
                if may_pass(error):
                    raise
                await self._fail_due(job, profile, error)
                return
            await self._deliver_due(job, profile, export, made)

    async def _profile(self, job: JobContext) -> AvitoProfile:
        assert job.profile_id is not None  # noqa: S101 - chats are always of a profile
        async with reading(self.sessions) as session:
            return await profiles.owned(session, job.owner_id, job.profile_id)

    # Making it

    async def _make(
        self,
        job: JobContext,
        profile: AvitoProfile,
        export: Export,
        pool: asyncio.Semaphore,
        teller: Teller,
        *,
        is_patient: bool = False,
    ) -> Made:
        zone = exports.zone_of(profile)
        since, end = exports.bounds(export.period, zone)
        if job.goes_on:
            await teller.going_on()
        # The predecessor stored profiles without asking whose keys they were.
        await self.reports.profile(job.owner_id, profile.id)
        collected = await self._collect(profile.id, since, pool, teller, is_patient=is_patient)
        await teller.binding()
        remarks = screens.remarks(collected)
        order = BookOrder(
            profile_name=profile.profile_name,
            zone=zone.key,
            made_at=int(self.clock.now().timestamp()),
            folder=self.shelf.folder,
            since=None if since is None else int(since.timestamp()),
            until=None if end is None else int(end.timestamp()),
            which=export.which,
            form=export.form,
            remarks=remarks,
            max_bytes=self.max_bytes,
        )
        bound = await self._bind(order, archive.transcripts(self.sessions, profile.id, since))
        files = [Document(kept_as=made.path.name, name=made.name) for made in bound.files]
        if not bound.chats:
            self._drop(files)
            files = []
        return Made(bound, remarks, files)

    async def _bind(self, order: BookOrder, chats: AsyncIterator[bytes]) -> Bound:
        """Raises MemoryError and OSError for what a shorter period helps against."""
        try:
            return await self.bookbinder.bind(order, chats)
        except OutOfMemory as error:
            raise MemoryError(str(error)) from error
        except NotBound as error:
            if self.shelf.is_full():
                raise OSError(errno.ENOSPC, str(error)) from error
            raise

    async def _collect(
        self,
        profile_id: int,
        since: datetime | None,
        pool: asyncio.Semaphore,
        teller: Teller,
        *,
        is_patient: bool,
    ) -> Collected:
        """Read what is new. While Avito puts us off, others have our place in the pool."""
        deadline = self.clock.now() + PATIENCE
        while True:
            if pool.locked():
                await teller.queued()
            try:
                async with pool:
                    return await self.collector.collect(
                        profile_id, since=since, progress=teller.reading
                    )
            except RateLimited as refusal:
                again_at = refusal.retry_at
                if again_at > deadline:
                    raise
            except Unavailable:
                again_at = self.clock.now() + PAUSE
                if not is_patient or again_at > deadline:
                    raise
            await teller.wait_until(again_at)

    # What comes of it

    async def _hand_over(
        self, job: JobContext, profile: AvitoProfile, export: Export, made: Made
    ) -> None:
        async with self._ending(job, profile, made) as ending:
            if not made.files:
                ending.screen = screens.nothing(profile, export)
                return
            ending.screen = screens.done(profile, export, made.bound)
            files = self._shown(profile, export, made, for_owner=True)
            ending.more = [Show(chat_id=job.chat_id, screen=file) for file in files]

    async def _deliver_due(
        self, job: JobContext, profile: AvitoProfile, export: Export, made: Made
    ) -> None:
        """To where its destination is by now, if anything still goes there."""
        async with self._ending(job, profile, made) as ending:
            destination = await _still_going(ending, job)
            if destination is None:
                self._drop(made.files)
                return
            task, for_owner = destination.task, destinations.is_private(destination)
            refused = Show(chat_id=job.owner_id, screen=screens.due_refused(profile, task))
            ending.more = [
                Show(
                    chat_id=task.chat_id,
                    thread_id=task.thread_id or None,
                    screen=shown,
                    is_silent=task.is_silent,
                    # Once is enough.
                    otherwise=None if for_owner or number else refused,
                )
                for number, shown in enumerate(
                    self._shown(profile, export, made, for_owner=for_owner)
                )
            ]

    def _shown(
        self, profile: AvitoProfile, export: Export, made: Made, *, for_owner: bool
    ) -> list[Screen]:
        if not made.files:
            return [screens.nothing(profile, export, for_owner=for_owner)]
        return [
            screens.file(
                profile,
                export,
                made.bound,
                document,
                remarks=made.remarks,
                part=part,
                for_owner=for_owner,
            )
            for part, document in enumerate(made.files, start=1)
        ]

    async def _fail(
        self, job: JobContext, profile: AvitoProfile, export: Export, error: Exception
    ) -> None:
        code = self.incidents.record(error, job_id=job.job_id, profile_id=profile.id)
        async with job.ending() as ending:
            ending.screen = screens.failed(profile, export, error, code, self.clock.now())
            ending.more = self.incidents.tell_operator(error, code)

    async def _fail_due(self, job: JobContext, profile: AvitoProfile, error: Exception) -> None:
        code = self.incidents.record(error, job_id=job.job_id, profile_id=profile.id)
        async with job.ending() as ending:
            destination = await _still_going(ending, job)
            if destination is not None:
                task, now = destination.task, self.clock.now()
                ending.screen = screens.due_failed(profile, task, error, code, now)
            ending.more = self.incidents.tell_operator(error, code)

    @asynccontextmanager
    async def _ending(
        self, job: JobContext, profile: AvitoProfile, made: Made
    ) -> AsyncIterator[Ending]:
        """The end of an export that worked; what is not to be kept any longer goes with it."""
        try:
            async with job.ending() as ending:
                yield ending
                current = await profiles.owned(ending.session, job.owner_id, profile.id)
                if current.chats_kept_days == 0:
                    await archive.forget(ending.session, profile.id)
        except JobGone:
            self._drop(made.files)
            raise

    def _drop(self, files: Sequence[Document]) -> None:
        for document in files:
            self.shelf.drop(document.kept_as)

    async def forget(self, job: JobContext) -> None:
        """Drop what its owner has just decided not to keep."""
        profile = await self._profile(job)
        days = profile.chats_kept_days
        async with AsyncExitStack() as turn:
            async with job.aside():
                # A file that is being made shall have it still.
                await turn.enter_async_context(self.turns[profile.id])
                if days is not None:
                    since = self.clock.now() - timedelta(days=days)
                    await archive.keep_since(self.sessions, profile.id, since)
            async with job.ending() as ending:
                ending.screen = screens.ask_kept(profile, is_done=True)


async def _still_going(ending: Ending, job: JobContext) -> Destination | None:
    """Where the file is to go, unless nothing goes there any more."""
    try:
        found = await destinations.owned(ending.session, job.owner_id, job.payload["task_id"])
    except DestinationNotFound:
        return None
    return found if is_due(found.profile, found.task) else None


class Teller:
    """What the owner sees meanwhile."""

    def __init__(
        self, job: JobContext, profile: AvitoProfile, export: Export, clock: Clock
    ) -> None:
        self._job = job
        self._about = (job.job_id, profile, export)
        self._clock = clock
        self._left = TimeLeft()

    async def going_on(self) -> None:
        await self._job.progress(screens.going_on(*self._about))

    async def queued(self) -> None:
        await self._job.progress(screens.queued(*self._about))

    async def reading(self, progress: Progress) -> None:
        if progress.waits_until is not None:
            await self._wait(progress.waits_until)
            return
        left = None
        if not progress.is_counting:
            done, found = progress.chats_done, progress.chats_found
            left = self._left.seconds(time.monotonic(), done, found)
        await self._job.progress(
            screens.reading(
                *self._about,
                done=progress.chats_done,
                found=progress.chats_found,
                messages=progress.messages,
                is_counting=progress.is_counting,
                left_sec=left,
            )
        )

    async def binding(self) -> None:
        await self._job.progress(screens.binding(*self._about))

    async def wait_until(self, instant: datetime) -> None:
        async def tell(_left: float) -> None:
            await self._wait(instant)

        await until(self._clock, instant, tell)

    async def _wait(self, instant: datetime) -> None:
        await self._job.progress(screens.waiting(*self._about, instant, self._clock.now()))
