"""Flood limits: 30 messages a second overall, one a second per chat, 20 a minute per group."""

import math
from collections import defaultdict, deque
from dataclasses import dataclass, field

from sandbox.telegram.errors import too_many_requests

# Sends and edits are what Telegram counts; reading and answering a press are free.
_COUNTED = ("send", "editmessage", "forward", "copy")
_FREE = frozenset({"sendchataction"})


@dataclass
class FloodLimits:
    """Off unless `strict`. Windows roll on the sandbox clock; a refused call does not count."""

    strict: bool = False
    per_second: int = 30
    chat_burst: int = 3
    group_per_minute: int = 20
    _sent: dict[int, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    _chat_due: dict[tuple[int, int], float] = field(default_factory=dict)
    _group_sent: dict[tuple[int, int], deque[float]] = field(
        default_factory=lambda: defaultdict(deque)
    )

    def admit(self, bot_id: int, method: str, chat_id: int | None, now: float) -> None:
        """Count one call; raises 429 with retry_after when it is one too many."""
        name = method.lower()
        if not self.strict or chat_id is None or name in _FREE or not name.startswith(_COUNTED):
            return
        chat = (bot_id, chat_id)
        wait = max(
            _window_wait(self._sent[bot_id], self.per_second, 1.0, now),
            self._chat_wait(chat, now),
            self._group_wait(chat, now),
        )
        if wait > 0:
            raise too_many_requests(max(1, math.ceil(wait)))
        self._sent[bot_id].append(now)
        self._chat_due[chat] = max(self._chat_due.get(chat, now), now) + 1.0
        if chat_id < 0:
            self._group_sent[chat].append(now)

    def _chat_wait(self, chat: tuple[int, int], now: float) -> float:
        """One a second on average, `chat_burst` at once after a pause."""
        return self._chat_due.get(chat, now) - now - (self.chat_burst - 1)

    def _group_wait(self, chat: tuple[int, int], now: float) -> float:
        if chat[1] >= 0:
            return 0.0
        return _window_wait(self._group_sent[chat], self.group_per_minute, 60.0, now)


def _window_wait(sent: deque[float], limit: int, window: float, now: float) -> float:
    while sent and sent[0] <= now - window:
        sent.popleft()
    return sent[0] + window - now if len(sent) >= limit else 0.0
