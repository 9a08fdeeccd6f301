"""What is read first: whose picture it is, of which days, and the sums."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from utils.charts import words
from utils.charts.course import Course, Step
from utils.charts.panels import Panel
from utils.charts.scene import MARGIN, WIDTH, Anchor, Face, Ink, Label, Shape, Stroke
from utils.charts.text import box_of, fitted, width_of

_INNER = WIDTH - 2 * MARGIN
_LEAST_GAP = 32
_SWATCH = 54
"""A piece of line and the gap behind it."""
_TITLE, _PERIOD, _REMARK = 36, 50, 46
"""How far the baseline of each lies under what is above."""


def header(course: Course, panels: list[Panel]) -> tuple[list[Shape], float]:
    """Its shapes and the baseline of its last row."""
    shapes: list[Shape] = []
    y = float(MARGIN)
    title = fitted(course.title, Face.TITLE, _INNER)
    if title:
        y += _TITLE
        shapes.append(Label(title, Face.TITLE, Ink.TEXT, (MARGIN, y)))
    y += _PERIOD if title else _TITLE
    period = Label(words.days_of(course.period), Face.BODY, Ink.MUTED, (MARGIN, y))
    shapes.append(period)
    remarks = _remarks(course, panels)
    room = _INNER - _LEAST_GAP - width_of(period.text, period.face)
    beside = next((remark for remark in remarks if remark.width <= room), None)
    if beside is not None:
        shapes += beside.shapes(WIDTH - MARGIN - beside.width, y)
    for remark in remarks:
        if remark is not beside:
            y += _REMARK
            shapes += remark.shapes(MARGIN, y)
    return shapes, y


@dataclass(frozen=True, slots=True)
class _Remark:
    text: str
    swatch: Ink | None = None

    @property
    def width(self) -> float:
        return width_of(self.text, Face.BODY) + (_SWATCH if self.swatch else 0)

    def shapes(self, x: float, y: float) -> list[Shape]:
        if self.swatch is None:
            return [Label(self.text, Face.BODY, Ink.MUTED, (x, y))]
        label = Label(self.text, Face.BODY, Ink.MUTED, (x + _SWATCH, y))
        return [_piece_of_line(self.swatch, x, y), label]


def _remarks(course: Course, panels: list[Panel]) -> list[_Remark]:
    remarks = []
    # A single day names the day before beside its bar.
    if course.period.length > 1 and any(panel.has_before for panel in panels):
        before = course.days_before
        days = words.days_of(before, year=before.first.year != course.period.last.year)
        remarks.append(_Remark(f"{words.BEFORE}: {days}", Ink.BEFORE))
    if course.step is not Step.DAY:
        remarks.append(_Remark(words.BY_WEEKS if course.step is Step.WEEK else words.BY_MONTHS))
    return remarks


def panel_heading(panel: Panel, y: float) -> list[Shape]:
    """Name and sum on the left, the sum before on the right; shortened where they would meet."""
    in_full = _heading(panel, y, brief=False)
    boxes = [box_of(shape).grown(8) for shape in in_full if isinstance(shape, Label)]
    meet = any(one.overlaps(other) for one, other in pairwise(boxes))
    return _heading(panel, y, brief=True) if meet or boxes[-1].right > WIDTH else in_full


def _heading(panel: Panel, y: float, *, brief: bool) -> list[Shape]:
    x = MARGIN + _SWATCH
    name = Label(panel.look.name, Face.NAME, Ink.TEXT, (x, y))
    x_of_sum = x + width_of(name.text, name.face) + 20
    face, ink = (Face.BODY, Ink.MUTED) if panel.total is None else (Face.TOTAL, Ink.TEXT)
    total = Label(panel.figure(panel.total, brief=brief), face, ink, (x_of_sum, y))
    shapes: list[Shape] = [_piece_of_line(panel.look.ink, MARGIN, y), name, total]
    if panel.span and panel.total is not None:
        x_of_span = x_of_sum + width_of(total.text, total.face) + 14
        shapes.append(Label(panel.span, Face.BODY, Ink.MUTED, (x_of_span, y)))
    if panel.total_before is not None:
        text = f"{words.BEFORE} {panel.figure(panel.total_before, brief=brief)}"
        right = Label(text, Face.BODY, Ink.MUTED, (WIDTH - MARGIN, y), Anchor.RIGHT)
        shapes.append(right)
    return shapes


def _piece_of_line(ink: Ink, x: float, baseline: float) -> Stroke:
    y = baseline - 12
    return Stroke(((x + 4, y), (x + 36, y)), ink, 8)
