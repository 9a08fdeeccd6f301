"""Messages, listings and chats in words."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from utils.chats.model import ChatHead, Line
from utils.workbook import Link

ONLY_AT_AVITO = "открыть можно только в Avito"
TEXT = "текст"
MISSED = "missed"
AVITO = "Avito"
ACTIVE, DELETED = 10, 20
_STATUSES = {ACTIVE: "активно", DELETED: "удалено"}
_CHAT_KINDS = {"u2i": "по объявлению", "u2u": "личный", "a2u": "с Avito"}
_CHAT_PAGE = "https://www.avito.ru/profile/messenger/channel/"
_LONGEST_ADDRESS = 2_000
"""Excel takes 2,079 characters."""
# Nothing but a host of Avito's, and nothing before it: `avito.ru@evil.example` leads elsewhere.
_is_avito = re.compile(r"https://(?:[a-z0-9-]+\.)*avito\.(?:ru|st)(?:[/?#][!-~]*)?").fullmatch
_roubles = re.compile(r"\d[\d\s]{0,15}₽").fullmatch


class Told(NamedTuple):
    """A message as a reader sees it."""

    kind: str
    text: str
    link: str | None = None
    """A `Link` where it leads to Avito, else plain text: nobody is sent to a stranger's page."""


def told(line: Line) -> Told:
    """Whatever Avito will invent, the row stays, with Avito's word for it."""
    if line.kind == "text":
        return Told(TEXT, line.text)
    tell = _TELLERS.get(line.kind)
    if tell is not None:
        return tell(line)
    word = line.text or f"Сообщение: {ONLY_AT_AVITO}"
    return Told(f"неизвестный тип: {line.kind or 'без названия'}", word)


def _of_content(kind: str, word: str) -> Callable[[Line], Told]:
    """Kinds of which Avito tells nothing but that they are there."""
    return lambda line: Told(kind, line.text or f"{word}: {ONLY_AT_AVITO}")


def _voice(_: Line) -> Told:
    # What Avito calls it by is nothing to a reader, and its address dies within the hour.
    return Told("голосовое", f"Голосовое сообщение: {ONLY_AT_AVITO}")


def _call(line: Line) -> Told:
    if line.text in ("", MISSED):
        return Told("пропущенный звонок", "Пропущенный звонок")
    # Avito documents no other status; what it might say is English.
    return Told("звонок", "Звонок")


def _image(line: Line) -> Told:
    return Told("фото", "Фото", address(line.text))


def _link(line: Line) -> Told:
    return Told("ссылка", line.text, address(line.text))


def _item(line: Line) -> Told:
    # Its title and price, and where it is at the end.
    *_, last = line.text.rpartition(" ")
    return Told("объявление", line.text or "Объявление", address(last))


def _location(line: Line) -> Told:
    return Told("место на карте", line.text or "Место на карте")


def _deleted(line: Line) -> Told:
    return Told("удалено", line.text or "Сообщение удалено")


def _system(line: Line) -> Told:
    kind = "автоответ" if line.is_ours else "от Avito"
    return Told(kind, line.text or "Сообщение без текста")


_TELLERS: dict[str, Callable[[Line], Told]] = {
    "voice": _voice,
    "call": _call,
    "appCall": _of_content("звонок в приложении", "Звонок"),
    "image": _image,
    "video": _of_content("видео", "Видео"),
    "file": _of_content("файл", "Файл"),
    "link": _link,
    "item": _item,
    "location": _location,
    "deleted": _deleted,
    "system": _system,
}


def address(text: str) -> str | None:
    """The address in `text`, which is one and nothing else; a `Link` if it is Avito's."""
    if len(text) <= _LONGEST_ADDRESS and _is_avito(text):
        return Link(text)
    return text if text.startswith(("http://", "https://")) else None


def chat_page(chat_id: str) -> str | None:
    """Where the chat goes on."""
    return address(_CHAT_PAGE + chat_id)


def buyer(head: ChatHead) -> str:
    if head.kind == "a2u" and head.name in ("", "Авито"):
        return AVITO
    return head.name or "Имя неизвестно"


def about(head: ChatHead) -> str:
    if head.title:
        return head.title
    return f"Объявление {head.listing_id}" if head.listing_id else ""


def kind_of_chat(head: ChatHead) -> str:
    if head.is_buying:
        return "мы покупаем"
    return _CHAT_KINDS.get(head.kind, head.kind)


def status(head: ChatHead) -> str:
    if head.status is None:
        return ""
    return _STATUSES.get(head.status, f"неизвестно (код {head.status})")


@lru_cache(maxsize=256)
def price(worded: str) -> int | str:
    """`15 000 ₽` as a number to count with; «Договорная» and the like as they are."""
    if _roubles(worded):
        return int("".join(filter(str.isdecimal, worded)))
    return worded
