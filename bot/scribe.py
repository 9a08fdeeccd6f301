"""Screens as Bot API calls: a text, or the text under a picture or a document."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from aiogram.enums import ParseMode
from aiogram.methods import (
    EditMessageCaption,
    EditMessageMedia,
    EditMessageText,
    SendDocument,
    SendMessage,
    SendPhoto,
)
from aiogram.types import (
    BufferedInputFile,
    FSInputFile,
    InputMediaDocument,
    InputMediaPhoto,
    LinkPreviewOptions,
)

from bot.delivery import Sending
from bot.effects import Document, Screen
from bot.screens import problems
from core.logs import get_logger
from core.shelf import Shelf
from utils.charts.course import Course

log = get_logger(__name__)

Draw = Callable[[Course], Awaitable[bytes]]
NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
CHUNK_SIZE = 256 * 1024
"""Each piece of a file is read on another thread."""


class Scribe:
    def __init__(self, shelf: Shelf, draw: Draw) -> None:
        self._shelf = shelf
        self._draw = draw

    async def new(
        self, screen: Screen, chat_id: int, thread_id: int | None, **how: Any
    ) -> Sending:
        """A message of its own; `how` it is sent: silently, as a paid broadcast."""
        how |= {"chat_id": chat_id, "message_thread_id": thread_id}
        how["reply_markup"] = screen.keyboard
        if screen.document is not None:
            document = self._file(screen.document)
            if document is None:
                return SendMessage(**how, **_text(problems.file_gone()))
            return SendDocument(**how, document=document, **_caption(screen))
        picture = screen.photo or await self._picture(screen)
        if picture is None:
            return SendMessage(**how, **_text(screen))
        return SendPhoto(**how, photo=picture, **_caption(screen))

    async def edit(
        self, screen: Screen, chat_id: int, message_id: int
    ) -> EditMessageText | EditMessageCaption | EditMessageMedia:
        """In place of what a message showed, be that a picture or a text."""
        where: dict[str, Any] = {"chat_id": chat_id, "message_id": message_id}
        where["reply_markup"] = screen.inline
        if screen.document is not None:
            document = self._file(screen.document)
            if document is None:
                return EditMessageText(**where, **_text(problems.file_gone()))
            return EditMessageMedia(
                **where, media=InputMediaDocument(media=document, **_caption(screen))
            )
        picture = screen.photo or await self._picture(screen)
        if picture is None:
            return edit_words(screen, chat_id, message_id)
        return EditMessageMedia(**where, media=InputMediaPhoto(media=picture, **_caption(screen)))

    def has_lost(self, screen: Screen) -> bool:
        """The file that should come with it is gone."""
        return screen.document is not None and self._file(screen.document) is None

    def done_with(self, screen: Screen) -> None:
        """What came with it is not needed any more: it has arrived, or never will."""
        if screen.document is not None:
            self._shelf.drop(screen.document.kept_as)

    def keep_only(self, screens: Iterable[Screen]) -> None:
        """What comes with none of these never will."""
        documents = (screen.document for screen in screens)
        self._shelf.keep_only({document.kept_as for document in documents if document})

    def _file(self, document: Document) -> FSInputFile | None:
        path = self._shelf.find(document.kept_as)
        return None if path is None else FSInputFile(path, document.name, CHUNK_SIZE)

    async def _picture(self, screen: Screen) -> BufferedInputFile | None:
        if screen.picture is None:
            return None
        try:
            drawn = await self._draw(screen.picture)
        except Exception:
            # Nobody should miss his numbers for the sake of a picture.
            log.exception("not_drawn", period=str(screen.picture.period))
            return None
        return BufferedInputFile(drawn, "report.png")


def edit_words(
    screen: Screen, chat_id: int, message_id: int
) -> EditMessageText | EditMessageCaption:
    """Other words and buttons in a message, or under the picture that it shows."""
    where: dict[str, Any] = {"chat_id": chat_id, "message_id": message_id}
    where["reply_markup"] = screen.inline
    if screen.under_picture:
        return EditMessageCaption(**where, **_caption(screen))
    return EditMessageText(**where, **_text(screen))


def _text(screen: Screen) -> dict[str, Any]:
    return {
        "text": screen.text,
        "parse_mode": ParseMode.MARKDOWN_V2,
        "link_preview_options": NO_PREVIEW,
    }


def _caption(screen: Screen) -> dict[str, Any]:
    return {"caption": screen.text, "parse_mode": ParseMode.MARKDOWN_V2}
