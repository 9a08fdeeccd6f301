"""Reports that gave their message to another look, by their message."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from core.database.models import KeptReport


async def find(session: AsyncSession, chat_id: int, message_id: int) -> KeptReport | None:
    return await session.get(KeptReport, (chat_id, message_id))


async def put(session: AsyncSession, report: KeptReport) -> None:
    """In place of what was kept of this message before."""
    await session.merge(report)


async def purge(session: AsyncSession, kept_before: datetime) -> None:
    await session.execute(delete(KeptReport).where(KeptReport.kept_at < kept_before))
