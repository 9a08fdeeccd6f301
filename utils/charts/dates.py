"""Which days have their names under the axis: as many as can be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from utils.charts import words
from utils.charts.course import Step
from utils.charts.scene import MARGIN, WIDTH, Face
from utils.charts.text import width_of
from utils.periods import Period

Mark = tuple[float, str]
_LEAST_GAP = 20
_ALL_NAMED = 8
"""So many days have each its weekday."""


def date_labels(points: Sequence[Period], step: Step, left: float, day: float) -> list[Mark]:
    """The middle of each label and its text: the densest choice that does not collide."""
    fitting = (
        marks
        for marks in map(_kept_inside, _choices(points, step, left, day))
        if _are_apart(marks)
    )
    return next(fitting, [])


def _choices(
    points: Sequence[Period], step: Step, left: float, day: float
) -> Iterator[list[Mark]]:
    period = Period(points[0].first, points[-1].last)
    days = list(period)

    def middle(index: int) -> float:
        return left + (index + 0.5) * day

    if step is Step.DAY:
        if len(days) <= _ALL_NAMED:
            yield [(middle(index), words.weekday(one)) for index, one in enumerate(days)]
        for stride in (2, 3):
            chosen = range((len(days) - 1) % stride, len(days), stride)
            yield [(middle(index), words.day_and_month(days[index])) for index in chosen]
        mondays = [index for index, one in enumerate(days) if one.weekday() == 0]
        for stride in (1, 2):
            chosen_mondays = mondays[::stride]
            yield [(middle(index), words.day_and_month(days[index])) for index in chosen_mondays]
    firsts = [index for index, one in enumerate(days) if one.day == 1]
    for stride in (1, 2, 3, 6, 12, 24, 60, 120):
        yield [
            (middle(index), words.month(days[index]))
            for index in firsts
            if (days[index].year * 12 + days[index].month - 1) % stride == 0
        ]


def _kept_inside(marks: list[Mark]) -> list[Mark]:
    """Labels at the edges move into the picture."""
    inside = []
    for x, text in marks:
        half = width_of(text, Face.SMALL) / 2
        inside.append((min(max(x, MARGIN / 2 + half), WIDTH - MARGIN / 2 - half), text))
    return inside


def _are_apart(marks: list[Mark]) -> bool:
    return bool(marks) and all(
        right - left >= (width_of(one, Face.SMALL) + width_of(other, Face.SMALL)) / 2 + _LEAST_GAP
        for (left, one), (right, other) in pairwise(marks)
    )
