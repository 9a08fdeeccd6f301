"""Runs the migrations: in one transaction, with the application's settings, keys and logs.

Exit codes as in main.py: 2 for what a person has to change, 1 when the database stays away; each
with one line on stderr.
"""

import asyncio
import sys

from alembic import context
from alembic.util import CommandError
from sqlalchemy import Connection, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from core.config import StorageSettings, load_storage_settings
from core.database.health import wait_for_database
from core.database.models import Base
from core.database.session import create_engine
from core.errors import DatabaseAway, DatabaseRefused, SecretKeyError, SettingsError
from core.logs import setup_logging
from core.secrets import load_keyring

# Any number, the same in every process: two starting workers migrate one after the other.
_LOCK = 20_250_206


async def migrate(settings: StorageSettings) -> None:
    engine = create_engine(settings.database, load_keyring(settings))
    if settings.is_sqlite:
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    try:
        await wait_for_database(engine, settings)
        async with engine.begin() as connection:
            await connection.run_sync(_run)
    finally:
        await engine.dispose()


def _prepare_sqlite(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    # With foreign keys SQLite would cascade when a table is dropped to be rebuilt.
    cursor.execute("PRAGMA foreign_keys = OFF")
    # What is dropped is overwritten: clear text secrets must not stay in free pages.
    cursor.execute("PRAGMA secure_delete = ON")
    cursor.close()


def _run(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
    )
    with context.begin_transaction():
        context.run_migrations()
    if connection.dialect.name == "sqlite":
        broken = connection.execute(text("PRAGMA foreign_key_check")).all()
        if broken:
            raise CommandError(f"the migration left {len(broken)} rows without their parent")


def _fail(error: Exception, code: int) -> None:
    sys.stderr.write(f"{error}\n")
    sys.exit(code)


def main() -> None:
    if context.is_offline_mode():
        raise CommandError("--sql cannot work: the migrations read and encrypt rows")
    try:
        settings = context.config.attributes.get("settings") or load_storage_settings()
        setup_logging(settings.log_level, settings.log_format)
        asyncio.run(migrate(settings))
    except (SettingsError, SecretKeyError, DatabaseRefused) as error:
        _fail(error, 2)
    except DatabaseAway as error:
        _fail(error, 1)


main()
