"""A report on schedule in the browser: set by the hints, and the morning comes at once."""

from __future__ import annotations

from playwright.async_api import Page, expect

from tests.page.conftest import ONE_LOOP, Desk, newest

pytestmark = ONE_LOOP


async def read_report(desk: Desk, page: Page) -> None:
    await desk.connect(page)
    await page.click(".pointed")
    await expect(newest(page)).to_contain_text("Отчёт Avito")


async def test_the_hints_lead_from_a_report_to_the_next_morning(desk: Desk) -> None:
    page = await desk.open()
    await read_report(desk, page)
    for hint in ("Пусть приходит сам", "в его настройках", "Осталось выбрать", "Этот чат"):
        await expect(page.locator("#hint")).to_contain_text(hint)
        await page.click(".pointed")
    await expect(newest(page)).to_contain_text("завтра, в воскресенье 22 ноября, в 09:00")
    await expect(page.locator("#hint")).to_contain_text("Утро, 09:00")

    await page.click("#panel-button")
    await page.get_by_role("button", name="Утро, 09:00").click()

    await expect(newest(page)).to_contain_text("Отчёт Avito")
    await expect(newest(page)).to_contain_text("21.11.2026")
    await expect(page.locator("#hint")).to_contain_text("Ещё отчёт")

    await newest(page).locator("[data-callback^='profile_open:']").click()

    await expect(newest(page)).to_contain_text("Аккаунт Avito")
    await expect(page.locator("#hint")).to_be_hidden()


async def test_the_list_of_chats_offers_chats_and_no_topics(desk: Desk) -> None:
    page = await desk.open()
    await read_report(desk, page)
    await page.click(".pointed")
    for button in ("profile_report", "report_set_chat", "destination_pick"):
        await newest(page).locator(f"[data-callback^='{button}:']").click()

    await page.click("#reply-keyboard >> text=Выбрать группу")

    offered = page.locator("dialog .choice")
    await expect(offered).to_have_text(["Клиент: мебельгруппа", "Агентствогруппа"])


async def test_a_group_is_bound_and_asked_by_two_chips(desk: Desk) -> None:
    page = await desk.open()
    await desk.connect(page)
    await page.click(".room >> text=Клиент: мебель")

    await page.click(".chip")
    await expect(newest(page)).to_contain_text("будут приходить сюда")
    await page.click(".chip")

    await expect(newest(page)).to_contain_text("Сводка Avito")


async def test_a_link_adds_the_bot_to_a_group_and_binds_it(desk: Desk) -> None:
    page = await desk.open()
    await read_report(desk, page)
    await page.click(".pointed")
    await page.click("[data-callback^='profile_report:']")
    await page.click("[data-callback^='report_set_chat:']")

    await page.click("text=Добавить меня в группу")
    await page.click("dialog >> text=Агентство")

    await expect(page.locator("#chat-title")).to_have_text("Агентство › General")
    await expect(newest(page)).to_contain_text("будут приходить сюда")
