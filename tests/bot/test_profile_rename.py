"""Renaming a profile."""

from __future__ import annotations

import pytest

from tests.support.bot import BotRig
from tests.support.dialogues import open_card
from tests.support.rows import connected

pytestmark = pytest.mark.one_database


async def test_a_new_name_is_in_force_at_once(rig: BotRig) -> None:
    profile_id = await connected(rig, rig.alice, name="Мебель")
    chat = rig.alice.private(rig.me)
    await open_card(chat, profile_id)

    chat.click("✏️ Переименовать")
    await chat.wait_for("Сейчас профиль называется «Мебель»")
    chat.send("Дубовая мебель")

    await chat.wait_for("Теперь профиль называется «Дубовая мебель»")
    chat.click("« К профилю")
    await chat.wait_for("🏪 Дубовая мебель")


async def test_a_profile_deleted_meanwhile_ends_the_dialogue(rig: BotRig) -> None:
    profile_id = await connected(rig, rig.alice, name="Мебель")
    chat = rig.alice.private(rig.me)
    await open_card(chat, profile_id)
    chat.click("✏️ Переименовать")
    question = await chat.wait_for("Пришлите новое название")
    chat.press(f"profile_delete_confirm:{profile_id}", question)
    await chat.wait_for("удалён")

    chat.send("Новое имя")
    await chat.wait_for("Такого профиля у вас нет")

    chat.send("Новое имя")
    await chat.wait_for("Не понял это сообщение")
