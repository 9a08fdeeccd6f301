"""From the chats of a profile to files on the shelf, in Avito's time and with word of it."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.bookbinder import Bookbinder, OutOfMemory
from bot.effects import Document
from bot.jobs import JobContext
from bot.screens import export_results as screens
from core.background import until
from core.database.models import AvitoProfile
from core.database.session import Sessions
from core.errors import AvitoError, RateLimited, Unavailable
from core.messenger import archive
from core.messenger.collector import ChatCollector, Collected, Progress
from core.ports import Clock
from core.report_data import Collector
from core.services import exports
from core.services.exports import Export
from core.shelf import Shelf
from utils.chats.order import BookOrder, Bound, Which
from utils.time_left import Far, TimeLeft

AT_A_TIME = 4
"""Exports that somebody waits for, and as many on schedule: those due on a Monday morning must
not keep people waiting. None of them has a slot of the office."""
OF_ONE_OWNER = 2
"""Of these: his Avito may put him off for a while, and others want to be served meanwhile."""
PATIENCE = timedelta(days=1)
"""For so long Avito may put us off; what was read until then is kept."""
PAUSE = timedelta(minutes=15)
"""Before an Avito that does not answer is asked again for a file on schedule."""


class Places:
    """Where exports are made, as many as there may be at a time."""

    def __init__(self) -> None:
        self._all = asyncio.Semaphore(AT_A_TIME)
        self._of_owners: defaultdict[int, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(OF_ONE_OWNER)
        )

    def are_taken(self, owner_id: int) -> bool:
        """Whether he has to wait for one."""
        return self._all.locked() or self._of_owners[owner_id].locked()

    @asynccontextmanager
    async def one(self, owner_id: int) -> AsyncIterator[None]:
        async with self._of_owners[owner_id], self._all:
            yield


@dataclass(frozen=True, slots=True)
class Made:
    """What an export came to."""

    bound: Bound
    remarks: Sequence[str]
    files: Sequence[Document]
    """On the shelf, in their order; none where there was nothing to put into them."""
    failure: AvitoError | None
    """Why chats could not be read, if there are such."""


@dataclass(frozen=True, slots=True)
class ChatFiles:
    """What making them takes."""

    sessions: Sessions
    reports: Collector
    collector: ChatCollector
    bookbinder: Bookbinder
    shelf: Shelf
    clock: Clock
    max_bytes: int
    """Of one file."""
    asked: Places = field(default_factory=Places)
    due: Places = field(default_factory=Places)
    turns: defaultdict[int, asyncio.Lock] = field(
        default_factory=lambda: defaultdict(asyncio.Lock)
    )
    """One export of a profile at a time: what another reads must not be forgotten meanwhile."""

    async def make(
        self, export: Export, teller: Teller, turn: AsyncExitStack, *, is_due: bool = False
    ) -> Made:
        """The files, on the shelf; the profile's turn is in `turn` until the caller is done.

        What he has not promised to anybody by then is gone, so a stop leaves no files.
        On schedule it has more patience, and nobody waits for it. Raises the `AvitoError` that
        patience did not help against, `MemoryError` and `OSError` where the server lacks
        something, `WorkerDied` and `NotBound`.
        """
        teller.job.check_restarts()
        profile = teller.profile
        zone = exports.zone_of(profile)
        since, end = exports.bounds(export.period, zone)
        # The predecessor stored profiles without asking whose keys they were.
        await self.reports.profile(profile.owner_id, profile.id)
        is_about_unread = export.which is Which.UNREAD
        collected = await self._collect(
            since, teller, turn, is_due=is_due, only_unread=is_about_unread
        )
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
            not_read=collected.not_read,
            max_bytes=self.max_bytes,
        )
        among = collected.chats if is_about_unread else None
        chats = archive.transcripts(self.sessions, profile.id, since, among)
        bound = await self._bind(order, chats)
        files = [Document(kept_as=made.path.name, name=made.name) for made in bound.files]
        turn.callback(self._drop_unpromised, teller.job, files)
        if not bound.chats:
            self.drop(files)
            files = []
        return Made(bound, remarks, files, collected.failure)

    def drop(self, files: Sequence[Document]) -> None:
        for document in files:
            self.shelf.drop(document.kept_as)

    def _drop_unpromised(self, job: JobContext, files: Sequence[Document]) -> None:
        if not job.has_promised:
            self.drop(files)

    async def _collect(
        self,
        since: datetime | None,
        teller: Teller,
        turn: AsyncExitStack,
        *,
        is_due: bool,
        only_unread: bool,
    ) -> Collected:
        """Read what is new. While Avito puts us off, others have our turn."""
        profile_id, owner_id = teller.profile.id, teller.profile.owner_id
        places = self.due if is_due else self.asked
        deadline = self.clock.now() + PATIENCE
        while True:
            if self.turns[profile_id].locked() or places.are_taken(owner_id):
                await teller.queued()
            await turn.enter_async_context(self.turns[profile_id])
            try:
                async with places.one(owner_id):
                    return await self.collector.collect(
                        profile_id,
                        since=since,
                        progress=teller.reading,
                        only_unread=only_unread,
                    )
            except RateLimited as refusal:
                again_at = refusal.retry_at
                if again_at > deadline:
                    raise
            except Unavailable:
                again_at = self.clock.now() + PAUSE
                if not is_due or again_at > deadline:
                    raise
            await turn.aclose()
            await teller.wait_until(again_at)

    async def _bind(self, order: BookOrder, chats: AsyncIterator[bytes]) -> Bound:
        try:
            return await self.bookbinder.bind(order, chats)
        except OutOfMemory as error:
            raise MemoryError(str(error)) from error


class Teller:
    """What the owner sees meanwhile."""

    def __init__(
        self, job: JobContext, profile: AvitoProfile, export: Export, clock: Clock
    ) -> None:
        self.job = job
        self.profile = profile
        self._about = (job.job_id, profile, export)
        self._clock = clock
        self._left = TimeLeft()

    async def going_on(self) -> None:
        await self.job.progress(screens.going_on(*self._about))

    async def queued(self) -> None:
        await self.job.progress(screens.queued(*self._about))

    async def reading(self, progress: Progress) -> None:
        if progress.waits_until is not None:
            await self._wait(progress.waits_until)
            return
        left = None
        if progress.is_counting:
            # A run that begins anew, after a wait for Avito, counts from nothing again.
            self._left = TimeLeft()
        else:
            far = Far(
                progress.chats_done,
                progress.chats_found,
                progress.pages,
                progress.pages_in_hand,
            )
            left = self._left.seconds(time.monotonic(), far)
        await self.job.progress(
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
        await self.job.progress(screens.binding(*self._about))

    async def wait_until(self, instant: datetime) -> None:
        async def tell(_left: float) -> None:
            await self._wait(instant)

        await until(self._clock, instant, tell)

    async def _wait(self, instant: datetime) -> None:
        await self.job.progress(screens.waiting(*self._about, instant, self._clock.now()))
