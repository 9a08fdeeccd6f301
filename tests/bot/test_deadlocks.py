"""Beaten in a deadlock, an update is handled once more, and nobody notices."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import AsyncConnection

from sandbox.telegram.events import PATIENCE_SEC
from tests.support.bot import BotRig, bot_rig
from tests.support.databases import opened
from tests.support.places import bound, greet, open_places, owe_report, places_of
from tests.support.rows import add_profile, scalar

PATIENT = "SET deadlock_timeout = '30s'"
"""Whoever looks for a deadlock first is beaten: that must not be us."""


@pytest.fixture
async def rig(postgres_url: URL, tmp_path: Path) -> AsyncIterator[BotRig]:
    async with bot_rig(postgres_url, tmp_path) as made:
        yield made


@pytest.fixture
async def other(postgres_url: URL) -> AsyncIterator[AsyncConnection]:
    """Somebody else at work on the same database."""
    async with opened(postgres_url) as engine, engine.connect() as connection:
        await connection.execute(text(PATIENT))
        yield connection


async def test_a_press_that_loses_to_a_deadlock_is_done_all_the_same(
    rig: BotRig, other: AsyncConnection
) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.me)
    task_id = await bound(rig, profile_id, group)
    await owe_report(rig, task_id, "2026-11-21T09:00")
    chat = await greet(rig, rig.alice)
    await open_places(chat, profile_id)
    # The press locks the report first and the destination after it; here it is the other way.
    await other.execute(text("UPDATE report_tasks SET report_days = ''"))
    press = chat.press(f"destination_remove_confirm:{task_id}", chat.last)
    await until_somebody_waits(rig)
    await other.execute(text("UPDATE outbox SET reason = ''"))
    await other.commit()

    notice = await chat.wait_for_notice(press)

    assert notice.text == "Готово, отчёты туда больше не придут."
    await chat.wait_for("Пока никуда")
    assert await places_of(rig, profile_id) == []


async def until_somebody_waits(rig: BotRig) -> None:
    waiting = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with asyncio.timeout(PATIENCE_SEC):
        while not await scalar(rig, waiting):
            await asyncio.sleep(0.01)
