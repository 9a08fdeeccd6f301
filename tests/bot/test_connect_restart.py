"""A dialogue goes on where it was when the bot is restarted between any two steps."""

from __future__ import annotations

from tests.support.bot import BotRig
from tests.support.dialogues import reach_secret


async def test_connecting_survives_a_restart_before_every_step(rig: BotRig) -> None:
    client_id, secret = rig.keys_of("shop")
    chat = rig.alice.private(rig.me)
    for typed, answer in (
        ("/add_profile", "шаг 1 из 3"),
        ("Мебель", "шаг 2 из 3"),
        (client_id, "шаг 3 из 3"),
        (secret, "Профиль «Мебель» подключён"),
    ):
        chat.send(typed)
        await chat.wait_for(answer)
        await rig.quiet()
        await rig.restart()


async def test_a_check_of_keys_goes_on_after_a_restart(rig: BotRig) -> None:
    fault = rig.avito.fault("hang", "token")
    client_id, secret = rig.keys_of("shop")
    chat = rig.alice.private(rig.me)
    await reach_secret(chat, client_id)
    chat.send(secret)
    checking = await chat.wait_for("Проверяю ключи")
    await rig.telegram.settled(rig.me)

    fault.times = 0
    await rig.restart()

    done = await chat.wait_for("подключён")
    assert done.id == checking.id
    assert chat.transcript().count("подключён") == 1
