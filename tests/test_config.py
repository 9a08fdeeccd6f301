"""Settings are read from the environment or `.env`, and a wrong one is named, never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.config import load_settings, load_storage_settings, parse_database_url
from core.errors import SettingsError

CANARY = "canary-of-a-setting"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Only what a test sets: no variables of this machine, no `.env` of this checkout."""
    for name in ("BOT_TOKEN", "DATABASE_URL", "SECRET_KEYS", "DATA_DIR", "ADMIN_CHAT_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_TOKEN", "123456:canary-bot-token")


@pytest.mark.usefixtures("token")
def test_a_token_is_enough() -> None:
    settings = load_settings()
    assert settings.database.render_as_string() == "sqlite+aiosqlite:///data/bot.db"
    assert settings.is_sqlite
    assert settings.telegram_api_base == "https://api.telegram.org"
    assert settings.avito_api_base == "https://api.avito.ru"
    assert (settings.admin_chat_id, settings.log_level) == (None, "INFO")


def test_a_missing_token_is_named() -> None:
    with pytest.raises(SettingsError, match=r"^BOT_TOKEN: is required$"):
        load_settings()


def test_tools_for_the_database_need_no_token() -> None:
    assert load_storage_settings().is_sqlite


@pytest.mark.parametrize(
    ("variable", "value", "reason"),
    [
        ("BOT_TOKEN", CANARY, "does not look like a bot token"),
        ("BOT_TOKEN", f"{CANARY}:123456", "does not look like a bot token"),
        ("ADMIN_CHAT_ID", CANARY, "should be a valid integer"),
        ("ADMIN_CHAT_ID", "9" * 30, "should be less than"),
        ("DATABASE_URL", CANARY, "is not a database URL like"),
        ("DATABASE_URL", f"mysql://u:{CANARY}@h/d", "must start with postgresql:// or sqlite:///"),
        ("DATABASE_URL", f"postgres://u:{CANARY}@h:port/d", "is not a database URL like"),
        ("DATABASE_URL", f"postgres://u:{CANARY}@h", "names no database"),
        ("DATABASE_URL", f"postgres://u:{CANARY}@h/d?sslrootcert=x", "sslrootcert, which is not"),
        ("DATABASE_URL", f"postgres://u:{CANARY}@h/d?sslmode=maybe", "sslmode must be one of"),
        ("DATABASE_URL", "sqlite://", "names no SQLite file"),
        ("DATABASE_URL", "sqlite:///:memory:", "names no SQLite file"),
        (
            "DATABASE_URL",
            f"postgres://u:{CANARY}@h:99999/d",
            "has a port that is no number from 1 to 65535",
        ),
        (
            "DATABASE_URL",
            "postgres://u@h/d?port=abc",
            "has a port that is no number from 1 to 65535",
        ),
        (
            "DATABASE_URL",
            "postgres://u@h/d?connect_timeout=abc",
            "connect_timeout that is no number",
        ),
        ("DATABASE_URL", "sqlite:///x.db?timeout=abc", "must be a plain path"),
        ("DATABASE_URL", "sqlite:///file:x?mode=memory&uri=true", "must be a plain path"),
        ("LOG_LEVEL", CANARY, "should be 'DEBUG', 'INFO'"),
        ("LOG_FORMAT", CANARY, "should be 'console' or 'json'"),
        ("TELEGRAM_API_BASE", f"ftp://{CANARY}", "must be an http:// or https:// address"),
        ("TELEGRAM_API_BASE", "http://{x}", "must be an http:// or https:// address"),
        ("AVITO_API_BASE", CANARY, "must be an http:// or https:// address"),
        ("AVITO_API_BASE", "http://host:bad", "must be an http:// or https:// address"),
        ("AVITO_API_BASE", "http://[::1", "must be an http:// or https:// address"),
        ("WORKER_STARTUP_TIMEOUT_SEC", CANARY, "should be a valid number"),
        ("WORKER_STARTUP_TIMEOUT_SEC", "0", "should be greater than 0"),
        ("WORKER_STARTUP_RETRIES", "-1", "should be greater than 0"),
        ("WORKER_POLLING_RETRIES", "1.5", "should be a valid integer"),
        ("WORKER_RETRY_BACKOFF_BASE_SEC", "inf", "should be a finite number"),
        ("WORKER_RETRY_BACKOFF_MAX_SEC", "nan", "should be a finite number"),
    ],
)
@pytest.mark.usefixtures("token")
def test_a_wrong_setting_is_named_in_one_line_without_its_value(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, reason: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as raised:
        load_settings()
    sentence = str(raised.value)
    assert sentence.startswith(f"{variable}: ")
    assert reason in sentence
    assert "\n" not in sentence
    assert CANARY not in f"{sentence} {raised.value!r} {raised.value.__cause__!r}"


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("postgres://u:p@h/d", "postgresql+asyncpg://u:p@h/d"),
        ("postgresql://u:p@h:5433/d", "postgresql+asyncpg://u:p@h:5433/d"),
        ("postgresql+asyncpg://u:p@h/d", "postgresql+asyncpg://u:p@h/d"),
        ("postgresql+psycopg2://u:p@h/d", "postgresql+asyncpg://u:p@h/d"),
        ("postgres://u:p%40ss@h/d", "postgresql+asyncpg://u:p%40ss@h/d"),
        ("postgres://u@h/d?sslmode=require", "postgresql+asyncpg://u@h/d?ssl=require"),
        (
            "postgres://u@h/d?sslmode=require&channel_binding=require",
            "postgresql+asyncpg://u@h/d?ssl=require",
        ),
        ("postgres://u@/d?host=/run/pg", "postgresql+asyncpg://u@/d?host=%2Frun%2Fpg"),
        ("postgres://u@/d?host=a,b&port=1,2", "postgresql+asyncpg://u@/d?host=a%2Cb&port=1%2C2"),
        ("postgres://u@h/d?connect_timeout=10", "postgresql+asyncpg://u@h/d?timeout=10"),
        ("sqlite:///bot.db", "sqlite+aiosqlite:///bot.db"),
        ("sqlite+aiosqlite:////srv/bot.db", "sqlite+aiosqlite:////srv/bot.db"),
    ],
)
def test_every_spelling_of_a_database_url_becomes_the_async_one(given: str, used: str) -> None:
    assert parse_database_url(given).render_as_string(hide_password=False) == used


@pytest.mark.usefixtures("token")
def test_an_empty_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADMIN_CHAT_ID", "")
    monkeypatch.setenv("DATABASE_URL", "")
    monkeypatch.setenv("WORKER_STARTUP_RETRIES", "")
    settings = load_settings()
    assert (settings.admin_chat_id, settings.worker_startup_retries) == (None, 5)
    assert settings.is_sqlite


@pytest.mark.usefixtures("token")
def test_spelling_is_forgiven_where_it_is_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "debug")
    monkeypatch.setenv("LOG_FORMAT", "JSON")
    monkeypatch.setenv("ADMIN_CHAT_ID", " -1001234567890 ")
    monkeypatch.setenv("AVITO_API_BASE", "http://localhost:8080/avito/")
    settings = load_settings()
    assert (settings.log_level, settings.log_format) == ("DEBUG", "json")
    assert settings.admin_chat_id == -1001234567890
    assert settings.avito_api_base == "http://localhost:8080/avito"


@pytest.mark.usefixtures("token")
def test_a_dot_env_file_is_read_and_the_environment_wins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("ADMIN_CHAT_ID=1\nLOG_FORMAT=json\nFOREIGN=x\n")
    monkeypatch.setenv("ADMIN_CHAT_ID", "2")
    settings = load_settings()
    assert (settings.admin_chat_id, settings.log_format) == (2, "json")


def test_an_unreadable_dot_env_file_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes("BOT_TOKEN=привет".encode("cp1251"))
    with pytest.raises(SettingsError, match=r"^\.env: "):
        load_settings()


@pytest.mark.usefixtures("token")
def test_settings_do_not_print_their_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgres://u:{CANARY}@h/d")
    monkeypatch.setenv("SECRET_KEYS", CANARY)
    monkeypatch.setenv("AVITO_CLIENT_SECRET", CANARY)
    settings = load_settings()
    printed = f"{settings} {settings!r} {settings.database} {settings.database!r}"
    assert CANARY not in printed
    assert "canary-bot-token" not in printed
