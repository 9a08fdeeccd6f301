"""However often `/stats` is pressed: one at a time per chat, with a pause between two."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.support.bot import BotRig
from tests.support.looking import tap
from tests.support.stats import TITLE, ask_stats, reporting

pytestmark = pytest.mark.one_database


async def test_while_one_is_made_another_is_not_begun(rig: BotRig) -> None:
    chat = rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me)
    alice, bob = rig.alice.at(chat), rig.bob.at(chat)
    await reporting(rig, alice, ("shop", "Мебель"))
    rig.avito.fault("hold")

    alice.send("/stats")
    await alice.wait_for("Собираю сводку")
    bob.send("/stats")

    await bob.wait_for("Уже выполняю")
    rig.avito.clear_faults()
    await alice.wait_for(TITLE)
    await rig.quiet()
    assert alice.transcript().count(TITLE) == 1


async def test_two_at_once_are_one(rig: BotRig) -> None:
    chat = rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me)
    alice, bob = rig.alice.at(chat), rig.bob.at(chat)
    await reporting(rig, alice, ("shop", "Мебель"))

    alice.send("/stats")
    bob.send("/stats")
    await alice.wait_for(TITLE)
    await rig.settled()
    await rig.quiet()

    assert alice.transcript().count(TITLE) == 1
    assert len(rig.telegram.sent(chat.id)) == 2


async def test_after_one_the_chat_rests_from_new_ones_for_half_a_minute(rig: BotRig) -> None:
    group = rig.alice.at(rig.telegram.supergroup("Клиенты", rig.alice, rig.me))
    await reporting(rig, group, ("shop", "Мебель"))
    rig.clock.scale = 0
    report = await ask_stats(group)
    await rig.quiet()

    rig.clock.advance(timedelta(seconds=20))
    await tap(group, "7 дней", report)
    await group.wait_for("1 профиль, 14.11.2026 – 20.11.2026")
    await rig.settled()
    group.send("/stats")
    await group.wait_for("Сводка только что была. Новую соберу через 10 с.")

    rig.clock.advance(timedelta(seconds=10))
    await ask_stats(group)


async def test_other_chats_need_not_wait(rig: BotRig) -> None:
    first = rig.alice.at(rig.telegram.supergroup("Клиенты", rig.alice, rig.me))
    second = rig.alice.at(rig.telegram.supergroup("Партнёры", rig.alice, rig.me))
    for view, account in ((first, "shop"), (second, "second")):
        await reporting(rig, view, (account, "Профиль"))

    await ask_stats(first)
    await ask_stats(second)


async def test_a_restart_in_the_middle_ends_in_one_report(rig: BotRig) -> None:
    group = rig.alice.at(rig.telegram.supergroup("Клиенты", rig.alice, rig.me))
    await reporting(rig, group, ("shop", "Мебель"))
    rig.avito.fault("hold")
    group.send("/stats")
    placeholder = await group.wait_for("Собираю сводку")

    await rig.restart()
    rig.avito.clear_faults()

    report = await group.wait_for(TITLE)
    assert report.id == placeholder.id
    assert group.transcript().count(TITLE) == 1
