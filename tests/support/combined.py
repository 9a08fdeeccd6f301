"""Reports as they stand in a combined one, without a database behind them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from core.report_data import ReportData
from utils.analytics import Wallet, figures
from utils.periods import one_day

DAY = one_day(date(2026, 11, 20))
READ_AT = datetime(2026, 11, 21, 5, tzinfo=UTC)


def report_data(
    account: int, *, contacts: int = 10, before: int = 10, spending: int = 1_000_00, **other: Any
) -> ReportData:
    """Of the 20th of November with the day before, as a good read leaves it."""
    day = {"views": 100, "favorites": 1, "spending": spending, "contacts": contacts}
    days = {DAY.first: day, DAY.previous().first: day | {"contacts": before}}
    values: dict[str, Any] = {
        "profile_id": account,
        "profile_name": f"Профиль {account}",
        "account": account,
        "period": DAY,
        "compared_with": DAY.previous(),
        "figures": figures(DAY, days, wallet=Wallet(READ_AT, 5_000_00, 0, 0)),
        "by_listings": False,
        "read_at": READ_AT,
        "refreshes_at": None,
        "failure": None,
        "cut_at": None,
        "old_wallet_at": None,
    }
    return ReportData(**(values | other))
