"""/settings: what is set, profile by profile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.markdown import to_plain
from bot.screens import settings as screens
from bot.screens.parts import MESSAGE_LIMIT
from core.database.models import AvitoProfile, ReportTask
from core.services.destinations import Trouble
from core.services.profiles import NAME_LIMIT, ProfilePage
from core.services.schedule import Every, schedule_of
from core.services.settings import ReportSettings
from tests.support.bot import BotRig
from tests.support.dialogues import open_card
from tests.support.places import greet, open_places
from tests.support.rows import add_destination, add_profile, connected, execute, scalar
from tests.support.schedules import make_due

pytestmark = pytest.mark.one_database


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
    assert "не настроены: отчёт приходит по кнопке" in said.text
    assert "Чаты файлом: по кнопке. Прочитанное храню: 90 дней" in said.text
    chat.click(f"profile_report:{profile_id}")
    screen = await chat.wait_for("Настройки отчёта «Мебель»")
    assert "В отчёте: 13 показателей" in screen.text
    chat.click("« К профилю")
    await chat.wait_for("Аккаунт Avito")


async def test_rows_of_the_predecessor_are_told_in_words(rig: BotRig) -> None:
    stories: dict[str, tuple[str, dict[str, Any], str]] = {
        "daily": ("Ежедневный", {}, "каждый день в 09:00"),
        "weekly": (
            "Недельный",
            {"report_weekdays": "0,2,4"},
            "по понедельникам, средам и пятницам в 09:00",
        ),
        "interval": ("Редкий", {"report_interval_value": 3}, "раз в 3 дня в 09:00"),
        "monthly": ("Месячный", {}, "1-го числа каждого месяца в 09:00"),
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
        assert (
            f"{name}\nКуда: 1 место\nОтчёты по расписанию: включены\nКогда: {words}, UTC (UTC+0)\n"
            in text
        )


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
    assert "Отчёты по расписанию: на паузе" in text


async def test_a_report_that_waits_for_avito_says_so_wherever_its_profile_is_shown(
    rig: BotRig,
) -> None:
    chat = await greet(rig, rig.alice)
    profile_id = await connected(rig, rig.alice)
    task_id = await add_destination(rig, profile_id, rig.alice.id, chat_type="private")
    rig.avito.fault("status", "stats_v2", status=500)
    await make_due(rig, task_id)
    # The tick of the next minute, and not after a minute of waiting.
    rig.clock.advance(timedelta(minutes=2))
    while await scalar(rig, "SELECT next_try_at FROM outbox") is None:
        await rig.telegram.settled(rig.me)
    waits = "⏳ Отчёт за 20.11.2026 ждёт ответа Avito, попробую снова в 09:0"

    chat.send("/settings")
    assert waits in (await chat.wait_for("Что настроено")).text
    chat.click(f"profile_report:{profile_id}")
    assert waits in (await chat.wait_for("Настройки отчёта")).text
    await open_card(chat, profile_id)
    assert waits in chat.last.text
    await open_places(chat, profile_id)
    chat.click(f"destination_view:{task_id}")
    assert waits in (await chat.wait_for("Личный чат с ботом")).text


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (Trouble.BLOCKED, "Бот был остановлен: вы заблокировали его"),
        (Trouble.KICKED, "Бота тогда не было в том чате"),
        (Trouble.NO_RIGHTS, "Боту тогда нельзя было писать"),
        (Trouble.CHAT_GONE, "Telegram тогда не находил тот чат"),
        ("400 Bad Request: message is too strange", "Telegram отказался его принять"),
    ],
)
async def test_who_refused_the_last_report_is_said_when_it_is_over(
    rig: BotRig, problem: str, said: str
) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    await add_destination(
        *(rig, profile_id, -100500), problem=str(problem), problem_at=rig.clock.now()
    )
    chat = rig.alice.private(rig.me)
    chat.send("/settings")
    await chat.wait_for("Что настроено")

    chat.click(f"profile_report:{profile_id}")

    assert f"(сегодня в 09:00). {said}" in (await chat.wait_for("Сбой с прошлым отчётом")).text


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


def test_a_page_of_the_longest_names_is_one_message() -> None:
    now = datetime(2026, 11, 21, 6, tzinfo=UTC)
    of_profile: dict[str, Any] = {"is_report_active": True, "report_timezone": "Asia/Krasnoyarsk"}
    of_profile |= {"report_frequency": "weekly", "report_weekdays": "0,1,2,3,5"}
    found = []
    for number in range(1, 9):
        profile = AvitoProfile(
            id=number,
            profile_name="я" * NAME_LIMIT,
            created_at=now,
            problem="EmployeeKey",
            **of_profile,
        )
        tasks = [
            ReportTask(id=number * 10 + each, is_active=False, chats_every=every)
            for each, every in enumerate(Every)
        ]
        found.append(ReportSettings(profile, schedule_of(profile), tasks, None, now, []))
    page = ProfilePage([each.profile for each in found], number=0, pages=2, total=9)

    text = to_plain(screens.overview(page, found, now).text)
    assert text.count("\n⚠️ Это ключи сотрудника компании") == 8
    assert len(text) <= MESSAGE_LIMIT


@pytest.mark.parametrize("tasks", [[], [ReportTask(id=1, chat_id=-100500)]])
def test_a_profile_whose_keys_avito_refuses_says_so(tasks: list[ReportTask]) -> None:
    now = datetime(2026, 11, 21, 6, tzinfo=UTC)
    broken, fine = (
        AvitoProfile(id=number, profile_name=name, created_at=now, problem=problem)
        for number, name, problem in ((1, "Мебель", "KeysRefused"), (2, "Кофейня", None))
    )
    found = [
        ReportSettings(each, schedule_of(each), tasks, None, now, []) for each in (broken, fine)
    ]

    page = ProfilePage([broken, fine], number=0, pages=1, total=2)
    text = to_plain(screens.overview(page, found, now).text)

    assert "Мебель\n⚠️ Avito больше не принимает ключи профиля. Замените их.\n" in text
    assert text.count("⚠️") == 1


async def test_places_that_get_nothing_are_counted_apart(rig: BotRig) -> None:
    profile_id = await connected(rig, rig.alice)
    await add_destination(rig, profile_id, rig.alice.id, chat_type="private", chats_every="week")
    await add_destination(rig, profile_id, -100200, is_active=False)
    await add_destination(rig, profile_id, -100300, suspended="kicked", told="kicked")
    chat = rig.alice.private(rig.me)

    chat.send("/settings")
    text = (await chat.wait_for("Что настроено")).text
    assert "Куда: 3 места, из них недоступно: 1, на паузе: 1\n" in text
    assert "Чаты файлом: раз в неделю (1 место). Прочитанное храню: 90 дней" in text

    await open_card(chat, profile_id)
    assert "⚠️ Недоступно мест для отчётов: 1 из 3" in chat.last.text
