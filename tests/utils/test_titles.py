"""Titles: what strangers typed becomes one line that is safe to stand in a report."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.titles import cleaned, isolated, shortened


@pytest.mark.parametrize(
    ("typed", "seen"),
    [
        ("Стол из массива дуба", "Стол из массива дуба"),
        ("  Стол\n\tдубовый\u2028 большой ", "Стол дубовый большой"),
        ("ст\u200bо\u200dл\ufeff", "стол"),
        ("\u202eлотс\u202c", "лотс"),
        ("Стол\x00\x1b[31m", "Стол[31m"),
        ("Диван \ud83d", "Диван"),
        ("и\u0306од", "йод"),
        ("З\u0335\u0321\u0322а\u034fлго", "Залго"),
        ("❤️ шкаф", "❤️ шкаф"),
        ("שולחן עץ", "שולחן עץ"),
        ("\u3164\u2800", ""),
        ("\u200b \u202e", ""),
        ("\ufe0f\ufe0f", ""),
        ("", ""),
    ],
)
def test_only_what_can_be_seen_is_kept_and_in_one_line(typed: str, seen: str) -> None:
    assert cleaned(typed) == seen


@given(st.text(st.characters(codec=None), max_size=60))
def test_any_title_can_be_stored_and_sent(typed: str) -> None:
    line = cleaned(typed)
    line.encode()
    assert line == line.strip()
    assert not {unicodedata.category(char) for char in line} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("Стол", "Стол"),
        ("Стол дубов", "Стол дубов"),
        ("Стол дубовый", "Стол дубо…"),
        ("Столовая группа", "Столовая…"),
        ("😀" * 200, "😀😀😀😀…"),
        ("❤️❤️❤️", "❤️❤️❤️"),
    ],
)
def test_a_long_title_is_cut_by_what_it_takes_of_a_line(title: str, shown: str) -> None:
    assert shortened(title, 10) == shown


def test_a_title_from_right_to_left_keeps_its_direction_to_itself() -> None:
    assert isolated("Стол №1") == "Стол №1"
    assert isolated("שולחן") == "\u2068שולחן\u2069"
