"""The sheets as .csv files in one .zip, with the interface of `utils.workbook.Workbook`.

As Excel in Russian opens them: a byte order mark, semicolons, decimal commas.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile

from utils.chats.clock import shown
from utils.workbook import Cell, Column, Kind, remove_controls

# Where a cell begins so, Excel and its kin compute it, also behind blanks and in wide letters.
_begins_as_formula = re.compile(r"\s*[=+\-@\t＝＋－＠]").match
# A program that splits at commas or tabs takes no notice of our quotes, and begins a cell there.
# Lists begin with a dash and phones with a plus: there only what calls something is computed.
_later_formulas = re.compile(r"([,\t\n]\s*)(?=[=@＝＠]|[+\-＋－][^,\t\n]*(?:\||\w\())").sub
# Our own phones are what anybody wants to copy, and nothing happens when they are computed.
_is_phones = re.compile(r"\+7\d{10}(?:, \+7\d{10})*").fullmatch


class CsvZip:
    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._zip = ZipFile(file, "w", ZIP_DEFLATED, compresslevel=6)

    @property
    def size(self) -> int:
        return self._file.tell()

    @contextmanager
    def table(
        self, title: str, columns: Sequence[Column], pages_wide: int = 1
    ) -> Iterator[CsvSheet]:
        del pages_wide  # nobody prints it
        with self._sheet(title) as sheet:
            sheet.line(*((Kind.HEADING, column.title) for column in columns))
            sheet.kinds = [column.kind for column in columns]
            yield sheet

    @contextmanager
    def page(self, title: str, widths: Sequence[float]) -> Iterator[CsvSheet]:
        del widths  # a text has none
        with self._sheet(title) as sheet:
            yield sheet

    def close(self, order: Sequence[str] = ()) -> None:
        del order  # every program shows the files of an archive in its own
        self._zip.close()

    @contextmanager
    def _sheet(self, title: str) -> Iterator[CsvSheet]:
        with (
            self._zip.open(f"{title}.csv", "w", force_zip64=True) as file,
            TextIOWrapper(file, "utf-8-sig", errors="ignore", newline="") as text,
        ):
            yield CsvSheet(text)


class CsvSheet:
    def __init__(self, file: IO[str]) -> None:
        self._writer = csv.writer(file, delimiter=";")
        self.kinds: Sequence[Kind] = ()

    def append(self, row: Sequence[Any]) -> None:
        self.line(*zip(self.kinds, row, strict=True))

    def line(self, *cells: Cell, lines: int = 1) -> None:
        del lines  # nor a height
        self._writer.writerow([_field(kind, value) for kind, value in cells])

    @contextmanager
    def shaded(self, columns: range) -> Iterator[None]:
        del columns  # a text has no colours either
        yield


def _field(kind: Kind, value: Any) -> str:
    if value is None:
        return ""
    if kind is Kind.MOMENT:
        return f"{shown(value):%d.%m.%Y %H:%M:%S}"
    if isinstance(value, float):
        return f"{value:.1f}".replace(".", ",")
    if isinstance(value, int):
        return str(value)
    return _harmless(remove_controls(value))


def _harmless(text: str) -> str:
    first = "'" if _begins_as_formula(text) and not _is_phones(text) else ""
    return first + _later_formulas(r"\1'", text)
