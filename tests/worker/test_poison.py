"""An update that cannot be handled is set aside; nobody else waits for it or pays for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import URL, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot import intake, polling
from core.database.models import InboxUpdate
from core.database.repositories import inbox
from core.journal import Journal
from core.secrets import Keyring
from sandbox.telegram.people import ChatView
from tests.support.bot import BotRig, bot_rig
from tests.support.databases import opened_session
from tests.support.waiting import FOREVER_SEC


@pytest.fixture
async def rig(sqlite_url: URL, tmp_path: Path) -> AsyncIterator[BotRig]:
    async with bot_rig(sqlite_url, tmp_path) as made:
        yield made


def crowd(rig: BotRig, count: int) -> list[ChatView]:
    return [rig.telegram.user(f"Гость {number}").private(rig.me) for number in range(count)]


async def states(rig: BotRig) -> list[str]:
    async with rig.running.sessions() as session:
        return list(await session.scalars(select(InboxUpdate.state)))


async def test_one_in_a_batch_of_a_hundred_holds_nobody_up(
    database_url: URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Polling that stumbled over it would rest for ever.
    monkeypatch.setattr(polling, "FIRST_PAUSE_SEC", FOREVER_SEC)
    async with bot_rig(database_url, tmp_path, worker_retry_backoff_max_sec=FOREVER_SEC) as rig:
        await rig.quiet()
        others = crowd(rig, 99)
        for number, chat in enumerate(others):
            if number == 50:
                rig.telegram.inject_update({"message": {"date": "not even a number"}})
            chat.start()
        for chat in others:
            await chat.wait_for("Это Avito Analytics Bot")
        await rig.operator.private(rig.me).wait_for("Poisoned")
        await rig.quiet()
        assert (await states(rig)).count("set_aside") == 1


async def test_what_keeps_killing_the_process_is_set_aside(
    rig: BotRig, sqlite_url: URL, keyring: Keyring
) -> None:
    path = next(rig.settings.data_dir.glob("journal-*.log"))
    chat = rig.alice.private(rig.me)
    await rig.running.poller.confirm()
    await rig.stop()
    chat.start()
    bad = rig.me.updates.pending[-1]
    async with opened_session(sqlite_url, keyring) as session:
        await inbox.keep(session, [(bad.id, bad.raw)], rig.clock.now())
    journal = Journal(path)
    journal.open()
    for _ in range(intake.CRASH_LIMIT):
        journal.took(bad.id)
    journal.close()

    await rig.start()
    await chat.wait_for("сбой на нашей стороне")
    await rig.operator.private(rig.me).wait_for("Poisoned")
    chat.send("/help")
    await chat.wait_for("Три шага")
    assert "set_aside" in await states(rig)


async def test_a_database_that_fails_for_long_makes_nobody_a_suspect(
    rig: BotRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish, failures = inbox.finish, 0

    async def fail_for_long(session: AsyncSession, update_id: int, now: datetime) -> None:
        nonlocal failures
        if failures < 2 * intake.CRASH_LIMIT:
            failures += 1
            raise ConnectionResetError
        await finish(session, update_id, now)

    monkeypatch.setattr(intake, "DATABASE_RETRY_SEC", 0.01)
    monkeypatch.setattr(inbox, "finish", fail_for_long)
    chat = rig.alice.private(rig.me)
    chat.start()
    await chat.wait_for("Это Avito Analytics Bot")
    await rig.quiet()
    assert failures == 2 * intake.CRASH_LIMIT
    assert len(rig.telegram.sent(rig.alice.id)) == 1
