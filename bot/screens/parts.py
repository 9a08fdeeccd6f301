"""How screens are put together: lines of formatted text become MarkdownV2 by aiogram's escaper."""

from __future__ import annotations

from aiogram.types import InlineKeyboardMarkup
from aiogram.utils.formatting import Text

from bot.effects import Screen

Line = str | Text


def screen(*lines: Line, keyboard: InlineKeyboardMarkup | None = None) -> Screen:
    """One message of these lines; an empty string is an empty line."""
    body: list[Line] = []
    for line in lines:
        body += [line, "\n"]
    return Screen(text=Text(*body[:-1]).as_markdown(), keyboard=keyboard)


def named(name: str) -> str:
    """A name in Russian quotes, the way it stands inside a sentence."""
    return f"«{name}»"
