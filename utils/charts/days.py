"""Several days: a panel for each series, and one row of dates under them all."""

from __future__ import annotations

from collections.abc import Sequence

from utils.charts import words
from utils.charts.course import Course, Step
from utils.charts.dates import date_labels
from utils.charts.headings import panel_heading
from utils.charts.panels import Panel
from utils.charts.plot import RIGHT, TICK_GAP, Axis, Plot, plotted, tick_text
from utils.charts.scale import Scale, scale_for
from utils.charts.scene import MARGIN, Anchor, Face, Ink, Label, Shape
from utils.charts.text import width_of
from utils.periods import Period

_FEW = 8
"""So many points have their numbers written beside them, and need no grid."""
_HEIGHTS = {1: 480, 2: 330, 3: 240}
"""Under a heading, by the number of panels: a picture stays below 1280, or Telegram shrinks it."""
_HEADING = 78
_UNDER_HEADING, _UNDER_HEADING_AND_NUMBERS = 42, 74
_DATES = 42


def several_days(course: Course, panels: list[Panel], above: float) -> tuple[list[Shape], float]:
    points = course.points
    fractions = course.step is not Step.DAY
    scales = [scale_for(panel.known, whole=not (fractions or panel.look.unit)) for panel in panels]
    numbered = _has_room_for_numbers(points, panels)
    axis = Axis(points, MARGIN + (0 if numbered else _gutter(panels, scales)))
    shapes: list[Shape] = []
    y = above
    for panel, scale in zip(panels, scales, strict=True):
        y += _HEADING
        shapes += panel_heading(panel, y)
        top = y + (_UNDER_HEADING_AND_NUMBERS if numbered else _UNDER_HEADING)
        y += _HEIGHTS[len(panels)]
        shapes += plotted(Plot(panel, axis, scale, top, y, numbered, course.is_cut))
    y += _DATES
    shapes += [
        Label(text, Face.SMALL, Ink.MUTED, (x, y), Anchor.MIDDLE)
        for x, text in date_labels(points, course.step, axis.left, axis.day)
    ]
    return shapes, y


def _has_room_for_numbers(points: Sequence[Period], panels: Sequence[Panel]) -> bool:
    room = (RIGHT - MARGIN) / len(points) - 8
    return len(points) <= _FEW and all(
        width_of(words.beside_point(value), Face.VALUE) <= room
        for panel in panels
        for value in panel.values
        if value is not None
    )


def _gutter(panels: Sequence[Panel], scales: Sequence[Scale]) -> float:
    return TICK_GAP + max(
        width_of(tick_text(panel, tick), Face.SMALL)
        for panel, scale in zip(panels, scales, strict=True)
        for tick in scale.ticks
    )
