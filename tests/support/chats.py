"""Chats as the store hands them out, and the books made of them."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

from utils.chats.book import Book
from utils.chats.model import ChatHead, Line, Transcript
from utils.chats.order import BookOrder, Bound

US, BUYER = 123456789, 987654321
NINE = 1_795_240_800
"""Saturday, 21 November 2026, 9:00 in Moscow."""
MINUTE, HOUR, DAY = 60, 3600, 86_400

HEAD = ChatHead(
    id="u2i-1",
    kind="u2i",
    created=NINE,
    updated=NINE,
    name="Анна",
    is_buying=False,
    listing_id=3_000_000_001,
    title="Диван угловой",
    price="35 000 ₽",
    url="https://www.avito.ru/moskva/mebel/divan_3000000001",
    status=10,
    is_cut=False,
)


def said(minute: float, text: str = "Ещё продаёте?", kind: str = "text", **more: Any) -> Line:
    """By the buyer, so many minutes after nine."""
    at = NINE + int(minute * MINUTE)
    return Line(f"m{minute}", at, BUYER, False, kind, text, True)._replace(**more)


def ours(minute: float, text: str = "Да, приезжайте", kind: str = "text", **more: Any) -> Line:
    return said(minute, text, kind, author=US, is_ours=True)._replace(**more)


def chat(*lines: Line, **head: Any) -> Transcript:
    return Transcript(HEAD._replace(**head), list(lines))


def packed(transcript: Transcript) -> bytes:
    return zlib.compress(transcript.to_json().encode())


def order_for(folder: Path, **more: Any) -> BookOrder:
    wanted: dict[str, Any] = {
        "profile_name": "Мебель у дома",
        "zone": "Europe/Moscow",
        "made_at": NINE + 3 * HOUR,
        "folder": folder,
    }
    return BookOrder(**(wanted | more))


def bound(folder: Path, transcripts: Iterable[Transcript], **more: Any) -> Bound:
    """Made here, in this very process."""
    book = Book(order_for(folder, **more))
    for transcript in transcripts:
        book.add(packed(transcript))
    return book.finish()


def binders(parent: int) -> list[int]:
    """The processes that make books for this one."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii")
    return [
        int(child)
        for child in children.split()
        if b"utils.chats" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]


Sheets = dict[str, list[list[Any]]]


def read(path: Path) -> Sheets:
    """Every sheet as rows of values, by title."""
    with path.open("rb") as file:
        return {
            sheet.title: [list(row) for row in sheet.iter_rows(values_only=True)]
            for sheet in load_workbook(file)
        }


def records(rows: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    titles, *others = rows
    return [dict(zip(titles, row, strict=True)) for row in others]


def told_by(summary: Sequence[Sequence[Any]], section: str, label: str) -> Any:
    """The number beside a label of the first sheet, under the heading of its section."""
    labels = [row[0] if row else None for row in summary]
    at = labels.index(label, labels.index(section))
    return summary[at][1]
