"""Key care: which keys the stored secrets are under, and moving them to the newest one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import (
    Column,
    ColumnElement,
    Row,
    Text,
    and_,
    func,
    literal,
    select,
    type_coerce,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from core.database.models import Base
from core.database.types import Encrypted
from core.errors import SecretKeyError
from core.secrets import HEADER_LENGTH, Keyring, header, key_id_of

# A chat can be a megabyte.
_BATCH = 100


@dataclass(frozen=True, slots=True)
class KeyCount:
    """How many secrets of one column are under one key."""

    column: str
    key_id: str
    count: int


async def status(engine: AsyncEngine) -> list[KeyCount]:
    """Every encrypted column's secrets by key id; columns without any are absent."""
    counts: list[KeyCount] = []
    async with engine.connect() as connection:
        for column, _ in _encrypted_columns():
            found = await _count_key_ids(connection, column)
            counts += [KeyCount(str(column), key_id, n) for key_id, n in sorted(found.items())]
    return counts


async def _count_key_ids(connection: AsyncConnection, column: Column[str]) -> Counter[str]:
    start = func.substr(column, 1, HEADER_LENGTH, type_=Text)
    found: Counter[str] = Counter()
    stream = await connection.stream_scalars(select(start).where(column.is_not(None)))
    async for stored in stream:
        found[key_id_of(stored)] += 1
    return found


async def check_keys(engine: AsyncEngine, keyring: Keyring) -> None:
    """Raises `SecretKeyError` unless every stored secret is under a key that opens it.

    One secret per column and key is opened: a key that was replaced under its old id shows.
    """
    for found in await status(engine):
        if found.key_id not in keyring.key_ids:
            raise SecretKeyError(
                f"{found.column} holds {found.count} secrets under the key {found.key_id},"
                " which is not among SECRET_KEYS (or in the key file)"
            )
    async with engine.connect() as connection:
        for column, column_type in _encrypted_columns():
            for key_id in keyring.key_ids:
                stored = await connection.scalar(
                    select(type_coerce(column, Text)).where(_is_under(column, key_id)).limit(1)
                )
                if stored is not None:
                    keyring.unseal(stored, column_type.column_name)


async def rotate(engine: AsyncEngine, keyring: Keyring) -> list[KeyCount]:
    """Move every secret to the keyring's first key; returns how many came from which key.

    Works in short transactions beside a running worker. Interrupted, it is simply run again.
    """
    moved: Counter[tuple[str, str]] = Counter()
    for column, column_type in _encrypted_columns():
        while True:
            async with engine.begin() as connection:
                rows = await _rows_under_old_keys(connection, column, keyring.primary)
                for row in rows:
                    await _move(connection, column, column_type.column_name, row, keyring)
                    moved[str(column), key_id_of(row.stored)] += 1
            if not rows:
                break
    return [KeyCount(column, key_id, n) for (column, key_id), n in sorted(moved.items())]


async def _rows_under_old_keys(
    connection: AsyncConnection, column: Column[str], primary: str
) -> list[Row[tuple[str]]]:
    keys = column.table.primary_key.columns
    stored = type_coerce(column, Text).label("stored")
    old = column.is_not(None) & ~_is_under(column, primary)
    # The lock (PostgreSQL; SQLite has its own) keeps a secret that is being replaced right now.
    found = await connection.execute(
        select(stored, *keys).where(old).limit(_BATCH).with_for_update()
    )
    return list(found)


async def _move(
    connection: AsyncConnection,
    column: Column[str],
    column_name: str,
    row: Row[tuple[str]],
    keyring: Keyring,
) -> None:
    renewed = keyring.seal(keyring.unseal(row.stored, column_name), column_name)
    this_row = and_(*(key == row._mapping[key.name] for key in column.table.primary_key.columns))
    await connection.execute(
        update(column.table).where(this_row).values({column.name: literal(renewed, Text)})
    )


async def check_unused(engine: AsyncEngine, keyring: Keyring, key_id: str) -> None:
    """Raises `SecretKeyError` while `key_id` is the encrypting key or still opens something."""
    if key_id == keyring.primary:
        raise SecretKeyError(f"{key_id} is the key that encrypts: put a new key before it first")
    in_use = sum(found.count for found in await status(engine) if found.key_id == key_id)
    if in_use:
        raise SecretKeyError(f"{in_use} secrets are still under {key_id}: run `keys rotate` first")


def _is_under(column: Column[str], key_id: str) -> ColumnElement[bool]:
    return type_coerce(column, Text).startswith(header(key_id), autoescape=True)


def _encrypted_columns() -> Iterator[tuple[Column[str], Encrypted[str] | Encrypted[bytes]]]:
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, Encrypted):
                yield column, column.type
