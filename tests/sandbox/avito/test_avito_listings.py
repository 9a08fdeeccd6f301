"""Numbers by listing: what they are made of, and how the sandbox spoils them on request."""

from datetime import date, timedelta
from typing import Any

import pytest

from sandbox.avito.numbers import add_up
from sandbox.avito.world import AvitoAccount, AvitoWorld
from tests.sandbox.avito.client import Exchange, SandboxClient, rows

YESTERDAY = date(2026, 11, 20)
FIRST, LAST = 7_100_000_001, 7_100_000_030


def views(said: Exchange) -> dict[int, int]:
    items = said.answer["result"]["items"]
    return {item["itemId"]: sum(day["uniqViews"] for day in item["stats"]) for item in items}


async def traffic(avito: SandboxClient, account: AvitoAccount, *items: int) -> Exchange:
    week = {"dateFrom": "2026-11-14", "dateTo": "2026-11-20"}
    return await avito.stats_v1(account, itemIds=[*items], **week)


def test_some_listings_are_paid_for_and_bring_nobody(shop: AvitoAccount) -> None:
    month = [YESTERDAY - timedelta(days=n) for n in range(30)]
    by_day = [shop.listing_numbers(day) for day in month]
    totals = {item: add_up(day[item] for day in by_day) for item in by_day[0]}

    idle = [total for total in totals.values() if not total["contacts"]]
    assert len(idle) >= 6
    assert all(total["spending"] for total in idle)


def test_commission_is_paid_by_what_was_delivered(shop: AvitoAccount) -> None:
    shop.set_day(YESTERDAY, contacts=90, orderedItems=60, deliveredItems=30, commission=12_345)
    listings = shop.listing_numbers(YESTERDAY).values()
    assert sum(one["commission"] for one in listings) == 12_345
    for one in listings:
        assert one["deliveredItems"] <= one["orderedItems"]
        assert bool(one["commission"]) == bool(one["deliveredItems"])


@pytest.mark.parametrize(
    ("answer", "status", "told"),
    [("left_out", 200, {FIRST}), ("empty", 200, set()), ("400", 400, None)],
)
async def test_a_foreign_listing_spoils_a_batch_in_the_chosen_way(
    avito: SandboxClient,
    world: AvitoWorld,
    shop: AvitoAccount,
    answer: Any,
    status: int,
    told: Any,
) -> None:
    world.foreign_listing_answer = answer
    said = await traffic(avito, shop, FIRST, 5)
    assert said.status == status
    assert told is None or views(said).keys() == told
    assert views(await traffic(avito, shop, FIRST, LAST)).keys() == {FIRST, LAST}
    assert world.violations() == []


async def test_a_listing_that_vanished_is_named_nowhere(
    avito: SandboxClient, shop: AvitoAccount
) -> None:
    before = rows(await avito.stats_v2(shop))
    shop.vanished = {FIRST}
    avito.world.clock.advance(timedelta(minutes=1))

    assert FIRST not in rows(await avito.stats_v2(shop, grouping="item"))
    listed = (await avito.items(shop, per_page="100")).answer["resources"]
    assert FIRST not in {item["id"] for item in listed}
    assert views(await traffic(avito, shop, FIRST)) == {}
    avito.world.clock.advance(timedelta(minutes=1))
    assert rows(await avito.stats_v2(shop)) == before


async def test_an_account_may_be_refused_its_listings_alone(
    avito: SandboxClient, shop: AvitoAccount
) -> None:
    shop.refuses_listings = 402
    assert (await avito.stats_v2(shop, grouping="item")).status == 402
    avito.world.clock.advance(timedelta(minutes=1))
    assert (await avito.stats_v2(shop)).status == 200
