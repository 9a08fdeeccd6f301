"""What is drawn, as data: shapes in pixels, the first at the back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

WIDTH = 1080
"""What a phone of 360 points shows pixel by pixel."""
MARGIN = 48

Point = tuple[float, float]


class Ink(Enum):
    """Red, green and blue.

    Colour-blind people tell the three series apart, and the light paper suits dark chats, too.
    """

    PAPER = (0xFB, 0xFB, 0xF9)
    WEEKEND = (0xEF, 0xF1, 0xF4)
    GRID = (0xDF, 0xE3, 0xE8)
    ZERO = (0x86, 0x91, 0x9D)
    TEXT = (0x16, 0x20, 0x2B)
    MUTED = (0x5F, 0x6B, 0x78)
    BEFORE = (0xB4, 0xBD, 0xC8)
    CONTACTS = (0x2A, 0x4F, 0xC4)
    CONTACTS_CUT = (0xA6, 0xB5, 0xE4)
    CONTACTS_TINT = (0xE8, 0xEC, 0xF7)
    VIEWS = (0x14, 0x8F, 0x81)
    VIEWS_CUT = (0x99, 0xCE, 0xC7)
    VIEWS_TINT = (0xE3, 0xF1, 0xEE)
    SPENDING = (0xD0, 0x7C, 0x12)
    SPENDING_CUT = (0xE8, 0xC2, 0x91)


class Face(Enum):
    """Size in pixels, of which a phone has three to a point, and weight."""

    TITLE = (45, 600)
    TOTAL = (48, 600)
    NAME = (36, 500)
    BODY = (33, 400)
    VALUE = (31, 500)
    SMALL = (30, 400)

    @property
    def size(self) -> int:
        return self.value[0]

    @property
    def weight(self) -> int:
        return self.value[1]


class Anchor(Enum):
    """Which end of the baseline a label hangs on."""

    LEFT = "ls"
    MIDDLE = "ms"
    RIGHT = "rs"


class End(Enum):
    """Corners: top left, top right, bottom right, bottom left."""

    TOP = (True, True, False, False)
    BOTTOM = (False, False, True, True)
    RIGHT = (False, True, True, False)
    LEFT = (True, False, False, True)


@dataclass(frozen=True, slots=True)
class Box:
    left: float
    top: float
    right: float
    bottom: float

    @classmethod
    def around(cls, points: Iterable[Point], margin: float = 0) -> Box:
        xs, ys = zip(*points, strict=True)
        return cls(min(xs) - margin, min(ys) - margin, max(xs) + margin, max(ys) + margin)

    @property
    def corners(self) -> tuple[Point, Point]:
        return (self.left, self.top), (self.right, self.bottom)

    def overlaps(self, other: Box) -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def grown(self, by: float) -> Box:
        return Box(self.left - by, self.top - by, self.right + by, self.bottom + by)

    def is_crossed_by(self, start: Point, end: Point) -> bool:
        """Whether any of the straight way from `start` to `end` lies inside."""
        # Liang and Barsky: what is left of the way after each of the four sides has cut it.
        begins, ends = 0.0, 1.0
        (x, y), (dx, dy) = start, (end[0] - start[0], end[1] - start[1])
        for speed, room in (
            (-dx, x - self.left),
            (dx, self.right - x),
            (-dy, y - self.top),
            (dy, self.bottom - y),
        ):
            if speed == 0:
                if room <= 0:
                    return False
            elif speed < 0:
                begins = max(begins, room / speed)
            else:
                ends = min(ends, room / speed)
        return begins < ends


@dataclass(frozen=True, slots=True)
class Block:
    """A rectangle of whole pixels."""

    box: Box
    ink: Ink


@dataclass(frozen=True, slots=True)
class Area:
    """A ground; the line along its edge hides that it has sharp pixels."""

    outline: tuple[Point, ...]
    ink: Ink


@dataclass(frozen=True, slots=True)
class Stroke:
    points: tuple[Point, ...]
    ink: Ink
    width: float


@dataclass(frozen=True, slots=True)
class Dot:
    center: Point
    radius: float
    ink: Ink


@dataclass(frozen=True, slots=True)
class Column:
    """A bar, round at the end that stands for its value."""

    box: Box
    ink: Ink
    end: End


@dataclass(frozen=True, slots=True)
class Label:
    text: str
    face: Face
    ink: Ink
    at: Point
    anchor: Anchor = Anchor.LEFT


Smooth = Stroke | Dot
"""What is drawn with smooth edges, wherever they are; all else begins at whole pixels."""
Shape = Block | Area | Column | Label | Smooth


@dataclass(frozen=True, slots=True)
class Scene:
    width: int
    height: int
    shapes: tuple[Shape, ...]

    @property
    def labels(self) -> list[Label]:
        return [shape for shape in self.shapes if isinstance(shape, Label)]
