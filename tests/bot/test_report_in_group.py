"""A report that its owner asks for in a group: everybody there reads it, one person steers it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sandbox.telegram.people import ChatView
from sandbox.telegram.seen import Seen
from tests.support.bot import BotRig
from tests.support.looking import NOT_HERE, tap
from tests.support.report import read_figures
from tests.support.rows import add_destination, execute, scalar

pytestmark = pytest.mark.one_database


async def in_group(rig: BotRig) -> tuple[ChatView, ChatView, int]:
    """Alice's and Bob's view of their group, and a profile of Alice."""
    _, profile_id = await rig.connect(rig.alice)
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me)
    await add_destination(rig, profile_id, group.id)
    own, others = rig.alice.at(group), rig.bob.at(group)
    own.send("/help@avito_test_bot")
    own.press(f"report_now:{profile_id}", await own.wait_for("в личном чате"))
    await own.wait_for("Отчёт Avito")
    await rig.quiet()
    return own, others, profile_id


async def ask(own: ChatView, profile_id: int) -> Seen:
    own.press(f"report_now:{profile_id}", own.last)
    return await own.wait_for("Отчёт Avito")


async def test_it_appears_where_it_was_asked_for(rig: BotRig) -> None:
    own, _, profile_id = await in_group(rig)

    assert "Просмотры" in read_figures(await ask(own, profile_id))
    assert "Отчёт Avito" not in rig.alice.private(rig.me).transcript()


async def test_unbound_its_buttons_work_for_the_owner_and_lead_others_nowhere(
    rig: BotRig,
) -> None:
    own, others, profile_id = await in_group(rig)
    report = own.last
    await execute(rig, "DELETE FROM report_tasks")

    assert (await tap(own, "7 дней", report)).text == ""
    assert (await own.wait_for("14.11.2026 – 20.11.2026")).id == report.id
    press = others.press(f"report_now:{profile_id}", own.last)
    assert (await others.wait_for_notice(press)).text == NOT_HERE
    press = own.press(f"profile_open:{profile_id}", own.last)
    assert "?start=profiles" in ((await own.wait_for_notice(press)).url or "")
    await rig.settled()
    assert "Аккаунт Avito" not in own.transcript()


async def test_only_its_owner_stops_it(rig: BotRig) -> None:
    own, others, profile_id = await in_group(rig)
    rig.clock.advance(timedelta(hours=4))
    rig.avito.fault("hold", "stats_v2")
    own.press(f"report_now:{profile_id}", own.last)
    placeholder = await own.wait_for("Собираю отчёт")
    [stop] = placeholder.button_data

    press = others.press(stop, placeholder)
    assert (await others.wait_for_notice(press)).text == "Это уже закончено."
    assert await scalar(rig, "SELECT count(*) FROM jobs") == 1
    own.click(stop)

    await own.wait_for("Остановлено: сбор отчёта")


async def test_why_fresh_numbers_are_missing_is_the_owners_business(rig: BotRig) -> None:
    own, _, profile_id = await in_group(rig)
    rig.clock.advance(timedelta(hours=4))
    rig.avito.fault("status", "stats_v2", status=400)

    report = await ask(own, profile_id)

    assert "Свежие числа прочитать не удалось" in report.text
    assert "наша ошибка" not in report.text
