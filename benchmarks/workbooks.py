"""Chats into workbooks: against pandas, and ten times as many. Each in its own process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from importlib.util import find_spec
from itertools import cycle, islice
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.measure import Effort, Result

_MESSAGES_PER_COUNT = 500
"""200 repetitions, as usual, are 100,000 messages."""
_OF_A_CHAT = 100
_MOST_ROUNDS = 3
"""It is seconds of a core that are counted, not of a clock: they hardly differ."""
_FIRST = 1_767_225_600
_LISTINGS = 200
_WORDS = (
    "здравствуйте ещё продаёте диван могу подъехать сегодня вечером скидка будет адрес доставка"
    " какой размер 200х90 торг уместен 15 000 ₽ спасибо да нет позвоните"
)


def measure(effort: Effort) -> list[Result]:
    """Without pandas (the group `benchmarks`) there is nothing to compare with."""
    messages = effort.count * _MESSAGES_PER_COUNT
    rounds = range(min(effort.rounds, _MOST_ROUNDS))
    # Once: it takes a quarter of a minute.
    theirs = [_in_a_process("pandas", messages)] if find_spec("pandas") else []
    sheet = [_in_a_process("sheet", messages) for _ in rounds]
    book = [_in_a_process("book", messages) for _ in rounds]
    long = _in_a_process("book", 10 * messages)

    def per_second(figures: list[dict[str, float]]) -> float:
        return messages / median(one["seconds"] for one in figures)

    def memory(figures: list[dict[str, float]]) -> float:
        return median(one["memory"] for one in figures)

    pace, weight = (per_second(theirs), memory(theirs)) if theirs else (None, None)
    return [
        Result(
            f"{messages:,} messages as rows of a sheet, per second",
            *(per_second(sheet), pace),
            at_least=15 if theirs else None,
        ),
        Result(
            f"{messages:,} messages of chats as a whole book, per second", per_second(book), pace
        ),
        Result(
            f"memory of a book of {messages:,} messages, MB",
            *(memory(book), weight),
            limit=0.1 if theirs else None,
        ),
        Result(
            f"memory of a book of {10 * messages:,} messages, MB",
            *(long["memory"], memory(book)),
            limit=1.1,
        ),
    ]


def _in_a_process(what: str, messages: int) -> dict[str, float]:
    code = f"from benchmarks.workbooks import report; report({what!r}, {messages})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def report(what: str, messages: int) -> None:
    """Print the seconds of a core that it took, and the memory beyond the bare Python."""
    bare = _peak_mb()
    write = {"sheet": _sheet, "book": _book, "pandas": _pandas}[what]
    with TemporaryDirectory() as folder:
        seconds = write(messages, Path(folder))
    print(json.dumps({"seconds": seconds, "memory": _peak_mb() - bare}))


def _peak_mb() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    return int(kilobytes) / 1024


def _texts() -> Iterator[str]:
    chance = Random(1)
    words = _WORDS.split()
    texts = [" ".join(chance.choices(words, k=chance.randint(2, 18))) for _ in range(5_000)]
    return (f"{text} {number}" for number, text in enumerate(cycle(texts)))


def _rows(messages: int) -> Iterator[tuple[Any, ...]]:
    for number, text in enumerate(islice(_texts(), messages)):
        chat, is_ours = number // _OF_A_CHAT, bool(number % 2)
        yield (
            _FIRST + 37 * number,
            f"Покупатель {chat}",
            f"Диван {chat % _LISTINGS}",
            "Мебель у дома" if is_ours else f"Покупатель {chat}",
            "исходящее" if is_ours else "входящее",
            "текст",
            text,
            "да",
            None,
            f"u2i-{chat}",
        )


def _sheet(messages: int, folder: Path) -> float:
    from utils.chats.sheets import MESSAGE_COLUMNS, MESSAGES
    from utils.workbook import Workbook

    began = time.process_time()
    with (folder / "ours.xlsx").open("wb") as file:
        workbook = Workbook(file)
        with workbook.table(MESSAGES, MESSAGE_COLUMNS) as table:
            for row in _rows(messages):
                table.append(row)
        workbook.close()
    return time.process_time() - began


def _pandas(messages: int, folder: Path) -> float:
    import pandas

    from utils.chats.sheets import MESSAGE_COLUMNS, MESSAGES

    began = time.process_time()
    rows = [
        (datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None), *rest)
        for seconds, *rest in _rows(messages)
    ]
    frame = pandas.DataFrame(rows, columns=[column.title for column in MESSAGE_COLUMNS])
    frame.to_excel(folder / "theirs.xlsx", sheet_name=MESSAGES, index=False, engine="openpyxl")
    return time.process_time() - began


def _book(messages: int, folder: Path) -> float:
    """All that its process does with what comes from the store: read, look through, write."""
    from utils.chats.book import Book
    from utils.chats.order import BookOrder

    order = BookOrder("Мебель у дома", "Europe/Moscow", _FIRST + 37 * messages, folder)
    spent = _Spent()
    book = spent.by(partial(Book, order))
    for chat in _chats(messages):
        spent.by(partial(book.add, chat))
    spent.by(book.finish)
    return spent.seconds


class _Spent:
    """Seconds of a core, without those of making up what is worked on."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def by(self, action: Callable[[], Any]) -> Any:
        began = time.process_time()
        done = action()
        self.seconds += time.process_time() - began
        return done


def _chats(messages: int) -> Iterator[bytes]:
    from utils.chats.model import ChatHead, Line, Transcript

    texts = _texts()
    for chat in range(-(-messages // _OF_A_CHAT)):
        at, buyer, listing = _FIRST + 3_700 * chat, 1_000 + chat, chat % _LISTINGS
        head = ChatHead(
            *(f"u2i-{chat}", "u2i", at, at, f"Покупатель {chat}", False, listing),
            *(f"Диван {listing}", "15 000 ₽", f"https://www.avito.ru/divan_{listing}", 10, False),
        )
        lines = []
        for number, text in enumerate(islice(texts, _OF_A_CHAT)):
            is_ours = bool(number % 2)
            author = 1 if is_ours else buyer
            kind, said = ("text", text) if number % 20 else ("image", _picture())
            lines.append(
                Line(
                    f"{chat:08x}{number:024x}", at + 37 * number, author, is_ours, kind, said, True
                )
            )
        yield zlib.compress(Transcript(head, lines).to_json().encode(), 1)


def _picture() -> str:
    return f"https://img.k.avito.ru/chat/1280x960/{os.urandom(16).hex()}.jpg"
