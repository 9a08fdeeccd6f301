"""Figures are exact sums; what Avito withheld stays unknown."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.analytics import (
    Change,
    Days,
    Figure,
    Wallet,
    earlier,
    figures,
    known_days,
    only,
    silent,
    together,
)
from utils.metrics import PARTS, USUAL, Shown, common
from utils.periods import Period

MONDAY = date(2026, 11, 16)
TUESDAY = date(2026, 11, 17)
WEDNESDAY = date(2026, 11, 18)
THURSDAY = date(2026, 11, 19)
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


def by_key(period: Period, days: Days, **options: object) -> dict[str, Figure]:
    return {figure.metric.key: figure for figure in figures(period, days, **options)}  # type: ignore[arg-type]


def wallet(
    real: int | None = None, bonus: int | None = None, advance: int | None = None
) -> Wallet:
    return Wallet(NOW, real, bonus, advance)


@pytest.mark.parametrize(
    ("shown", "told"),
    [
        (Shown(USUAL, PARTS), (25, 7, 3)),
        (Shown(USUAL), (0, 0, 3)),
        (Shown((*USUAL, "commission")), (25, 0, 3)),
        (Shown((*USUAL, "bonus_spending")), (0, 7, 3)),
        (Shown(("wallet_balance",), PARTS), (0, 0, None)),
    ],
)
def test_parts_and_what_follows_go_with_what_they_tell_of(
    shown: Shown, told: tuple[int, int, int | None]
) -> None:
    spent = {"spending": 100, "allSpending": 107, "commission": 25}
    every = figures(Period(TUESDAY, TUESDAY), {TUESDAY: spent}, wallet=wallet(300, bonus=11))
    every = [
        replace(figure, lasts=Fraction(3)) if figure.metric.key == "wallet_balance" else figure
        for figure in every
    ]

    left = {figure.metric.key: figure for figure in only(every, shown)}

    assert tuple(left) == tuple(shown.keys)
    spending, held = left.get("total_spending"), left["wallet_balance"]
    parts = (spending.commission, spending.bonus) if spending else (0, 0)
    assert (*parts, held.lasts) == told
    assert held.bonus == 11


def test_of_several_is_told_what_is_told_of_each() -> None:
    usual, ticked = Shown(USUAL, PARTS), Shown(("cpl", "views", "commission"))

    assert common([usual, ticked]) == Shown(("views", "cpl"), frozenset({"commission"}))
    assert common([usual, usual]) == usual
    assert common([]) == Shown(())


def test_a_day_gives_all_figures_in_order() -> None:
    metrics = {
        "views": 1200,
        "contacts": 48,
        "favorites": 15,
        "spending": 1234500,
        "presenceSpending": 1000000,
        "promoSpending": 200000,
        "restSpending": 34500,
        "activeItems": 57,
        "impressions": 34000,
        "contactsShowPhone": 30,
        "contactsMessenger": 21,
        "orderedItems": 4,
        "orderedItemsPrice": 990000,
        "allSpending": 1240000,
        "commission": 10500,
        "calls": 18,
        "answeredCalls": 13,
    }
    shown = figures(
        Period(TUESDAY, TUESDAY),
        {TUESDAY: metrics},
        wallet=wallet(real=15000000, advance=-5000),
    )
    assert [(figure.metric.key, figure.value) for figure in shown] == [
        ("views", 1200),
        ("contacts", 48),
        ("favorites", 15),
        ("total_spending", 1234500),
        ("presence_spending", 1000000),
        ("promo_spending", 200000),
        ("rest_spending", 34500),
        ("wallet_balance", 15000000),
        ("advance_balance", -5000),
        ("cr", Fraction(4, 100)),
        ("cpl", Fraction(1234500, 48)),
        ("cpv", Fraction(1234500, 1200)),
        ("active_items", 57),
        ("impressions", 34000),
        ("contacts_phone", 30),
        ("contacts_chat", 21),
        ("orders", 4),
        ("orders_sum", 990000),
        ("bonus_spending", 5500),
        ("commission", 10500),
        ("calls", 18),
        ("calls_missed", 5),
    ]


def test_a_withheld_metric_is_unknown_and_so_is_what_is_made_of_it() -> None:
    shown = by_key(Period(TUESDAY, TUESDAY), {TUESDAY: {"views": 10, "contacts": 2}})
    assert shown["total_spending"].value is None
    assert shown["cpl"].value is None
    assert shown["cr"].value == Fraction(1, 5)
    assert shown["wallet_balance"].value is None


def test_zero_is_a_number() -> None:
    shown = by_key(Period(TUESDAY, TUESDAY), {TUESDAY: {"spending": 0}}, wallet=wallet(real=0))
    assert shown["total_spending"].value == 0
    assert shown["wallet_balance"].value == 0


def test_a_ratio_to_nothing_is_no_number_and_not_withheld() -> None:
    day = {"views": 0, "contacts": 0, "spending": 500}
    shown = by_key(Period(TUESDAY, TUESDAY), {TUESDAY: day})
    for key in ("cr", "cpl", "cpv"):
        assert (shown[key].value, shown[key].undefined) == (None, True)


def test_a_ratio_of_what_avito_withholds_is_withheld() -> None:
    shown = by_key(Period(TUESDAY, TUESDAY), {TUESDAY: {"views": 0, "contacts": 0}})
    assert shown["cr"].undefined
    assert not shown["cpl"].undefined
    assert not by_key(Period(TUESDAY, TUESDAY), {})["cr"].undefined


def test_ratios_of_several_days_come_from_the_sums() -> None:
    days = {
        TUESDAY: {"views": 100, "contacts": 1, "spending": 100},
        WEDNESDAY: {"views": 300, "contacts": 7, "spending": 700},
    }
    shown = by_key(Period(TUESDAY, WEDNESDAY), days)
    assert shown["cr"].value == Fraction(8, 400)
    assert shown["cpl"].value == Fraction(800, 8)


def test_a_price_is_of_the_days_that_tell_both_the_money_and_what_came_for_it() -> None:
    days = {MONDAY: {"spending": 10_000, "contacts": 1}, TUESDAY: {"contacts": 6}}

    found = by_key(Period(MONDAY, TUESDAY), days)

    assert (found["contacts"].value, found["total_spending"].value) == (7, 10_000)
    assert (found["cpl"].value, found["cpl"].partial) == (10_000, True)


def test_a_price_over_accounts_is_made_of_the_days_that_each_tells_whole() -> None:
    half = {MONDAY: {"spending": 10_000, "contacts": 1}, TUESDAY: {"contacts": 6}}
    whole = {day: {"spending": 5_000, "contacts": 1} for day in (MONDAY, TUESDAY)}

    both = together([figures(Period(MONDAY, TUESDAY), days) for days in (half, whole)])

    cpl = {figure.metric.key: figure for figure in both}["cpl"]
    assert (cpl.value, cpl.partial, cpl.of_all) == (Fraction(20_000, 3), True, True)


def test_every_figure_carries_its_change_against_the_day_before() -> None:
    days = {MONDAY: {"views": 144, "contacts": 12}, TUESDAY: {"views": 156, "contacts": 6}}
    shown = by_key(Period(TUESDAY, TUESDAY), days)
    assert shown["views"].change == Change(12, Fraction(1, 12))
    assert shown["contacts"].change == Change(-6, Fraction(-1, 2))
    assert shown["favorites"].change is None


def test_a_change_from_zero_has_no_percentage() -> None:
    shown = by_key(Period(TUESDAY, TUESDAY), {MONDAY: {"views": 0}, TUESDAY: {"views": 5}})
    assert shown["views"].change == Change(5, None)


def test_a_day_that_still_goes_on_is_not_compared() -> None:
    days = {MONDAY: {"views": 100}, TUESDAY: {"views": 3}}
    shown = by_key(Period(TUESDAY, TUESDAY), days, compare=False)
    assert shown["views"].change is None


@pytest.mark.parametrize("gap", [{}, {"views": 0}])
def test_a_period_with_a_hole_says_so_and_is_not_compared(gap: dict[str, int]) -> None:
    days: Days = {
        MONDAY: {"contacts": 1},
        TUESDAY: {"contacts": 2},
        WEDNESDAY: {"contacts": 3},
        THURSDAY: gap,
    }
    shown = by_key(Period(WEDNESDAY, THURSDAY), days)["contacts"]
    assert shown.value == 3
    assert shown.partial
    assert shown.change is None


def test_a_hole_in_the_period_before_is_no_base_for_a_change() -> None:
    days = {TUESDAY: {"contacts": 2}, WEDNESDAY: {"contacts": 3}, THURSDAY: {"contacts": 4}}
    shown = by_key(Period(WEDNESDAY, THURSDAY), days)["contacts"]
    assert (shown.value, shown.partial, shown.change) == (7, False, None)


def test_active_listings_are_those_of_the_last_known_day() -> None:
    days: Days = {TUESDAY: {"activeItems": 30}, WEDNESDAY: {"activeItems": 31}, THURSDAY: {}}
    whole = by_key(Period(TUESDAY, WEDNESDAY), days)["active_items"]
    assert (whole.value, whole.partial) == (31, False)
    cut = by_key(Period(TUESDAY, THURSDAY), days)["active_items"]
    assert (cut.value, cut.partial) == (31, True)


def test_bonuses_stand_beside_the_money() -> None:
    day = {"allSpending": 532900, "spending": 527900, "spendingBonus": 50}
    held = wallet(real=435050, bonus=32000)
    shown = by_key(Period(TUESDAY, TUESDAY), {TUESDAY: day}, wallet=held)
    assert shown["total_spending"].bonus == 5000
    assert shown["wallet_balance"].bonus == 32000
    assert shown["presence_spending"].bonus == 0


def test_commission_is_told_within_the_total() -> None:
    days = {TUESDAY: {"spending": 900, "commission": 250}, WEDNESDAY: {"spending": 100}}
    shown = by_key(Period(TUESDAY, WEDNESDAY), days)
    assert shown["total_spending"].commission == 250
    assert shown["rest_spending"].commission == 0


def test_accounts_add_up_like_days_of_one() -> None:
    period = Period(TUESDAY, TUESDAY)
    one = figures(period, {TUESDAY: {"views": 0, "contacts": 0, "spending": 5, "commission": 2}})
    other = figures(period, {TUESDAY: {"views": 0, "contacts": 4, "spending": 7, "commission": 3}})
    shown = {figure.metric.key: figure for figure in together([one, other])}
    assert (shown["total_spending"].value, shown["total_spending"].commission) == (12, 5)
    assert shown["cpl"].value == 3
    assert shown["cpv"].undefined


def test_who_cannot_be_compared_is_in_the_sum_and_leaves_its_change_to_the_others() -> None:
    period = Period(TUESDAY, TUESDAY)
    grown = {MONDAY: {"views": 20, "contacts": 4}, TUESDAY: {"views": 24, "contacts": 2}}
    cut = {MONDAY: {"views": 90, "contacts": 9}, TUESDAY: {"views": 6, "contacts": 1}}
    scraps = {MONDAY: {"activeItems": 3}, TUESDAY: {"views": 10, "contacts": 1, "activeItems": 5}}
    accounts = [figures(period, grown), figures(period, cut, compare=False)]
    shown = {each.metric.key: each for each in together([*accounts, figures(period, scraps)])}

    assert (shown["views"].value, shown["views"].compared) == (40, 24)
    assert shown["views"].change == Change(4, Fraction(1, 5))
    assert earlier(shown["views"]) == 20
    assert (shown["cr"].value, shown["cr"].compared) == (Fraction(1, 10), Fraction(1, 12))
    assert earlier(shown["cr"]) == Fraction(1, 5)
    assert (shown["active_items"].value, shown["active_items"].change) == (5, None)
    assert {each.compared for each in together(accounts[:1])} == {None}


def test_one_whose_money_is_new_takes_its_change_from_nobody() -> None:
    period = Period(TUESDAY, TUESDAY)
    told = {MONDAY: {"contacts": 4, "spending": 100}, TUESDAY: {"contacts": 2, "spending": 200}}
    new = {MONDAY: {"contacts": 5}, TUESDAY: {"contacts": 8, "spending": 500}}
    accounts = [figures(period, days) for days in (told, new)]
    shown = {each.metric.key: each for each in together(accounts)}

    assert (shown["total_spending"].value, shown["total_spending"].compared) == (700, 200)
    assert shown["total_spending"].change == Change(100, Fraction(1))
    assert (shown["cpl"].value, shown["cpl"].compared) == (70, 100)
    assert (shown["contacts"].change, shown["contacts"].compared) == (
        Change(1, Fraction(1, 9)),
        None,
    )


def test_an_old_wallet_leaves_the_change_of_the_sum_to_the_others() -> None:
    period = Period(TUESDAY, TUESDAY)
    held, before = wallet(real=900, advance=0), wallet(real=1000, advance=0)
    moved = figures(period, {}, wallet=held, earlier_wallet=before)
    shown = {each.metric.key: each for each in together([moved, figures(period, {}, wallet=held)])}
    assert (shown["wallet_balance"].value, shown["wallet_balance"].compared) == (1800, 900)
    assert shown["wallet_balance"].change == Change(-100, Fraction(-1, 10))


def test_the_bonus_slug_counts_where_the_sums_are_withheld() -> None:
    shown = by_key(Period(TUESDAY, TUESDAY), {TUESDAY: {"spendingBonus": 53}})
    assert shown["total_spending"].bonus == 53


def test_missed_calls_are_unknown_where_the_answered_ones_are() -> None:
    shown = by_key(Period(TUESDAY, TUESDAY), {TUESDAY: {"calls": 3}})
    assert shown["calls"].value == 3
    assert shown["calls_missed"].value is None


def test_the_wallet_changes_only_against_an_earlier_snapshot() -> None:
    now, before = wallet(real=900, advance=0), wallet(real=1000, advance=-50)
    period = Period(TUESDAY, TUESDAY)
    shown = by_key(period, {}, wallet=now, earlier_wallet=before)
    assert shown["wallet_balance"].change == Change(-100, Fraction(-1, 10))
    assert shown["advance_balance"].change == Change(50, Fraction(1))
    assert by_key(period, {}, wallet=now)["wallet_balance"].change is None


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=60))
def test_a_period_is_the_sum_of_its_days(views: list[int]) -> None:
    period = Period(MONDAY, MONDAY + timedelta(days=len(views) - 1))
    days = {day: {"views": count} for day, count in zip(period, views, strict=True)}
    shown = by_key(period, days)["views"]
    assert (shown.value, shown.partial) == (sum(views), False)


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_the_change_leads_from_the_old_value_to_the_new_one(before: int, now: int) -> None:
    days = {MONDAY: {"views": before}, TUESDAY: {"views": now}}
    change = by_key(Period(TUESDAY, TUESDAY), days)["views"].change
    assert change is not None
    assert before + change.absolute == now
    if change.relative is not None:
        assert before * (1 + change.relative) == now


def test_known_days_are_those_with_any_number() -> None:
    days: Days = {TUESDAY: {"views": 0}, WEDNESDAY: {}}
    assert known_days(Period(TUESDAY, THURSDAY), days) == 1


def test_silence_is_zero_or_nothing_everywhere() -> None:
    slugs = ("views", "contacts")
    assert silent([], slugs)
    assert silent([{"views": 0}, {"activeItems": 5}], slugs)
    assert not silent([{"views": 0}, {"contacts": 1}], slugs)
