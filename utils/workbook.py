"""Workbooks of any length at flat memory: rows go into the .xlsx as they come.

Everything is written as inline strings and numbers, so a text of a stranger is a text, whatever
it begins with: there is no way to write a formula. pandas and openpyxl build the whole sheet in
memory first, 20 times slower; they remain right for short sheets with charts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import Enum
from functools import lru_cache
from typing import IO, Any
from xml.sax.saxutils import quoteattr
from zipfile import ZIP_DEFLATED, ZipFile

MAX_ROWS = 1_048_576
"""Of one sheet, its header included; what is over goes on in the next sheet."""
MAX_TEXT = 32_767
"""Of one cell, in UTF-16 units as Excel counts."""
MAX_TITLE = 31
CUT_MARK = " … [обрезано]"

_BATCH = 512
_OFTEN_REPEATED = 64
"""Texts up to this length are worth remembering; longer ones are somebody's own words."""
_SURELY_SHORT = MAX_TEXT // 2
"""A character is one UTF-16 unit or two: so many characters fit in any case."""
_EPOCH = date(1899, 12, 30).toordinal()
_DAY_SECONDS = 86_400

# What XML 1.0 cannot hold at all, escaped or not; carriage returns come back as `_x000D_`.
_UNWRITABLE = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")
# Excel reads `_x0041_` inside a text as the character A.
_CODED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
# Texts without any of these, as almost all are, go into the file as they are.
_find_trouble = re.compile(f"{_UNWRITABLE.pattern}|[&<>]|_x").search
_BAD_TITLE = re.compile(r"[\[\]:*?/\\]")


class Kind(Enum):
    """What a column holds; the value is the index of its style in `_STYLES`."""

    TEXT = 0
    INTEGER = 2
    NUMBER = 3
    """A number with two decimals."""
    MONEY = 4
    """Integer kopecks, shown as roubles."""
    DATE = 5
    MOMENT = 6
    """A naive local `datetime`: a workbook knows no zones."""


@dataclass(frozen=True, slots=True)
class Column:
    title: str
    kind: Kind = Kind.TEXT
    width: float = 16
    """In characters of the standard font."""


Row = Sequence[Any]
"""One value per column, None for an empty cell."""


class Workbook:
    """Sheets are written one after the other; `order` says how they stand in the finished file."""

    def __init__(self, file: IO[bytes]) -> None:
        self._zip = ZipFile(file, "w", ZIP_DEFLATED, compresslevel=1)
        self._titles: list[str] = []

    @contextmanager
    def sheet(self, title: str, columns: Sequence[Column]) -> Iterator[Sheet]:
        """A sheet to append rows to. Its header is frozen and filters."""
        sheet = Sheet(self._zip, self._titles, title, columns)
        try:
            yield sheet
        finally:
            sheet.close()

    def close(self, order: Sequence[str] = ()) -> None:
        """Finish the file: the sheets named in `order` first, the others as they were written."""
        numbered = list(enumerate(self._titles, start=1))
        ranks = {title: rank for rank, title in enumerate(order)}
        numbered.sort(key=lambda one: ranks.get(_stem(one[1]), len(ranks)))
        for path, content in _frame(numbered):
            self._zip.writestr(path, content)
        self._zip.close()


class Sheet:
    """Takes rows; opens a continuation when the sheet is full."""

    def __init__(
        self, target: ZipFile, titles: list[str], title: str, columns: Sequence[Column]
    ) -> None:
        self._zip = target
        self._titles = titles
        self._stem = sheet_title(title)
        self._columns = columns
        self._cells = [_WRITERS[column.kind] for column in columns]
        self._batch: list[str] = []
        self._parts = 0
        self._open_part()

    def append(self, row: Row) -> None:
        if self._rows == MAX_ROWS:
            self._close_part()
            self._open_part()
        cells = [cell(value) for cell, value in zip(self._cells, row, strict=True)]
        self._batch.append(f"<row>{''.join(cells)}</row>")
        self._rows += 1
        if len(self._batch) == _BATCH:
            self._flush()

    def close(self) -> None:
        self._close_part()

    def _open_part(self) -> None:
        self._parts += 1
        part = f" ({self._parts})" if self._parts > 1 else ""
        self._titles.append(self._stem[: MAX_TITLE - len(part)] + part)
        self._file = self._zip.open(
            f"xl/worksheets/sheet{len(self._titles)}.xml", "w", force_zip64=True
        )
        header = "".join(_header_cell(column.title) for column in self._columns)
        self._batch = [_sheet_head(self._columns), f"<row>{header}</row>"]
        self._rows = 1

    def _close_part(self) -> None:
        last = f"{_letters(len(self._columns))}{self._rows}"
        self._batch.append(f'</sheetData><autoFilter ref="A1:{last}"/></worksheet>')
        self._flush()
        self._file.close()

    def _flush(self) -> None:
        self._file.write("".join(self._batch).encode())
        self._batch.clear()


def clean_text(text: str) -> str:
    """`text` as a cell can hold it: no control characters, and not over Excel's limit."""
    text = _UNWRITABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    if len(text) > _SURELY_SHORT and len(text.encode("utf-16-le")) > 2 * MAX_TEXT:
        room = 2 * (MAX_TEXT - len(CUT_MARK))
        text = text.encode("utf-16-le")[:room].decode("utf-16-le", "ignore") + CUT_MARK
    return text


def sheet_title(title: str) -> str:
    """`title` without the characters that a sheet's name may not have, at most 31 long."""
    return _BAD_TITLE.sub(" ", clean_text(title)).strip("'")[:MAX_TITLE] or "Лист"


def _text(value: str | None) -> str:
    if not value:
        return "<c/>"
    return _text_cell(value) if len(value) > _OFTEN_REPEATED else _repeated_cell(value)


def _text_cell(text: str) -> str:
    if len(text) > _SURELY_SHORT or _find_trouble(text):
        text = _CODED.sub("_x005F_", clean_text(text))
        text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f'<c t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


# Names, directions, types: most cells of a long sheet have been written before.
_repeated_cell = lru_cache(maxsize=1024)(_text_cell)


def _number(kind: Kind, convert: Callable[[Any], object]) -> Callable[[Any], str]:
    head = f'<c s="{kind.value}"><v>'

    def cell(value: Any) -> str:
        return "<c/>" if value is None else f"{head}{convert(value)}</v></c>"

    return cell


def _roubles(kopecks: int) -> str:
    whole, rest = divmod(abs(kopecks), 100)
    return f"{'-' if kopecks < 0 else ''}{whole}.{rest:02}"


def _serial_day(day: date) -> int:
    return day.toordinal() - _EPOCH


def _serial_moment(moment: datetime) -> str:
    seconds = (moment - datetime.combine(moment.date(), time.min, moment.tzinfo)).seconds
    return f"{_serial_day(moment) + seconds / _DAY_SECONDS:.10f}"


_WRITERS: dict[Kind, Callable[[Any], str]] = {
    Kind.TEXT: _text,
    Kind.INTEGER: _number(Kind.INTEGER, int),
    Kind.NUMBER: _number(Kind.NUMBER, float),
    Kind.MONEY: _number(Kind.MONEY, _roubles),
    Kind.DATE: _number(Kind.DATE, _serial_day),
    Kind.MOMENT: _number(Kind.MOMENT, _serial_moment),
}

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
# In the order of `Kind`: 0 text, 1 header, 2 whole, 3 decimals, 4 roubles, 5 date, 6 moment.
_FORMATS = (0, 0, 3, 4, 4, 164, 165)
_STYLES = (
    f'{_XML}<styleSheet xmlns="{_MAIN}">'
    '<numFmts count="2"><numFmt numFmtId="164" formatCode="dd.mm.yyyy"/>'
    '<numFmt numFmtId="165" formatCode="dd.mm.yyyy\\ hh:mm"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="3"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill>'
    '<fill><patternFill patternType="solid"><fgColor rgb="FFE8EEF4"/></patternFill></fill></fills>'
    "<borders><border/></borders><cellStyleXfs><xf/></cellStyleXfs><cellXfs>"
    + "".join(
        f'<xf numFmtId="{number_format}" fontId="{int(style == 1)}" fillId="{2 * (style == 1)}"'
        ' borderId="0" applyNumberFormat="1" applyFont="1" applyFill="1"/>'
        for style, number_format in enumerate(_FORMATS)
    )
    + "</cellXfs></styleSheet>"
)


def _header_cell(title: str) -> str:
    return _text(title).replace("<c ", '<c s="1" ', 1)


def _sheet_head(columns: Sequence[Column]) -> str:
    widths = "".join(
        f'<col min="{at}" max="{at}" width="{column.width}" customWidth="1"/>'
        for at, column in enumerate(columns, start=1)
    )
    return (
        f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
        f"</sheetView></sheetViews><cols>{widths}</cols><sheetData>"
    )


def _frame(sheets: Sequence[tuple[int, str]]) -> Iterator[tuple[str, str]]:
    """The parts around the sheets; `sheets` are their numbers and titles in reading order."""
    entries = "".join(
        f'<sheet name={quoteattr(title)} sheetId="{number}" r:id="rId{number}"/>'
        for number, title in sheets
    )
    links = "".join(
        f'<Relationship Id="rId{number}" Type="{_DOCUMENT}/worksheet"'
        f' Target="worksheets/sheet{number}.xml"/>'
        for number, _ in sheets
    )
    overrides = "".join(
        f'<Override PartName="/xl/worksheets/sheet{number}.xml"'
        f' ContentType="{_TYPE}.worksheet+xml"/>'
        for number, _ in sheets
    )
    yield (
        "xl/workbook.xml",
        f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_DOCUMENT}">'
        f"<sheets>{entries}</sheets></workbook>",
    )
    yield (
        "xl/_rels/workbook.xml.rels",
        f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">{links}'
        f'<Relationship Id="styles" Type="{_DOCUMENT}/styles" Target="styles.xml"/>'
        "</Relationships>",
    )
    yield "xl/styles.xml", _STYLES
    yield (
        "_rels/.rels",
        f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1"'
        f' Type="{_DOCUMENT}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    )
    yield (
        "[Content_Types].xml",
        f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels"'
        ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>'
        f"{overrides}</Types>",
    )


def _stem(title: str) -> str:
    """The name a sheet was asked for by, without the number of a continuation."""
    return re.sub(r" \(\d+\)$", "", title)


def _letters(number: int) -> str:
    """The letters of a column counted from 1: 27 is AA."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
