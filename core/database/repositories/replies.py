"""The replies ledger: what the bot still owes people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.database.models import Reply


async def owed(session: AsyncSession) -> list[Reply]:
    """Everything not yet performed, in the order it has to be."""
    return list(await session.scalars(select(Reply).order_by(Reply.id)))


async def among(session: AsyncSession, reply_ids: Sequence[int]) -> list[Reply]:
    """Those of the replies that exist and are not yet performed, in their order."""
    return list(
        await session.scalars(select(Reply).where(Reply.id.in_(reply_ids)).order_by(Reply.id))
    )


async def replace(session: AsyncSession, reply_id: int, effect: dict[str, Any]) -> None:
    """Owe something else instead."""
    await session.execute(update(Reply).where(Reply.id == reply_id).values(effect=effect))


async def settle(session: AsyncSession, reply_ids: Sequence[int]) -> None:
    await session.execute(delete(Reply).where(Reply.id.in_(reply_ids)))
