"""The worker as a process: how soon it polls, what it weighs and gets through, how it ends."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from statistics import median

from sqlalchemy import URL

from benchmarks.measure import Effort, Result
from tests.worker import launch
from tests.worker.process import Stand, stand

_LIBRARIES = "import aiogram, sqlalchemy.ext.asyncio, httpx"
"""What any bot like this one has to load."""
_QUICKLY_SETTLED_SEC = 0.5
_DOCKERS_GRACE_SEC = 10.0
"""Who has not ended so long after SIGTERM is killed."""
_PEOPLE = 30


async def measure(url: URL, folder: Path, effort: Effort) -> list[Result]:
    """On this migrated, empty database."""
    kind = url.get_backend_name()
    starts, weights, bare_starts, bare_weights = [], [], [], []
    for _ in range(effort.rounds):
        seconds, weight = await _libraries_alone()
        bare_starts.append(seconds)
        bare_weights.append(weight)
        began = time.perf_counter()
        async with _polling(url, folder) as made:
            starts.append(time.perf_counter() - began)
            await asyncio.sleep(_QUICKLY_SETTLED_SEC)
            weights.append(_resident_mb(made.worker.process.pid))
    async with _polling(url, folder) as made:
        pace = await _updates_per_second(made, effort.count)
    stops = [
        Result(f"stop of {whose}, {kind}, s", seconds, _DOCKERS_GRACE_SEC, limit=limit)
        for whose, seconds, limit in await _stops(url, folder)
    ]
    return [
        Result(f"cold start to first getUpdates, {kind}, s", median(starts), median(bare_starts)),
        Result(f"idle memory, {kind}, MB", median(weights), median(bare_weights)),
        Result(f"updates per second, {kind}", pace),
        *stops,
    ]


@asynccontextmanager
async def _polling(url: URL, folder: Path) -> AsyncIterator[Stand]:
    async with stand(url, folder, launch=launch.from_nothing, LOG_LEVEL="ERROR") as made:
        await made.worker.start()
        await made.up()
        yield made


async def _libraries_alone() -> tuple[float, float]:
    """Seconds and megabytes of a Python that has imported them and does nothing else."""
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", f"{_LIBRARIES}\nprint(flush=True)\ninput()"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    await process.stdout.readline()
    seconds, weight = time.perf_counter() - began, _resident_mb(process.pid)
    await process.communicate(b"\n")
    return seconds, weight


def _resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
    return int(kilobytes) / 1024


async def _stops(url: URL, folder: Path) -> list[tuple[str, float, float]]:
    """Of whom, the seconds from SIGTERM to the end, and their most as a part of Docker's."""
    async with _polling(url, folder) as made:
        idle = await _stop(made)
    async with _polling(url, folder) as made:
        made.telegram.fault("latency_before", method="sendMessage", seconds=0.3)
        for number in range(_PEOPLE):
            chat = made.telegram.user(f"Гость {number}").private(made.me)
            chat.start()
            chat.send("/help")
            chat.send("/profiles")
        history = made.telegram.history
        await history.signal.until(lambda: len(history.of("sendMessage")) >= 5)
        busy = await _stop(made)
    found = [("an idle worker", idle, 0.5), ("a busy worker", busy, 0.8)]
    if url.get_backend_name() == "sqlite":
        async with _polling(url, folder) as made:
            with closing(sqlite3.connect(str(url.database), isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                made.telegram.user("Алиса").private(made.me).start()
                await asyncio.sleep(_QUICKLY_SETTLED_SEC)
                found.append(("a worker that may not write", await _stop(made), 1.0))
    return found


async def _stop(made: Stand) -> float:
    began = time.perf_counter()
    assert await made.worker.stop() == 0
    return time.perf_counter() - began


async def _updates_per_second(made: Stand, count: int) -> float:
    """From the first update sent to the last answer accepted, each from another person."""
    history = made.telegram.history
    chats = [made.telegram.user(f"Гость {n}").private(made.me) for n in range(count)]
    for chat in chats:
        chat.start()
    began = time.perf_counter()
    await history.signal.until(lambda: len(history.sent()) >= count, 120)
    return count / (time.perf_counter() - began)
