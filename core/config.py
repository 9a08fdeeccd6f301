"""Settings: the environment (or `.env`), read once, checked, with secrets that never print."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
)
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from core.errors import SettingsError
from core.logs import redactor

DATABASE_FILE = "bot.db"

_POSTGRES = {"postgres", "postgresql", "postgresql+asyncpg", "postgresql+psycopg2"}
_SQLITE = {"sqlite", "sqlite+aiosqlite"}
# libpq's words in a URL that asyncpg knows under another name, or (None) does without.
_LIBPQ_QUERY = {"sslmode": "ssl", "connect_timeout": "timeout", "channel_binding": None}
_ASYNCPG_QUERY = {"host", "port", "ssl", "timeout", "target_session_attrs"}
_LARGEST = {"port": 65_535, "timeout": 86_400}
_SSL_MODES = {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}

_BOT_TOKEN = re.compile(r"\d+:\S{5,}")


def parse_database_url(raw: str) -> URL:
    """Any usual spelling of a PostgreSQL or SQLite URL, as SQLAlchemy's async drivers want it.

    Raises `ValueError` with a sentence that holds nothing of the URL: it carries a password.
    """
    try:
        url = make_url(raw)
    except (ArgumentError, ValueError):
        raise ValueError(
            "is not a database URL like postgresql://user:password@host/name"
        ) from None
    if url.drivername in _SQLITE:
        if not url.database or url.database == ":memory:":
            raise ValueError("names no SQLite file (an in-memory database forgets everything)")
        if url.query or url.database.startswith("file:"):
            raise ValueError("must be a plain path after sqlite:///, without parameters")
        return url.set(drivername="sqlite+aiosqlite")
    if url.drivername in _POSTGRES:
        return _for_asyncpg(url)
    raise ValueError("must start with postgresql:// or sqlite:///")


def _for_asyncpg(url: URL) -> URL:
    if not url.database:
        raise ValueError("names no database after the host")
    _check_number("port", url.port, _LARGEST["port"])
    query = {}
    for word, value in url.query.items():
        known_as = _LIBPQ_QUERY.get(word, word)
        if known_as is None:
            continue
        if known_as not in _ASYNCPG_QUERY:
            raise ValueError(f"has the query parameter {word}, which is not supported")
        if known_as in _LARGEST:
            _check_number(word, value, _LARGEST[known_as])
        query[known_as] = value
    if "ssl" in query and query["ssl"] not in _SSL_MODES:
        raise ValueError(f"sslmode must be one of {', '.join(sorted(_SSL_MODES))}")
    return url.set(drivername="postgresql+asyncpg", query=query)


def _check_number(word: str, value: object, largest: int) -> None:
    """Of several hosts each has its port: `1,2`."""
    given = [] if value is None else str(value).split(",")
    if not all(number.isdecimal() and 0 < int(number) <= largest for number in given):
        raise ValueError(f"has a {word} that is no number from 1 to {largest}")


def _check_database_url(value: SecretStr) -> SecretStr:
    parse_database_url(value.get_secret_value())
    return value


def _check_bot_token(value: SecretStr) -> SecretStr:
    if not _BOT_TOKEN.fullmatch(value.get_secret_value()):
        raise ValueError("does not look like a bot token (123456:ABC...)")
    return value


def _check_base(value: str) -> str:
    try:
        parts = urlsplit(value)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, a broken [IPv6]
        has_host = False
    # Braces too: aiogram takes its address for a template.
    if not has_host or not re.fullmatch(r"https?://[^\s?#{}]+", value):
        raise ValueError("must be an http:// or https:// address")
    return value.rstrip("/")


BaseAddress = Annotated[str, AfterValidator(_check_base)]
PositiveSeconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
PositiveSize = Annotated[float, Field(gt=0, le=2000)]
PositiveCount = Annotated[int, Field(gt=0)]
LogLevel = Annotated[
    Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(str.upper)
]
LogFormat = Annotated[Literal["console", "json"], BeforeValidator(str.lower)]


class StorageSettings(BaseSettings):
    """What everything that opens the database needs: the worker, Alembic, the key commands."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        str_strip_whitespace=True,
    )

    data_dir: Path = Path("data")
    database_url: Annotated[SecretStr, AfterValidator(_check_database_url)] | None = None
    secret_keys: SecretStr | None = None
    log_level: LogLevel = "INFO"
    log_format: LogFormat = "console"
    worker_startup_timeout_sec: PositiveSeconds = 60
    worker_startup_retries: PositiveCount = 5
    worker_retry_backoff_base_sec: PositiveSeconds = 5
    worker_retry_backoff_max_sec: PositiveSeconds = 300

    @property
    def database(self) -> URL:
        """The database under its async driver. Its str and repr hide the password."""
        if self.database_url is None:
            return URL.create("sqlite+aiosqlite", database=str(self.data_dir / DATABASE_FILE))
        return parse_database_url(self.database_url.get_secret_value())

    @property
    def is_sqlite(self) -> bool:
        return self.database.get_backend_name() == "sqlite"


class Settings(StorageSettings):
    """What the worker needs on top: Telegram, Avito, the operator's chat."""

    bot_token: Annotated[SecretStr, AfterValidator(_check_bot_token)]
    admin_chat_id: Annotated[int, Field(gt=-(2**63), lt=2**63)] | None = None
    telegram_api_base: BaseAddress = "https://api.telegram.org"
    telegram_messages_per_second: PositiveCount = 30
    export_file_mb: PositiveSize = 49
    avito_api_base: BaseAddress = "https://api.avito.ru"
    avito_messenger_calls_per_minute: PositiveCount = 120
    worker_polling_retries: PositiveCount = 10
    # An Avito application of the operator's own, reserved for connecting a profile by link.
    avito_client_id: str | None = None
    avito_client_secret: SecretStr | None = None
    avito_redirect_uri: BaseAddress | None = None


def load_settings() -> Settings:
    """All settings of the worker. Raises `SettingsError` that names the first wrong variable."""
    return _load(Settings)


def load_storage_settings() -> StorageSettings:
    """The settings of tools that talk to the database only and need no bot token."""
    return _load(StorageSettings)


AnySettings = TypeVar("AnySettings", bound=StorageSettings)


def _load(kind: type[AnySettings]) -> AnySettings:
    try:
        settings = kind()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        # The chain is cut: pydantic's own error could show what was typed.
        raise SettingsError(str(first["loc"][0]).upper(), _reason(first)) from None
    except (OSError, UnicodeDecodeError):
        raise SettingsError(".env", "cannot be read as UTF-8 text") from None
    _keep_out_of_logs(settings)
    return settings


def _reason(error: ErrorDetails) -> str:
    if error["type"] == "missing":
        return "is required"
    own: Any = error.get("ctx", {}).get("error")
    return str(own) if own is not None else error["msg"].replace("Input should", "should", 1)


def _keep_out_of_logs(settings: StorageSettings) -> None:
    if settings.database.password:
        redactor.register(settings.database.password)
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            redactor.register(value.get_secret_value())


def main() -> int:
    """`python -m core.config`: whether the settings will do, before anything else is touched."""
    try:
        load_settings()
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
