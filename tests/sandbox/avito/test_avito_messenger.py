"""The messenger of the sandbox: pages, filters, limits, refusals, and demo chats."""

from datetime import timedelta
from typing import Any

import pytest

from sandbox.avito.chats import UGLY_TEXTS, every_type, make_chats
from sandbox.avito.world import AvitoAccount, AvitoWorld
from tests.sandbox.avito.client import Exchange, SandboxClient


async def chats(avito: SandboxClient, account: AvitoAccount, **query: str) -> Exchange:
    path = f"/messenger/v2/accounts/{account.user_id}/chats"
    return await avito.call(account, "GET", path, params=query)


async def messages(
    avito: SandboxClient, account: AvitoAccount, chat: str, **query: str
) -> Exchange:
    path = f"/messenger/v3/accounts/{account.user_id}/chats/{chat}/messages/"
    return await avito.call(account, "GET", path, params=query)


def ids(said: Exchange) -> list[str]:
    rows = said.answer if isinstance(said.answer, list) else next(iter(said.answer.values()))
    return [row["id"] for row in rows]


def texts(said: Exchange) -> list[str]:
    return [row["content"]["text"] for row in said.answer["messages"]]


@pytest.fixture
def shop(world: AvitoWorld) -> AvitoAccount:
    """120 chats of 3 messages about two listings, and one with another person."""
    account = world.account("shop")
    at = world.clock.now()
    made = make_chats(account.user_id, 120, 3, until=at, listings=account.abouts()[:2])
    person = make_chats(account.user_id, 1, 1, until=at, type="u2u")
    account.set_chats = made[::-1] + person
    return account


async def test_chats_come_by_pages_the_newest_first_and_about_listings_only(
    avito: SandboxClient, shop: AvitoAccount
) -> None:
    first, second = await chats(avito, shop), await chats(avito, shop, offset="100")
    assert ids(first)[:2] == ["u2i-000001~", "u2i-000002~"]
    assert (len(ids(first)), len(ids(second))) == (100, 20)
    assert (first.answer["meta"], second.answer["meta"]) == (
        {"has_more": True},
        {"has_more": False},
    )


async def test_chats_are_filtered(avito: SandboxClient, shop: AvitoAccount) -> None:
    assert ids(await chats(avito, shop, chat_types="u2u")) == ["u2u-000001~"]
    one = await chats(avito, shop, item_ids="7100000001")
    both = await chats(avito, shop, item_ids="7100000001,7100000002", offset="100")
    assert (len(ids(one)), len(ids(both))) == (60, 20)
    assert ids(await chats(avito, shop, unread_only="true")) == []
    assert shop.set_chats is not None
    shop.set_chats[0].say(shop.set_chats[0].buyer, "Есть кто?", is_read=False)
    assert ids(await chats(avito, shop, unread_only="true")) == ["u2i-000120~"]


async def test_messages_come_newest_first_in_either_shape(
    avito: SandboxClient, shop: AvitoAccount
) -> None:
    wrapped = await messages(avito, shop, "u2i-000007~", limit="2")
    assert texts(wrapped) == ["Сообщение 3 чата 7", "Сообщение 2 чата 7"]
    assert wrapped.answer["meta"] == {"has_more": True}
    shop.messages_shape = "bare"
    bare = await messages(avito, shop, "u2i-000007~", offset="2")
    assert [row["content"]["text"] for row in bare.answer] == ["Сообщение 1 чата 7"]


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "101"},
        {"offset": "1001"},
        {"offset": "-1"},
        {"chat_types": "u2x"},
        {"item_ids": "one"},
        {"unread_only": "1"},
    ],
)
async def test_a_question_beyond_the_rules_is_refused(
    avito: SandboxClient, world: AvitoWorld, shop: AvitoAccount, query: dict[str, str]
) -> None:
    assert (await chats(avito, shop, **query)).status == 400
    assert len(world.violations()) == 1


@pytest.mark.parametrize(("label", "status"), [("no_messenger", 402), ("employee", 403)])
async def test_the_messenger_is_not_for_everybody(
    avito: SandboxClient, world: AvitoWorld, label: str, status: int
) -> None:
    account = world.account(label)
    assert (await chats(avito, account)).status == status
    assert (await messages(avito, account, "u2i-000001~")).status == status
    assert (await avito.balance(account)).status == 200


async def test_a_chat_of_somebody_else_is_not_found(
    avito: SandboxClient, world: AvitoWorld, shop: AvitoAccount
) -> None:
    assert (await messages(avito, world.account("second"), "u2i-000001~")).status == 404


async def test_pages_of_a_busy_account_move(avito: SandboxClient, shop: AvitoAccount) -> None:
    shop.is_busy = True
    first, second = await chats(avito, shop), await chats(avito, shop, offset="100")
    # The last one has come to the front, where nobody looks any more.
    assert set(ids(first)) & set(ids(second)) == {ids(first)[-1]}
    assert len({*ids(first), *ids(second)}) == 119

    newest = await messages(avito, shop, "u2i-000002~", limit="1")
    next_one = await messages(avito, shop, "u2i-000002~", limit="1", offset="1")
    assert ids(newest) == ids(next_one)


async def test_to_look_marks_nothing_as_read(
    avito: SandboxClient, world: AvitoWorld, shop: AvitoAccount
) -> None:
    assert shop.set_chats is not None
    chat = shop.set_chats[0]
    chat.say(chat.buyer, "Есть кто?", is_read=False)
    await messages(avito, shop, chat.id)
    assert chat.is_unread_by(shop.user_id)
    path = f"/messenger/v1/accounts/{shop.user_id}/chats/{chat.id}/read"
    assert (await avito.call(shop, "POST", path, json={})).answer == {"ok": True}
    assert not chat.is_unread_by(shop.user_id)
    assert len(world.calls("messenger_read")) == 1


async def test_every_type_of_message_and_any_text_arrive_as_they_are(
    avito: SandboxClient, world: AvitoWorld, shop: AvitoAccount
) -> None:
    chat = every_type(shop.user_id, world.clock.now())
    shop.set_chats = [chat]
    said = await messages(avito, shop, chat.id)
    rows = said.answer["messages"][::-1]
    told: list[Any] = [row["content"].get("text") for row in rows]
    assert told[-1 - len(UGLY_TEXTS) : -1] == [*UGLY_TEXTS]
    assert len({row["type"] for row in rows}) == 13
    assert rows[-1]["quote"]["content"] == {"text": "Здравствуйте, ещё продаёте?"}


async def test_demo_accounts_have_chats_that_repeat(
    avito: SandboxClient, world: AvitoWorld
) -> None:
    account = world.account("shop")
    said = await chats(avito, account, chat_types="u2i,u2u,a2u")
    assert len(ids(said)) == 41
    assert said.answer["chats"][0]["updated"] < world.clock.now().timestamp()
    assert ids(await chats(avito, world.account("empty"))) == []
    account.set_chats = None
    world.clock.advance(timedelta(hours=1))
    assert (await chats(avito, account, chat_types="u2i,u2u,a2u")).answer == said.answer
