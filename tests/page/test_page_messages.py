"""What a message can be: formatted, silent, edited, a picture, a file, with keyboards."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import aiohttp
from playwright.async_api import Page, expect

from sandbox.telegram.presses import Press
from tests.page.conftest import ONE_LOOP, Desk, newest
from tests.support.waiting import eventually

pytestmark = ONE_LOOP

MARKDOWN = r"""*жирный _и наклонный_* ~нет~ __да__ ||тайна|| `код` [ссылка](https://example.com/)
```python
print(1)
```
>цитата
/help и 👍 *всё*"""


def png(side: int) -> bytes:
    """A blue square."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    rows = zlib.compress((b"\0" + b"\x24\x79\xcc" * side) * side)
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


async def call(desk: Desk, method: str, **params: Any) -> Any:
    """As a bot that can do more than ours does today."""
    url = f"{desk.rig.settings.telegram_api_base}/bot{desk.rig.me.token}/{method}"
    async with aiohttp.ClientSession() as session:
        answer = await (await session.post(url, json=params)).json()
    assert answer["ok"], answer
    return answer["result"]


async def upload(desk: Desk, field: str, name: str, data: bytes, **params: str) -> None:
    form = aiohttp.FormData(params, quote_fields=False)
    form.add_field(field, data, filename=name)
    method = f"send{field.capitalize()}"
    url = f"{desk.rig.settings.telegram_api_base}/bot{desk.rig.me.token}/{method}"
    async with aiohttp.ClientSession() as session:
        answer = await (await session.post(url, data=form)).json()
    assert answer["ok"], answer


async def started(desk: Desk, *, lasting: bool = False) -> tuple[Page, int]:
    """The owner's chat after /start, and its id."""
    page = await desk.open(lasting=lasting)
    await page.click("#start")
    await expect(newest(page)).to_contain_text("Avito Analytics Bot")
    return page, desk.scene.chat.id


async def test_entities_are_drawn_and_a_spoiler_opens(desk: Desk) -> None:
    page, chat_id = await started(desk)

    await call(desk, "sendMessage", chat_id=chat_id, text=MARKDOWN, parse_mode="MarkdownV2")

    text = newest(page).locator(".text")
    await expect(text.locator("strong").first).to_have_text("жирный и наклонный")
    await expect(text.locator("strong em")).to_have_text("и наклонный")
    await expect(text.locator("strong").last).to_have_text("всё")
    await expect(text.locator("code")).to_have_text("код")
    await expect(text.locator("pre")).to_have_text("print(1)")
    await expect(text.locator("blockquote")).to_have_text("цитата")
    await expect(text.locator("a")).to_have_attribute("rel", "noopener noreferrer")
    await text.locator(".spoiler").click()
    await expect(text.locator(".spoiler")).to_have_class("spoiler open")


async def test_text_is_never_markup(desk: Desk) -> None:
    page, chat_id = await started(desk)

    await call(desk, "sendMessage", chat_id=chat_id, text="<img src=x onerror=alert(1)> <b>x</b>")

    await expect(newest(page)).to_contain_text("<img src=x onerror=alert(1)> <b>x</b>")


async def test_an_edit_happens_in_place_and_is_marked(desk: Desk) -> None:
    page, chat_id = await started(desk)
    sent = await call(
        desk, "sendMessage", chat_id=chat_id, text="Считаю…", disable_notification=True
    )
    await expect(newest(page).get_by_label("Без звука")).to_be_visible()
    count = await page.locator(".message").count()

    where = {"chat_id": chat_id, "message_id": sent["message_id"]}
    await call(desk, "editMessageText", text="Готово", **where)

    await expect(newest(page)).to_contain_text("Готово")
    await expect(newest(page).locator(".edited")).to_be_visible()
    await expect(page.locator(".message")).to_have_count(count)


async def test_a_document_is_downloaded_under_its_name(desk: Desk, tmp_path: Path) -> None:
    page, chat_id = await started(desk)
    data = "дата;чат\r\n".encode() * 500

    await upload(desk, "document", "чаты за неделю.csv", data, chat_id=str(chat_id))
    async with page.expect_download() as waiting:
        await page.click(".file")
    download = await waiting.value
    await download.save_as(tmp_path / "saved")

    assert download.suggested_filename == "чаты за неделю.csv"
    assert (tmp_path / "saved").read_bytes() == data


async def test_a_photo_is_seen(desk: Desk) -> None:
    page, chat_id = await started(desk)

    await upload(desk, "photo", "chart.png", png(240), chat_id=str(chat_id), caption="График")

    photo = newest(page).locator("img")
    await expect(photo).to_have_attribute("alt", "График")
    await expect(photo).to_have_js_property("naturalWidth", 240)


async def test_a_notice_is_a_toast_and_an_alert_waits_for_the_person(desk: Desk) -> None:
    page, chat_id = await started(desk, lasting=True)
    buttons = [[{"text": name, "callback_data": name} for name in ("тихо", "громко")]]
    await desk.rig.stop()
    markup = {"inline_keyboard": buttons}
    await call(desk, "sendMessage", chat_id=chat_id, text="Как сказать?", reply_markup=markup)

    async def pressed(name: str) -> Press:
        presses = desk.rig.telegram.presses.values()
        await eventually(lambda: name in [press.data for press in presses])
        return next(press for press in presses if press.data == name)

    for is_alert, name in enumerate(("тихо", "громко")):
        await page.get_by_role("button", name=name).click()
        await expect(page.locator(".pressed")).to_have_count(1)
        press = await pressed(name)
        answer = {"callback_query_id": press.id, "text": f"Ответ {name}"}
        await call(desk, "answerCallbackQuery", **answer, show_alert=bool(is_alert))
        await expect(page.locator(".pressed")).to_have_count(0)

    await expect(page.locator(".toast")).to_have_text("Ответ тихо")
    await expect(page.locator("dialog")).to_contain_text("Ответ громко")
    await page.keyboard.press("Escape")
    await expect(page.locator("dialog")).to_have_count(0)


async def test_a_chat_is_picked_with_the_keyboard_of_the_bot(desk: Desk) -> None:
    page, chat_id = await started(desk)
    wanted = {"request_id": 7, "chat_is_channel": True, "request_title": True}
    keyboard = [[{"text": "Выбрать канал", "request_chat": wanted}]]
    markup = {"keyboard": keyboard, "one_time_keyboard": True}
    await call(desk, "sendMessage", chat_id=chat_id, text="Куда?", reply_markup=markup)

    await page.get_by_role("button", name="Выбрать канал").click()
    await expect(page.locator(".choice")).to_have_count(1)
    await page.click(".choice")

    await expect(page.locator(".note", has_text="Итоги дня")).to_be_visible()
    await expect(page.locator("#reply-keyboard button")).to_have_count(0)


async def test_typing_is_shown_until_the_message_comes(desk: Desk) -> None:
    page, chat_id = await started(desk, lasting=True)

    await call(desk, "sendChatAction", chat_id=chat_id, action="typing")
    await expect(page.locator("#chat-status")).to_have_text("печатает…")
    await call(desk, "sendMessage", chat_id=chat_id, text="Вот")

    await expect(page.locator("#chat-status")).to_have_text("личный чат")


async def test_a_message_is_answered_and_forwarded(desk: Desk) -> None:
    page = await desk.open("channel")
    await call(desk, "sendMessage", chat_id=desk.scene.rooms["channel"].chat.id, text="Итоги")
    await newest(page).locator(".bubble").hover()
    await page.get_by_label("Переслать").click()
    await page.locator(".choice", has_text="Агентство › Отчёты").click()
    await expect(newest(page).locator(".forwarded")).to_have_text("Переслано: Итоги дня")

    await newest(page).locator(".bubble").hover()
    await newest(page).get_by_label("Ответить").click()
    await page.fill("#text", "Видел")
    await page.click("#send")

    await expect(newest(page).locator(".quoted")).to_contain_text("Итоги")
