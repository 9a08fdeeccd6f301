"""Lanes: work of one chat in order, work of many chats side by side.

The one supervised place where the bot's tasks start; `close` awaits them all.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from core.logs import get_logger

Work = Callable[[], Awaitable[None]]
log = get_logger(__name__)

ONE_CHATS_SHARE = 20
"""So many pieces of a chat's work count as a backlog; its flood must not stop everybody."""
MOST_IN_MEMORY = 20_000


class Lanes:
    """Runs `Work` one after another per key, all keys side by side."""

    def __init__(self) -> None:
        self._queues: dict[int, deque[Work]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False
        self._roomy = asyncio.Event()
        self._roomy.set()
        self._size = 0
        self._backlog = 0

    def submit(self, key: int, work: Work) -> None:
        """Queue work behind everything else of this key. Dropped while closing: it is on disk."""
        if self._closing:
            return
        if key not in self._queues:
            self._queues[key] = deque()
            task = asyncio.create_task(self._run(key), name=f"lane-{key}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self._queues[key].append(work)
        self._count(self._queues[key], 1)

    def is_busy(self, key: int) -> bool:
        """Whether work submitted now would have to wait for other work of this key."""
        return key in self._queues

    def beside(self, work: Work) -> None:
        """Do work at once, behind nothing."""
        task = asyncio.create_task(self._one(work), name="beside-lanes")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def room(self, limit: int) -> None:
        """Wait until fewer than `limit` pieces of work are queued; a flood counts as a few."""
        while self._backlog >= limit or self._size >= MOST_IN_MEMORY:
            self._roomy.clear()
            await self._roomy.wait()

    async def idle(self) -> None:
        """Wait until nothing is queued or running."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def close(self, grace_sec: float) -> None:
        """Finish what is in hand, drop what is only queued, cancel what outlasts the grace."""
        self._closing = True
        for queue in self._queues.values():
            while len(queue) > 1:
                queue.pop()
        if self._tasks:
            _, late = await asyncio.wait(set(self._tasks), timeout=grace_sec)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _run(self, key: int) -> None:
        queue = self._queues[key]
        try:
            while queue:
                if self._closing and len(queue) > 1:
                    break
                await self._one(queue[0])
                self._count(queue, -1)
                queue.popleft()
                self._roomy.set()
        finally:
            del self._queues[key]

    def _count(self, queue: deque[Work], change: int) -> None:
        """Count the last piece in, or the first one out before it leaves."""
        self._size += change
        if len(queue) <= ONE_CHATS_SHARE:
            self._backlog += change

    async def _one(self, work: Work) -> None:
        try:
            await work()
        except Exception:
            # Work handles its own failures; one that escapes must not stop the chat's lane.
            log.exception("lane_work_failed")
