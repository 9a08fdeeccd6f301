"""Jobs: work that outlasts an update."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.database.models import Job

EXPORT_DUE = "export_due"
"""A file of chats on schedule: nobody started it, so no /cancel stops it."""
PARKED = "_parked"
"""At the end of the kind of a job that waits until its person lets the bot write to him."""


async def all_open(session: AsyncSession) -> list[Job]:
    """Those at work, or that should be."""
    at_work = ~Job.kind.endswith(PARKED, autoescape=True)
    return list(await session.scalars(select(Job).where(at_work).order_by(Job.id)))


async def open_of(session: AsyncSession, kind: str) -> list[int]:
    """The ids of those of one kind."""
    return list(await session.scalars(select(Job.id).where(Job.kind == kind).order_by(Job.id)))


async def park(session: AsyncSession, job_id: int) -> None:
    """Its placeholder could not be shown: it begins once its person has started the bot."""
    await session.execute(
        update(Job).where(Job.id == job_id).values(kind=Job.kind + PARKED, message_id=None)
    )


async def take_up(session: AsyncSession, owner_id: int) -> list[Job]:
    """What waited for this person's /start and may begin now."""
    parked = await session.scalars(
        select(Job).where(Job.owner_id == owner_id, Job.kind.endswith(PARKED, autoescape=True))
    )
    found = list(parked)
    for job in found:
        job.kind = job.kind.removesuffix(PARKED)
    return found


async def find(session: AsyncSession, job_id: int) -> Job | None:
    return await session.get(Job, job_id)


async def find_by_key(session: AsyncSession, dedupe_key: str) -> Job | None:
    return await session.scalar(select(Job).where(Job.dedupe_key == dedupe_key))


async def attach_message(session: AsyncSession, job_id: int, message_id: int) -> None:
    await session.execute(update(Job).where(Job.id == job_id).values(message_id=message_id))


async def remove(
    session: AsyncSession,
    job_id: int,
    *,
    owners: Collection[int] | None = None,
    chat_id: int | None = None,
) -> Job | None:
    """Take the job out; None when it has ended or was stopped, is not theirs, or not there."""
    statement = delete(Job).where(Job.id == job_id).returning(Job)
    if owners is not None:
        statement = statement.where(Job.owner_id.in_(owners))
    if chat_id is not None:
        statement = statement.where(Job.chat_id == chat_id)
    return await session.scalar(statement)


async def checks_keys(session: AsyncSession, owner_id: int) -> bool:
    """Whether keys that this person typed are being checked right now."""
    found = await session.scalar(
        select(Job.id)
        .where(Job.owner_id == owner_id, Job.kind.in_(("connect", "replace_keys")))
        .limit(1)
    )
    return found is not None


async def remove_of(session: AsyncSession, owner_id: int, chat_id: int) -> list[Job]:
    """Take out all jobs that this person started in this chat."""
    removed = await session.scalars(
        delete(Job)
        .where(Job.owner_id == owner_id, Job.chat_id == chat_id, Job.kind != EXPORT_DUE)
        .returning(Job)
    )
    return list(removed)
