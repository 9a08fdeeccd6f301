"""How often: daily, every N days, on ticked weekdays, once a month."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from sandbox.telegram.people import ChatView
from sandbox.telegram.seen import Seen
from tests.support.bot import BotRig
from tests.support.rows import add_destination, connected
from tests.support.schedules import next_due, open_report_settings, profile_of, utc

pytestmark = pytest.mark.one_database


async def asked_how_often(rig: BotRig) -> tuple[ChatView, int, int]:
    """Alice at the question how often; her profile and its destination."""
    profile_id = await connected(rig, rig.alice, name="Мебель")
    task_id = await add_destination(rig, profile_id, rig.alice.id, chat_type="private")
    chat = rig.alice.private(rig.me)
    await open_report_settings(chat, profile_id)
    chat.click(f"report_frequency:{profile_id}")
    await chat.wait_for("Как часто присылать отчёт «Мебель»?")
    return chat, profile_id, task_id


def ticked(screen: Seen) -> list[str]:
    labels = [one.text for row in screen.keyboard for one in row]
    return [label.removeprefix("✅ ") for label in labels if label.startswith("✅")]


async def test_the_present_frequency_is_marked(rig: BotRig) -> None:
    chat, profile_id, _ = await asked_how_often(rig)

    assert ticked(chat.last) == ["Каждый день"]
    assert [
        f"freq_set:{profile_id}:{frequency}"
        for frequency in ("daily", "interval", "weekly", "monthly")
    ] == chat.last.button_data[:4]


async def test_weekdays_are_ticked_exactly_as_shown(rig: BotRig) -> None:
    chat, profile_id, task_id = await asked_how_often(rig)

    chat.click(f"freq_set:{profile_id}:weekly")
    screen = await chat.wait_for("В какие дни")
    assert ticked(screen) == ["Пн"]
    assert await next_due(rig, task_id) == utc("2026-11-23 06:00")

    chat.click("▫️ Ср")
    screen = await chat.wait_for("по понедельникам и средам")
    assert ticked(screen) == ["Пн", "Ср"]
    chat.click(f"report_day_toggle:{profile_id}:6")
    screen = await chat.wait_for("по понедельникам, средам и воскресеньям")
    assert ticked(screen) == ["Пн", "Ср", "Вс"]
    assert await next_due(rig, task_id) == utc("2026-11-22 06:00")
    chat.click("✅ Пн")
    screen = await chat.wait_for("по средам и воскресеньям")
    assert ticked(screen) == ["Ср", "Вс"]

    profile = await profile_of(rig, profile_id)
    assert (profile.report_frequency, profile.report_weekdays) == ("weekly", "2,6")


async def test_the_last_weekday_stays_ticked(rig: BotRig) -> None:
    chat, profile_id, task_id = await asked_how_often(rig)
    chat.click(f"freq_set:{profile_id}:weekly")
    await chat.wait_for("В какие дни")

    press = chat.press(f"report_day_toggle:{profile_id}:0", chat.last)

    notice = await chat.wait_for_notice(press)
    assert "Нужен хотя бы один день" in notice.text
    assert notice.is_alert
    assert (await profile_of(rig, profile_id)).report_weekdays == "0"
    assert await next_due(rig, task_id) == utc("2026-11-23 06:00")


async def test_weekdays_of_a_schedule_that_is_not_weekly_stay_as_they_are(rig: BotRig) -> None:
    chat, profile_id, _ = await asked_how_often(rig)
    before = await profile_of(rig, profile_id)

    press = chat.press(f"report_day_toggle:{profile_id}:2", chat.last)

    assert "по дням недели" in (await chat.wait_for_notice(press)).text
    await chat.wait_for("Настройки отчёта «Мебель»")
    assert (await profile_of(rig, profile_id)).report_weekdays == before.report_weekdays


async def test_weekdays_are_remembered_while_another_frequency_is_set(rig: BotRig) -> None:
    chat, profile_id, _ = await asked_how_often(rig)
    for data in ("freq_set:{}:weekly", "report_day_toggle:{}:4", "freq_set:{}:daily"):
        press = chat.press(data.format(profile_id), chat.last)
        await chat.wait_for_notice(press)

    chat.press(f"freq_set:{profile_id}:weekly", chat.last)

    assert ticked(await chat.wait_for("по понедельникам и пятницам")) == ["Пн", "Пт"]


async def test_every_n_days_is_typed_and_counts_from_the_next_report(rig: BotRig) -> None:
    chat, profile_id, task_id = await asked_how_often(rig)

    chat.click(f"freq_set:{profile_id}:interval")
    await chat.wait_for("Раз в сколько дней")
    chat.send("10")

    screen = await chat.wait_for("раз в 10 дней в 09:00")
    assert "Следующий: завтра, в воскресенье 22 ноября" in screen.text
    profile = await profile_of(rig, profile_id)
    assert (profile.report_frequency, profile.report_interval_value) == ("interval", 10)
    assert profile.report_anchor == date(2026, 11, 22)
    assert await next_due(rig, task_id) == utc("2026-11-22 06:00")


async def test_the_phase_survives_a_restart_and_the_same_number_once_more(rig: BotRig) -> None:
    chat, profile_id, task_id = await asked_how_often(rig)
    chat.press(f"interval_set:{profile_id}:5", chat.last)
    await chat.wait_for("раз в 5 дней")
    rig.clock.advance(timedelta(days=2))
    await rig.restart()

    for data in ("interval_set:{}:5", "freq_set:{}:interval", "time_set:{}:12:0"):
        press = chat.press(data.format(profile_id), chat.last)
        await chat.wait_for_notice(press)

    assert (await profile_of(rig, profile_id)).report_anchor == date(2026, 11, 22)
    assert await next_due(rig, task_id) == utc("2026-11-27 09:00")


async def test_another_number_counts_anew(rig: BotRig) -> None:
    chat, profile_id, task_id = await asked_how_often(rig)
    chat.press(f"interval_set:{profile_id}:30", chat.last)
    await chat.wait_for("раз в 30 дней")
    rig.clock.advance(timedelta(days=3))

    chat.press(f"interval_set:{profile_id}:7", chat.last)

    screen = await chat.wait_for("раз в 7 дней")
    assert "Следующий: завтра, в среду 25 ноября" in screen.text
    assert await next_due(rig, task_id) == utc("2026-11-25 06:00")


async def test_a_number_of_days_out_of_range_gets_a_sentence(rig: BotRig) -> None:
    chat, profile_id, _ = await asked_how_often(rig)
    chat.click(f"freq_set:{profile_id}:interval")
    await chat.wait_for("Раз в сколько дней")

    for typed in ("0", "366", "каждый день", "9" * 400):
        chat.send(typed)
        await chat.wait_for("Нужно целое число дней, от 1 до 365")
    chat.send("365")
    await chat.wait_for("раз в 365 дней")


async def test_once_a_month_asks_for_the_day(rig: BotRig) -> None:
    chat, profile_id, task_id = await asked_how_often(rig)

    chat.click(f"freq_set:{profile_id}:monthly")
    question = await chat.wait_for("Какого числа")
    assert "1-го числа каждого месяца в 09:00" in question.text
    assert await next_due(rig, task_id) == utc("2026-12-01 06:00")
    chat.click("31")

    screen = await chat.wait_for("Когда: в последний день каждого месяца в 09:00")
    assert "Следующий: в понедельник 30 ноября в 09:00" in screen.text
    assert "За какие дни: за прошлый месяц" in screen.text
    assert (await profile_of(rig, profile_id)).report_month_day == 31
    assert await next_due(rig, task_id) == utc("2026-11-30 06:00")


async def test_the_day_of_the_month_may_be_typed(rig: BotRig) -> None:
    chat, profile_id, task_id = await asked_how_often(rig)
    chat.click(f"freq_set:{profile_id}:monthly")
    question = await chat.wait_for("Какого числа")
    assert "В месяце, где такого числа нет, отчёт придёт в последний день" in question.text

    for typed in ("0", "32", "пятнадцатого"):
        chat.send(typed)
        await chat.wait_for("Нужно число месяца, от 1 до 31")
    chat.send("15 числа")

    await chat.wait_for("15-го числа каждого месяца")
    assert await next_due(rig, task_id) == utc("2026-12-15 06:00")


async def test_back_to_every_day(rig: BotRig) -> None:
    chat, profile_id, task_id = await asked_how_often(rig)
    chat.click(f"freq_set:{profile_id}:monthly")
    await chat.wait_for("Какого числа")
    chat.click("🔁 Другая частота")
    await chat.wait_for("Как часто")

    chat.click(f"freq_set:{profile_id}:daily")

    await chat.wait_for("Когда: каждый день в 09:00")
    assert await next_due(rig, task_id) == utc("2026-11-22 06:00")
    chat.send("15")
    await chat.wait_for("Не понял это сообщение")


async def test_values_that_cannot_be_are_old_buttons(rig: BotRig) -> None:
    chat, profile_id, _ = await asked_how_often(rig)
    question = chat.last

    for data in (
        "freq_set:{}:hourly",
        "report_day_toggle:{}:7",
        "report_day_toggle:{}:-1",
        "interval_set:{}:0",
        "interval_set:{}:366",
        "month_day_set:{}:32",
        "report_period:{}:year",
    ):
        press = chat.press(data.format(profile_id), question)
        assert "устарела" in (await chat.wait_for_notice(press)).text
    profile = await profile_of(rig, profile_id)
    assert (profile.report_frequency, profile.report_interval_value) == ("daily", None)
