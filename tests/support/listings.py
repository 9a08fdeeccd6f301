"""What listings did, worked out from Avito's own numbers in the plainest way."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from core.database.session import Sessions, reading
from core.statistics import listings
from core.statistics.listings import ListingTotals, Totals
from sandbox.avito.world import AvitoAccount
from utils.periods import Period


def expected_totals(
    account: AvitoAccount, period: Period, *, money: bool = True
) -> dict[int, Totals]:
    """Of each listing that was active in `period`."""
    sums: dict[int, Counter[str]] = {}
    for day in period:
        for item, numbers in account.listing_numbers(day).items():
            sums.setdefault(item, Counter()).update(numbers)
    return {
        item: Totals(
            total["views"],
            total["contacts"],
            total["favorites"],
            total["spending"] if money else None,
        )
        for item, total in sums.items()
    }


async def stored_listings(
    sessions: Sessions, account: int, period: Period, now: datetime
) -> dict[int, ListingTotals] | None:
    """All that the store tells of `period`, through all of its pages; None when it does not."""
    found: dict[int, ListingTotals] = {}
    number, pages = 0, 1
    async with reading(sessions) as session:
        while number < pages:
            page = await listings.page(session, account, period, now, number=number)
            if page is None:
                return None
            found |= {row.id: row for row in page.rows}
            number, pages = number + 1, page.pages
    return found
