"""Listings as Avito lists them: whatever their sellers typed, made safe to keep and to show."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple

from core.avito.schemas import Item
from core.avito.stats import whole
from utils.titles import cleaned

TITLE_LIMIT = 200
STATUS_LIMIT = 16
_URL = re.compile(r"https://([a-z0-9-]+\.)*avito\.ru/[\w./?=&%~-]{0,400}", re.ASCII)
"""Avito's own pages, in characters that no markup gives a meaning to."""


class Listed(NamedTuple):
    """None is what Avito did not say, or what cannot be shown."""

    id: int
    title: str | None
    """One line of at most `TITLE_LIMIT` characters."""
    price: int | None
    """Kopecks."""
    status: str | None
    url: str | None


def listed(listing_id: int, item: Item) -> Listed:
    return Listed(
        id=listing_id,
        title=cleaned(item.title or "")[:TITLE_LIMIT].rstrip() or None,
        price=None if item.price is None else whole(item.price * Decimal(100)),
        status=cleaned(item.status or "")[:STATUS_LIMIT] or None,
        url=item.url if item.url and _URL.fullmatch(item.url) else None,
    )
