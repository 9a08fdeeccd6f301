"""From the minute of a schedule into the chat, through the whole bot."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest

from core.rounds import AHEAD
from sandbox.telegram.people import ChatView
from tests.support.bot import BotRig
from tests.support.looking import tap
from tests.support.looks import all_days, before, expected
from tests.support.places import greet
from tests.support.report import expected_figures, read_figures
from tests.support.rows import add_destination, connected
from tests.support.schedules import open_report_settings, profile_of
from tests.support.stats import TITLE

YESTERDAY = date(2026, 11, 20)
TWO_MINUTES = timedelta(minutes=2)
TO_THE_SLOT = AHEAD + TWO_MINUTES


async def clients(rig: BotRig) -> tuple[ChatView, int]:
    """Bob's view of a group where a profile of Alice's reports at 09:16, and the profile.

    Too far off to be read ahead of its minute until a test goes there.
    """
    await greet(rig, rig.alice)
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me)
    profile_id = await connected(rig, rig.alice, "shop", "Мебель")
    async with rig.running.sessions.begin() as session:
        profile = await session.merge(await profile_of(rig, profile_id))
        profile.report_time = time(9, 16)
    due = rig.clock.now().replace(second=0, microsecond=0) + AHEAD + timedelta(minutes=1)
    await add_destination(
        *(rig, profile_id, group.id), chat_title="Клиенты", chat_type="supergroup", next_due_at=due
    )
    return rig.bob.at(group), profile_id


async def test_it_comes_with_its_minute_and_its_button_shows_more(rig: BotRig) -> None:
    group, _ = await clients(rig)

    rig.clock.advance(TO_THE_SLOT)

    report = await group.wait_for("Отчёт Avito")
    said, expected = read_figures(report), expected_figures(rig.avito.account("shop"), YESTERDAY)
    assert {label: said[label] for label in expected} == expected
    group.click("📊 Сводка", report)
    await group.wait_for(TITLE)


async def test_everybody_there_turns_it_over(rig: BotRig) -> None:
    group, _ = await clients(rig)
    rig.clock.advance(TO_THE_SLOT)
    report = await group.wait_for("Отчёт Avito")

    await tap(group, "7 дней", report)

    assert (await group.wait_for("14.11.2026 – 20.11.2026")).id == report.id
    week = all_days(date(2026, 11, 14), date(2026, 11, 20))
    said, wanted = read_figures(report), expected(rig.avito.account("shop"), week, before(week))
    assert {label: said[label] for label in wanted} == wanted
    assert len(rig.avito.calls("stats_v2")) == 1


async def test_what_went_wrong_is_for_the_owner_alone(rig: BotRig) -> None:
    group, profile_id = await clients(rig)
    alice = rig.alice.private(rig.me)
    rig.avito.revoke_keys(rig.avito.account("shop"))

    rig.clock.advance(TO_THE_SLOT)

    told = await alice.wait_for("не отправлен")
    assert "Куда: группа «Клиенты»" in told.text
    assert "Avito больше не принимает ключи профиля. Замените их." in told.text
    assert rig.telegram.sent(group.chat.id) == []
    settings = await open_report_settings(alice, profile_id)
    assert "Avito больше не принимает ключи" in settings.text
    alice.click("🔑 Заменить ключи", told)
    await alice.wait_for("шаг 1 из 2")


async def test_what_the_operator_has_to_mend_he_is_told_without_a_word_about_the_client(
    rig: BotRig, capsys: pytest.CaptureFixture[str]
) -> None:
    group, _ = await clients(rig)
    rig.avito.fault("status", "stats_v2", status=400)

    rig.clock.advance(TO_THE_SLOT)
    await rig.alice.private(rig.me).wait_for("не отправлен")
    rig.clock.advance(TWO_MINUTES)

    operator = rig.operator.private(rig.me)
    told = await operator.wait_for("⚠️ Avito не понял запрос бота (stats_v2_items)")
    assert told.text.partition("Код: ")[2][:6] in capsys.readouterr().out
    for private in ("Мебель", "Клиенты", str(group.chat.id), *rig.keys_of("shop")):
        assert private not in told.text
    assert rig.telegram.sent(group.chat.id) == []
