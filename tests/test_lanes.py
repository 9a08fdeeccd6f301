"""Lanes keep a chat in order, chats side by side, and stop without dropping what is in hand."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from bot.lanes import Lanes
from sandbox.telegram.events import PATIENCE_SEC


class Log:
    """Work that says when it begins and ends, and waits to be let go."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.gate = asyncio.Event()

    def work(self, name: str) -> Callable[[], Awaitable[None]]:
        return partial(self._work, name)

    async def _work(self, name: str) -> None:
        self.lines.append(f"{name} begins")
        await self.gate.wait()
        self.lines.append(f"{name} ends")


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_work_of_one_chat_is_done_in_order() -> None:
    lanes, log = Lanes(), Log()
    for name in ("first", "second", "third"):
        lanes.submit(1, log.work(name))
    log.gate.set()
    await lanes.idle()
    assert log.lines == [
        f"{n} {w}" for n in ("first", "second", "third") for w in ("begins", "ends")
    ]


async def test_a_slow_chat_does_not_hold_up_another() -> None:
    lanes, slow, quick = Lanes(), Log(), Log()
    lanes.submit(1, slow.work("slow"))
    quick.gate.set()
    lanes.submit(2, quick.work("quick"))
    await turns()
    assert quick.lines == ["quick begins", "quick ends"]
    assert slow.lines == ["slow begins"]
    slow.gate.set()
    await lanes.idle()


async def test_many_slow_chats_do_not_hold_up_another() -> None:
    """A chat may wait a quarter of an hour for a flood limit: it takes nobody's place."""
    lanes, slow, quick = Lanes(), Log(), Log()
    for key in range(1000):
        lanes.submit(key, slow.work(str(key)))
    quick.gate.set()
    lanes.submit(1000, quick.work("quick"))
    await turns()
    assert quick.lines == ["quick begins", "quick ends"]
    slow.gate.set()
    await lanes.idle()


async def test_work_that_fails_does_not_stop_its_chat(caplog: pytest.LogCaptureFixture) -> None:
    async def fails() -> None:
        raise ValueError("a mistake of ours")

    lanes, log = Lanes(), Log()
    log.gate.set()
    lanes.submit(1, fails)
    lanes.submit(1, log.work("next"))
    await lanes.idle()
    assert log.lines == ["next begins", "next ends"]
    assert "lane_work_failed" in caplog.text


async def test_closing_finishes_what_is_in_hand_and_drops_what_is_queued() -> None:
    lanes, log = Lanes(), Log()
    lanes.submit(1, log.work("in hand"))
    lanes.submit(1, log.work("queued"))
    await turns()
    asyncio.get_running_loop().call_later(0.02, log.gate.set)
    await lanes.close(grace_sec=5)
    assert log.lines == ["in hand begins", "in hand ends"]


async def test_closing_takes_nothing_new() -> None:
    lanes, log = Lanes(), Log()
    log.gate.set()
    await lanes.close(grace_sec=5)
    lanes.submit(1, log.work("late"))
    await lanes.idle()
    assert log.lines == []


async def test_closing_cancels_what_outlasts_the_grace() -> None:
    lanes, log = Lanes(), Log()
    lanes.submit(1, log.work("endless"))
    await turns()
    async with asyncio.timeout(PATIENCE_SEC):
        await lanes.close(grace_sec=0.01)
    assert log.lines == ["endless begins"]


async def has_room(lanes: Lanes, limit: int) -> bool:
    asking = asyncio.create_task(lanes.room(limit))
    await turns()
    asking.cancel()
    return asking.done()


async def test_one_chats_flood_leaves_room_for_the_others() -> None:
    lanes, log = Lanes(), Log()
    for _ in range(500):
        lanes.submit(1, log.work("spam"))
    assert await has_room(lanes, 100)
    for key in range(2, 82):
        lanes.submit(key, log.work("hello"))
    assert not await has_room(lanes, 100)
    log.gate.set()
    await lanes.idle()
    assert await has_room(lanes, 1)


async def test_even_one_chat_cannot_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.lanes.MOST_IN_MEMORY", 50)
    lanes, log = Lanes(), Log()
    for _ in range(50):
        lanes.submit(1, log.work("spam"))
    assert not await has_room(lanes, 100)
    log.gate.set()
    await lanes.idle()
    assert await has_room(lanes, 100)


async def test_there_is_room_again_when_enough_is_done() -> None:
    lanes, log = Lanes(), Log()
    for _ in range(3):
        lanes.submit(1, log.work("work"))
    waiting = asyncio.create_task(lanes.room(2))
    await turns()
    assert not waiting.done()
    log.gate.set()
    async with asyncio.timeout(PATIENCE_SEC):
        await waiting


async def test_a_chat_that_went_quiet_costs_no_memory() -> None:
    lanes, log = Lanes(), Log()
    log.gate.set()
    for key in range(100):
        lanes.submit(key, log.work("hello"))
    await lanes.idle()
    assert not lanes._queues
    assert not lanes._tasks
