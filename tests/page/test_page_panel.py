"""The panel: what breaks on request, and the time."""

from __future__ import annotations

import asyncio

from playwright.async_api import Page, expect

from tests.page.conftest import ONE_LOOP, Desk, newest, say

pytestmark = ONE_LOOP


async def switch(page: Page, title: str) -> None:
    it = page.get_by_role("switch", name=title)
    then = "false" if await it.get_attribute("aria-checked") == "true" else "true"
    await it.click()
    await expect(it).to_have_attribute("aria-checked", then)


async def test_avito_breaks_and_is_mended(desk: Desk) -> None:
    page = await desk.open()
    await desk.connect(page)
    await page.click("#panel-button")
    await page.click("text=+1 день")
    await switch(page, "Avito не работает")
    await expect(page.locator("#troubles")).to_be_visible()

    await page.click(".pointed")
    await expect(newest(page)).to_contain_text("Avito сейчас не отвечает")

    await switch(page, "Avito не работает")
    await expect(page.locator("#troubles")).to_be_hidden()
    assert desk.rig.avito.faults == []


async def test_the_morning_comes_at_once_and_the_report_is_about_another_day(desk: Desk) -> None:
    page = await desk.open()
    await desk.connect(page)
    await page.click("#panel-button")

    await page.click("text=Утро, 09:00")
    await expect(page.locator("#clock-day")).to_contain_text("22 ноября")
    await expect(page.locator("#clock-time")).to_have_text("09:00")
    await page.click(".pointed")

    await expect(newest(page)).to_contain_text("21.11.2026")


async def test_a_flood_limit_delays_the_answer_and_loses_nothing(desk: Desk) -> None:
    page = await desk.open()
    await page.click("#panel-button")
    await switch(page, "Telegram: слишком часто")
    await page.click("#start")
    while not desk.rig.telegram.history.of("sendMessage"):
        await asyncio.sleep(0.02)

    await switch(page, "Telegram: слишком часто")

    await expect(newest(page)).to_contain_text("Avito Analytics Bot")
    await expect(page.locator(".message")).to_have_count(2)


async def test_the_bot_is_thrown_out_of_the_group_and_taken_back(desk: Desk) -> None:
    page = await desk.open("group")
    await page.click("#panel-button")

    await switch(page, "Бота выгнали")
    await expect(page.locator(".note").last).to_contain_text("больше не в группе")
    await switch(page, "Бота выгнали")

    await expect(page.locator(".note").last).to_contain_text("теперь в группе")
    assert desk.scene.group.chat.status_of(desk.rig.me.id) == "member"


async def test_a_group_becomes_a_supergroup_and_the_talk_goes_on(desk: Desk) -> None:
    page = await desk.open("group")
    await page.click("#panel-button")

    await switch(page, "Группа стала супергруппой")
    await expect(page.locator(".note").last).to_contain_text("создана из группы")
    await page.select_option("#speaker", label="Анна · анонимный администратор")
    await say(page, "/help")

    await expect(newest(page)).to_contain_text("личном чате")
    await expect(page.get_by_role("switch", name="Группа стала супергруппой")).to_be_disabled()


async def test_a_blocked_bot_is_unblocked_by_writing_to_it(desk: Desk) -> None:
    page = await desk.open()
    await page.click("#start")
    await expect(newest(page)).to_contain_text("Avito Analytics Bot")
    await page.click("#panel-button")
    await switch(page, "Вы заблокировали бота")

    await say(page, "/help")

    await expect(newest(page)).to_contain_text("Три шага")
    blocked = page.get_by_role("switch", name="Вы заблокировали бота")
    await expect(blocked).to_have_attribute("aria-checked", "false")
