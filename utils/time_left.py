"""How long something still takes that goes on as fast as it has so far."""

from __future__ import annotations

ENOUGH_SEC = 3.0
"""Nobody can tell sooner."""


class TimeLeft:
    def __init__(self) -> None:
        self._begun: tuple[float, int] | None = None

    def seconds(self, now: float, done: int, total: int) -> float | None:
        """Seconds until all of `total` is done, by a clock of seconds; None: too early to say."""
        if self._begun is None:
            self._begun = now, done
        began, first = self._begun
        if now - began < ENOUGH_SEC or done <= first:
            return None
        return (total - done) * (now - began) / (done - first)
