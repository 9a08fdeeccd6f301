"""/cancel and «Отмена»: out of every dialogue, with a word about what was left."""

from __future__ import annotations

import pytest

from sandbox.telegram.people import ChatView
from tests.support.bot import BotRig
from tests.support.rows import connected, scalar

pytestmark = pytest.mark.one_database

STEPS = ("/add_profile", "Мебель", "client_id_of_alice")


@pytest.mark.parametrize("way", ["/cancel", "❌ Отмена"])
async def test_connecting_can_be_left_at_every_step(rig: BotRig, way: str) -> None:
    chat = rig.alice.private(rig.me)
    for depth in range(1, len(STEPS) + 1):
        for number, typed in enumerate(STEPS[:depth], 1):
            chat.send(typed)
            await chat.wait_for(f"шаг {number} из 3")

        _leave(chat, way)

        left = await chat.wait_for("Прервано: подключение профиля, ключи не сохранены")
        assert left.button_data == ["profiles_back", "profile_add"]
        assert await scalar(rig, "SELECT count(*) FROM dialogues") == 0
    assert await scalar(rig, "SELECT count(*) FROM avito_profiles") == 0


@pytest.mark.parametrize(
    ("button", "question", "left", "back"),
    [
        ("profile_rename", "Пришлите новое название", "название осталось", "profile_view"),
        ("profile_keys", "Пришлите client_id", "прежние остались в силе", "profile_view"),
        ("report_chat_forward", "Перешлите сюда", "осталось как было", "report_set_chat"),
    ],
)
async def test_dialogues_about_a_profile_lead_back_to_where_they_began(
    rig: BotRig, button: str, question: str, left: str, back: str
) -> None:
    profile_id = await connected(rig, rig.alice)
    chat = rig.alice.private(rig.me)
    chat.send("/profiles")
    await chat.wait_for("Профили Avito")
    for way in ("/cancel", "❌ Отмена"):
        chat.press(f"{button}:{profile_id}", chat.last)
        await chat.wait_for(question)
        _leave(chat, way)
        assert (await chat.wait_for(left)).button_data == [f"{back}:{profile_id}"]


async def test_a_question_of_the_schedule_leads_back_to_the_settings(rig: BotRig) -> None:
    profile_id = await connected(rig, rig.alice)
    chat = rig.alice.private(rig.me)
    chat.send("/profiles")
    await chat.wait_for("Профили Avito")
    chat.press(f"report_set_time:{profile_id}", chat.last)
    await chat.wait_for("Во сколько")

    chat.send("/cancel")

    left = await chat.wait_for("Прервано: настройка расписания")
    assert left.button_data == [f"profile_report:{profile_id}"]


async def test_outside_of_dialogues_there_is_nothing_to_cancel(rig: BotRig) -> None:
    chat = rig.alice.private(rig.me)

    chat.send("/cancel")

    assert "profiles_back" in (await chat.wait_for("Отменять нечего")).button_data


async def test_cancel_stops_a_running_check_of_keys(rig: BotRig) -> None:
    rig.avito.fault("hang", "token")
    chat = rig.alice.private(rig.me)
    for number, typed in enumerate((*STEPS[:2], rig.keys_of("shop")[0]), 1):
        chat.send(typed)
        await chat.wait_for(f"шаг {number} из 3")
    chat.send(rig.keys_of("shop")[1])
    await chat.wait_for("Проверяю ключи")

    chat.send("/cancel")

    await chat.wait_for("Остановлено: проверка ключей, профиль не подключён")
    await rig.quiet()
    assert "Проверяю ключи" not in chat.transcript()
    assert await scalar(rig, "SELECT count(*) FROM jobs") == 0
    assert await scalar(rig, "SELECT count(*) FROM avito_profiles") == 0


async def test_connecting_inside_another_dialogue_says_what_was_left(rig: BotRig) -> None:
    profile_id = await connected(rig, rig.alice)
    chat = rig.alice.private(rig.me)
    chat.send("/profiles")
    await chat.wait_for("Профили Avito")
    chat.press(f"profile_rename:{profile_id}", chat.last)
    await chat.wait_for("Пришлите новое название")

    chat.send("/add_profile")

    await chat.wait_for("Прервано: переименование, название осталось прежним")
    await chat.wait_for("шаг 1 из 3")


async def test_commands_typed_inside_a_dialogue_act_as_commands(rig: BotRig) -> None:
    chat = rig.alice.private(rig.me)
    for command, answer in (
        ("/help", "Три шага"),
        ("/settings", "Что настроено"),
        ("/profiles", "Профили Avito"),
        ("/start", "Avito Analytics Bot"),
        ("/add_profile", "шаг 1 из 3"),
        ("/nonsense", "Такой команды нет"),
        ("/cancel", "Прервано"),
    ):
        chat.send("/add_profile")
        await chat.wait_for("шаг 1 из 3")
        chat.send(command)
        await chat.wait_for(answer)
    assert await scalar(rig, "SELECT count(*) FROM avito_profiles") == 0


def _leave(chat: ChatView, way: str) -> None:
    if way.startswith("/"):
        chat.send(way)
    else:
        chat.click(way)
