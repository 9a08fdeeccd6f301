"""Which days a scheduled report is about: what the frequency implies, or what was chosen."""

from __future__ import annotations

import pytest

from tests.support.bot import BotRig
from tests.support.rows import add_destination, connected, scalar
from tests.support.schedules import open_report_settings, task_of

pytestmark = pytest.mark.one_database


async def test_a_chosen_period_holds_for_every_place(rig: BotRig) -> None:
    profile_id = await connected(rig, rig.alice)
    tasks = [await add_destination(rig, profile_id, chat_id) for chat_id in (-100200, -100300)]
    chat = rig.alice.private(rig.me)
    await open_report_settings(chat, profile_id)
    chat.click(f"report_set_period:{profile_id}")
    question = await chat.wait_for("За какие дни считать отчёт?")
    assert "Сейчас: за вчера." in question.text

    chat.click(f"report_period:{profile_id}:week")

    await chat.wait_for("За какие дни: за последние 7 дней")
    for task_id in tasks:
        task = await task_of(rig, task_id)
        assert (task.report_period, task.is_period_set) == ("week", True)


async def test_every_period_of_the_contract_can_be_chosen_and_taken_back(rig: BotRig) -> None:
    profile_id = await connected(rig, rig.alice)
    task_id = await add_destination(rig, profile_id, rig.alice.id)
    chat = rig.alice.private(rig.me)
    screen = await open_report_settings(chat, profile_id)

    for period, words in (("month", "за последние 30 дней"), ("day", "за вчера")):
        chat.press(f"report_period:{profile_id}:{period}", screen)
        await chat.wait_for(f"За какие дни: {words}")
        assert (await task_of(rig, task_id)).report_period == period

    press = chat.press(f"report_period_auto:{profile_id}", screen)
    assert (await chat.wait_for_notice(press)).text == "Сохранено, уже действует."
    assert not (await task_of(rig, task_id)).is_period_set


async def test_a_period_chosen_before_any_place_is_kept_for_the_first(rig: BotRig) -> None:
    profile_id = await connected(rig, rig.alice)
    chat = rig.alice.private(rig.me)
    screen = await open_report_settings(chat, profile_id)
    presses = [chat.press(f"report_period:{profile_id}:month", screen) for _ in range(2)]
    for press in presses:
        await chat.wait_for_notice(press)
    assert await scalar(rig, "SELECT count(*) FROM report_tasks") == 1

    press = chat.press(f"report_chat_here:{profile_id}", screen)
    await chat.wait_for_notice(press)
    await rig.quiet()

    task_id = await scalar(
        rig, "SELECT id FROM report_tasks WHERE chat_id = :chat", chat=rig.alice.id
    )
    task = await task_of(rig, task_id)
    assert (task.report_period, task.is_period_set) == ("month", True)
    assert await scalar(rig, "SELECT count(*) FROM report_tasks") == 1
