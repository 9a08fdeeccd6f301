"""The picture of a report: a course in, a PNG out.

Nothing is kept but the typeface and the texts of the last pictures, and none of it changes, so any
thread may draw.
It takes some ten milliseconds of a core: no thing to do on the event loop.
"""

from __future__ import annotations

from utils.charts import words
from utils.charts.canvas import png
from utils.charts.course import Course
from utils.charts.days import several_days
from utils.charts.headings import header
from utils.charts.one_day import one_day
from utils.charts.panels import Panel, panels_of
from utils.charts.scene import MARGIN, WIDTH, Face, Ink, Label, Scene

_NOTE = 54


def draw(course: Course) -> bytes:
    """An opaque PNG, made for the width of a phone, that suits light and dark chats."""
    return png(lay_out(course))


def lay_out(course: Course) -> Scene:
    """The same before it is drawn: where every line and word stands."""
    panels = panels_of(course)
    shapes, bottom = header(course, panels)
    draw_body = one_day if course.period.length == 1 else several_days
    body, bottom = draw_body(course, panels, bottom)
    shapes += body
    note = _note(course, panels)
    if note:
        bottom += _NOTE
        shapes.append(Label(note, Face.SMALL, Ink.MUTED, (MARGIN, bottom)))
    return Scene(WIDTH, round(bottom) + MARGIN, tuple(shapes))


def _note(course: Course, panels: list[Panel]) -> str:
    """What the reader should not take for a fall."""
    notes = []
    if course.cut_at is not None:
        notes.append(words.is_cut(course.period.last, course.cut_at))
    if any(None in panel.values for panel in panels if panel.total is not None):
        notes.append(words.GAPS)
    text = " · ".join(notes)
    return text[:1].upper() + text[1:]
