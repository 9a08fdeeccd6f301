"""Names of forum topics: Telegram mentions them now and then, and cannot be asked for one."""

from __future__ import annotations

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from core.database.models import ReportTask, Topic
from core.database.session import insert_for

NAME_LIMIT = 128


async def name_of(session: AsyncSession, chat_id: int, thread_id: int) -> str | None:
    topic = await session.get(Topic, (chat_id, thread_id))
    return topic.name if topic is not None else None


async def began_as(session: AsyncSession, chat_id: int, thread_id: int, name: str) -> None:
    """The name a topic was made with; it may have got another one since, which stays."""
    await session.execute(
        insert_for(session, Topic)
        .values(chat_id=chat_id, thread_id=thread_id, name=name[:NAME_LIMIT])
        .on_conflict_do_nothing()
    )


async def rename(session: AsyncSession, chat_id: int, thread_id: int, name: str) -> None:
    now_called = {"name": name[:NAME_LIMIT]}
    await session.execute(
        insert_for(session, Topic)
        .values(chat_id=chat_id, thread_id=thread_id, **now_called)
        .on_conflict_do_update(index_elements=["chat_id", "thread_id"], set_=now_called)
    )
    await session.execute(
        update(ReportTask)
        .where(ReportTask.chat_id == chat_id, ReportTask.thread_id == thread_id)
        .values(topic_name=now_called["name"])
    )
