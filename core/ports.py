"""What the core asks of the outside: a clock, a rate gate, a place for tokens.

Each port exists because the layer that needs it may not import the layer that has it
(`avito` knows no database), never for the sake of a second implementation.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Time is an argument everywhere: nothing in the product calls `datetime.now` but this."""

    def now(self) -> datetime:
        """The current instant, aware, in UTC."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class Escalate(Protocol):
    """Takes note of a failure that nobody waits to hear about, for the operator."""

    def __call__(self, error: Exception, **ids: object) -> None: ...


class RateGate(Protocol):
    """Avito's limits per account and method, shared by every button, job and process."""

    async def enter(self, account: int, method: str, *, interval_seconds: float) -> None:
        """Take the only place of this interval, durably, before the request leaves.

        Raises `core.errors.RateLimited` with the instant the gate opens when it is taken.
        """
        ...

    async def hold(self, account: int, method: str, *, seconds: float) -> None:
        """Keep the gate shut for `seconds` from now; never shortens an earlier hold."""
        ...


@dataclass(frozen=True, slots=True)
class Token:
    """An Avito access token. Its repr never shows the value."""

    value: str
    expires_at: datetime

    def __repr__(self) -> str:
        return f"Token(expires_at={self.expires_at.isoformat()})"


class TokenStore(Protocol):
    """Where the one cached token of a profile lives between calls and restarts."""

    async def load(self, profile_id: int) -> Token | None: ...

    async def save(self, profile_id: int, token: Token | None) -> None:
        """Keep `token` (None forgets it), in a transaction of its own."""
        ...
