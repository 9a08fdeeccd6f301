"""The reply desk: performs what the bot owes people, each thing once.

Editing, deleting and answering a press can be repeated without harm; sending cannot. So a send
is noted in the journal in the moment its bytes leave, and is not repeated once it has left.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Any, Protocol

from aiogram.methods import (
    AnswerCallbackQuery,
    DeleteMessage,
    GetMe,
    TelegramMethod,
)
from aiogram.types import ReplyParameters
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    retry_if_exception_type,
    stop_after_delay,
)
from tenacity.wait import wait_base, wait_exponential

from bot.delivery import Courier, NotSent, Refused, SendError, Uncertain, mended
from bot.effects import Answer, Effect, Erase, Screen, Show, StopJob, from_json, to_json
from bot.screens import problems
from bot.scribe import Scribe
from core.database.models import Reply
from core.database.repositories import jobs, replies
from core.database.session import Sessions, reading
from core.journal import Journal
from core.logs import get_logger
from core.services import exports

log = get_logger(__name__)

PATIENCE_SEC = 900.0
"""How long an answer is worth trying; after that the person has long pressed again."""
PRESS_PATIENCE_SEC = 20.0
LONG_SEC = 3.0
"""Whoever has pressed a button is told when it will take longer."""
FILE_PATIENCE_SEC = 86_400.0
"""A file that has certainly not come waits for as long as the shelf keeps it."""
COPY_PAUSE_SEC = 300.0
"""At most so long before a file is sent again that may have come: there must not be many."""


class JobStarter(Protocol):
    def start(self, job_id: int) -> None: ...

    def stop(self, job_id: int) -> None: ...


class NotWanted(Exception):
    """What was made of somebody's chats must not leave any more."""


class _WaitAsTold(wait_base):
    """Telegram's `retry_after` where it gave one, else exponential backoff."""

    def __init__(self) -> None:
        self._backoff = wait_exponential(multiplier=0.5, max=30)

    def __call__(self, retry_state: RetryCallState) -> float:
        error = retry_state.outcome.exception() if retry_state.outcome else None
        told = error.retry_after if isinstance(error, NotSent) else None
        return told if told is not None else self._backoff(retry_state)


class ReplyDesk:
    def __init__(
        self,
        courier: Courier,
        scribe: Scribe,
        journal: Journal,
        sessions: Sessions,
        job_starter: JobStarter,
    ) -> None:
        self._courier = courier
        self._scribe = scribe
        self._journal = journal
        self._sessions = sessions
        self._jobs = job_starter

    async def perform(self, owed: Sequence[Reply]) -> None:
        """Do everything owed, in order, then strike it off."""
        screens: list[Screen] = []
        shown: list[tuple[int, int | None]] = []
        dropped: list[int] = []
        for reply in owed:
            effect = from_json(reply.effect)
            screens += [effect.screen] if isinstance(effect, Show) else []
            try:
                effect, message_id = await self._do_or_turn_away(reply.id, effect)
            except NotWanted:
                log.info("reply_withdrawn", reply_id=reply.id)
            except SendError as error:
                log.warning("reply_dropped", reply_id=reply.id, kind=effect.kind, why=str(error))
                if isinstance(effect, Show) and effect.job_id is not None:
                    dropped.append(effect.job_id)
            else:
                if isinstance(effect, Show) and effect.job_id is not None:
                    shown.append((effect.job_id, message_id))
        await self._settle([reply.id for reply in owed], shown, dropped, screens)
        for job_id, _ in shown:
            self._jobs.start(job_id)

    async def ask_for_patience(self, query_id: str, chat_id: int) -> None:
        """Stop the spinner of a press that stands behind others in a chat that has its fill."""
        wait = self._courier.opens_in(chat_id)
        if wait > LONG_SEC:
            words = problems.shown_later(wait)
            await self._answer(Answer(callback_query_id=query_id, text=words))

    def keep_files_of(self, owed: Sequence[Reply]) -> None:
        """After a restart: drop the files that the last run had not promised to anybody."""
        effects = [from_json(reply.effect) for reply in owed]
        self._scribe.keep_only([effect.screen for effect in effects if isinstance(effect, Show)])

    async def _settle(
        self,
        ids: list[int],
        shown: list[tuple[int, int | None]],
        dropped: list[int],
        screens: list[Screen],
    ) -> None:
        async with self._sessions.begin() as session:
            for job_id, message_id in shown:
                if message_id is not None:
                    await jobs.attach_message(session, job_id, message_id)
            for job_id in dropped:
                await jobs.remove(session, job_id)
            await replies.settle(session, ids)
        for reply_id in ids:
            self._journal.forget_reply(reply_id)
        for screen in screens:
            self._scribe.done_with(screen)

    async def _do_or_turn_away(self, reply_id: int, effect: Effect) -> tuple[Effect, int | None]:
        """What was done in the end, and the message it became.

        What may not be shown in its chat, or does not get there, is said elsewhere where that
        was foreseen.
        """
        try:
            return effect, await self._do(reply_id, effect)
        except SendError as error:
            if not isinstance(effect, Show) or effect.otherwise is None:
                raise
            # For a placeholder it is a way to whoever has to let the bot write first.
            if effect.job_id is not None and not isinstance(error, Refused):
                raise
            log.warning("reply_turned_away", reply_id=reply_id, why=str(error))
        self._begin_anew(reply_id)
        async with self._sessions.begin() as session:
            if effect.job_id is not None:
                await jobs.park(session, effect.job_id)
            await replies.replace(session, reply_id, to_json(effect.otherwise))
        try:
            return effect.otherwise, await self._do(reply_id, effect.otherwise)
        except SendError as error:
            log.warning("reply_dropped", reply_id=reply_id, kind=effect.kind, why=str(error))
            return effect.otherwise, None

    def _begin_anew(self, reply_id: int) -> None:
        """Something else is said in its place: what has left was not that."""
        self._journal.refused(reply_id)

    async def _do(self, reply_id: int, effect: Effect) -> int | None:
        match effect:
            case Show():
                return await self._show(reply_id, effect)
            case Answer():
                await self._answer(effect)
            case Erase():
                await self._erase(reply_id, effect)
            case StopJob():
                self._jobs.stop(effect.job_id)
        return None

    async def _show(self, reply_id: int, effect: Show) -> int | None:
        fits_into_message = effect.screen.keyboard is effect.screen.inline
        if effect.edit is not None and fits_into_message and await self._edit(effect, effect.edit):
            return effect.edit
        if effect.screen.document is not None:
            return await self._send_file(reply_id, effect)
        return await self._send(reply_id, effect)

    async def _send_file(self, reply_id: int, effect: Show) -> int | None:
        """Below the placeholder whose place it could not take; or words why it does not come."""
        try:
            message_id = await self._send(reply_id, effect)
        except SendError as error:
            log.warning("file_refused", reply_id=reply_id, why=str(error))
            if effect.otherwise is not None:
                raise
            self._begin_anew(reply_id)
            words = problems.file_refused(effect.screen)
            return await self._show(reply_id, effect.model_copy(update={"screen": words}))
        if effect.edit is not None:
            await self._delete(effect.chat_id, effect.edit)
        return message_id

    async def _edit(self, effect: Show, message_id: int) -> bool:
        """True when the screen stands in the message; False when it needs a new one."""
        method = await self._scribe.edit(effect.screen, effect.chat_id, message_id)
        try:
            await self._insist(SendError, PATIENCE_SEC, self._courier.carry, method)
        except Refused as error:
            if error.says("message is not modified"):
                return True
            # Where no picture can be put into a message its words still can: as its text, or
            # under the picture that it has.
            for words in _words_of(effect.screen):
                other = effect.model_copy(update={"screen": words})
                if await self._edit(other, message_id):
                    return True
            return False
        return True

    async def _send(self, reply_id: int, effect: Show) -> int | None:
        is_file = effect.screen.document is not None
        if self._journal.has_left(reply_id):
            if not is_file or self._journal.is_answered(reply_id):
                return self._journal.message_of(reply_id)
            # Telegram is busy with a file after its last byte, and may drop it if we are gone.
            log.warning("file_uncertain", reply_id=reply_id)
            message_id = await self._repeat_file(reply_id, effect)
        else:
            try:
                message_id = await self._deliver(reply_id, effect)
            except Uncertain as error:
                log.warning("reply_uncertain", reply_id=reply_id, why=str(error))
                if effect.job_id is not None:
                    # Only a placeholder: the job ends in a message of its own.
                    return None
                repeat = self._repeat_file if is_file else self._repeat
                message_id = await repeat(reply_id, effect)
        self._journal.delivered(reply_id, message_id)
        return message_id

    async def _repeat_file(self, reply_id: int, effect: Show) -> int | None:
        """Until Telegram says that it has one: most that had no answer were dropped there."""
        copies = AsyncRetrying(
            retry=retry_if_exception_type(Uncertain),
            wait=wait_exponential(multiplier=0.5, exp_base=4, max=COPY_PAUSE_SEC),
            stop=stop_after_delay(PATIENCE_SEC),
            reraise=True,
        )
        message_id: int | None = await copies(self._repeat, reply_id, effect)
        return message_id

    async def _repeat(self, reply_id: int, effect: Show) -> int | None:
        """Send a last copy, which says what it is, when Telegram answers again."""
        await self._insist(SendError, _patience_for(effect), self._courier.carry, GetMe())
        message_id = None
        for screen in problems.repeated([effect.screen]):
            again = effect.model_copy(update={"screen": screen})
            message_id = await self._deliver(reply_id, again)
        return message_id

    async def _deliver(self, reply_id: int, effect: Show) -> int | None:
        if effect.otherwise is not None and self._scribe.has_lost(effect.screen):
            raise Refused(HTTPStatus.NOT_FOUND, "the file is gone")
        how: dict[str, Any] = {"disable_notification": True} if effect.is_silent else {}
        if effect.reply_to is not None:
            how["reply_parameters"] = ReplyParameters(
                message_id=effect.reply_to, allow_sending_without_reply=True
            )
        method = await self._scribe.new(effect.screen, effect.chat_id, effect.thread_id, **how)
        while True:
            try:
                return await self._insist(
                    NotSent, _patience_for(effect), self._depart, reply_id, effect, method
                )
            except Refused as error:
                other = mended(method, error)
                if other is None:
                    raise
                log.warning("reply_mended", reply_id=reply_id, why=error.description)
                method = other

    async def _depart(
        self, reply_id: int, effect: Show, method: TelegramMethod[Any]
    ) -> int | None:
        await self._check_wanted(effect)
        is_copy = effect.screen.document is not None and self._journal.has_left(reply_id)
        try:
            return await self._courier.carry(
                method, leaving=lambda: self._journal.leaving(reply_id)
            )
        except (NotSent, Refused):
            # An earlier one of a file may have come still: the next has to say so.
            if not is_copy:
                self._journal.refused(reply_id)
            raise

    async def _check_wanted(self, effect: Show) -> None:
        """A flood limit is time enough to delete a profile, or to stop a schedule."""
        if effect.profile_id is None:
            return
        async with reading(self._sessions) as session:
            if not await exports.may_leave(session, effect.profile_id, effect.task_id):
                raise NotWanted

    async def _answer(self, effect: Answer) -> None:
        method = AnswerCallbackQuery(
            callback_query_id=effect.callback_query_id,
            text=effect.text,
            show_alert=effect.alert or None,
            url=effect.url,
        )
        try:
            await self._insist(SendError, PRESS_PATIENCE_SEC, self._courier.carry, method)
        except SendError as error:
            # A press older than Telegram remembers: its spinner stopped by itself long ago.
            log.info("press_not_answered", why=str(error))

    async def _erase(self, reply_id: int, effect: Erase) -> None:
        if not await self._delete(effect.chat_id, effect.message_id):
            await self._send(
                reply_id,
                Show(chat_id=effect.chat_id, thread_id=effect.thread_id, screen=effect.otherwise),
            )

    async def _delete(self, chat_id: int, message_id: int) -> bool:
        """True when the message is gone."""
        method = DeleteMessage(chat_id=chat_id, message_id=message_id)
        try:
            await self._insist(SendError, PATIENCE_SEC, self._courier.carry, method)
        except Refused as error:
            return error.says("message to delete not found")
        return True

    async def _insist(
        self,
        again_on: type[SendError],
        patience_sec: float,
        call: Callable[..., Awaitable[int | None]],
        *arguments: Any,
    ) -> int | None:
        """Try until it works, is refused, or is not worth it any more."""
        retrying = AsyncRetrying(
            retry=retry_if_exception(
                lambda e: isinstance(e, again_on) and not isinstance(e, Refused)
            ),
            wait=_WaitAsTold(),
            stop=stop_after_delay(patience_sec),
            reraise=True,
        )
        result: int | None = await retrying(call, *arguments)
        return result


def _patience_for(effect: Show) -> float:
    return PATIENCE_SEC if effect.screen.document is None else FILE_PATIENCE_SEC


def _words_of(screen: Screen) -> list[Screen]:
    """The same without its picture, for a message of text and for one with a picture."""
    if screen.picture is None and screen.photo is None:
        return []
    return [
        screen.model_copy(update={"picture": None, "photo": None, "under_picture": under_picture})
        for under_picture in (False, True)
    ]
