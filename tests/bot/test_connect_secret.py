"""The secret of a profile is seen by Avito and by nobody else."""

from __future__ import annotations

import pytest

from tests.support.bot import BotRig
from tests.support.dialogues import reach_new_secret, reach_secret
from tests.support.rows import dump

pytestmark = pytest.mark.one_database


async def test_the_message_with_the_secret_is_deleted(rig: BotRig) -> None:
    client_id, secret = rig.keys_of("shop")
    chat = rig.alice.private(rig.me)
    await reach_secret(chat, client_id)

    message = chat.send(secret)

    await chat.wait_for("подключён")
    assert message.is_deleted
    assert secret not in chat.transcript()


@pytest.mark.parametrize("outcome", ["right", "wrong", "hanging"])
async def test_a_secret_is_nowhere_in_clear(
    rig: BotRig, outcome: str, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    client_id, secret = rig.keys_of("shop")
    typed = secret if outcome == "right" else f"canary{secret[6:]}"
    answers = {"right": "подключён", "wrong": "не принял", "hanging": "Проверяю ключи"}
    if outcome == "hanging":
        rig.avito.fault("hold", "token")
    chat = rig.alice.private(rig.me)
    await reach_secret(chat, client_id)

    chat.send(typed)
    await chat.wait_for(answers[outcome])

    rows, logs = str(await dump(rig)), capsys.readouterr().out + caplog.text
    files = b"".join(
        path.read_bytes() for path in rig.settings.data_dir.parent.rglob("*") if path.is_file()
    )
    tokens = list(rig.avito._tokens)
    for canary in (typed, *tokens, rig.settings.bot_token.get_secret_value()):
        assert canary not in rows
        assert canary.encode() not in files
        assert canary not in chat.transcript()
        assert canary not in logs
        assert not [c for c in rig.telegram.history.calls if canary in str(c.params)]


async def test_a_secret_that_cannot_be_deleted_is_spoken_about(rig: BotRig) -> None:
    client_id, secret = rig.keys_of("shop")
    chat = rig.alice.private(rig.me)
    await reach_secret(chat, client_id)

    message = chat.send(secret)
    message.date -= 49 * 3600

    await chat.wait_for("Удалить сообщение с client_secret не получилось")
    await chat.wait_for("подключён")


async def test_a_secret_deleted_by_its_owner_needs_no_word(rig: BotRig) -> None:
    client_id, secret = rig.keys_of("shop")
    chat = rig.alice.private(rig.me)
    await reach_secret(chat, client_id)

    chat.delete(chat.send(secret))

    await chat.wait_for("подключён")
    assert "не получилось" not in chat.transcript()


async def test_a_new_secret_of_a_profile_is_deleted_as_well(rig: BotRig) -> None:
    chat, profile_id = await rig.connect(rig.alice)
    client_id, _ = rig.keys_of("shop")
    secret = rig.avito.rotate_secret(rig.avito.account("shop"))
    await reach_new_secret(chat, profile_id, client_id)

    message = chat.send(secret)

    await chat.wait_for("Ключи профиля «Магазин» заменены")
    assert message.is_deleted
    assert secret not in str(await dump(rig))


@pytest.mark.impatient
async def test_a_secret_is_deleted_even_when_handling_it_fails(rig: BotRig) -> None:
    rig.avito.fault("hang", "token")
    client_id, secret = rig.keys_of("shop")
    chat = rig.alice.private(rig.me)
    await reach_secret(chat, client_id)
    chat.send(secret)
    await chat.wait_for("Проверяю ключи")
    await reach_secret(chat, client_id)

    second = chat.send(secret)

    await chat.wait_for("Уже выполняю")
    await rig.settled()
    assert second.is_deleted
    chat.send("/cancel")
    await chat.wait_for("Прервано: подключение профиля")


async def test_both_keys_pasted_at_once_do_not_stay_in_the_chat(rig: BotRig) -> None:
    client_id, secret = rig.keys_of("shop")
    chat = rig.alice.private(rig.me)
    chat.send("/add_profile")
    await chat.wait_for("шаг 1 из 3")
    chat.send("Мебель")
    await chat.wait_for("шаг 2 из 3")

    message = chat.send(f"{client_id}\n{secret}")

    await chat.wait_for("Это не похоже на client_id")
    await rig.settled()
    assert message.is_deleted
    assert secret not in str(await dump(rig))


async def test_keys_typed_after_the_command_do_not_stay_in_the_chat(rig: BotRig) -> None:
    chat = rig.alice.private(rig.me)

    message = chat.send(f"/add_profile {' '.join(rig.keys_of('shop'))}")

    await chat.wait_for("Ключи вместе с командой не принимаю")
    await chat.wait_for("шаг 1 из 3")
    await rig.settled()
    assert message.is_deleted


async def test_a_secret_that_looks_like_a_command_is_deleted(rig: BotRig) -> None:
    chat = rig.alice.private(rig.me)
    client_id, secret = rig.keys_of("shop")
    await reach_secret(chat, client_id)

    message = chat.send(f"/{secret}")

    await chat.wait_for("Такой команды нет")
    await rig.settled()
    assert message.is_deleted
    chat.send(secret)
    await chat.wait_for("подключён")


async def test_a_secret_sent_again_while_it_is_checked_is_deleted_too(rig: BotRig) -> None:
    chat = rig.alice.private(rig.me)
    client_id, secret = rig.keys_of("shop")
    rig.avito.fault("hold", "self")
    for typed, asked in (("/add_profile", "шаг 1"), ("Мебель", "шаг 2"), (client_id, "шаг 3")):
        chat.send(typed)
        await chat.wait_for(asked)
    chat.send(secret)
    await chat.wait_for("Проверяю ключи")

    chat.send(secret)

    await chat.wait_for("Ещё проверяю ключи")
    rig.avito.clear_faults()
    await chat.wait_for("подключён")
    assert secret not in chat.transcript()
