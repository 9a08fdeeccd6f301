"""For how long the money of an account lasts, at the rate of its last whole days.

Avito does not say what is paid from where. What is known of its tariffs: where target actions
are paid in advance (CPA), they are paid from the advance, and everything else from the wallet;
without an advance, or when nothing is left of it, the wallet pays for all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from fractions import Fraction

from utils.analytics import Days, Figure, PaidFor, Value
from utils.periods import ONE_DAY, Period, yesterday

DAYS = 7


def week_before(now: datetime) -> Period:
    """The whole days whose spending is the rate."""
    last = yesterday(now).last
    return Period(last - ONE_DAY * (DAYS - 1), last)


def with_runway(
    figures: Sequence[Figure], week: Period, days: Days, *, had_advance: bool = False
) -> list[Figure]:
    """`figures` of one account with what its wallet and its advance last for.

    `had_advance`: nobody knows what is left of it, so nobody knows what the wallet has to pay.
    `days` holds the days of `week` that are known whole. One that is missing leaves the rate
    unknown: what was not told may have been the day of the great spending.
    """
    if had_advance:
        return list(figures)
    held = {figure.metric.key: figure.value for figure in figures}
    spent, on_actions = (_sum(slug, week, days) for slug in ("spending", "presenceSpending"))
    burnt = {"wallet_balance": (PaidFor.ALL, spent)}
    if (held.get("advance_balance") or 0) > 0:
        rest = None if spent is None or on_actions is None else spent - on_actions
        burnt = {
            "wallet_balance": (PaidFor.REST, rest),
            "advance_balance": (PaidFor.PRESENCE, on_actions),
        }
    return [
        _with_end(figure, *burnt[figure.metric.key]) if figure.metric.key in burnt else figure
        for figure in figures
    ]


def _with_end(figure: Figure, paid_for: PaidFor, burnt: int | None) -> Figure:
    return replace(figure, lasts=_lasts(figure.value, burnt), paid_for=paid_for)


def _sum(slug: str, week: Period, days: Days) -> int | None:
    told = [days[day][slug] for day in week if slug in days.get(day, {})]
    return sum(told) if len(told) == week.length else None


def _lasts(held: Value | None, burnt: int | None) -> Fraction | None:
    """Days, 0 where nothing is left to last; None where nothing is spent, or either is unknown."""
    if held is None or burnt is None or burnt <= 0:
        return None
    return max(Fraction(held), Fraction(0)) * DAYS / burnt
