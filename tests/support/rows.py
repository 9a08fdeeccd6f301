"""The database under a running bot: rows that a test needs, and a look at all of them."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy import func, select, text

from core.database.models import AvitoProfile, Base, DailyStats, ReportTask, User
from core.database.session import reading
from sandbox.telegram.events import PATIENCE_SEC
from sandbox.telegram.people import Person
from tests.support.bot import BotRig


async def add_profile(rig: BotRig, owner: Person, name: str, **columns: Any) -> int:
    """A profile as it stands in the table, where the way it came there does not matter."""
    async with rig.running.sessions.begin() as session:
        if await session.get(User, owner.id) is None:
            session.add(User(telegram_id=owner.id, created_at=rig.clock.now()))
            await session.flush()
        values: dict[str, Any] = {
            "client_id": "client_id_of_nobody",
            "client_secret": "client_secret_of_nobody",
            "created_at": rig.clock.now(),
        }
        profile = AvitoProfile(owner_id=owner.id, profile_name=name, **(values | columns))
        session.add(profile)
        await session.flush()
        return profile.id


async def connected(rig: BotRig, owner: Person, label: str = "shop", name: str = "Магазин") -> int:
    """A profile with the keys of a sandbox account; nothing was read for it yet."""
    account = rig.avito.account(label)
    return await add_profile(
        rig,
        owner,
        name,
        client_id=account.client_id,
        client_secret=account.client_secret,
        user_id=account.user_id,
    )


async def add_destination(
    rig: BotRig, profile_id: int, chat_id: int, thread_id: int = 0, **columns: Any
) -> int:
    """A place where a profile reports, without the dialogue that finds it."""
    async with rig.running.sessions.begin() as session:
        task = ReportTask(profile_id=profile_id, chat_id=chat_id, thread_id=thread_id, **columns)
        session.add(task)
        await session.flush()
        return task.id


async def execute(rig: BotRig, statement: str, **values: Any) -> None:
    async with rig.running.sessions.begin() as session:
        await session.execute(text(statement), values)


async def scalar(rig: BotRig, statement: str, **values: Any) -> Any:
    async with reading(rig.running.sessions) as session:
        return await session.scalar(text(statement), values)


async def becomes(rig: BotRig, statement: str, value: object) -> None:
    """Wait until it is so: what the bot said may be there before it has noted it down."""
    async with asyncio.timeout(PATIENCE_SEC):
        while await scalar(rig, statement) != value:
            await asyncio.sleep(0.02)


async def days_stored(rig: BotRig, label: str) -> int:
    account = rig.avito.account(label).user_id
    async with reading(rig.running.sessions) as session:
        query = select(func.count()).where(DailyStats.avito_user_id == account)
        return await session.scalar(query) or 0


async def dump(rig: BotRig, *, without: tuple[str, ...] = ()) -> dict[str, list[str]]:
    """Every row of every table as the database itself holds it, by table."""
    async with reading(rig.running.sessions) as session:
        return {
            table.name: sorted(
                str(tuple(row))
                # Not `select(table)`: that would decrypt what stands there.
                for row in await session.execute(text(f"SELECT * FROM {table}"))  # noqa: S608
            )
            for table in Base.metadata.sorted_tables
            if table.name not in without
        }
