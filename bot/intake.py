"""From an inbox row to its effects: each update handled once, in the order of its chat."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import TypeVar

from aiogram import Bot, Dispatcher
from aiogram.types import Update
from aiogram.types.update import UpdateTypeLookupError
from pydantic import ValidationError

from bot.effects import Effect, Show, from_json
from bot.errors import IncidentDesk
from bot.jobs import JobOffice, note_restart
from bot.lanes import Lanes
from bot.middleware import InboxLedger
from bot.replies import ReplyDesk
from bot.screens import problems
from bot.telegram import RawUpdate
from core.database.health import is_unreachable
from core.database.models import InboxUpdate, Job, Reply
from core.database.repositories import inbox, jobs, replies
from core.database.session import Sessions
from core.journal import Journal
from core.logs import get_logger
from core.ports import Clock

log = get_logger(__name__)
T = TypeVar("T")

DATABASE_RETRY_SEC = 2.0
LARGEST_ID = 2**63 - 1
CRASH_LIMIT = 5
"""An update that was in hand when the process died this often is what kills it."""


class Poisoned(Exception):
    """An update that cannot be handled: unreadable, fails for good, or took the process down."""


class Intake:
    def __init__(
        self,
        bot: Bot,
        dispatcher: Dispatcher,
        sessions: Sessions,
        lanes: Lanes,
        desk: ReplyDesk,
        office: JobOffice,
        journal: Journal,
        incidents: IncidentDesk,
        clock: Clock,
        decided_at_once: int,
    ) -> None:
        self._bot = bot
        self._dispatcher = dispatcher
        self._sessions = sessions
        self._lanes = lanes
        self._desk = desk
        self._office = office
        self._journal = journal
        self._incidents = incidents
        self._clock = clock
        self._questioning = asyncio.Lock()
        # For the database's sake. Telegram may let a chat wait long: that holds up nobody else.
        self._deciding = asyncio.Semaphore(decided_at_once)
        self._database_away = False

    async def recover(self) -> None:
        """Go on where the last run stopped: what is owed, what was received, what was running."""
        owed, received, running = await self._outlast_database(self._left_over)
        self._journal.keep_only({row.update_id for row in received}, {reply.id for reply in owed})
        self._desk.keep_files_of(owed)
        self.hand_over(owed)
        for row in received:
            self.submit(row.update_id, json.loads(row.payload or "{}"))
        placeholders = {effect.job_id for effect in _shows(owed)}
        for job in running:
            if job.id not in placeholders:
                self._office.start(job.id, goes_on=True)
        if owed or received or running:
            log.info("recovered", owed=len(owed), received=len(received), jobs=len(running))

    async def _left_over(self) -> tuple[list[Reply], list[InboxUpdate], list[Job]]:
        async with self._sessions.begin() as session:
            running = await jobs.all_open(session)
            for job in running:
                note_restart(job)
            return await replies.owed(session), await inbox.open_updates(session), running

    def submit(self, update_id: int, raw: RawUpdate) -> None:
        lane = home_of(raw)
        if self._lanes.is_busy(lane) and (query_id := _press_in(raw)):
            self._lanes.beside(partial(self._desk.ask_for_patience, query_id, lane))
        self._lanes.submit(lane, partial(self._handle, update_id, raw, lane))

    def hand_over(self, owed: list[Reply]) -> None:
        """Let replies be performed, each chat's in order, chats side by side."""
        by_lane = sorted(owed, key=attrgetter("lane", "id"))
        for lane, group in groupby(by_lane, key=attrgetter("lane")):
            self._lanes.submit(lane, partial(self._perform, list(group)))

    async def _handle(self, update_id: int, raw: RawUpdate, lane: int) -> None:
        crashes = self._journal.times_begun(update_id)
        # What was in hand at a crash is taken up one by one: the next crash tells who it was.
        async with self._questioning if crashes else nullcontext(), self._deciding:
            self._journal.took(update_id)
            ledger = InboxLedger(update_id, lane, self._clock)
            try:
                owed = await self._outlast_database(lambda: self._decide(ledger, raw, crashes))
            except asyncio.CancelledError:
                self._journal.put_down(update_id)
                raise
            self._journal.forget_update(update_id)
        await self._perform([reply for reply in owed if reply.lane == lane])
        self.hand_over([reply for reply in owed if reply.lane != lane])

    async def _perform(self, owed: list[Reply]) -> None:
        if owed:
            await self._outlast_database(lambda: self._desk.perform(owed))

    async def _decide(self, ledger: InboxLedger, raw: RawUpdate, crashes: int) -> list[Reply]:
        """One transaction: the update's writes, its end, and what is owed for it."""
        if ledger.is_closed:
            # The commit's answer got lost with the connection; the commit itself may have worked.
            async with self._sessions() as session:
                if not await inbox.is_open(session, ledger.update_id):
                    return await replies.among(session, ledger.owed)
        try:
            return await self._dispatch(ledger, _parsed(raw, self._bot, crashes))
        except Poisoned as error:
            return await self._set_aside(ledger, error)

    async def _dispatch(self, ledger: InboxLedger, update: Update) -> list[Reply]:
        try:
            owed: list[Reply] = await self._dispatcher.feed_update(
                self._bot, update, ledger=ledger
            )
        except Exception as error:
            if is_unreachable(error):
                raise
            # Left as it is, it would fail so at every start.
            raise Poisoned("not even its failure could be answered") from error
        return owed

    async def _set_aside(self, ledger: InboxLedger, error: Poisoned) -> list[Reply]:
        code = self._incidents.record(error, update_id=ledger.update_id)
        effects: list[Effect] = self._incidents.tell_operator(error, code)
        if 0 < ledger.home <= LARGEST_ID:
            effects.insert(0, Show(chat_id=ledger.home, screen=problems.incident(code)))
        async with self._sessions.begin() as session:
            return await ledger.set_aside(session, effects, code)

    async def _outlast_database(self, work: Callable[[], Awaitable[T]]) -> T:
        """Repeat work whose transaction failed because the database went away."""
        while True:
            try:
                done = await work()
            except Exception as error:
                if not is_unreachable(error):
                    raise
                if not self._database_away:
                    log.warning("waiting_for_database", why=type(error).__name__)
                self._database_away = True
                await asyncio.sleep(DATABASE_RETRY_SEC)
            else:
                if self._database_away:
                    log.info("database_is_back")
                self._database_away = False
                return done


def home_of(raw: RawUpdate) -> int:
    """The chat an update belongs to, read from the raw JSON: it may not be parseable."""
    for content in raw.values():
        if isinstance(content, dict):
            holder = content.get("message") if "data" in content else content
            for place in (holder, content):
                if isinstance(place, dict):
                    chat = place.get("chat") or place.get("from") or {}
                    if isinstance(chat, dict) and isinstance(chat.get("id"), int):
                        return int(chat["id"])
    return 0


def _press_in(raw: RawUpdate) -> str | None:
    press = raw.get("callback_query")
    query_id = press.get("id") if isinstance(press, dict) else None
    return query_id if isinstance(query_id, str) else None


def _parsed(raw: RawUpdate, bot: Bot, crashes: int) -> Update:
    if crashes >= CRASH_LIMIT:
        raise Poisoned(f"in hand at {crashes} crashes")
    try:
        update = Update.model_validate(raw, context={"bot": bot})
        _ = update.event_type
    except (ValidationError, UpdateTypeLookupError) as error:
        # Its text would quote the update, and an update can hold a pasted secret.
        raise Poisoned(f"unreadable: {type(error).__name__}") from None
    return update


def _shows(owed: list[Reply]) -> list[Show]:
    effects = (from_json(reply.effect) for reply in owed)
    return [effect for effect in effects if isinstance(effect, Show)]
