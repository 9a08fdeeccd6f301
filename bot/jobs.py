"""Jobs: work that outlasts an update, shown in one message that ends as the result.

A job is a row. Its message is a placeholder first, shows progress, and becomes the result by an
edit: so a job that a crash interrupted simply runs again, and nobody sees anything twice.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aiogram.filters.callback_data import CallbackData
from sqlalchemy.ext.asyncio import AsyncSession

from bot.callbacks import ReportExcel, ReportNow, ReportShow
from bot.delivery import Courier, SendError
from bot.effects import Effect, Screen, Show, to_json
from bot.errors import IncidentDesk
from bot.keyboards import shortened
from bot.markdown import to_plain
from bot.middleware import lane_of
from bot.screens import parts
from bot.screens import start as start_screens
from bot.scribe import edit_words
from bot.show import Stage
from core.database.health import is_unreachable
from core.database.models import Job, Reply
from core.database.repositories import inbox, jobs, replies
from core.database.session import Sessions
from core.errors import JobAlreadyRunning, WorkerDied
from core.group_commit import is_beaten
from core.logs import get_logger
from core.ports import Clock
from core.services import profiles
from core.services.profiles import Viewed

log = get_logger(__name__)

PROGRESS_PAUSE_SEC = 5.0
"""Edits of one message are limited like sends; progress needs no more than this."""
PROGRESS_PATIENCE_SEC = 0.5
"""What cannot leave by then is left out: a job holds up others who want the same account."""
NOTICE_LIMIT = 200
"""Telegram shows no longer word over a chat; the name of a profile alone may be as long."""
RETRY_SEC = 5.0
WIDTH = 16
"""How many jobs are at work at a time; those that only wait are not among them."""
REPLACED = "replaced"
"""Where the payload keeps the screen that the work was begun in."""
RESTARTS = "restarts"
"""Where it keeps how often the worker was restarted over the job."""
MOST_RESTARTS = 10
"""More are no chance: the job itself brings the worker down."""


async def begin(
    session: AsyncSession,
    stage: Stage,
    clock: Clock,
    *,
    kind: str,
    dedupe: str,
    placeholder: Callable[[int], Screen],
    payload: dict[str, Any],
    profile_id: int | None = None,
    in_private: bool = False,
    in_place: bool = False,
    for_chat: bool = False,
    otherwise: Screen | None = None,
) -> None:
    """Write a job down and show its placeholder, made from the job's id.

    It is shown where it was asked for, or with `in_private` to that person alone, or with
    `in_place` in the message whose button was pressed, which it leaves as it is but for a line
    and the buttons. The person owns it, or with `for_chat` the chat itself: in a channel and
    behind an anonymous administrator nobody is known, and in a group others may want to stop it.
    Who asked in a group and lets the bot write nothing in private reads `otherwise` there, and
    the job waits for his /start.
    Raises `JobAlreadyRunning` when the same work is under way in this chat.
    """
    replaced = stage.shown if in_place else None
    message_id = None
    if replaced is not None and stage.message is not None:
        payload = {**payload, REPLACED: replaced.model_dump(mode="json", exclude_none=True)}
        # Known ahead: whoever ends the work before its placeholder has left has to say so there.
        message_id = stage.message.message_id
    owner_id = stage.chat_id if for_chat else _known_person(stage)
    chat_id = owner_id if in_private else stage.chat_id
    assert owner_id is not None  # noqa: S101 - only updates without a message have no chat
    assert chat_id is not None  # noqa: S101
    key = f"{kind}:{dedupe}:{chat_id}"
    await _check_free(session, key)
    job = Job(
        kind=kind,
        owner_id=owner_id,
        chat_id=chat_id,
        thread_id=stage.thread_id if chat_id == stage.chat_id else None,
        message_id=message_id,
        profile_id=profile_id,
        dedupe_key=key,
        payload=json.dumps(payload),
        created_at=clock.now(),
    )
    session.add(job)
    await session.flush()
    if replaced is not None:
        word = placeholder(job.id)
        stage.show(meanwhile(replaced, word), job_id=job.id)
        if not parts.has_room(replaced, word):
            stage.notice(shortened(to_plain(word.text), NOTICE_LIMIT))
    elif chat_id == stage.chat_id:
        stage.send(placeholder(job.id), job_id=job.id)
    else:
        stage.tell(chat_id, placeholder(job.id), job_id=job.id, otherwise=otherwise)


async def take_up(
    session: AsyncSession, stage: Stage, person: int, otherwise: Screen | None = None
) -> bool:
    """Begin what waited until this person let the bot write to him; False if nothing did."""
    waiting = await jobs.take_up(session, person)
    for job in waiting:
        placeholder = start_screens.taken_up(job.id, job.kind)
        stage.tell(job.chat_id, placeholder, job_id=job.id, otherwise=otherwise)
    return bool(waiting)


async def check_free(session: AsyncSession, stage: Stage, *, kind: str, dedupe: str) -> None:
    """Raise `JobAlreadyRunning` when such work is under way in this chat."""
    await _check_free(session, f"{kind}:{dedupe}:{stage.chat_id}")


def in_message(stage: Stage) -> str | None:
    """What tells apart work of which a message holds one at a time; None outside of messages."""
    if stage.shown is None or stage.message is None:
        return None
    return f"in_{stage.message.message_id}"


def replaced_by(job: Job) -> Screen | None:
    """What stood in the message of this job before it began."""
    stored = json.loads(job.payload).get(REPLACED)
    return None if stored is None else Screen.model_validate(stored)


def note_restart(job: Job) -> None:
    """The worker begins anew, and the job is not over."""
    payload = json.loads(job.payload)
    job.payload = json.dumps({**payload, RESTARTS: payload.get(RESTARTS, 0) + 1})


def beneath(replaced: Screen | None, word: Screen) -> Screen:
    """How work ends that came to nothing: in a word, beneath what its placeholder replaced."""
    return word if replaced is None else parts.with_remark(replaced, word)


def meanwhile(replaced: Screen, word: Screen) -> Screen:
    """What stands in a message while work goes on in it: nobody loses what he was reading.

    The word beneath it is left out where there is no room.
    """
    stays = parts.with_remark(replaced, word) if parts.has_room(replaced, word) else replaced
    return stays.model_copy(update={"keyboard": word.keyboard})


async def _check_free(session: AsyncSession, key: str) -> None:
    running = await jobs.find_by_key(session, key)
    if running is not None:
        raise JobAlreadyRunning(running.id)


def _known_person(stage: Stage) -> int:
    assert stage.person is not None  # noqa: S101 - a person's work begins with his press or message
    return stage.person.id


class JobGone(Exception):
    """The job was stopped, or its profile deleted, while it ran."""


@dataclass(slots=True)
class Ending:
    """How a job ends: its last screen, and what else should be seen."""

    session: AsyncSession
    screen: Screen | None = None
    next_job: int | None = None
    """The job that takes the message over; `screen` is its placeholder then."""
    more: list[Effect] = field(default_factory=list)


class JobContext:
    """What a running job knows and may do."""

    def __init__(
        self, job: Job, office: JobOffice, slot: AsyncExitStack, *, goes_on: bool
    ) -> None:
        self.job_id = job.id
        self.kind = job.kind
        self.owner_id = job.owner_id
        self.chat_id = job.chat_id
        self.profile_id = job.profile_id
        self.payload: dict[str, Any] = json.loads(job.payload)
        self.payload.pop(REPLACED, None)
        self.replaced = replaced_by(job)
        self.restarts: int = self.payload.pop(RESTARTS, 0)
        self.thread_id = job.thread_id
        self.goes_on = goes_on
        """It was under way already when the worker stopped."""
        self.message_id = job.message_id
        self.has_promised = False
        """What it ends with may be owed by now, whatever becomes of the commit."""
        self._office = office
        self._slot = slot
        self._progressed_at = 0.0

    @property
    def sessions(self) -> Sessions:
        return self._office.sessions

    def check_restarts(self) -> None:
        """Raises `WorkerDied` when it is to be feared that it would die over this once more."""
        if self.restarts > MOST_RESTARTS:
            raise WorkerDied(f"restarted {self.restarts} times")

    async def progress(self, screen: Screen) -> None:
        """Show how far it is. Best effort: a lost one is followed by the next.

        Nor is it shown where what stands in the message leaves it no room.
        """
        now = time.monotonic()
        if self.message_id is None or now - self._progressed_at < PROGRESS_PAUSE_SEC:
            return
        self._progressed_at = now
        if self.replaced is not None:
            if not parts.has_room(self.replaced, screen):
                return
            screen = meanwhile(self.replaced, screen)
        await self._office.edit(self.chat_id, self.message_id, screen)

    async def viewed(self, session: AsyncSession) -> Viewed:
        """The job's profile for whoever asked; else `ProfileNotFound`.

        To be asked again at the end: he may be shut out while Avito is waited for.
        """
        assert self.profile_id is not None  # noqa: S101 - work that shows numbers is about one
        return await profiles.viewable(
            session, self.owner_id, self.chat_id, self.thread_id or 0, self.profile_id
        )

    @asynccontextmanager
    async def aside(self) -> AsyncIterator[None]:
        """Let others work in our slot while there is nothing to do but wait."""
        await self._slot.aclose()
        yield
        await self._slot.enter_async_context(self._office.slots)

    @asynccontextmanager
    async def ending(self) -> AsyncIterator[Ending]:
        """One transaction for the job's own writes, its end and its last screen.

        Raises `JobGone`, writing nothing, when the job was stopped in the meantime.
        """
        async with self._office.sessions.begin() as session:
            if await jobs.remove(session, self.job_id) is None:
                raise JobGone
            ending = Ending(session)
            yield ending
            owed = await self._office.owe(session, self._effects(ending), home=self.chat_id)
            self._office.promised[self.job_id] = [reply.id for reply in owed]
            self.has_promised = True
        del self._office.promised[self.job_id]
        self._office.hand_over(owed)

    async def follow(
        self, ending: Ending, *, kind: str, profile_id: int, placeholder: Callable[[int], Screen]
    ) -> None:
        """Let another job go on in the same message, in the same transaction."""
        job = Job(
            kind=kind,
            owner_id=self.owner_id,
            chat_id=self.chat_id,
            thread_id=self.thread_id,
            profile_id=profile_id,
            dedupe_key=f"{kind}:{profile_id}:{self.chat_id}",
            payload="{}",
            created_at=self._office.now(),
        )
        ending.session.add(job)
        await ending.session.flush()
        ending.screen, ending.next_job = placeholder(job.id), job.id

    def _effects(self, ending: Ending) -> list[Effect]:
        effects = list(ending.more)
        if ending.screen is not None:
            show = Show(
                chat_id=self.chat_id,
                thread_id=self.thread_id,
                screen=ending.screen,
                edit=self.message_id,
                job_id=ending.next_job,
            )
            if self.replaced is None or ending.screen.fits(self.replaced):
                return [show, *effects]
            # What has no room in the message comes below it, and the message as it was again.
            back = show.model_copy(update={"screen": self.replaced, "job_id": None})
            return [back, show.model_copy(update={"edit": None}), *effects]
        return effects


JobFunction = Callable[[JobContext], Awaitable[None]]


class JobOffice:
    """Starts jobs, stops them, and answers for those that fail."""

    def __init__(
        self,
        sessions: Sessions,
        courier: Courier,
        incidents: IncidentDesk,
        clock: Clock,
    ) -> None:
        self.sessions = sessions
        self.hand_over: Callable[[list[Reply]], None] = lambda _: None
        self.promised: dict[int, list[int]] = {}
        """By job, the replies of an ending whose commit is under way."""
        self._courier = courier
        self._incidents = incidents
        self._clock = clock
        self._kinds: Mapping[str, JobFunction] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self.slots = asyncio.Semaphore(WIDTH)
        self._closing = False

    def now(self) -> datetime:
        return self._clock.now()

    def employ(self, kinds: Mapping[str, JobFunction]) -> None:
        """Say which function does which kind of job."""
        self._kinds = kinds

    def deliver_through(self, hand_over: Callable[[list[Reply]], None]) -> None:
        """Say who performs what jobs owe; the two need each other, so one comes later."""
        self.hand_over = hand_over

    def start(self, job_id: int, *, goes_on: bool = False) -> None:
        if self._closing or job_id in self._tasks:
            return
        task = asyncio.create_task(self._run(job_id, goes_on), name=f"job-{job_id}")
        self._tasks[job_id] = task
        task.add_done_callback(lambda _: self._tasks.pop(job_id, None))

    def stop(self, job_id: int) -> None:
        task = self._tasks.get(job_id)
        if task is not None:
            task.cancel()

    async def idle(self) -> None:
        while self._tasks:
            await asyncio.wait(set(self._tasks.values()))

    async def close(self, grace_sec: float) -> None:
        """Jobs are rows: what the grace cuts off runs again at the next start."""
        self._closing = True
        if not self._tasks:
            return
        _, late = await asyncio.wait(set(self._tasks.values()), timeout=grace_sec)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def edit(self, chat_id: int, message_id: int, screen: Screen) -> None:
        """Show progress, unless it has to wait for its turn in that chat."""
        method = edit_words(screen, chat_id, message_id)
        try:
            async with asyncio.timeout(PROGRESS_PATIENCE_SEC) as patience:
                # What has left is waited for: it must not come after the result.
                await self._courier.carry(method, leaving=lambda: patience.reschedule(None))
        except (SendError, TimeoutError) as error:
            log.debug("progress_not_shown", why=str(error))

    async def owe(self, session: AsyncSession, effects: list[Effect], *, home: int) -> list[Reply]:
        owed = [(lane_of(effect, home), to_json(effect)) for effect in effects]
        return await inbox.owe(session, owed, self._clock.now())

    async def _run(self, job_id: int, goes_on: bool) -> None:
        while True:
            async with AsyncExitStack() as slot:
                await slot.enter_async_context(self.slots)
                if await self._attempt(job_id, slot, goes_on):
                    return
            # The database is away; the row is still there when it comes back.
            await asyncio.sleep(RETRY_SEC)

    async def _attempt(self, job_id: int, slot: AsyncExitStack, goes_on: bool) -> bool:
        """True when the job came to an end, whatever end."""
        try:
            async with self.sessions() as session:
                job = await jobs.find(session, job_id)
                if job is None and job_id in self.promised:
                    # We had tried to end it: that worked, only the commit's answer got lost.
                    self.hand_over(await replies.among(session, self.promised[job_id]))
                    del self.promised[job_id]
            if job is None:
                return True
            context = JobContext(job, self, slot, goes_on=goes_on)
            try:
                await self._kinds[job.kind](context)
            except Exception as error:
                if isinstance(error, JobGone) or may_pass(error):
                    raise
                await self._end_badly(context, error)
        except JobGone:
            return True
        except Exception as error:
            if not may_pass(error):
                raise
            log.warning("job_waits_for_database", job_id=job_id)
            return False
        return True

    async def _end_badly(self, context: JobContext, error: Exception) -> None:
        screen, more = self._incidents.explain(
            error,
            job_id=context.job_id,
            profile_id=context.profile_id,
            owner_id=context.owner_id,
            chat_id=context.chat_id,
            again=_again(context),
        )
        async with context.ending() as ending:
            ending.screen, ending.more = beneath(context.replaced, screen), more


def _again(context: JobContext) -> CallbackData | None:
    """The button that asks for the same once more; what stands over a job has its own."""
    if context.profile_id is None:
        return None
    kind = {"report": ReportShow, "report_excel": ReportExcel}.get(context.kind)
    if kind is None:
        return ReportNow(profile_id=context.profile_id)
    first, last = context.payload["first"], context.payload["last"]
    return kind(profile_id=context.profile_id, first=first, last=last)


def may_pass(error: Exception) -> bool:
    """Whether the same works again once the database is there, or is asked once more."""
    return is_unreachable(error) or is_beaten(error)
