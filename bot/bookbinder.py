"""The files of chats, made by a process of its own: a million messages must not hold up the loop.

Like the painter's (`bot/painter.py`) it knows its own room alone, `utils.chats`, and ends when we
do. Other than that one it lives for one order and may have no more than its share of memory.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

from utils.chats.order import BookOrder, Bound, Failure

MEMORY_MB = 512
"""It takes a tenth of that, of however many chats; the rest is for the longest of chats."""
AT_A_TIME = 2
NICE = 19
"""Whoever presses a button goes first, where the cores are few."""
_ROOT = Path(__file__).parents[1]


class NotBound(Exception):
    """What the making of files ended with, as its process saw it."""


class OutOfMemory(NotBound):
    """It wanted more memory than it may have."""


class Bookbinder:
    """At most two work side by side; whoever comes third waits for one of them."""

    def __init__(self, memory_mb: int = MEMORY_MB) -> None:
        self._memory_mb = memory_mb
        self._desks = asyncio.Semaphore(AT_A_TIME)

    async def bind(self, order: BookOrder, chats: AsyncIterator[bytes]) -> Bound:
        """Files of these chats, each a compressed `Transcript.to_json`, the newest first.

        They are asked for one by one, as fast as they can be written. Raises `NotBound`, or
        `OSError` where its disk would not, or whatever `chats` raises; then, and when cancelled,
        there are no files. Who stops in the middle of `chats` leaves it to the caller to close it.
        """
        async with self._desks:
            order.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "utils.chats", str(self._memory_mb)),
                cwd=_ROOT,
                stdin=PIPE,
                stdout=PIPE,
            )
            # From here and not by itself: what it begins with, its imports, is half of its work.
            with suppress(ProcessLookupError):
                os.setpriority(os.PRIO_PROCESS, process.pid, NICE)
            try:
                return await _bound(process, order, chats)
            except BaseException:
                await _stop(process, order)
                raise


async def _bound(process: Process, order: BookOrder, chats: AsyncIterator[bytes]) -> Bound:
    assert process.stdout is not None  # noqa: S101 - a pipe
    await _feed(process, order, chats)
    told = await process.stdout.read()
    code = await process.wait()
    if not told:
        raise NotBound(f"ended with {code} and said nothing")
    answer: Bound | Failure = pickle.loads(told)  # noqa: S301 - from a process of ours
    if isinstance(answer, Failure):
        raise _error(answer)
    return answer


def _error(failure: Failure) -> Exception:
    if failure.is_out_of_memory:
        return OutOfMemory(failure.told)
    if failure.errno is not None:
        return OSError(failure.errno, failure.told)
    return NotBound(failure.told)


async def _feed(process: Process, order: BookOrder, chats: AsyncIterator[bytes]) -> None:
    """All of them, unless it ends before: what it says then tells why."""
    if await _takes(process, order):
        async for chat in chats:
            if not await _takes(process, chat):
                return
        await _takes(process, None)


async def _takes(process: Process, what: BookOrder | bytes | None) -> bool:
    assert process.stdin is not None  # noqa: S101 - a pipe
    try:
        process.stdin.write(pickle.dumps(what))
        await process.stdin.drain()
    except ConnectionError:
        return False
    return True


async def _stop(process: Process, order: BookOrder) -> None:
    """Kill it, and take away what it had made."""
    try:
        if process.returncode is None:
            process.kill()
        await process.wait()
    finally:
        for path in order.folder.glob(f"{order.stem}-*"):
            path.unlink(missing_ok=True)
