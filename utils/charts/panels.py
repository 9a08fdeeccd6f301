"""The panels of a picture: one under another, each with a scale of its own.

Contacts are dozens where views are thousands, so two lines on one scale would show only one of
them; two scales on one panel would make them cross where nothing crosses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from utils.charts import words
from utils.charts.course import Course, Series
from utils.charts.scene import Ink
from utils.formatter import NO_DATA


@dataclass(frozen=True, slots=True)
class Look:
    name: str
    ink: Ink
    cut_ink: Ink
    """For the day that was read before its end."""
    tint: Ink | None = None
    """Under a line; None makes it columns."""
    unit: str = ""
    divisor: int = 1
    """How many of what is stored are one of what is shown: 100 kopecks."""


_CONTACTS = Look(words.CONTACTS, Ink.CONTACTS, Ink.CONTACTS_CUT, Ink.CONTACTS_TINT)
_VIEWS = Look(words.VIEWS, Ink.VIEWS, Ink.VIEWS_CUT, Ink.VIEWS_TINT)
_SPENDING = Look(words.SPENDING, Ink.SPENDING, Ink.SPENDING_CUT, unit=words.ROUBLE, divisor=100)


@dataclass(frozen=True, slots=True)
class Panel:
    look: Look
    values: Sequence[float | None]
    """By the points of the course, in what is shown: counts, roubles."""
    before: Sequence[float | None]
    total: float | None
    total_before: float | None
    span: str = ""
    """Of how many days the total is, where one might think of others."""

    @property
    def known(self) -> list[float]:
        return [one for one in (*self.values, *self.before) if one is not None]

    @property
    def has_before(self) -> bool:
        return any(one is not None for one in self.before)

    def figure(self, value: float | None, *, brief: bool = False) -> str:
        """A total in words: with every digit, or `brief`ly."""
        if value is None:
            return NO_DATA
        return (words.short(value) if brief else words.full(value)) + self.look.unit


def panels_of(course: Course) -> list[Panel]:
    wanted = [
        (course.contacts, _CONTACTS),
        (course.views, _VIEWS),
        (course.spending, _SPENDING),
    ]
    return [_panel(course, series, look) for series, look in wanted if series is not None]


def _panel(course: Course, series: Series, look: Look) -> Panel:
    def shown(values: Sequence[float | None]) -> list[float | None]:
        return [None if value is None else value / look.divisor for value in values]

    total, total_before = shown([series.total, None if course.is_cut else series.total_before])
    return Panel(
        look,
        shown(course.folded(series.values)),
        shown(course.folded(series.before)),
        total,
        total_before,
        words.over_days(course.period) if course.is_wider else "",
    )
