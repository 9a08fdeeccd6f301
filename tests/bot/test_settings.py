"""/settings: what is set, profile by profile."""

from __future__ import annotations

from typing import Any

from tests.support.bot import BotRig
from tests.support.rows import add_profile, execute


async def test_without_profiles_settings_lead_to_connecting_one(rig: BotRig) -> None:
    chat = rig.alice.private(rig.me)

    chat.send("/settings")

    said = await chat.wait_for("Что настроено")
    assert "не подключён ни один профиль" in said.text
    assert said.button_data == ["profile_add"]


async def test_a_new_profile_reports_on_demand_with_all_metrics(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    chat = rig.alice.private(rig.me)

    chat.send("/settings")

    said = await chat.wait_for("Что настроено")
    assert "Мебель" in said.text
    assert "Показатели: 13 из 13" in said.text
    assert "не настроены, отчёт приходит по кнопке" in said.text
    chat.click(f"profile_report:{profile_id}")
    await chat.wait_for("Настройки отчёта «Мебель»")
    chat.click("« К профилю")
    await chat.wait_for("Аккаунт Avito")


async def test_rows_of_the_predecessor_are_told_in_words(rig: BotRig) -> None:
    stories: dict[str, tuple[str, dict[str, Any], str]] = {
        "daily": ("Ежедневный", {}, "ежедневно в 09:00, зона UTC"),
        "weekly": ("Недельный", {"report_weekdays": "0,2,4"}, "по пн, ср, пт в 09:00, зона UTC"),
        "interval": ("Редкий", {"report_interval_value": 3}, "раз в 3 дня в 09:00, зона UTC"),
        "monthly": ("Месячный", {}, "раз в месяц в 09:00, зона UTC"),
    }
    for frequency, (name, columns, _) in stories.items():
        profile_id = await add_profile(
            rig, rig.alice, name, report_frequency=frequency, report_timezone="UTC", **columns
        )
        await execute(
            rig,
            "INSERT INTO report_tasks (profile_id, chat_id, report_metrics)"
            ' VALUES (:id, -1001234567890, \'["views", "cr"]\')',
            id=profile_id,
        )
    chat = rig.alice.private(rig.me)

    chat.send("/settings")

    text = (await chat.wait_for("Что настроено")).text
    for name, _, words in stories.values():
        assert f"{name}\nПоказатели: 2 из 13\nКуда: 1 чат\nКогда: {words}" in text
    assert text.count("Состояние: включено") == 4


async def test_a_task_without_a_chat_is_no_destination_and_a_pause_is_shown(rig: BotRig) -> None:
    unset = await add_profile(rig, rig.alice, "Без чата")
    paused = await add_profile(rig, rig.alice, "Пауза", is_report_active=False)
    for profile_id, chat_id in ((unset, 0), (paused, -100500)):
        await execute(
            rig,
            "INSERT INTO report_tasks (profile_id, chat_id) VALUES (:id, :chat)",
            id=profile_id,
            chat=chat_id,
        )
    chat = rig.alice.private(rig.me)

    chat.send("/settings")

    text = (await chat.wait_for("Что настроено")).text
    assert text.count("отчёт приходит по кнопке") == 1
    assert "Состояние: на паузе" in text


async def test_many_profiles_are_paged_and_strangers_see_none(rig: BotRig) -> None:
    for number in range(1, 12):
        await add_profile(rig, rig.alice, f"Точка {number:02}")
    chat, strange = rig.alice.private(rig.me), rig.charlie.private(rig.me)

    chat.send("/settings")
    assert "Точка 09" not in (await chat.wait_for("Точка 08")).text
    chat.click("Дальше ›")
    assert "Точка 11" in (await chat.wait_for("Точка 09")).text
    chat.click("‹ Назад")
    await chat.wait_for("Точка 01")

    strange.send("/settings")
    await strange.wait_for("не подключён ни один профиль")
