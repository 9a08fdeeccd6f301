"""Chats into files, one after the other, in little memory however many there are.

A chat is looked at, its messages go into the file at once, its rows of the other sheets lie in a
nameless file beside until the messages are all there: an archive takes one sheet at a time. A
file that is full waits for the last chat, for its first sheet tells of all of them.
"""

from __future__ import annotations

import os
import pickle
import zlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, Protocol

from utils.chats.clock import LocalClock
from utils.chats.csv_zip import CsvZip
from utils.chats.model import Line, Transcript
from utils.chats.order import BookOrder, Bound, BoundFile, Form, Which
from utils.chats.sheets import (
    CHAT_COLUMNS,
    CHATS,
    MESSAGE_COLUMNS,
    MESSAGES,
    ORDER,
    SUMMARY,
    UNANSWERED,
    UNANSWERED_COLUMNS,
    chat_row,
    message_rows,
    unanswered_row,
)
from utils.chats.study import Span, Studied, Survey, study
from utils.chats.summary import WIDTHS, Lines, write_summary
from utils.files import file_name
from utils.workbook import Column, Workbook

_SUMMARY_BYTES = 200_000
"""More than the first sheet ever takes, with its five hundred listings."""
_WHICH = {Which.ALL: (), Which.UNREAD: ("непрочитанные",), Which.UNANSWERED: ("без_ответа",)}
_ENDINGS = {Form.XLSX: "xlsx", Form.CSV: "zip"}


class Rows(Protocol):
    def append(self, row: Sequence[Any]) -> None: ...


class Target(Protocol):
    """A file of sheets, written one after the other."""

    @property
    def size(self) -> int: ...

    def table(
        self, title: str, columns: Sequence[Column], pages_wide: int = 1
    ) -> AbstractContextManager[Rows]: ...

    def page(self, title: str, widths: Sequence[float]) -> AbstractContextManager[Lines]: ...

    def close(self, order: Sequence[str] = ()) -> None: ...


class Book:
    """Takes chats until `finish`, or until `discard`, after which there are no files."""

    def __init__(self, order: BookOrder) -> None:
        self._order = order
        self._clock = LocalClock(order.zone)
        self._span = Span(order.since, order.until)
        self._survey = Survey(self._clock, self._span)
        self._room = order.max_bytes - min(_SUMMARY_BYTES, order.max_bytes // 3)
        self._parts = [_Part(order, 1)]
        self._not_read = {head.id: head for head in order.not_read}

    def add(self, packed: bytes) -> None:
        """A chat, as a compressed `Transcript.to_json`."""
        stored = zlib.decompress(packed)
        chat = study(Transcript.from_json(stored), self._span)
        chat.is_stale = self._not_read.pop(chat.head.id, None) is not None
        chat.is_listed_unread = self._order.which is Which.UNREAD
        if self._is_wanted(chat):
            self._write(chat, len(stored))

    def _write(self, chat: Studied, size: int) -> None:
        """`size` is an upper bound of the bytes that its messages take."""
        self._survey.add(chat)
        us = self._order.profile_name
        row = chat_row(chat, self._clock, us)
        waits = (
            unanswered_row(chat, self._clock, self._order.made_at) if chat.is_unanswered else None
        )
        for lines, weight in _pieces(chat.lines, size, self._room):
            part = self._parts[-1]
            if not part.is_empty and part.size + weight > self._room:
                part.finish_messages()
                part = _Part(self._order, len(self._parts) + 1)
                self._parts.append(part)
            part.add(row, message_rows(chat, lines, self._clock, us), waits)

    def finish(self) -> Bound:
        self._write_unknown()
        self._parts[-1].finish_messages()
        files = []
        for number, part in enumerate(self._parts, start=1):
            with part.summary() as page:
                said = self._said_of(number, part.chats)
                write_summary(page, self._order, self._survey, self._clock, said)
            part.close()
            files.append(BoundFile(part.path, self._name(number)))
        total = self._survey.total
        return Bound(
            files=tuple(files),
            chats=total.chats,
            messages=total.messages,
            unanswered=total.unanswered,
            first_reply=total.replies.median,
            slow_reply=total.replies.nine_of_ten,
        )

    def discard(self) -> None:
        for part in self._parts:
            part.discard()

    def _write_unknown(self) -> None:
        """The chats of which only the heads are known; they alone would make no file."""
        if self._order.which is not Which.ALL or not self._survey.total.chats:
            return
        for head in self._not_read.values():
            if not head.updated or head.updated in self._span:
                chat = study(Transcript(head, []), self._span)
                chat.is_stale = True
                self._write(chat, 0)

    def _is_wanted(self, chat: Studied) -> bool:
        if not chat.lines and not self._span.is_all:
            return False
        match self._order.which:
            case Which.ALL:
                return True
            case Which.UNREAD:
                return chat.is_unread
            case Which.UNANSWERED:
                return chat.is_unanswered

    def _said_of(self, number: int, chats: int) -> str | None:
        if len(self._parts) == 1:
            return None
        return (
            f"Часть {number} из {len(self._parts)}, чатов в ней: {chats}. "
            "Числа на этом листе — по всем частям"
        )

    def _name(self, number: int) -> str:
        order = self._order
        words = [file_name(order.profile_name), "чаты", *_WHICH[order.which], self._days()]
        if len(self._parts) > 1:
            words.append(f"часть_{number}_из_{len(self._parts)}")
        return f"{'_'.join(words)}.{_ENDINGS[order.form]}"

    def _days(self) -> str:
        """Of the messages in it; without a period, the day on which it was made."""
        order = self._order
        last = order.made_at if order.until is None else order.until - 1
        until = f"{self._clock.shown(last):%Y-%m-%d}"
        if order.since is not None:
            return f"с_{self._clock.shown(order.since):%Y-%m-%d}_по_{until}"
        return until if order.until is None else f"по_{until}"


class _Part:
    """One file. Its messages come first, then, all at once, the sheets that tell of its chats."""

    def __init__(self, order: BookOrder, number: int) -> None:
        self.path = order.folder / f"{order.stem}-{number}"
        self.chats = 0
        self._file = _new_file(self.path)
        self._target = _target(order, self._file)
        self._open_table = ExitStack()
        table = self._target.table(MESSAGES, MESSAGE_COLUMNS)
        self._messages = self._open_table.enter_context(table)
        self._chats = _Aside(order.folder)
        self._unanswered = _Aside(order.folder)

    @property
    def is_empty(self) -> bool:
        return not self.chats

    @property
    def size(self) -> int:
        """A little more than it will be, without its first sheet."""
        return self._target.size + self._chats.size + self._unanswered.size

    def add(self, row: Sequence[Any], messages: Iterator[Sequence[Any]], waits: Any) -> None:
        self.chats += 1
        append = self._messages.append
        for message in messages:
            append(message)
        self._chats.append(row)
        if waits is not None:
            self._unanswered.append(waits)

    def finish_messages(self) -> None:
        self._open_table.close()
        self._write_aside(CHATS, CHAT_COLUMNS, self._chats, pages_wide=2)
        self._write_aside(UNANSWERED, UNANSWERED_COLUMNS, self._unanswered)

    def summary(self) -> AbstractContextManager[Lines]:
        return self._target.page(SUMMARY, WIDTHS)

    def close(self) -> None:
        self._target.close(ORDER)
        self._file.close()

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)
        # An archive that is left open complains when it is collected.
        with suppress(Exception):
            self.finish_messages()
            self.close()

    def _write_aside(
        self, title: str, columns: Sequence[Column], rows: _Aside, pages_wide: int = 1
    ) -> None:
        with self._target.table(title, columns, pages_wide) as table:
            for row in rows.take():
                table.append(row)


class _Aside:
    """Rows that wait outside of memory for their sheet."""

    def __init__(self, folder: Path) -> None:
        self._file = TemporaryFile(dir=folder)  # noqa: SIM115 - closed in `take`
        self.size = 0

    def append(self, row: Sequence[Any]) -> None:
        self.size += self._file.write(pickle.dumps(row))

    def take(self) -> Iterator[Sequence[Any]]:
        """All of them, once."""
        self._file.seek(0)
        with self._file, suppress(EOFError):
            while True:
                yield pickle.load(self._file)  # noqa: S301 - we have just written it


def _target(order: BookOrder, file: IO[bytes]) -> Target:
    if order.form is Form.CSV:
        return CsvZip(file)
    return Workbook(file, aside=order.folder)


def _new_file(path: Path) -> IO[bytes]:
    """For nobody else to read: these are private letters."""
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b")


def _pieces(lines: Sequence[Line], size: int, room: int) -> Iterator[tuple[Sequence[Line], int]]:
    """The whole chat, of `size` bytes, unless a file could not hold it: then in parts of it."""
    count = -(-4 * size // room) if size > room else 1
    step = max(1, -(-len(lines) // count))
    for start in range(0, max(len(lines), 1), step):
        yield lines[start : start + step], size // count
