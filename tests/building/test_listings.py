"""Scheduled reports name listings where the night has read them, and never wait for that."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.screens.parts import CAPTION_LIMIT
from tests.support.building import BuilderRig, text_of

pytestmark = pytest.mark.one_database


async def after_a_night(rig: BuilderRig, **columns: Any) -> str:
    """The report of nine o'clock when the listings were read before it."""
    task = await rig.reporting("shop", **columns)
    rig.clock.scale = 600
    await rig.rounds.all_night()
    rig.clock.scale = 1
    await rig.nine_o_clock()
    parts = await rig.office.deliveries(task)
    return "\n\n".join(text_of(part) for part in parts)


async def test_a_report_after_a_night_names_listings_and_asks_for_none(rig: BuilderRig) -> None:
    text = await after_a_night(rig)

    assert "🏆 Больше всего контактов\n• Комод, лофт №7 — 4 контакта" in text
    assert "💸 Тратят без контактов\n• Стеллаж на заказ №23 — " in text
    asked = [call.request["grouping"] for call in rig.avito.calls("stats_v2")]
    assert asked.count("item") == 3


@pytest.mark.parametrize("columns", [{}, {"report_period": "week", "is_period_set": True}])
async def test_a_usual_report_with_its_listings_stands_under_its_picture(
    rig: BuilderRig, columns: dict[str, Any]
) -> None:
    text = await after_a_night(rig, **columns)

    [only] = await rig.office.deliveries()
    assert only.payload is not None
    assert only.payload["picture"]
    assert {mark for mark in "💰🏆💸" if mark in text} == set("💰🏆💸")
    assert "хватит на" in text
    assert len(text) <= CAPTION_LIMIT


async def test_a_report_about_the_last_week_names_those_of_the_week(rig: BuilderRig) -> None:
    text = await after_a_night(rig, report_period="week", is_period_set=True)

    assert "14.11.2026 – 20.11.2026" in text
    assert "🏆 Больше всего контактов\n• Комод, лофт №7 — 36 контактов" in text


async def test_without_such_a_night_it_comes_without_them(rig: BuilderRig) -> None:
    task = await rig.reporting("shop")

    await rig.nine_o_clock()

    text = text_of(await rig.of(task))
    assert "Просмотры" in text
    assert "🏆" not in text


@pytest.mark.parametrize(
    ("ticked", "told"),
    [
        (["views", "wallet_balance"], set()),
        (["views", "contacts"], {"🏆"}),
        (["contacts", "total_spending"], {"🏆", "💸"}),
    ],
)
async def test_it_tells_no_more_than_the_owner_lets_that_chat_read(
    rig: BuilderRig, ticked: list[str], told: set[str]
) -> None:
    text = await after_a_night(rig, report_metrics=json.dumps(ticked))

    assert {mark for mark in "🏆💸" if mark in text} == told


async def test_a_chat_that_reads_no_money_reads_no_price_of_a_contact(rig: BuilderRig) -> None:
    text = await after_a_night(rig, report_metrics=json.dumps(["views", "contacts"]))

    assert "• Комод, лофт №7 — 4 контакта\n" in text
    assert "₽" not in text
