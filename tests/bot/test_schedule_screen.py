"""The settings screen of a report: what is set, in words, and the pause."""

from __future__ import annotations

import pytest

from tests.support.bot import BotRig
from tests.support.dialogues import open_card
from tests.support.places import owe_report
from tests.support.rows import add_destination, add_profile, connected, scalar
from tests.support.schedules import next_due, open_report_settings, profile_of, utc

pytestmark = pytest.mark.one_database


async def test_a_new_profile_is_led_from_connecting_to_its_schedule(rig: BotRig) -> None:
    chat, profile_id = await rig.connect(rig.alice, name="Мебель")

    chat.click("⏰ Отчёты по расписанию")

    screen = await chat.wait_for("Настройки отчёта «Мебель»")
    assert "Отчёты по расписанию: не настроены" in screen.text
    assert "Когда: каждый день в 09:00, Москва (UTC+3)" in screen.text
    assert "Следующий: когда будет выбрано, куда отправлять" in screen.text
    assert "За какие дни: за вчера" in screen.text
    assert "В отчёте: 13 показателей" in screen.text
    assert "Куда: ещё не выбрано" in screen.text
    assert {
        f"{prefix}:{profile_id}"
        for prefix in (
            "report_set_chat",
            "report_set_time",
            "report_zone",
            "report_frequency",
            "report_set_period",
            "report_characteristics",
            "report_pause",
            "report_now",
            "profile_view",
        )
    } == set(screen.button_data)


async def test_the_card_leads_to_the_schedule_and_back(rig: BotRig) -> None:
    profile_id = await connected(rig, rig.alice, name="Мебель")
    chat = rig.alice.private(rig.me)
    await open_card(chat, profile_id)

    chat.click("⏰ Отчёты по расписанию")

    await chat.wait_for("Настройки отчёта «Мебель»")
    chat.click("« К профилю")
    await chat.wait_for("Аккаунт Avito")


async def test_every_place_is_told_with_what_is_wrong_there(rig: BotRig) -> None:
    profile_id = await connected(rig, rig.alice)
    await add_destination(rig, profile_id, rig.alice.id, chat_type="private")
    await add_destination(
        rig,
        profile_id,
        -100200,
        7,
        chat_title="Клиенты",
        chat_type="supergroup",
        topic_name="Отчёты",
        is_silent=True,
        is_active=False,
    )
    await add_destination(
        rig, profile_id, -100300, chat_title="Новости", chat_type="channel", suspended="kicked"
    )
    await add_destination(
        rig,
        profile_id,
        -100400,
        chat_title="Отдел",
        chat_type="group",
        problem="too_late",
        problem_at=utc("2026-11-20 06:05"),
    )

    text = (await open_report_settings(rig.alice.private(rig.me), profile_id)).text

    places = text.partition("Куда:\n")[2].splitlines()
    assert places[0] == "• личный чат с ботом"
    assert "группа «Клиенты», тема «Отчёты»" in places[1]
    assert "без звука" in places[1]
    assert "на паузе" in places[1]
    assert "канал «Новости»" in places[2]
    assert "верните меня" in places[2]
    assert "группа «Отдел»" in places[3]
    assert "Сбой с прошлым отчётом (20.11.2026 в 09:05)" in places[4]
    assert "стало поздно" in places[4]
    assert "Следующий: завтра, в воскресенье 22 ноября, в 09:00 (Москва)" in text


async def test_one_cause_is_told_once_for_all_its_places(rig: BotRig) -> None:
    profile_id = await connected(rig, rig.alice)
    for number, problem in enumerate(("Unavailable", "Unavailable", "too_late")):
        await add_destination(
            rig,
            profile_id,
            -100200 - number,
            chat_title=f"Чат {number}",
            chat_type="group",
            problem=problem,
            problem_at=utc("2026-11-21 05:59"),
        )

    text = (await open_report_settings(rig.alice.private(rig.me), profile_id)).text

    assert text.splitlines()[-2:] == [
        "⚠️ Сбой с прошлым отчётом (сегодня в 08:59) — группа «Чат 0», группа «Чат 1». "
        "Avito сейчас не отвечает. Попробуйте через несколько минут.",
        "⚠️ Сбой с прошлым отчётом (сегодня в 08:59) — группа «Чат 2». "
        "Бот долго не работал или не мог его собрать, и слать его стало поздно.",
    ]


async def test_what_is_said_of_the_place_or_the_profile_is_not_said_again(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель", problem="KeysRefused")
    await add_destination(rig, profile_id, rig.alice.id, problem="KeysRefused")
    await add_destination(rig, profile_id, -100300, problem="kicked", suspended="kicked")

    text = (await open_report_settings(rig.alice.private(rig.me), profile_id)).text

    assert "Сбой с прошлым отчётом" not in text
    assert text.count("не принимает ключи") == 1
    assert "меня там нет" in text


async def test_refused_keys_are_told_where_the_reports_are_set_up(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель", problem="KeysRefused")

    screen = await open_report_settings(rig.alice.private(rig.me), profile_id)

    assert "Avito больше не принимает ключи профиля. Замените их." in screen.text
    assert f"profile_keys:{profile_id}" in screen.button_data


async def test_a_pause_is_in_force_at_once_and_so_is_its_end(rig: BotRig) -> None:
    profile_id = await connected(rig, rig.alice)
    task_id = await add_destination(rig, profile_id, rig.alice.id, chat_type="private")
    chat = rig.alice.private(rig.me)
    await open_report_settings(chat, profile_id)

    chat.click(f"report_pause:{profile_id}")

    screen = await chat.wait_for("Отчёты по расписанию: на паузе")
    assert "Следующий: не придёт, пока отчёты на паузе" in screen.text
    assert not (await profile_of(rig, profile_id)).is_report_active
    assert await next_due(rig, task_id) is None

    chat.click(f"report_resume:{profile_id}")

    screen = await chat.wait_for("Отчёты по расписанию: включены")
    assert "Следующий: завтра, в воскресенье 22 ноября, в 09:00 (Москва)" in screen.text
    assert (await profile_of(rig, profile_id)).is_report_active
    assert await next_due(rig, task_id) == utc("2026-11-22 06:00")


async def test_a_report_that_waits_does_not_come_after_a_pause(rig: BotRig) -> None:
    profile_id = await connected(rig, rig.alice)
    task_id = await add_destination(rig, profile_id, rig.alice.id, chat_type="private")
    await owe_report(rig, task_id, "2026-11-21T09:00")
    chat = rig.alice.private(rig.me)
    await open_report_settings(chat, profile_id)

    chat.click(f"report_pause:{profile_id}")

    screen = await chat.wait_for("Отчёты по расписанию: на паузе")
    assert "⏸ Прошлый отчёт не отправлен (сегодня в 09:0" in screen.text
    assert "Вы поставили отчёты на паузу раньше, чем он ушёл." in screen.text
    assert await scalar(rig, "SELECT state FROM outbox") == "withdrawn"

    # It was a slip.
    chat.click(f"report_resume:{profile_id}")

    screen = await chat.wait_for("Отчёты по расписанию: включены")
    assert "Прошлый отчёт" not in screen.text
    assert await scalar(rig, "SELECT finished_at FROM outbox") is None


async def test_two_taps_on_pause_are_one_pause(rig: BotRig) -> None:
    profile_id = await connected(rig, rig.alice)
    task_id = await add_destination(rig, profile_id, rig.alice.id, chat_type="private")
    chat = rig.alice.private(rig.me)
    screen = await open_report_settings(chat, profile_id)

    presses = [chat.press(f"report_pause:{profile_id}", screen) for _ in range(2)]

    for press in presses:
        assert (await chat.wait_for_notice(press)).text == "Сохранено, уже действует."
    assert "Отчёты по расписанию: на паузе" in (await chat.wait_for("Настройки отчёта")).text
    assert await next_due(rig, task_id) is None


async def test_a_place_that_refuses_us_or_is_paused_has_no_next_report(rig: BotRig) -> None:
    profile_id = await connected(rig, rig.alice)
    refused = await add_destination(rig, profile_id, -100300, suspended="kicked")
    paused = await add_destination(rig, profile_id, -100400, is_active=False)
    chat = rig.alice.private(rig.me)
    screen = await open_report_settings(chat, profile_id)
    assert "Следующий: не придёт, все места на паузе или недоступны" in screen.text

    chat.press(f"time_set:{profile_id}:10:0", screen)

    await chat.wait_for("каждый день в 10:00")
    assert await next_due(rig, refused) is None
    assert await next_due(rig, paused) is None


async def test_the_card_tells_when_the_next_report_comes(rig: BotRig) -> None:
    profile_id = await connected(rig, rig.alice)
    chat = rig.alice.private(rig.me)
    await open_card(chat, profile_id)
    assert "Отчёты по расписанию не настроены" in chat.last.text
    await add_destination(rig, profile_id, rig.alice.id)
    screen = await open_report_settings(chat, profile_id)
    chat.press(f"time_set:{profile_id}:18:0", screen)
    await chat.wait_for("каждый день в 18:00")

    chat.click("« К профилю")
    card = await chat.wait_for("Аккаунт Avito")
    assert "Отчёт по расписанию: сегодня в 18:00 (Москва)" in card.text
    chat.press(f"report_pause:{profile_id}", card)
    await chat.wait_for("на паузе")

    chat.click("« К профилю")
    await chat.wait_for("Отчёты по расписанию на паузе")
