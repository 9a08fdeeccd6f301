"""Charlie: whatever button he crafts about Alice's profile, he gets a sentence and no more."""

from __future__ import annotations

import inspect
from datetime import date
from enum import Enum
from typing import Any

from aiogram.filters.callback_data import CallbackData

from bot import callbacks
from sandbox.telegram.people import ChatView
from sandbox.telegram.presses import Press
from tests.support.bot import BotRig
from tests.support.rows import connected, dump

PASSING = ("inbox", "replies")
"""Every update leaves a row here, whatever it did."""


LOOKING = {
    callbacks.ReportNow,
    callbacks.ReportExcel,
    callbacks.ReportHistorical,
    callbacks.ReportOther,
    callbacks.ReportDays,
    callbacks.ReportPreset,
    callbacks.ReportShow,
    callbacks.ReportRefresh,
    callbacks.ReportCompare,
    callbacks.ReportAgainst,
    callbacks.ReportBreakdown,
    callbacks.BreakdownBy,
    callbacks.BreakdownPage,
    callbacks.CalendarPage,
    callbacks.CalendarEmpty,
    callbacks.ComparePage,
    callbacks.ReportItems,
    callbacks.ItemsPage,
    callbacks.ExportMessenger,
    callbacks.ExportRun,
}
"""Changes nothing: its owner may press it in a group too."""


def about_profiles() -> list[type[CallbackData]]:
    """Every button that carries a profile's id, those of tomorrow included."""
    found = [
        kind
        for _, kind in inspect.getmembers(callbacks, inspect.isclass)
        if issubclass(kind, CallbackData)
        and "profile_id" in kind.model_fields
        and kind not in (callbacks.AboutProfile, callbacks.AboutPeriod, callbacks.AboutExport)
    ]
    assert callbacks.ProfileView in found
    return found


def crafted(kind: type[CallbackData], profile_id: int) -> str:
    """The wire string of a button, with some value for all it carries besides the id."""
    values: dict[str, Any] = {"profile_id": profile_id}
    for name, field in kind.model_fields.items():
        if name not in values:
            values[name] = _some(field.annotation)
    return kind(**values).pack()


def _some(type_: Any) -> Any:
    if type_ in (date, callbacks.Day | None):
        return date(2026, 11, 20)
    return next(iter(type_)) if issubclass(type_, Enum) else type_(1)


async def notice_of(chat: ChatView, press: Press) -> str:
    return (await chat.wait_for_notice(press)).text


async def test_no_button_about_a_profile_works_for_a_stranger(rig: BotRig) -> None:
    profile_id = await connected(rig, rig.alice, name="Тайный магазин")
    chat = rig.charlie.private(rig.me)
    chat.start()
    await chat.wait_for("Avito Analytics Bot")
    before = await dump(rig, without=PASSING)

    for kind in about_profiles():
        press = chat.press(crafted(kind, profile_id), chat.last)
        assert await notice_of(chat, press) == "Такого профиля у вас нет: возможно, он удалён."
        await rig.settled()

    assert await dump(rig, without=PASSING) == before
    assert "Тайный" not in chat.transcript()
    assert rig.avito.history == []


async def test_in_a_group_a_stranger_learns_nothing_and_the_owner_is_led_to_private(
    rig: BotRig,
) -> None:
    profile_id = await connected(rig, rig.alice, name="Тайный магазин")
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.charlie, rig.me)
    strange, own = rig.charlie.at(group), rig.alice.at(group)
    own.send("/profiles@avito_test_bot")
    hint = await own.wait_for("настраиваются в личном чате")
    before = await dump(rig, without=PASSING)

    for kind in about_profiles():
        press = strange.press(crafted(kind, profile_id), hint)
        notice = await strange.wait_for_notice(press)
        assert notice.url or notice.text == "Этот профиль больше не присылает сюда отчёты."
        if kind not in LOOKING:
            press = own.press(crafted(kind, profile_id), hint)
            assert "?start=profiles" in ((await own.wait_for_notice(press)).url or "")

    assert await dump(rig, without=PASSING) == before
    assert "Тайный" not in strange.transcript()


async def test_a_stranger_cannot_stop_somebodys_job(rig: BotRig) -> None:
    profile_id = await connected(rig, rig.alice)
    rig.avito.fault("hold", "stats_v2")
    own, strange = rig.alice.private(rig.me), rig.charlie.private(rig.me)
    strange.start()
    await strange.wait_for("Avito Analytics Bot")
    own.send("/profiles")
    own.press(f"report_now:{profile_id}", await own.wait_for("Профили Avito"))
    placeholder = await own.wait_for("Собираю отчёт")
    [stop] = placeholder.button_data

    press = strange.press(stop, strange.last)

    assert await notice_of(strange, press) == "Это уже закончено."
    rig.avito.clear_faults()
    await own.wait_for("Отчёт Avito")


async def test_ids_that_cannot_be_get_a_sentence_and_the_list(rig: BotRig) -> None:
    await connected(rig, rig.alice, name="Мебель")
    chat = rig.alice.private(rig.me)
    chat.send("/profiles")
    listing = await chat.wait_for("Профили Avito: 1")
    ids = (0, -1, 999_999, 2**31 - 1, 2**31, 2**63, -(2**63), 10**30)
    for prefix in ("profile_view", "profile_delete_confirm", "report_now", "job_stop"):
        for number in ids:
            press = chat.press(f"{prefix}:{number}", listing)
            assert await notice_of(chat, press) in {
                "Такого профиля у вас нет: возможно, он удалён.",
                "Эта кнопка устарела. Вот что сейчас.",
                "Это уже закончено.",
            }
    await rig.settled()
    assert listing.text.startswith("📋 Профили Avito: 1")
    assert "⚠️" not in rig.operator.private(rig.me).transcript()


async def test_data_that_nobody_made_gets_a_sentence_and_the_list(rig: BotRig) -> None:
    chat = rig.charlie.private(rig.me)
    chat.start()
    greeting = await chat.wait_for("Avito Analytics Bot")
    junk = (
        *("profile_view", "profile_view:", "profile_view:abc", "profile_view:1:2", ":", "::::"),
        *("x" * 64, "я" * 32, "profile_view:1e3", "about_profile:1", "freq_set:1:hourly", "\x00"),
        *("profiles_page:x", "keys_again:secret", "job_stop:", "settings_show:-"),
    )
    for data in junk:
        press = chat.press(data, greeting)
        assert await notice_of(chat, press) == "Эта кнопка устарела. Вот что сейчас."
    await rig.settled()
    assert "⚠️" not in rig.operator.private(rig.me).transcript()
