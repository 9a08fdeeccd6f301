"""Reports, comparisons and tables about any days, against Avito's own numbers added up by hand.

Nothing here uses the product's arithmetic, calendar or formatter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise

from sandbox.avito.world import AvitoAccount
from sandbox.telegram.seen import as_read
from tests.support.report import (
    COUNTED,
    LABELS,
    RATIOS,
    SPENT,
    Said,
    change,
    count,
    money,
    percent,
    points,
)


def all_days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=step) for step in range((last - first).days + 1)]


def before(days: Sequence[date]) -> list[date]:
    """As many days, just before these."""
    return [day - timedelta(days=len(days)) for day in days]


def added_up(account: AvitoAccount, days: Sequence[date]) -> Counter[str]:
    """Every number over these days; of the listings, how many there were on the last."""
    total: Counter[str] = Counter()
    for day in days:
        total.update(account.day_numbers(day))
    total["activeItems"] = account.day_numbers(days[-1])["activeItems"]
    return total


def expected(
    account: AvitoAccount, days: Sequence[date], other: Sequence[date] | None
) -> dict[str, Said]:
    """The statistics of `days`, with their change against `other` unless that is None."""
    now = added_up(account, days)
    then = added_up(account, other) if other else Counter[str]()
    said = {}
    for label, slug in (COUNTED | SPENT).items():
        if label not in LABELS:
            continue
        show = count if label in COUNTED else money
        said[label] = Said(
            show(now[slug]), change(label, show, now[slug], then[slug]) if other else ""
        )
    for label, (part, whole) in RATIOS.items():
        new, moved = Decimal(now[part]) / now[whole], ""
        if other:
            old = Decimal(then[part]) / then[whole]
            is_share = part == "contacts"
            moved = points(label, new, old) if is_share else change(label, money, new, old)
        said[label] = Said(percent(new) if part == "contacts" else money(new), moved)
    return said


def compared_in(text: str) -> dict[str, tuple[str, str, str]]:
    """What a comparison says: by label what it was, what it became, and the change."""
    lines = as_read(text).splitlines()
    found = {}
    for label, values in pairwise(lines):
        if " → " in values:
            sides, _, moved = values.partition("  ")
            was, _, became = sides.partition(" → ")
            found[label.partition(" ")[2]] = (was, became, moved)
    return found


def table_in(text: str) -> dict[str, list[str]]:
    """The rows of a breakdown by what they are called; the cells without the spaces in them."""
    table = text.partition("просм.")[2].partition("\n\n")[0]
    rows = {}
    for line in table.splitlines()[1:]:
        label, _, cells = line.partition(" ")
        if label in WEEKDAYS:
            day, _, cells = cells.partition(" ")
            label = f"{label} {day}"
        told = [cell for cell in cells.split(" ") if cell]
        rows[label] = [cell.replace("\N{NO-BREAK SPACE}", "") for cell in told]
    return rows


WEEKDAYS = ("пн", "вт", "ср", "чт", "пт", "сб", "вс")


def cells(account: AvitoAccount, days: Sequence[date]) -> list[str]:
    """Views, contacts and whole roubles of these days, as a table writes them."""
    total = added_up(account, days)
    roubles = (Decimal(total["spending"]) / 100).quantize(Decimal(1), ROUND_HALF_UP)
    return [str(total["views"]), str(total["contacts"]), str(roubles)]
