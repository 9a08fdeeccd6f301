"""People: who talked to the bot in private."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from core.database.models import User
from core.database.session import insert_for


async def ensure_user(session: AsyncSession, telegram_id: int, now: datetime) -> None:
    """Make sure the person has a row."""
    row = {"telegram_id": telegram_id, "created_at": now}
    await session.execute(insert_for(session, User).values(row).on_conflict_do_nothing())
