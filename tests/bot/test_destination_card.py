"""A destination once it is set: paused, without a sound, checked, removed."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.telegram.people import ChatView
from tests.support.bot import BotRig
from tests.support.looking import craft
from tests.support.places import bound, greet, open_places, owe_report, places_of
from tests.support.rows import add_profile, execute, scalar
from tests.support.schedules import make_due, open_report_settings

pytestmark = pytest.mark.one_database


async def opened(rig: BotRig) -> tuple[ChatView, int, int]:
    """Alice's card of a group that one profile of hers reports to: chat, profile, destination."""
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.me)
    task_id = await bound(rig, profile_id, group)
    chat = await greet(rig, rig.alice)
    await open_places(chat, profile_id)
    chat.click(f"destination_view:{task_id}")
    await chat.wait_for("Группа «Клиенты»")
    return chat, profile_id, task_id


async def of(rig: BotRig, task_id: int, column: str) -> Any:
    return await scalar(rig, f"SELECT {column} FROM report_tasks WHERE id = :id", id=task_id)  # noqa: S608


async def test_one_destination_pauses_while_the_other_goes_on(rig: BotRig) -> None:
    chat, profile_id, task_id = await opened(rig)
    await open_places(chat, profile_id)
    chat.click(f"report_chat_here:{profile_id}")
    await chat.wait_for("будут приходить в этот чат")
    await open_places(chat, profile_id)
    chat.click(f"destination_view:{task_id}")
    await chat.wait_for("Группа «Клиенты»")

    chat.click("⏸ Пауза")
    await chat.wait_for("Это место на паузе")
    assert await of(rig, task_id, "next_due_at") is None
    assert await scalar(rig, "SELECT count(next_due_at) FROM report_tasks") == 1
    listing = await open_places(chat, profile_id)
    assert "⏸ группа «Клиенты» — на паузе" in listing.text
    assert "✅ личный чат с ботом" in listing.text
    chat.click(f"destination_view:{task_id}")
    await chat.wait_for("Это место на паузе")
    chat.click("▶️ Возобновить")

    await chat.wait_for("Следующий — завтра")
    assert await of(rig, task_id, "next_due_at") is not None


async def test_a_report_that_has_come_due_is_not_skipped_by_a_slip(rig: BotRig) -> None:
    chat, _, task_id = await opened(rig)
    await make_due(rig, task_id)

    chat.click("⏸ Пауза")
    await chat.wait_for("Это место на паузе")
    assert await scalar(rig, "SELECT slot FROM outbox") == "2026-11-21T09:00"
    chat.click("▶️ Возобновить")

    await chat.wait_for("Следующий — завтра")
    assert await scalar(rig, "SELECT count(*) FROM outbox WHERE state != 'withdrawn'") == 1


async def test_the_sound_and_what_becomes_of_a_lost_answer_are_chosen(rig: BotRig) -> None:
    chat, _, task_id = await opened(rig)

    chat.click("🔕 Присылать без звука")
    await chat.wait_for("Звук: выключен")
    chat.click("✋ Потерялся ответ: спросить меня")
    await chat.wait_for("дошёл ли отчёт: спросить вас")
    assert (await of(rig, task_id, "is_silent"), await of(rig, task_id, "on_lost_answer")) == (
        True,
        "hold",
    )
    chat.click("🔔 Присылать со звуком")
    await chat.wait_for("Звук: включён")
    chat.click("🔁 Потерялся ответ: слать ещё раз")
    await chat.wait_for("прислать ещё раз с пометкой")
    assert await of(rig, task_id, "on_lost_answer") == "resend"


async def test_a_second_tap_asks_for_the_same_again(rig: BotRig) -> None:
    chat, _, task_id = await opened(rig)
    for label in (
        "🔕 Присылать без звука",
        "📉 Присылать без графика",
        "✋ Потерялся ответ: спросить меня",
    ):
        card, before = chat.last, chat.last.keyboard
        [data] = [button.data for row in before for button in row if button.text == label]
        for _ in range(2):
            await craft(chat, data or "", card)
        await rig.settled()

    columns = ("is_silent", "has_chart", "on_lost_answer")
    chosen = [await of(rig, task_id, column) for column in columns]
    assert chosen == [True, False, "hold"]


async def test_removing_asks_first_and_stops_what_is_on_its_way(rig: BotRig) -> None:
    chat, profile_id, task_id = await opened(rig)
    await execute(rig, "UPDATE report_tasks SET report_period = 'week', is_period_set = true")
    await owe_report(rig, task_id, "2026-11-21T09:00")
    chat.click("🗑 Не присылать сюда")
    await chat.wait_for("Больше не присылать сюда отчёты?")
    chat.click("Оставить")
    await chat.wait_for("Группа «Клиенты»")
    assert len(await places_of(rig, profile_id)) == 1

    chat.click("🗑 Не присылать сюда")
    await chat.wait_for("Больше не присылать сюда отчёты?")
    chat.click("🗑 Да, не присылать")

    await chat.wait_for("Пока никуда")
    assert chat.notices[-1].text == "Готово, отчёты туда больше не придут."
    assert await places_of(rig, profile_id) == []
    assert await scalar(rig, "SELECT count(*) FROM outbox") == 0
    # What was chosen for the profile outlives its last destination.
    assert (
        await scalar(rig, "SELECT report_period FROM report_tasks WHERE is_period_set") == "week"
    )


async def test_a_button_of_a_removed_destination_says_so(rig: BotRig) -> None:
    chat, _, task_id = await opened(rig)
    card = chat.last
    chat.click("🗑 Не присылать сюда")
    await chat.wait_for("Больше не присылать")
    chat.click("🗑 Да, не присылать")
    await chat.wait_for("Пока никуда")

    press = chat.press(f"destination_pause:{task_id}", card)

    notice = await chat.wait_for_notice(press)
    assert notice.text == "Этого места для отчётов у вас уже нет: возможно, его убрали."
    await chat.wait_for("Профили Avito")


async def test_a_destination_removed_during_its_check_is_said(rig: BotRig) -> None:
    chat, _, task_id = await opened(rig)
    card = chat.last
    rig.telegram.fault("hold_before", "getChat")
    chat.press(f"destination_check:{task_id}", card)
    await chat.wait_for("Проверяю")
    chat.press(f"destination_remove_confirm:{task_id}", card)
    await chat.wait_for("Пока никуда")
    rig.telegram.clear_faults()

    await chat.wait_for("Этого места для отчётов у вас уже нет")


async def test_a_paused_profile_is_said_on_the_card(rig: BotRig) -> None:
    chat, profile_id, task_id = await opened(rig)
    await execute(rig, "UPDATE avito_profiles SET is_report_active = false")

    listing = await open_places(chat, profile_id)
    assert "⏸ группа «Клиенты»\nОтчёты профиля на паузе" in listing.text
    chat.click(f"destination_view:{task_id}")

    await chat.wait_for("Отчёты профиля на паузе")


async def test_a_place_that_refuses_us_is_offered_a_check_and_no_trial(rig: BotRig) -> None:
    chat, profile_id, task_id = await opened(rig)
    # That the bot was let in is among what it hears first, and would end it.
    await rig.settled()
    await execute(rig, "UPDATE report_tasks SET suspended = 'kicked'")

    await open_places(chat, profile_id)
    chat.click(f"destination_view:{task_id}")

    card = await chat.wait_for("⚠️ Сейчас не приходят: меня там нет (верните меня в этот чат).")
    assert f"destination_check:{task_id}" in card.button_data
    assert f"trial_to:{task_id}" not in card.button_data
    settings = await open_report_settings(chat, profile_id)
    assert f"report_trial:{profile_id}" not in settings.button_data
    notice = await chat.wait_for_notice(chat.press(f"report_trial:{profile_id}", settings))
    assert notice.text == "Туда сейчас нельзя отправить: вот что мешает."


async def test_a_place_of_the_predecessor_is_shown_by_its_number(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    await execute(
        rig,
        "INSERT INTO report_tasks (profile_id, chat_id) VALUES (:id, -1001234567890)",
        id=profile_id,
    )
    chat = await greet(rig, rig.alice)

    assert "чат -1001234567890" in (await open_places(chat, profile_id)).text


async def test_every_screen_leads_back(rig: BotRig) -> None:
    chat, profile_id, _ = await opened(rig)
    chat.click("« Куда приходят отчёты")
    await chat.wait_for("Куда приходят отчёты «Мебель»")
    chat.click("« К настройкам отчёта")
    await chat.wait_for(lambda seen: f"report_set_chat:{profile_id}" in seen.button_data)
