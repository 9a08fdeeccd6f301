"""The sandbox's numbers agree with one another whatever a test does to them."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.avito import numbers
from sandbox.avito.accounts import DEMO_ACCOUNTS, demo_world, make_account, make_listings
from sandbox.avito.numbers import ADDITIVE, MONEY, Numbers
from sandbox.avito.world import AvitoAccount, AvitoWorld
from sandbox.clock import SandboxClock
from tests.sandbox.avito.client import SandboxClient, rows

YESTERDAY = date(2026, 11, 20)


def assert_consistent(day: Numbers) -> None:
    both = day["contactsShowPhoneAndMessenger"]
    assert min(day.values()) >= 0
    assert day["contacts"] == day["contactsShowPhone"] + day["contactsMessenger"] - both
    assert both <= min(day["contactsShowPhone"], day["contactsMessenger"])
    assert day["contacts"] <= day["views"]
    parts = ("presenceSpending", "promoSpending", "restSpending", "commission")
    assert day["spending"] == sum(day[part] for part in parts)
    assert day["allSpending"] == day["spending"] + day["spendingBonus"]


settable = st.sampled_from(
    ["impressions", "views", "contacts", "contactsMessenger", "spending", "promoSpending"]
)


@given(
    day=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    listings=st.integers(0, 40),
    slug=settable,
    value=st.integers(0, 10**7),
)
def test_a_day_agrees_with_itself_and_with_its_listings(
    day: date, listings: int, slug: str, value: int
) -> None:
    account = make_account("any", 6_200_000_099, "Any", listings=make_listings(1, listings))
    assert_consistent(account.day_numbers(day))
    account.set_day(day, **{slug: value})

    total = account.day_numbers(day)
    assert total[slug] == value
    assert_consistent(total)
    shares = account.listing_numbers(day)
    assert len(shares) == listings
    for share in shares.values():
        assert_consistent(share)
    if listings:
        for name in ADDITIVE:
            assert sum(share[name] for share in shares.values()) == total[name]


def test_two_worlds_hold_the_same_numbers_and_share_no_changes(world: AvitoWorld) -> None:
    other = demo_world(SandboxClock())
    for label in DEMO_ACCOUNTS:
        mine, its = world.account(label), other.account(label)
        assert mine.day_numbers(YESTERDAY) == its.day_numbers(YESTERDAY)
    world.account("shop").set_day(YESTERDAY, views=1)
    assert other.account("shop").day_numbers(YESTERDAY)["views"] > 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"views": 5, "contacts": 6},
        {"spending": 5, "presenceSpending": 6},
        {"views": -1},
        {"viewz": 1},
        {"averageViewCost": 1},
    ],
)
def test_numbers_that_cannot_be_are_refused(shop: AvitoAccount, wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="these"):
        shop.set_day(YESTERDAY, **wrong)
    assert shop.set_days == {}


async def test_days_are_utc_midnights_and_sum_to_weeks_and_totals(
    avito: SandboxClient, world: AvitoWorld, shop: AvitoAccount
) -> None:
    answers = {}
    for grouping in ("day", "week", "month", "totals", "item"):
        answers[grouping] = rows(
            await avito.stats_v2(shop, dateFrom="2026-02-24", grouping=grouping)
        )
        world.clock.advance(timedelta(minutes=1))

    assert len(answers["day"]) == 270
    assert max(id for id in answers["day"] if id) == 1_795_132_800
    assert len(answers["item"]) == 34
    assert list(answers["totals"]) == [None]
    for slug in ("views", "contacts", "spending"):
        sums = {sum(row[slug] for row in answer.values()) for answer in answers.values()}
        assert len(sums) == 1, slug


async def test_rows_come_in_pages_and_in_the_wanted_order(
    avito: SandboxClient, world: AvitoWorld, shop: AvitoAccount
) -> None:
    sort = {"key": "views", "order": "desc"}
    first = await avito.stats_v2(shop, grouping="item", limit=20, sort=sort)
    world.clock.advance(timedelta(minutes=1))
    second = await avito.stats_v2(shop, grouping="item", limit=20, offset=20, sort=sort)

    assert first.answer["result"]["dataTotalCount"] == 30
    views = [row["views"] for page in (first, second) for row in rows(page).values()]
    assert len(views) == 30
    assert views == sorted(views, reverse=True)


async def test_accounts_differ_as_promised(avito: SandboxClient, world: AvitoWorld) -> None:
    async def stats(label: str) -> dict[str, float]:
        metrics = ["views", "activeItems", *MONEY]
        (row,) = rows(await avito.stats_v2(world.account(label), metrics=metrics)).values()
        return row

    assert set(await stats("no_money")) == {"views", "activeItems"}
    assert set((await stats("empty")).values()) == {0}
    assert set((await stats("v2_zeros")).values()) == {0}
    assert (await avito.stats_v2(world.account("v2_forbidden"))).status == 403
    for label in ("v2_zeros", "v2_forbidden"):
        account = world.account(label)
        ids = [listing.id for listing in account.listings]
        v1 = await avito.stats_v1(account, itemIds=ids, dateFrom="2026-11-20", dateTo="2026-11-20")
        views = sum(item["stats"][0]["uniqViews"] for item in v1.answer["result"]["items"])
        assert views == account.day_numbers(YESTERDAY)["views"] > 0
    employee = world.account("employee")
    assert (await avito.items(employee)).answer["resources"] == []
    assert (await avito.call(employee, "GET", "/checkAhUserV1")).answer["isEmployee"] is True


async def test_today_is_partial_and_a_past_day_can_be_corrected(
    avito: SandboxClient, world: AvitoWorld, shop: AvitoAccount
) -> None:
    today = rows(await avito.stats_v2(shop, dateFrom="2026-11-21", dateTo="2026-11-25"))
    (so_far,) = today.values()
    assert 0 < so_far["views"] < shop.day_numbers(world.today())["views"]

    world.clock.advance(timedelta(minutes=1))
    shop.set_day(YESTERDAY, views=1_000, contacts=40, spending=123_457)
    (corrected,) = rows(await avito.stats_v2(shop)).values()
    assert corrected == {"views": 1_000, "contacts": 40, "spending": 123_457}


def test_ratios_come_from_counts() -> None:
    day = numbers.zeros() | {"views": 200, "contacts": 5, "presenceSpending": 1_000}
    ratios = numbers.with_ratios(day)
    assert ratios["viewsToContactsConversion"] == 2.5
    assert ratios["averageContactCost"] == 200
    assert numbers.with_ratios(numbers.zeros())["averageViewCost"] == 0
