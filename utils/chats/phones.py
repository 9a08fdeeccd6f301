"""Russian phone numbers in what buyers write. Avito itself tells no buyer's number."""

from __future__ import annotations

import re

# Nothing shorter holds ten digits, with whatever people put between them. Most texts have none.
_may_have_one = re.compile(r"[0-9][0-9\s().\-–—]{9}").search
# There the address is the phone.
_MESSENGER = re.compile(
    r"(?:https?://)?(?:wa\.me/|t\.me/(?=\+)|api\.whatsapp\.com/send/?\?phone=)\+?(?=[78]\d{10}\b)",
    re.IGNORECASE,
)
# Numbers in other addresses are those of listings.
_ADDRESS = re.compile(r"(?:https?://|www\.|\b(?:m\.)?avito\.ru/)\S+", re.IGNORECASE)
_SPACE = r"[\s.\-–—]{0,3}"
_REST = rf"\d{{3}}{_SPACE}\d{{2}}{_SPACE}\d{{2}}"
_ODD_REST = rf"\d{{2}}{_SPACE}(?:\d{{3}}{_SPACE}\d{{2}}|\d{{2}}{_SPACE}\d{{3}})"
# Area codes begin with 3, 4 or 8, those of mobile phones with 9. Without the 7 or 8 in front only
# a mobile one is a phone for sure. Prices have their digits in threes from the end, and these
# groups are no such threes. Words in Russian are often glued to a phone, but numbers of things
# to Latin letters; `х` is between sizes.
_PHONE = re.compile(
    rf"""
    (?<![\da-zх_/=№\#+]) (?<!\d[.,\-–—]) (?<!\+\d\s) (?<!\+\d\d\s) (?<!\+\d\d\d\s) (?P<number>
        (?: \+\s?7 | (?<!\+) [78] ) {_SPACE} (?: \( \s? [3489]\d\d \s? \) | [3489]\d\d )
            {_SPACE} (?: {_REST} | {_ODD_REST} )
      | (?: \( \s? 9\d\d \s? \) | 9\d\d ) {_SPACE} {_REST}
    ) (?! [.,\-–—]?\d | [a-zх_] | \s?(?:₽|%|руб|р\b|тыс|млн|шт|кг) )
    """,
    re.VERBOSE | re.IGNORECASE,
)
# Mere digits that are called so are no phone, though they may look like one.
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
    text = _ADDRESS.sub(" | ", _MESSENGER.sub(" +", text))
    found: dict[str, None] = {}
    for match in _PHONE.finditer(text):
        number = match["number"]
        before = text[max(0, match.start() - _LOOK_BACK) : match.start()]
        if not (number.isdecimal() and _NUMBER_OF_ELSE.search(before)):
            digits = "".join(filter(str.isdecimal, number))
            found[f"+7{digits[-10:]}"] = None
    return list(found)
