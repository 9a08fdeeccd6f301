"""The worker: `python main.py`. Key care: `python main.py keys status|rotate|drop KEY_ID`.

Exit codes: 0 stopped as asked · 1 gave up on something that may pass (no database, no Telegram,
another worker) · 2 something a person has to change (a setting, a key, the schema).
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Coroutine, Sequence
from typing import Any

from core.config import load_storage_settings
from core.database import keys
from core.database.health import check_database, check_schema
from core.database.session import create_engine
from core.errors import (
    AnotherWorker,
    DatabaseAway,
    DatabaseRefused,
    SchemaError,
    SecretKeyError,
    SettingsError,
    TelegramAway,
)
from core.logs import setup_logging
from core.ports import Clock, SystemClock
from core.secrets import load_keyring

GAVE_UP, MUST_CHANGE = 1, 2


def main(arguments: Sequence[str] | None = None, clock: Clock | None = None) -> int:
    """Run what the command line asks for; errors a person can act on are one line each."""
    command = _parser().parse_args(arguments)
    work = (
        _keys(command.action, command.key_id)
        if command.command == "keys"
        else _worker(clock or SystemClock())
    )
    try:
        return asyncio.run(work)
    except (SettingsError, SecretKeyError, SchemaError, DatabaseRefused) as error:
        return _fail(error, MUST_CHANGE)
    except (DatabaseAway, TelegramAway, AnotherWorker) as error:
        return _fail(error, GAVE_UP)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Avito Analytics Bot")
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("run", help="run the worker (the default)")
    care = commands.add_parser("keys", help="look after the keys of stored secrets")
    care.add_argument("action", choices=("status", "rotate", "drop"))
    care.add_argument("key_id", nargs="?", help="the key that `drop` asks about")
    return parser


def _fail(error: Exception, code: int) -> int:
    sys.stderr.write(f"{error}\n")
    return code


def _worker(clock: Clock) -> Coroutine[Any, Any, int]:
    # It takes seconds to load, and the care of keys needs nothing of it.
    from bot import worker

    return worker.run(clock)


async def _keys(action: str, key_id: str | None) -> int:
    settings = load_storage_settings()
    setup_logging(settings.log_level, settings.log_format)
    keyring = load_keyring(settings)
    engine = create_engine(settings.database, keyring)
    try:
        await check_database(engine, timeout=settings.worker_startup_timeout_sec)
        await check_schema(engine)
        if action == "drop":
            if key_id is None:
                raise SettingsError("KEY_ID", "say which key: keys drop KEY_ID")
            await keys.check_unused(engine, keyring, key_id)
            print(f"Nothing is under {key_id}: it can be taken out of SECRET_KEYS.")  # noqa: T201
            return 0
        counts = await (
            keys.rotate(engine, keyring) if action == "rotate" else keys.status(engine)
        )
        if action == "rotate" and not counts:
            print("Nothing had to be moved.")  # noqa: T201
        for count in counts:
            print(f"{count.column}  {count.key_id}  {count.count}")  # noqa: T201
        print(f"The encrypting key is {keyring.primary}.")  # noqa: T201
        return 0
    finally:
        await engine.dispose()


if __name__ == "__main__":
    sys.exit(main())
