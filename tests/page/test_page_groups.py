"""Groups in the browser: several people, one of whom means no good."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import aiohttp
from playwright.async_api import Route, expect

from tests.page.conftest import ONE_LOOP, Desk, newest, say

pytestmark = ONE_LOOP


async def bot_says(desk: Desk, chat_id: int, text: str, **more: Any) -> dict[str, Any]:
    """What the bot has no reason to say yet."""
    url = f"{desk.rig.settings.telegram_api_base}/bot{desk.rig.me.token}/sendMessage"
    async with aiohttp.ClientSession() as session:
        answer = await session.post(url, json={"chat_id": chat_id, "text": text, **more})
        body: dict[str, Any] = await answer.json()
    assert body["ok"], body
    return body


def one_button(text: str, **action: Any) -> dict[str, Any]:
    return {"inline_keyboard": [[{"text": text, **action}]]}


async def test_a_stranger_in_the_group_gets_nothing_by_pressing(desk: Desk) -> None:
    page = await desk.open()
    await desk.connect(page)
    opener = page.locator("[data-callback^='profile_delete:'], [data-callback^='report_now:']")
    data = await opener.first.get_attribute("data-callback")
    group = desk.scene.group.chat
    await bot_says(
        desk, group.id, "Отчёт", reply_markup=one_button("Обновить", callback_data=data)
    )
    await page.click("[data-room=group]")
    await expect(newest(page)).to_contain_text("Обновить")
    before = await page.locator(".message").count()

    await page.select_option("#speaker", label="Незнакомец · посторонний")
    await page.click("text=Обновить")

    await expect(page.locator(".toast, dialog.alert")).to_be_visible()
    await expect(page.locator(".pressed")).to_have_count(0)
    await expect(page.locator(".message")).to_have_count(before)


async def test_everybody_speaks_in_his_own_name(desk: Desk) -> None:
    page = await desk.open("topic")

    await page.select_option("#speaker", label="Пётр · участник группы")
    await say(page, "Добрый день")
    await page.select_option("#speaker", label="Анна · анонимный администратор")
    await say(page, "Добрый")

    said = page.locator(".message:not(.service)")
    await expect(said.nth(0).locator(".author")).to_have_text("Пётр")
    await expect(said.nth(1)).to_have_class("message own fresh")
    await page.select_option("#speaker", label="Вы · владелец профилей")
    await expect(said.nth(1).locator(".author")).to_have_text("Агентство")


async def test_the_link_of_a_group_opens_the_private_chat_of_who_follows_it(desk: Desk) -> None:
    page = await desk.open("group")
    await page.select_option("#speaker", label="Незнакомец · посторонний")

    await page.click("#menu-button")
    await page.get_by_text("/help").click()
    await page.get_by_role("button", name="Открыть личный чат").click()

    await expect(page.locator("#chat-title")).to_have_text("Незнакомец")
    await expect(page.locator(".own")).to_contain_text("/start profiles")
    await expect(newest(page)).not_to_have_class(re.compile(r"\bown\b"))


async def test_the_menu_of_commands_is_that_of_the_chat(desk: Desk) -> None:
    page = await desk.open("group")
    await page.click("#menu-button")
    commands = page.locator("#commands strong")
    await expect(commands).to_have_text(["/stats", "/bind", "/help"])

    await page.click("[data-room=stranger]")
    await page.click("#start")
    await page.click("#text")
    await page.keyboard.type("/pro")
    await expect(commands).to_have_text(["/profiles"])
    await page.press("#text", "ArrowDown")
    await page.keyboard.press("Enter")

    await expect(newest(page)).to_contain_text("Пока не подключён ни один")


async def test_a_menu_that_comes_late_is_not_shown_in_another_chat(desk: Desk) -> None:
    page = await desk.open("group")
    asked, lifted = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        asked.set()
        await lifted.wait()
        await route.continue_()

    await page.route("**/commands?*", hold)
    await page.click("#menu-button")
    await asked.wait()
    await page.click("[data-room=channel]")
    await expect(page.locator("#chat-title")).to_have_text(desk.scene.rooms["channel"].title)
    async with page.expect_response("**/commands?*") as late:
        lifted.set()
    await (await late.value).finished()
    # Whatever the page does with that answer it has done when it has drawn after it.
    await page.evaluate("() => new Promise((f) => requestAnimationFrame(() => setTimeout(f)))")

    await expect(page.locator("#commands")).to_be_hidden()


async def test_what_comes_while_a_chat_is_opened_stands_in_it(desk: Desk) -> None:
    page = await desk.open()
    channel = desk.scene.rooms["channel"].chat.id
    for number in range(2):
        await bot_says(desk, channel, f"Итог {number}")

    async def meanwhile(route: Route) -> None:
        opened = await route.fetch()
        await bot_says(desk, channel, "Итог 2")
        await expect(page.locator(".bubble")).to_have_count(1)
        await route.fulfill(response=opened)

    await page.route("**/rooms/channel/messages?*", meanwhile)
    await page.click("[data-room=channel]")

    await expect(page.locator(".bubble")).to_have_text([re.compile(f"Итог {n}") for n in range(3)])


async def test_chats_that_are_not_open_count_what_is_new(desk: Desk) -> None:
    page = await desk.open()

    for number in range(3):
        await bot_says(desk, desk.scene.rooms["channel"].chat.id, f"Итог {number}")

    line = page.locator("[data-room=channel]")
    await expect(line.locator(".unread")).to_have_text("3")
    await expect(line).to_contain_text("Итог 2")
    await line.click()
    await expect(line.locator(".unread")).to_have_count(0)
    await expect(page.locator(".bubble")).to_have_count(3)
