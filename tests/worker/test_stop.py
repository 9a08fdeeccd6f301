"""Stopping: what is in hand is finished, what is not waits for the next start, in seconds."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import URL, text

from bot import worker
from bot.app import DRAIN_SEC, JOB_GRACE_SEC, App
from core.ports import SystemClock
from tests.support.bot import bot_rig
from tests.worker import launch
from tests.worker.process import Stand, stand

PEOPLE = 30


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_an_idle_worker_leaves_its_long_poll(quick: Stand, number: signal.Signals) -> None:
    await quick.worker.start()
    await quick.up()
    assert await quick.worker.stop(number) == 0
    polls = quick.telegram.history.of("getUpdates")
    assert [poll.connection for poll in polls if poll.params["timeout"] != "0"] == ["abandoned"]
    assert "Traceback" not in quick.worker.log


async def test_a_stop_under_load_loses_and_doubles_nothing(
    database_url: URL, tmp_path: Path
) -> None:
    async with stand(database_url, tmp_path, launch=launch.unhurried) as made:
        await made.worker.start()
        await made.up()
        made.telegram.fault("latency_before", method="sendMessage", seconds=0.3)
        chats = [made.telegram.user(f"Гость {n}").private(made.me) for n in range(PEOPLE)]
        for chat in chats:
            chat.start()
            chat.send("/help")
            chat.send("/profiles")
        history = made.telegram.history
        await history.signal.until(lambda: len(history.of("sendMessage")) >= 5)
        assert await made.worker.stop() == 0
        answered = sum(len(made.telegram.sent(chat.id)) for chat in chats)
        assert answered < 3 * PEOPLE, "what is not in hand is not waited for"
        assert made.me.updates.pending == [], "the last batch is confirmed"
        made.telegram.clear_faults()

        await made.worker.start()
        await made.up()
        sent = made.telegram.sent
        await history.signal.until(lambda: all(len(sent(chat.id)) >= 3 for chat in chats))
        await made.telegram.settled(made.me, quiet=1.5)
        for chat in chats:
            greeting, guide, profiles = made.telegram.sent(chat.id)
            assert "Это Avito Analytics Bot" in greeting.words
            assert "Три шага" in guide.words
            assert "Профили Avito" in profiles.words
        assert "Traceback" not in made.worker.log


async def test_what_is_in_hand_has_its_time_from_the_first_word_of_an_end_on(
    sqlite_url: URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bot_rig(sqlite_url, tmp_path) as rig:
        app, close = rig.running, rig.running.sender.close
        graces: list[float] = []

        async def noted(grace_sec: float) -> None:
            graces.append(grace_sec)
            await close(grace_sec)

        monkeypatch.setattr(app.sender, "close", noted)
        assert app.hurry() == DRAIN_SEC
        assert app.drained_by is not None
        app.drained_by -= 60
        assert app.hurry() == JOB_GRACE_SEC
        app.drained_by += 58
        await rig.stop()
        [grace] = graces
        assert JOB_GRACE_SEC < grace <= DRAIN_SEC - 2


async def test_from_the_signal_on_nobody_waits_long_for_a_writer(
    sqlite_url: URL, tmp_path: Path
) -> None:
    async with bot_rig(sqlite_url, tmp_path) as rig:
        rig.running.hurry()
        async with rig.running.sessions.begin() as session:
            assert await session.scalar(text("PRAGMA busy_timeout")) == 1_000


async def test_the_time_of_what_is_in_hand_begins_with_the_signal(
    sqlite_url: URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[float | None] = []
    drain = App.drain

    async def noted(app: App) -> None:
        begun.append(app.drained_by)
        await drain(app)

    monkeypatch.setattr(App, "drain", noted)
    monkeypatch.chdir(tmp_path)
    async with stand(sqlite_url, tmp_path, LOG_FORMAT="console") as made:
        for name, value in made.worker.env.items():
            monkeypatch.setenv(name, value)
        running = asyncio.create_task(worker.run(SystemClock()))
        await made.telegram.polled(made.me)
        os.kill(os.getpid(), signal.SIGTERM)
        assert await running == 0
    assert len(begun) == 1
    assert begun != [None], "the signal had said so"


async def test_updates_that_nobody_fetched_are_still_there_after_a_stop(quick: Stand) -> None:
    await quick.worker.start()
    await quick.up()
    await quick.worker.stop()
    chat = quick.telegram.user("Алиса").private(quick.me)
    chat.start()
    await quick.worker.start()
    await chat.wait_for("Это Avito Analytics Bot")


async def test_a_stop_does_not_wait_for_somebody_else_who_writes(
    quick: Stand, sqlite_url: URL
) -> None:
    await quick.worker.start()
    await quick.up()
    with closing(sqlite3.connect(str(sqlite_url.database), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        quick.telegram.user("Алиса").private(quick.me).start()
        await asyncio.sleep(0.5)
        assert await quick.worker.stop() == 0
    assert "Traceback" not in quick.worker.log


async def test_a_token_revoked_at_work_ends_it_with_its_name(quick: Stand) -> None:
    await quick.worker.start()
    await quick.up()
    quick.telegram.fault("unauthorized")
    quick.telegram.user("Алиса").private(quick.me).start()
    assert await quick.worker.exits() == 2
    assert quick.worker.log.splitlines()[-1].startswith("BOT_TOKEN: ")
    assert "Traceback" not in quick.worker.log


async def test_polling_that_fails_for_good_ends_it_as_the_settings_say(quick: Stand) -> None:
    quick.worker.env["WORKER_POLLING_RETRIES"] = "2"
    await quick.worker.start()
    await quick.up()
    quick.telegram.fault("http_502", method="getUpdates")
    quick.telegram.user("Алиса").private(quick.me).start()
    assert await quick.worker.exits() == 1
    assert "getUpdates failed 3 times" in quick.worker.log.splitlines()[-1]
    assert "Traceback" not in quick.worker.log
