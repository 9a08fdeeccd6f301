"""Where nobody asked, or nobody can hear, the bot stays quiet and goes on."""

from __future__ import annotations

import pytest

from tests.support.bot import BotRig
from tests.support.dialogues import open_card
from tests.support.rows import connected, scalar

pytestmark = pytest.mark.one_database


async def test_posts_of_a_channel_are_no_questions(rig: BotRig) -> None:
    channel = rig.telegram.channel("Новости", rig.alice, rig.me)

    rig.alice.at(channel).send("/profiles")
    rig.alice.at(channel).send("всем привет")

    await rig.settled()
    assert rig.telegram.sent(channel.id) == []


async def test_who_blocks_the_bot_stops_nobody_else(rig: BotRig) -> None:
    profile_id = await connected(rig, rig.alice)
    rig.avito.fault("hold", "stats_v2")
    chat = rig.alice.private(rig.me)
    await open_card(chat, profile_id)
    chat.click(f"report_now:{profile_id}")
    await chat.wait_for("Собираю отчёт")
    rig.alice.block(rig.me)
    rig.avito.clear_faults()

    other = rig.bob.private(rig.me)
    other.start()
    await other.wait_for("Avito Analytics Bot")

    await rig.quiet()
    assert await scalar(rig, "SELECT count(*) FROM jobs") == 0
    assert await scalar(rig, "SELECT count(*) FROM replies") == 0
    chat.send("/start")
    await chat.wait_for("Avito Analytics Bot")


async def test_a_group_that_threw_the_bot_out_costs_nothing(rig: BotRig) -> None:
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.me)
    rig.alice.at(group).send("/help@avito_test_bot")
    rig.alice.kick_bot(group, rig.me)

    await rig.settled()
    chat = rig.alice.private(rig.me)
    chat.start()
    await chat.wait_for("Avito Analytics Bot")
    await rig.quiet()
    assert await scalar(rig, "SELECT count(*) FROM replies") == 0


async def test_a_group_that_became_a_supergroup_is_answered_there(rig: BotRig) -> None:
    group = rig.telegram.group("Клиенты", rig.alice, rig.me)
    await rig.settled()
    await rig.stop()
    rig.alice.at(group).send("/help@avito_test_bot")
    upgraded = rig.alice.migrate(group)
    await rig.start()

    await rig.settled()

    [hint] = rig.telegram.sent(upgraded.id)
    assert "настраиваются в личном чате" in hint.words
