"""How long something still takes that goes on as fast as it has so far."""

from __future__ import annotations

from typing import NamedTuple

ENOUGH_SEC = 10.0
ENOUGH = 10
"""Nobody can tell sooner: after so many seconds, and so many things done in them."""


class Far(NamedTuple):
    """How far it is. Things are of any length, which is known of those alone that are done."""

    done: int
    total: int
    steps: int
    """Made so far."""
    in_hand: int
    """Of them, those for things that are not done yet: many are under way side by side."""


class TimeLeft:
    def __init__(self) -> None:
        self._begun: tuple[float, Far] | None = None

    def seconds(self, now: float, far: Far) -> float | None:
        """Seconds until all is done, by a clock of seconds; None: too early to say."""
        if self._begun is None:
            self._begun = now, far
        began, first = self._begun
        # What was there already says nothing about the speed.
        done, steps = far.done - first.done, far.steps - first.steps
        if now - began < ENOUGH_SEC or done < ENOUGH or not steps:
            return None
        a_thing = (steps - far.in_hand) / done
        left = max((far.total - far.done) * a_thing - far.in_hand, 0)
        return left * (now - began) / steps
