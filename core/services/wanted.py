"""Places that people without a profile wanted reports at: offered once they have one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from core.database.repositories import dialogues
from core.services import topics
from core.services.destinations import Place

STATE = "Wanted:profile"
"""Somebody stands there, at the place, until he has a profile."""


async def remember(session: AsyncSession, person: int, place: Place, now: datetime) -> None:
    """What is known already of the place, by his word there, is not forgotten for a bare link."""
    key = (place.chat_id, person, place.thread_id)
    known = {"title": place.title, "type": place.type} if place.title else {}
    await dialogues.stand(session, key, STATE, known, now)


async def last(session: AsyncSession, person: int) -> Place | None:
    """The place that he wanted last, if any; where he asked himself comes before a link.

    Without a title where only a link named it: that may be anybody's.
    """
    rows = await dialogues.standing(session, person, STATE)
    if not rows:
        return None
    row = max(rows, key=lambda row: ("title" in row.data, row.updated_at))
    topic = await topics.name_of(session, row.chat_id, row.thread_id)
    return Place(
        row.chat_id, row.thread_id, row.data.get("title"), row.data.get("type", ""), topic
    )


async def forget(session: AsyncSession, person: int) -> None:
    await dialogues.leave_all(session, person, STATE)
