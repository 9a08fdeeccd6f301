"""Troubles on request: what a network, a proxy or the real server sometimes does."""

import asyncio
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal, get_args

Json = dict[str, Any]

Kind = Literal[
    "latency_before",  # waits `seconds`, then goes on
    "hold_before",  # waits until it is lifted, then goes on
    "hang_before",  # never answers, nothing is done
    "drop_before",  # closes the connection, nothing is done
    "http_500",  # {"ok": false} "Internal Server Error: restart"
    "http_502",  # an HTML page of a proxy
    "http_504",  # an HTML page of a proxy
    "flood",  # 429 with retry_after
    "flood_text",  # 429 in plain text
    "unauthorized",  # 401
    "conflict",  # 409
    "latency_after",  # done, then waits `seconds` before the answer
    "hold_after",  # done, answered once it is lifted
    "hang_after",  # done, never answered
    "drop_after",  # done, the connection is closed instead of an answer
    "half_answer",  # done, the connection breaks in the middle of the answer
    "truncated_json",  # done, HTTP 200 with a JSON that stops half way
    "unknown_schema",  # done, ok:true with a result no library can read
]

KINDS: frozenset[str] = frozenset(get_args(Kind))
_BEFORE: frozenset[str] = frozenset(
    {"latency_before", "hold_before", "hang_before", "drop_before"}
    | {"flood", "flood_text", "unauthorized", "conflict"}
)
# A gateway's error says nothing about what the server behind it did.
_EITHER: frozenset[str] = frozenset({"http_500", "http_502", "http_504"})


@dataclass(eq=False)
class Fault:
    """`method` may be a pattern: `send*`.

    `times` is how many calls it still hits (None: until cleared).
    `seconds` are real ones: they stand for the network. `processed` makes an http_5xx come
    after the work was done instead of before. What is held goes on once the fault is lifted; one
    that is cleared is.
    """

    kind: Kind
    method: str | None = None
    chat_id: int | None = None
    times: int | None = None
    seconds: float = 1.0
    retry_after: int = 1
    processed: bool = False

    def __post_init__(self) -> None:
        self.lifted = asyncio.Event()
        if self.kind not in KINDS:
            raise ValueError(f"no such fault: {self.kind}")

    def lift(self) -> None:
        """It hits nothing any more."""
        self.times = 0
        self.lifted.set()

    @property
    def is_before(self) -> bool:
        return self.kind in _BEFORE or (self.kind in _EITHER and not self.processed)

    @property
    def is_late(self) -> bool:
        return self.kind.startswith(("latency", "hold"))

    @property
    def is_held(self) -> bool:
        return self.kind.startswith("hold") and not self.lifted.is_set()

    def hits(self, method: str, chat_id: int | None) -> bool:
        same_method = self.method is None or fnmatchcase(method.lower(), self.method.lower())
        return self.times != 0 and same_method and self.chat_id in (None, chat_id)


@dataclass
class Faults:
    active: list[Fault] = field(default_factory=list)

    def add(self, fault: Fault) -> Fault:
        self.active.append(fault)
        return fault

    def clear(self) -> None:
        for fault in self.active:
            fault.lift()
        self.active.clear()

    @property
    def have_silence(self) -> bool:
        """Whether some call will hang."""
        return any(fault.kind.startswith("hang") for fault in self.active)

    def take(self, method: str, chat_id: int | None) -> list[Fault]:
        """The faults that hit this call, each counted down by one."""
        taken = [fault for fault in self.active if fault.hits(method, chat_id)]
        for fault in taken:
            if fault.times is not None:
                fault.times -= 1
        # One that holds is let go by `clear` even if it hits nothing more.
        self.active[:] = [f for f in self.active if f.times != 0 or f.is_held]
        return taken
