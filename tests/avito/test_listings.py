"""Listings: what each did, what it is called, and the ones that spoil the answer for others."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from core.avito.client import AvitoClient
from core.avito.listings import Listed
from core.avito.stats import LISTING_SLUGS
from core.errors import Forbidden, RateLimited, UnexpectedAnswer
from sandbox.avito.accounts import make_listings
from sandbox.avito.world import Listing
from tests.support.avito import AvitoRig
from utils.periods import Period, one_day


async def listings(client: AvitoClient, status: str = "active") -> list[Listed]:
    return [one async for page in client.listing_pages(status) for one in page]


async def test_a_page_tells_what_each_listing_did_in_the_whole_period(rig: AvitoRig) -> None:
    client = await rig.client("shop")
    week = Period(date(2026, 11, 14), date(2026, 11, 20))
    page = await client.listing_stats(week)

    days = [rig.account("shop").listing_numbers(day) for day in week]
    assert page.listings == {
        item: {slug: sum(day[item][slug] for day in days) for slug in LISTING_SLUGS}
        for item in days[0]
    }
    assert (page.rows, page.nameless, page.total) == (30, 0, 30)


async def test_days_and_listings_share_one_minute(rig: AvitoRig) -> None:
    client = await rig.client("shop")
    yesterday = one_day(date(2026, 11, 20))
    await client.daily_stats(yesterday)
    with pytest.raises(RateLimited):
        await client.listing_stats(yesterday)
    rig.clock.advance(timedelta(seconds=61))
    await client.listing_stats(yesterday)
    with pytest.raises(RateLimited):
        await client.daily_stats(yesterday)
    assert [record.status for record in rig.calls("stats_v2")] == [200, 200]


async def test_money_of_listings_that_is_withheld_is_absent(rig: AvitoRig) -> None:
    client = await rig.client("no_money")
    page = await client.listing_stats(one_day(date(2026, 11, 20)))
    assert len(page.listings) == 8
    for metrics in page.listings.values():
        assert metrics.keys() == {*LISTING_SLUGS} - {"spending"}


async def test_a_row_that_names_no_listing_is_counted_and_left_out(rig: AvitoRig) -> None:
    client = await rig.client("shop")
    ids: list[dict[str, int | None]] = [{}, {"id": None}, {"id": 0}, {"id": 2**63}, {"id": 2**40}]
    groupings = [row | {"metrics": [{"slug": "views", "value": 3}]} for row in ids]
    body = {"result": {"groupings": groupings}}
    rig.world.fault("wrong_shape", endpoint="stats_v2", json=body)
    page = await client.listing_stats(one_day(date(2026, 11, 20)))
    assert page == ({2**40: {"views": 3}}, 5, 4, None)


async def test_a_listing_that_is_told_twice_and_not_alike_has_no_numbers(rig: AvitoRig) -> None:
    client = await rig.client("shop")
    rows = [
        {"id": item, "metrics": [{"slug": "views", "value": views}]}
        for item, views in ((5, 3), (6, 3), (5, 3), (6, 0))
    ]
    body = {"result": {"groupings": [*rows, None]}}
    rig.world.fault("wrong_shape", endpoint="stats_v2", json=body)
    page = await client.listing_stats(one_day(date(2026, 11, 20)))
    assert page == ({5: {"views": 3}, 6: {}}, 5, 1, None)


async def test_listings_come_with_what_a_screen_shows_of_them(rig: AvitoRig) -> None:
    account = rig.account("shop")
    account.listings = [
        Listing(7_632_548_910, "Стол\u202e из  дуба\n", 35_000),
        Listing(7_632_548_911, "\u200b", None),
        Listing(7_632_548_912, "😀" * 500, 1, status="old"),
    ]
    client = await rig.client("shop")
    rig.clock.scale = 50
    url = "https://www.avito.ru/moskva/mebel_i_interer/x_{}"
    assert await listings(client) == [
        Listed(7_632_548_910, "Стол из дуба", 35_000_00, "active", url.format(7_632_548_910)),
        Listed(7_632_548_911, None, None, "active", url.format(7_632_548_911)),
    ]
    [old] = await listings(client, "old")
    assert (old.title, old.price, old.status) == ("😀" * 200, 1_00, "old")


@pytest.mark.parametrize(
    "url",
    [
        "https://avito.ru.evil.example/x",
        "https://evil.example/avito.ru/x",
        "http://www.avito.ru/x",
        "https://www.avito.ru/x)](https://evil.example",
        "https://www.avito.ru/x\n",
        "https://www.avito.ru/" + "x" * 500,
        "tg://user?id=1",
        5,
    ],
)
async def test_what_cannot_be_shown_of_a_listing_does_not_spoil_the_others(
    rig: AvitoRig, url: object
) -> None:
    client = await rig.client("shop")
    strange = {"id": 5, "title": ["x"], "price": "dear", "status": 7, "url": url}
    nameless: list[Any] = [{"id": 2**70}, {"id": 0}, {"id": ""}, {"id": None}, {}, None]
    page = {"meta": {"per_page": "many"}, "resources": [strange, *nameless, {"id": 6}]}
    rig.world.fault("wrong_shape", endpoint="items", json=page)
    assert await listings(client) == [
        Listed(5, None, None, None, None),
        Listed(6, None, None, None, None),
    ]


@pytest.mark.parametrize("resources", [[{"itemId": 5}, {"itemId": 6}], [None], "none"])
async def test_a_page_that_names_no_listing_is_not_taken_for_the_end(
    rig: AvitoRig, resources: Any
) -> None:
    client = await rig.client("shop")
    rig.world.fault("wrong_shape", endpoint="items", json={"resources": resources})
    with pytest.raises(UnexpectedAnswer):
        await listings(client)


async def test_no_page_is_asked_for_that_nobody_wants(rig: AvitoRig) -> None:
    rig.account("shop").listings = make_listings(7_100_000_000, count=300)
    client = await rig.client("shop")
    async for page in client.listing_pages("active"):
        assert len(page) == 99
        break
    assert len(rig.calls("items")) == 1


async def test_v1_tells_of_each_listing_on_each_day(rig: AvitoRig) -> None:
    account = rig.account("shop")
    client = await rig.client("shop")
    week = Period(date(2026, 11, 14), date(2026, 11, 20))
    days = await client.listing_stats_v1([one.id for one in account.listings], week)
    slugs = ("views", "contacts", "favorites")
    assert days == {
        day: {
            item: {slug: metrics[slug] for slug in slugs}
            for item, metrics in account.listing_numbers(day).items()
        }
        for day in week
    }


@pytest.mark.parametrize("answer", ["empty", "400"])
@pytest.mark.parametrize("foreign", [[0], [120], [199, 201], [3, 77, 78, 150]])
async def test_listings_that_are_not_ours_spoil_nothing_but_themselves(
    rig: AvitoRig, answer: Any, foreign: list[int]
) -> None:
    account = rig.account("shop")
    account.listings = make_listings(7_100_000_000, count=203)
    items = [one.id for one in account.listings]
    account.vanished = {items[place] for place in foreign}
    rig.world.foreign_listing_answer = answer
    client = await rig.client("shop")
    rig.clock.scale = 500
    day = date(2026, 11, 20)
    [listings] = (await client.listing_stats_v1(items, one_day(day))).values()
    assert listings.keys() == set(items) - account.vanished
    assert len(rig.calls("stats_v1")) <= 20 * len(foreign)


async def test_v1_that_refuses_every_listing_is_not_searched_for_one(rig: AvitoRig) -> None:
    client = await rig.client("shop")
    rig.world.fault("status", endpoint="stats_v1", status=403)
    rig.clock.scale = 50
    with pytest.raises(Forbidden):
        await client.daily_stats_v1(list(range(1, 200)), one_day(date(2026, 11, 20)))
    assert len(rig.calls("stats_v1")) == 3


async def test_a_quiet_shop_is_not_searched_for_a_foreign_listing(rig: AvitoRig) -> None:
    rig.world.foreign_listing_answer = "empty"
    client = await rig.client("shop")
    rig.clock.scale = 50
    assert await client.daily_stats_v1(list(range(1, 200)), one_day(date(2026, 11, 20))) == {}
    assert len(rig.calls("stats_v1")) == 9
