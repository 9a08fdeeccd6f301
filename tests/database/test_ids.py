"""Ids that buttons and notes on disk remember never come again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import insert

from core.database.models import AvitoProfile, Job, Reply, User
from core.database.session import Sessions

NOW = datetime(2026, 11, 21, tzinfo=UTC)
PROFILE = {
    "owner_id": 1,
    "profile_name": "Магазин",
    "client_id": "id",
    "client_secret": "secret",
    "created_at": NOW,
}
JOB = {
    "kind": "report",
    "owner_id": 1,
    "chat_id": 1,
    "dedupe_key": "one",
    "payload": "{}",
    "created_at": NOW,
}
REPLY = {"lane": 1, "effect": {}, "created_at": NOW}


@pytest.mark.parametrize(
    ("table", "row"),
    [(AvitoProfile, PROFILE), (Job, JOB), (Reply, REPLY)],
    ids=["profile", "job", "reply"],
)
async def test_the_id_of_a_deleted_row_is_not_given_again(
    sessions: Sessions, table: type[AvitoProfile | Job | Reply], row: dict[str, object]
) -> None:
    async with sessions.begin() as session:
        session.add(User(telegram_id=1, created_at=NOW))
    async with sessions.begin() as session:
        first = await session.scalar(insert(table).values(row).returning(table.id))
        await session.delete(await session.get_one(table, first))
    async with sessions.begin() as session:
        second = await session.scalar(insert(table).values(row).returning(table.id))
    assert second is not None
    assert first is not None
    assert second > first
