"""Destinations and their deliveries as rows, for tests that need no bot around them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import select, update

from core.database.models import AvitoProfile, Delivery, ReportTask, User
from core.database.session import Sessions, create_sessions, reading
from core.outbox import Outbox, State
from core.slots import materialise
from sandbox.clock import SandboxClock
from tests.support.databases import opened

NINE = datetime(2026, 11, 21, 6, tzinfo=UTC)
"""09:00 in Moscow on a Saturday, when everything here is due."""
MOMENT = timedelta(seconds=1)
SECRET = {"client_id": "client_id", "client_secret": "secret of nobody"}


class Office:
    """A database with destinations, and a clock that moves only when it is told to."""

    def __init__(self, sessions: Sessions, clock: SandboxClock) -> None:
        self.sessions = sessions
        self.clock = clock
        self.alice = self.outbox("home:alice")

    def outbox(self, owner: str, sessions: Sessions | None = None) -> Outbox:
        """The outbox of one process."""
        return Outbox(sessions or self.sessions, self.clock, owner)

    async def add_profile(self, owner_id: int = 1, **columns: Any) -> int:
        async with self.sessions.begin() as session:
            if await session.get(User, owner_id) is None:
                session.add(User(telegram_id=owner_id, created_at=self.clock.now()))
                await session.flush()
            usual = {"profile_name": "Магазин", "report_time": time(9), **SECRET}
            values = {"created_at": self.clock.now(), **usual, **columns}
            profile = AvitoProfile(owner_id=owner_id, **values)
            session.add(profile)
            await session.flush()
            return profile.id

    async def add_task(
        self, chat_id: int = -100, *, profile_id: int | None = None, **columns: Any
    ) -> int:
        """A destination; due at `NINE` unless `columns` say otherwise."""
        if profile_id is None:
            profile_id = await self.add_profile()
        values = {"next_due_at": NINE, **columns}
        async with self.sessions.begin() as session:
            task = ReportTask(profile_id=profile_id, chat_id=chat_id, **values)
            session.add(task)
            await session.flush()
            return task.id

    async def add_delivery(self, task_id: int, **columns: Any) -> int:
        """A delivery as it stands in the table, however it came there."""
        task = await self.task(task_id)
        now = self.clock.now()
        values = {
            "slot": f"{NINE:%Y-%m-%dT%H:%M}",
            "due_at": NINE,
            "deadline_at": NINE + timedelta(hours=6),
            "first_day": NINE.date(),
            "last_day": NINE.date(),
            "chat_id": task.chat_id,
            "state": State.READY,
            "payload": {"text": "отчёт"},
            "updated_at": now,
            **columns,
        }
        async with self.sessions.begin() as session:
            delivery = Delivery(task_id=task_id, **values)
            session.add(delivery)
            await session.flush()
            return delivery.id

    async def materialise(self) -> int:
        async with self.sessions.begin() as session:
            return await materialise(session, self.clock.now())

    async def task(self, task_id: int) -> ReportTask:
        async with reading(self.sessions) as session:
            return await session.get_one(ReportTask, task_id)

    async def delivery(self, delivery_id: int) -> Delivery:
        async with reading(self.sessions) as session:
            return await session.get_one(Delivery, delivery_id)

    async def untold(self) -> list[int]:
        """The deliveries whose owners have yet to hear what became of them."""
        query = select(Delivery.id).where(Delivery.is_untold).order_by(Delivery.id)
        async with reading(self.sessions) as session:
            return list(await session.scalars(query))

    async def state(self, delivery_id: int) -> str:
        return (await self.delivery(delivery_id)).state

    async def deliveries(self, task_id: int | None = None) -> list[Delivery]:
        query = select(Delivery).order_by(Delivery.due_at, Delivery.id)
        if task_id is not None:
            query = query.where(Delivery.task_id == task_id)
        async with reading(self.sessions) as session:
            return list(await session.scalars(query))

    async def change(self, task_id: int, **columns: Any) -> None:
        async with self.sessions.begin() as session:
            await session.execute(
                update(ReportTask).where(ReportTask.id == task_id).values(columns)
            )


@asynccontextmanager
async def another_process(office: Office, owner: str) -> AsyncIterator[Outbox]:
    """An outbox over connections of its own to the same database."""
    url = office.sessions.kw["bind"].url
    async with opened(url) as engine:
        yield office.outbox(owner, create_sessions(engine))
