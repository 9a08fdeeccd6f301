"""Dialogues: where people stand in a conversation of several messages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.database.models import Dialogue

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


async def purge(session: AsyncSession, before: datetime) -> None:
    """Forget dialogues that nobody has gone on with since."""
    await session.execute(delete(Dialogue).where(Dialogue.updated_at < before))
