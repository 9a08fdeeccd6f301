"""One update: one session, one transaction, effects written down in it and done after it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from aiogram import BaseMiddleware, Bot
from aiogram.dispatcher.middlewares.user_context import EVENT_CONTEXT_KEY, EventContext
from aiogram.fsm.context import FSMContext
from aiogram.fsm.storage.base import StorageKey
from aiogram.types import TelegramObject, Update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.dialogue import SqlStorage
from bot.effects import Effect, Show, to_json
from bot.errors import IncidentDesk
from bot.show import Stage
from core.database.health import is_unreachable
from core.database.models import Reply
from core.database.repositories import inbox
from core.database.session import Sessions
from core.group_commit import is_beaten
from core.logs import get_logger
from core.ports import Clock

log = get_logger(__name__)

Handler = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]
FILES = 2**60
"""Added to the number of a chat: the lane of its files, which take their time to upload."""


class Ledger(Protocol):
    """Where the outcome of an update is written, within its transaction."""

    async def close(self, session: AsyncSession, effects: Sequence[Effect]) -> list[Reply]: ...


class InboxLedger:
    """The ledger of an update that came through the inbox.

    `owed` names the replies as last written, `is_closed` says that they were: if the commit
    after that fails with the connection, only the database knows whether it worked.
    """

    def __init__(self, update_id: int, home: int, clock: Clock) -> None:
        self.update_id = update_id
        self.home = home
        self.is_closed = False
        self.owed: list[int] = []
        self._clock = clock

    async def close(self, session: AsyncSession, effects: Sequence[Effect]) -> list[Reply]:
        await inbox.finish(session, self.update_id, self._clock.now())
        return await self._owe(session, effects)

    async def set_aside(
        self, session: AsyncSession, effects: Sequence[Effect], incident: str
    ) -> list[Reply]:
        """Close it as one that cannot be handled."""
        await inbox.set_aside(session, self.update_id, incident, self._clock.now())
        return await self._owe(session, effects)

    async def _owe(self, session: AsyncSession, effects: Sequence[Effect]) -> list[Reply]:
        owed = [(lane_of(effect, self.home), to_json(effect)) for effect in effects]
        replies = await inbox.owe(session, owed, self._clock.now())
        self.owed = [reply.id for reply in replies]
        self.is_closed = True
        return replies


def lane_of(effect: Effect, home: int) -> int:
    """The chat whose order an effect keeps; its files have one of their own."""
    if not isinstance(effect, Show):
        return home
    return effect.chat_id + FILES if effect.screen.document is not None else effect.chat_id


class DbSessionMiddleware(BaseMiddleware):
    """Opens the session of an update, commits it, and turns a failure into an answer.

    With a `ledger` in the data the result is the replies now owed; without one (tests and
    benchmarks of dispatch alone) it is the bare effects.
    """

    def __init__(self, sessions: Sessions, clock: Clock, incidents: IncidentDesk) -> None:
        self._sessions = sessions
        self._clock = clock
        self._incidents = incidents

    async def __call__(
        self, handler: Handler, event: TelegramObject, data: dict[str, Any]
    ) -> Sequence[Reply] | Sequence[Effect]:
        assert isinstance(event, Update)  # noqa: S101 - registered on updates only
        try:
            try:
                return await self._handle(handler, event, data)
            except Exception as error:
                if not is_beaten(error):
                    raise
                log.info("update_repeated", update_id=event.update_id)
                # Nobody has seen anything of it yet, and whoever was in the way has finished.
                return await self._handle(handler, event, data)
        except Exception as error:
            if is_unreachable(error):
                raise
            async with self._sessions.begin() as session:
                after = data["stage"].afresh()
                context = self._dialogue(session, data)
                await self._incidents.answer(error, after, session, context, event.update_id)
                return await _close(data.get("ledger"), session, after)

    async def _handle(
        self, handler: Handler, event: Update, data: dict[str, Any]
    ) -> Sequence[Reply] | Sequence[Effect]:
        stage = data["stage"] = Stage(event)
        async with self._sessions() as session:
            data["session"] = session
            data["state"] = self._dialogue(session, data)
            await handler(event, data)
            outcome = await _close(data.get("ledger"), session, stage)
            # A session costs nothing until it is used: /help alone makes no round trip.
            if session.in_transaction():
                await _commit(session)
            return outcome

    def _dialogue(self, session: AsyncSession, data: dict[str, Any]) -> FSMContext | None:
        context: EventContext = data[EVENT_CONTEXT_KEY]
        bot: Bot = data["bot"]
        if context.user_id is None or context.chat_id is None:
            return None
        key = StorageKey(bot_id=bot.id, chat_id=context.chat_id, user_id=context.user_id)
        return FSMContext(SqlStorage(session, self._clock), key)


async def _commit(session: AsyncSession) -> None:
    try:
        await session.commit()
    except BaseException:
        # Closing is not enough: SQLite keeps a transaction whose COMMIT failed, and its lock.
        await session.rollback()
        raise


async def _close(
    ledger: Ledger | None, session: AsyncSession, stage: Stage
) -> Sequence[Reply] | Sequence[Effect]:
    effects = stage.close()
    return effects if ledger is None else await ledger.close(session, effects)
