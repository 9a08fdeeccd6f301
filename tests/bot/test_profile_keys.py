"""Replacing the keys of a profile: the old ones stay in force until the new ones are checked."""

from __future__ import annotations

from tests.support.bot import BotRig
from tests.support.dialogues import reach_new_secret
from tests.support.report import ask_report
from tests.support.rows import add_destination, connected, scalar


async def test_keys_of_another_account_are_refused_and_nothing_changes(rig: BotRig) -> None:
    chat, profile_id = await rig.connect(rig.alice, "shop", "Мебель")
    client_id, secret = rig.keys_of("second")
    await reach_new_secret(chat, profile_id, client_id)

    chat.send(secret)

    refused = await chat.wait_for("Это ключи другого аккаунта Avito")
    assert "«Мебель» останется с прежними ключами" in refused.text
    assert await scalar(rig, "SELECT client_id FROM avito_profiles") == rig.keys_of("shop")[0]
    await ask_report(chat, profile_id)


async def test_wrong_new_keys_are_asked_for_again(rig: BotRig) -> None:
    profile_id = await connected(rig, rig.alice)
    client_id, secret = rig.keys_of("shop")
    chat = rig.alice.private(rig.me)
    await reach_new_secret(chat, profile_id, "mistyped_client_id")
    chat.send(secret)
    await chat.wait_for("Avito не принял эту пару ключей")

    chat.click("✏️ Исправить client_id")
    await chat.wait_for("шаг 1 из 2")
    chat.send(client_id)
    await chat.wait_for("шаг 2 из 2")
    chat.send(secret)

    await chat.wait_for("заменены")


async def test_new_keys_settle_what_the_old_ones_broke_and_nothing_else(rig: BotRig) -> None:
    profile_id = await connected(rig, rig.alice)
    now = rig.clock.now()
    await add_destination(rig, profile_id, -1, problem="KeysRefused", problem_at=now)
    await add_destination(rig, profile_id, -2, problem="too_late", problem_at=now)
    client_id, secret = rig.keys_of("shop")
    chat = rig.alice.private(rig.me)
    await reach_new_secret(chat, profile_id, client_id)

    chat.send(secret)

    await chat.wait_for("заменены")
    settled = "SELECT chat_id FROM report_tasks WHERE problem IS NULL AND problem_at IS NULL"
    assert await scalar(rig, settled) == -1
    assert await scalar(rig, "SELECT problem FROM report_tasks WHERE chat_id = -2") == "too_late"


async def test_a_profile_deleted_during_the_dialogue_is_said_to_be_gone(rig: BotRig) -> None:
    profile_id = await connected(rig, rig.alice)
    client_id, secret = rig.keys_of("shop")
    chat = rig.alice.private(rig.me)
    await reach_new_secret(chat, profile_id, client_id)
    chat.press(f"profile_delete_confirm:{profile_id}", chat.last)
    await chat.wait_for("удалён")

    message = chat.send(secret)

    await chat.wait_for("Такого профиля у вас нет")
    await rig.quiet()
    assert message.is_deleted
    assert await scalar(rig, "SELECT count(*) FROM jobs") == 0
