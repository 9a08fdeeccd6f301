"""`python -m sandbox`, which is what `./start.sh demo` runs."""

import argparse
import asyncio
import errno
import signal
import sys
from collections.abc import Awaitable

from sandbox.checkup import CheckFailed
from sandbox.demo import check, say, show
from sandbox.worker import WorkerFailed

DEFAULT_PORT = 8800


def main() -> int:
    asked = _parser().parse_args()
    port = asked.port if asked.port is not None else 0 if asked.check else DEFAULT_PORT
    try:
        asyncio.run(_stoppable(check(port) if asked.check else show(port)))
    except asyncio.CancelledError:
        say("\nОстановлено, временная папка удалена.")
        # A check that was stopped has shown nothing.
        return 1 if asked.check else 0
    except (CheckFailed, WorkerFailed) as error:
        say(f"\nНЕ ПРОШЛО: {error}")
        return 1
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        say(f"Порт {port} занят. Другой: ./start.sh demo --port {port + 1}")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./start.sh demo", description="Демо бота без токенов и без интернета."
    )
    parser.add_argument(
        "--check", action="store_true", help="сделать главное дело как человек и закончить"
    )
    parser.add_argument("--port", type=int, help=f"порт Telegram-песочницы ({DEFAULT_PORT})")
    return parser


async def _stoppable(work: Awaitable[None]) -> None:
    """Ctrl+C and SIGTERM cancel the work, so that whatever it opened is closed in order."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None  # noqa: S101 - a coroutine always runs in a task
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    await work


if __name__ == "__main__":
    sys.exit(main())
