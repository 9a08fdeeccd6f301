"""Logs: structlog over the standard library, one line format, secrets blacked out last.

Every logger of the process (ours, Alembic's, SQLAlchemy's, aiogram's) goes through one handler
to stdout. Redaction works on the finished line, tracebacks included: whatever way a secret took
into a record, it does not leave.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from typing import Literal
from urllib.parse import quote

import structlog
from structlog.typing import Processor

HIDDEN = "[hidden]"

# Shorter values are ordinary words (a test database's password "bot"): hiding them would
# make the log unreadable and protect nothing.
SHORTEST_SECRET = 6
RECENT_SECRETS = 512

# These say at INFO or DEBUG what must not be kept: full URLs, rows, statement parameters.
_QUIET_LIBRARIES = (
    *("aiogram", "httpx", "httpcore", "aiosqlite", "sqlalchemy", "asyncio"),
    # Every minute that it did what it does every minute.
    "apscheduler",
)

_PATTERNS = (
    # A bot token, also inside https://api.telegram.org/bot123:ABC/getMe
    (re.compile(r"\d{6,}:[A-Za-z0-9_-]{20,}"), HIDDEN),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}"), rf"\1 {HIDDEN}"),
    # The password of any URL: postgresql://user:password@host
    (re.compile(r"(://[^\s:/@]*):[^\s/@]+@"), rf"\1:{HIDDEN}@"),
    # "client_secret": "x", access_token=x, and the same inside an escaped JSON string.
    (
        re.compile(
            r"(?i)((?:client_secret|access_token|refresh_token|authorization|password)"
            r"[\"'\\]*\s*[:=]\s*[\"'\\]*)(?!bearer|basic)[^\s\"'\\,&;})\]]+"
        ),
        rf"\1{HIDDEN}",
    ),
)


class Redactor:
    """Blacks out secrets in finished text: known shapes, and the exact values it was told."""

    def __init__(self) -> None:
        self._registered: dict[str, None] = {}
        self._recent: dict[str, None] = {}

    def register(self, value: str) -> None:
        """Hide `value` for as long as the process lives: the bot token, keys, passwords."""
        if len(value) >= SHORTEST_SECRET:
            self._registered.update(dict.fromkeys(_spellings(value)))

    def remember(self, value: str) -> None:
        """Hide `value` until many others were remembered: the secrets of profiles in use."""
        if len(value) < SHORTEST_SECRET:
            return
        for spelling in _spellings(value):
            self._recent.pop(spelling, None)
            self._recent[spelling] = None
        while len(self._recent) > RECENT_SECRETS:
            self._recent.pop(next(iter(self._recent)))

    def redact(self, text: str) -> str:
        # tuple() of a dict is one step under the GIL: other threads may be adding values.
        # The longest first: a secret may be a part of another.
        known = {*tuple(self._registered), *tuple(self._recent)}
        for value in sorted((value for value in known if value in text), key=len, reverse=True):
            text = text.replace(value, HIDDEN)
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
        return text


def _spellings(value: str) -> set[str]:
    """The ways one secret is written in a log: as it is, in a URL, in JSON, in a repr."""
    return {value, quote(value, safe=""), json.dumps(value)[1:-1], repr(value)[1:-1]}


# Logging is process-wide by nature, and so is what must stay out of it.
redactor = Redactor()


class StdoutHandler(logging.Handler):
    """Writes finished, redacted lines to the stdout of the moment."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stdout.write(redactor.redact(self.format(record)) + "\n")
            sys.stdout.flush()
        except Exception:
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """The standard one prints the record's arguments to stderr, past the redaction."""
        if sys.stderr:
            reason = type(sys.exc_info()[1]).__name__
            place = f"{record.name} ({record.pathname}:{record.lineno})"
            sys.stderr.write(f"a log record of {place} was lost: {reason}\n")


# What a record gets whether structlog made it or a library did.
_COMMON_STEPS: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
# One list for good: a logger keeps the one that it was first used with.
_STEPS: list[Processor] = [
    structlog.stdlib.filter_by_level,
    *_COMMON_STEPS,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
]


def setup_logging(level: str, fmt: Literal["console", "json"]) -> None:
    """Send every logger of the process to stdout in one format. Calling again replaces it."""
    structlog.configure(
        processors=_STEPS,
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = StdoutHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_COMMON_STEPS,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_renderers(fmt),
            ],
        )
    )
    root = logging.getLogger()
    for old in [each for each in root.handlers if isinstance(each, StdoutHandler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    for name in _QUIET_LIBRARIES:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def _renderers(fmt: Literal["console", "json"]) -> list[Processor]:
    if fmt == "json":
        return [
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
    # Colours would stand between a key and its value and hide it from the patterns; the rich
    # tracebacks that structlog prefers would print local variables.
    return [
        structlog.processors.StackInfoRenderer(),
        structlog.dev.ConsoleRenderer(
            colors=False, exception_formatter=structlog.dev.plain_traceback
        ),
    ]


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger
