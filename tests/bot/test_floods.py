"""One person's flood, and chats that Telegram makes wait, are not felt by anybody else."""

from __future__ import annotations

import asyncio
import re
import time
from datetime import datetime

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from bot import app
from core.database.repositories import inbox
from core.database.session import writers
from core.journal import Journal
from sandbox.telegram.events import PATIENCE_SEC
from tests.support.bot import BotRig
from tests.support.rows import scalar
from tests.support.waiting import eventually

pytestmark = pytest.mark.one_database


async def received(rig: BotRig, count: int) -> None:
    async with asyncio.timeout(PATIENCE_SEC):
        while await scalar(rig, "SELECT count(*) FROM inbox WHERE state = 'received'") < count:
            await asyncio.sleep(0.02)


async def test_one_persons_flood_does_not_stop_the_bot_for_the_others(
    rig: BotRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "BACKLOG_LIMIT", 50)
    rig.telegram.fault("hold_before", "sendMessage", chat_id=rig.charlie.id)
    flood = rig.charlie.private(rig.me)
    flood.start()
    for number in range(100):
        flood.send(f"/help {number}")
    await received(rig, 100)

    chat = rig.alice.private(rig.me)
    chat.start()

    await chat.wait_for("Avito Analytics Bot")
    rig.telegram.clear_faults()
    await rig.stop()


async def test_chats_that_wait_for_telegram_do_not_take_everybodys_place(rig: BotRig) -> None:
    history = rig.telegram.history
    for number in range(70):
        person = rig.telegram.user(f"Гость {number}")
        rig.telegram.fault("hold_before", "sendMessage", chat_id=person.id)
        person.private(rig.me).start()
    await history.signal.until(lambda: len(history.of("sendMessage")) >= 64)

    chat = rig.alice.private(rig.me)
    chat.start()

    await chat.wait_for("Avito Analytics Bot")
    rig.telegram.clear_faults()
    await rig.stop()


async def test_of_many_at_once_no_more_want_to_write_than_have_their_turn(
    rig: BotRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish, may_finish, begun = inbox.finish, asyncio.Event(), set[int]()

    def took(_: Journal, update_id: int) -> None:
        begun.add(update_id)

    async def finish_later(session: AsyncSession, update_id: int, now: datetime) -> None:
        await may_finish.wait()
        await finish(session, update_id, now)

    monkeypatch.setattr(Journal, "took", took)
    monkeypatch.setattr(inbox, "finish", finish_later)
    chats = [rig.telegram.user(f"Гость {number}").private(rig.me) for number in range(30)]
    for chat in chats:
        chat.start()

    most = writers(rig.running.engine)
    await eventually(lambda: len(begun) == most)
    await asyncio.sleep(0.1)
    assert len(begun) == most < len(chats)
    may_finish.set()

    for chat in chats:
        await chat.wait_for("Avito Analytics Bot")


async def test_a_press_behind_what_telegram_makes_wait_is_told_how_long(rig: BotRig) -> None:
    chat = rig.alice.private(rig.me)
    chat.start()
    board = await chat.wait_for("Avito Analytics Bot")
    rig.telegram.fault("flood", "sendMessage", chat_id=rig.alice.id, times=1, retry_after=40)
    began, before = time.monotonic(), len(rig.telegram.sent(rig.alice.id))
    chat.send("/help")
    history = rig.telegram.history
    await history.signal.until(
        lambda: any("flood" in call.faults and call.finished_real for call in history.calls)
    )

    notice = await chat.wait_for_notice(chat.press("help_show", board))

    told = re.fullmatch(
        r"Telegram просит писать сюда реже. Покажу примерно через (\d+) с.", notice.text or ""
    )
    assert told is not None
    assert 40 - (time.monotonic() - began) <= int(told[1]) <= 40
    assert len(rig.telegram.sent(rig.alice.id)) == before, "at once, and not with the answer"
    await rig.stop()
