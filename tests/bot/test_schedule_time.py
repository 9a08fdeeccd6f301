"""The time of day: typed or picked, in force at once."""

from __future__ import annotations

from datetime import time

import pytest

from sandbox.telegram.people import ChatView
from tests.support.bot import BotRig
from tests.support.rows import add_destination, connected, scalar
from tests.support.schedules import next_due, open_report_settings, profile_of, utc

pytestmark = pytest.mark.one_database


async def asked_for_time(rig: BotRig) -> tuple[ChatView, int, int]:
    """Alice at the question for the time; her profile and its destination."""
    profile_id = await connected(rig, rig.alice, name="Мебель")
    task_id = await add_destination(rig, profile_id, rig.alice.id, chat_type="private")
    chat = rig.alice.private(rig.me)
    await open_report_settings(chat, profile_id)
    chat.click(f"report_set_time:{profile_id}")
    question = await chat.wait_for("Во сколько присылать отчёт «Мебель»?")
    assert "Сейчас: 09:00, Москва (UTC+3). Там сейчас 09:0" in question.text
    return chat, profile_id, task_id


async def test_a_typed_time_is_in_force_at_once(rig: BotRig) -> None:
    chat, profile_id, task_id = await asked_for_time(rig)

    chat.send("10:30")

    screen = await chat.wait_for("Сохранено, уже действует")
    assert "Когда: каждый день в 10:30" in screen.text
    assert "Следующий: сегодня в 10:30 (Москва)" in screen.text
    assert (await profile_of(rig, profile_id)).report_time == time(10, 30)
    assert await next_due(rig, task_id) == utc("2026-11-21 07:30")


async def test_a_time_that_has_passed_today_is_due_tomorrow(rig: BotRig) -> None:
    chat, _, task_id = await asked_for_time(rig)

    chat.send("8:59")

    screen = await chat.wait_for("Сохранено")
    assert "Следующий: завтра, в воскресенье 22 ноября, в 08:59" in screen.text
    assert await next_due(rig, task_id) == utc("2026-11-22 05:59")


async def test_a_time_may_be_typed_the_way_people_type_it(rig: BotRig) -> None:
    chat, profile_id, _ = await asked_for_time(rig)
    ways = {"0915": time(9, 15), " 23:59 ": time(23, 59), "7 вечера": time(19, 0)}
    for typed, meant in ways.items():
        chat.send(typed)
        await chat.wait_for(f"каждый день в {meant:%H:%M}")
        assert (await profile_of(rig, profile_id)).report_time == meant
        chat.click("🕘 Время")
        await chat.wait_for("Во сколько")


async def test_nonsense_gets_a_sentence_and_the_question_stays(rig: BotRig) -> None:
    chat, profile_id, _ = await asked_for_time(rig)

    for typed in ("24:00", "завтра", "٩:٠٠", "9" * 300):
        chat.send(typed)
        await chat.wait_for("Это не похоже на время")
    assert (await profile_of(rig, profile_id)).report_time is None

    chat.send("18:45")
    await chat.wait_for("каждый день в 18:45")


async def test_an_offered_time_is_one_tap(rig: BotRig) -> None:
    chat, profile_id, task_id = await asked_for_time(rig)

    press = chat.press(f"time_set:{profile_id}:18:0", chat.last)

    assert (await chat.wait_for_notice(press)).text == "Сохранено, уже действует."
    await chat.wait_for("каждый день в 18:00")
    assert await next_due(rig, task_id) == utc("2026-11-21 15:00")
    chat.send("7:00")
    await chat.wait_for("Не понял это сообщение")


async def test_crafted_times_are_old_buttons(rig: BotRig) -> None:
    chat, profile_id, _ = await asked_for_time(rig)
    question = chat.last

    for data in ("24:0", "-1:0", "9:60", "9", "nine:0"):
        press = chat.press(f"time_set:{profile_id}:{data}", question)
        assert "устарела" in (await chat.wait_for_notice(press)).text
    assert (await profile_of(rig, profile_id)).report_time is None


async def test_a_command_goes_first_and_the_question_is_over(rig: BotRig) -> None:
    chat, profile_id, _ = await asked_for_time(rig)

    chat.send("/profiles")
    await chat.wait_for("Прервано: настройка расписания")

    chat.send("10:30")
    await chat.wait_for("Не понял это сообщение")
    assert (await profile_of(rig, profile_id)).report_time is None


async def test_who_goes_back_is_not_asked_any_more(rig: BotRig) -> None:
    chat, profile_id, _ = await asked_for_time(rig)

    chat.click("« К настройкам отчёта")
    await chat.wait_for("Настройки отчёта «Мебель»")

    chat.send("10:30")
    await chat.wait_for("Не понял это сообщение")
    assert (await profile_of(rig, profile_id)).report_time is None


async def test_a_restart_in_the_middle_changes_nothing(rig: BotRig) -> None:
    chat, _, task_id = await asked_for_time(rig)

    await rig.restart()
    chat.send("10:30")

    await chat.wait_for("каждый день в 10:30")
    assert await next_due(rig, task_id) == utc("2026-11-21 07:30")


async def test_a_profile_deleted_meanwhile_ends_the_question(rig: BotRig) -> None:
    chat, profile_id, _ = await asked_for_time(rig)
    chat.press(f"profile_delete_confirm:{profile_id}", chat.last)
    await chat.wait_for("удалён")

    chat.send("10:30")
    await chat.wait_for("Такого профиля у вас нет")

    chat.send("10:30")
    await chat.wait_for("Не понял это сообщение")


async def test_a_report_that_has_come_due_is_not_skipped_by_a_change(rig: BotRig) -> None:
    profile_id = await connected(rig, rig.alice, name="Мебель")
    task_id = await add_destination(
        rig, profile_id, rig.alice.id, chat_type="private", next_due_at=utc("2026-11-21 06:00")
    )
    chat = rig.alice.private(rig.me)
    screen = await open_report_settings(chat, profile_id)

    chat.press(f"time_set:{profile_id}:8:0", screen)

    await chat.wait_for("каждый день в 08:00")
    assert await scalar(rig, "SELECT slot FROM outbox") == "2026-11-21T09:00"
    assert await next_due(rig, task_id) == utc("2026-11-22 05:00")
