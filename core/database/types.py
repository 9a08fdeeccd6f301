"""Column types: instants that are always UTC, and what the database holds only encrypted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy import DateTime, Dialect, Engine, Text
from sqlalchemy.exc import DontWrapMixin
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.types import TypeDecorator

from core.errors import SecretKeyError
from core.logs import redactor
from core.secrets import Keyring

_KEYRING = "secret_keyring"
Plain = TypeVar("Plain", str, bytes)


class MissingKeyringError(SecretKeyError, DontWrapMixin):
    """An encrypted column was touched through an engine that was given no keyring."""


def bind_keyring(engine: AsyncEngine | Engine, keyring: Keyring) -> None:
    """Let every `Encrypted` column that goes through `engine` use `keyring`.

    A column type sees neither the session nor the engine, only the dialect. SQLAlchemy makes
    one dialect per engine, so the dialect carries the keyring: no process-wide state, and two
    engines with two keyrings live side by side.
    """
    setattr(engine.dialect, _KEYRING, keyring)


def bound_keyring(dialect: Dialect) -> Keyring:
    keyring = getattr(dialect, _KEYRING, None)
    if not isinstance(keyring, Keyring):
        raise MissingKeyringError("this engine was made without a keyring")
    return keyring


class UtcDateTime(TypeDecorator[datetime]):
    """Aware datetimes in, aware UTC datetimes out; a naive one is refused.

    SQLite keeps them as naive UTC text, PostgreSQL as `timestamptz`.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime cannot be stored: its zone is unknown")
        in_utc = value.astimezone(UTC)
        return in_utc.replace(tzinfo=None) if dialect.name == "sqlite" else in_utc

    def process_result_value(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002 - SQLAlchemy's signature
    ) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Encrypted(TypeDecorator[Plain]):
    """What the database holds only encrypted, as text.

    `column_name` ("table.column") is authenticated with the value: one that was copied into
    another column does not decrypt there. Comparing such a column with a value is
    meaningless: the same one never encrypts twice to the same bytes.
    """

    impl = Text
    cache_ok = True

    def __init__(self, column_name: str) -> None:
        super().__init__()
        self.column_name = column_name


class EncryptedText(Encrypted[str]):
    """Secrets and payloads. No secret of them gets into a log once it went through here."""

    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        self._keep_out_of_logs(value)
        return bound_keyring(dialect).encrypt(value, self.column_name)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        plain = bound_keyring(dialect).decrypt(value, self.column_name)
        self._keep_out_of_logs(plain)
        return plain

    def _keep_out_of_logs(self, plain: str) -> None:
        # A JSON payload is never logged word for word; remembering it would only push out
        # the short secrets that could be.
        if not plain.startswith("{"):
            redactor.remember(plain)


class EncryptedBytes(Encrypted[bytes]):
    """Bytes of any size: compress them before, for nothing encrypted can be."""

    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> str | None:
        return None if value is None else bound_keyring(dialect).seal(value, self.column_name)

    def process_result_value(self, value: str | None, dialect: Dialect) -> bytes | None:
        return None if value is None else bound_keyring(dialect).unseal(value, self.column_name)
