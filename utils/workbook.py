"""Workbooks of any length at flat memory: rows go into the .xlsx as they come.

Everything is written as inline strings and numbers, so a text of a stranger is a text, whatever
it begins with: there is no way to write a formula. openpyxl remains right for short sheets with
charts (`utils/report_book.py`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from operator import call
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZIP_DEFLATED, ZipFile

MAX_ROWS = 1_048_576
"""Of one sheet, its header included; what is over goes on in the next sheet."""
MAX_TEXT = 32_767
"""Of one cell, in UTF-16 units as Excel counts."""
MAX_TITLE = 31
MAX_LINKS = 65_530
"""That can be clicked on one sheet; Excel repairs a file that has more, by dropping them all."""
CUT_MARK = " … [обрезано]"
OPEN = "открыть"
"""What stands in a cell that can be clicked: addresses are long, and all alike at a glance."""

_BATCH = 1 << 16
"""Characters that are packed at a time."""
_REMEMBERED = 256
_LINE_HEIGHT = 15
"""In points. Not every program measures wrapped texts when it opens a file, so we do."""
_HEADER_HEIGHT = 2 * _LINE_HEIGHT
_TITLE_HEIGHT = 24
_MOST_LINES = 20
"""That a row shows; the rest of a long text is there, and Excel has no row over 409 points."""
_A4 = 9
_SURELY_SHORT = MAX_TEXT // 2
"""A character is one UTF-16 unit or two: so many characters fit in any case."""
_DAYS_BEFORE_1970 = 25_569
_DAY_SECONDS = 86_400
_LAST_MOMENT = 253_402_300_799
"""The end of the year 9999, and of Excel's calendar."""

# What XML 1.0 cannot hold at all, escaped or not; carriage returns come back as `_x000D_`.
_UNWRITABLE = "\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff"
_remove_unwritable = re.compile(f"[{_UNWRITABLE}]").sub
# Excel reads `_x0041_` inside a text as the character A. Its code for `_` is not known to all
# others, but all of them put the runs of a text together only after reading them.
_CODED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_NEXT_RUN = '_</t></r><r><t xml:space="preserve">'
# One class of characters is found five times as fast as alternatives are. Texts without any of
# them, and without blanks that a reader would strip, go into the file as they are: almost all.
_find_trouble = re.compile(f"[{_UNWRITABLE}&<>_]").search
_BAD_TITLE = re.compile(r"[\[\]:*?/\\]")


class Kind(IntEnum):
    """What a cell holds; the value is the index of its style in `_LOOKS`."""

    TEXT = 0
    WRAPPED = 1
    """Text of several lines."""
    LINK = 2
    """A `Link` can be clicked and shows no address; any other text is a text."""
    INTEGER = 3
    NUMBER = 4
    """With one decimal."""
    PRICE = 5
    """Whole roubles; or a text, where the price is none."""
    MOMENT = 6
    """Seconds since 1970 by the reader's own clock: a workbook knows no zones."""
    HEADING = 7
    NUMBER_HEADING = 8
    """Of a column of numbers, above which it stands at the right."""
    TITLE = 9
    NOTE = 10


_LEFT = frozenset({Kind.TEXT, Kind.WRAPPED, Kind.LINK, Kind.MOMENT})


class Link(str):
    """An address that may be clicked: who makes it one vouches for it. ASCII, without blanks."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Column:
    title: str
    kind: Kind = Kind.TEXT
    width: float = 16
    """In characters of the standard font."""


Cell = tuple[Kind, Any]
"""None is an empty cell."""


class Workbook:
    """Sheets are written one after the other; `order` says how they stand in the finished file.

    What must come later in it lies in nameless files in `aside` meanwhile.
    """

    def __init__(
        self, file: IO[bytes], max_rows: int = MAX_ROWS, aside: Path | None = None
    ) -> None:
        self._file = file
        self._aside = aside
        self._max_rows = max_rows
        self._zip = ZipFile(file, "w", ZIP_DEFLATED, compresslevel=1)
        self._titles: list[str] = []
        self._tables: set[str] = set()

    @property
    def size(self) -> int:
        """Bytes written, but for the last hundred thousand or so that are still being packed."""
        return self._file.tell()

    @contextmanager
    def table(self, title: str, columns: Sequence[Column], pages_wide: int = 1) -> Iterator[Table]:
        """A sheet to append rows to. Its header is frozen and filters.

        Printed, it is so many pages wide, each with the header and the first column.
        """
        table = Table(self._new_table_sheet, title, columns, self._max_rows, pages_wide)
        try:
            yield table
        finally:
            table.close()

    @contextmanager
    def page(self, title: str, widths: Sequence[float]) -> Iterator[Page]:
        """A sheet of lines that differ from each other."""
        page = Page(self._new_sheet(sheet_title(title), _head(widths)))
        try:
            yield page
        finally:
            page.close()

    def close(self, order: Sequence[str] = ()) -> None:
        """Finish the file: the sheets named in `order` first, the others as they were written."""
        numbered = list(enumerate(self._titles, start=1))
        ranks = {title: rank for rank, title in enumerate(order)}
        numbered.sort(key=lambda one: ranks.get(_stem(one[1]), len(ranks)))
        for path, content in _frame(numbered, self._tables):
            self._zip.writestr(path, content)
        self._zip.close()

    def _new_table_sheet(self, title: str, head: str) -> _Sheet:
        self._tables.add(title)
        return self._new_sheet(title, head)

    def _new_sheet(self, title: str, head: str) -> _Sheet:
        self._titles.append(title)
        return _Sheet(self._zip, len(self._titles), head, self._aside)


class Table:
    """Takes rows; opens a continuation when the sheet is full."""

    def __init__(
        self,
        new_sheet: Callable[[str, str], _Sheet],
        title: str,
        columns: Sequence[Column],
        max_rows: int,
        pages_wide: int,
    ) -> None:
        self._new_sheet = new_sheet
        self._stem = sheet_title(title)
        self._columns = columns
        self._max_rows = max_rows
        self._pages_wide = pages_wide
        self._cells = [_WRITERS[column.kind] for column in columns]
        self._links = [at for at, column in enumerate(columns) if column.kind is Kind.LINK]
        self._wrapped = [
            (at, column.width) for at, column in enumerate(columns) if column.kind is Kind.WRAPPED
        ]
        self._parts = 0
        self._open_part()

    def append(self, row: Sequence[Any]) -> None:
        """One value per column."""
        if self._sheet.rows == self._max_rows:
            self._close_part()
            self._open_part()
        if self._links:
            row = self._with_links(row)
        lines = 1
        for at, width in self._wrapped:
            lines = max(lines, _lines(row[at], width))
        self._sheet.append("".join(map(call, self._cells, row)), _LINE_HEIGHT * lines)

    def _with_links(self, row: Sequence[Any]) -> Sequence[Any]:
        """Where no more of them can be clicked, they are texts again."""
        values = list(row)
        for at in self._links:
            if isinstance(row[at], Link) and not self._sheet.link(at, row[at]):
                values[at] = str(row[at])
        return values

    def close(self) -> None:
        self._close_part()

    def _open_part(self) -> None:
        self._parts += 1
        part = f" ({self._parts})" if self._parts > 1 else ""
        title = self._stem[: MAX_TITLE - len(part)] + part
        self._sheet = self._new_sheet(title, _head([one.width for one in self._columns], _FROZEN))
        self._sheet.append("".join(map(_column_heading, self._columns)), _HEADER_HEIGHT)

    def _close_part(self) -> None:
        last = f"{_letters(len(self._columns))}{self._sheet.rows}"
        self._sheet.close(f'<autoFilter ref="A1:{last}"/>', self._pages_wide)


class Page:
    """Takes lines of any cells."""

    def __init__(self, sheet: _Sheet) -> None:
        self._sheet = sheet
        self._shades: list[str] = []

    def line(self, *cells: Cell, lines: int = 1) -> None:
        """`lines` is how many of text there are in its cells."""
        height = _LINE_HEIGHT * lines
        if any(kind is Kind.TITLE for kind, _ in cells):
            height = _TITLE_HEIGHT
        for at, (_, value) in enumerate(cells):
            if isinstance(value, Link):
                self._sheet.link(at, value)
        self._sheet.append("".join(_WRITERS[kind](value) for kind, value in cells), height)

    @contextmanager
    def shaded(self, columns: range) -> Iterator[None]:
        """The larger a number in these columns (from 0) of the lines until then, the darker."""
        first = self._sheet.rows + 1
        yield
        left, right = _letters(columns[0] + 1), _letters(columns[-1] + 1)
        self._shades.append(f"{left}{first}:{right}{self._sheet.rows}")

    def close(self) -> None:
        self._sheet.close("".join(_SHADE.format(shade) for shade in self._shades))


class _Sheet:
    """The file of one sheet, and the one beside it that says where its links lead."""

    def __init__(self, target: ZipFile, number: int, head: str, aside: Path | None) -> None:
        self._zip = target
        self._number = number
        self._file = target.open(f"xl/worksheets/sheet{number}.xml", "w", force_zip64=True)
        self._batch = [head]
        self._batch_size = 0
        self._link_count = 0
        # They come along with the rows and stand after them: any number of them, too.
        self._links = TemporaryFile("w+", encoding="ascii", dir=aside)  # noqa: SIM115 - closed in `close`
        self.rows = 0

    def append(self, cells: str, height: int = _LINE_HEIGHT) -> None:
        if height == _LINE_HEIGHT:
            self._add(f"<row>{cells}</row>")
        else:
            self._add(f'<row ht="{height}" customHeight="1">{cells}</row>')
        self.rows += 1

    def link(self, column: int, link: Link) -> bool:
        """Make the cell of the next row lead there, unless the sheet has too many that do."""
        if self._link_count == MAX_LINKS:
            return False
        self._link_count += 1
        self._links.write(f"{_letters(column + 1)}{self.rows + 1} {link}\n")
        return True

    def close(self, tail: str, pages_wide: int = 1) -> None:
        self._add(f"</sheetData>{tail}")
        if self._link_count:
            self._add("<hyperlinks>")
            for number, (place, _) in self._all_links():
                self._add(f'<hyperlink ref="{place}" r:id="rId{number}"/>')
            self._add("</hyperlinks>")
        self._add(
            f'<pageSetup paperSize="{_A4}" fitToWidth="{pages_wide}" fitToHeight="0"'
            ' orientation="landscape"/></worksheet>'
        )
        self._flush()
        self._file.close()
        if self._link_count:
            self._write_targets()
        self._links.close()

    def _add(self, xml: str) -> None:
        self._batch.append(xml)
        self._batch_size += len(xml)
        if self._batch_size > _BATCH:
            self._flush()

    def _flush(self) -> None:
        self._file.write("".join(self._batch).encode())
        self._batch.clear()
        self._batch_size = 0

    def _all_links(self) -> Iterator[tuple[int, Sequence[str]]]:
        self._links.seek(0)
        return enumerate((line.split() for line in self._links), start=1)

    def _write_targets(self) -> None:
        path = f"xl/worksheets/_rels/sheet{self._number}.xml.rels"
        with self._zip.open(path, "w") as file:
            file.write(f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'.encode())
            for number, (_, address) in self._all_links():
                file.write(
                    f'<Relationship Id="rId{number}" Type="{_DOCUMENT}/hyperlink"'
                    f' Target={quoteattr(address)} TargetMode="External"/>'.encode()
                )
            file.write(b"</Relationships>")


def _lines(text: str | None, width: float) -> int:
    """That the text takes in a column of this width, roughly."""
    if not text:
        return 1
    # At the end of a line there is room left for the word that did not fit.
    room = int(width * 0.9)
    if "\n" not in text:
        return 1 if len(text) <= width else min(-(-len(text) // room), _MOST_LINES)
    lines = text.split("\n", _MOST_LINES)
    return min(sum(max(1, -(-len(line) // room)) for line in lines), _MOST_LINES)


def clean_text(text: str) -> str:
    """`text` as a cell can hold it: no control characters, and not over Excel's limit."""
    text = remove_controls(text)
    if len(text) > _SURELY_SHORT and len(text.encode("utf-16-le")) > 2 * MAX_TEXT:
        room = 2 * (MAX_TEXT - len(CUT_MARK))
        text = text.encode("utf-16-le")[:room].decode("utf-16-le", "ignore") + CUT_MARK
    return text


def remove_controls(text: str) -> str:
    return _remove_unwritable("", text.replace("\r\n", "\n").replace("\r", "\n"))


def sheet_title(title: str) -> str:
    """`title` without the characters that a sheet's name may not have, at most 31 long."""
    return _BAD_TITLE.sub(" ", clean_text(title)).strip("'")[:MAX_TITLE] or "Лист"


# Names, directions, types: most cells of a long sheet have been written before.
@lru_cache(maxsize=_REMEMBERED)
def _text(text: str | None) -> str:
    return _text_cell(text) if text else "<c/>"


def _text_cell(text: str, style: str = "") -> str:
    if len(text) > _SURELY_SHORT or text.strip() != text or _find_trouble(text):
        return f'<c{style} t="inlineStr"><is>{_careful_runs(text)}</is></c>'
    return f'<c{style} t="inlineStr"><is><t>{text}</t></is></c>'


def _careful_runs(text: str) -> str:
    text, breaks = _CODED.subn(_NEXT_RUN, escape(clean_text(text)))
    run = f'<t xml:space="preserve">{text}</t>'
    return f"<r>{run}</r>" if breaks else run


def _styled(kind: Kind) -> Callable[[str | None], str]:
    style = f' s="{kind.value}"'

    def cell(value: str | None) -> str:
        return _text_cell(value, style) if value else "<c/>"

    return cell


def _number(kind: Kind) -> Callable[[float | None], str]:
    def cell(value: float | None) -> str:
        return "<c/>" if value is None else f'<c s="{kind.value}"><v>{value}</v></c>'

    return cell


def _link(value: str | None) -> str:
    return _LINKED if isinstance(value, Link) else _text(value)


def _price(value: int | str | None) -> str:
    return _worded_price(value) if isinstance(value, str) else _roubles(value)


def _moment(seconds: int | None) -> str:
    if seconds is None:
        return "<c/>"
    days = min(seconds, _LAST_MOMENT) / _DAY_SECONDS
    return f"{_MOMENT_HEAD}{days + _DAYS_BEFORE_1970:.10f}</v></c>"


_MOMENT_HEAD = f'<c s="{Kind.MOMENT.value}"><v>'
_LINKED = _styled(Kind.LINK)(OPEN)
_roubles = _number(Kind.PRICE)
_worded_price = _styled(Kind.PRICE)

_WRITERS: dict[Kind, Callable[[Any], str]] = {
    Kind.TEXT: _text,
    Kind.WRAPPED: _styled(Kind.WRAPPED),
    Kind.LINK: _link,
    Kind.INTEGER: _number(Kind.INTEGER),
    Kind.NUMBER: _number(Kind.NUMBER),
    Kind.PRICE: _price,
    Kind.MOMENT: _moment,
    Kind.HEADING: _styled(Kind.HEADING),
    Kind.NUMBER_HEADING: _styled(Kind.NUMBER_HEADING),
    Kind.TITLE: _styled(Kind.TITLE),
    Kind.NOTE: _styled(Kind.NOTE),
}


def _column_heading(column: Column) -> str:
    kind = Kind.HEADING if column.kind in _LEFT else Kind.NUMBER_HEADING
    return _WRITERS[kind](column.title)


_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_SHADE = (
    '<conditionalFormatting sqref="{}"><cfRule type="colorScale" priority="1"><colorScale>'
    '<cfvo type="min"/><cfvo type="max"/><color rgb="FFFFFFFF"/><color rgb="FF9DC3E6"/>'
    "</colorScale></cfRule></conditionalFormatting>"
)
_FROZEN = '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'


@dataclass(frozen=True, slots=True)
class _Look:
    number_format: int = 0
    font: int = 0
    fill: int = 0
    alignment: str = ""

    def __str__(self) -> str:
        return (
            f'<xf numFmtId="{self.number_format}" fontId="{self.font}" fillId="{self.fill}"'
            ' borderId="0" xfId="0" applyNumberFormat="1" applyFont="1" applyFill="1"'
            f' applyAlignment="1"><alignment vertical="top"{self.alignment}/></xf>'
        )


_WRAP = ' wrapText="1"'
# A little off the text in the next column.
_RIGHT = ' horizontal="right" indent="1"'
# Fonts: 0 plain, 1 bold, 2 large, 3 of links, 4 grey. Fills: 2 of headings.
_LOOKS = {
    Kind.TEXT: _Look(),
    Kind.WRAPPED: _Look(alignment=_WRAP),
    Kind.LINK: _Look(font=3),
    Kind.INTEGER: _Look(number_format=3, alignment=_RIGHT),
    Kind.NUMBER: _Look(number_format=164, alignment=_RIGHT),
    Kind.PRICE: _Look(number_format=165, alignment=_RIGHT),
    Kind.MOMENT: _Look(number_format=166, alignment=' horizontal="left"'),
    Kind.HEADING: _Look(font=1, fill=2, alignment=_WRAP),
    Kind.NUMBER_HEADING: _Look(font=1, fill=2, alignment=_RIGHT + _WRAP),
    Kind.TITLE: _Look(font=2),
    Kind.NOTE: _Look(font=4),
}


def _font(size: int, color: str = "FF000000", *, bold: bool = False, line: bool = False) -> str:
    return (
        f"<font>{'<b/>' * bold}{'<u/>' * line}"
        f'<sz val="{size}"/><color rgb="{color}"/><name val="Calibri"/></font>'
    )


_FONTS = (
    _font(11),
    _font(11, bold=True),
    _font(14, bold=True),
    _font(11, "FF0563C1", line=True),
    _font(11, "FF7A7A7A"),
)
_STYLES = (
    f'{_XML}<styleSheet xmlns="{_MAIN}">'
    '<numFmts count="3"><numFmt numFmtId="164" formatCode="#,##0.0"/>'
    '<numFmt numFmtId="165" formatCode="#,##0\\ &quot;₽&quot;"/>'
    '<numFmt numFmtId="166" formatCode="dd.mm.yyyy\\ hh:mm"/></numFmts>'
    f'<fonts count="{len(_FONTS)}">{"".join(_FONTS)}</fonts>'
    '<fills count="3"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill>'
    '<fill><patternFill patternType="solid"><fgColor rgb="FFEEF1F6"/></patternFill></fill></fills>'
    '<borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"'
    ' applyAlignment="1"><alignment vertical="top"/></xf></cellStyleXfs>'
    f'<cellXfs count="{len(_LOOKS)}">{"".join(map(str, _LOOKS.values()))}</cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    "</styleSheet>"
)


def _head(widths: Iterable[float], pane: str = "") -> str:
    columns = "".join(
        f'<col min="{at}" max="{at}" width="{width}" customWidth="1"/>'
        for at, width in enumerate(widths, start=1)
    )
    # Printed, a row is not torn over two pages.
    return (
        f'{_XML}<worksheet xmlns="{_MAIN}" xmlns:r="{_DOCUMENT}">'
        '<sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>'
        f'<sheetViews><sheetView workbookViewId="0">{pane}</sheetView></sheetViews>'
        '<sheetFormatPr defaultRowHeight="15"/>'
        f"<cols>{columns}</cols><sheetData>"
    )


def _frame(sheets: Sequence[tuple[int, str]], tables: Set[str]) -> Iterator[tuple[str, str]]:
    """The parts around the sheets; `sheets` are their numbers and titles in reading order.

    Of those with the titles in `tables` every printed page begins as the sheet does.
    """
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
    repeated = "".join(
        f'<definedName name="_xlnm.Print_Titles" localSheetId="{at}">'
        f"{_beginning(title)}</definedName>"
        for at, (_, title) in enumerate(sheets)
        if title in tables
    )
    names = f"<definedNames>{repeated}</definedNames>" if repeated else ""
    yield (
        "xl/workbook.xml",
        f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_DOCUMENT}">'
        f"<sheets>{entries}</sheets>{names}</workbook>",
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


def _beginning(title: str) -> str:
    """Its first column and its first row."""
    sheet = escape(title.replace("'", "''"))
    return f"'{sheet}'!$A:$A,'{sheet}'!$1:$1"


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
