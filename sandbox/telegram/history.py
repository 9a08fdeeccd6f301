"""Every Bot API call that came in, for checkers; append-only."""

import json
import time
from dataclasses import dataclass, field
from typing import Any, Literal

from sandbox.telegram.events import Signal

Json = dict[str, Any]
Connection = Literal["open", "answered", "dropped", "abandoned"]

SENDING = frozenset({"sendMessage", "sendPhoto", "sendDocument"})
EDITING = frozenset({"editMessageText", "editMessageCaption", "editMessageMedia"})


@dataclass(slots=True, eq=False)
class CallRecord:
    """`accepted_*` is set when the call changed the world, whatever the caller was told.

    `*_at` is sandbox time (ISO, UTC), `*_real` is `time.time()` of this machine, so that a
    checker can join it with the journals of other processes. `connection` says how it ended:
    answered, dropped by us (a fault), abandoned by the caller.
    """

    seq: int
    bot_id: int
    method: str
    params: Json
    arrived_at: str
    arrived_real: float
    chat_id: int | None = None
    accepted_at: str | None = None
    accepted_real: float | None = None
    finished_real: float | None = None
    ok: bool | None = None
    error_code: int | None = None
    description: str | None = None
    message_id: int | None = None
    faults: list[str] = field(default_factory=list)
    connection: Connection = "open"

    def accept(self, at: str, result: Any) -> None:
        self.accepted_at, self.accepted_real = at, time.time()
        if isinstance(result, dict) and "message_id" in result:
            self.message_id = result["message_id"]

    @property
    def is_shown(self) -> bool:
        """Whether it put something into a chat that people read."""
        return self.accepted_at is not None and self.method in (*SENDING, *EDITING)

    @property
    def words(self) -> str:
        """What people read: a text, or what stands under a picture or a document."""
        shown = self.params.get("media", self.params)
        return str(shown.get("text") or shown.get("caption") or "")

    def as_json(self) -> Json:
        return {name: getattr(self, name) for name in self.__slots__}


class History:
    def __init__(self) -> None:
        self.calls: list[CallRecord] = []
        self._running: set[CallRecord] = set()
        self.signal = Signal()
        self._last_activity = time.monotonic()

    def open(self, bot_id: int, method: str, params: dict[str, str], at: str) -> CallRecord:
        seen = {name: _readable(value) for name, value in params.items()}
        record = CallRecord(len(self.calls) + 1, bot_id, method, seen, at, time.time())
        chat_id = params.get("chat_id", "")
        if chat_id.lstrip("-").isdigit():
            record.chat_id = int(chat_id)
        self.calls.append(record)
        self._running.add(record)
        self._touch(record)
        return record

    def close(self, record: CallRecord, connection: Connection) -> None:
        record.connection = connection
        record.finished_real = time.time()
        self._running.discard(record)
        self._touch(record)

    def is_busy(self, bot_id: int) -> bool:
        """Whether the bot waits for an answer to anything but its long poll."""
        return any(c.bot_id == bot_id and c.method != "getUpdates" for c in self._running)

    def seconds_since_activity(self) -> float:
        return time.monotonic() - self._last_activity

    def _touch(self, record: CallRecord) -> None:
        if record.method != "getUpdates":
            self._last_activity = time.monotonic()
            self.signal.fire()

    def sent(self, chat_id: int | None = None) -> list[CallRecord]:
        """The calls that were to make a new message."""
        return [
            call
            for call in self.calls
            if call.method in SENDING and chat_id in (None, call.chat_id)
        ]

    def of(self, method: str, chat_id: int | None = None) -> list[CallRecord]:
        return [
            call
            for call in self.calls
            if call.method == method and chat_id in (None, call.chat_id)
        ]


def _readable(value: str) -> Any:
    """Nested parameters travel as JSON texts; a checker wants them parsed."""
    if value[:1] not in ("{", "["):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
