"""A pause between two of the same in one chat."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.ports import Clock


class Cooldown:
    """Forgotten by a restart, which is harmless: it only keeps a chat from being flooded."""

    def __init__(self, clock: Clock, pause: timedelta) -> None:
        self._clock = clock
        self._pause = pause
        self._over_at: dict[int, datetime] = {}

    def begin(self, chat_id: int) -> None:
        now = self._clock.now()
        self._over_at = {chat: over_at for chat, over_at in self._over_at.items() if over_at > now}
        self._over_at[chat_id] = now + self._pause

    def left(self, chat_id: int) -> timedelta:
        """How long the chat still has to wait; nothing once the pause is over."""
        now = self._clock.now()
        left = self._over_at.get(chat_id, now) - now
        # A clock that was set back must not lock a chat out for an hour.
        return left if timedelta(0) < left <= self._pause else timedelta(0)
