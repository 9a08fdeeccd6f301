"""How screens are put together: lines of formatted text become MarkdownV2 by aiogram's escaper."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aiogram.utils.formatting import Text

from bot.effects import Keyboard, Screen
from bot.markdown import to_plain
from utils.charts.course import Course

Line = str | Text

_REMARK = "\n\n———\n"
MESSAGE_LIMIT = 4096
PART_LIMIT = 3900
"""The rest of a message is for a mark that may come before the text later."""
CAPTION_LIMIT = 1024
"""Of the text under a picture; the markup does not count."""


def screen(
    *lines: Line, keyboard: Keyboard | None = None, picture: Course | None = None
) -> Screen:
    """One message of these lines; an empty string is an empty line."""
    body: list[Line] = []
    for line in lines:
        body += [line, "\n"]
    return Screen(text=Text(*body[:-1]).as_markdown(), keyboard=keyboard, picture=picture)


def named(name: str) -> str:
    """A name in Russian quotes, the way it stands inside a sentence."""
    return f"«{name}»"


def with_remark(original: Screen, remark: Screen) -> Screen:
    """A screen as it stood, with a word beneath it instead of the one of the last time."""
    text = _remarked(original, remark) if has_room(original, remark) else remark.text
    return original.model_copy(update={"text": text})


def has_room(original: Screen, remark: Screen) -> bool:
    """Whether a word can stand beneath this screen."""
    limit = CAPTION_LIMIT if original.under_picture else MESSAGE_LIMIT
    return _length(to_plain(_remarked(original, remark))) <= limit


def _remarked(original: Screen, remark: Screen) -> str:
    return original.text.partition(_REMARK)[0] + _REMARK + remark.text


def without_remark(screen: Screen) -> Screen:
    return screen.model_copy(update={"text": screen.text.partition(_REMARK)[0]})


def in_place(whole: Screen, shown: Screen | None, *, comes_back: bool = False) -> Screen:
    """A screen for the message of `shown`: words alone stand under the picture that is there.

    With `comes_back` what stood there is to come back as it was: a picture never leaves a
    message again, so it gets none that had none.
    """
    if shown is not None and comes_back and not shown.under_picture:
        whole = whole.model_copy(update={"picture": None})
    whole = in_one(whole)
    has_room = shown is not None and shown.under_picture and is_caption(whole)
    return whole.model_copy(update={"under_picture": True}) if has_room else whole


def in_one(whole: Screen) -> Screen:
    """A screen as one message: without its picture if the text is too long to stand under it."""
    if whole.picture is None or is_caption(whole):
        return whole
    return whole.model_copy(update={"picture": None})


def is_caption(whole: Screen) -> bool:
    """Whether its text is short enough to stand under a picture."""
    return _length(to_plain(whole.text)) <= CAPTION_LIMIT


def split(whole: Screen) -> list[Screen]:
    """A screen too long for one message as several, cut between lines; the last has the buttons.

    No line of ours is longer than a message, and no formatting goes over the end of a line. A
    picture whose text is no caption comes first, under the first paragraph of it.
    """
    if whole.picture is not None:
        if is_caption(whole):
            return [whole]
        heading, _, rest = whole.text.partition("\n\n")
        picture = Screen(text=heading, picture=whole.picture)
        return [picture, *split(Screen(text=rest, keyboard=whole.keyboard))]
    parts = [""]
    # Not `splitlines`: aiogram's markup has lone carriage returns within a line.
    for line in whole.text.split("\n"):
        if _length(parts[-1] + line) > PART_LIMIT:
            parts.append("")
        parts[-1] += line + "\n"
    *first, last = (part.strip("\n") for part in parts)
    return [Screen(text=text) for text in first] + [Screen(text=last, keyboard=whole.keyboard)]


def in_messages(
    blocks: Iterable[Sequence[Line]], keyboard: Keyboard | None, *, continued: Line
) -> list[Screen]:
    """Blocks of lines as one message or several, between which none is torn.

    None of ours is longer than a message. `continued` stands above what goes on in another one;
    the last has the buttons.
    """
    texts: list[str] = []
    for block in blocks:
        text = screen(*block).text
        if texts and _length(to_plain(f"{texts[-1]}\n{text}")) <= PART_LIMIT:
            texts[-1] += f"\n{text}"
        else:
            heading = screen(continued, "", "").text if texts else ""
            texts.append(heading + text.lstrip("\n"))
    *first, last = texts
    return [Screen(text=text) for text in first] + [Screen(text=last, keyboard=keyboard)]


def marked(mark: Line, messages: Sequence[Screen]) -> list[Screen]:
    """The same with a mark on top, for which a picture makes room.

    One that has no room in a text, or under a file, goes ahead of it.
    """
    first, *rest = messages
    text = screen(mark, "", "").text + first.text
    length = _length(to_plain(text))
    if length > (MESSAGE_LIMIT if first.document is None else CAPTION_LIMIT):
        return [screen(mark), *messages]
    picture = first.picture if length <= CAPTION_LIMIT else None
    return [first.model_copy(update={"text": text, "picture": picture}), *rest]


def _length(text: str) -> int:
    """In UTF-16 units, as Telegram counts."""
    return len(text.encode("utf-16-le")) // 2
