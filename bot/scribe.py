"""Screens as Bot API calls: a text, or a picture with the text under it."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aiogram.enums import ParseMode
from aiogram.methods import EditMessageMedia, EditMessageText, SendMessage, SendPhoto
from aiogram.types import BufferedInputFile, InputMediaPhoto, LinkPreviewOptions

from bot.delivery import Sending
from bot.effects import Screen
from core.logs import get_logger
from utils.charts.course import Course
from utils.charts.picture import draw

log = get_logger(__name__)

DRAWING_THREADS = 2
NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


class Scribe:
    def __init__(self) -> None:
        self._drawing = ThreadPoolExecutor(DRAWING_THREADS, thread_name_prefix="drawing")

    async def new(
        self, screen: Screen, chat_id: int, thread_id: int | None, **how: Any
    ) -> Sending:
        """A message of its own; `how` it is sent: silently, as a paid broadcast."""
        where: dict[str, Any] = {"chat_id": chat_id, "message_thread_id": thread_id}
        picture = await self._picture(screen)
        if picture is None:
            return SendMessage(**where, **_text(screen), reply_markup=screen.keyboard, **how)
        return SendPhoto(
            **where, photo=picture, **_caption(screen), reply_markup=screen.keyboard, **how
        )

    async def edit(
        self, screen: Screen, chat_id: int, message_id: int
    ) -> EditMessageText | EditMessageMedia:
        """In place of what a message showed, be that a picture or a text."""
        where: dict[str, Any] = {"chat_id": chat_id, "message_id": message_id}
        picture = await self._picture(screen)
        if picture is None:
            return EditMessageText(**where, **_text(screen), reply_markup=screen.inline)
        media = InputMediaPhoto(media=picture, **_caption(screen))
        return EditMessageMedia(**where, media=media, reply_markup=screen.inline)

    def close(self) -> None:
        self._drawing.shutdown(wait=False, cancel_futures=True)

    async def _picture(self, screen: Screen) -> BufferedInputFile | None:
        if screen.picture is None:
            return None
        drawn = await self._draw(screen.picture)
        return None if drawn is None else BufferedInputFile(drawn, "report.png")

    async def _draw(self, course: Course) -> bytes | None:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._drawing, draw, course)
        except Exception:
            # Nobody should miss his numbers for the sake of a picture.
            log.exception(
                "not_drawn", first=str(course.period.first), last=str(course.period.last)
            )
            return None


def _text(screen: Screen) -> dict[str, Any]:
    return {
        "text": screen.text,
        "parse_mode": ParseMode.MARKDOWN_V2,
        "link_preview_options": NO_PREVIEW,
    }


def _caption(screen: Screen) -> dict[str, Any]:
    return {"caption": screen.text, "parse_mode": ParseMode.MARKDOWN_V2}
