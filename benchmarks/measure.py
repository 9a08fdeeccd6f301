"""What a measurement is, and how two things are timed so that their ratio can be trusted."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from statistics import median

Action = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is done: medians of `rounds`, each of `count` repetitions."""

    rounds: int
    count: int


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the table. `unit` is part of the name; what decides `holds` is a limit.

    A `limit` may not be exceeded, an `at_least` has to be reached: by the ratio where there is
    a baseline, else by the value itself.
    """

    name: str
    value: float
    baseline: float | None = None
    limit: float | None = None
    at_least: float | None = None

    @property
    def ratio(self) -> float | None:
        return self.value / self.baseline if self.baseline else None

    @property
    def target(self) -> str | None:
        if self.at_least is not None:
            return f">= {self.at_least:g}"
        return None if self.limit is None else f"<= {self.limit:g}"

    @property
    def holds(self) -> bool | None:
        judged = self.value if self.ratio is None else self.ratio
        if self.at_least is not None:
            return judged >= self.at_least
        return None if self.limit is None else judged <= self.limit

    def as_json(self) -> dict[str, object]:
        return {
            "name": self.name,
            "value": self.value,
            "baseline": self.baseline,
            "ratio": self.ratio,
            "target": self.target,
            "holds": self.holds,
        }


async def interleaved(effort: Effort, *actions: Action) -> list[float]:
    """The median seconds of each action, timed in turns: what slows one slows the others."""
    seconds: list[list[float]] = [[] for _ in actions]
    for _ in range(effort.rounds):
        for action, taken in zip(actions, seconds, strict=True):
            began = time.perf_counter()
            for _ in range(effort.count):
                await action()
            taken.append((time.perf_counter() - began) / effort.count)
    return [median(taken) for taken in seconds]
