"""The inbox ledger: every update is here before Telegram is told to forget it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.database.models import InboxUpdate, Reply
from core.database.session import insert_for


async def keep(
    session: AsyncSession, updates: Sequence[tuple[int, str]], now: datetime
) -> set[int]:
    """Store raw updates; returns the ids that were new. A repeated update_id is not stored."""
    rows = [
        {"update_id": update_id, "payload": payload, "state": "received", "received_at": now}
        for update_id, payload in updates
    ]
    statement = insert_for(session, InboxUpdate).values(rows).on_conflict_do_nothing()
    return set(await session.scalars(statement.returning(InboxUpdate.update_id)))


async def open_updates(session: AsyncSession) -> list[InboxUpdate]:
    """What was received and not finished, oldest first."""
    found = await session.scalars(
        select(InboxUpdate).where(InboxUpdate.state == "received").order_by(InboxUpdate.update_id)
    )
    return list(found)


async def is_open(session: AsyncSession, update_id: int) -> bool:
    """Whether an update still waits for its effects to be decided."""
    row = await session.get(InboxUpdate, update_id)
    return row is not None and row.state == "received"


async def finish(session: AsyncSession, update_id: int, now: datetime) -> None:
    """Close an update; its payload is not needed any more."""
    await session.execute(
        update(InboxUpdate)
        .where(InboxUpdate.update_id == update_id)
        .values(state="done", payload=None, finished_at=now)
    )


async def owe(
    session: AsyncSession, effects: Sequence[tuple[int, dict[str, Any]]], now: datetime
) -> list[Reply]:
    """Write down replies; they are performed in the order of their ids."""
    replies = [Reply(lane=lane, effect=effect, created_at=now) for lane, effect in effects]
    session.add_all(replies)
    await session.flush()
    return replies


async def set_aside(session: AsyncSession, update_id: int, incident: str, now: datetime) -> None:
    """Set a poison update aside, with its payload, under its incident code."""
    await session.execute(
        update(InboxUpdate)
        .where(InboxUpdate.update_id == update_id)
        .values(state="set_aside", incident=incident, finished_at=now)
    )


async def purge(session: AsyncSession, before: datetime) -> None:
    """Forget finished updates: Telegram repeats none that is older than a day."""
    await session.execute(delete(InboxUpdate).where(InboxUpdate.finished_at < before))
