"""How fast the messenger of one account is asked, and for how long a refusal is waited out.

Avito documents no limit here, so we keep to one of our own. A 429 is about the account: whoever
else reads it waits as well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from aiolimiter import AsyncLimiter

from core.background import until
from core.errors import AvitoError, RateLimited, Unavailable
from core.ports import Clock

PATIENCE = (5.0, 15.0, 60.0)
"""Seconds before one question is asked again that Avito did not answer, or refused by a 429."""
LONGEST_WAIT = timedelta(minutes=15)
"""Whoever should wait longer is told so instead."""
LONG_AGO = datetime.min.replace(tzinfo=UTC)
SECONDS = 60.0
_AT_ONCE = 20
"""A part of a minute's calls may leave together, one of so many."""

T = TypeVar("T")
Ask = Callable[[], Awaitable[T]]
Waiting = Callable[[datetime], Awaitable[object]]
"""Hears once until when there is nothing to do."""


class Pace:
    def __init__(self, per_minute: int, clock: Clock) -> None:
        self._clock = clock
        # What may leave at once is taken from the rest: no minute has more than `per_minute`.
        burst = max(1, per_minute // _AT_ONCE)
        steady = max(1, per_minute - burst)
        self._limiter = AsyncLimiter(burst, SECONDS * burst / steady)
        self._opens_at = LONG_AGO

    async def ask(self, question: Ask[T], waiting: Waiting) -> T:
        """The answer to `question`, in its turn, however often it has to be asked.

        Raises the `AvitoError` that patience did not help against.
        """
        for seconds in PATIENCE:
            try:
                return await self._ask_once(question, waiting)
            except RateLimited as refusal:
                self._opens_at = max(self._opens_at, self._bounded(refusal, refusal.retry_at))
            except Unavailable as failure:
                # It may be about this question only, so the others go on.
                pause = timedelta(seconds=seconds)
                retry_at = self._bounded(failure, failure.retry_at or self._clock.now() + pause)
                await self._wait(retry_at, waiting)
        return await self._ask_once(question, waiting)

    async def _ask_once(self, question: Ask[T], waiting: Waiting) -> T:
        while True:
            if self._opens_at > self._clock.now():
                await self._wait(self._opens_at, waiting)
            await self._limiter.acquire()
            # Shut while one stood in line: all of the line would leave at once later.
            if self._opens_at <= self._clock.now():
                return await question()

    async def _wait(self, instant: datetime, waiting: Waiting) -> None:
        await waiting(instant)
        await until(self._clock, instant)

    def _bounded(self, failure: AvitoError, retry_at: datetime) -> datetime:
        if retry_at - self._clock.now() > LONGEST_WAIT:
            raise failure
        return retry_at


class Paces:
    """One pace for each account."""

    def __init__(self, per_minute: int, clock: Clock) -> None:
        self._paces = defaultdict[int, Pace](lambda: Pace(per_minute, clock))

    def of(self, account: int) -> Pace:
        return self._paces[account]
