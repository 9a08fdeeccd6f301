"""Typing the days of a report: a dialogue like the others."""

from __future__ import annotations

from datetime import date

import pytest

from sandbox.telegram.people import ChatView
from tests.support.bot import BotRig
from tests.support.looking import craft, tap
from tests.support.looks import all_days, before, expected
from tests.support.places import greet
from tests.support.report import read_figures
from tests.support.rows import connected, execute, scalar

pytestmark = pytest.mark.one_database

QUESTION = "пришлите одну дату или две"
ONE = pytest.mark.one_database


async def asked(rig: BotRig) -> tuple[ChatView, int]:
    """Alice, whom the bot has just asked for dates."""
    chat, profile_id = await rig.connect(rig.alice, name="Мебель")
    await ask(chat, profile_id)
    return chat, profile_id


async def ask(chat: ChatView, profile_id: int) -> None:
    await craft(chat, f"report_historical:{profile_id}", chat.last)
    await tap(chat, "✏️ Написать даты", await chat.wait_for("за какие дни?"))
    await chat.wait_for(QUESTION)


async def test_two_dates_become_a_report_below_them(rig: BotRig) -> None:
    chat, _ = await asked(rig)

    typed = chat.send("с 26.10 по 05.11.2026")

    report = await chat.wait_for("26.10.2026 – 05.11.2026")
    assert report.id > typed.id
    days = all_days(date(2026, 10, 26), date(2026, 11, 5))
    wanted = expected(rig.avito.account("shop"), days, before(days))
    said = read_figures(report)
    assert {label: said[label] for label in wanted} == wanted
    assert await scalar(rig, "SELECT count(*) FROM dialogues") == 0
    assert len(rig.avito.calls("stats_v2")) == 1


@ONE
@pytest.mark.parametrize("text", ["2026-11-05", "05.11.2026", "5.11"])
async def test_one_date_is_one_day(rig: BotRig, text: str) -> None:
    chat, _ = await asked(rig)

    chat.send(text)

    await chat.wait_for("Мебель\n05.11.2026\n")


@ONE
async def test_dates_in_the_wrong_order_are_turned_and_that_is_said(rig: BotRig) -> None:
    chat, _ = await asked(rig)

    chat.send("20.11.2026-14.11.2026")

    await chat.wait_for("Отчёт Avito")
    said = [seen.text.splitlines()[0] for seen in chat.messages[-2:]]
    assert said == [
        "Даты стояли в обратном порядке. Беру 14.11.2026 – 20.11.2026.",
        "📊 Отчёт Avito",
    ]


@ONE
async def test_what_cannot_be_is_explained_and_asked_again(rig: BotRig) -> None:
    chat, _ = await asked(rig)
    for text, answer in (
        ("на той неделе", "Не понял, какие это дни"),
        ("31.02.2026", "Даты 31.02.2026 не бывает"),
        ("22.11.2026", "Этих дней ещё не было: сегодня 21.11.2026"),
        ("01.01.1970", "самый ранний день — 25.02.2026"),
        ("9999-12-31", "Этих дней ещё не было"),
    ):
        chat.send(text)
        assert (await chat.wait_for(answer)).button_texts == [["❌ Отмена"]]

    chat.send("24.02.2026 - 26.02.2026")

    await chat.wait_for("Беру 25.02.2026 – 26.02.2026: раньше ничего нет.")
    await chat.wait_for("Мебель\n25.02.2026 – 26.02.2026\n")


@ONE
@pytest.mark.parametrize("way", ["/cancel", "❌ Отмена"])
async def test_it_can_be_left(rig: BotRig, way: str) -> None:
    chat, _ = await asked(rig)

    if way.startswith("/"):
        chat.send(way)
    else:
        chat.click(way)

    await chat.wait_for("Прервано: выбор дней для отчёта.")
    chat.send("05.11.2026")
    await chat.wait_for("Не понял это сообщение")


@ONE
async def test_commands_inside_it_are_commands(rig: BotRig) -> None:
    chat, profile_id = await asked(rig)
    for command, answer in (("/help", "Три шага"), ("/profiles", "Профили Avito: 1")):
        chat.send(command)
        await chat.wait_for(answer)
    assert "Прервано: выбор дней для отчёта." in chat.transcript()

    await ask(chat, profile_id)
    chat.send("/add_profile")
    await chat.wait_for("шаг 1 из 3")
    assert chat.transcript().count("Прервано: выбор дней для отчёта.") == 2


@ONE
async def test_a_button_pressed_instead_ends_the_question(rig: BotRig) -> None:
    chat, profile_id = await asked(rig)
    await craft(chat, f"report_days:{profile_id}:7", chat.last)
    await chat.wait_for("14.11.2026 – 20.11.2026")

    chat.send("05.11.2026")

    await chat.wait_for("Не понял это сообщение")


async def test_the_question_survives_a_restart(rig: BotRig) -> None:
    chat, _ = await asked(rig)

    await rig.restart()
    chat.send("05.11.2026")

    await chat.wait_for("Мебель\n05.11.2026\n")


@ONE
async def test_a_profile_deleted_meanwhile_is_no_more(rig: BotRig) -> None:
    chat, _ = await asked(rig)
    await execute(rig, "DELETE FROM avito_profiles")

    chat.send("05.11.2026")

    await chat.wait_for("Такого профиля у вас нет: возможно, он удалён.")
    assert await scalar(rig, "SELECT count(*) FROM dialogues") == 0


@ONE
async def test_days_that_have_to_be_read_first_are_worked_for(rig: BotRig) -> None:
    profile_id = await connected(rig, rig.alice, name="Мебель")
    rig.avito.fault("hold", "stats_v2")
    chat = await greet(rig, rig.alice)
    await ask(chat, profile_id)

    chat.send("20.11.2026 14.11.2026")

    placeholder = await chat.wait_for("Собираю отчёт «Мебель» за 14.11.2026 – 20.11.2026")
    assert placeholder.button_texts == [["⏹ Остановить"]]
    rig.avito.clear_faults()
    await chat.wait_for("Отчёт Avito")
    assert "14.11.2026 – 20.11.2026" in placeholder.text
