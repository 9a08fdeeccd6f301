"""What is written row by row reads back cell by cell, whatever strangers have typed."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.worksheet.worksheet import Worksheet

from sandbox.telegram.events import PATIENCE_SEC
from utils.workbook import (
    CUT_MARK,
    MAX_LINKS,
    MAX_TEXT,
    OPEN,
    Column,
    Kind,
    Link,
    Workbook,
    remove_controls,
)

NINE = 1_795_251_600
"""21 November 2026, 9:00."""
MOMENT = datetime.fromtimestamp(NINE + 59, UTC).replace(tzinfo=None)
SOFFICE = shutil.which("soffice")


def read(file: BytesIO) -> openpyxl.Workbook:
    return openpyxl.load_workbook(BytesIO(file.getvalue()))


def sheet_of(
    columns: Sequence[Column], *rows: Sequence[Any], max_rows: int = 1_048_576
) -> Worksheet:
    return book_of(columns, *rows, max_rows=max_rows).worksheets[0]


def book_of(
    columns: Sequence[Column], *rows: Sequence[Any], max_rows: int = 1_048_576
) -> openpyxl.Workbook:
    file = BytesIO()
    workbook = Workbook(file, max_rows)
    with workbook.table("Лист", columns) as table:
        for row in rows:
            table.append(row)
    workbook.close()
    return read(file)


def text_back(text: str) -> Any:
    cell = sheet_of([Column("Текст")], [text])["A2"]
    assert cell.data_type != "f"
    return cell.value


def test_every_kind_of_cell_reads_back_with_its_format() -> None:
    columns = [Column(kind.name, kind, 10 + kind) for kind in Kind]
    values: dict[Kind, Any] = {
        Kind.INTEGER: 1234,
        Kind.NUMBER: 0.5,
        Kind.PRICE: 35_000,
        Kind.MOMENT: NINE + 59,
        Kind.LINK: Link("https://avito.ru/1?a=1&b=2"),
    }
    row = [values.get(kind, kind.name) for kind in Kind]

    sheet = sheet_of(columns, row, [None] * len(row), [""] * 3 + [None] * 8)

    cells = dict(zip(Kind, sheet[2], strict=True))
    shown = {Kind.MOMENT: MOMENT, Kind.LINK: OPEN}
    assert [cell.value for cell in cells.values()] == [
        shown.get(kind, value) for kind, value in zip(Kind, row, strict=True)
    ]
    assert cells[Kind.MOMENT].number_format == "dd.mm.yyyy\\ hh:mm"
    assert cells[Kind.PRICE].number_format == '#,##0\\ "₽"'
    assert cells[Kind.INTEGER].number_format == "#,##0"
    assert cells[Kind.NUMBER].number_format == "#,##0.0"
    assert cells[Kind.WRAPPED].alignment.wrap_text
    link = cells[Kind.LINK].hyperlink
    assert link is not None
    assert link.target == "https://avito.ru/1?a=1&b=2"
    assert [cell.font.b for cell in sheet[1]] == [True] * len(columns)
    assert {cell.value for row in sheet.iter_rows(min_row=3) for cell in row} == {None}
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:K4"
    assert [sheet.column_dimensions[letter].width for letter in "ABK"] == [10, 11, 20]


def test_what_is_after_the_last_day_of_excel_is_on_it() -> None:
    sheet = sheet_of([Column("Время", Kind.MOMENT)], [253_402_300_799 + 3 * 3_600])

    assert str(sheet["A2"].value) == "9999-12-31 23:59:59"


@pytest.mark.parametrize(
    "text",
    [
        '=HYPERLINK("http://evil","click")',
        "+1+1",
        "-1",
        "@SUM(A1)",
        "_x0041_ and _x000D_",
        "  blanks  around\n",
        "a & b <c> \"d\" 'e' ]]>",
        "שלום, שלום",
        "👩\u200d👩\u200d👧 🇷🇺",
        "0123",
    ],
)
def test_a_text_is_a_text_whatever_it_looks_like(text: str) -> None:
    assert text_back(text) == text


@given(st.lists(st.text(st.characters(codec="utf-8")) | st.text("_x0041&<\n"), max_size=20))
@settings(max_examples=30)
def test_all_that_a_cell_can_hold_comes_back_as_it_was(texts: list[str]) -> None:
    sheet = sheet_of([Column("Текст")], *([text] for text in texts))

    back = [row[0] or "" for row in sheet.iter_rows(min_row=2, values_only=True)]
    assert back == [remove_controls(text) for text in texts]


def test_what_no_cell_can_hold_is_left_out() -> None:
    assert text_back("a\x0bb\x00c\ud83dd\uffffe\r\nf\rg\th") == "abcde\nf\ng\th"


@pytest.mark.parametrize("letter", ["я", "😀"])
def test_a_text_over_the_limit_of_excel_is_cut_with_a_mark(letter: str) -> None:
    units = len(letter.encode("utf-16-le")) // 2
    fits = letter * (MAX_TEXT // units)

    assert text_back(fits) == fits
    cut = text_back(fits + letter * 10_000)

    assert cut.endswith(letter + CUT_MARK)
    assert 0 <= MAX_TEXT - len(cut.encode("utf-16-le")) // 2 < units


def test_what_does_not_fit_on_a_sheet_goes_on_in_the_next() -> None:
    column = Column("Номер", Kind.INTEGER)

    book = book_of([column], *([number] for number in range(7)), max_rows=4)

    assert book.sheetnames == ["Лист", "Лист (2)", "Лист (3)"]
    told = [[row[0] for row in sheet.iter_rows(values_only=True)] for sheet in book]
    assert told == [["Номер", 0, 1, 2], ["Номер", 3, 4, 5], ["Номер", 6]]
    assert [sheet.auto_filter.ref for sheet in book] == ["A1:A4", "A1:A4", "A1:A2"]


def test_each_sheet_leads_where_its_own_links_do() -> None:
    links = [Link(f"https://avito.ru/{number}") for number in range(4)]

    book = book_of([Column("Ссылка", Kind.LINK)], *([one] for one in links), max_rows=3)

    assert [
        cell.hyperlink.target for sheet in book for cell in sheet["A"] if cell.hyperlink
    ] == links


def test_only_a_link_can_be_clicked_and_no_more_than_excel_bears(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert MAX_LINKS == 65_530
    monkeypatch.setattr("utils.workbook.MAX_LINKS", 2)
    values = ["https://evil.example", *[Link("https://avito.ru/1")] * 3]

    sheet = sheet_of([Column("Ссылка", Kind.LINK)], *([value] for value in values))

    # Where nothing can be clicked any more, an address is better than a word.
    assert [cell.value for cell in sheet["A"]] == ["Ссылка", values[0], OPEN, OPEN, values[-1]]
    assert [bool(cell.hyperlink) for cell in sheet["A"]] == [False, False, True, True, False]


def test_sheets_stand_in_the_order_asked_for_with_their_continuations() -> None:
    file = BytesIO()
    workbook = Workbook(file, max_rows=2)
    for title in ("Письма", "Чаты"):
        with workbook.table(title, [Column("Номер", Kind.INTEGER)]) as table:
            table.append([1])
            table.append([2])
    with workbook.page("Сводка", [20, 30]) as page:
        page.line((Kind.TITLE, "Чаты"), (Kind.LINK, Link("https://avito.ru/")))
        page.line()
        page.line((Kind.TEXT, "Всего"), (Kind.INTEGER, 2))
    workbook.close(order=["Сводка", "Чаты"])

    book = read(file)

    assert book.sheetnames == ["Сводка", "Чаты", "Чаты (2)", "Письма", "Письма (2)"]
    page_back = book["Сводка"]
    assert page_back.freeze_panes is None
    assert page_back.auto_filter.ref is None
    assert [[cell.value for cell in row] for row in page_back.iter_rows()] == [
        ["Чаты", OPEN],
        [None, None],
        ["Всего", 2],
    ]
    assert page_back["B1"].hyperlink.target == "https://avito.ru/"


def test_every_printed_page_of_a_table_begins_as_its_sheet_does() -> None:
    file = BytesIO()
    workbook = Workbook(file, max_rows=2)
    with workbook.table("Д'Арк & Ко", [Column("Номер", Kind.INTEGER)], pages_wide=2) as table:
        table.append([1])
        table.append([2])
    with workbook.page("Сводка", [20]) as page:
        page.line((Kind.TEXT, "Всего"))
    workbook.close(order=["Сводка"])

    summary, *parts = read(file)

    assert (summary.print_title_rows, summary.page_setup.fitToWidth) == (None, 1)
    for part in parts:
        assert (part.print_title_rows, part.print_title_cols) == ("$1:$1", "$A:$A")
        assert (part.page_setup.fitToWidth, part.page_setup.fitToHeight) == (2, 0)
    assert [part.title for part in parts] == ["Д'Арк & Ко", "Д'Арк & Ко (2)"]


def test_rows_are_as_high_as_the_texts_they_wrap() -> None:
    """Some programs leave the heights as they find them."""
    texts = ["коротко", "слово " * 30, "\n" * 3, "слово " * 5_000, None]

    sheet = sheet_of([Column("Текст", Kind.WRAPPED, 50)], *([text] for text in texts))

    heights = [sheet.row_dimensions[row].height for row in range(2, 7)]
    assert heights == [None, 60, 60, 300, None]


def test_the_numbers_of_shaded_lines_are_shaded() -> None:
    file = BytesIO()
    workbook = Workbook(file)
    with workbook.page("Сводка", [10, 10, 10]) as page:
        page.line((Kind.TITLE, "Часы"))
        with page.shaded(range(1, 3)):
            for number in range(2):
                page.line((Kind.TEXT, "9:00"), (Kind.INTEGER, number), (Kind.INTEGER, 1))
        page.line((Kind.TEXT, "Всего"), (Kind.INTEGER, 2))
    workbook.close()

    [shaded] = read(file)["Сводка"].conditional_formatting
    assert str(shaded.sqref) == "B2:C3"


@pytest.mark.parametrize(
    ("asked", "got"),
    [("Чаты: [1/2]*?", "Чаты   1 2"), ("'я'", "я"), ("ж" * 40, "ж" * 31), ("\x0b", "Лист")],
)
def test_a_title_is_one_that_excel_takes(asked: str, got: str) -> None:
    file = BytesIO()
    workbook = Workbook(file)
    with workbook.page(asked, [10]):
        pass
    workbook.close()

    assert [name.rstrip() for name in read(file).sheetnames] == [got]


@pytest.mark.skipif(SOFFICE is None, reason="LibreOffice (soffice) is not installed")
def test_libreoffice_opens_it_and_reads_the_same(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    columns = [Column("Когда", Kind.MOMENT), Column("Текст"), Column("Цена", Kind.PRICE)]
    with path.open("wb") as file:
        workbook = Workbook(file)
        with workbook.table("Лист", [*columns, Column("Ссылка", Kind.LINK)]) as table:
            table.append([NINE, "=1+1 _x0041_ 😀", 35_000, Link("https://avito.ru/1")])
        workbook.close()

    subprocess.run(
        [
            *(str(SOFFICE), f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"),
            *("--headless", "--convert-to", "csv:Text - txt - csv (StarCalc):59,34,76"),
            *("--outdir", str(tmp_path), str(path)),
        ],
        check=True,
        capture_output=True,
        timeout=4 * PATIENCE_SEC,
    )

    assert (tmp_path / "book.csv").read_text(encoding="utf-8").splitlines() == [
        "Когда;Текст;Цена;Ссылка",
        "21.11.2026 09:00;=1+1 _x0041_ 😀;35,000 ₽;открыть",
    ]
