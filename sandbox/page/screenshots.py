"""`python -m sandbox.page.screenshots`: the pictures of docs/img, of the demo as it runs.

Needs the tools of development (Playwright) and a Chromium on PATH.
"""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, async_playwright, expect

from sandbox.clock import SandboxClock
from sandbox.demo import Demo, running_demo
from sandbox.page.browser import FLAGS, find_chromium
from sandbox.telegram.events import PATIENCE_SEC

FOLDER = Path(__file__).parents[2] / "docs" / "img"
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
TALL: dict[str, Any] = {"viewport": {"width": 1280, "height": 1440}}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 780}, "device_scale_factor": 2}
# The same pictures whenever they are taken: 09:41 in Moscow.
MOMENT = datetime(2026, 11, 20, 6, 41, tzinfo=UTC)


async def main() -> None:
    chromium = find_chromium()
    if chromium is None:
        sys.exit("Нет браузера: apt-get install chromium")
    expect.set_options(timeout=1_000 * PATIENCE_SEC)
    async with async_playwright() as driver, running_demo(0, SandboxClock(MOMENT)) as demo:
        browser = await driver.chromium.launch(executable_path=chromium, args=FLAGS)
        await _welcome(await _open(browser, demo, **DESKTOP))
        await _connect(await _open(browser, demo, **PHONE), demo)
        await _report(await _open(browser, demo, **TALL))
        await _picture(await _open(browser, demo, **PHONE, color_scheme="dark"))
        await _group(await _open(browser, demo, "topic", **DESKTOP))
        await _second_profile(await _open(browser, demo, **DESKTOP), demo)
        await _stats(await _open(browser, demo, "topic", **DESKTOP))
        await _trouble(await _open(browser, demo, **DESKTOP, color_scheme="dark"), demo)
        await browser.close()


async def _open(browser: Browser, demo: Demo, room: str = "private", **looks: Any) -> Page:
    # Nothing may be caught half way in.
    page = await browser.new_page(reduced_motion="reduce", **looks)
    await page.goto(f"{demo.telegram_url}/#{room}")
    await expect(page.locator("#chat-title")).not_to_be_empty()
    return page


async def _take(page: Page, name: str) -> None:
    # The pointer would light up what it rests on.
    await page.mouse.move(0, 0)
    await page.wait_for_timeout(500)
    await page.screenshot(path=FOLDER / f"{name}.png")
    print(FOLDER / f"{name}.png")


async def _newest(page: Page, words: str) -> None:
    await expect(page.locator(".message").last).to_contain_text(words)


async def _welcome(page: Page) -> None:
    await _take(page, "welcome")


async def _connect(page: Page, demo: Demo) -> None:
    account = demo.avito.account("shop")
    await page.click("#start")
    await page.click(".pointed")
    await page.click(".chip")
    await _newest(page, "шаг 2 из 3")
    await _take(page, "phone-keys")
    await page.click(f".chip[title='{account.client_id}']")
    await page.click(f".chip[title='{account.client_secret}']")
    await _newest(page, "подключён")


async def _report(page: Page) -> None:
    await page.click(".pointed")
    await _newest(page, "Отчёт Avito")
    await _take(page, "desktop-light")


async def _picture(page: Page) -> None:
    await page.locator(".message img").last.evaluate("image => image.scrollIntoView()")
    await _take(page, "phone-report")


async def _trouble(page: Page, demo: Demo) -> None:
    await page.click("#panel-button")
    await page.get_by_role("switch", name="Avito не работает").click()
    # Not by its words alone: the guide tells of this button.
    await page.get_by_role("button", name="Утро, 09:00").click()
    await page.get_by_text("Теперь").wait_for()
    # A fault and a morning take effect a moment later.
    await page.wait_for_timeout(3000)
    await page.locator("[data-callback^='report_now:']").last.click()
    await _newest(page, "Avito сейчас не отвечает")
    await expect(page.locator(".toast")).to_have_count(0)
    await _take(page, "desktop-dark")
    demo.avito.clear_faults()


async def _group(page: Page) -> None:
    await page.select_option("#speaker", label="Пётр · участник группы")
    await page.fill("#text", "Добрый день! Как посмотреть вчерашние числа?")
    await page.keyboard.press("Enter")
    await page.select_option("#speaker", label="Анна · анонимный администратор")
    await page.click("#menu-button")
    await page.get_by_text("/help").click()
    await _newest(page, "личном чате")
    await page.select_option("#speaker", label="Вы · владелец профилей")
    await page.click("#menu-button")
    await _take(page, "group")
    await page.get_by_text("/bind").last.click()
    await _newest(page, "будут приходить сюда")


async def _second_profile(page: Page, demo: Demo) -> None:
    account = demo.avito.account("debtor")
    await _say(page, "/add_profile")
    for words in ("Ремонт квартир", account.client_id, account.client_secret):
        await _say(page, words)
    await _newest(page, "подключён")


async def _stats(page: Page) -> None:
    await page.select_option("#speaker", label="Вы · владелец профилей")
    await _say(page, "/bind@avito_demo_bot")
    await page.get_by_text("Выбрать профиль").click()
    await page.locator("[data-callback]", has_text="Ремонт квартир").last.click()
    await _newest(page, "будут приходить")
    await page.get_by_text("Агентство › Отчёты").click()
    await _say(page, "/stats@avito_demo_bot")
    await _newest(page, "Обновлено")
    await _take(page, "stats")


async def _say(page: Page, words: str) -> None:
    await page.fill("#text", words)
    await page.keyboard.press("Enter")
    await page.wait_for_timeout(700)


if __name__ == "__main__":
    asyncio.run(main())
