"""Charlie once more: no button and no link of his touches where Alice's reports go."""

from __future__ import annotations

import inspect
from datetime import date

import pytest
from aiogram.filters.callback_data import CallbackData

from bot import callbacks
from tests.support.bot import BotRig
from tests.support.places import bound, greet, places_of
from tests.support.rows import add_profile, dump

pytestmark = pytest.mark.one_database

PASSING = ("inbox", "replies")
"""Every update leaves a row here, whatever it did."""


def about_destinations() -> list[type[CallbackData]]:
    """Every button that carries a destination's id, those of tomorrow included."""
    found = [
        kind
        for _, kind in inspect.getmembers(callbacks, inspect.isclass)
        if issubclass(kind, CallbackData)
        and "task_id" in kind.model_fields
        and kind is not callbacks.AboutDestination
    ]
    assert callbacks.DestinationRemoveConfirm in found
    return found


OTHER_THAN_IS_SET = {
    "metric": "views",
    "every": "week",
    "is_silent": True,
    "has_chart": False,
    "choice": "hold",
    "is_digest": True,
    "first": date(2026, 11, 20),
    "last": date(2026, 11, 20),
}


def crafted(kind: type[CallbackData], task_id: int) -> str:
    """The wire string of a button, with something for all it carries besides the id."""
    rest = {name: OTHER_THAN_IS_SET[name] for name in kind.model_fields if name != "task_id"}
    return kind(task_id=task_id, **rest).pack()


async def test_no_button_about_a_destination_works_for_a_stranger(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Тайный магазин")
    group = rig.telegram.supergroup("Тайные клиенты", rig.alice, rig.me)
    task_id = await bound(rig, profile_id, group)
    await add_profile(rig, rig.charlie, "Свой")
    chat = await greet(rig, rig.charlie)
    await rig.settled()
    before = await dump(rig, without=PASSING)

    for kind in about_destinations():
        press = chat.press(crafted(kind, task_id), chat.last)
        notice = await chat.wait_for_notice(press)
        assert notice.text == "Этого места для отчётов у вас уже нет: возможно, его убрали."
        await rig.settled()

    assert await dump(rig, without=PASSING) == before
    assert "Тайн" not in chat.transcript()


async def test_in_a_group_buttons_about_destinations_lead_to_private(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.charlie, rig.me)
    task_id = await bound(rig, profile_id, group)
    inside = rig.charlie.at(group)
    inside.send("/help")
    hint = await inside.wait_for("личном чате")
    await rig.settled()
    before = await dump(rig, without=PASSING)

    for kind in about_destinations():
        press = inside.press(crafted(kind, task_id), hint)
        assert "?start=" in ((await inside.wait_for_notice(press)).url or "")

    assert await dump(rig, without=PASSING) == before


async def test_a_chat_without_a_place_is_no_destination(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.me)
    task_id = await bound(rig, profile_id, group, chat_id=0)
    chat = await greet(rig, rig.alice)

    press = chat.press(f"destination_resume:{task_id}", chat.last)

    assert "уже нет" in (await chat.wait_for_notice(press)).text


async def test_a_strangers_link_binds_nothing_of_hers(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Тайный магазин")
    await add_profile(rig, rig.charlie, "Свой")
    group = rig.telegram.supergroup("Логово", rig.charlie, rig.me)
    inside = rig.charlie.at(group)

    rig.charlie.follow_group_link(rig.me, f"bind_{profile_id}", group)

    await inside.wait_for("Такого профиля у вас нет")
    assert await places_of(rig, profile_id) == []
    assert "Тайный" not in inside.transcript()


@pytest.mark.parametrize("data", ["place_bind:{id}:{chat}:0", "report_chat_here:{id}"])
async def test_a_stranger_cannot_send_her_reports_anywhere(rig: BotRig, data: str) -> None:
    profile_id = await add_profile(rig, rig.alice, "Тайный магазин")
    group = rig.telegram.supergroup("Логово", rig.charlie, rig.me)
    chat = await greet(rig, rig.charlie)

    press = chat.press(data.format(id=profile_id, chat=group.id), chat.last)

    assert "Такого профиля у вас нет" in (await chat.wait_for_notice(press)).text
    assert await places_of(rig, profile_id) == []


async def test_a_shared_chat_counts_for_ones_own_profiles_only(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Тайный магазин")
    own = await add_profile(rig, rig.charlie, "Свой")
    group = rig.telegram.supergroup("Логово", rig.charlie, rig.me)
    chat = await greet(rig, rig.charlie)
    chat.press(f"destination_pick:{own}", chat.last)
    asked = await chat.wait_for("Нажмите кнопку внизу")
    for row in (asked.message.markup or {})["keyboard"]:
        for button in row:
            if "request_chat" in button:
                button["request_chat"]["request_id"] = profile_id

    chat.share_chat(group, "👥 Выбрать группу")

    await chat.wait_for("Такого профиля у вас нет")
    assert await places_of(rig, profile_id) == []


async def test_numbers_that_no_chat_has_are_an_old_button(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    chat = await greet(rig, rig.alice)
    for data in (
        *(f"place_bind:{profile_id}:{2**60}:0", f"place_bind:{profile_id}:-100:-1"),
        *(f"place_profiles:-100:{2**31}:0", "destination_view:0", f"destination_check:{2**31}"),
    ):
        press = chat.press(data, chat.last)
        notice = await chat.wait_for_notice(press)
        assert notice.text == "Эта кнопка устарела. Вот что сейчас."
        await rig.settled()
    assert await places_of(rig, profile_id) == []
