"""The time zone: from the list, or found by typing a place."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sandbox.telegram.people import ChatView
from tests.support.bot import BotRig
from tests.support.places import owe_report
from tests.support.rows import add_destination, connected
from tests.support.schedules import next_due, open_report_settings, profile_of, utc

pytestmark = pytest.mark.one_database


async def asked_for_zone(rig: BotRig) -> tuple[ChatView, int, int]:
    """Alice at the list of zones; her profile and its destination."""
    profile_id = await connected(rig, rig.alice, name="Мебель")
    task_id = await add_destination(rig, profile_id, rig.alice.id, chat_type="private")
    chat = rig.alice.private(rig.me)
    await open_report_settings(chat, profile_id)
    chat.click(f"report_zone:{profile_id}")
    await chat.wait_for("По какому времени")
    return chat, profile_id, task_id


async def test_a_zone_of_the_list_is_one_tap_and_in_force_at_once(rig: BotRig) -> None:
    chat, profile_id, task_id = await asked_for_zone(rig)
    assert "Сейчас: Москва (UTC+3). Там сейчас 09:0" in chat.last.text

    chat.click("Екатеринбург (UTC+5)")

    screen = await chat.wait_for("Настройки отчёта")
    assert "Когда: каждый день в 09:00, Екатеринбург (UTC+5)" in screen.text
    assert "Следующий: завтра, в воскресенье 22 ноября, в 09:00 (Екатеринбург)" in screen.text
    assert (await profile_of(rig, profile_id)).report_timezone == "Asia/Yekaterinburg"
    assert await next_due(rig, task_id) == utc("2026-11-22 04:00")


async def test_the_present_zone_is_ticked(rig: BotRig) -> None:
    chat, _, _ = await asked_for_zone(rig)
    assert ["Калининград (UTC+2)", "✅ Москва (UTC+3)"] in chat.last.button_texts

    chat.send("Питер")

    found = await chat.wait_for("Вот что нашлось")
    assert found.button_texts[0] == ["✅ Москва (UTC+3)"]


async def test_a_zone_further_west_promises_no_second_report_for_today(rig: BotRig) -> None:
    chat, profile_id, task_id = await asked_for_zone(rig)
    await owe_report(rig, task_id, "2026-11-21T09:00", finished=True)

    chat.press(f"zone_set:{profile_id}:Europe/Berlin", chat.last)

    screen = await chat.wait_for("каждый день в 09:00, Берлин")
    assert "Следующий: завтра, в воскресенье 22 ноября, в 09:00 (Берлин)" in screen.text
    assert await next_due(rig, task_id) == utc("2026-11-22 08:00")


async def test_the_list_has_pages(rig: BotRig) -> None:
    chat, profile_id, _ = await asked_for_zone(rig)

    chat.click("Дальше ›")
    await chat.wait_for(lambda seen: f"zone_set:{profile_id}:Asia/Vladivostok" in seen.button_data)
    chat.click("Дальше ›")
    await chat.wait_for(lambda seen: f"zone_set:{profile_id}:Europe/Berlin" in seen.button_data)
    chat.click("‹ Назад")
    await chat.wait_for(lambda seen: f"zone_set:{profile_id}:Asia/Vladivostok" in seen.button_data)
    chat.press(f"zones_page:{profile_id}:999", chat.last)
    await chat.wait_for(lambda seen: f"zone_set:{profile_id}:Europe/Berlin" in seen.button_data)


async def test_a_place_is_found_by_typing_it(rig: BotRig) -> None:
    chat, _, task_id = await asked_for_zone(rig)
    for typed, label in (
        ("Екб", "Екатеринбург (UTC+5)"),
        ("Казахстан", "Алматы (UTC+5)"),
        ("New York", "Нью-Йорк (UTC−5)"),
        ("нью-йорк", "Нью-Йорк (UTC−5)"),
        ("Europe/Berlin", "Берлин (UTC+1)"),
    ):
        chat.send(typed)
        found = await chat.wait_for("Вот что нашлось")
        assert label in [one.text for row in found.keyboard for one in row]

    chat.click("Берлин (UTC+1)")

    await chat.wait_for("каждый день в 09:00, Берлин (UTC+1)")
    assert await next_due(rig, task_id) == utc("2026-11-21 08:00")


async def test_a_place_nobody_knows_gets_a_sentence_and_another_try(rig: BotRig) -> None:
    chat, _, _ = await asked_for_zone(rig)

    for typed in ("Тмутаракань", "???", " ", "а" * 500):
        chat.send(typed)
        await chat.wait_for("Такого места не нашёл")
    chat.send("Омск")
    await chat.wait_for("Вот что нашлось")
    chat.click("🌍 Весь список")
    await chat.wait_for("По какому времени")


async def test_a_zone_that_does_not_exist_is_an_old_button(rig: BotRig) -> None:
    chat, profile_id, _ = await asked_for_zone(rig)
    question = chat.last

    for zone in ("Europe/Atlantis", "../../etc/passwd", "localtime", "", "x" * 40):
        press = chat.press(f"zone_set:{profile_id}:{zone}", question)
        assert "устарела" in (await chat.wait_for_notice(press)).text
    assert (await profile_of(rig, profile_id)).report_timezone == "Europe/Moscow"


async def test_a_time_that_the_clocks_skip_is_due_when_the_gap_is_over(rig: BotRig) -> None:
    chat, profile_id, task_id = await asked_for_zone(rig)
    chat.press(f"zone_set:{profile_id}:Europe/Berlin", chat.last)
    await chat.wait_for("Берлин")
    rig.clock.advance(utc("2027-03-27 12:00") - rig.clock.now())

    chat.press(f"time_set:{profile_id}:2:30", chat.last)

    screen = await chat.wait_for("каждый день в 02:30, Берлин (UTC+1)")
    assert "Следующий: завтра, в воскресенье 28 марта, в 03:00 (Берлин)" in screen.text
    assert await next_due(rig, task_id) == utc("2027-03-28 01:00")


async def test_a_zone_keeps_the_phase_of_every_few_days(rig: BotRig) -> None:
    chat, profile_id, task_id = await asked_for_zone(rig)
    chat.press(f"interval_set:{profile_id}:3", chat.last)
    await chat.wait_for("раз в 3 дня")
    assert await next_due(rig, task_id) == utc("2026-11-22 06:00")
    rig.clock.advance(timedelta(hours=20))

    chat.press(f"zone_set:{profile_id}:Asia/Vladivostok", chat.last)

    await chat.wait_for("Владивосток")
    # 15:00 on the 22nd there: the slot of that date is over, the next date is the 25th.
    assert await next_due(rig, task_id) == utc("2026-11-24 23:00")
