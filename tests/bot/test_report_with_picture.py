"""The buttons under a report with a picture: words alone can never take its place."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sandbox.telegram.people import ChatView
from sandbox.telegram.seen import Seen
from tests.support.bot import BotRig
from tests.support.looking import reporting_at, tap
from tests.support.rows import execute

pytestmark = pytest.mark.one_database

STALE = timedelta(hours=4)


async def in_group(rig: BotRig) -> tuple[ChatView, int, Seen]:
    """Bob's view of a group where a profile of Alice's reports with pictures, and a report."""
    bob = rig.bob.at(rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me))
    profile_id, report = await reporting_at(rig, bob, has_chart=True)
    await rig.settled()
    assert report.photo
    return bob, profile_id, report


async def test_other_days_come_with_a_picture_of_their_own_in_the_same_message(
    rig: BotRig,
) -> None:
    bob, _, report = await in_group(rig)
    picture = report.photo

    await tap(bob, "7 дней", report)

    assert (await bob.wait_for("14.11.2026 – 20.11.2026")).id == report.id
    assert report.photo
    assert report.photo != picture


async def test_a_table_comes_below_and_leads_back_to_a_report(rig: BotRig) -> None:
    bob, _, report = await in_group(rig)
    as_it_was = (report.text, report.photo, report.button_data)

    await tap(bob, "⚖️ Сравнить", report)
    table = await bob.wait_for("Сравнение")
    assert table.id != report.id
    await tap(bob, "« Отчёт за 20.11.2026", table)
    await rig.settled()

    assert table.photo
    assert "Отчёт Avito" in table.text
    assert (report.text, report.photo, report.button_data) == as_it_was


async def test_while_avito_is_asked_the_picture_stays_and_can_have_its_words_back(
    rig: BotRig,
) -> None:
    bob, profile_id, report = await in_group(rig)
    as_it_was = (report.text, report.entities, report.photo, report.button_data)
    rig.clock.advance(STALE)
    rig.avito.fault("hang", "stats_v2")
    bob.press(f"report_days:{profile_id}:7", report)
    placeholder = await bob.wait_for("Собираю отчёт")
    assert (placeholder.id, placeholder.photo) == (report.id, as_it_was[2])

    await tap(bob, "⏹ Остановить", placeholder)

    await bob.wait_for("Отчёт Avito")
    await rig.settled()
    assert (report.text, report.entities, report.photo, report.button_data) == as_it_was


async def test_a_table_that_had_to_wait_for_avito_leaves_the_report_as_it_was(
    rig: BotRig,
) -> None:
    bob, profile_id, report = await in_group(rig)
    as_it_was = (report.text, report.entities, report.photo, report.button_data)
    rig.clock.advance(STALE)

    bob.press(f"report_breakdown:{profile_id}:2026-11-14:2026-11-20", report)

    table = await bob.wait_for("Итого")
    await rig.settled()
    assert table.id != report.id
    assert (report.text, report.entities, report.photo, report.button_data) == as_it_was


async def test_a_failure_is_told_under_the_picture(rig: BotRig) -> None:
    bob, profile_id, report = await in_group(rig)
    before, picture = report.text, report.photo
    await execute(rig, "DELETE FROM daily_stats")
    await execute(rig, "DELETE FROM account_syncs")
    rig.clock.advance(STALE)
    rig.avito.fault("status", "stats_v2", status=500)

    bob.press(f"report_days:{profile_id}:7", report)

    failed = await bob.wait_for("Отчёт сейчас не получился")
    assert (failed.id, failed.photo) == (report.id, picture)
    assert failed.text.startswith(before)
