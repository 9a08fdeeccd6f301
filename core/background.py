"""Background work: started in one supervised place, awaited at shutdown."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from datetime import datetime

from core.errors import ProductError
from core.logs import get_logger
from core.ports import Clock

log = get_logger(__name__)

NAP_SEC = 0.5


class Background:
    """Runs work later, once per key: asking again while it waits changes nothing."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tasks: dict[Hashable, asyncio.Task[None]] = {}

    def later(self, key: Hashable, at: datetime, work: Callable[[], Awaitable[object]]) -> None:
        if key in self._tasks:
            return
        task = asyncio.create_task(self._run(key, at, work), name=f"later-{key}")
        self._tasks[key] = task
        task.add_done_callback(lambda _: self._tasks.pop(key, None))

    async def close(self) -> None:
        """Cancel what still waits; nothing here is owed to anybody."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(
        self, key: Hashable, at: datetime, work: Callable[[], Awaitable[object]]
    ) -> None:
        await until(self._clock, at)
        try:
            await work()
        except ProductError as error:
            log.info("background_gave_up", key=str(key), why=str(error))
        except Exception:
            # The edge of a task nobody awaits: it must be seen, and must not kill the worker.
            log.exception("background_failed", key=str(key))


async def until(
    clock: Clock,
    instant: datetime,
    tell: Callable[[float], Awaitable[object]] | None = None,
) -> None:
    """Wait for `instant`; `tell` hears at every nap how many seconds are left."""
    # In short naps: the clock of a demo or a test does not run like asyncio's.
    while (left := (instant - clock.now()).total_seconds()) > 0:
        if tell is not None:
            await tell(left)
        await asyncio.sleep(min(left, NAP_SEC))
