"""The buttons under a report with a picture: all looks take turns in its message."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from sandbox.telegram.people import ChatView
from sandbox.telegram.seen import Seen
from tests.support.bot import BotRig
from tests.support.looking import reporting_at, tap
from tests.support.rows import execute

pytestmark = pytest.mark.one_database

STALE = timedelta(hours=4)


async def in_group(rig: BotRig, *, has_chart: bool = True) -> tuple[ChatView, int, Seen]:
    """Bob's view of a group where a profile of Alice's reports with pictures, and a report."""
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.charlie, rig.me)
    bob = rig.bob.at(group)
    profile_id, report = await reporting_at(rig, bob, has_chart=has_chart)
    await rig.settled()
    assert bool(report.photo) is has_chart
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
    picture = report.photo

    await tap(bob, "⚖️ Сравнить", report)
    await bob.wait_for("Было: 07.11.2026")
    with_days_before = report.photo
    await tap(bob, "Месяцем раньше", report)

    assert (await bob.wait_for("Было: 14.10.2026")).id == report.id
    assert report.photo not in (picture, with_days_before)


def whole(report: Seen) -> tuple[object, ...]:
    """All that people see of a message."""
    return (report.text, report.entities, report.photo, report.button_texts)


@pytest.mark.parametrize(
    ("button", "shown"),
    [
        ("7 дней", "14.11.2026 – 20.11.2026\n\n👁"),
        ("⚖️ Сравнить", "Сравнение"),
        ("📅 По дням", "Итого"),
        ("Другие дни", "за какие дни?"),
    ],
)
async def test_whatever_is_looked_at_there_the_report_comes_back_as_it_was(
    rig: BotRig, button: str, shown: str
) -> None:
    bob, _, report = await in_group(rig)
    charlie = rig.charlie.at(bob.chat)
    as_it_was, sent = whole(report), len(rig.telegram.sent(bob.chat.id))
    # What it told may have changed meanwhile.
    rig.avito.account("shop").set_day(date(2026, 11, 20), views=4_321)
    rig.clock.advance(STALE)

    await tap(bob, button, report)
    assert (await bob.wait_for(shown)).id == report.id
    [back] = [text for row in report.button_texts for text in row if text in BACK]
    await tap(charlie, back, report)

    await bob.wait_for("Отчёт Avito\nМебель\n20.11.2026\n")
    assert whole(report) == as_it_was
    assert len(rig.telegram.sent(bob.chat.id)) == sent


BACK = ("« К отчёту", "« Отчёт за 20.11.2026")


async def test_from_look_to_look_the_first_report_is_the_one_that_comes_back(rig: BotRig) -> None:
    bob, _, report = await in_group(rig)
    as_it_was, picture = whole(report), report.photo

    for button, shown in (
        ("7 дней", "14.11.2026 – 20.11.2026"),
        ("📅 По дням", "Итого"),
        ("« Отчёт за 14.11.2026 – 20.11.2026", "Отчёт Avito"),
        ("30 дней", "22.10.2026 – 20.11.2026"),
        ("Другие дни", "за какие дни?"),
        ("🗓 Выбрать в календаре", "Выберите первый день"),
        ("« К выбору дней", "за какие дни?"),
    ):
        await tap(bob, button, report)
        assert (await bob.wait_for(shown)).id == report.id
    assert report.photo != picture
    await tap(bob, "« Отчёт за 20.11.2026", report)

    await bob.wait_for("20.11.2026\n\n👁")
    assert whole(report) == as_it_was


async def test_a_report_that_was_read_anew_is_the_one_that_comes_back(rig: BotRig) -> None:
    bob, _, report = await in_group(rig)
    rig.avito.account("shop").set_day(date(2026, 11, 20), views=4_321)
    rig.clock.advance(STALE)
    await tap(bob, "🔄 Обновить", report)
    await bob.wait_for("4 321")
    await rig.settled()
    as_it_is = whole(report)

    await tap(bob, "7 дней", report)
    await bob.wait_for("14.11.2026 – 20.11.2026")
    await tap(bob, "« К отчёту", report)

    await bob.wait_for("20.11.2026\n\n👁")
    assert whole(report) == as_it_is


async def test_a_report_without_a_picture_gets_none_that_would_stay(rig: BotRig) -> None:
    bob, _, report = await in_group(rig, has_chart=False)
    as_it_was = whole(report)
    await execute(rig, "UPDATE report_tasks SET has_chart = true")

    await tap(bob, "7 дней", report)
    await bob.wait_for("14.11.2026 – 20.11.2026")
    assert report.photo is None
    await tap(bob, "« К отчёту", report)

    await bob.wait_for("20.11.2026\n\n👁")
    assert whole(report) == as_it_was


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


async def test_a_table_that_had_to_wait_for_avito_stands_under_the_same_picture(
    rig: BotRig,
) -> None:
    bob, profile_id, report = await in_group(rig)
    picture = report.photo
    rig.clock.advance(STALE)

    bob.press(f"report_breakdown:{profile_id}:2026-11-14:2026-11-20", report)

    table = await bob.wait_for("Итого")
    await rig.settled()
    assert (table.id, table.photo) == (report.id, picture)


async def test_a_failure_is_told_under_the_picture_and_does_not_come_back(rig: BotRig) -> None:
    bob, profile_id, report = await in_group(rig)
    as_it_was = whole(report)
    await execute(rig, "DELETE FROM daily_stats")
    await execute(rig, "DELETE FROM account_syncs")
    rig.clock.advance(STALE)
    rig.avito.fault("status", "stats_v2", status=500)

    bob.press(f"report_days:{profile_id}:7", report)

    failed = await bob.wait_for("Отчёт сейчас не получился")
    assert (failed.id, failed.photo) == (report.id, as_it_was[2])
    assert failed.text.startswith(str(as_it_was[0]))
    rig.avito.clear_faults()
    rig.clock.advance(timedelta(seconds=65))
    await rig.settled()
    await tap(bob, "⚖️ Сравнить", report)
    await bob.wait_for("Сравнение")
    await tap(bob, "« Отчёт за 20.11.2026", report)
    await bob.wait_for("Отчёт Avito")
    assert whole(report) == as_it_was
