"""A trial of the scheduled report: asked for, asked about, and on its way once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from core.database.models import Delivery
from core.database.session import reading
from sandbox.telegram.people import ChatView
from tests.support.bot import BotRig
from tests.support.rows import add_destination, connected
from tests.support.schedules import open_report_settings

pytestmark = pytest.mark.one_database


async def trials(rig: BotRig) -> list[tuple[int, int]]:
    """The chats that trials are on their way to, by their destinations."""
    async with reading(rig.running.sessions) as session:
        found = await session.execute(
            select(Delivery.task_id, Delivery.chat_id)
            .where(Delivery.slot.startswith("trial:"))
            .order_by(Delivery.id)
        )
        return [(task_id, chat_id) for task_id, chat_id in found]


async def settings_with(rig: BotRig, *places: dict[str, Any]) -> tuple[ChatView, int, list[int]]:
    """Alice at the settings of a profile that reports at these places."""
    profile_id = await connected(rig, rig.alice, name="Мебель")
    tasks = [await add_destination(rig, profile_id, **place) for place in places]
    chat = rig.alice.private(rig.me)
    await open_report_settings(chat, profile_id)
    return chat, profile_id, tasks


def in_private(rig: BotRig) -> dict[str, Any]:
    return {"chat_id": rig.alice.id, "chat_type": "private"}


CLIENTS: dict[str, Any] = {
    "chat_id": -100200,
    "chat_title": "Клиенты",
    "chat_type": "supergroup",
}


async def test_the_only_place_is_not_asked_for(rig: BotRig) -> None:
    chat, profile_id, [task_id] = await settings_with(rig, in_private(rig))

    chat.click(f"report_trial:{profile_id}")

    said = await chat.wait_for("Пробный отчёт «Мебель» заказан")
    assert "придёт в этот чат" in said.text
    assert said.button_data == [f"profile_report:{profile_id}"]
    assert await trials(rig) == [(task_id, rig.alice.id)]
    assert (await chat.wait_for("Отчёт Avito")).id != said.id


async def test_two_taps_are_one_trial(rig: BotRig) -> None:
    chat, profile_id, _ = await settings_with(rig, in_private(rig))
    screen = chat.last

    presses = [chat.press(f"report_trial:{profile_id}", screen) for _ in range(2)]

    notices = [(await chat.wait_for_notice(press)).text for press in presses]
    assert notices == ["", "Пробный отчёт туда уже в пути."]
    assert len(await trials(rig)) == 1


async def test_a_chat_of_others_gets_a_trial_only_after_a_question(rig: BotRig) -> None:
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.me)
    chat, _, [task_id] = await settings_with(rig, CLIENTS | {"chat_id": group.id})

    chat.click("📨 Прислать пробный")
    asked = await chat.wait_for("Прислать пробный отчёт в группу «Клиенты»?")
    assert "увидят все" in asked.text
    assert await trials(rig) == []
    chat.click("📨 Да, прислать")

    await chat.wait_for("Пробный отчёт «Мебель» заказан")
    assert await trials(rig) == [(task_id, group.id)]


async def test_two_trials_for_others_are_one(rig: BotRig) -> None:
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.me)
    chat, _, [task_id] = await settings_with(rig, CLIENTS | {"chat_id": group.id})
    await rig.stop()
    chat.press(f"trial_send:{task_id}", chat.last)
    chat.press(f"trial_send:{task_id}", chat.last)
    await rig.start()
    await rig.settled()
    chat.press(f"trial_send:{task_id}", chat.last)
    await rig.settled()

    assert len(await trials(rig)) == 1


async def test_of_several_places_one_is_chosen(rig: BotRig) -> None:
    chat, profile_id, [own, clients] = await settings_with(rig, in_private(rig), CLIENTS)

    chat.click("📨 Прислать пробный")
    asked = await chat.wait_for("Куда прислать пробный отчёт «Мебель»?")
    assert asked.button_data == [
        f"trial_to:{own}",
        f"trial_to:{clients}",
        f"profile_report:{profile_id}",
    ]
    chat.click("группа «Клиенты»")
    await chat.wait_for("увидят все")
    chat.click("« К настройкам отчёта")
    await chat.wait_for("Настройки отчёта «Мебель»")

    assert await trials(rig) == []


async def test_a_paused_schedule_can_be_tried_all_the_same(rig: BotRig) -> None:
    chat, _, [task_id] = await settings_with(rig, in_private(rig))
    chat.click("⏸ Поставить на паузу")
    await chat.wait_for("Отчёты по расписанию: на паузе")

    chat.click("📨 Прислать пробный")

    await chat.wait_for("Пробный отчёт «Мебель» заказан")
    assert await trials(rig) == [(task_id, rig.alice.id)]


async def test_a_place_that_refuses_us_is_told_instead(rig: BotRig) -> None:
    chat, _, [task_id] = await settings_with(rig, CLIENTS | {"suspended": "kicked"})

    press = chat.press(f"trial_send:{task_id}", chat.last)

    assert "нельзя отправить" in (await chat.wait_for_notice(press)).text
    await chat.wait_for("меня там нет")
    assert await trials(rig) == []


async def test_without_a_place_it_says_what_comes_first(rig: BotRig) -> None:
    chat, profile_id, _ = await settings_with(rig)
    assert f"report_trial:{profile_id}" not in chat.last.button_data

    press = chat.press(f"report_trial:{profile_id}", chat.last)

    assert "Сначала выберите, куда" in (await chat.wait_for_notice(press)).text


async def test_a_trial_that_could_not_come_in_half_an_hour_is_told(rig: BotRig) -> None:
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.me)
    chat, profile_id, [task_id] = await settings_with(rig, CLIENTS | {"chat_id": group.id})
    chat.click("📨 Прислать пробный")
    await chat.wait_for("увидят все")
    # Avito does not answer, and then the worker is stopped for longer than a trial waits.
    rig.avito.fault("status", "stats_v2", status=503)
    chat.click("📨 Да, прислать")
    await chat.wait_for("Пробный отчёт «Мебель» заказан")
    await rig.stop()
    rig.clock.advance(timedelta(minutes=31))
    await rig.start()

    told = await chat.wait_for("не пришёл")
    assert "Куда: группа «Клиенты»" in told.text
    assert told.button_data == [f"trial_to:{task_id}", f"profile_report:{profile_id}"]
    chat.click("📨 Прислать пробный", told)
    await chat.wait_for("увидят все")


async def test_a_stranger_cannot_try_anything_out(rig: BotRig) -> None:
    _, profile_id, tasks = await settings_with(rig, in_private(rig), CLIENTS)
    strange = rig.charlie.private(rig.me)
    strange.start()
    greeting = await strange.wait_for("Avito Analytics Bot")

    crafted = [f"{prefix}:{task}" for prefix in ("trial_to", "trial_send") for task in tasks]
    for data in (f"report_trial:{profile_id}", *crafted, "trial_send:0", "trial_send:99999999999"):
        press = strange.press(data, greeting)
        assert (await strange.wait_for_notice(press)).text

    assert await trials(rig) == []
    assert "Клиенты" not in strange.transcript()
