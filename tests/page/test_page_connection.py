"""The page and the demo lose each other and meet again."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

from playwright.async_api import expect

from sandbox.serving import serve
from tests.page.conftest import ONE_LOOP, Desk, newest, page_app

pytestmark = ONE_LOOP


async def test_what_was_said_while_the_demo_was_away_is_there_when_it_is_back(desk: Desk) -> None:
    async with serve(page_app(desk.scene, desk.rig.avito)) as url:
        # A browser tells its console of every refused connection.
        page = await replace(desk, url=url, troubles=[]).open()
        await page.click("#start")
        await expect(newest(page)).to_contain_text("Avito Analytics Bot")
    await expect(page.locator("#offline")).to_be_visible()

    desk.scene.chat.send("/help")
    await desk.scene.chat.wait_for("Три шага")
    async with serve(page_app(desk.scene, desk.rig.avito), port=urlsplit(url).port or 0):
        await expect(newest(page)).to_contain_text("Три шага")

        await expect(page.locator("#offline")).to_be_hidden()
        await page.close()


async def test_the_page_may_ask_no_other_host(desk: Desk) -> None:
    page = await desk.open()
    answer = await page.request.get(desk.url)

    assert answer.headers["content-security-policy"].startswith("default-src 'self';")
