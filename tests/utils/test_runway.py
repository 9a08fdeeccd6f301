"""For how long money lasts: at the rate of seven whole days, or not said at all."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest

from utils.analytics import Days, Wallet, figures
from utils.periods import Period, one_day
from utils.runway import week_before, with_runway

NOW = datetime(2026, 11, 21, 6, tzinfo=UTC)
WEEK = Period(date(2026, 11, 14), date(2026, 11, 20))


def lasts(
    days: Days, *, real: int | None = None, advance: int | None = None
) -> tuple[Fraction | None, Fraction | None]:
    """What the wallet and the advance last for."""
    wallet = Wallet(NOW, real, None, advance)
    shown = with_runway(figures(one_day(WEEK.last), days, wallet=wallet), WEEK, days)
    by_key = {figure.metric.key: figure.lasts for figure in shown}
    assert all(
        by_key[key] is None for key in by_key.keys() - {"wallet_balance", "advance_balance"}
    )
    return by_key["wallet_balance"], by_key["advance_balance"]


def spent(*spending: int, presence: int | None = None) -> dict[date, dict[str, int]]:
    """Spending by day of the week, and what of it went on target actions."""
    actions = {} if presence is None else {"presenceSpending": presence}
    return {day: {"spending": sum_} | actions for day, sum_ in zip(WEEK, spending, strict=True)}


def test_the_rate_is_that_of_seven_whole_moscow_days() -> None:
    assert week_before(NOW) == WEEK
    # Past midnight in Moscow, not yet in UTC.
    assert week_before(datetime(2026, 11, 21, 21, 30, tzinfo=UTC)).last == date(2026, 11, 21)


def test_a_wallet_lasts_at_the_mean_of_the_week() -> None:
    week = spent(100, 0, 300, 0, 0, 0, 300)
    assert lasts(week, real=230) == (Fraction(230 * 7, 700), None)


@pytest.mark.parametrize("advance", [None, 0])
def test_without_an_advance_the_wallet_pays_for_all(advance: int | None) -> None:
    week = spent(*[100] * 7, presence=80)
    assert lasts(week, real=1_000, advance=advance) == (Fraction(10), None)


def test_target_actions_are_paid_from_the_advance_and_the_rest_from_the_wallet() -> None:
    week = spent(*[100] * 7, presence=80)
    assert lasts(week, real=1_000, advance=1_000) == (Fraction(50), Fraction(25, 2))


def test_a_negative_advance_lasts_for_nothing_and_the_wallet_goes_on() -> None:
    week = spent(*[100] * 7, presence=80)
    assert lasts(week, real=1_000, advance=-5_000) == (Fraction(50), None)


def test_with_an_advance_spending_that_is_not_divided_tells_nothing() -> None:
    assert lasts(spent(*[100] * 7), real=1_000, advance=1_000) == (None, None)


@pytest.mark.parametrize("held", [None, 0])
def test_nothing_and_unknown_money_last_for_no_time(held: int | None) -> None:
    assert lasts(spent(*[100] * 7), real=held) == (None, None)


def test_where_nothing_is_spent_nothing_is_foretold() -> None:
    assert lasts(spent(*[0] * 7, presence=0), real=1_000, advance=1_000) == (None, None)


@pytest.mark.parametrize("gap", [{}, {"views": 7}])
def test_a_day_that_was_not_told_leaves_the_rate_unknown(gap: dict[str, int]) -> None:
    week = spent(*[100] * 7) | {WEEK.first + timedelta(days=3): gap}
    assert lasts(week, real=1_000) == (None, None)
    del week[WEEK.first + timedelta(days=3)]
    assert lasts(week, real=1_000) == (None, None)


def test_sums_of_ten_digits_lose_nothing() -> None:
    held = 987_654_321_098
    assert lasts(spent(*[1] * 7), real=held) == (Fraction(held), None)
