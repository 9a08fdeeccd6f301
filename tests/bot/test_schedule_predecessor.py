"""Rows as the predecessor left them: shown as what they do, and mended by using the screen."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.bot import BotRig
from tests.support.rows import add_destination, add_profile, execute
from tests.support.schedules import next_due, open_report_settings, profile_of, utc

pytestmark = pytest.mark.one_database


@pytest.mark.parametrize(
    ("columns", "words", "due_at"),
    [
        ({"report_timezone": "UTC"}, "каждый день в 09:00, UTC (UTC+0)", "2026-11-21 09:00"),
        (
            {"report_timezone": "Mars/Olympus"},
            "каждый день в 09:00, Москва (UTC+3)",
            "2026-11-22 06:00",
        ),
        (
            {"report_frequency": "weekly", "report_weekdays": " 2,x,9,,4 "},
            "по средам и пятницам в 09:00, Москва (UTC+3)",
            "2026-11-25 06:00",
        ),
        (
            {"report_frequency": "weekly", "report_weekdays": "[]"},
            "каждый день в 09:00, Москва (UTC+3)",
            "2026-11-22 06:00",
        ),
        (
            {"report_frequency": "interval"},
            "каждый день в 09:00, Москва (UTC+3)",
            "2026-11-22 06:00",
        ),
        (
            {"report_frequency": "interval", "report_interval_value": -5},
            "каждый день в 09:00, Москва (UTC+3)",
            "2026-11-22 06:00",
        ),
        (
            {"report_frequency": "monthly"},
            "1-го числа каждого месяца в 09:00, Москва (UTC+3)",
            "2026-12-01 06:00",
        ),
        (
            {"report_frequency": "hourly"},
            "каждый день в 09:00, Москва (UTC+3)",
            "2026-11-22 06:00",
        ),
    ],
    ids=[
        "its default zone",
        "no such zone",
        "odd weekdays",
        "no weekdays",
        "no interval",
        "negative interval",
        "monthly",
        "no such frequency",
    ],
)
async def test_what_it_stored_is_shown_as_what_it_does(
    rig: BotRig, columns: dict[str, Any], words: str, due_at: str
) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель", **columns)
    task_id = await add_destination(rig, profile_id, rig.alice.id)
    chat = rig.alice.private(rig.me)

    screen = await open_report_settings(chat, profile_id)
    assert f"Когда: {words}" in screen.text

    press = chat.press(f"report_resume:{profile_id}", screen)
    await chat.wait_for_notice(press)
    assert await next_due(rig, task_id) == utc(due_at)


async def test_a_weekly_schedule_without_days_has_all_ticked_and_can_be_mended(
    rig: BotRig,
) -> None:
    profile_id = await add_profile(
        rig, rig.alice, "Мебель", report_frequency="weekly", report_weekdays="7,8"
    )
    chat = rig.alice.private(rig.me)
    screen = await open_report_settings(chat, profile_id)
    assert "каждый день в 09:00" in screen.text

    chat.press(f"report_day_toggle:{profile_id}:6", screen)

    screen = await chat.wait_for("В какие дни")
    ticked = [one.text for row in screen.keyboard for one in row if one.text.startswith("✅")]
    assert ticked == ["✅ Пн", "✅ Вт", "✅ Ср", "✅ Чт", "✅ Пт", "✅ Сб"]
    assert (await profile_of(rig, profile_id)).report_weekdays == "0,1,2,3,4,5"


async def test_every_few_days_without_a_phase_keeps_the_one_it_is_shown_with(rig: BotRig) -> None:
    profile_id = await add_profile(
        rig,
        rig.alice,
        "Мебель",
        report_frequency="interval",
        report_interval_value=4,
        created_at=utc("2026-11-20 10:00"),
    )
    task_id = await add_destination(rig, profile_id, rig.alice.id)
    chat = rig.alice.private(rig.me)
    screen = await open_report_settings(chat, profile_id)
    assert "Следующий: во вторник 24 ноября в 09:00" in screen.text

    press = chat.press(f"interval_set:{profile_id}:4", screen)

    await chat.wait_for_notice(press)
    assert await next_due(rig, task_id) == utc("2026-11-24 06:00")


async def test_a_place_of_which_only_the_number_is_known(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    await execute(
        rig,
        "INSERT INTO report_tasks (profile_id, chat_id, report_metrics, report_days)"
        " VALUES (:id, -1001234567890, 'not json', '[9]')",
        id=profile_id,
    )
    await add_destination(rig, profile_id, rig.alice.id)

    screen = await open_report_settings(rig.alice.private(rig.me), profile_id)

    assert "• чат -1001234567890\n• личный чат с ботом" in screen.text
