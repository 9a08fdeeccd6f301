"""Where a value stands on an axis, and which round values are written beside it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

_MOST_TICKS = 3
"""Beside zero."""
_ROUND = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Scale:
    """From `low` to `high`, zero always between them or at an end."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def share(self, value: float) -> float:
        """0 at the low end, 1 at the high one."""
        return (value - self.low) / (self.high - self.low)


def scale_for(values: Iterable[float | None], *, whole: bool) -> Scale:
    """The narrowest scale that holds zero and all values; `whole` allows no tick at a fraction."""
    known = [value for value in values if value is not None]
    low, high = min([0.0, *known]), max([0.0, *known])
    if low == high:
        # Nothing but zeros: any height will do, and 0 is the only tick worth writing.
        return Scale(0.0, 1.0, (0.0,))
    step = _round_step(high - low, whole=whole)
    first, last = math.ceil(low / step), math.floor(high / step)
    return Scale(low, high, tuple(step * number for number in range(first, last + 1)))


def _round_step(span: float, *, whole: bool) -> float:
    """The smallest round step of which no more than `_MOST_TICKS` fit into `span`."""
    magnitude = 10.0 ** math.floor(math.log10(span / _MOST_TICKS))
    steps = (factor * magnitude for factor in (*_ROUND, 2 * _ROUND[-1]))
    return next(
        step
        for step in steps
        if math.floor(span / step) <= _MOST_TICKS and not (whole and step % 1)
    )
