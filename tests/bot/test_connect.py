"""/add_profile: from a name to a stored account."""

from __future__ import annotations

from tests.support.bot import BotRig
from tests.support.dialogues import reach_secret
from tests.support.rows import scalar

WRONG = "wrong_secret_of_forty_characters_0000000"


async def test_the_account_id_is_read_from_avito_and_kept_in_64_bits(rig: BotRig) -> None:
    chat, profile_id = await rig.connect(rig.alice, "shop", "Мебель")

    done = await chat.wait_for("Профиль «Мебель» подключён")
    assert "Аккаунт Avito: 7632548910" in done.text
    assert "История чисел — с 25.02.2026" in done.text
    query = "SELECT user_id FROM avito_profiles WHERE id = :id"
    assert await scalar(rig, query, id=profile_id) == 7_632_548_910


async def test_wrong_keys_say_the_step_keep_what_was_typed_and_ask_again(rig: BotRig) -> None:
    client_id, secret = rig.keys_of("shop")
    chat = rig.alice.private(rig.me)
    await reach_secret(chat, client_id, "Мебель")

    # Avito does not document in which of these forms it refuses keys.
    for rig.avito.bad_keys_answer in ("401", "403", "200"):
        chat.send(WRONG)
        refused = await chat.wait_for("Avito не принял эту пару ключей")
        assert f"client_id: {client_id}" in refused.text
        assert "Пришлите client_secret ещё раз (последний шаг)" in refused.text
        assert refused.button_data == ["keys_again:client_id", "cancel"]
        await rig.quiet()

    chat.send(secret)
    await chat.wait_for("Профиль «Мебель» подключён")


async def test_a_mistyped_client_id_can_be_corrected(rig: BotRig) -> None:
    client_id, secret = rig.keys_of("shop")
    chat = rig.alice.private(rig.me)
    await reach_secret(chat, "mistyped_client_id", "Мебель")
    chat.send(secret)
    await chat.wait_for("Avito не принял эту пару ключей")

    chat.click("✏️ Исправить client_id")
    assert "Название: «Мебель»" in (await chat.wait_for("шаг 2 из 3")).text
    chat.send(client_id)
    await chat.wait_for("шаг 3 из 3")
    chat.send(secret)

    await chat.wait_for("Профиль «Мебель» подключён")


async def test_an_employees_key_is_refused_with_the_reason(rig: BotRig) -> None:
    client_id, secret = rig.keys_of("employee")
    chat = rig.alice.private(rig.me)
    await reach_secret(chat, client_id)

    chat.send(secret)

    refused = await chat.wait_for("Это ключи сотрудника")
    assert "Пришлите client_id основного аккаунта" in refused.text
    assert await scalar(rig, "SELECT count(*) FROM avito_profiles") == 0


async def test_after_an_employees_key_the_main_accounts_pair_connects(rig: BotRig) -> None:
    chat = rig.alice.private(rig.me)
    await reach_secret(chat, rig.keys_of("employee")[0])
    chat.send(rig.keys_of("employee")[1])
    await chat.wait_for("Пришлите client_id основного аккаунта")
    client_id, secret = rig.keys_of("shop")

    chat.send(client_id)
    await chat.wait_for("шаг 3 из 3")
    chat.send(secret)

    await chat.wait_for("Профиль «Магазин» подключён")


async def test_when_avito_is_away_nothing_is_lost_and_the_operator_knows(rig: BotRig) -> None:
    client_id, secret = rig.keys_of("shop")
    rig.avito.fault("status", "token", status=502)
    chat = rig.alice.private(rig.me)
    await reach_secret(chat, client_id)

    chat.send(secret)

    failed = await chat.wait_for("Проверить ключи не получилось")
    code = failed.text.rpartition("Код: ")[2]
    await rig.operator.private(rig.me).wait_for(code)
    rig.avito.clear_faults()
    chat.send(secret)
    await chat.wait_for("подключён")


async def test_one_account_twice_for_one_owner_is_refused(rig: BotRig) -> None:
    chat, profile_id = await rig.connect(rig.alice, "shop", "Мебель")
    client_id, secret = rig.keys_of("shop")
    await reach_secret(chat, client_id, "Ещё раз")

    chat.send(secret)

    refused = await chat.wait_for("уже подключён: профиль «Мебель»")
    assert f"profile_view:{profile_id}" in refused.button_data
    assert await scalar(rig, "SELECT count(*) FROM avito_profiles") == 1


async def test_two_owners_may_connect_the_same_account(rig: BotRig) -> None:
    await rig.connect(rig.alice, "shop", "Мебель Алисы")
    await rig.connect(rig.bob, "shop", "Мебель Боба")

    assert await scalar(rig, "SELECT count(DISTINCT owner_id) FROM avito_profiles") == 2


async def test_what_cannot_be_a_key_is_asked_for_again(rig: BotRig) -> None:
    odd = ("key with spaces", "ключ", "x" * 201, "two\nlines")
    client_id, _ = rig.keys_of("shop")
    chat = rig.alice.private(rig.me)
    await reach_secret(chat, client_id)
    secrets = []
    for typed in odd:
        secrets.append(chat.send(typed))
        await chat.wait_for("Это не похоже на client_secret")
    await rig.settled()
    assert all(message.is_deleted for message in secrets)

    chat.click("✏️ Исправить client_id")
    await chat.wait_for("шаг 2 из 3")
    for typed in odd:
        chat.send(typed)
        await chat.wait_for("Это не похоже на client_id")
    chat.send(client_id)
    await chat.wait_for("шаг 3 из 3")
