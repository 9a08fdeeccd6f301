"""The clock of the demo can be moved, and the worker in its own process lives by it."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from sandbox.clock import FollowingClock, SandboxClock
from sandbox.demo import running_demo
from sandbox.page import panel

NEARLY = timedelta(seconds=1)


def test_a_clock_of_another_process_follows_moves_and_speed(tmp_path: Path) -> None:
    clock = SandboxClock(datetime(2026, 11, 21, 6, tzinfo=UTC))
    clock.lead(tmp_path / "clock.json")
    follower = FollowingClock(tmp_path / "clock.json")
    assert abs(follower.now() - clock.now()) < NEARLY

    clock.advance(timedelta(days=40))
    assert abs(follower.now() - clock.now()) < NEARLY

    clock.scale = 1000.0
    clock.advance(timedelta(hours=1))
    clock.scale = 0.0
    assert follower.now() - clock.now() == timedelta(0)


async def test_a_morning_comes_after_a_short_night(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panel, "NIGHT_SECONDS", 0.05)
    clock = SandboxClock(datetime(2026, 11, 21, 18, tzinfo=UTC), scale=0)
    night, morning = (datetime(2026, 11, 22, *at, tzinfo=UTC) for at in ((1, 30), (6, 0)))

    waking = asyncio.create_task(panel.move_clock(clock, "morning"))
    await asyncio.sleep(0.01)
    assert night < clock.now() < night + timedelta(hours=1)
    await waking
    assert (clock.now(), clock.scale) == (morning, 0.0)

    await panel.move_clock(clock, "morning")
    assert clock.now() == morning + timedelta(days=1)


def test_a_clock_that_stands_does_so_from_its_start(monkeypatch: pytest.MonkeyPatch) -> None:
    start = datetime(2026, 11, 21, 6, tzinfo=UTC)
    seconds = count()
    monkeypatch.setattr(time, "monotonic", lambda: float(next(seconds)))
    assert SandboxClock(start, scale=0).now() == start


async def test_the_worker_of_the_demo_reports_about_the_day_before_the_moved_one() -> None:
    async with running_demo(port=0) as demo:
        demo.telegram.clock.advance(timedelta(days=3))
        chat, account = demo.chat, demo.avito.account("shop")
        for words, answer in (
            ("/add_profile", "шаг 1 из 3"),
            ("Мебель", "шаг 2 из 3"),
            (account.client_id, "шаг 3 из 3"),
            (account.client_secret, "подключён"),
        ):
            chat.send(words)
            await chat.wait_for(answer)
        chat.click("📈 Отчёт за вчера")
        report = await chat.wait_for("Отчёт Avito")

    yesterday = demo.avito.today() - timedelta(days=1)
    assert f"{yesterday:%d.%m.%Y}" in report.text
