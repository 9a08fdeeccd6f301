"""The update queue of a bot: kept until confirmed, given in order, repeated byte for byte."""

import json
from dataclasses import dataclass, field
from typing import Any

from sandbox.clock import SandboxClock
from sandbox.telegram.errors import ApiError, conflict
from sandbox.telegram.events import Signal

Json = dict[str, Any]

MAX_TIMEOUT = 50
KEPT_SECONDS = 86_400.0
# A press that nobody fetched is forgotten much sooner than a message.
CALLBACK_SECONDS = 150.0
NOT_BY_DEFAULT = frozenset({"chat_member", "message_reaction", "message_reaction_count"})


@dataclass(frozen=True, slots=True)
class Update:
    id: int
    kind: str
    raw: str
    expires_at: float


@dataclass(frozen=True, slots=True)
class Ask:
    """Arguments of a getUpdates call, already within their bounds."""

    offset: int = 0
    limit: int = 100
    timeout: int = 0


@dataclass(eq=False)
class UpdateQueue:
    clock: SandboxClock
    last_id: int
    signal: Signal
    allowed: frozenset[str] | None = None
    webhook_url: str = ""
    pending: list[Update] = field(default_factory=list)
    _poller: "_Poller | None" = None
    _last_offset: int | None = None
    _last_asked_at: float = float("-inf")

    def add(self, kind: str, payload: Json) -> int | None:
        """Queue an update; None when the bot did not ask for this kind."""
        if kind in NOT_BY_DEFAULT if self.allowed is None else kind not in self.allowed:
            return None
        return self.inject({kind: payload})

    def inject(self, body: Json) -> int:
        """Queue any body as the next update, even one that no library can read."""
        self.last_id = int(body.get("update_id", self.last_id + 1))
        raw = json.dumps({"update_id": self.last_id, **body})
        kind = next((key for key in body if key != "update_id"), "")
        keep = CALLBACK_SECONDS if kind == "callback_query" else KEPT_SECONDS
        self.pending.append(Update(self.last_id, kind, raw, self.clock.monotonic() + keep))
        self.signal.fire()
        return self.last_id

    @property
    def is_polled(self) -> bool:
        return self._poller is not None

    def allow(self, kinds: list[str]) -> None:
        """An empty list restores the default set, as setting `[]` does on the server."""
        self.allowed = frozenset(kinds) or None

    def drop_pending(self) -> None:
        self.pending.clear()
        self.signal.fire()

    def close_polls(self, why: ApiError) -> None:
        if self._poller is not None:
            self._poller.refusal = why
            self._poller = None
            self.signal.fire()

    async def get(self, ask: Ask, *, strict: bool = False) -> str:
        """A JSON array of updates. The offset confirms everything before it, at once."""
        if self.webhook_url:
            raise conflict(
                "can't use getUpdates method while webhook is active;"
                " use deleteWebhook to delete the webhook first"
            )
        if strict:
            ask = self._calmed(ask)
        self._confirm(ask.offset)
        if ask.timeout and not self._ready(ask):
            await self._wait(ask)
        return "[" + ",".join(update.raw for update in self._ready(ask)) + "]"

    def _calmed(self, ask: Ask) -> Ask:
        """Repeating the same offset at once gets a longer poll and fewer updates."""
        now = self.clock.monotonic()
        passed = now - self._last_asked_at if ask.offset == self._last_offset else float("inf")
        self._last_offset, self._last_asked_at = ask.offset, now
        timeout = max(ask.timeout, 3) if passed < 3 else ask.timeout
        return Ask(ask.offset, 1 if passed < 0.5 else ask.limit, timeout)

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            self.pending = self.pending[offset:]
        elif 0 < offset <= self.last_id + 1:
            # An offset from before a reset of the ids is too big: the server starts anew.
            self.pending = [update for update in self.pending if update.id >= offset]
        self.signal.fire()

    def _ready(self, ask: Ask) -> list[Update]:
        now = self.clock.monotonic()
        self.pending = [update for update in self.pending if update.expires_at > now]
        return self.pending[: ask.limit]

    async def _wait(self, ask: Ask) -> None:
        self.close_polls(
            conflict(
                "terminated by other getUpdates request;"
                " make sure that only one bot instance is running"
            )
        )
        poller = self._poller = _Poller()
        self.signal.fire()
        try:
            # A long poll is a matter of the network: it takes real seconds on any clock.
            await self.signal.until(
                lambda: poller.refusal is not None or bool(self._ready(ask)), ask.timeout
            )
        except TimeoutError:
            return
        finally:
            if self._poller is poller:
                self._poller = None
        if poller.refusal is not None:
            raise poller.refusal


@dataclass(eq=False)
class _Poller:
    refusal: ApiError | None = None
