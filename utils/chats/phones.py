"""Russian phone numbers in what buyers write. Avito itself tells no buyer's number."""

from __future__ import annotations

import re

# Nothing shorter holds ten digits, with whatever people put between them. Most texts have none.
_may_have_one = re.compile(r"[0-9][0-9\s().\-–—]{9}").search
# Numbers in addresses of pages are those of listings.
_ADDRESS = re.compile(r"(?:https?://|www\.|\b(?:m\.)?avito\.ru/)\S+", re.IGNORECASE)
_SPACE = r"[\s.\-–—]{0,3}"
_REST = rf"\d{{3}}{_SPACE}\d{{2}}{_SPACE}\d{{2}}"
# Area codes begin with 3, 4 or 8, those of mobile phones with 9. Without the 7 or 8 in front only
# a mobile one is a phone for sure. Prices have their digits in threes from the end, and these
# groups are no such threes.
_PHONE = re.compile(
    rf"""
    (?<![\w/=№\#+]) (?<!\d[.,\-–—]) (?<!\+\d\s) (?<!\+\d\d\s) (?<!\+\d\d\d\s) (?P<number>
        (?: \+\s?7 | (?<!\+) [78] ) {_SPACE} (?: \( \s? [3489]\d\d \s? \) | [3489]\d\d )
            {_SPACE} {_REST}
      | (?: \( \s? 9\d\d \s? \) | 9\d\d ) {_SPACE} {_REST}
    ) (?! [.,\-–—]?\d | \w | \s?(?:₽|%|руб|р\b|тыс|млн|шт|кг) )
    """,
    re.VERBOSE | re.IGNORECASE,
)
# What is called so is no phone, though it may look like one.
_NUMBER_OF_ELSE = re.compile(
    r"(?:№|\#|\bid|\bинн|\bогрн|\bзаказ\w*|\bобъявлени\w*|\bартикул\w*|\bарт|\bтрек\w*"
    r"|\bсч[её]т\w*|\bкарт\w*|\bдоговор\w*|\bнакладн\w*)[\s:.№#\-–—]*$",
    re.IGNORECASE,
)
_LOOK_BACK = 24


def phones_in(text: str) -> list[str]:
    """As `+79991234567`, each once, in the order they were written."""
    if not _may_have_one(text):
        return []
    text = _ADDRESS.sub(" | ", text)
    found: dict[str, None] = {}
    for match in _PHONE.finditer(text):
        before = text[max(0, match.start() - _LOOK_BACK) : match.start()]
        if not _NUMBER_OF_ELSE.search(before):
            digits = "".join(filter(str.isdecimal, match["number"]))
            found[f"+7{digits[-10:]}"] = None
    return list(found)
