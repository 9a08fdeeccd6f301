"""The typeface: how wide a text is, and which characters it has at all."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from pathlib import Path

from PIL import ImageFont

from utils.charts.scene import Anchor, Box, Face, Label

_FILE = Path(__file__).parent / "fonts" / "Onest.ttf"
_UNASSIGNED = "\uffff"
_ELLIPSIS = "…"
_MOST_CHARACTERS = 120
"""More of them fit into no line, however thin."""
_MEASURED = 4096
"""So many texts are measured once: reports of one morning have most of theirs in common."""


@lru_cache(maxsize=len(Face))
def font(face: Face) -> ImageFont.FreeTypeFont:
    # The basic engine comes with every wheel: the same text is as wide on every machine.
    made = ImageFont.truetype(_FILE, face.size, layout_engine=ImageFont.Layout.BASIC)
    made.set_variation_by_axes([face.weight])
    return made


@lru_cache(maxsize=_MEASURED)
def width_of(text: str, face: Face) -> float:
    return font(face).getlength(text)


def box_of(label: Label) -> Box:
    """What its letters cover."""
    left, top, right, bottom = _box(label.text, label.face, label.anchor)
    x, y = label.at
    return Box(x + left, y + top, x + right, y + bottom)


@lru_cache(maxsize=_MEASURED)
def _box(text: str, face: Face, anchor: Anchor) -> tuple[float, float, float, float]:
    """From where it stands."""
    return font(face).getbbox(text, anchor=anchor.value)


def fitted(text: str, face: Face, width: float) -> str:
    """`text` without what the typeface does not have (emoji), cut to `width`."""
    known = "".join(filter(_is_drawn, unicodedata.normalize("NFC", text)))
    line = " ".join(known.split())[:_MOST_CHARACTERS]
    if width_of(line, face) <= width:
        return line
    while line and width_of(line + _ELLIPSIS, face) > width:
        line = line[:-1]
    return line.rstrip() + _ELLIPSIS


@lru_cache(maxsize=1024)
def _is_drawn(character: str) -> bool:
    return character.isspace() or _picture(character) != _picture(_UNASSIGNED)


def _picture(character: str) -> tuple[tuple[int, int], bytes]:
    mask = font(Face.BODY).getmask(character)
    return mask.size, bytes(mask)


def middle_of(face: Face) -> float:
    """How far the middle of a digit stands above the baseline."""
    return -font(face).getbbox("0", anchor=Anchor.LEFT.value)[1] / 2
