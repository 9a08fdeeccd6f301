"""Dialogue state in the database, inside the transaction of the update that changes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiogram.filters import Filter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State
from aiogram.fsm.storage.base import BaseStorage, StateType, StorageKey
from sqlalchemy.ext.asyncio import AsyncSession

from bot.screens import bind as bind_screens
from bot.screens import start as screens
from bot.show import Stage
from bot.states import Bind
from core.database.models import Dialogue
from core.database.repositories import dialogues
from core.ports import Clock


class SqlStorage(BaseStorage):
    """aiogram's storage over one session; commits nothing itself.

    One per update, so a state change lives and dies with everything else the update did.
    """

    def __init__(self, session: AsyncSession, clock: Clock) -> None:
        self._session = session
        self._clock = clock

    async def set_state(self, key: StorageKey, state: StateType = None) -> None:
        value = state.state if isinstance(state, State) else state
        row = await self._row(key, create=value is not None)
        if row is not None:
            row.state = value
            await self._tidy(row)

    async def get_state(self, key: StorageKey) -> str | None:
        row = await self._row(key)
        return row.state if row is not None else None

    async def set_data(self, key: StorageKey, data: Mapping[str, Any]) -> None:
        row = await self._row(key, create=bool(data))
        if row is not None:
            row.data = dict(data)
            await self._tidy(row)

    async def get_data(self, key: StorageKey) -> dict[str, Any]:
        row = await self._row(key)
        return dict(row.data) if row is not None else {}

    async def close(self) -> None:
        """The session belongs to the update's middleware."""

    async def _row(self, key: StorageKey, *, create: bool = False) -> Dialogue | None:
        row_key = (key.chat_id, key.user_id, key.thread_id or 0)
        row = await dialogues.find(self._session, row_key)
        if row is None and create:
            chat_id, user_id, thread_id = row_key
            row = Dialogue(
                chat_id=chat_id,
                user_id=user_id,
                thread_id=thread_id,
                data={},
                updated_at=self._clock.now(),
            )
            self._session.add(row)
        return row

    async def _tidy(self, row: Dialogue) -> None:
        row.updated_at = self._clock.now()
        if row.state is None and not row.data:
            if row in self._session.new:
                self._session.expunge(row)
            else:
                await self._session.delete(row)
                await self._session.flush()


class At(Filter):
    """Whether the person is at one of these steps of a dialogue.

    aiogram's own StateFilter reads the state before every update, needed or not; this one asks
    only when the handlers before it did not match.
    """

    def __init__(self, *states: State) -> None:
        self._states = {state.state for state in states}

    async def __call__(self, _event: Any, state: FSMContext) -> bool:
        return await state.get_state() in self._states


@dataclass(frozen=True, slots=True)
class Left:
    """A dialogue that was left: its group of states, and the profile that it was about."""

    name: str
    profile_id: int | None


async def leave(state: FSMContext, stage: Stage) -> Left | None:
    """Leave the dialogue at hand; None if there was none.

    Telegram's list of chats, where it stands in place of the keyboard, goes with it.
    """
    current = await state.get_state()
    if current is None:
        return None
    if current == Bind.pick.state:
        stage.send(bind_screens.keyboard_away())
    data = await state.get_data()
    await state.clear()
    return Left(current.partition(":")[0], data.get("profile_id"))


async def give_way(state: FSMContext, stage: Stage) -> None:
    """A command goes first: leave the dialogue at hand, and say what was left."""
    left = await leave(state, stage)
    if left is not None:
        stage.send(screens.left_behind(left.name))


async def resume(
    session: AsyncSession, clock: Clock, person: int, state: State, data: dict[str, Any]
) -> bool:
    """Put a person back to a step in the private chat; False if they began something else."""
    storage = SqlStorage(session, clock)
    key = StorageKey(bot_id=0, chat_id=person, user_id=person)
    if await storage.get_state(key) is not None:
        return False
    await storage.set_state(key, state)
    await storage.set_data(key, data)
    return True
