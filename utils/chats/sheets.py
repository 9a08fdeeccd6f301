"""The sheets that have a row per chat or message."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from utils.chats.clock import DAY, HOUR, LocalClock
from utils.chats.model import Line
from utils.chats.study import DELETED, Studied, is_service
from utils.chats.words import (
    AVITO,
    TEXT,
    about,
    address,
    buyer,
    chat_page,
    kind_of_chat,
    price,
    status,
    told,
)
from utils.workbook import Column, Kind

SUMMARY, CHATS, MESSAGES, UNANSWERED = "Сводка", "Чаты", "Сообщения", "Без ответа"
ORDER = (SUMMARY, CHATS, MESSAGES, UNANSWERED)
_LONGEST_GLIMPSE = 200
_YES_NO = {True: "да", False: "нет", None: None}

CHAT_COLUMNS = (
    Column("Покупатель", width=22),
    Column("Объявление", width=36),
    Column("Цена", Kind.PRICE, 18),
    Column("Объявление сейчас", width=20),
    Column("Начат", Kind.MOMENT, 17),
    Column("Последнее сообщение", Kind.MOMENT, 17),
    Column("Кто писал последним", width=22),
    Column("Ждёт ответа", width=10),
    Column("Не прочитано", Kind.INTEGER, 13),
    Column("Входящих", Kind.INTEGER, 12),
    Column("Исходящих", Kind.INTEGER, 13),
    Column("Служебных", Kind.INTEGER, 13),
    Column("Первый ответ, мин", Kind.NUMBER, 12),
    Column("Телефоны из переписки", width=20),
    Column("Первые слова", width=40),
    Column("Последние слова", width=40),
    Column("Чат в Avito", Kind.LINK, 11),
    Column("Страница объявления", Kind.LINK, 13),
    Column("Тип чата", width=15),
    Column("Номер чата", width=30),
    Column("Замечание", width=40),
)
MESSAGE_COLUMNS = (
    Column("Время", Kind.MOMENT, 17),
    Column("Покупатель", width=20),
    Column("Объявление", width=34),
    Column("Кто", width=20),
    Column("Направление", width=15),
    Column("Тип", width=26),
    Column("Текст", Kind.WRAPPED, 70),
    Column("Прочитано", width=13),
    Column("Ссылка", Kind.LINK, 18),
    Column("Номер чата", width=30),
)
UNANSWERED_COLUMNS = (
    Column("Ждёт с", Kind.MOMENT, 17),
    Column("Ждёт, часов", Kind.NUMBER, 10),
    Column("Ждёт, дней", Kind.NUMBER, 10),
    Column("Покупатель", width=22),
    Column("Объявление", width=36),
    Column("Цена", Kind.PRICE, 18),
    Column("Последние слова", Kind.WRAPPED, 60),
    Column("Телефоны из переписки", width=20),
    Column("Чат в Avito", Kind.LINK, 11),
    Column("Номер чата", width=30),
)

Row = Sequence[Any]


def chat_row(chat: Studied, clock: LocalClock, us: str) -> Row:
    head = chat.head
    first = chat.first if head.has_beginning else None
    begun = first.at if first else head.created
    return (
        buyer(head),
        about(head),
        price(head.price),
        status(head),
        clock(begun) if begun else None,
        clock(chat.latest.at) if chat.latest else None,
        _who_wrote(chat.latest, us, buyer(head)) if chat.latest else None,
        "да" if chat.is_unanswered else None,
        chat.unread or None,
        chat.incoming,
        chat.outgoing,
        chat.service,
        chat.first_reply,
        ", ".join(chat.phones),
        _glimpse(first),
        _glimpse(chat.last),
        chat_page(head.id),
        address(head.url) or head.url,
        kind_of_chat(head),
        head.id,
        _remark(chat),
    )


def _remark(chat: Studied) -> str | None:
    remarks = []
    if chat.is_stale:
        remarks.append("Не прочитан в этот раз: Avito не отдал")
    if chat.head.is_cut:
        remarks.append("Начало переписки Avito не отдал")
    elif not chat.head.is_whole:
        remarks.append("Начала переписки здесь нет: выгрузите чаты за всё время")
    return ". ".join(remarks) or None


def message_rows(
    chat: Studied, lines: Sequence[Line], clock: LocalClock, us: str
) -> Iterator[Row]:
    """Of these lines of the chat."""
    head = chat.head
    name, listing = buyer(head), about(head)
    for line in lines:
        # Almost all are texts, and there may be a million of them.
        kind, text, link = (TEXT, line.text, None) if line.kind == "text" else told(line)
        yield (
            clock(line.at),
            name,
            listing,
            _author(line, us, name),
            _direction(line),
            kind,
            text,
            _YES_NO[line.is_read],
            link,
            head.id,
        )


def unanswered_row(chat: Studied, clock: LocalClock, now: int) -> Row:
    head, since = chat.head, chat.waiting_since
    waits = None if since is None else max(now - since, 0)
    return (
        None if since is None else clock(since),
        None if waits is None else waits / HOUR,
        None if waits is None else waits / DAY,
        buyer(head),
        about(head),
        price(head.price),
        told(chat.last).text if chat.last else None,
        ", ".join(chat.phones),
        chat_page(head.id),
        head.id,
    )


def _direction(line: Line) -> str:
    """The three ways in which messages are counted on the first sheet."""
    if is_service(line):
        return "служебное"
    return "исходящее" if line.is_ours else "входящее"


def _author(line: Line, us: str, buyer: str) -> str:
    if line.is_ours:
        return us
    return buyer if line.author else AVITO


def _who_wrote(latest: Line, us: str, buyer: str) -> str:
    author = _author(latest, us, buyer)
    return f"{author} (удалено)" if latest.kind == DELETED else author


def _glimpse(line: Line | None) -> str | None:
    if line is None:
        return None
    text = " ".join(told(line).text[: 2 * _LONGEST_GLIMPSE].split())
    return text if len(text) <= _LONGEST_GLIMPSE else f"{text[:_LONGEST_GLIMPSE].rstrip()}…"
