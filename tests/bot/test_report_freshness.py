"""How old the numbers are, and how few calls of Avito they cost."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from bot.jobs import WIDTH
from tests.support.bot import BotRig
from tests.support.dialogues import open_card
from tests.support.report import ask_report, count, read_figures
from tests.support.rows import becomes, connected, days_stored
from tests.support.waiting import eventually

pytestmark = pytest.mark.one_database

YESTERDAY = date(2026, 11, 20)


async def test_connecting_reads_270_days_with_one_call(rig: BotRig) -> None:
    await rig.connect(rig.alice)

    [call] = rig.avito.calls("stats_v2")
    assert (call.request["dateFrom"], call.request["dateTo"]) == ("2026-02-25", "2026-11-21")
    assert await days_stored(rig, "shop") == 270


async def test_a_second_report_within_the_minute_costs_no_call(rig: BotRig) -> None:
    chat, profile_id = await rig.connect(rig.alice)

    first = await ask_report(chat, profile_id)
    await rig.quiet()
    rig.clock.advance(timedelta(seconds=20))
    second = await ask_report(chat, profile_id)

    assert read_figures(second) == read_figures(first)
    assert len(rig.avito.calls("stats_v2")) == 1
    assert all(call.status != 429 for call in rig.avito.history)


async def test_numbers_older_than_three_hours_are_read_again(rig: BotRig) -> None:
    chat, profile_id = await rig.connect(rig.alice)
    rig.clock.advance(timedelta(hours=3, minutes=5))
    rig.avito.account("shop").set_day(YESTERDAY, views=4_321)

    report = await ask_report(chat, profile_id)

    assert read_figures(report)["Просмотры"].value == count(4_321)
    assert "Обновлено в 12:05 по Москве" in report.text
    assert rig.avito.calls("stats_v2")[-1].request["dateFrom"] == "2026-10-18"


async def test_a_report_that_avito_refuses_comes_from_the_store_and_is_refreshed_later(
    rig: BotRig,
) -> None:
    chat, profile_id = await rig.connect(rig.alice)
    rig.clock.advance(timedelta(hours=4))
    rig.avito.fault("status", "stats_v2", times=1, status=500)
    await ask_report(chat, profile_id)
    await rig.quiet()

    report = await ask_report(chat, profile_id)
    assert "раз в минуту: следующие — с 13:02." in report.text
    assert "Обновлено в 09:00" in report.text
    await rig.quiet()

    rig.clock.advance(timedelta(seconds=65))
    await eventually(lambda: len(rig.avito.calls("stats_v2")) == 3)
    await becomes(rig, "SELECT failure FROM account_syncs", None)
    assert "Обновлено в 13:01" in (await ask_report(chat, profile_id)).text
    assert len(rig.avito.calls("stats_v2")) == 3


async def test_without_any_numbers_a_report_waits_for_avitos_minute(rig: BotRig) -> None:
    rig.avito.fault("status", "stats_v2", times=1, status=500)
    chat, profile_id = await rig.connect(rig.alice)

    chat.click(f"report_now:{profile_id}")
    await chat.wait_for("Прочитаю через")
    rig.clock.advance(timedelta(seconds=65))

    report = await chat.wait_for("Отчёт Avito")
    views = rig.avito.account("shop").day_numbers(YESTERDAY)["views"]
    assert read_figures(report)["Просмотры"].value == count(views)


async def test_a_wait_for_avitos_minute_can_be_stopped(rig: BotRig) -> None:
    rig.avito.fault("status", "stats_v2", times=1, status=500)
    chat, profile_id = await rig.connect(rig.alice)

    chat.click(f"report_now:{profile_id}")
    await chat.wait_for("Прочитаю через")
    chat.click("⏹ Остановить")

    stopped = await chat.wait_for("Остановлено: сбор отчёта")
    assert stopped.button_data == [f"report_now:{profile_id}", f"profile_view:{profile_id}"]
    await rig.quiet()
    assert len(rig.avito.calls("stats_v2")) == 1


async def test_those_who_wait_for_avitos_minute_hold_up_nobody_else(rig: BotRig) -> None:
    rig.avito.fault("status", "stats_v2", times=1, status=500)
    chat, profile_id = await rig.connect(rig.alice)
    done = chat.last
    for day in range(1, WIDTH + 1):
        chat.press(f"report_excel:{profile_id}:2026-11-{day:02}:2026-11-{day:02}", done)
    waiting = "Прочитаю через"
    await eventually(lambda: sum(waiting in seen.text for seen in chat.messages) == WIDTH)
    bobs = await connected(rig, rig.bob, "second")
    other = rig.bob.private(rig.me)
    await open_card(other, bobs)

    await ask_report(other, bobs)

    assert sum(waiting in seen.text for seen in chat.messages) == WIDTH
    # To read the listings of all these days would take as many minutes.
    chat.send("/cancel")
    await chat.wait_for("Остановлено")


async def test_two_owners_of_one_account_share_its_numbers_and_its_minute(rig: BotRig) -> None:
    await rig.connect(rig.alice)
    profile_id = await connected(rig, rig.bob)
    chat = rig.bob.private(rig.me)
    chat.send("/profiles")
    await chat.wait_for("Профили Avito")
    chat.click(f"profile_view:{profile_id}")
    await chat.wait_for("Аккаунт Avito")

    report = await ask_report(chat, profile_id)

    assert "Просмотры" in read_figures(report)
    assert len(rig.avito.calls("stats_v2")) == 1


async def test_a_slow_avito_is_waited_for_with_a_sign_of_life(rig: BotRig) -> None:
    chat, profile_id = await rig.connect(rig.alice)
    rig.clock.advance(timedelta(hours=4))
    rig.avito.fault("hold")

    chat.click(f"report_now:{profile_id}")

    placeholder = await chat.wait_for("Собираю отчёт")
    assert placeholder.button_texts == [["⏹ Остановить"]]
    rig.avito.clear_faults()
    report = await chat.wait_for("Отчёт Avito")
    assert report.id == placeholder.id
    assert "Обновлено в 13:00" in report.text


@pytest.mark.parametrize("status", [503, 429])
async def test_a_day_that_was_read_before_its_end_says_so_and_is_not_compared(
    rig: BotRig, status: int
) -> None:
    chat, profile_id = await rig.connect(rig.alice)
    rig.clock.advance(timedelta(days=1))
    rig.avito.fault("status", "stats_v2", status=status)

    report = await ask_report(chat, profile_id)

    assert "21.11.2026 прочитан не целиком (до 09:00)" in report.text
    said = read_figures(report)
    assert {label for label in said if said[label].change} <= {"Кошелёк", "Аванс"}
    rig.avito.clear_faults()
    rig.clock.advance(timedelta(seconds=65))
    report = await ask_report(chat, profile_id)
    assert "не целиком" not in report.text
    assert read_figures(report)["Просмотры"].change
