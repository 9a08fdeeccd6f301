"""The light of a profile: what is worse is seen, what chance does is not."""

from __future__ import annotations

import random
from collections.abc import Collection
from datetime import date

import pytest

from utils.analytics import Days, figures
from utils.lights import Light, light_of
from utils.metrics import USUAL
from utils.periods import Period, one_day

TUESDAY = date(2026, 11, 17)
MONDAY = date(2026, 11, 16)


def light(before: dict[str, int], now: dict[str, int], shown: Collection[str] = USUAL) -> Light:
    days: Days = {MONDAY: before, TUESDAY: now}
    return light_of(figures(one_day(TUESDAY), days), shown)


def of_contacts(before: int, now: int) -> Light:
    """Nothing is known of money."""
    return light({"contacts": before}, {"contacts": now})


def of_price(
    before: tuple[int, int], now: tuple[int, int], shown: Collection[str] = USUAL
) -> Light:
    """(contacts, roubles) of both days."""
    first, second = (
        {"contacts": contacts, "spending": roubles * 100} for contacts, roubles in (before, now)
    )
    return light(first, second, shown)


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (100, 60, Light.RED),
        (100, 67, Light.YELLOW),  # not half again as many
        (100, 85, Light.YELLOW),
        (100, 92, Light.GREEN),
        (100, 100, Light.GREEN),
        (100, 180, Light.GREEN),
        (20, 9, Light.RED),
        (20, 12, Light.YELLOW),
        (20, 15, Light.GREEN),
        (10_000, 9_100, Light.GREEN),  # certain, but not worth a look
        (10_000, 8_900, Light.YELLOW),
        (6, 0, Light.RED),
        (3, 0, Light.YELLOW),
        (1, 0, Light.NONE),
        (0, 1, Light.NONE),
        (0, 0, Light.NONE),
        (2, 1, Light.GREEN),
        (0, 8, Light.GREEN),
    ],
)
def test_fewer_contacts_are_seen_as_far_as_chance_does_not_explain_them(
    before: int, now: int, expected: Light
) -> None:
    assert of_contacts(before, now) is expected


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ((50, 5_000), (50, 5_000), Light.GREEN),
        ((50, 5_000), (50, 5_400), Light.GREEN),
        ((50, 5_000), (50, 6_500), Light.YELLOW),
        ((50, 5_000), (50, 9_000), Light.RED),
        ((50, 5_000), (80, 16_000), Light.RED),  # more of them, each twice as dear
        ((50, 5_000), (48, 2_000), Light.GREEN),  # nearly as many for less than half
        ((50, 5_000), (20, 2_000), Light.RED),  # cheap, but where are the others
        ((50, 0), (50, 9_000), Light.GREEN),  # what was free has no price to rise
        ((50, 5_000), (50, 0), Light.GREEN),
        ((2, 200), (2, 10_000), Light.RED),  # as few as ever for fifty times the money
        ((2, 200), (2, 400), Light.GREEN),
    ],
)
def test_a_dearer_contact_is_seen_like_a_missing_one(
    before: tuple[int, int], now: tuple[int, int], expected: Light
) -> None:
    assert of_price(before, now) is expected


@pytest.mark.parametrize(
    ("shown", "fewer", "dearer", "for_nothing"),
    [
        (("contacts", "total_spending", "cpl"), Light.RED, Light.RED, Light.YELLOW),
        (("contacts", "total_spending"), Light.RED, Light.RED, Light.YELLOW),
        (("contacts", "cpl"), Light.RED, Light.RED, Light.YELLOW),
        (("contacts", "views"), Light.RED, Light.GREEN, Light.NONE),
        (("cpl", "views"), Light.GREEN, Light.RED, Light.YELLOW),
        (("total_spending", "views"), Light.NONE, Light.NONE, Light.NONE),
        (("views", "cpv", "cr"), Light.NONE, Light.NONE, Light.NONE),
    ],
)
def test_what_is_not_shown_is_not_judged(
    shown: tuple[str, ...], fewer: Light, dearer: Light, for_nothing: Light
) -> None:
    assert of_price((50, 5_000), (20, 2_000), shown) is fewer
    assert of_price((50, 5_000), (50, 9_000), shown) is dearer
    assert of_price((0, 300), (0, 300), shown) is for_nothing


@pytest.mark.parametrize("before", [(0, 0), (0, 300), (1, 300)])
def test_money_without_a_contact_is_never_green_and_one_contact_less_never_red(
    before: tuple[int, int],
) -> None:
    assert of_price(before, (0, 300)) is Light.YELLOW


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ({"contacts": 50}, {"views": 900, "spending": 100}),
        ({"views": 900}, {"contacts": 3, "spending": 100}),
        ({}, {"contacts": 3}),
        ({}, {}),
    ],
)
def test_what_avito_withholds_is_judged_by_nobody(
    before: dict[str, int], now: dict[str, int]
) -> None:
    assert light(before, now) is Light.NONE


def test_contacts_of_some_days_are_not_held_against_those_of_all() -> None:
    wednesday = date(2026, 11, 18)
    before = {date(2026, 11, day): {"contacts": 50} for day in (15, 16)}
    days = before | {TUESDAY: {"contacts": 10}, wednesday: {"views": 10}}
    assert light_of(figures(Period(TUESDAY, wednesday), days), USUAL) is Light.NONE


def test_a_day_that_goes_on_is_judged_by_nobody() -> None:
    days = {MONDAY: {"contacts": 50}, TUESDAY: {"contacts": 5}}
    assert light_of(figures(one_day(TUESDAY), days, compare=False), USUAL) is Light.NONE


@pytest.mark.parametrize("usual", [1, 3, 10, 40, 150])
def test_a_profile_that_goes_on_as_ever_is_seldom_red(usual: int) -> None:
    chance = random.Random(7)

    def a_day() -> int:
        """They come one after the other, at random, until the day is over."""
        contacts, at = 0, chance.expovariate(usual)
        while at < 1:
            contacts, at = contacts + 1, at + chance.expovariate(usual)
        return contacts

    days = 400
    red = sum(of_contacts(a_day(), a_day()) is Light.RED for _ in range(days))
    assert red / days < 0.04
