"""An update that nobody can read is set aside; the others go on."""

from __future__ import annotations

import pytest

from tests.support.bot import BotRig
from tests.support.rows import scalar

pytestmark = pytest.mark.one_database


async def test_an_unreadable_update_stops_nobody_and_is_reported(rig: BotRig) -> None:
    chat = rig.alice.private(rig.me)
    chat.start()
    await chat.wait_for("Avito Analytics Bot")
    chat.mark()

    poison = {"message": {"chat": {"id": rig.alice.id}, "text": ["not", "a", "text"]}}
    update_id = rig.telegram.inject_update(poison)
    rig.bob.private(rig.me).start()

    await rig.bob.private(rig.me).wait_for("Avito Analytics Bot")
    said = await chat.wait_for("Не получилось: сбой на нашей стороне")
    code = said.text.rpartition("Код: ")[2]
    await rig.operator.private(rig.me).wait_for(code)
    query = "SELECT incident FROM inbox WHERE update_id = :id AND state = 'set_aside'"
    assert await scalar(rig, query, id=update_id) == code
    chat.send("/help")
    await chat.wait_for("Три шага")


async def test_an_update_of_an_unknown_kind_is_set_aside_without_a_word(rig: BotRig) -> None:
    rig.telegram.inject_update({"gift_of_tomorrow": {"worth": 7}})

    chat = rig.alice.private(rig.me)
    chat.start()

    await chat.wait_for("Avito Analytics Bot")
    await rig.settled()
    assert await scalar(rig, "SELECT count(*) FROM inbox WHERE state = 'received'") == 0


async def test_an_update_whose_failure_cannot_be_answered_is_set_aside(rig: BotRig) -> None:
    beyond = {"id": 2**63, "first_name": "Никто"}
    message = {
        "message_id": 1,
        "date": rig.telegram.unix_now(),
        "chat": {**beyond, "type": "private"},
        "from": {**beyond, "is_bot": False},
        "text": "/start",
    }
    update_id = rig.telegram.inject_update({"message": message})

    await rig.operator.private(rig.me).wait_for("подробности в журнале")
    await rig.quiet()

    query = "SELECT state FROM inbox WHERE update_id = :id"
    assert await scalar(rig, query, id=update_id) == "set_aside"


async def test_a_poison_update_stays_aside_over_a_restart(rig: BotRig) -> None:
    rig.telegram.inject_update({"message": {"chat": {"id": rig.alice.id}, "date": "never"}})
    await rig.operator.private(rig.me).wait_for("подробности в журнале")
    await rig.settled()
    await rig.restart()

    chat = rig.alice.private(rig.me)
    chat.start()

    await chat.wait_for("Avito Analytics Bot")
    told = rig.operator.private(rig.me).transcript()
    assert told.count("подробности в журнале") == 1
