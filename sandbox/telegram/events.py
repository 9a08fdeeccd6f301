"""What happened in the chats, as a stream that a page or a test can follow."""

import asyncio
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

T = TypeVar("T")

PATIENCE_SEC = 60.0
"""Who waits longer than this waits for nothing, on a busy machine too."""


class Signal:
    """Wakes everybody who waits; unlike a Condition it can be fired from plain code."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def fire(self) -> None:
        self._event.set()
        self._event = asyncio.Event()

    async def wait(self) -> None:
        await self._event.wait()

    async def until(self, probe: Callable[[], T | None], timeout: float = PATIENCE_SEC) -> T:
        """The first truthy value of `probe`, asked again at every signal; else TimeoutError."""
        async with asyncio.timeout(timeout):
            while not (found := probe()):
                await self.wait()
            return found


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that a person could have noticed. `chat` is the key of the chat.

    Kinds: message, edited, deleted, pressed, notice, action, member, topic.
    """

    seq: int
    at: str
    chat: str
    kind: str
    data: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class EventStream:
    """Append-only; `seq` counts from 1 without gaps."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self.signal = Signal()

    @property
    def last_seq(self) -> int:
        return len(self._events)

    def append(self, *, at: str, chat: str, kind: str, data: dict[str, Any]) -> Event:
        event = Event(len(self._events) + 1, at, chat, kind, data)
        self._events.append(event)
        self.signal.fire()
        return event

    def after(self, seq: int, chat: str | None = None) -> list[Event]:
        return [event for event in self._events[seq:] if chat in (None, event.chat)]

    async def wait_after(
        self, seq: int, chat: str | None = None, timeout: float = 25.0
    ) -> list[Event]:
        """Events later than `seq`, waiting for the first one; empty when none came in time."""
        try:
            return await self.signal.until(lambda: self.after(seq, chat), timeout)
        except TimeoutError:
            return []
