"""In a group nothing is set up and no key is accepted: everybody would read it."""

from __future__ import annotations

import pytest

from tests.support.bot import BOT_NAME, BotRig
from tests.support.dialogues import reach_secret
from tests.support.rows import scalar

pytestmark = pytest.mark.one_database

COMMANDS = ("start", "help", "profiles", "add_profile", "settings", "cancel")
SMALL_TALK = (
    "Коллеги, встреча завтра в 10:00",
    "Позвоните +7(999)123-45-67, накладная 89991234567890123",
    "https://www.avito.ru/moskva/mebel/divan_uglovoy_novyy_2751234567",
    "internationalization",
)


async def test_a_command_in_a_group_leads_to_the_private_chat(rig: BotRig) -> None:
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me)
    chat = rig.alice.at(group)

    for command in COMMANDS:
        chat.send(f"/{command}@{BOT_NAME}")
        said = await chat.wait_for("настраиваются в личном чате")
        [[button]] = said.keyboard
        assert button.url == f"https://t.me/{BOT_NAME}?start=profiles"

    assert await scalar(rig, "SELECT count(*) FROM dialogues") == 0


async def test_a_key_pasted_into_a_group_is_deleted_and_the_person_warned(rig: BotRig) -> None:
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me)
    rig.alice.promote_bot(group, rig.me)
    client_id, secret = rig.keys_of("shop")
    private, chat = rig.alice.private(rig.me), rig.alice.at(group)
    await reach_secret(private, client_id)

    message = chat.send(secret)

    warning = await chat.wait_for("Похоже, в группу отправлен ключ Avito")
    assert "Перевыпустите ключ" in warning.text
    assert message.is_deleted
    assert await scalar(rig, "SELECT count(*) FROM jobs") == 0
    private.send(secret)
    await private.wait_for("подключён")


async def test_a_key_in_a_caption_is_deleted_too(rig: BotRig) -> None:
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me)
    rig.alice.promote_bot(group, rig.me)
    client_id, secret = rig.keys_of("shop")
    await reach_secret(rig.alice.private(rig.me), client_id)
    chat = rig.alice.at(group)

    message = chat.send_photo(f"вот: client_secret={secret}.")

    await chat.wait_for("Похоже, в группу отправлен ключ Avito")
    assert message.is_deleted


async def test_keys_typed_after_the_command_are_deleted(rig: BotRig) -> None:
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me)
    rig.alice.promote_bot(group, rig.me)
    chat = rig.bob.at(group)

    message = chat.send(f"/add_profile {' '.join(rig.keys_of('shop'))}")

    await chat.wait_for("Похоже, в группу отправлен ключ Avito")
    assert message.is_deleted


async def test_a_key_in_answer_to_the_bot_is_deleted(rig: BotRig) -> None:
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me)
    rig.alice.promote_bot(group, rig.me)
    chat = rig.bob.at(group)
    chat.send(f"/add_profile@{BOT_NAME}")
    hint = await chat.wait_for("настраиваются в личном чате")

    thanks = chat.send(
        "Спасибо! Счёт за 2026-11 пришлите на accounting@example.org", reply_to=hint
    )
    message = chat.send(rig.keys_of("shop")[1], reply_to=hint)

    await chat.wait_for("Похоже, в группу отправлен ключ Avito")
    assert message.is_deleted
    assert not thanks.is_deleted


async def test_without_the_right_to_delete_the_bot_asks_the_person_to(rig: BotRig) -> None:
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me)
    rig.alice.promote_bot(group, rig.me)
    group.members[rig.me.id].can_delete = False
    client_id, secret = rig.keys_of("shop")
    await reach_secret(rig.alice.private(rig.me), client_id)
    chat = rig.alice.at(group)

    message = chat.send(secret)

    await chat.wait_for("Похоже, в группу отправлен ключ Avito")
    await chat.wait_for("Удалить сообщение с ключом я здесь не могу")
    assert not message.is_deleted


async def test_small_talk_of_a_person_who_was_asked_for_a_key_is_left_alone(rig: BotRig) -> None:
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me)
    rig.alice.promote_bot(group, rig.me)
    await reach_secret(rig.alice.private(rig.me), "client_id_of_alice")

    said = [rig.alice.at(group).send(text) for text in SMALL_TALK]

    await rig.settled()
    assert not any(message.is_deleted for message in said)
    assert rig.telegram.sent(group.id) == []


async def test_a_key_of_others_in_the_group_is_not_our_business(rig: BotRig) -> None:
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me)
    rig.alice.promote_bot(group, rig.me)
    await reach_secret(rig.alice.private(rig.me), "client_id_of_alice")

    message = rig.bob.at(group).send(f"пароль от Wi-Fi: {rig.keys_of('shop')[1]}")

    await rig.settled()
    assert not message.is_deleted
    assert rig.telegram.sent(group.id) == []


async def test_an_anonymous_administrator_is_led_to_private_too(rig: BotRig) -> None:
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me)
    rig.alice.go_anonymous(group)
    chat = rig.alice.at(group)

    for command in ("profiles", "add_profile"):
        chat.send(f"/{command}@{BOT_NAME}")
        await chat.wait_for("настраиваются в личном чате")

    assert await scalar(rig, "SELECT count(*) FROM users WHERE telegram_id = 1087968824") == 0


async def test_in_a_topic_the_answer_comes_into_the_topic(rig: BotRig) -> None:
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.me, is_forum=True)
    topic = rig.telegram.topic(group, "Отчёты", rig.alice)
    chat = rig.alice.at(group, topic)

    chat.send(f"/profiles@{BOT_NAME}")

    assert (await chat.wait_for("настраиваются в личном чате")).message.thread_id == topic.id
