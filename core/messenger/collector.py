"""Reading all chats of a profile into the archive: complete, in Avito's patience, resumable.

Every chat is kept as soon as it was read, in a transaction of its own. So a run that is
cancelled, or dies, has lost nothing but the chats it had in hand: the next one looks through
the lists and goes on.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import undefer

from core.avito.auth import ProfileAccess
from core.avito.client import Avito
from core.avito.messenger import ChatFilter, ChatPage, MessagePage
from core.database.models import AvitoProfile, Listing
from core.database.session import Sessions, reading
from core.errors import (
    AvitoError,
    BadRequest,
    EmployeeKey,
    Forbidden,
    KeysRefused,
    NotFound,
    Unavailable,
    UnexpectedAnswer,
)
from core.logs import get_logger
from core.messenger import archive
from core.messenger.archive import Held
from core.messenger.finder import ChatFinder
from core.messenger.pace import Paces
from core.messenger.packing import pack, unpack
from core.messenger.reader import Fresh, merged, read
from core.ports import Clock
from core.services import profiles
from core.statistics.sync import access_to
from utils.chats.model import ChatHead, Transcript

log = get_logger(__name__)

AT_A_TIME = 16
"""Chats that are read side by side."""
HOPELESS = 10
"""So many chats in a row that cannot be read are not about the chats any more."""
SETTLED_SEC = 60
"""Avito counts seconds, by a clock that is not ours: so soon after `updated`, another message may
have come that did not move it."""
LONG = 500_000
"""Characters of a chat that few have: what is longer is in memory one chat at a time."""
PACKED = 4
"""So many characters or more are a byte of what is kept."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come."""

    chats_done: int = 0
    """Those that were held as they are count as done."""
    chats_found: int = 0
    messages: int = 0
    """That were not held before."""
    pages: int = 0
    """Of messages, that Avito gave."""
    pages_in_hand: int = 0
    """Of them, those of chats that are not done yet."""
    is_counting: bool = True
    """The lists are still being read: there may be more chats."""
    waits_until: datetime | None = None
    """Avito wants to be left alone until then."""


@dataclass(frozen=True, slots=True)
class Collected:
    """What a run came to. What it could not reach is for the person to know."""

    chats: frozenset[str]
    """The ids of those with a message in the period, as Avito lists them."""
    read: int
    """Of them, those that had something new."""
    messages: int
    """That were not held before."""
    cut_chats: int
    """Of those read, longer than Avito gives: their earliest messages are missing."""
    cut_lists: tuple[str, ...]
    """Kinds of chats (`u2i`, `u2u`, `a2u`) that are more than Avito lists. Of `u2i` the lists by
    listing were read as well; chats about a listing that nobody knows any more may be missing."""
    refused_lists: tuple[str, ...]
    """Kinds of chats that Avito does not list for this account."""
    failed: Mapping[str, int]
    """Chats that could not be read, by the class name of the `AvitoError`. What was held of
    them stays."""
    failure: AvitoError | None
    """The latest of these errors."""
    nameless: int
    """Chats, at least, that Avito lists without an id it could be asked for."""
    not_read: tuple[ChatHead, ...] = ()
    """The failed ones, as they are listed."""


Tell = Callable[[Progress], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class ChatCollector:
    """One instance per process: all runs about one account keep to one pace."""

    sessions: Sessions
    avito: Avito
    paces: Paces
    clock: Clock
    writing: asyncio.Lock = field(default_factory=asyncio.Lock)
    """SQLite has one writer at a time: others would wait in vain behind many of ours."""
    reading_long: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def collect(
        self,
        profile_id: int,
        *,
        since: datetime | None,
        progress: Tell,
        only_unread: bool = False,
    ) -> Collected:
        """Bring the archive up to date with every message since then, or with all there are.

        `only_unread`: of the chats in which something is unread by now; what was read at Avito
        afterwards moves nothing by which the archive could know it.

        The account must be confirmed, and a profile may have one run at a time. Raises
        `ProfileNotFound`, and the `AvitoError` that no patience helped against, or that all of
        its chats ended with: `SubscriptionRequired` and `Forbidden` when the messenger is not
        for this account.
        """
        access = await self._access(profile_id)
        try:
            collected = await _Run(
                self, access, since, progress, only_unread=only_unread
            ).collect()
        except (KeysRefused, EmployeeKey) as refusal:
            problem = type(refusal).__name__
            async with self.sessions.begin() as session:
                await profiles.note_problem(session, profile_id, problem, self.clock.now())
            raise
        log.info(
            "chats_read",
            profile_id=profile_id,
            chats=len(collected.chats),
            read=collected.read,
            messages=collected.messages,
            failed=sum(collected.failed.values()),
        )
        return collected

    async def _access(self, profile_id: int) -> ProfileAccess:
        async with self.sessions.begin() as session:
            await archive.want(session, profile_id, self.clock.now())
            profile = await session.get_one(
                AvitoProfile, profile_id, options=[undefer(AvitoProfile.client_secret)]
            )
            return access_to(profile)


class _Hand:
    """How much of a chat is in memory."""

    def __init__(self, reading_long: asyncio.Lock, stack: AsyncExitStack) -> None:
        self._reading_long = reading_long
        self._stack = stack
        self._characters = 0
        self.pages = 0

    async def take(self, characters: int) -> None:
        """So many more; waits where that makes it a long one, while another long one is read."""
        was_long = self._characters > LONG
        self._characters += characters
        if self._characters > LONG and not was_long:
            await self._stack.enter_async_context(self._reading_long)


class _Run:
    """One run about one profile."""

    def __init__(
        self,
        by: ChatCollector,
        access: ProfileAccess,
        since: datetime | None,
        tell: Tell,
        *,
        only_unread: bool,
    ) -> None:
        self._sessions = by.sessions
        self._writing = by.writing
        self._reading_long = by.reading_long
        self._clock = by.clock
        self._client = by.avito.client(access)
        self._pace = by.paces.of(access.account)
        self._access = access
        self._since = None if since is None else int(since.timestamp())
        self._tell = tell
        self._only_unread = only_unread
        self._progress = Progress()
        self._held: dict[str, Held] = {}
        self._read = 0
        self._cut = 0
        self._not_read: list[ChatHead] = []
        self._failed: Counter[str] = Counter()
        self._failed_in_a_row = 0
        self._failure: AvitoError | None = None

    async def collect(self) -> Collected:
        finder = ChatFinder(self._ask_chats, self._since, self._found)
        await finder.find(await self._known())
        chats = sorted(finder.chats.values(), key=lambda chat: chat.updated, reverse=True)
        news = [chat for chat in chats if not self._is_held(chat)]
        done = len(chats) - len(news)
        await self._advance(Progress(done, len(chats), is_counting=False))
        await self._read_all(news)
        if self._failure is not None and self._failed.total() == len(chats):
            raise self._failure
        return Collected(
            chats=frozenset(finder.chats),
            read=self._read,
            messages=self._progress.messages,
            cut_chats=self._cut,
            cut_lists=tuple(finder.cut),
            refused_lists=tuple(finder.refused),
            failed=dict(self._failed),
            failure=self._failure,
            nameless=finder.nameless,
            not_read=tuple(self._not_read),
        )

    async def _known(self) -> set[int]:
        """Listings that there may be chats about: the account's, and those of kept chats."""
        async with reading(self._sessions) as session:
            self._held = await archive.held(session, self._access.profile_id)
            own = await session.scalars(
                select(Listing.listing_id).where(Listing.account == self._access.account)
            )
            return {*own, *(chat.listing_id for chat in self._held.values() if chat.listing_id)}

    def _is_held(self, chat: ChatHead) -> bool:
        kept = self._held.get(chat.id)
        return (
            kept is not None
            and chat.updated > 0
            and kept.updated == chat.updated
            and kept.read - kept.updated > SETTLED_SEC
            and kept.reaches(self._since)
        )

    async def _read_all(self, chats: list[ChatHead]) -> None:
        left = iter(chats)
        try:
            async with asyncio.TaskGroup() as readers:
                for _ in range(min(AT_A_TIME, len(chats))):
                    readers.create_task(self._read_some(left))
        except ExceptionGroup as group:
            # The others were stopped because of the first.
            raise group.exceptions[0] from None

    async def _read_some(self, left: Iterator[ChatHead]) -> None:
        for chat in left:
            try:
                await self._read_chat(chat)
            except (NotFound, BadRequest, Forbidden, UnexpectedAnswer, Unavailable) as failure:
                log.warning("chat_not_read", chat=chat.id, reason=str(failure))
                self._not_read.append(chat)
                self._failed[type(failure).__name__] += 1
                self._failed_in_a_row += 1
                self._failure = failure
                if self._failed_in_a_row == HOPELESS:
                    raise
            else:
                self._read += 1
                self._failed_in_a_row = 0
            done = self._progress.chats_done + 1
            await self._advance(replace(self._progress, chats_done=done))

    async def _read_chat(self, chat: ChatHead) -> None:
        async with AsyncExitStack() as stack:
            hand = _Hand(self._reading_long, stack)
            try:
                await self._read_in_hand(chat, hand)
            finally:
                self._count_pages(0, in_hand=-hand.pages)

    async def _read_in_hand(self, chat: ChatHead, hand: _Hand) -> None:
        read_at = self._clock.now()
        kept = self._held.get(chat.id)
        old = await self._load(chat, hand) if kept is not None else None
        known = {line.id for line in old.lines} if old else set()
        goes_on = kept is not None and kept.reaches(self._since)
        fresh = await read(
            partial(self._ask_messages, chat, hand), known if goes_on else (), self._since
        )
        whole_since = kept.whole_since if kept and fresh.is_joined else fresh.whole_since
        transcript, packed = await asyncio.to_thread(_packed, chat, old, fresh)
        now_kept = archive.Kept(transcript, packed, whole_since)
        async with self._writing, self._sessions.begin() as session:
            await archive.save(session, self._access.profile_id, now_kept, read_at)
        self._cut += transcript.head.is_cut
        messages = self._progress.messages + len(fresh.lines.keys() - known)
        self._progress = replace(self._progress, messages=messages)

    async def _load(self, chat: ChatHead, hand: _Hand) -> Transcript | None:
        async with reading(self._sessions) as session:
            packed = await archive.load(session, self._access.profile_id, chat.id)
        if packed is None:
            return None
        await hand.take(PACKED * len(packed))
        return await asyncio.to_thread(unpack, packed)

    async def _ask_chats(self, which: ChatFilter, offset: int) -> ChatPage:
        asked = which._replace(is_unread=self._only_unread)
        return await self._pace.ask(partial(self._client.chats, asked, offset), self._waiting)

    async def _ask_messages(self, chat: ChatHead, hand: _Hand, offset: int) -> MessagePage:
        page = await self._pace.ask(partial(self._client.messages, chat, offset), self._waiting)
        hand.pages += 1
        self._count_pages(1, in_hand=1)
        await hand.take(sum(len(line.text) for line in page.lines))
        return page

    def _count_pages(self, pages: int, *, in_hand: int) -> None:
        told = self._progress
        self._progress = replace(
            told, pages=told.pages + pages, pages_in_hand=told.pages_in_hand + in_hand
        )

    async def _found(self, chats: int) -> None:
        await self._advance(replace(self._progress, chats_found=chats))

    async def _waiting(self, until: datetime) -> None:
        await self._tell(replace(self._progress, waits_until=until))

    async def _advance(self, progress: Progress) -> None:
        self._progress = progress
        await self._tell(progress)


def _packed(chat: ChatHead, old: Transcript | None, fresh: Fresh) -> tuple[Transcript, bytes]:
    transcript = merged(chat, old, fresh)
    return transcript, pack(transcript)
