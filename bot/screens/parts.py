"""How screens are put together: lines of formatted text become MarkdownV2 by aiogram's escaper."""

from __future__ import annotations

from aiogram.utils.formatting import Text

from bot.effects import Keyboard, Screen

Line = str | Text

_REMARK = "\n\n———\n"
MESSAGE_LIMIT = 4096
PART_LIMIT = 3900
"""Telegram's limit is 4096; the rest is for a mark that may come before the text later."""


def screen(*lines: Line, keyboard: Keyboard | None = None) -> Screen:
    """One message of these lines; an empty string is an empty line."""
    body: list[Line] = []
    for line in lines:
        body += [line, "\n"]
    return Screen(text=Text(*body[:-1]).as_markdown(), keyboard=keyboard)


def named(name: str) -> str:
    """A name in Russian quotes, the way it stands inside a sentence."""
    return f"«{name}»"


def with_remark(original: Screen, remark: Screen) -> Screen:
    """A screen as it stood, with a word beneath it instead of the one of the last time."""
    text = original.text.partition(_REMARK)[0] + _REMARK + remark.text
    if _length(text) > MESSAGE_LIMIT:
        text = remark.text
    return Screen(text=text, keyboard=original.keyboard)


def split(whole: Screen) -> list[Screen]:
    """A screen too long for one message as several, cut between lines; the last has the buttons.

    No line of ours is longer than a message, and no formatting goes over the end of a line.
    """
    parts = [""]
    # Not `splitlines`: aiogram's markup has lone carriage returns within a line.
    for line in whole.text.split("\n"):
        if _length(parts[-1] + line) > PART_LIMIT:
            parts.append("")
        parts[-1] += line + "\n"
    *first, last = (part.strip("\n") for part in parts)
    return [Screen(text=text) for text in first] + [Screen(text=last, keyboard=whole.keyboard)]


def _length(text: str) -> int:
    """In UTF-16 units, as Telegram counts."""
    return len(text.encode("utf-16-le")) // 2
