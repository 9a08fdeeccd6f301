"""Whatever way a secret takes into a log record, it does not leave the process."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from typing import Literal

import pytest
import structlog

from core import logs
from core.logs import HIDDEN, Redactor, get_logger, setup_logging

REGISTERED = "canary/registered+value"
BOT_TOKEN = "7654321:AAcanary_of_a-bot-token_0123456789"
CANARIES = (REGISTERED, BOT_TOKEN)

Format = Literal["console", "json"]


@pytest.fixture(params=["console", "json"], autouse=True)
def log_format(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Format]:
    fmt: Format = request.param
    setup_logging("DEBUG", fmt)
    # The secrets that other tests left behind may be words that these look for.
    monkeypatch.setattr(logs, "redactor", redactor := Redactor())
    redactor.register(REGISTERED)
    yield fmt
    # As the other tests expect them (tests/conftest.py).
    setup_logging("INFO", "console")


def _fail_with(secret: str) -> None:
    nothing: dict[str, str] = {}
    try:
        nothing[secret]
    except KeyError as error:
        raise RuntimeError(f"while using {secret}") from error


def _log_failure(secret: str) -> None:
    try:
        _fail_with(secret)
    except RuntimeError:
        get_logger("ours").exception("it_failed", path=secret)


def _log_failure_by_stdlib(secret: str) -> None:
    try:
        _fail_with(secret)
    except RuntimeError:
        logging.getLogger("a.library").exception("failed with %s", secret)


WAYS: dict[str, Callable[[str], None]] = {
    "event": lambda secret: get_logger("ours").info(f"got {secret}"),
    "field": lambda secret: get_logger("ours").info("got", value=secret),
    "nested field": lambda secret: get_logger("ours").info("got", value={"a": [secret]}),
    "bytes": lambda secret: get_logger("ours").info("got", value=secret.encode()),
    "bound field": lambda secret: get_logger("ours").bind(value=secret).info("got"),
    "exception": _log_failure,
    "library message": lambda secret: logging.getLogger("a.library").info("got %r", secret),
    "library exception": _log_failure_by_stdlib,
    "URL": lambda secret: logging.getLogger("aiohttp").error(
        "https://api.telegram.org/bot%s/getMe", secret
    ),
}


@pytest.mark.parametrize("secret", CANARIES)
@pytest.mark.parametrize("way", WAYS)
def test_a_secret_does_not_reach_stdout(
    way: str, secret: str, capsys: pytest.CaptureFixture[str]
) -> None:
    WAYS[way](secret)
    out, err = capsys.readouterr()
    assert HIDDEN in out
    assert secret not in out + err


@pytest.mark.parametrize(
    "text",
    [
        "client_id=abc&client_secret=CANARY&grant_type=client_credentials",
        '{"access_token": "CANARY", "expires_in": 86400}',
        '"{\\"client_secret\\": \\"CANARY\\"}"',
        "{'client_secret': 'CANARY'}",
        "Authorization: Bearer CANARY-of-a-token",
        "{'Authorization': 'Bearer CANARY.of.a.token'}",
        "'authorization': 'CANARY'",
        "postgresql+asyncpg://bot:CANARY@host/name",
        "password=CANARY",
        "refresh_token: CANARY",
    ],
)
def test_known_shapes_of_secrets_are_hidden(text: str) -> None:
    redacted = Redactor().redact(text)
    assert "CANARY" not in redacted
    assert HIDDEN in redacted


@pytest.mark.parametrize(
    "text",
    [
        "Bearer of bad news",
        "GET https://api.avito.ru/core/v1/accounts/self 200",
        "started at 2026-11-21T03:57:12.060481Z",
        "the password must be changed",
        "job report:17:-1001234567890 done",
        "sqlite+aiosqlite:////srv/bot.db",
    ],
)
def test_ordinary_text_stays_readable(text: str) -> None:
    assert Redactor().redact(text) == text


def test_a_secret_is_hidden_in_every_spelling() -> None:
    secret = 'a"b/c\\d é'
    ours = Redactor()
    ours.register(secret)
    for text in (secret, repr(secret), json.dumps(secret), "a%22b%2Fc%5Cd%20%C3%A9"):
        assert HIDDEN in ours.redact(text), text


def test_the_longer_of_two_secrets_is_hidden_whole() -> None:
    ours = Redactor()
    ours.register("canary")
    ours.register("canary-with-a-tail")
    assert ours.redact("canary-with-a-tail") == HIDDEN


def test_a_word_too_short_to_be_a_secret_is_not_hidden() -> None:
    ours = Redactor()
    ours.register("bot")
    ours.remember("")
    assert ours.redact("the bot started") == "the bot started"


def test_remembered_secrets_are_bounded_and_the_least_used_goes_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(logs, "RECENT_SECRETS", 2)
    ours = Redactor()
    for secret in ("secret-one", "secret-two", "secret-one", "secret-three"):
        ours.remember(secret)
    assert ours.redact("secret-two") == "secret-two"
    assert ours.redact("secret-one secret-three") == f"{HIDDEN} {HIDDEN}"


def test_json_lines_stay_json(capsys: pytest.CaptureFixture[str]) -> None:
    setup_logging("INFO", "json")
    get_logger("ours").info("got", client_secret="canary", note="привет", token=BOT_TOKEN)
    logging.getLogger("alembic").warning('he said "%s"', "password=canary")
    first, second = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert first["client_secret"] == first["token"] == HIDDEN
    assert (first["event"], first["note"], first["logger"]) == ("got", "привет", "ours")
    assert (second["logger"], second["level"]) == ("alembic", "warning")


@pytest.mark.parametrize("name", ["httpx", "httpcore", "aiosqlite", "sqlalchemy.engine"])
def test_talkative_libraries_are_heard_from_warning_on(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logging.getLogger(name).info("GET https://api.avito.ru/token")
    logging.getLogger(name).warning("a warning")
    out = capsys.readouterr().out
    assert "api.avito.ru" not in out
    assert "a warning" in out


def test_a_record_that_cannot_be_rendered_is_reported_without_its_arguments(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for handler in [each for each in logging.getLogger().handlers if _is_ours(each)]:
        handler.handle(
            logging.makeLogRecord({"name": "broken", "msg": "%d and %d", "args": (REGISTERED,)})
        )
    out, err = capsys.readouterr()
    assert "a log record of broken" in err
    assert REGISTERED not in out + err


def _is_ours(handler: logging.Handler) -> bool:
    return isinstance(handler, logs.StdoutHandler)


def test_setting_up_twice_does_not_double_the_lines(
    log_format: Format, capsys: pytest.CaptureFixture[str]
) -> None:
    setup_logging("INFO", log_format)
    with structlog.contextvars.bound_contextvars(update_id=7):
        get_logger("ours").info("once")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    assert "update_id" in lines[0]
