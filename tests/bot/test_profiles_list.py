"""/profiles: the hub, paged when it is long."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from tests.support.bot import BotRig
from tests.support.rows import add_profile, connected

pytestmark = pytest.mark.one_database

PAGES = ((1, 8), (9, 16), (17, 20))


async def test_twenty_profiles_are_three_pages_there_and_back(rig: BotRig) -> None:
    ids = [await add_profile(rig, rig.alice, f"Точка {n:02}") for n in range(1, 21)]
    chat = rig.alice.private(rig.me)
    chat.send("/profiles")
    for page, going in ((1, "Дальше ›"), (2, "Дальше ›"), (3, "‹ Назад"), (2, "‹ Назад"), (1, "")):
        listing = await chat.wait_for(f"Профили Avito: 20, страница {page} из 3")
        first, last = PAGES[page - 1]
        shown = [data for data in listing.button_data if data.startswith("profile_view:")]
        assert shown == [f"profile_view:{number}" for number in ids[first - 1 : last]]
        if going:
            chat.click(going)


async def test_a_page_that_is_no_more_gives_the_nearest_one(rig: BotRig) -> None:
    for number in range(1, 11):
        await add_profile(rig, rig.alice, f"Точка {number:02}")
    chat = rig.alice.private(rig.me)
    chat.send("/profiles")
    listing = await chat.wait_for("страница 1 из 2")

    for far in (99, -1, 2**63, -(2**63)):
        chat.press(f"profiles_page:{far}", listing)
        await chat.wait_for(f"страница {2 if far > 0 else 1} из 2")


async def test_a_card_leads_back_to_the_list_and_to_everything_else(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель", user_id=7_632_548_910)
    chat = rig.alice.private(rig.me)
    chat.send("/profiles")
    await chat.wait_for("Профили Avito: 1")

    chat.click("🏪 Мебель")

    card = await chat.wait_for("Аккаунт Avito: 7632548910")
    actions = (
        *("report_now", "report_historical", "profile_report"),
        *("export_messenger", "export_choose"),
        *("profile_rename", "profile_keys", "profile_delete"),
    )
    assert card.button_data == [*(f"{action}:{profile_id}" for action in actions), "profiles_back"]
    assert "Ключ: …body" in card.text
    chat.click("« К профилям")
    await chat.wait_for("Профили Avito: 1")


async def test_each_owner_sees_their_own(rig: BotRig) -> None:
    await add_profile(rig, rig.alice, "Мебель Алисы")
    await add_profile(rig, rig.bob, "Мебель Боба")
    for person, name in ((rig.alice, "Мебель Алисы"), (rig.bob, "Мебель Боба")):
        chat = person.private(rig.me)
        chat.send("/profiles")
        listing = await chat.wait_for("Профили Avito: 1")
        assert listing.button_texts[0] == [f"🏪 {name}"]


async def test_one_secret_that_cannot_be_opened_hides_nothing_else(rig: BotRig) -> None:
    profile_id = await connected(rig, rig.alice, name="Испорченный")
    await connected(rig, rig.alice, "second", name="Целый")
    async with rig.running.sessions.begin() as session:
        await session.execute(
            text("UPDATE avito_profiles SET client_secret = 'v1:test:AAAA' WHERE id = :id"),
            {"id": profile_id},
        )
    chat = rig.alice.private(rig.me)

    chat.send("/profiles")

    await chat.wait_for("Профили Avito: 2")
    chat.click(f"profile_view:{profile_id}")
    await chat.wait_for("Испорченный")
