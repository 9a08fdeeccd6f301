"""One message for several profiles: switched on at a place, told truthfully, and it comes."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest

from sandbox.telegram.model import Chat
from sandbox.telegram.people import ChatView
from sandbox.telegram.seen import Seen
from tests.support.bot import BotRig
from tests.support.looking import tap
from tests.support.places import bound, greet, open_places
from tests.support.report import expected_totals, read_figures
from tests.support.rows import add_profile, becomes, connected, execute, scalar
from tests.support.schedules import open_report_settings
from tests.support.stats import TITLE, read_rows

pytestmark = pytest.mark.one_database

YESTERDAY = date(2026, 11, 20)
ON = "🗂 Одной сводкой с другими"
OFF = "✉️ Отдельными сообщениями"


async def shared_place(rig: BotRig, *names: str) -> tuple[ChatView, Chat, list[int]]:
    """Alice's private chat, a group of hers, and the places there of as many profiles."""
    chat = await greet(rig, rig.alice)
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me)
    profiles = [await add_profile(rig, rig.alice, name, report_time=time(9)) for name in names]
    return chat, group, [await bound(rig, profile_id, group) for profile_id in profiles]


async def card(rig: BotRig, chat: ChatView, task_id: int) -> Seen:
    profile_id = await scalar(
        rig, "SELECT profile_id FROM report_tasks WHERE id = :id", id=task_id
    )
    await open_places(chat, profile_id)
    chat.click(f"destination_view:{task_id}")
    return await chat.wait_for("Группа «Клиенты»")


async def flags(rig: BotRig) -> int:
    return await scalar(rig, "SELECT count(*) FROM report_tasks WHERE is_digest") or 0


async def test_a_place_of_one_profile_offers_no_digest(rig: BotRig) -> None:
    chat, group, [task] = await shared_place(rig, "Мебель")
    await bound(rig, await add_profile(rig, rig.bob, "Чужой"), group)
    await bound(rig, await add_profile(rig, rig.alice, "Тема"), group, thread_id=7)

    seen = await card(rig, chat, task)

    assert "Сводка" not in seen.text
    assert f"destination_digest:{task}:1" not in seen.button_data


async def test_it_is_switched_on_and_off_for_the_whole_place(rig: BotRig) -> None:
    chat, group, [first, second] = await shared_place(rig, "Мебель", "Кофейня")
    await bound(rig, await add_profile(rig, rig.bob, "Чужой"), group)
    seen = await card(rig, chat, first)
    assert "Сводка: нет, отчёты «Кофейня» приходят сюда отдельными сообщениями" in seen.text

    chat.click(ON)
    seen = await chat.wait_for("Сводка: одним сообщением с «Кофейня»\n")
    assert "График: приходит с отчётом, но не в сводке\n" in seen.text
    assert await flags(rig) == 2
    assert "Сводка: одним сообщением с «Мебель»\n" in (await card(rig, chat, second)).text
    profile_id = await scalar(rig, "SELECT max(profile_id) FROM report_tasks WHERE is_digest")
    settings = await open_report_settings(chat, profile_id)
    assert "• группа «Клиенты»\n   сводка: одним сообщением с «Мебель»" in settings.text

    await card(rig, chat, second)
    chat.click(OFF)
    seen = await chat.wait_for("Сводка: нет, отчёты «Мебель»")
    assert "График: приходит с отчётом\n" in seen.text
    assert await flags(rig) == 0
    assert "сводка" not in (await open_report_settings(chat, profile_id)).text


async def test_who_has_another_time_other_days_or_a_pause_is_told_apart(rig: BotRig) -> None:
    names = ("Мебель", "Кофейня", "Вечер", "Неделя", "Пауза")
    chat, _, [first, *_] = await shared_place(rig, *names)
    query = "SELECT id FROM avito_profiles WHERE profile_name = :name"
    evening, week, paused = [await scalar(rig, query, name=name) for name in names[2:]]
    await card(rig, chat, first)
    chat.click(ON)
    await chat.wait_for("Сводка: одним сообщением с «Кофейня», «Вечер», «Неделя», «Пауза»\n")

    await open_report_settings(chat, evening)
    chat.click("🕘 Время")
    await chat.wait_for("Во сколько")
    chat.click("18:00")
    # What a setting does to the digest is said in the screen that follows.
    await chat.wait_for("   сводка: включена, но пока не с кем; отдельно «Мебель» (каждый день")
    await open_report_settings(chat, week)
    chat.click("📅 За какие дни")
    await chat.wait_for("За какие дни считать")
    chat.click("За 7 дней")
    await chat.wait_for("«Кофейня» (за другие дни)")
    await open_report_settings(chat, paused)
    chat.click("⏸ Поставить на паузу")
    await chat.wait_for("   сводка: включена, но сейчас этот отчёт сюда не приходит")

    seen = await card(rig, chat, first)
    assert (
        "Сводка: одним сообщением с «Кофейня»; отдельно «Вечер» (каждый день в 18:00), «Неделя» "
        "(за другие дни), «Пауза» (на паузе)\n"
    ) in seen.text


async def test_where_it_cannot_come_true_it_is_not_offered(rig: BotRig) -> None:
    chat, _, [first, second] = await shared_place(rig, "Мебель", "Кофейня")
    weekly = "UPDATE avito_profiles SET report_frequency = 'weekly', report_weekdays = '0'"
    await execute(rig, weekly + " WHERE profile_name = 'Кофейня'")

    seen = await card(rig, chat, first)

    assert (
        "Сводка: не получится, отчёты приходят отдельно: «Кофейня» (по понедельникам в 09:00)\n"
    ) in seen.text
    assert f"destination_digest:{first}:1" not in seen.button_data

    await execute(rig, "UPDATE report_tasks SET is_digest = true")
    seen = await card(rig, chat, second)
    assert (
        "Сводка: включена, но пока не с кем; отдельно «Мебель» (каждый день в 09:00)\n"
        in seen.text
    )
    chat.click(OFF)
    await chat.wait_for("Сводка: не получится")


async def test_a_place_on_pause_says_why_it_shares_nothing(rig: BotRig) -> None:
    chat, _, [first, _] = await shared_place(rig, "Мебель", "Кофейня")
    await card(rig, chat, first)
    chat.click(ON)
    await chat.wait_for("одним сообщением")

    chat.click("⏸ Пауза")

    await chat.wait_for("Сводка: включена, но сейчас этот отчёт сюда не приходит\n")


async def test_a_profile_that_is_bound_later_joins(rig: BotRig) -> None:
    chat, group, [first, _] = await shared_place(rig, "Мебель", "Кофейня")
    await card(rig, chat, first)
    chat.click(ON)
    await chat.wait_for("одним сообщением")

    later = await bound(
        rig, await add_profile(rig, rig.alice, "Шторы", report_time=time(9)), group
    )
    stranger = await bound(rig, await add_profile(rig, rig.bob, "Чужой"), group)

    assert (
        "Сводка: одним сообщением с «Мебель», «Кофейня»\n" in (await card(rig, chat, later)).text
    )
    assert await flags(rig) == 3
    assert not await scalar(rig, "SELECT is_digest FROM report_tasks WHERE id = :id", id=stranger)


async def reporting_at(rig: BotRig, at: time, *accounts: tuple[str, str]) -> tuple[ChatView, int]:
    """Profiles of Alice that come in one message; Bob's view of the group, and one's id."""
    rig.alice.private(rig.me).start()
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me)
    profile_id = 0
    for label, name in accounts:
        profile_id = await connected(rig, rig.alice, label, name)
        await execute(rig, "UPDATE avito_profiles SET report_time = :at", at=at.isoformat())
        await bound(rig, profile_id, group)
    await execute(rig, "UPDATE report_tasks SET is_digest = true")
    return rig.bob.at(group), profile_id


async def test_it_comes_at_its_minute_as_one_message(rig: BotRig) -> None:
    accounts = (("shop", "Мебель"), ("second", "Кофейня"), ("debtor", "Долги"))
    group, _ = await reporting_at(rig, time(9, 1), *accounts)

    rig.clock.advance(timedelta(minutes=2))

    digest = await group.wait_for(TITLE)
    await rig.settled()
    assert len(rig.telegram.sent(group.chat.id)) == 1
    assert sorted(read_rows(digest)) == ["Долги", "Кофейня", "Мебель"]
    said = read_figures(digest)
    expected = expected_totals([rig.avito.account(label) for label, _ in accounts], YESTERDAY)
    assert {label: said[label] for label in expected} == expected
    await becomes(rig, "SELECT count(*) FROM outbox WHERE state = 'sent'", 3)


async def test_other_days_in_place_of_it_are_of_those_that_it_told_of(rig: BotRig) -> None:
    accounts = (("shop", "Мебель"), ("second", "Кофейня"))
    group, _ = await reporting_at(rig, time(9, 1), *accounts)
    rig.clock.advance(timedelta(minutes=2))
    digest = await group.wait_for(TITLE)
    await becomes(rig, "SELECT count(*) FROM outbox WHERE state = 'sent'", 2)
    await bound(rig, await connected(rig, rig.alice, "debtor", "Долги"), group.chat)

    await tap(group, "7 дней", digest)

    await group.wait_for("2 профиля, 14.11.2026")
    assert sorted(read_rows(digest)) == ["Кофейня", "Мебель"]


async def test_a_trial_of_it_is_a_trial_of_the_whole(rig: BotRig) -> None:
    group, profile_id = await reporting_at(
        rig, time(18), ("shop", "Мебель"), ("second", "Кофейня")
    )
    chat = rig.alice.private(rig.me)
    await open_report_settings(chat, profile_id)
    chat.click("📨 Прислать пробный")
    asked = await chat.wait_for("Прислать пробную сводку в группу «Клиенты»?")
    assert "Сводку «Кофейня», «Мебель» увидят все" in asked.text

    chat.click("📨 Да, прислать")

    await chat.wait_for("Пробная сводка заказана: «Кофейня», «Мебель». Она придёт в группу")
    trial = await group.wait_for("Пробная сводка")
    assert sorted(read_rows(trial)) == ["Кофейня", "Мебель"]


async def test_the_owner_is_asked_once_about_a_digest_of_which_nobody_knows(rig: BotRig) -> None:
    group, _ = await reporting_at(rig, time(9, 1), ("shop", "Мебель"), ("second", "Кофейня"))
    await execute(rig, "UPDATE report_tasks SET on_lost_answer = 'hold'")
    await rig.settled()
    rig.telegram.fault("drop_after", "sendMessage", times=1)

    rig.clock.advance(timedelta(minutes=2))

    chat = rig.alice.private(rig.me)
    asked = await chat.wait_for("Неизвестно, дошёл ли отчёт")
    assert "«Мебель» и ещё 1 профиля за 20.11.2026" in asked.text
    chat.click("🔁 Отправить ещё раз", asked)
    await group.wait_for(lambda seen: "🔁 Повтор" in seen.text and TITLE in seen.text)
    await rig.settled()
    await becomes(rig, "SELECT count(*) FROM outbox WHERE state = 'sent'", 2)
    assert "Неизвестно" not in chat.transcript()
