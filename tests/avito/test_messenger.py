"""Chats and messages as Avito tells them, in any shape, become plain tuples."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from core.avito.messenger import ChatFilter, chat_page, message_page
from core.errors import Forbidden, RateLimited, SubscriptionRequired, UnexpectedAnswer
from sandbox.avito.chats import UGLY_TEXTS, every_type, make_chats
from tests.support.avito import AvitoRig
from utils.chats.model import ChatHead, Line

ACCOUNT = 7_632_548_910
BUYER = 9_000_000_001
AT = 1_795_163_400
LISTINGS = ChatFilter("u2i")


def line(**message: Any) -> Line:
    """The one line of a page with this message."""
    return message_page([message], ACCOUNT, AT).lines[0]


def said(kind: str, **content: Any) -> str:
    return line(type=kind, content=content).text


async def test_a_chat_comes_with_its_listing_and_the_other_end(rig: AvitoRig) -> None:
    shop = rig.account("shop")
    about = shop.abouts()[0]
    made = make_chats(shop.user_id, 1, 2, until=rig.clock.now(), listings=[about])[0]
    shop.set_chats = [made]
    client = await rig.client("shop")
    page = await client.chats(LISTINGS, 0)
    assert page.chats == [
        ChatHead(
            id=made.id,
            kind="u2i",
            created=made.created,
            updated=made.updated,
            name="Покупатель 1",
            is_buying=False,
            listing_id=about.id,
            title="Стол из массива дуба №1",
            price="3 500 ₽",
            url=f"https://avito.ru/moskva/mebel_i_interer/x_{about.id}",
            status=10,
            is_cut=False,
        )
    ]
    assert page.has_more is False


@pytest.mark.parametrize("shape", ["wrapped", "bare"])
async def test_messages_of_every_type_come_as_they_are(rig: AvitoRig, shape: Any) -> None:
    shop = rig.account("shop")
    shop.messages_shape = shape
    made = every_type(shop.user_id, rig.clock.now())
    shop.set_chats = [made]
    client = await rig.client("shop")
    head = (await client.chats(LISTINGS, 0)).chats[0]
    page = await client.messages(head, 0)
    told = {told.kind: told.text for told in page.lines if told.kind != "text"}
    assert told == {
        "image": "https://img.example/chat/1280x960/8.jpg",
        "link": "https://habr.com",
        "item": "Комод, лофт 18 500 ₽ https://avito.ru/x_7100000002",
        "location": "Москва, Варшавское шоссе, 1",
        "call": "missed",
        "system": "Автоответ: добрый день!",
        **dict.fromkeys(("deleted", "voice", "appCall", "file", "video", "hologram"), ""),
    }
    answer, *ugly = [told.text for told in page.lines if told.kind == "text"][:-1]
    assert answer == "Отвечаю на первое"
    assert ugly[::-1] == [text.replace("\ud83d", "?") for text in UGLY_TEXTS]
    assert [told.is_ours for told in page.lines[:2]] == [True, False]
    assert page.lines[-1].at == made.messages[0].created


async def test_the_filter_goes_over_the_wire_as_the_specification_writes_it(
    rig: AvitoRig,
) -> None:
    client = await rig.client("shop")
    page = await client.chats(ChatFilter("u2i", (7_100_000_001, 7_100_000_002)), 0)
    assert {head.listing_id for head in page.chats} == {7_100_000_001, 7_100_000_002}
    assert rig.heard[-1].query == {
        "limit": "100",
        "offset": "0",
        "chat_types": "u2i",
        "item_ids": "7100000001,7100000002",
    }


async def test_the_number_of_a_chat_stays_inside_its_place_of_the_address(rig: AvitoRig) -> None:
    shop = rig.account("shop")
    shop.set_chats = make_chats(shop.user_id, 1, 1, until=rig.clock.now())
    shop.set_chats[0].id = "u2i/../read?x=1&"
    client = await rig.client("shop")
    head = (await client.chats(LISTINGS, 0)).chats[0]
    assert len((await client.messages(head, 0)).lines) == 1


async def test_a_page_of_the_longest_texts_is_read(rig: AvitoRig) -> None:
    shop = rig.account("shop")
    chat = make_chats(shop.user_id, 1, 40, until=rig.clock.now())[0]
    for message in chat.messages:
        message.content = {"text": "ж" * 40_000}
    shop.set_chats = [chat]
    client = await rig.client("shop")
    head = (await client.chats(LISTINGS, 0)).chats[0]
    assert {len(told.text) for told in (await client.messages(head, 0)).lines} == {40_000}


@pytest.mark.parametrize(
    ("label", "error"), [("no_messenger", SubscriptionRequired), ("employee", Forbidden)]
)
async def test_a_refusal_says_what_is_missing(
    rig: AvitoRig, label: str, error: type[Exception]
) -> None:
    client = await rig.client(label)
    with pytest.raises(error):
        await client.chats(LISTINGS, 0)


async def test_too_many_questions_about_messages_are_too_many_about_chats(rig: AvitoRig) -> None:
    client = await rig.client("shop")
    head = (await client.chats(LISTINGS, 0)).chats[0]
    rig.world.fault("status", "messenger_messages", status=429, times=1)
    for ask in (client.messages(head, 0), client.chats(LISTINGS, 0)):
        with pytest.raises(RateLimited):
            await ask
    assert len(rig.calls("messenger_chats")) == 1


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"id": None, "created": "yesterday", "author_id": {}, "content": [1], "type": None},
        {"id": True, "created": Decimal("inf"), "content": {"text": 5 * [1]}},
        {"created": -1, "is_read": "yes", "type": ["text"], "direction": 1},
        {"created": 1, "author_id": -(2**64)},
    ],
)
def test_a_broken_message_is_still_a_message(message: dict[str, Any]) -> None:
    read = line(**message)
    assert (read.at, read.author, read.is_ours) == (AT, 0, False)
    assert (read.kind, read.text, read.is_read) == ("unknown", "", None)
    assert read.id == line(**message).id != line(other=1).id
    assert read.id == line(**message | {"is_read": True, "read": AT + 60}).id


def test_a_message_that_is_no_object_costs_the_others_nothing() -> None:
    told = [{"id": "b", "created": AT - 60}, None, {"id": "a", "created": AT - 120}]
    page = message_page(told, 1, AT)
    assert [read.at for read in page.lines] == [AT - 60, AT - 60, AT - 120]
    assert [read.id for read in page.lines][::2] == ["b", "a"]
    assert page.rows == 3


def test_different_messages_under_one_id_are_different_messages() -> None:
    told = [
        {"id": "0", "created": AT - number, "content": {"text": str(number)}}
        for number in range(50)
    ]
    own = {"id": "a", "created": AT}
    page = message_page([own, *told, *told[:5], own], ACCOUNT, AT)
    assert [read.text for read in page.lines[1:51]] == [str(number) for number in range(50)]
    assert len({read.id for read in page.lines}) == 51
    assert page.lines[0].id == page.lines[-1].id == "a"
    assert page.lines[1:6] == page.lines[51:56]


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("image", {"image": {"sizes": ["1280x960"]}}),
        ("image", {"image": {"sizes": {"1280x960": None}}}),
        ("link", {"link": "https://habr.com"}),
        ("item", {"item": None}),
        ("location", {"location": {"text": 7.5}}),
        ("call", {"call": {"status": ["missed"]}}),
        ("text", {"text": None}),
    ],
)
def test_content_of_another_shape_is_no_words(kind: str, content: dict[str, Any]) -> None:
    assert said(kind, **content) == ""


def test_a_picture_without_readable_sizes_has_an_address_all_the_same() -> None:
    assert said("image", image={"sizes": {"original": "https://img.example/o.jpg"}}) != ""
    sizes = {"140x105": "small", "1280x960": "large", "99999999x9": "odd"}
    assert said("image", image={"sizes": sizes}) == "large"


def test_whose_a_message_is_says_its_direction_first() -> None:
    assert line(direction="out", author_id=BUYER).is_ours
    assert not line(direction="in", author_id=ACCOUNT).is_ours
    assert line(author_id=str(ACCOUNT)).is_ours


def test_numbers_outgrow_32_bits_and_64_are_the_end() -> None:
    assert line(author_id=2**63 - 1).author == 2**63 - 1
    assert line(author_id=2**63).author == 0
    assert line(id=5_000_000_000).id == "5000000000"


@pytest.mark.parametrize("context", [None, [], {"value": None}, {"value": {"id": "x"}}])
def test_a_chat_without_a_readable_listing_is_a_chat(context: Any) -> None:
    chat = {"id": "u2i-1", "users": [None, {"id": ACCOUNT}], "context": context}
    head = chat_page({"chats": [chat]}, "u2i", ACCOUNT).chats[0]
    assert (head.listing_id, head.title, head.name, head.is_buying) == (0, "", "", False)
    assert head.status is None


@pytest.mark.parametrize(
    ("told", "updated"),
    [
        ({"updated": AT}, AT),
        ({"updated": None, "last_message": {"created": AT}}, AT),
        ({"updated": 1, "last_message": {"created": AT}}, AT),
        ({"updated": AT - 86_400, "last_message": {"created": AT}}, AT),
        ({"updated": AT, "last_message": None}, AT),
        ({"updated": 1}, 0),
        ({}, 0),
    ],
)
def test_when_a_chat_was_begun_does_not_tell_when_it_was_written_to(
    told: dict[str, Any], updated: int
) -> None:
    chat = {"id": "u2i-1", "created": AT - 9_000_000, **told}
    assert chat_page({"chats": [chat]}, "u2i", ACCOUNT).chats[0].updated == updated


def test_we_are_the_buyer_where_the_listing_is_another_s() -> None:
    chat = {"id": "u2i-1", "context": {"value": {"id": 2**40, "user_id": BUYER}}}
    head = chat_page({"chats": [chat]}, "u2i", ACCOUNT).chats[0]
    assert head.is_buying
    assert head.listing_id == 2**40


@pytest.mark.parametrize("chat", [None, {}, {"id": "x" * 129}, {"id": "a\x00b"}])
def test_a_chat_that_cannot_be_asked_for_is_counted(chat: Any) -> None:
    page = chat_page({"chats": [chat]}, "u2i", ACCOUNT)
    assert (page.chats, page.rows) == ([], 1)


@pytest.mark.parametrize("answer", [{}, {"chats": None}, "chats", None, {"chats": {"0": {}}}])
def test_an_answer_without_a_list_is_not_taken_for_an_empty_one(answer: Any) -> None:
    with pytest.raises(UnexpectedAnswer):
        chat_page(answer, "u2i", ACCOUNT)
    with pytest.raises(UnexpectedAnswer):
        message_page(answer, ACCOUNT, AT)
