"""Buttons: from the tap to the answer."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from sandbox.telegram.model import Message
from sandbox.telegram.people import ChatView
from sandbox.telegram.presses import Press
from tests.sandbox.telegram_client import TOKEN, BotClient, Scene, inline, telegram

TOO_OLD = "400 Bad Request: query is too old and response timeout expired or query ID is invalid"


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with telegram() as scene:
        scene.alice.private(scene.bot).start()
        await scene.client.updates()
        yield scene


@pytest.fixture
def chat(scene: Scene) -> ChatView:
    return scene.alice.private(scene.bot)


def tap(chat: ChatView, button: str) -> Press:
    press = chat.click(button)
    assert isinstance(press, Press)
    return press


async def test_a_tap_on_the_newest_such_button_reaches_the_bot(
    scene: Scene, chat: ChatView
) -> None:
    await scene.client.send(chat.id, "старый", reply_markup=inline([("Профили", "profiles")]))
    new = await scene.client.send(chat.id, "новый", reply_markup=inline([("Профили", "p:2")]))
    chat.click("Профили")
    [update] = await scene.client.updates()
    query = update["callback_query"]
    assert query["data"] == "p:2"
    assert query["from"]["id"] == scene.alice.id
    assert query["message"]["message_id"] == new["message_id"]
    assert query["message"]["reply_markup"] == inline([("Профили", "p:2")])


async def test_the_answer_is_a_notice(scene: Scene, chat: ChatView) -> None:
    await scene.client.send(chat.id, reply_markup=inline([("x", "x")]))
    press = tap(chat, "x")
    await scene.client.ok(
        "answerCallbackQuery", callback_query_id=press.id, text="Готово", show_alert=True
    )
    notice = await chat.wait_for_notice(press)
    assert (notice.text, notice.is_alert) == ("Готово", True)
    assert chat.notices == [notice]


async def test_a_notice_is_at_most_200_long(scene: Scene, chat: ChatView) -> None:
    await scene.client.send(chat.id, reply_markup=inline([("x", "x")]))
    refusal = await scene.client.refusal(
        "answerCallbackQuery", callback_query_id=tap(chat, "x").id, text="я" * 201
    )
    assert refusal == "400 Bad Request: MESSAGE_TOO_LONG"


async def test_a_press_is_too_old_after_150_seconds(scene: Scene, chat: ChatView) -> None:
    await scene.client.send(chat.id, reply_markup=inline([("x", "x")]))
    press = tap(chat, "x")
    scene.world.clock.advance(timedelta(seconds=151))
    answer = {"callback_query_id": press.id}
    assert await scene.client.refusal("answerCallbackQuery", **answer) == TOO_OLD
    assert await scene.client.updates() == []


async def test_a_press_belongs_to_its_bot(scene: Scene, chat: ChatView) -> None:
    await scene.client.send(chat.id, reply_markup=inline([("x", "x")]))
    press = tap(chat, "x")
    scene.world.add_bot("43:other", "other_bot")
    async with BotClient(scene.client.base_url, "43:other") as other:
        assert await other.refusal("answerCallbackQuery", callback_query_id=press.id) == TOO_OLD


async def test_of_an_old_message_only_the_id_is_told(scene: Scene, chat: ChatView) -> None:
    sent = await scene.client.send(chat.id, reply_markup=inline([("x", "x")]))
    scene.world.clock.advance(timedelta(hours=49))
    chat.click("x")
    [update] = await scene.client.updates()
    message = update["callback_query"]["message"]
    assert (message["date"], message["message_id"]) == (0, sent["message_id"])
    assert "text" not in message


async def test_a_stranger_can_send_any_data(scene: Scene) -> None:
    charlie = scene.world.user("Чарли")
    group = scene.world.group("Клиент", scene.alice, charlie, scene.bot)
    sent = await scene.client.send(group.id, reply_markup=inline([("x", "profile_view:1")]))
    view = charlie.at(group)
    view.press("profile_delete:777", group.messages[sent["message_id"]])
    query = (await scene.client.updates())[-1]["callback_query"]
    assert (query["from"]["id"], query["data"]) == (charlie.id, "profile_delete:777")


async def test_a_missing_button_says_what_the_chat_reads(scene: Scene, chat: ChatView) -> None:
    await scene.client.send(chat.id, "Меню", reply_markup=inline([("Профили", "profiles")]))
    with pytest.raises(LookupError, match=r"(?s)no button 'Отчёты'.*\[Профили\]"):
        chat.click("Отчёты")


async def test_a_reply_keyboard_types_its_text(scene: Scene, chat: ChatView) -> None:
    await scene.client.send(chat.id, "?", reply_markup={"keyboard": [["Отмена"]]})
    typed = chat.click("Отмена")
    assert isinstance(typed, Message)
    assert (await scene.client.updates())[0]["message"]["text"] == "Отмена"


async def test_a_chat_is_shared_by_the_picker(scene: Scene, chat: ChatView) -> None:
    channel = scene.world.channel("Канал", scene.alice, scene.bot)
    button = {"text": "Выбрать", "request_chat": {"request_id": 7, "chat_is_channel": True}}
    await scene.client.send(chat.id, "?", reply_markup={"keyboard": [[button]]})
    chat.share_chat(channel, "Выбрать")
    shared = (await scene.client.updates())[-1]["message"]["chat_shared"]
    assert shared == {"request_id": 7, "chat_id": channel.id}


def test_the_token_is_no_part_of_what_a_bot_shows(scene: Scene) -> None:
    assert TOKEN not in repr(scene.bot)
