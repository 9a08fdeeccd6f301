"""People: who talked to the bot in private."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from core.database.models import User


async def ensure_user(session: AsyncSession, telegram_id: int, now: datetime) -> None:
    """Make sure the person has a row; updates of one person come one after another."""
    if await session.get(User, telegram_id) is None:
        session.add(User(telegram_id=telegram_id, created_at=now))
        await session.flush()
