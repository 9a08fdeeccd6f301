"""A breaker before the door: an Avito that is silent is not waited for by everybody.

Each kind of call trips by itself, when so many different accounts in a row got no answer: one
broken account never trips it. From then on accounts are asked one after the other, as probes
with little patience, and whoever comes before his time is refused at once. So thousands that
hang cost minutes, and those that Avito still answers get through among them.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog

from core.errors import AvitoError, Unavailable
from core.ports import Clock, Escalate

log = structlog.get_logger(__name__)

IN_A_ROW = 8
"""So many without an answer are no accident, and so many answers are not either."""
PACE = timedelta(seconds=0.2)
"""Between two probes."""
PROBE_SEC = 5.0
"""How long a probe is waited for. What takes longer kept somebody waiting."""
SLOW = timedelta(seconds=PROBE_SEC)
REST = timedelta(seconds=30)
"""Between two probes of one account."""
LONGEST_AWAY = timedelta(minutes=5)
"""Avito may be back before somebody's turn comes, so he looks in earlier."""
LONGEST_REST = timedelta(hours=1)
"""Nobody has to wait longer, unless the clock of the machine was set back."""
LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Breaker:
    def __init__(self, clock: Clock, escalate: Escalate | None = None) -> None:
        self._clock = clock
        self._escalate = escalate
        self._circuits: defaultdict[str, _Circuit] = defaultdict(_Circuit)
        self._unheard: set[str] = set()
        """Whose last call, whatever it was, got no answer."""

    @contextmanager
    def watch(self, endpoint: str, client_id: str) -> Iterator[bool]:
        """Around a call. True: it is a probe, to be made once and with little patience.

        Raises `Unavailable`, with the instant to come back at, when it is not to be made now.
        """
        circuit, began = self._circuits[endpoint], self._clock.now()
        asks_at = circuit.asks_at(client_id, began)
        if asks_at > began:
            retry_at = min(asks_at, began + LONGEST_AWAY)
            raise Unavailable(endpoint, detail="silent lately, so not asked", retry_at=retry_at)
        try:
            yield circuit.is_tripped or client_id in self._unheard
        except Unavailable:
            self._silent(endpoint, client_id, began)
            raise
        except asyncio.CancelledError:
            # The caller had less patience than we.
            if self._clock.now() - began > SLOW:
                self._silent(endpoint, client_id, began)
            raise
        except AvitoError as error:
            if error.status is not None:
                self._answered(endpoint, client_id)
            raise
        else:
            self._answered(endpoint, client_id)

    def _silent(self, endpoint: str, client_id: str, began: datetime) -> None:
        self._unheard.add(client_id)
        if self._circuits[endpoint].failed(client_id, began, self._clock.now()):
            log.warning("avito_is_away", endpoint=endpoint)
            if self._escalate is not None:
                self._escalate(Unavailable(endpoint, detail=f"{IN_A_ROW} accounts in a row"))

    def _answered(self, endpoint: str, client_id: str) -> None:
        self._unheard.discard(client_id)
        if self._circuits[endpoint].answered(client_id, self._clock.now()):
            log.info("avito_is_back", endpoint=endpoint)


@dataclass(slots=True)
class _Circuit:
    """One kind of call."""

    is_tripped: bool = False
    _silent: set[str] = field(default_factory=set)
    """Who got no answer since somebody got one."""
    _answers: int = 0
    """Since somebody got none."""
    _asks_at: dict[str, datetime] = field(default_factory=dict)
    """When an account may ask; whoever is not here, at once, or in his turn when it is tripped."""
    _last_at: datetime = LONG_AGO

    def asks_at(self, client_id: str, now: datetime) -> datetime:
        if self.is_tripped and client_id not in self._asks_at:
            self._asks_at[client_id] = self._next_at(now)
        at = self._asks_at.get(client_id, now)
        return at if at - now < LONGEST_REST else now

    def failed(self, client_id: str, began: datetime, now: datetime) -> bool:
        """True when this one trips it."""
        self._answers = 0
        self._silent.add(client_id)
        trips = not self.is_tripped and len(self._silent) >= IN_A_ROW
        if trips:
            self.is_tripped = True
            self._asks_at.clear()
        if self.is_tripped:
            self._asks_at[client_id] = max(now + REST, self._next_at(now))
        elif now - began > SLOW:
            # One that hangs by itself does so at most half of the time.
            self._asks_at[client_id] = now + (now - began)
        return trips

    def answered(self, client_id: str, now: datetime) -> bool:
        """True when Avito is back."""
        self._silent.clear()
        self._answers += 1
        is_back = self.is_tripped and self._answers >= IN_A_ROW
        if is_back:
            self.is_tripped = False
            self._asks_at.clear()
        elif self.is_tripped:
            self._asks_at[client_id] = now
        return is_back

    def _next_at(self, now: datetime) -> datetime:
        self._last_at = max(now, self._last_at + PACE)
        return self._last_at
