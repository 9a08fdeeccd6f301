"""HTTP: ways to write a request, files, faults, limits, history, the control API."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from sandbox.telegram.events import PATIENCE_SEC
from sandbox.telegram.faults import Kind
from tests.sandbox.telegram_client import TOKEN, Scene, inline, telegram
from tests.support.waiting import eventually

PNG = b"\x89PNG\r\n\x1a\n" + bytes(8) + (900).to_bytes(4, "big") + (500).to_bytes(4, "big")


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with telegram() as scene:
        scene.alice.private(scene.bot).start()
        yield scene


async def test_a_request_may_be_written_in_any_way(scene: Scene) -> None:
    http, url = scene.client.session, scene.client.url
    params = {"chat_id": str(scene.alice.id), "text": "Привет"}
    multipart = aiohttp.FormData(default_to_multipart=True)
    for name, value in params.items():
        multipart.add_field(name, value)
    requests = (
        http.get(f"{url}/sendMessage", params=params),
        http.post(f"{url}/SENDMESSAGE", data=params),
        http.post(f"{url}/sendmessage", json=params | {"chat_id": scene.alice.id}),
        http.post(f"{url}/sendMessage", data=multipart),
    )
    for request in requests:
        async with request as response:
            assert (await response.json())["ok"]
    assert [message.text for message in scene.world.sent(scene.alice.id)] == ["Привет"] * 4


async def test_unknown_methods_and_tokens(scene: Scene) -> None:
    assert await scene.client.refusal("sendEverything") == "404 Not Found"
    async with scene.client.session.get(f"{scene.client.base_url}/bot1:no/getMe") as response:
        assert response.status == 401
        assert (await response.json())["description"] == "Unauthorized"


async def test_commands_are_kept_per_scope_and_language(scene: Scene) -> None:
    commands = [{"command": "start", "description": "Начать"}]
    scope = {"type": "all_private_chats"}
    await scene.client.ok("setMyCommands", commands=commands, scope=scope, language_code="ru")
    assert await scene.client.ok("getMyCommands", scope=scope, language_code="ru") == commands
    assert await scene.client.ok("getMyCommands") == []
    await scene.client.ok("deleteMyCommands", scope=scope, language_code="ru")
    assert await scene.client.ok("getMyCommands", scope=scope, language_code="ru") == []
    await scene.client.ok("setMyDescription", description="Отчёты Авито")
    assert await scene.client.ok("getMyDescription") == {"description": "Отчёты Авито"}
    bad = [{"command": "Старт", "description": "x"}]
    refusal = await scene.client.refusal("setMyCommands", commands=bad)
    assert refusal == "400 Bad Request: BOT_COMMAND_INVALID"


async def upload(
    scene: Scene, method: str, field: str, name: str, data: bytes, **more: Any
) -> Any:
    form = aiohttp.FormData(quote_fields=False)
    for key, value in {"chat_id": scene.alice.id, **more}.items():
        form.add_field(key, str(value))
    form.add_field(field, data, filename=name)
    async with scene.client.session.post(f"{scene.client.url}/{method}", data=form) as response:
        return await response.json()


async def test_a_document_can_be_sent_and_fetched_back(scene: Scene) -> None:
    answer = await upload(scene, "sendDocument", "document", "чаты.xlsx", b"rows", caption="Вот")
    document = answer["result"]["document"]
    assert (document["file_name"], document["file_size"]) == ("чаты.xlsx", 4)
    seen = scene.alice.private(scene.bot).last
    assert (seen.text, seen.document) == ("Вот", document)
    file = await scene.client.ok("getFile", file_id=document["file_id"])
    url = f"{scene.client.base_url}/file/bot{TOKEN}/{file['file_path']}"
    async with scene.client.session.get(url) as response:
        assert await response.read() == b"rows"
    await scene.client.ok("sendDocument", chat_id=scene.alice.id, document=document["file_id"])


async def test_pictures_must_be_pictures(scene: Scene) -> None:
    answer = await upload(scene, "sendPhoto", "chart", "c.png", PNG, photo="attach://chart")
    [size] = answer["result"]["photo"]
    assert (size["width"], size["height"]) == (900, 500)
    answer = await upload(scene, "sendPhoto", "photo", "c.png", b"not a picture")
    assert answer["description"] == "Bad Request: IMAGE_PROCESS_FAILED"


async def test_captions_have_their_limit(scene: Scene) -> None:
    answer = await upload(scene, "sendPhoto", "photo", "c.png", PNG, caption="я" * 1025)
    assert answer["description"] == "Bad Request: message caption is too long"
    answer = await upload(scene, "sendPhoto", "photo", "c.png", PNG, caption="я" * 1024)
    where = {"chat_id": scene.alice.id, "message_id": answer["result"]["message_id"]}
    await scene.client.ok("editMessageCaption", caption="короче", **where)
    refusal = await scene.client.refusal("editMessageText", text="x", **where)
    assert refusal == "400 Bad Request: there is no text in the message to edit"


async def test_a_text_becomes_a_picture_and_that_another(scene: Scene) -> None:
    message = await scene.client.send(scene.alice.id, "Собираю…")
    where = {"chat_id": scene.alice.id, "message_id": message["message_id"]}
    chat = scene.alice.private(scene.bot)
    for words in ("Вчера", "За неделю"):
        media = {"type": "photo", "media": "attach://chart", "caption": words}
        form = {"media": json.dumps(media), **where}
        answer = await upload(scene, "editMessageMedia", "chart", "c.png", PNG, **form)
        assert answer["result"]["photo"][0]["width"] == 900
        assert (chat.last.id, chat.last.text) == (message["message_id"], words)

    unknown = {"type": "hologram", "media": "x"}
    refusal = await scene.client.refusal("editMessageMedia", media=unknown, **where)
    assert refusal == "400 Bad Request: InputMedia has unsupported type"


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("flood", 429),
        ("flood_text", 429),
        ("http_500", 500),
        ("http_502", 502),
        ("http_504", 504),
        ("unauthorized", 401),
        ("conflict", 409),
    ],
)
async def test_a_fault_before_the_work_leaves_nothing(
    scene: Scene, kind: Kind, status: int
) -> None:
    scene.world.fault(kind, "sendMessage", scene.alice.id, times=1, retry_after=7)
    body = {"chat_id": scene.alice.id, "text": "x"}
    async with scene.client.session.post(f"{scene.client.url}/sendMessage", json=body) as answer:
        assert answer.status == status
    assert scene.world.sent(scene.alice.id) == []
    await scene.client.send(scene.alice.id)


async def test_a_gateway_may_fail_after_the_work(scene: Scene) -> None:
    scene.world.fault("http_502", times=1, processed=True)
    with pytest.raises(aiohttp.ContentTypeError):
        await scene.client.send(scene.alice.id)
    assert len(scene.world.sent(scene.alice.id)) == 1


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("drop_after", aiohttp.ServerDisconnectedError),
        ("half_answer", aiohttp.ClientPayloadError),
        ("truncated_json", ValueError),
    ],
)
async def test_a_lost_answer_leaves_the_message(
    scene: Scene, kind: Kind, error: type[Exception]
) -> None:
    scene.world.fault(kind, "sendMessage", times=1)
    with pytest.raises(error):
        await scene.client.send(scene.alice.id)
    [call] = scene.world.history.of("sendMessage")
    assert (call.ok, call.faults) == (True, [kind])
    assert call.message_id == scene.world.sent(scene.alice.id)[0].id


async def test_a_call_whose_caller_is_gone_is_over(scene: Scene) -> None:
    scene.world.fault("drop_after", "sendMessage", times=1)
    scene.world.fault("half_answer", "sendMessage", times=1)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await scene.client.send(scene.alice.id)
    [call] = scene.world.history.of("sendMessage")
    assert call.connection == "abandoned"
    assert not scene.world.history.is_busy(call.bot_id)


async def give_up(scene: Scene) -> None:
    """Send, and go away when the call is there."""
    sending = asyncio.create_task(scene.client.send(scene.alice.id))
    history = scene.world.history
    await history.signal.until(lambda: history.of("sendMessage"))
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)


async def test_a_held_call_goes_on_when_the_fault_is_lifted(scene: Scene) -> None:
    before = scene.world.fault("hold_before", "sendMessage", times=1)
    after = scene.world.fault("hold_after", "sendMessage", times=1)
    history = scene.world.history
    sending = asyncio.create_task(scene.client.send(scene.alice.id))
    await history.signal.until(lambda: history.of("sendMessage"))
    await asyncio.sleep(0.01)
    assert scene.world.sent(scene.alice.id) == []
    before.lift()
    await eventually(lambda: scene.world.sent(scene.alice.id))
    await asyncio.sleep(0.01)
    assert not sending.done()
    after.lift()
    await sending
    scene.world.fault("hold_before", times=1)
    waiting = asyncio.create_task(scene.client.send(scene.alice.id))
    await history.signal.until(lambda: len(history.of("sendMessage")) == 2)
    scene.world.clear_faults()
    await waiting


async def test_a_hang_lasts_until_the_caller_gives_up(scene: Scene) -> None:
    scene.world.fault("hang_after", "sendMessage")
    await give_up(scene)
    scene.world.clear_faults()
    await scene.client.send(scene.alice.id)
    first, second = scene.world.history.of("sendMessage")
    assert (first.connection, second.connection) == ("abandoned", "answered")
    assert len(scene.world.sent(scene.alice.id)) == 2


async def test_an_answer_of_an_unknown_schema_still_names_the_message(scene: Scene) -> None:
    scene.world.fault("unknown_schema", times=1)
    result = await scene.client.send(scene.alice.id)
    assert result["message_id"] == scene.world.sent(scene.alice.id)[0].id
    assert "chat" not in result


async def test_latency_before_and_after(scene: Scene) -> None:
    scene.world.fault("latency_after", times=1, seconds=0.1)
    await scene.client.send(scene.alice.id)
    [call] = scene.world.history.of("sendMessage")
    assert call.finished_real is not None
    assert call.accepted_real is not None
    assert call.finished_real - call.accepted_real >= 0.09


async def test_a_late_call_is_carried_out_though_its_caller_is_gone(scene: Scene) -> None:
    scene.world.fault("latency_before", "sendMessage", times=1, seconds=PATIENCE_SEC)
    await give_up(scene)
    await scene.client.send(scene.alice.id)
    first, second = scene.world.history.of("sendMessage")
    assert (first.connection, second.connection) == ("abandoned", "answered")
    assert len(scene.world.sent(scene.alice.id)) == 2


async def test_history_tells_everything_but_the_token(scene: Scene) -> None:
    markup = inline([("x", "y")])
    sent = await scene.client.send(scene.alice.id, "один", reply_markup=markup)
    await scene.client.refusal("sendMessage", chat_id=1, text="два")
    good, bad = scene.world.history.of("sendMessage")
    assert good.message_id == sent["message_id"]
    assert good.params["reply_markup"] == markup
    assert (bad.ok, bad.error_code, bad.description) == (
        False,
        400,
        "Bad Request: chat not found",
    )
    assert TOKEN not in repr([call.as_json() for call in scene.world.history.calls])


async def test_flood_limits_are_off_unless_asked_for(scene: Scene) -> None:
    for _ in range(10):
        await scene.client.send(scene.alice.id)


async def test_one_message_a_second_in_a_chat(scene: Scene) -> None:
    scene.world.clock.scale = 0
    scene.world.limits.strict = True
    for _ in range(3):
        await scene.client.send(scene.alice.id)
    answer = await scene.client.call("sendMessage", chat_id=scene.alice.id, text="x")
    assert answer["error_code"] == 429
    assert answer["description"] == "Too Many Requests: retry after 1"
    assert answer["parameters"] == {"retry_after": 1}
    await scene.client.ok("sendChatAction", chat_id=scene.alice.id, action="typing")
    scene.world.clock.advance(timedelta(seconds=1))
    await scene.client.send(scene.alice.id)


async def test_twenty_messages_a_minute_in_a_group(scene: Scene) -> None:
    group = scene.world.supergroup("Клиент", scene.alice, scene.bot)
    scene.world.clock.scale = 0
    scene.world.limits.strict = True
    for _ in range(20):
        await scene.client.send(group.id)
        scene.world.clock.advance(timedelta(seconds=2))
    answer = await scene.client.call("sendMessage", chat_id=group.id, text="x")
    assert answer["parameters"] == {"retry_after": 20}


async def test_thirty_messages_a_second_overall(scene: Scene) -> None:
    people = [scene.world.user(f"№{number}") for number in range(31)]
    for person in people:
        person.private(scene.bot).start()
    scene.world.clock.scale = 0
    scene.world.limits.strict = True
    answers = [await scene.client.call("sendMessage", chat_id=p.id, text="x") for p in people]
    assert [answer["ok"] for answer in answers] == [True] * 30 + [False]


async def test_the_world_can_be_driven_from_outside(scene: Scene) -> None:
    http, base = scene.client.session, f"{scene.client.base_url}/_sandbox"

    async def post(path: str, **body: Any) -> Any:
        async with http.post(f"{base}/{path}", json=body) as response:
            return await response.json()

    async def get(path: str, **query: str) -> Any:
        async with http.get(f"{base}/{path}", params=query) as response:
            return await response.json()

    vera = await post("users", name="Вера")
    await post("send", user_id=vera["id"], text="/start")
    await scene.client.send(vera["id"], "Меню", reply_markup=inline([("Профили", "profiles")]))
    pressed = await post("click", user_id=vera["id"], button="Профили")
    await scene.client.ok("answerCallbackQuery", text="Вот", **pressed)
    chat = await get("chat", user_id=str(vera["id"]))
    assert [message["text"] for message in chat["messages"]] == ["/start", "Меню"]
    assert chat["notices"] == [{"text": "Вот", "is_alert": False, "url": None}]
    events = (await get("events", chat=chat["key"]))["events"]
    assert [event["kind"] for event in events] == ["message", "message", "pressed", "notice"]
    group = await post(
        "chats", type="group", title="Клиент", user_id=vera["id"], bots=["avito_bot"]
    )
    await post("send", user_id=vera["id"], chat_id=group["id"], text="/stats")
    assert (await scene.client.updates())[-1]["message"]["text"] == "/stats"
    await post("faults", kind="flood", times=1)
    assert "Too Many Requests" in await scene.client.refusal("getMe")
    assert (await get("history"))["calls"][-1]["faults"] == ["flood"]
    before = (await get("clock"))["now"]
    assert (await post("clock", advance_seconds=3600))["now"] > before
    assert "KeyError" in (await post("send", user_id=1, text="x"))["error"]
