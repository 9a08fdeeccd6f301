"""The ways in: /start, /help, and everything the bot has no answer to."""

from __future__ import annotations

import pytest

from tests.support.bot import BOT_NAME, BotRig
from tests.support.rows import connected, scalar

pytestmark = pytest.mark.one_database


async def test_start_greets_with_buttons_and_registers_the_person_once(rig: BotRig) -> None:
    chat = rig.alice.private(rig.me)

    for _ in range(2):
        chat.start()
        greeting = await chat.wait_for("Avito Analytics Bot")
        assert greeting.button_data == ["profiles_back", "profile_add", "help_show"]

    query = "SELECT count(*) FROM users WHERE telegram_id = :id"
    assert await scalar(rig, query, id=rig.alice.id) == 1


async def test_start_with_the_payload_of_a_group_link_opens_the_profiles(rig: BotRig) -> None:
    await connected(rig, rig.alice, name="Мебель")
    chat = rig.alice.private(rig.me)

    chat.start("profiles")

    listing = await chat.wait_for("Профили Avito: 1")
    assert ["🏪 Мебель"] in listing.button_texts


async def test_whoever_has_profiles_is_not_told_to_connect_the_first(rig: BotRig) -> None:
    await connected(rig, rig.alice, name="Мебель")
    chat = rig.alice.private(rig.me)

    chat.start()

    greeting = await chat.wait_for("Avito Analytics Bot")
    assert "Откройте профиль, чтобы увидеть отчёт, или подключите ещё один." in greeting.text
    assert "client_id" not in greeting.text


async def test_help_does_not_lead_to_itself(rig: BotRig) -> None:
    chat = rig.alice.private(rig.me)

    chat.send("/help")

    said = await chat.wait_for("Три шага до первого отчёта")
    assert said.button_data == ["profiles_back", "profile_add"]


async def test_start_with_an_unknown_payload_greets(rig: BotRig) -> None:
    chat = rig.alice.private(rig.me)
    chat.start("ref_0_unheard-of")
    await chat.wait_for("Avito Analytics Bot")


async def test_every_button_of_the_greeting_leads_somewhere(rig: BotRig) -> None:
    chat = rig.alice.private(rig.me)
    for button, answer in (
        ("📋 Мои профили", "Пока не подключён ни один"),
        ("➕ Подключить профиль", "шаг 1 из 3"),
        ("❓ Помощь", "Три шага до первого отчёта"),
    ):
        chat.start()
        await chat.wait_for("Avito Analytics Bot")
        chat.click(button)
        await chat.wait_for(answer)


async def test_help_names_the_three_steps_and_every_command_of_the_menu(rig: BotRig) -> None:
    chat = rig.alice.private(rig.me)

    chat.send(f"/help@{BOT_NAME}")

    text = (await chat.wait_for("Три шага до первого отчёта")).text
    menus = rig.telegram.history.of("setMyCommands")
    private = next(m for m in menus if m.params["scope"]["type"] == "all_private_chats")
    for command in private.params["commands"]:
        if command["command"] != "start":
            assert f"/{command['command']} — " in text


async def test_a_command_with_the_bots_name_is_ours_and_with_anothers_is_not(rig: BotRig) -> None:
    chat = rig.alice.private(rig.me)

    chat.send(f"/start@{BOT_NAME}")
    await chat.wait_for("Avito Analytics Bot")
    chat.send("/start@another_bot")
    await chat.wait_for("Такой команды нет")


@pytest.mark.parametrize(
    ("text", "answer"),
    [("/nonsense", "Такой команды нет"), ("привет", "Не понял это сообщение")],
)
async def test_what_the_bot_does_not_know_gets_a_sentence_and_a_way_on(
    rig: BotRig, text: str, answer: str
) -> None:
    chat = rig.alice.private(rig.me)

    chat.send(text)

    assert "profiles_back" in (await chat.wait_for(answer)).button_data


async def test_a_photo_and_a_sticker_get_a_sentence_too(rig: BotRig) -> None:
    chat = rig.alice.private(rig.me)
    chat.start()
    await chat.wait_for("Avito Analytics Bot")
    for media in (
        {"photo": [{"file_id": "f", "file_unique_id": "u", "width": 9, "height": 9}]},
        {"location": {"latitude": 55.75, "longitude": 37.62}},
    ):
        chat.mark()
        rig.telegram.inject_update({"message": _message(rig, **media)})
        await chat.wait_for("Не понял это сообщение")


def _message(rig: BotRig, **content: object) -> dict[str, object]:
    person = rig.alice.user.as_json()
    return {
        "message_id": 900_001,
        "date": rig.telegram.unix_now(),
        "chat": {"id": rig.alice.id, "type": "private", "first_name": "Алиса"},
        "from": person,
        **content,
    }


@pytest.mark.parametrize("command", ["/start", "/profiles", "/settings"])
async def test_a_command_inside_a_dialogue_says_what_it_interrupts(
    rig: BotRig, command: str
) -> None:
    chat = rig.alice.private(rig.me)
    chat.send("/add_profile")
    await chat.wait_for("шаг 1 из 3")

    chat.send(command)

    await chat.wait_for("Прервано: подключение профиля, ключи не сохранены")
