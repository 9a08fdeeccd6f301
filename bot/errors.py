"""The incident desk: an error becomes a sentence for the person and a trace for the operator."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import NamedTuple

from aiogram.filters.callback_data import CallbackData
from aiogram.fsm.context import FSMContext
from sqlalchemy.ext.asyncio import AsyncSession

from bot.effects import Effect, Screen, Show
from bot.screens import parts, problems
from bot.screens import profiles as profile_screens
from bot.show import Stage
from core.errors import (
    AnotherReport,
    AvitoError,
    BadRequest,
    DestinationNotFound,
    JobAlreadyRunning,
    KeysRefused,
    ProfileNotFound,
    ShownElsewhere,
    TopicUnknown,
    Unavailable,
    UnexpectedAnswer,
)
from core.logs import get_logger
from core.ports import Clock
from core.services import profiles

log = get_logger(__name__)

OPERATOR_PAUSE = timedelta(minutes=10)
"""One message per kind of failure in this time; what is held back comes after it, in numbers."""

_ALARMING = (KeysRefused, BadRequest, Unavailable, UnexpectedAnswer)


class _HeldBack(NamedTuple):
    """The latest failure of a kind that the operator was not told of, and how many before it."""

    error: Exception
    code: str
    earlier: int


class IncidentDesk:
    def __init__(self, admin_chat_id: int | None, clock: Clock) -> None:
        self._admin_chat_id = admin_chat_id
        self._clock = clock
        self._told_at: dict[str, datetime] = {}
        self._held_back: dict[str, _HeldBack] = {}
        self._not_told: list[Show] = []

    async def answer(
        self,
        error: Exception,
        stage: Stage,
        session: AsyncSession,
        state: FSMContext | None,
        update_id: int,
    ) -> None:
        """Put onto a fresh stage what the person reads about a failed update."""
        if isinstance(error, ProfileNotFound):
            log.info("profile_not_found", update_id=update_id, profile_id=error.profile_id)
            missing = parts.screen(problems.NO_SUCH_PROFILE)
            # Whoever presses a button of a group's report never had the profile: he read it there.
            notice = problems.NO_SUCH_PROFILE if stage.is_private else problems.REPORTS_NO_MORE
            _put(stage, notice, missing)
            await _lead_home(stage, session, state)
        elif isinstance(error, ShownElsewhere):
            log.info("shown_elsewhere", update_id=update_id, profile_id=error.profile_id)
            stage.notice(problems.SHOWN_ELSEWHERE, alert=True)
        elif isinstance(error, AnotherReport):
            stage.notice(problems.ANOTHER_REPORT, alert=True)
        elif isinstance(error, TopicUnknown):
            stage.notice(problems.TOO_OLD, alert=True)
        elif isinstance(error, DestinationNotFound):
            log.info("destination_not_found", update_id=update_id, task_id=error.task_id)
            _put(stage, problems.NO_SUCH_DESTINATION, parts.screen(problems.NO_SUCH_DESTINATION))
            await _lead_home(stage, session, state)
        elif isinstance(error, JobAlreadyRunning):
            running = problems.ALREADY_RUNNING
            # An innocent double tap: no reason to open a window over the chat.
            _put(stage, running, parts.screen(running), alert=False)
        else:
            code = self.record(error, update_id=update_id)
            _put(stage, problems.short_incident(code), problems.incident(code))
            stage.effects.extend(self.tell_operator(error, code))

    def explain(
        self,
        error: Exception,
        *,
        job_id: int,
        profile_id: int | None,
        owner_id: int,
        chat_id: int,
        again: CallbackData | None,
    ) -> tuple[Screen, list[Effect]]:
        """What is read about a failed job where it was asked for, and what others are told.

        `again` asks for the same once more.
        """
        if isinstance(error, ProfileNotFound):
            # Unbound from that chat meanwhile: whoever asked may not look any more.
            log.info("profile_not_found", job_id=job_id, profile_id=error.profile_id)
            return parts.screen(problems.REPORTS_NO_MORE), []
        code = self.record(error, job_id=job_id)
        if isinstance(error, AvitoError):
            screen = problems.of_job(error, again, profile_id=profile_id, code=code)
        else:
            screen = problems.incident(code)
        more = self.tell_operator(error, code)
        if chat_id == owner_id:
            # A chat that owns its job is a group or channel: nobody in it has to know.
            return (screen if chat_id > 0 else problems.job_in_group(code)), more
        # In a group everybody reads along: the reason goes to the one who can act on it.
        return problems.job_in_group(code), [Show(chat_id=owner_id, screen=screen), *more]

    def note(self, error: Exception, **ids: object) -> list[Effect]:
        """A failure that a screen tells in its own words: for the log and the operator only."""
        return self.tell_operator(error, self.record(error, **ids))

    def escalate(self, error: Exception, **ids: object) -> None:
        """A failure that nobody waits to hear about: the operator is told with the next tick."""
        if self._concerns_operator(error):
            self._hold_back(error, self.record(error, **ids))

    def record(self, error: Exception, **ids: object) -> str:
        """Log a failure under a new incident code; returns the code."""
        code = secrets.token_hex(3).upper()
        if isinstance(error, AvitoError):
            log.warning("incident", code=code, error=type(error).__name__, why=str(error), **ids)
        else:
            log.error("incident", code=code, error=type(error).__name__, exc_info=error, **ids)
        return code

    def tell_operator(self, error: Exception, code: str) -> list[Effect]:
        """The message for ADMIN_CHAT_ID: token, integration and our own failures, not a flood."""
        if not self._concerns_operator(error):
            return []
        self._hold_back(error, code)
        return [*self._released(type(error).__name__)]

    def overdue(self) -> list[Show]:
        """What was held back from the operator long enough, to be told now."""
        released = [show for kind in list(self._held_back) for show in self._released(kind)]
        overdue, self._not_told = [*self._not_told, *released], []
        return overdue

    def not_told(self, overdue: list[Show]) -> None:
        """What was overdue could not be written down; it stays so."""
        self._not_told = overdue

    def _concerns_operator(self, error: Exception) -> bool:
        return not isinstance(error, AvitoError) or isinstance(error, _ALARMING)

    def _hold_back(self, error: Exception, code: str) -> None:
        kind = type(error).__name__
        before = self._held_back.get(kind)
        self._held_back[kind] = _HeldBack(error, code, before.earlier + 1 if before else 0)

    def _released(self, kind: str) -> list[Show]:
        told_at, now = self._told_at.get(kind), self._clock.now()
        if told_at is not None and now - told_at < OPERATOR_PAUSE:
            return []
        self._told_at[kind] = now
        held_back = self._held_back.pop(kind)
        if self._admin_chat_id is None:
            return []
        return [Show(chat_id=self._admin_chat_id, screen=problems.for_operator(*held_back))]


def _put(stage: Stage, notice: str, screen: Screen, *, alert: bool = True) -> None:
    """As a notice over the chat when a button was pressed, else as a message.

    Nothing where nobody asked: a group's small talk gets no answer when it works either.
    """
    if stage.query is not None:
        stage.notice(notice, alert=alert)
    elif stage.is_private or stage.is_command:
        stage.send(screen)


async def _lead_home(stage: Stage, session: AsyncSession, state: FSMContext | None) -> None:
    """A dead button or dialogue gives way to what there is now; in a group nothing changes."""
    if not stage.is_private or stage.person is None:
        return
    if stage.query is None and state is not None:
        await state.clear()
    stage.show(profile_screens.listing(await profiles.page(session, stage.person.id)))
