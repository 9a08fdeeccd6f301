"""Chats are found also where they are more than Avito lists at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import pytest

from core.avito.client import AvitoClient
from core.avito.messenger import ChatFilter, ChatPage, chat_page
from core.messenger.finder import ChatFinder
from sandbox.avito.chats import About, make_chats
from tests.support.avito import AvitoRig

pytestmark = pytest.mark.one_database


@pytest.fixture
async def client(rig: AvitoRig) -> AsyncIterator[AvitoClient]:
    yield await rig.client("shop")
    assert rig.world.violations() == []


def fill(rig: AvitoRig, count: int, listings: Sequence[About] = (), first: int = 1) -> None:
    """Chats of one message each, besides those there are."""
    shop = rig.account("shop")
    shop.set_chats = (shop.set_chats or []) + make_chats(
        shop.user_id, count, 1, until=rig.clock.now(), listings=listings, first=first
    )


def listings(count: int, first: int = 7_100_000_001) -> list[About]:
    return [About(first + number, f"Стол №{number}", "1 ₽") for number in range(count)]


async def unheard(_chats: int) -> None:
    """Nobody listens."""


async def found(
    client: AvitoClient, known: Sequence[int] = (), since: int | None = None
) -> ChatFinder:
    finder = ChatFinder(client.chats, since, unheard)
    await finder.find(known)
    return finder


async def test_all_1100_that_avito_lists_are_found(rig: AvitoRig, client: AvitoClient) -> None:
    fill(rig, 1_100)
    finder = await found(client)
    assert (len(finder.chats), finder.cut) == (1_100, [])


async def test_beyond_it_the_lists_by_listing_go_on(rig: AvitoRig, client: AvitoClient) -> None:
    about = listings(45)
    fill(rig, 2_000, about)
    finder = await found(client, [one.id for one in about])
    assert (len(finder.chats), finder.cut) == (2_000, ["u2i"])
    # 14 pages of the first list, one each of the other kinds; then 890 chats of 20 listings are
    # 10 pages, twice, and 220 of the last five are 3; after each, a look at its front again.
    assert len(rig.calls("messenger_chats")) == 14 + 2 + 11 + 11 + 4


async def test_listings_come_from_the_chats_as_well(rig: AvitoRig, client: AvitoClient) -> None:
    fill(rig, 1_500, listings(3))
    assert len((await found(client)).chats) == 1_500


async def test_a_cut_list_of_several_listings_is_halved(
    rig: AvitoRig, client: AvitoClient
) -> None:
    fill(rig, 3_000, listings(4))
    finder = await found(client)
    assert (len(finder.chats), finder.cut) == (3_000, ["u2i"])


async def test_a_listing_that_spoils_a_list_is_left_out(
    rig: AvitoRig, client: AvitoClient
) -> None:
    fill(rig, 1_200, listings(3))

    def refuse_a_foreign_one() -> None:
        if "666" in rig.heard[-1].query.get("item_ids", ""):
            rig.world.fault("status", "messenger_chats", status=400, times=1)

    rig.at_request.append(refuse_a_foreign_one)
    assert len((await found(client, [666])).chats) == 1_200


async def test_a_chat_that_moves_to_the_front_is_found(rig: AvitoRig, client: AvitoClient) -> None:
    fill(rig, 250)
    rig.account("shop").is_busy = True
    finder = await found(client)
    assert len(finder.chats) == 250
    at_avito = {chat.id: chat.updated for chat in rig.account("shop").chats(rig.clock.now())}
    assert {chat.id: chat.updated for chat in finder.chats.values()} == at_avito


async def test_a_chat_that_goes_away_hides_no_other(rig: AvitoRig, client: AvitoClient) -> None:
    fill(rig, 300)
    chats = rig.account("shop").chats(rig.clock.now())

    def delete_the_newest() -> None:
        if rig.heard[-1].query.get("offset", "0") != "0":
            del chats[0]

    rig.at_request.append(delete_the_newest)
    left = {chat.id for chat in chats[10:]}
    assert left <= (await found(client)).chats.keys()


async def test_an_avito_that_does_not_mind_the_filter_confuses_no_kinds() -> None:
    answer = {"chats": [{"id": "a2u-1"}, {"id": "seven"}, {"id": "u2u-2"}]}

    async def ask(which: ChatFilter, _offset: int) -> ChatPage:
        return chat_page(answer, which.kind, account=1)

    finder = ChatFinder(ask, None, unheard)
    await finder.find([])
    kinds = {chat.id: chat.kind for chat in finder.chats.values()}
    assert kinds == {"a2u-1": "a2u", "seven": "u2i", "u2u-2": "u2u"}


async def test_a_period_ends_the_list(rig: AvitoRig, client: AvitoClient) -> None:
    fill(rig, 2_000)
    since = int((rig.clock.now() - timedelta(hours=20)).timestamp())
    finder = await found(client, since=since)
    assert (len(finder.chats), finder.cut) == (121, [])
    assert len(rig.calls("messenger_chats")) == 2 + 1 + 2


@pytest.mark.parametrize("place", [0, 50, 99])
@pytest.mark.parametrize("odd", [{"updated": None}, {"updated": 1_600_000_000}])
async def test_one_odd_time_does_not_end_the_list(place: int, odd: dict[str, int | None]) -> None:
    since = 1_795_000_000
    told: list[dict[str, Any]] = [
        {"id": f"u2i-{number}", "created": 1_600_000_000, "updated": since + 1_000 - number}
        for number in range(2_000)
    ]
    told[place] |= odd

    async def ask(which: ChatFilter, offset: int) -> ChatPage:
        rows = told[offset : offset + 100] if which.kind == "u2i" else []
        return chat_page({"chats": rows}, which.kind, account=1)

    finder = ChatFinder(ask, since, unheard)
    await finder.find([])
    old = odd["updated"] is not None
    assert (len(finder.chats), finder.cut) == (1_001 - old, [])
    assert (told[place]["id"] in finder.chats) is not old


async def test_rows_that_name_no_chat_are_counted(rig: AvitoRig, client: AvitoClient) -> None:
    fill(rig, 150)
    shop = rig.account("shop")
    for chat in shop.chats(rig.clock.now())[20:23]:
        chat.id = "x" * 200
    finder = await found(client)
    assert (len(finder.chats), finder.nameless) == (147, 3)
