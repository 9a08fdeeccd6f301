"""A button is a letter from the past: old, pressed twice, on a message that is gone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sandbox.telegram.people import ChatView
from sandbox.telegram.presses import Press
from tests.support.bot import BotRig
from tests.support.dialogues import open_card
from tests.support.report import ask_report
from tests.support.rows import connected, execute, scalar
from tests.support.waiting import eventually

pytestmark = pytest.mark.one_database


async def pressed(chat: ChatView, data: str) -> Press:
    press = chat.click(data)
    assert isinstance(press, Press)
    return press


async def test_two_taps_at_once_are_one_report(rig: BotRig) -> None:
    profile_id = await connected(rig, rig.alice)
    rig.avito.fault("hold", "stats_v2")
    chat = rig.alice.private(rig.me)
    await open_card(chat, profile_id)

    presses = [await pressed(chat, f"report_now:{profile_id}") for _ in range(3)]

    notices = [await chat.wait_for_notice(press) for press in presses]
    said = [notice.text for notice in notices]
    assert said == ["", *["Уже выполняю, подождите немного."] * 2]
    assert not any(notice.is_alert for notice in notices)
    rig.avito.clear_faults()
    await chat.wait_for("Отчёт Avito")
    await rig.quiet()
    assert chat.transcript().count("📊 Отчёт Avito") == 1


async def test_two_taps_on_delete_delete_once_and_the_second_gets_a_sentence(rig: BotRig) -> None:
    profile_id = await connected(rig, rig.alice)
    chat = rig.alice.private(rig.me)
    await open_card(chat, profile_id)
    chat.click("🗑 Удалить")
    await chat.wait_for("Удалить профиль")

    first, second = [await pressed(chat, "🗑 Да, удалить") for _ in range(2)]

    await chat.wait_for_notice(first)
    notice = await chat.wait_for_notice(second)
    assert (notice.text, notice.is_alert) == (
        "Такого профиля у вас нет: возможно, он удалён.",
        True,
    )
    await chat.wait_for("Пока не подключён ни один")


async def test_a_screen_that_is_there_already_stays_and_the_press_is_answered(rig: BotRig) -> None:
    chat = rig.alice.private(rig.me)
    chat.send("/profiles")
    await chat.wait_for("Профили Avito")

    press = chat.press("profiles_back", chat.last)

    await chat.wait_for_notice(press)
    await rig.settled()
    [edit] = rig.telegram.history.of("editMessageText")
    assert "message is not modified" in (edit.description or "")
    assert len(rig.telegram.sent(rig.alice.id)) == 1


async def test_a_button_of_a_message_too_old_to_edit_opens_a_new_message(rig: BotRig) -> None:
    profile_id = await connected(rig, rig.alice)
    chat = rig.alice.private(rig.me)
    chat.send("/profiles")
    listing = await chat.wait_for("Профили Avito")
    rig.clock.advance(timedelta(hours=49))

    chat.click(f"profile_view:{profile_id}", listing)

    card = await chat.wait_for("Аккаунт Avito")
    assert card.id != listing.id


async def test_every_button_of_an_old_message_still_works(rig: BotRig) -> None:
    chat, profile_id = await rig.connect(rig.alice)
    await open_card(chat, profile_id)
    card = chat.last
    rig.clock.advance(timedelta(hours=49))
    for data, answer in (
        ("report_now", "Отчёт Avito"),
        ("profile_report", "Настройки отчёта"),
        ("profile_rename", "Пришлите новое название"),
        ("profile_keys", "Пришлите client_id"),
        ("profile_delete", "Удалить профиль"),
    ):
        chat.click(f"{data}:{profile_id}", card)
        await chat.wait_for(answer)


async def test_a_button_on_a_message_deleted_meanwhile_opens_a_new_message(rig: BotRig) -> None:
    profile_id = await connected(rig, rig.alice)
    chat = rig.alice.private(rig.me)
    chat.send("/profiles")
    listing = await chat.wait_for("Профили Avito")

    chat.click(f"profile_view:{profile_id}", listing)
    chat.delete(listing)

    assert (await chat.wait_for("Аккаунт Avito")).id != listing.id


async def test_a_report_whose_placeholder_was_deleted_comes_as_a_new_message(rig: BotRig) -> None:
    profile_id = await connected(rig, rig.alice)
    rig.avito.fault("hold", "stats_v2")
    chat = rig.alice.private(rig.me)
    await open_card(chat, profile_id)
    chat.click(f"report_now:{profile_id}")

    chat.delete(await chat.wait_for("Собираю отчёт"))
    rig.avito.clear_faults()

    await chat.wait_for("Отчёт Avito")


async def test_a_press_too_old_to_answer_is_handled_all_the_same(rig: BotRig) -> None:
    profile_id = await connected(rig, rig.alice)
    chat = rig.alice.private(rig.me)
    chat.send("/profiles")
    listing = await chat.wait_for("Профили Avito")
    rig.telegram.fault("hold_before", "answerCallbackQuery")
    chat.click(f"profile_view:{profile_id}", listing)
    await eventually(lambda: rig.telegram.history.of("answerCallbackQuery"))
    rig.clock.advance(timedelta(minutes=5))
    rig.telegram.clear_faults()

    await chat.wait_for("Аккаунт Avito")

    await rig.settled()
    [answer] = rig.telegram.history.of("answerCallbackQuery")
    assert "query is too old" in (answer.description or "")


async def test_buttons_of_an_ended_dialogue_say_so(rig: BotRig) -> None:
    chat = rig.alice.private(rig.me)
    chat.send("/add_profile")
    question = await chat.wait_for("шаг 1 из 3")

    press = chat.press("keys_again:client_id", question)
    assert "устарела" in (await chat.wait_for_notice(press)).text
    chat.send("/cancel")
    await chat.wait_for("Прервано")
    chat.press("cancel", question)
    await chat.wait_for("Отменять нечего")


async def test_a_placeholder_that_its_work_left_behind_gives_way_to_a_way_on(rig: BotRig) -> None:
    profile_id = await connected(rig, rig.alice)
    rig.avito.fault("hold", "stats_v2")
    chat = rig.alice.private(rig.me)
    await open_card(chat, profile_id)
    chat.click(f"report_now:{profile_id}")
    placeholder = await chat.wait_for("Собираю отчёт")
    await execute(rig, "DELETE FROM jobs")
    rig.avito.clear_faults()
    await rig.quiet()

    press = chat.press(placeholder.button_data[0], placeholder)
    assert (await chat.wait_for_notice(press)).text == "Это уже закончено."
    await rig.settled()
    assert "Собираю отчёт" in placeholder.text

    rig.clock.advance(timedelta(minutes=2))
    chat.click("⏹ Остановить", placeholder)
    gone = await chat.wait_for("результат, если он был, в другом сообщении")
    assert (gone.id, gone.button_data) == (placeholder.id, ["profiles_back"])


async def test_the_stop_button_of_finished_work_says_that_it_is_over(rig: BotRig) -> None:
    chat, profile_id = await rig.connect(rig.alice)
    report = await ask_report(chat, profile_id)
    await rig.quiet()

    for job_id in (1, 2, 999):
        press = chat.press(f"job_stop:{job_id}", report)
        assert (await chat.wait_for_notice(press)).text == "Это уже закончено."
    assert await scalar(rig, "SELECT count(*) FROM jobs") == 0
