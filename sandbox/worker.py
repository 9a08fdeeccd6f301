"""The product's worker as a process of its own, as ./start.sh runs it."""

import asyncio
import os
import sys
from asyncio.subprocess import STDOUT, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from sandbox.clock import SandboxClock

ROOT = Path(__file__).parents[1]
LOG = "worker.log"
CLOCK = "clock.json"
LAST_LINES = 15
STOP_SECONDS = 10
# All of the developer's environment that gets through: settings in it are of another bot.
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")


class WorkerFailed(Exception):
    """The worker did not start, ended by itself or did not stop well."""


@asynccontextmanager
async def running_worker(
    folder: Path, settings: dict[str, str], clock: SandboxClock
) -> AsyncIterator[Process]:
    """Migrate, then run `main.py` while the block runs; its files and its log are in `folder`.

    The worker starts in `folder` so that it finds no `.env`. It lives by `clock`.
    """
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    environment |= settings | {"PYTHONPATH": str(ROOT)}
    clock.lead(folder / CLOCK)
    migrate = ["-m", "alembic", "-c", str(ROOT / "alembic.ini"), "upgrade", "head"]
    migration = await _spawn(migrate, folder, environment)
    if await migration.wait() != 0:
        raise WorkerFailed(f"миграции базы не прошли\n{end_of_log(folder)}")
    worker = await _spawn(["-u", "-m", "sandbox.clocked_worker", CLOCK], folder, environment)
    try:
        yield worker
    finally:
        await _stop(worker)
    if worker.returncode != 0:
        raise WorkerFailed(
            f"бот закончил работу с кодом {worker.returncode}\n{end_of_log(folder)}"
        )


def end_of_log(folder: Path) -> str:
    lines = (folder / LOG).read_text(encoding="utf-8").splitlines()
    return "\n".join(["Конец журнала бота:", *lines[-LAST_LINES:]])


async def _spawn(arguments: Sequence[str], folder: Path, environment: dict[str, str]) -> Process:
    with (folder / LOG).open("ab") as log:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=STDOUT,
            # Ctrl+C in the terminal is for the demo, which then stops the worker in order.
            start_new_session=True,
        )


async def _stop(worker: Process) -> None:
    if worker.returncode is not None:
        return
    worker.terminate()
    try:
        await asyncio.wait_for(worker.wait(), STOP_SECONDS)
    except TimeoutError:
        worker.kill()
        await worker.wait()
