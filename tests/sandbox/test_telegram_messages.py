"""Sending, editing and deleting by the real rules."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from sandbox.telegram.people import ChatView
from tests.sandbox.telegram_client import Scene, inline, telegram


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with telegram() as scene:
        scene.alice.private(scene.bot).start()
        yield scene


@pytest.fixture
def chat(scene: Scene) -> ChatView:
    return scene.alice.private(scene.bot)


async def test_a_person_reads_plain_text_and_buttons(scene: Scene, chat: ChatView) -> None:
    keyboard = inline([("Профили", "profiles")], [("Помощь", "help")])
    sent = await scene.client.send(
        chat.id, "*Привет\\!*", parse_mode="MarkdownV2", reply_markup=keyboard
    )
    seen = await chat.wait_for("Привет!")
    assert seen.id == sent["message_id"]
    assert seen.button_texts == [["Профили"], ["Помощь"]]
    assert seen.entities == [{"type": "bold", "offset": 0, "length": 7}]
    assert not seen.is_edited
    assert not seen.is_silent


async def test_a_muted_message_is_marked_so(scene: Scene, chat: ChatView) -> None:
    await scene.client.send(chat.id, "ночью", disable_notification=True)
    assert chat.last.is_silent


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("", "400 Bad Request: message text is empty"),
        ("  \n ", "400 Bad Request: message text is empty"),
        ("я" * 4097, "400 Bad Request: message is too long"),
        ("😀" * 2049, "400 Bad Request: message is too long"),
    ],
)
async def test_text_has_its_limits(scene: Scene, chat: ChatView, text: str, refusal: str) -> None:
    assert await scene.client.refusal("sendMessage", chat_id=chat.id, text=text) == refusal


async def test_markup_does_not_count_into_the_limit(scene: Scene, chat: ChatView) -> None:
    text = "*" + "я" * 4095 + "\\.*"
    await scene.client.send(chat.id, text, parse_mode="MarkdownV2")
    assert len(chat.last.text) == 4096


async def test_a_refused_message_takes_no_id(scene: Scene, chat: ChatView) -> None:
    first = await scene.client.send(chat.id)
    refusal = await scene.client.refusal(
        "sendMessage", chat_id=chat.id, text="1.5", parse_mode="MarkdownV2"
    )
    assert refusal == (
        "400 Bad Request: can't parse entities: Character '.' is reserved"
        " and must be escaped with the preceding '\\'"
    )
    second = await scene.client.send(chat.id)
    assert second["message_id"] == first["message_id"] + 1


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        ("я" * 33, "400 Bad Request: BUTTON_DATA_INVALID"),
        ("", "400 Bad Request: BUTTON_DATA_INVALID"),
    ],
)
async def test_callback_data_is_1_to_64_bytes(
    scene: Scene, chat: ChatView, data: str, refusal: str
) -> None:
    markup = inline([("x", data)])
    assert refusal == await scene.client.refusal(
        "sendMessage", chat_id=chat.id, text="x", reply_markup=markup
    )
    await scene.client.send(chat.id, reply_markup=inline([("x", "я" * 32)]))


async def test_an_edit_changes_text_and_keyboard_in_place(scene: Scene, chat: ChatView) -> None:
    sent = await scene.client.send(chat.id, "⏳", reply_markup=inline([("Отмена", "cancel")]))
    where = {"chat_id": chat.id, "message_id": sent["message_id"]}
    await scene.client.ok("editMessageText", text="Готово", **where)
    assert chat.last.id == sent["message_id"]
    assert (chat.last.text, chat.last.keyboard, chat.last.is_edited) == ("Готово", [], True)


async def test_an_identical_edit_is_refused(scene: Scene, chat: ChatView) -> None:
    markup = inline([("Да", "yes")])
    sent = await scene.client.send(chat.id, "Удалить?", reply_markup=markup)
    where = {"chat_id": chat.id, "message_id": sent["message_id"], "text": "Удалить?"}
    refusal = await scene.client.refusal("editMessageText", reply_markup=markup, **where)
    assert refusal.startswith("400 Bad Request: message is not modified: specified new message")
    # Without the keyboard it is a change: the keyboard goes.
    await scene.client.ok("editMessageText", **where)


async def test_what_cannot_be_edited(scene: Scene, chat: ChatView) -> None:
    hers = chat.send("моё")
    where = {"chat_id": chat.id, "text": "x"}
    refusal = await scene.client.refusal("editMessageText", message_id=hers.id, **where)
    assert refusal == "400 Bad Request: message can't be edited"
    refusal = await scene.client.refusal("editMessageText", message_id=999, **where)
    assert refusal == "400 Bad Request: message to edit not found"
    keyboard = {"keyboard": [["Выбрать"]]}
    asked = await scene.client.send(chat.id, "?", reply_markup=keyboard)
    refusal = await scene.client.refusal(
        "editMessageText", message_id=asked["message_id"], **where
    )
    assert refusal == "400 Bad Request: message can't be edited"


async def test_deleting(scene: Scene, chat: ChatView) -> None:
    secret = chat.send("client_secret")
    where = {"chat_id": chat.id, "message_id": secret.id}
    await scene.client.ok("deleteMessage", **where)
    assert "client_secret" not in chat.transcript()
    refusal = await scene.client.refusal("deleteMessage", **where)
    assert refusal == "400 Bad Request: message to delete not found"
    ids = [(await scene.client.send(chat.id))["message_id"] for _ in range(3)]
    await scene.client.ok("deleteMessages", chat_id=chat.id, message_ids=[*ids, 999])
    assert [seen.text for seen in chat.messages] == ["/start"]
    assert len(scene.world.sent(chat.id)) == 3


async def test_an_old_message_cannot_be_deleted(scene: Scene, chat: ChatView) -> None:
    sent = await scene.client.send(chat.id)
    scene.world.clock.advance(timedelta(hours=49))
    refusal = await scene.client.refusal(
        "deleteMessage", chat_id=chat.id, message_id=sent["message_id"]
    )
    assert refusal == "400 Bad Request: message can't be deleted for everyone"


async def test_who_cannot_be_written_to(scene: Scene, chat: ChatView) -> None:
    client, bob = scene.client, scene.world.user("Боб")
    scene.world.group("Клиент", bob, scene.bot)
    refusal = await client.refusal("sendMessage", chat_id=bob.id, text="x")
    assert refusal == "403 Forbidden: bot can't initiate conversation with a user"
    assert await client.refusal("sendMessage", chat_id=1, text="x") == (
        "400 Bad Request: chat not found"
    )
    scene.alice.block(scene.bot)
    assert await client.refusal("sendMessage", chat_id=chat.id, text="x") == (
        "403 Forbidden: bot was blocked by the user"
    )
    scene.alice.unblock(scene.bot)
    await client.send(chat.id)


async def test_a_reply_needs_its_message(scene: Scene, chat: ChatView) -> None:
    question = chat.send("вопрос")
    sent = await scene.client.send(chat.id, reply_parameters={"message_id": question.id})
    assert sent["reply_to_message"]["text"] == "вопрос"
    refusal = await scene.client.refusal(
        "sendMessage", chat_id=chat.id, text="x", reply_parameters={"message_id": 999}
    )
    assert refusal == "400 Bad Request: message to be replied not found"


async def test_typing_is_seen(scene: Scene, chat: ChatView) -> None:
    await scene.client.ok("sendChatAction", chat_id=chat.id, action="typing")
    last = scene.world.events.after(0, chat.chat.key)[-1]
    assert (last.kind, last.data["action"]) == ("action", "typing")
