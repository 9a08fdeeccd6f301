"""Processes that run the worker: begun from nothing, or quickly, with its libraries loaded.

Loading them takes seconds of a core and is the same each time. A story that starts the worker to
kill it may take it from a server that has them and forks: what is killed is a whole process.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import runpy
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cache, partial
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Protocol

from bot import app, bookbinder
from sandbox.telegram.events import PATIENCE_SEC

LOADED = ["main", "bot.worker", "sandbox.clocked_worker"]
NOTICED_WITHIN_SEC = 0.01


class Running(Protocol):
    """What the stories do with a process; as `asyncio.subprocess.Process` does it."""

    @property
    def pid(self) -> int: ...
    @property
    def returncode(self) -> int | None: ...
    def send_signal(self, signal: int) -> None: ...
    def kill(self) -> None: ...
    def wait(self) -> Awaitable[int]: ...


Launch = Callable[[Sequence[str], Path, Mapping[str, str], Path], Awaitable[Running]]


async def from_nothing(
    arguments: Sequence[str], folder: Path, env: Mapping[str, str], log: Path
) -> Running:
    """`python ARGUMENTS` in `folder`, both streams at the end of `log`."""
    with log.open("ab") as stream:
        return await asyncio.create_subprocess_exec(
            sys.executable, *arguments, cwd=folder, env=env, stdout=stream, stderr=stream
        )


async def loaded(
    arguments: Sequence[str],
    folder: Path,
    env: Mapping[str, str],
    log: Path,
    drain_sec: float | None = None,
) -> Running:
    """The same, from the server."""
    process = _server().Process(
        target=_become,
        args=(list(arguments), folder, dict(env), log),
        kwargs={"drain_sec": drain_sec, "nice": bookbinder.NICE},
        daemon=True,
    )
    await asyncio.to_thread(process.start)
    return _Fork(process)


unhurried = partial(loaded, drain_sec=PATIENCE_SEC)
"""It has all the time it wants for what is in hand when it is stopped."""


@cache
def _server() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LOADED)
    return context


def _become(
    arguments: Sequence[str],
    folder: Path,
    env: Mapping[str, str],
    log: Path,
    *,
    drain_sec: float | None,
    nice: int,
) -> None:
    """In the fork: what exec would have made of it."""
    bookbinder.NICE = nice
    app.DRAIN_SEC = drain_sec or app.DRAIN_SEC
    stream = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.dup2(stream, sys.stdout.fileno())
    os.dup2(stream, sys.stderr.fileno())
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if arguments[0] == "-m":
        sys.argv = list(arguments[1:])
        runpy.run_module(arguments[1], run_name="__main__")
    else:
        sys.argv = list(arguments)
        runpy.run_path(arguments[0], run_name="__main__")


class _Fork:
    def __init__(self, process: multiprocessing.context.ForkServerProcess) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def send_signal(self, signal: int) -> None:
        if self.returncode is None:
            os.kill(self.pid, signal)

    def kill(self) -> None:
        self._process.kill()

    async def wait(self) -> int:
        while (code := self.returncode) is None:
            await asyncio.sleep(NOTICED_WITHIN_SEC)
        return code
