"""From a scene to a PNG: smooth edges on a small paletted image.

Every ink owns a ramp of the palette, from the paper to itself, so that a smooth edge is made of
indices like any other pixel. PNG packs them in a quarter of the time that true colours take.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from io import BytesIO
from itertools import groupby
from typing import NamedTuple, cast

from PIL import Image, ImageDraw

from utils.charts.scene import (
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
    Scene,
    Shape,
    Smooth,
    Stroke,
)
from utils.charts.text import box_of, font

_FINE = 4
"""A pixel of a smooth edge is measured by so many by so many finer ones."""
_LEVELS = 16
"""As many coverages as those can tell apart, nearly; 16 inks of them are a palette."""
_OPAQUE = 255
_RADIUS = 8
_COMPRESSION = 3
_TEXTS, _BARS = 512, 512
"""So many are kept, some kilobytes each."""


class _Inked(NamedTuple):
    """Something in one ink."""

    levels: Image.Image
    """Indices of the palette."""
    touched: Image.Image
    """Where there is anything of it."""


def png(scene: Scene) -> bytes:
    indices = Image.new("L", (scene.width, scene.height), _index(Ink.PAPER))
    for smooth_ink, shapes in groupby(scene.shapes, key=_smooth_ink):
        if smooth_ink is None:
            for shape in shapes:
                _paint_crisp(indices, shape)
        else:
            _paint_smooth(indices, cast("list[Smooth]", list(shapes)), smooth_ink)
    indices.putpalette(_palette())
    file = BytesIO()
    indices.save(file, "PNG", compress_level=_COMPRESSION)
    return file.getvalue()


def _smooth_ink(shape: Shape) -> Ink | None:
    """Neighbours of one ink share a mask: twenty dots cost little more than one."""
    return shape.ink if isinstance(shape, Smooth) else None


def _paint_crisp(indices: Image.Image, shape: Shape) -> None:
    match shape:
        case Block(Box(left, top, right, bottom), ink):
            edges = round(left), round(top), round(right), round(bottom)
            indices.paste(_index(ink), edges)
        case Area(outline, ink):
            ImageDraw.Draw(indices).polygon(outline, _index(ink))
        case Label(text, face, ink, (x, y), anchor):
            left, top, inked = _written(text, face, ink, anchor)
            _stamp(indices, inked, (round(x) + left, round(y) + top))
        case Column(Box(left, top, right, bottom), ink, end):
            size = max(1, round(right) - round(left)), max(1, round(bottom) - round(top))
            _stamp(indices, _bar(*size, ink, end), (round(left), round(top)))


@lru_cache(maxsize=_TEXTS)
def _written(text: str, face: Face, ink: Ink, anchor: Anchor) -> tuple[int, int, _Inked]:
    """A text, and how far it begins from where it stands.

    It stands on a whole pixel, so it looks alike wherever it does: reports of one morning have
    most of their texts in common.
    """
    left, top, right, bottom = _whole(box_of(Label(text, face, ink, (0, 0), anchor)))
    mask = Image.new("L", (right - left, bottom - top))
    pen = ImageDraw.Draw(mask)
    pen.text((-left, -top), text, _OPAQUE, font(face), anchor=anchor.value)
    return left, top, _inked(mask, ink)


@lru_cache(maxsize=_BARS)
def _bar(width: int, height: int, ink: Ink, end: End) -> _Inked:
    fine_width, fine_height = width * _FINE, height * _FINE
    mask = Image.new("L", (fine_width, fine_height))
    # Pillow's last row and column belong to the rectangle.
    edges = 0, 0, fine_width - 1, fine_height - 1
    radius = min(_RADIUS * _FINE, fine_width / 3, fine_height / 3)
    ImageDraw.Draw(mask).rounded_rectangle(edges, radius, _OPAQUE, corners=end.value)
    return _inked(mask.reduce(_FINE), ink)


def _paint_smooth(indices: Image.Image, shapes: Sequence[Smooth], ink: Ink) -> None:
    extent = Box.around(corner for shape in shapes for corner in _extent(shape).corners)
    left, top, right, bottom = _whole(extent)
    mask = Image.new("L", ((right - left) * _FINE, (bottom - top) * _FINE))
    pen = ImageDraw.Draw(mask)
    for shape in shapes:
        _trace(pen, shape, (left, top))
    _stamp(indices, _inked(mask.reduce(_FINE), ink), (left, top))


def _whole(box: Box) -> tuple[int, int, int, int]:
    """The pixels that a box touches."""
    return (
        math.floor(box.left),
        math.floor(box.top),
        math.ceil(box.right) + 1,
        math.ceil(box.bottom) + 1,
    )


def _extent(shape: Smooth) -> Box:
    match shape:
        case Stroke(points, _, width):
            return Box.around(points, width)
        case Dot(center, radius):
            return Box.around([center], radius)


def _trace(pen: ImageDraw.ImageDraw, shape: Smooth, origin: tuple[int, int]) -> None:
    def fine(points: Iterable[Point]) -> list[Point]:
        return [((x - origin[0]) * _FINE, (y - origin[1]) * _FINE) for x, y in points]

    match shape:
        case Stroke(points, _, width):
            way = fine(points)
            pen.line(way, _OPAQUE, round(width * _FINE))
            # Round ends and bends: what Pillow itself rounds a bend with takes longer.
            for point in way:
                pen.circle(point, width * _FINE / 2, _OPAQUE)
        case Dot(center, radius):
            pen.circle(fine([center])[0], radius * _FINE, _OPAQUE)


def _inked(coverage: Image.Image, ink: Ink) -> _Inked:
    levels, touched = _tables(ink)
    # `Image.point` would go through the table in Python, each time anew.
    cells, size = coverage.tobytes(), coverage.size
    return _Inked(
        Image.frombytes("L", size, cells.translate(levels)),
        Image.frombytes("L", size, cells.translate(touched)),
    )


def _stamp(indices: Image.Image, inked: _Inked, corner: tuple[int, int]) -> None:
    indices.paste(inked.levels, corner, inked.touched)


@lru_cache(maxsize=len(Ink))
def _tables(ink: Ink) -> tuple[bytes, bytes]:
    """By coverage: the index in the palette, and whether there is anything to paste."""
    levels = [round(coverage * (_LEVELS - 1) / _OPAQUE) for coverage in range(_OPAQUE + 1)]
    first = _index(ink) - (_LEVELS - 1)
    touched = (_OPAQUE if level else 0 for level in levels)
    return bytes(first + level for level in levels), bytes(touched)


@lru_cache(maxsize=len(Ink))
def _index(ink: Ink) -> int:
    """Of the ink itself: the end of its ramp."""
    return list(Ink).index(ink) * _LEVELS + _LEVELS - 1


@lru_cache(maxsize=1)
def _palette() -> bytes:
    return bytes(
        round(paper + (full - paper) * level / (_LEVELS - 1))
        for ink in Ink
        for level in range(_LEVELS)
        for paper, full in zip(Ink.PAPER.value, ink.value, strict=True)
    )
