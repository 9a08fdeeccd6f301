"""Dialogues: where people stand in a conversation of several messages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, exists, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from core.database.models import Dialogue
from core.database.session import insert_for

Key = tuple[int, int, int]
"""(chat_id, user_id, thread_id); thread 0 is no thread."""


async def find(session: AsyncSession, key: Key) -> Dialogue | None:
    return await session.get(Dialogue, key)


async def remove(session: AsyncSession, key: Key) -> None:
    chat_id, user_id, thread_id = key
    await session.execute(
        delete(Dialogue).where(
            Dialogue.chat_id == chat_id,
            Dialogue.user_id == user_id,
            Dialogue.thread_id == thread_id,
        )
    )


async def anywhere(session: AsyncSession, user_id: int, states: Sequence[str]) -> bool:
    """Whether this person is, in any chat, at one of these states."""
    found = await session.scalar(
        select(Dialogue.chat_id)
        .where(Dialogue.user_id == user_id, Dialogue.state.in_(states))
        .limit(1)
    )
    return found is not None


async def stand(
    session: AsyncSession, key: Key, state: str, data: dict[str, Any], now: datetime
) -> None:
    """Put a person there; without new data, what is known of it already stays."""
    chat_id, user_id, thread_id = key
    values = {"state": state, "updated_at": now, **({"data": data} if data else {})}
    await session.execute(
        insert_for(session, Dialogue)
        .values(chat_id=chat_id, user_id=user_id, thread_id=thread_id, **{"data": {}, **values})
        .on_conflict_do_update(index_elements=["chat_id", "user_id", "thread_id"], set_=values)
    )


async def standing(session: AsyncSession, user_id: int, state: str) -> list[Dialogue]:
    """Where this person is in this state, in whatever chats."""
    found = await session.scalars(
        select(Dialogue).where(Dialogue.user_id == user_id, Dialogue.state == state)
    )
    return list(found)


async def leave_all(session: AsyncSession, user_id: int, state: str) -> None:
    """Take this person out of this state, in whatever chats."""
    await session.execute(
        delete(Dialogue).where(Dialogue.user_id == user_id, Dialogue.state == state)
    )


async def move(session: AsyncSession, old_chat_id: int, new_chat_id: int) -> None:
    """Who stands in the old chat goes on in the new one, unless he has begun anew there."""
    other = aliased(Dialogue)
    has_begun = exists().where(
        other.chat_id == new_chat_id,
        other.user_id == Dialogue.user_id,
        other.thread_id == Dialogue.thread_id,
    )
    await session.execute(
        update(Dialogue)
        .where(Dialogue.chat_id == old_chat_id, ~has_begun)
        .values(chat_id=new_chat_id)
        .execution_options(synchronize_session=False)
    )
    await session.execute(delete(Dialogue).where(Dialogue.chat_id == old_chat_id))


async def purge(session: AsyncSession, before: datetime) -> None:
    """Forget dialogues that nobody has gone on with since."""
    await session.execute(delete(Dialogue).where(Dialogue.updated_at < before))
