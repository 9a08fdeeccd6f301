"""Russian plurals by Babel's rules: one, few, many."""

from __future__ import annotations

from babel import Locale

NBSP = "\N{NO-BREAK SPACE}"
_FORM = Locale("ru").plural_form


def plural(count: int, one: str, few: str, many: str) -> str:
    """`5` with the right word: `5 чатов`, `2 чата`, `1 021 чат`."""
    word = {"one": one, "few": few}.get(_FORM(count), many)
    number = f"{count:,}".replace(",", NBSP)
    return f"{number}{NBSP}{word}"
