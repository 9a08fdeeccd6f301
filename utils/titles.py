"""Titles of listings: whatever strangers typed, as one harmless line."""

from __future__ import annotations

import unicodedata

BLANK = "\u115f\u1160\u2800\u3164\uffa0"
"""Letters to Unicode and nothing to the eye: Hangul fillers, the empty Braille cell."""
_EMOJI_STYLE = "\N{VARIATION SELECTOR-16}"
_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Mn", "Me")
"""Controls, zero-width and direction marks, halves of pairs, private signs, piled accents."""
_RIGHT_TO_LEFT = ("R", "AL", "AN")


def cleaned(text: str) -> str:
    """`text` as one line of what can be seen; empty when none of it can."""
    # Composed first: the breve of a decomposed "й" is a letter's, not an ornament.
    seen = "".join(_seen(char) for char in unicodedata.normalize("NFC", text))
    line = " ".join(seen.split())
    return line if line.strip(_EMOJI_STYLE + " ") else ""


def shortened(text: str, columns: int) -> str:
    """`text` within so many columns; an emoji takes two."""
    if sum(map(_width, text)) <= columns:
        return text
    kept, room = "", columns - 1
    for char in text:
        room -= _width(char)
        if room < 0:
            break
        kept += char
    return kept.rstrip() + "…"


def isolated(text: str) -> str:
    """`text` kept from turning the order of what stands beside it, where it would."""
    if any(unicodedata.bidirectional(char) in _RIGHT_TO_LEFT for char in text):
        return f"\N{FIRST STRONG ISOLATE}{text}\N{POP DIRECTIONAL ISOLATE}"
    return text


def _seen(char: str) -> str:
    if char.isspace() or char in BLANK:
        return " "
    if char != _EMOJI_STYLE and unicodedata.category(char) in _UNSEEN:
        return ""
    return char


def _width(char: str) -> int:
    if char == _EMOJI_STYLE:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
