"""For how long money lasts: at the rate of seven whole days, or not said at all."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest

from utils.analytics import Days, Figure, PaidFor, Wallet, figures
from utils.periods import Period, one_day
from utils.runway import week_before, with_runway

NOW = datetime(2026, 11, 21, 6, tzinfo=UTC)
WEEK = Period(date(2026, 11, 14), date(2026, 11, 20))


def money(days: Days, real: int | None, advance: int | None) -> tuple[Figure, Figure]:
    """The wallet and the advance, after that week."""
    wallet = Wallet(NOW, real, None, advance)
    shown = with_runway(figures(one_day(WEEK.last), days, wallet=wallet), WEEK, days)
    by_key = {figure.metric.key: figure for figure in shown}
    held = by_key.pop("wallet_balance"), by_key.pop("advance_balance")
    assert all(figure.lasts is None for figure in by_key.values())
    return held


def lasts(
    days: Days, *, real: int | None = None, advance: int | None = None
) -> tuple[Fraction | None, Fraction | None]:
    """What the wallet and the advance last for."""
    wallet, prepaid = money(days, real, advance)
    return wallet.lasts, prepaid.lasts


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


@pytest.mark.parametrize("advance", [None, 0, -5_000])
def test_without_an_advance_the_wallet_pays_for_all(advance: int | None) -> None:
    week = spent(*[100] * 7, presence=80)
    assert lasts(week, real=1_000, advance=advance) == (Fraction(10), None)
    assert money(week, 1_000, advance)[0].paid_for is PaidFor.ALL


def test_target_actions_are_paid_from_the_advance_and_the_rest_from_the_wallet() -> None:
    week = spent(*[100] * 7, presence=80)
    assert lasts(week, real=1_000, advance=1_000) == (Fraction(50), Fraction(25, 2))
    paid_for = [figure.paid_for for figure in money(week, 1_000, 1_000)]
    assert paid_for == [PaidFor.REST, PaidFor.PRESENCE]


def test_with_an_advance_spending_that_is_not_divided_tells_nothing() -> None:
    assert lasts(spent(*[100] * 7), real=1_000, advance=1_000) == (None, None)


@pytest.mark.parametrize("advance", [None, 0, -5_000])
@pytest.mark.parametrize("real", [0, -1])
def test_a_wallet_that_pays_and_is_empty_lasts_for_no_time(real: int, advance: int | None) -> None:
    assert lasts(spent(*[100] * 7), real=real, advance=advance) == (Fraction(0), None)


def test_an_empty_wallet_beside_an_advance_that_pays_for_all_is_no_trouble() -> None:
    week = spent(*[100] * 7, presence=100)
    assert lasts(week, real=0, advance=1_000) == (None, Fraction(10))


def test_an_advance_of_which_nobody_knows_what_is_left_leaves_open_what_the_wallet_pays() -> None:
    week = spent(*[100] * 7, presence=60)
    held = figures(one_day(WEEK.last), week, wallet=Wallet(NOW, 0, None, None, had_advance=True))

    told = with_runway(held, WEEK, week, had_advance=True)

    assert all(figure.lasts is None for figure in told)


def test_for_how_long_unknown_money_lasts_is_unknown() -> None:
    assert lasts(spent(*[100] * 7), real=None) == (None, None)


@pytest.mark.parametrize("held", [0, 1_000])
def test_where_nothing_is_spent_nothing_is_foretold(held: int) -> None:
    assert lasts(spent(*[0] * 7, presence=0), real=held, advance=held) == (None, None)


@pytest.mark.parametrize("gap", [{}, {"views": 7}])
def test_a_day_that_was_not_told_leaves_the_rate_unknown(gap: dict[str, int]) -> None:
    week = spent(*[100] * 7) | {WEEK.first + timedelta(days=3): gap}
    assert lasts(week, real=1_000) == (None, None)
    del week[WEEK.first + timedelta(days=3)]
    assert lasts(week, real=1_000) == (None, None)


def test_sums_of_ten_digits_lose_nothing() -> None:
    held = 987_654_321_098
    assert lasts(spent(*[1] * 7), real=held) == (Fraction(held), None)
