"""The main job in the browser: a stranger connects a profile, reads a report, deletes it."""

from __future__ import annotations

from playwright.async_api import expect

from tests.page.conftest import ONE_LOOP, Desk, newest, say

pytestmark = ONE_LOOP


async def test_a_stranger_finds_the_first_report_by_the_hints_alone(desk: Desk) -> None:
    page = await desk.open()
    await expect(page.locator("#welcome")).to_contain_text("Нажмите «Запустить»")

    await desk.connect(page)
    await page.click(".pointed")

    await expect(newest(page)).to_contain_text("Отчёт Avito")
    await expect(newest(page)).to_contain_text("20.11.2026")
    await expect(newest(page)).to_contain_text("150 000,00 ₽".replace(" ", "\N{NO-BREAK SPACE}"))
    await expect(page.locator("#hint")).to_contain_text("Пусть приходит сам")


async def test_a_secret_leaves_the_chat_and_the_list_of_chats(desk: Desk) -> None:
    page = await desk.open()

    await desk.connect(page)

    _, client_secret = desk.rig.keys_of("shop")
    await expect(page.locator(".bubble", has_text=client_secret)).to_have_count(0)
    await expect(page.locator(".room-last", has_text=client_secret)).to_have_count(0)


async def test_wrong_keys_are_named_and_only_the_secret_is_asked_again(desk: Desk) -> None:
    page = await desk.open()
    await page.click("#start")
    await page.click(".pointed")
    await say(page, "Мебель")
    await expect(newest(page)).to_contain_text("Пришлите client_id")
    await page.locator(".chip").first.click()
    await page.click(".chip:has-text('Опечатка')")
    await expect(newest(page)).to_contain_text("не принял эту пару ключей")

    await page.locator(".chip").first.click()

    await expect(newest(page)).to_contain_text("подключён")


async def test_keys_are_one_tap_away_from_the_field(desk: Desk) -> None:
    page = await desk.open()
    await page.click("#start")
    client_id, _ = desk.rig.keys_of("second")

    await page.click("#keys-button")
    await page.locator(".key", has_text="Кофейня").get_by_text("client_id").click()

    await expect(page.locator("#text")).to_have_value(client_id)
    await expect(page.locator("#text")).to_be_focused()


async def test_a_profile_is_deleted_and_the_list_is_empty(desk: Desk) -> None:
    page = await desk.open()
    await desk.connect(page)

    await page.click("[data-callback^='profile_view:']")
    await page.click("[data-callback^='profile_delete:']")
    await page.click("[data-callback^='profile_delete_confirm:']")
    await say(page, "/profiles")

    await expect(newest(page)).to_contain_text("Пока не подключён ни один")
