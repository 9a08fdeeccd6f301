"""How the page looks and feels: phone, themes, keyboard, two thousand messages."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from math import inf
from statistics import median
from typing import Any

import pytest
from playwright.async_api import Page, expect

from sandbox.page.server import PAGE_OF_MESSAGES
from tests.page.conftest import ONE_LOOP, Desk, newest, say

pytestmark = ONE_LOOP

PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "has_touch": True,
    "is_mobile": True,
}
MANY = 2000
ROUNDS = 20
"""Whatever else the machine does may slow some of them down, not all."""
WORDS = """bubble => {
    const range = document.createRange();
    range.setStart(bubble, 0);
    range.setEndBefore(bubble.querySelector(".deeds"));
    return [...range.getClientRects()].map(({ left, right, top, bottom }) => (
        { left, right, top, bottom }
    ));
}"""
"""Where the words of a message stand."""


async def test_a_phone_shows_the_list_or_the_chat(desk: Desk) -> None:
    page = await desk.open(**PHONE)
    await expect(page.locator("#sidebar")).to_be_hidden()
    await desk.connect(page)
    await page.click(".pointed")
    await expect(newest(page)).to_contain_text("Отчёт Avito")

    await page.click("#back")
    await expect(page.locator("#sidebar")).to_be_visible()
    await expect(page.locator("main")).to_be_hidden()
    await page.click("[data-room=group]")
    await expect(page.locator("main")).to_be_visible()

    width = await page.evaluate("document.documentElement.scrollWidth")
    assert width == PHONE["viewport"]["width"]


async def test_what_can_be_done_with_a_message_covers_nothing_on_a_phone(desk: Desk) -> None:
    page = await desk.open(**PHONE)
    await page.click("#start")
    bubble = newest(page).locator(".bubble")
    await expect(bubble).to_contain_text("Avito Analytics Bot")

    await bubble.tap()

    deeds = bubble.locator(".deeds")
    await expect(deeds).to_be_visible()
    words = await page.evaluate(WORDS, await bubble.element_handle())
    icons = await deeds.bounding_box()
    assert icons is not None
    for line in words:
        is_beside = line["right"] <= icons["x"] or line["left"] >= icons["x"] + icons["width"]
        is_apart = line["bottom"] <= icons["y"] or line["top"] >= icons["y"] + icons["height"]
        assert is_beside or is_apart, (line, icons)
    title = await page.locator("main > header").bounding_box()
    assert title is not None
    assert icons["y"] >= title["y"] + title["height"]


async def test_another_chat_in_the_address_is_opened_at_once(desk: Desk) -> None:
    page = await desk.open()

    await page.evaluate("location.hash = 'group'")

    title = desk.scene.rooms["group"].title
    await expect(page.locator("#chat-title")).to_have_text(title)


async def ground(page: Page) -> str:
    colour: str = await page.evaluate("getComputedStyle(document.body).backgroundColor")
    return colour


async def test_it_is_light_or_dark_as_the_system_and_as_the_person_wants(desk: Desk) -> None:
    dark = await desk.open(color_scheme="dark")
    light = await desk.open(color_scheme="light")
    colours = await ground(dark), await ground(light)
    assert colours == ("rgb(14, 22, 29)", "rgb(230, 237, 243)")

    await light.click("#theme")
    await light.reload()

    await expect(light.locator("#theme")).to_have_attribute("aria-pressed", "true")
    assert await ground(light) == colours[0]


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_words_stand_out_from_their_ground(desk: Desk, scheme: str) -> None:
    page = await desk.open("topic", color_scheme=scheme)
    await say(page, "/help")
    await expect(newest(page)).to_contain_text("личном чате")

    for words, below in (
        (".author", ".bubble"),
        (".text", ".bubble"),
        (".meta", ".message:not(.own) .bubble"),
        (".own .meta", ".own .bubble"),
        (".room-last", "#sidebar"),
        ("#chat-status", "main > header"),
    ):
        assert await page.evaluate(CONTRAST, [words, below]) >= 4.5, (words, scheme)


CONTRAST = """([words, ground]) => {
  const seen = (it) => it.offsetParent !== null;
  const at = (selector) => [...document.querySelectorAll(selector)].filter(seen).at(-1);
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map((part) => {
      const it = part / 255;
      return it <= 0.03928 ? it / 12.92 : ((it + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const both = [
    light(getComputedStyle(at(words)).color),
    light(getComputedStyle(at(ground)).backgroundColor),
  ];
  return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
}"""


async def test_everything_is_reached_by_the_keyboard(desk: Desk) -> None:
    page = await desk.open()
    await page.focus("#start")
    await page.keyboard.press("Enter")
    await expect(newest(page)).to_contain_text("Avito Analytics Bot")

    await page.focus(".pointed")
    await page.keyboard.press("Enter")
    await expect(newest(page)).to_contain_text("шаг 1 из 3")
    await expect(newest(page).locator(".inline")).to_be_focused()
    await page.focus(".chip")
    await page.keyboard.press("Enter")
    await expect(newest(page)).to_contain_text("шаг 2 из 3")
    await expect(page.locator(".chip").first).to_be_focused()

    await page.focus("[data-room=private]")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page.locator("#chat-title")).to_have_text("Клиент: мебель")

    await page.focus("#panel-button")
    await page.keyboard.press("Enter")
    await expect(page.locator("#close-panel")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.locator("#panel-button")).to_be_focused()


async def falls_below(bound: float, measure: Callable[[], Awaitable[float]]) -> bool:
    for _ in range(ROUNDS):
        if await measure() < bound:
            return True
        # Who asks more often than once a second is soon made to wait by the bot itself.
        await asyncio.sleep(1)
    return False


async def seconds_to_answer(page: Page) -> float:
    last = await newest(page).get_attribute("data-id")
    answer = page.locator(f".message[data-id='{last}'] ~ .message", has_text="Три шага")
    started = time.perf_counter()
    await say(page, "/help")
    try:
        await expect(answer).to_be_visible()
    except AssertionError:
        return inf  # A busy machine may starve its browser for as long; the next one will tell.
    return time.perf_counter() - started


async def test_two_thousand_messages_answer_as_fast_as_twenty(desk: Desk) -> None:
    view = desk.scene.chat
    page = await desk.open()
    await page.click("#start")
    await expect(newest(page)).to_contain_text("Avito Analytics Bot")
    few = min([await seconds_to_answer(page) for _ in range(5)])

    bot = desk.rig.me.user
    for number in range(MANY):
        said = desk.rig.telegram.new_message(view.chat, bot, text=f"Сообщение {number}\n" * 3)
        desk.rig.telegram.publish(said)
    await expect(newest(page)).to_contain_text(f"Сообщение {MANY - 1}")
    assert await falls_below(2 * few + 0.1, lambda: seconds_to_answer(page))


async def usual_frame(page: Page) -> float:
    """Milliseconds between two frames, while the chat is scrolled through.

    What the longest takes is a matter of what else the machine has to do.
    """
    taken: list[float] = await page.evaluate(
        """async () => {
          const log = document.getElementById("log");
          const frame = () => new Promise(requestAnimationFrame);
          const taken = [];
          let before = await frame();
          for (let step = 0; step <= 60; step += 1) {
            log.scrollTop = (log.scrollHeight * (60 - step)) / 60;
            const now = await frame();
            taken.push(now - before);
            before = now;
          }
          return taken;
        }"""
    )
    return median(taken)


async def test_what_is_above_comes_when_one_scrolls_there(desk: Desk) -> None:
    view = desk.scene.chat
    view.chat.is_started = True
    for number in range(MANY):
        said = desk.rig.telegram.new_message(view.chat, desk.rig.me.user, text=f"№{number}.")
        desk.rig.telegram.publish(said)
    page = await desk.open()
    messages = page.locator(".message")
    await expect(messages).to_have_count(PAGE_OF_MESSAGES)
    await expect(newest(page)).to_be_in_viewport()

    first = page.locator(".message", has_text=f"№{MANY - PAGE_OF_MESSAGES}.")
    await first.scroll_into_view_if_needed()
    await expect(messages).not_to_have_count(PAGE_OF_MESSAGES)
    await expect(first).to_be_in_viewport()

    few = min([await usual_frame(page) for _ in range(3)])
    while await messages.count() < MANY:
        await page.evaluate("document.getElementById('log').scrollTop = 0")
        await page.wait_for_timeout(20)
    await expect(messages.first).to_contain_text("№0.")
    assert await falls_below(2 * few + 100, lambda: usual_frame(page))
    # Far from the bottom a new message does not pull the reader away; the button leads there.
    desk.rig.telegram.publish(
        desk.rig.telegram.new_message(view.chat, desk.rig.me.user, text="Свежее")
    )
    await expect(newest(page)).not_to_be_in_viewport()
    await page.click("#down")
    await expect(newest(page)).to_be_in_viewport()
