"""One day against the day before, as two bars each: there is no line through a single day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from utils.charts import words
from utils.charts.course import Course
from utils.charts.panels import Panel
from utils.charts.scale import scale_for
from utils.charts.scene import (
    MARGIN,
    WIDTH,
    Block,
    Box,
    Column,
    End,
    Face,
    Ink,
    Label,
    Shape,
)
from utils.charts.text import middle_of, width_of

_HEADING = 84
_GAP = 18
_STUB = 5


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    value: float | None
    text: str
    face: Face
    text_ink: Ink
    bar_ink: Ink
    thickness: int


def one_day(course: Course, panels: list[Panel], top: float) -> tuple[list[Shape], float]:
    groups = [list(_rows(course, panel)) for panel in panels]
    rows = [row for group in groups for row in group]
    left = MARGIN + _GAP + max(width_of(row.name, Face.SMALL) for row in rows)
    right = WIDTH - MARGIN - _GAP - max(width_of(row.text, row.face) for row in rows)
    shapes: list[Shape] = []
    y = top
    for panel, group in zip(panels, groups, strict=True):
        y += _HEADING
        shapes.append(Label(panel.look.name, Face.NAME, Ink.TEXT, (MARGIN, y)))
        y += _GAP
        bars, y = _bars(group, left, right, y)
        shapes += bars
    return shapes, y


def _rows(course: Course, panel: Panel) -> Iterator[_Row]:
    day, before = course.period.first, course.days_before.first
    look, value = panel.look, panel.values[0]
    ink = look.cut_ink if course.is_cut else look.ink
    face = Face.NAME if value is None else Face.TOTAL
    text_ink = Ink.MUTED if value is None else Ink.TEXT
    yield _Row(words.weekday(day), value, _text(panel, value), face, text_ink, ink, 50)
    if panel.has_before:
        earlier = panel.before[0]
        text = _text(panel, earlier)
        yield _Row(words.weekday(before), earlier, text, Face.BODY, Ink.MUTED, Ink.BEFORE, 30)


def _text(panel: Panel, value: float | None) -> str:
    text = panel.figure(value)
    too_wide = width_of(text, Face.TOTAL) > WIDTH / 3
    return panel.figure(value, brief=True) if too_wide else text


def _bars(
    rows: Sequence[_Row], left: float, right: float, top: float
) -> tuple[list[Shape], float]:
    scale = scale_for([row.value for row in rows], whole=False)
    zero = left + (right - left) * scale.share(0)
    shapes: list[Shape] = []
    y = top
    for row in rows:
        middle = y + row.thickness / 2 + 6
        baseline = middle + middle_of(Face.SMALL)
        shapes.append(Label(row.name, Face.SMALL, Ink.MUTED, (MARGIN, baseline)))
        end = zero if row.value is None else left + (right - left) * scale.share(row.value)
        if row.value is not None:
            shapes.append(_bar(row, zero, end, middle))
        at = max(zero, end) + _GAP, middle + middle_of(row.face)
        shapes.append(Label(row.text, row.face, row.text_ink, at))
        y = middle + row.thickness / 2 + 6
    shapes.append(Block(Box(zero - 1, top, zero + 2, y), Ink.ZERO))
    return shapes, y


def _bar(row: _Row, zero: float, end: float, middle: float) -> Column:
    top, bottom = middle - row.thickness / 2, middle + row.thickness / 2
    if end < zero:
        return Column(Box(end, top, zero, bottom), row.bar_ink, End.LEFT)
    return Column(Box(zero, top, max(end, zero + _STUB), bottom), row.bar_ink, End.RIGHT)
