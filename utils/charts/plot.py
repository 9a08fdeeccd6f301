"""One panel over several days: weekends, grid, the line or the columns, numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, pairwise
from statistics import median_low

from utils.charts import words
from utils.charts.panels import Panel
from utils.charts.scale import Scale
from utils.charts.scene import (
    MARGIN,
    WIDTH,
    Anchor,
    Area,
    Block,
    Box,
    Column,
    Dot,
    End,
    Face,
    Ink,
    Label,
    Point,
    Shape,
    Stroke,
)
from utils.charts.text import box_of, middle_of, width_of
from utils.periods import Period

RIGHT = WIDTH - MARGIN
TICK_GAP = 14
_SATURDAY = 5
_DOTTED = 16
"""So many points have a dot each."""
_LINE, _THIN_LINE, _DOT = 7, 5, 10
_WIDEST = 110
"""What a column and the air beside it take at most."""
_STUB = 5
_OVER_TOP = 14
_OVER_POINT, _UNDER_POINT = 22, 46


@dataclass(frozen=True)
class Axis:
    """Where the days stand, the same in all panels."""

    points: Sequence[Period]
    left: float

    @cached_property
    def day(self) -> float:
        """How wide a day is."""
        return (RIGHT - self.left) / Period(self.points[0].first, self.points[-1].last).length

    @cached_property
    def _usual(self) -> int:
        return median_low(point.length for point in self.points)

    def width(self, index: int) -> float:
        """Of a point, but none is wider than most are: a week with odd days looks like a week."""
        return min(self.points[index].length, self._usual) * self.day

    def start(self, point: Period) -> float:
        return self.left + (point.first - self.points[0].first).days * self.day

    def middle(self, index: int) -> float:
        point = self.points[index]
        return self.start(point) + point.length * self.day / 2


@dataclass(frozen=True, slots=True)
class Plot:
    panel: Panel
    axis: Axis
    scale: Scale
    top: float
    bottom: float
    numbered: bool
    """The values stand at their points instead of a grid."""
    cut: bool

    def y(self, value: float) -> float:
        return self.bottom - (self.bottom - self.top) * self.scale.share(value)

    def at(self, index: int, value: float) -> Point:
        return self.axis.middle(index), self.y(value)

    def runs(self, values: Sequence[float | None]) -> Iterator[list[Point]]:
        """The known stretches between the gaps."""
        for known, run in groupby(enumerate(values), key=lambda pair: pair[1] is not None):
            if known:
                yield [self.at(index, value) for index, value in run if value is not None]


def plotted(plot: Plot) -> Iterator[Shape]:
    """All of it, the first at the back."""
    yield from _weekends(plot)
    tint = plot.panel.look.tint
    if tint is not None:
        yield from _areas(plot, tint)
    if not plot.numbered:
        yield from _grid(plot)
    if tint is not None:
        yield _zero(plot)
        yield from _line_before(plot)
        yield from _line(plot)
    else:
        yield from _columns(plot)
        yield _zero(plot)
    if plot.numbered:
        yield from _numbers(plot)


def _weekends(plot: Plot) -> Iterator[Shape]:
    for point in plot.axis.points:
        if point.length == 1 and point.first.weekday() >= _SATURDAY:
            left = plot.axis.start(point)
            box = Box(left, plot.top - _OVER_TOP, left + plot.axis.day, plot.bottom)
            yield Block(box, Ink.WEEKEND)


def _grid(plot: Plot) -> Iterator[Shape]:
    x = plot.axis.left - TICK_GAP
    for tick in plot.scale.ticks:
        y = plot.y(tick)
        if tick:
            yield Block(Box(plot.axis.left, y - 1, RIGHT, y + 1), Ink.GRID)
        at = x, y + middle_of(Face.SMALL)
        yield Label(tick_text(plot.panel, tick), Face.SMALL, Ink.MUTED, at, Anchor.RIGHT)


def tick_text(panel: Panel, tick: float) -> str:
    return words.short(tick) + panel.look.unit if tick else words.short(tick)


def _zero(plot: Plot) -> Shape:
    y = plot.y(0)
    return Block(Box(plot.axis.left, y - 1, RIGHT, y + 2), Ink.ZERO)


def _areas(plot: Plot, tint: Ink) -> Iterator[Shape]:
    zero = plot.y(0)
    for run in plot.runs(plot.panel.values):
        if len(run) > 1:
            yield Area(((run[0][0], zero), *run, (run[-1][0], zero)), tint)


def _line_before(plot: Plot) -> Iterator[Shape]:
    for run in plot.runs(plot.panel.before):
        if len(run) > 1:
            yield Stroke(tuple(run), Ink.BEFORE, _THIN_LINE)
        else:
            yield Dot(run[0], _THIN_LINE, Ink.BEFORE)


def _line(plot: Plot) -> Iterator[Shape]:
    look, values = plot.panel.look, plot.panel.values
    whole = values[:-1] if plot.cut else values
    if plot.cut:
        for run in plot.runs(values):
            # Only the way to the last point stays to be seen of this paler line.
            yield Stroke(tuple(run), look.cut_ink, _LINE)
    for run in plot.runs(whole):
        if len(run) > 1:
            yield Stroke(tuple(run), look.ink, _LINE)
        if len(run) == 1 or len(values) <= _DOTTED:
            yield from (Dot(point, _DOT, look.ink) for point in run)
    if plot.cut and values[-1] is not None:
        point = plot.at(len(values) - 1, values[-1])
        yield from (Dot(point, _DOT, look.ink), Dot(point, _DOT / 2, Ink.PAPER))


def _columns(plot: Plot) -> Iterator[Shape]:
    look, last = plot.panel.look, len(plot.panel.values) - 1
    for index, value in enumerate(plot.panel.before):
        if value is not None:
            yield _column(plot, index, value, Ink.BEFORE, 0.86)
    for index, value in enumerate(plot.panel.values):
        if value is not None:
            ink = look.cut_ink if plot.cut and index == last else look.ink
            yield _column(plot, index, value, ink, 0.62)


def _column(plot: Plot, index: int, value: float, ink: Ink, share: float) -> Column:
    # Whole pixels: columns of one width with sharp sides.
    width = round(min(plot.axis.width(index), _WIDEST) * share)
    left = round(plot.axis.middle(index) - width / 2)
    zero, y = plot.y(0), plot.y(value)
    if value < 0:
        return Column(Box(left, zero, left + width, y), ink, End.BOTTOM)
    # A known nothing is seen, too: only what is unknown leaves no trace.
    return Column(Box(left, min(y, zero - _STUB), left + width, zero), ink, End.TOP)


def _numbers(plot: Plot) -> Iterator[Shape]:
    """The value of each point near it, where the fewest lines run through it."""
    own = list(plot.runs(plot.panel.values))
    before = list(plot.runs(plot.panel.before))
    for index, value in enumerate(plot.panel.values):
        if value is None:
            continue
        text = words.beside_point(value)
        if plot.panel.look.tint is None:
            x, y = plot.at(index, max(value, 0))
            yield Label(text, Face.VALUE, Ink.TEXT, (x, y - _OVER_POINT), Anchor.MIDDLE)
        else:
            places = _places(plot, text, plot.at(index, value))
            yield min(places, key=lambda label: (_hits(label, own), _hits(label, before)))


def _places(plot: Plot, text: str, point: Point) -> Iterator[Label]:
    """Where the number of a point may stand, the best place first."""
    x, y = point
    half = width_of(text, Face.VALUE) / 2
    # To a side only as far as its own day goes: the next number may come as near.
    aside = max(0, min(half + _DOT, plot.axis.day / 2 - half - 4))
    for dx, dy in (
        (0, -_OVER_POINT),
        (0, _UNDER_POINT),
        (aside, -_OVER_POINT),
        (-aside, -_OVER_POINT),
        (0, -2 * _OVER_POINT),
    ):
        label = Label(text, Face.VALUE, Ink.TEXT, (x + dx, y + dy), Anchor.MIDDLE)
        if dy < 0 or box_of(label).bottom < plot.y(0) - _STUB:
            yield label


def _hits(label: Label, runs: Sequence[Sequence[Point]]) -> int:
    """How often lines run through a label."""
    box = box_of(label).grown(_LINE / 2)
    return sum(box.is_crossed_by(*way) for run in runs for way in pairwise(run))
