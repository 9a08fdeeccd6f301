"""Fixtures: the real bot, the page over the same worlds, and a browser that looks at it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, ConsoleMessage, Locator, Page, async_playwright, expect
from sqlalchemy import URL

from sandbox.avito.world import AvitoWorld
from sandbox.page import panel
from sandbox.page.browser import FLAGS, find_chromium
from sandbox.page.scene import Scene, set_scene
from sandbox.page.server import add_page
from sandbox.serving import serve
from sandbox.telegram.control import add_control_routes
from sandbox.telegram.events import PATIENCE_SEC
from tests.support.bot import BotRig, bot_rig

PATIENCE_MS = 1_000 * PATIENCE_SEC
NO_LONG_TIMERS = """
const later = window.setTimeout.bind(window);
window.setTimeout = (what, ms, ...rest) => (ms >= 4000 ? 0 : later(what, ms, ...rest));
"""

# Of every module here: one browser serves all tests of a session, and lives in its loop.
ONE_LOOP = pytest.mark.asyncio(loop_scope="session")


@dataclass
class Desk:
    """Somebody before the page; `troubles` are console errors and requests to other hosts."""

    rig: BotRig
    scene: Scene
    url: str
    browser: Browser
    troubles: list[str] = field(default_factory=list)

    async def open(self, room: str = "private", *, lasting: bool = False, **looks: Any) -> Page:
        """The page with this chat as it is. `lasting`: what goes by itself after seconds stays."""
        page = await self.browser.new_page(**looks)
        page.set_default_timeout(PATIENCE_MS)
        if lasting:
            await page.add_init_script(NO_LONG_TIMERS)
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("request", lambda request: self._check_host(request.url))
        await page.goto(f"{self.url}/#{room}")
        await expect(page.locator("#chat-title")).to_have_text(self.scene.rooms[room].title)
        await expect(page.locator("#log")).not_to_have_attribute("aria-busy", "true")
        return page

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.troubles.append(message.text)

    def _check_host(self, url: str) -> None:
        if urlsplit(url).netloc != urlsplit(self.url).netloc:
            self.troubles.append(f"asked another host: {url}")

    async def connect(self, page: Page, account: str = "shop") -> None:
        """As the hints lead, up to the connected profile."""
        client_id, client_secret = self.rig.keys_of(account)
        await page.click("#start")
        await page.click(".pointed")
        await page.click(".chip")
        await page.click(f".chip[title='{client_id}']")
        await page.click(f".chip[title='{client_secret}']")
        await expect(newest(page)).to_contain_text("подключён")


def page_app(scene: Scene, avito: AvitoWorld) -> web.Application:
    """The page and the deeds of people, apart from the bot's own server."""
    app = web.Application()
    add_control_routes(app, scene.world)
    add_page(app, scene, avito)
    return app


def newest(page: Page) -> Locator:
    """The last message of the open chat."""
    return page.locator(".message").last


async def say(page: Page, text: str) -> None:
    await page.fill("#text", text)
    await page.press("#text", "Enter")


@pytest.fixture(scope="session")
def chromium() -> str:
    found = find_chromium()
    if found is None:
        reason = "no Chromium on PATH: apt-get install chromium"
        if os.environ.get("REQUIRE_CHROMIUM") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def desk(
    sqlite_url: URL, tmp_path: Path, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Desk]:
    expect.set_options(timeout=PATIENCE_MS)
    monkeypatch.setattr(panel, "NIGHT_SECONDS", 0.0)
    async with bot_rig(sqlite_url, tmp_path) as rig:
        scene = set_scene(rig.telegram, rig.me, rig.operator)
        async with serve(page_app(scene, rig.avito)) as url:
            desk = Desk(rig, scene, url, browser)
            yield desk
            for context in browser.contexts:
                await context.close()
    assert desk.troubles == []
