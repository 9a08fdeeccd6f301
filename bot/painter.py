"""The charts, drawn by a process of its own: ten thousand of them must not hold up the loop.

It is no child of `multiprocessing`, which would load the whole bot there once more: it knows
`utils.charts` alone, has neither our sockets nor our files, and ends when we do.
"""

from __future__ import annotations

import asyncio
import pickle
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

from utils.charts.course import Course

LONGEST_SEC = 10.0
"""For the start of the process and a picture; one takes some hundredths of a second."""
_ROOT = Path(__file__).parents[1]


class NotDrawn(Exception):
    """What the drawing ended with, as its process saw it."""


class Painter:
    """The process is begun with the first picture, and anew after it broke."""

    def __init__(self) -> None:
        self._process: Process | None = None
        self._turn = asyncio.Lock()

    async def draw(self, course: Course) -> bytes:
        """A PNG. Raises whatever kept us from it; the next one may work."""
        async with self._turn:
            try:
                async with asyncio.timeout(LONGEST_SEC):
                    outcome, answer = await self._ask(course)
            except BaseException:
                # What it still says would be taken for the next picture.
                await self.close()
                raise
        if outcome != b"drawn":
            raise NotDrawn(answer.decode())
        return answer

    async def close(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.kill()
        await process.wait()

    async def _ask(self, course: Course) -> tuple[bytes, bytes]:
        if self._process is None:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "utils.charts"), cwd=_ROOT, stdin=PIPE, stdout=PIPE
            )
        wanted, drawn = self._process.stdin, self._process.stdout
        assert wanted is not None  # noqa: S101 - both are pipes
        assert drawn is not None  # noqa: S101
        wanted.write(pickle.dumps(course))
        await wanted.drain()
        outcome, length = (await drawn.readuntil()).split()
        return outcome, await drawn.readexactly(int(length))
