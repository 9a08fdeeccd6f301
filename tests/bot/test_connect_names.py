"""Names of profiles: whatever a person types is shown as typed, or refused with a sentence."""

from __future__ import annotations

import pytest

from bot.keyboards import shortened
from tests.support.bot import BotRig
from tests.support.dialogues import open_card
from tests.support.report import ask_report
from tests.support.rows import connected, scalar

pytestmark = pytest.mark.one_database

SPECIALS = "_*[]()~`>#+-=|{}.!\\"


NAMES = {
    "<b>Мебель</b> & Co": "<b>Мебель</b> & Co",
    SPECIALS: SPECIALS,
    "**__||x||__**": "**__||x||__**",
    "[x](tg://user?id=1)": "[x](tg://user?id=1)",
    "Дом 🏠": "Дом 🏠",
    "Дом\nна\tдве  строки": "Дом на две строки",
    "я" * 200: "я" * 200,
    "😀" * 200: "😀" * 200,
}
"""What is typed, and what is kept of it."""


async def test_a_name_is_the_same_on_every_screen(rig: BotRig) -> None:
    profile_id = await connected(rig, rig.alice)
    chat = rig.alice.private(rig.me)
    for typed, kept in NAMES.items():
        await open_card(chat, profile_id)
        chat.click("✏️ Переименовать")
        await chat.wait_for("Пришлите новое название")
        chat.send(typed)
        await chat.wait_for(f"называется «{kept}»")

        chat.click("« К профилю")
        assert f"🏪 {kept}\n" in (await chat.wait_for("Аккаунт Avito")).text
        assert f"\n{kept}\n" in (await ask_report(chat, profile_id)).text
        chat.send("/settings")
        assert shortened(kept) in (await chat.wait_for("Что настроено")).text
    assert [c.description for c in rig.telegram.history.calls if c.ok is False] == []


async def test_a_profile_is_connected_under_any_name(rig: BotRig) -> None:
    await rig.connect(rig.alice, "shop", f"<i>{SPECIALS}")

    assert await scalar(rig, "SELECT profile_name FROM avito_profiles") == f"<i>{SPECIALS}"


async def test_a_name_that_cannot_be_one_is_asked_for_again(rig: BotRig) -> None:
    chat = rig.alice.private(rig.me)
    chat.send("/add_profile")
    await chat.wait_for("шаг 1 из 3")

    for typed in ("я" * 201, "\u200b \u200b", "\u3164", "\u115f\u1160\uffa0", "\u2800"):
        chat.send(typed)
        await chat.wait_for("от 1 до 200 символов")

    chat.send("Мебель")
    await chat.wait_for("шаг 2 из 3")


async def test_a_picture_is_no_name(rig: BotRig) -> None:
    chat = rig.alice.private(rig.me)
    chat.send("/add_profile")
    await chat.wait_for("шаг 1 из 3")
    chat.mark()

    photo = [{"file_id": "f", "file_unique_id": "u", "width": 9, "height": 9}]
    rig.telegram.inject_update(
        {
            "message": {
                "message_id": 900_001,
                "date": rig.telegram.unix_now(),
                "chat": {"id": rig.alice.id, "type": "private", "first_name": "Алиса"},
                "from": rig.alice.user.as_json(),
                "photo": photo,
                "caption": "Мебель",
            }
        }
    )

    await chat.wait_for("Нужно название текстом")
