"""Choosing the days of a report: by name or in a calendar, within what anybody has numbers of."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from sandbox.telegram.people import ChatView
from sandbox.telegram.seen import Seen
from tests.support.bot import BotRig
from tests.support.dialogues import open_card
from tests.support.looking import craft, reporting_at, tap
from tests.support.looks import all_days, before, expected
from tests.support.places import greet
from tests.support.report import read_figures
from tests.support.rows import execute

pytestmark = pytest.mark.one_database


async def choosing(rig: BotRig) -> tuple[ChatView, int, Seen]:
    """Alice, who has just connected a profile, before the choice of days."""
    chat, profile_id = await rig.connect(rig.alice, name="Мебель")
    await open_card(chat, profile_id)
    await tap(chat, "🗓 Отчёт за другие дни", chat.last)
    return chat, profile_id, await chat.wait_for("Отчёт «Мебель»: за какие дни?")


def labels(screen: Seen) -> list[str]:
    return [text for row in screen.button_texts for text in row]


async def test_every_name_opens_its_days_and_the_way_back_leads_to_the_card(rig: BotRig) -> None:
    chat, profile_id, screen = await choosing(rig)
    for button, days in (
        ("Сегодня", "21.11.2026, сегодня ещё не закончилось"),
        ("Вчера", "20.11.2026"),
        ("7 дней", "14.11.2026 – 20.11.2026"),
        ("30 дней", "22.10.2026 – 20.11.2026"),
        ("Этот месяц", "01.11.2026 – 20.11.2026"),
        ("Прошлый месяц", "01.10.2026 – 31.10.2026"),
    ):
        await tap(chat, button, screen)
        await chat.wait_for(f"Мебель\n{days}\n")
        assert screen.id == chat.last.id
        await tap(chat, "Другие дни", screen)
        assert (await chat.wait_for("за какие дни?")).id == screen.id

    await open_card(chat, profile_id)
    await tap(chat, "🗓 Отчёт за другие дни", chat.last)
    await chat.wait_for("за какие дни?")
    await tap(chat, "« К профилю", chat.last)
    await chat.wait_for("Аккаунт Avito")
    assert len(rig.avito.calls("stats_v2")) == 1


async def test_today_is_never_shown_as_it_was_hours_ago(rig: BotRig) -> None:
    chat, _, screen = await choosing(rig)
    await tap(chat, "Сегодня", screen)
    await chat.wait_for("сегодня ещё не закончилось")
    rig.clock.advance(timedelta(hours=4))
    rig.avito.account("shop").set_day(date(2026, 11, 21), views=4_321)
    await tap(chat, "Другие дни", screen)
    await chat.wait_for("за какие дни?")

    await tap(chat, "Сегодня", screen)

    assert "4 321" in (await chat.wait_for("Обновлено в 13:00")).text


async def test_under_a_report_the_choice_leads_back_to_it(rig: BotRig) -> None:
    chat, _, screen = await choosing(rig)
    await tap(chat, "7 дней", screen)
    await chat.wait_for("14.11.2026 – 20.11.2026")

    await tap(chat, "Другие дни", screen)
    screen = await chat.wait_for("за какие дни?")
    await tap(chat, "« Отчёт за 14.11.2026 – 20.11.2026", screen)

    await rig.settled()
    assert screen.photo
    assert "14.11.2026 – 20.11.2026" in screen.text


@pytest.mark.parametrize("ends", [("26", "5"), ("5", "26")])
async def test_a_period_is_picked_in_a_calendar_from_either_end(
    rig: BotRig, ends: tuple[str, str]
) -> None:
    chat, _, screen = await choosing(rig)
    await tap(chat, "🗓 Выбрать в календаре", screen)
    await chat.wait_for("Ноябрь 2026\nВыберите первый день.")
    months = {"26": "Октябрь 2026", "5": "Ноябрь 2026"}

    for end in ends:
        for turn in (f"‹ {months[end]}", f"{months[end]} ›"):
            if turn in labels(screen):
                await tap(chat, turn, screen)
                await chat.wait_for(months[end])
        await tap(chat, end, screen)
        await rig.settled()

    await chat.wait_for("26.10.2026 – 05.11.2026")
    days = all_days(date(2026, 10, 26), date(2026, 11, 5))
    wanted = expected(rig.avito.account("shop"), days, before(days))
    said = read_figures(screen)
    assert {label: said[label] for label in wanted} == wanted


async def test_one_day_is_picked_by_two_taps_and_the_first_can_be_taken_back(
    rig: BotRig,
) -> None:
    chat, _, screen = await choosing(rig)
    await tap(chat, "🗓 Выбрать в календаре", screen)
    await chat.wait_for("Выберите первый день.")
    await tap(chat, "3", screen)
    await chat.wait_for("Первый день — 03.11.2026")

    await tap(chat, "↩️ Другой первый день", screen)
    await chat.wait_for("Выберите первый день.")
    await tap(chat, "4", screen)
    await chat.wait_for("Первый день — 04.11.2026")
    await tap(chat, "[4]", screen)

    await chat.wait_for("Мебель\n04.11.2026\n")


async def test_days_without_numbers_cannot_be_picked(rig: BotRig) -> None:
    chat, profile_id, screen = await choosing(rig)
    await tap(chat, "🗓 Выбрать в календаре", screen)
    await chat.wait_for("Выберите первый день.")
    assert "22" not in labels(screen)

    notice = await tap(chat, "·", screen)
    assert notice.text == "Выбрать можно дни с 25.02.2026 по 21.11.2026."

    await craft(chat, f"calendar_page:{profile_id}:2026-02-01:", screen)
    await chat.wait_for("Февраль 2026")
    numbers = [text for text in labels(screen) if text.isdigit()]
    assert numbers == ["25", "26", "27", "28"]
    assert not any(text.startswith("‹") for text in labels(screen))
    for month in ("2020-01-01", "2099-12-01"):
        await craft(chat, f"calendar_page:{profile_id}:{month}:", screen)
        await rig.settled()
        assert not [text for text in labels(screen) if text.isdigit()]
        assert f"report_historical:{profile_id}" in screen.button_data


async def test_days_beyond_what_is_known_get_a_clear_sentence(rig: BotRig) -> None:
    chat, profile_id, screen = await choosing(rig)
    text = screen.text
    too_deep = "Так далеко назад ничего нет: самый ранний день — 25.02.2026."
    future = "Этих дней ещё не было: сегодня 21.11.2026."
    for data, sentence in (
        ("report_show:{id}:2026-02-24:2026-03-01", too_deep),
        ("report_show:{id}:2026-11-20:2026-11-22", future),
        ("report_compare:{id}:2027-01-01:2027-01-02", future),
        ("report_breakdown:{id}:2025-01-01:2026-01-01", too_deep),
        ("report_against:{id}:2026-11-14:2026-11-20:2025-11-14", too_deep),
        ("report_against:{id}:2026-11-14:2026-11-20:2026-11-20", future),
        ("report_days:{id}:300", too_deep),
    ):
        notice = await craft(chat, data.format(id=profile_id), screen)
        assert (notice.text, notice.is_alert) == (sentence, True)
    await rig.settled()
    assert screen.text == text
    # The last day that is known and the first one are no problem.
    await craft(chat, f"report_show:{profile_id}:2026-02-25:2026-11-21", screen)
    await chat.wait_for("25.02.2026 – 21.11.2026, сегодня ещё не закончилось")


async def test_what_was_read_once_can_be_asked_for_when_avito_has_forgotten_it(
    rig: BotRig,
) -> None:
    chat, profile_id, screen = await choosing(rig)
    await execute(rig, "UPDATE avito_profiles SET report_timezone = 'Asia/Vladivostok'")
    rig.clock.advance(timedelta(days=120))

    await craft(chat, f"report_show:{profile_id}:2026-03-01:2026-03-31", screen)

    report = await chat.wait_for("01.03.2026 – 31.03.2026")
    march = all_days(date(2026, 3, 1), date(2026, 3, 31))
    wanted = expected(rig.avito.account("shop"), march, None)
    said = read_figures(report)
    assert {label: said[label].value for label in wanted} == {
        label: one.value for label, one in wanted.items()
    }
    assert "⚠️" not in report.text
    assert len(rig.avito.calls("stats_v2")) == 1
    await craft(chat, f"report_historical:{profile_id}", report)
    await chat.wait_for("Числа есть с 25.02.2026")


async def test_days_are_moscows_over_a_change_of_the_owners_clocks(rig: BotRig) -> None:
    # 28.03.2027, 00:30 in Moscow. In Berlin it is still the 27th, and the clocks go forward
    # in two and a half hours.
    rig.clock.advance(timedelta(days=126, hours=15, minutes=30))
    chat, profile_id, screen = await choosing(rig)
    await execute(rig, "UPDATE avito_profiles SET report_timezone = 'Europe/Berlin'")
    account = rig.avito.account("shop")

    await tap(chat, "Вчера", screen)
    await chat.wait_for("Мебель\n27.03.2027\n")
    day = [date(2027, 3, 27)]
    said, wanted = read_figures(screen), expected(account, day, before(day))
    assert {label: said[label] for label in wanted} == wanted

    rig.clock.advance(timedelta(days=1))
    await craft(chat, f"report_days:{profile_id}:7", screen)
    await chat.wait_for("Мебель\n22.03.2027 – 28.03.2027\n")
    week = all_days(date(2027, 3, 22), date(2027, 3, 28))
    said, wanted = read_figures(screen), expected(account, week, before(week))
    assert {label: said[label] for label in wanted} == wanted


async def test_in_a_group_days_are_chosen_by_buttons_alone(rig: BotRig) -> None:
    bob = rig.bob.at(rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me))
    profile_id, report = await reporting_at(rig, bob)
    await tap(bob, "Другие дни", report)
    await bob.wait_for("за какие дни?")
    assert f"report_dates:{profile_id}" not in report.button_data

    await tap(bob, "Прошлый месяц", report)

    await bob.wait_for("01.10.2026 – 31.10.2026")


async def test_a_press_from_an_old_choice_means_the_days_of_today(rig: BotRig) -> None:
    chat, _, screen = await choosing(rig)
    rig.clock.advance(timedelta(days=1))

    await tap(chat, "Вчера", screen)

    await chat.wait_for("Мебель\n21.11.2026\n")


async def test_a_profile_without_an_account_can_be_looked_at_too(rig: BotRig) -> None:
    _, profile_id = await rig.connect(rig.alice, name="Мебель")
    await execute(rig, "UPDATE avito_profiles SET user_id = NULL")
    chat = await greet(rig, rig.alice)

    chat.press(f"report_historical:{profile_id}", chat.last)

    await chat.wait_for("Числа есть с 25.02.2026")
