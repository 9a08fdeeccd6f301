"""A group becomes a supergroup: its reports move there, once."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy import text

from core.database.session import reading
from core.services import destinations
from tests.support.bot import BotRig
from tests.support.places import bound, greet, owe_report
from tests.support.rows import add_profile, execute, scalar


async def three_in_a_group(rig: BotRig) -> tuple[int, list[int]]:
    """A plain group that three profiles of two owners report to, with reports on their way."""
    group = rig.telegram.group("Клиенты", rig.alice, rig.bob, rig.me)
    owners = ((rig.alice, "Мебель"), (rig.alice, "Двери"), (rig.bob, "Окна"))
    tasks = [
        await bound(rig, await add_profile(rig, owner, name), group) for owner, name in owners
    ]
    for task_id in tasks:
        await owe_report(rig, task_id, "2026-11-20T09:00", finished=True)
        await owe_report(rig, task_id, "2026-11-21T09:00")
    return group.id, tasks


async def chats(rig: BotRig, statement: str) -> list[Any]:
    async with reading(rig.running.sessions) as session:
        return list(await session.scalars(text(statement)))


async def test_all_destinations_and_the_reports_on_their_way_move(rig: BotRig) -> None:
    old_id, tasks = await three_in_a_group(rig)
    chat = await greet(rig, rig.alice)
    due_before = await chats(rig, "SELECT next_due_at FROM report_tasks ORDER BY id")

    upgraded = rig.alice.migrate(rig.telegram.chats[old_id])

    await rig.settled()
    await rig.quiet()
    assert await chats(rig, "SELECT id FROM report_tasks ORDER BY id") == tasks
    assert await chats(rig, "SELECT chat_id FROM report_tasks") == [upgraded.id] * 3
    assert await chats(rig, "SELECT DISTINCT chat_type FROM report_tasks") == ["supergroup"]
    assert await chats(rig, "SELECT next_due_at FROM report_tasks ORDER BY id") == due_before
    open_rows = "SELECT chat_id FROM outbox WHERE finished_at IS NULL"
    assert await chats(rig, open_rows) == [upgraded.id] * 3
    # What was sent into the old group was sent there.
    done_rows = "SELECT chat_id FROM outbox WHERE finished_at IS NOT NULL"
    assert await chats(rig, done_rows) == [old_id] * 3
    assert "не приходят" not in chat.transcript()


async def test_being_told_twice_at_once_moves_once(rig: BotRig) -> None:
    old_id, tasks = await three_in_a_group(rig)
    new_id = -1009000000001

    async def told() -> int:
        async with rig.running.sessions.begin() as session:
            return len(await destinations.migrate_chat(session, old_id, new_id, rig.clock.now()))

    async with rig.running.sessions.begin() as session:
        first = await destinations.migrate_chat(session, old_id, new_id, rig.clock.now())
        second = asyncio.create_task(told())
        await asyncio.sleep(0.2)

    assert (len(first), await second) == (3, 0)
    assert await chats(rig, "SELECT id FROM report_tasks WHERE chat_id = -1009000000001") == tasks


async def test_a_destination_bound_anew_by_hand_is_not_doubled(rig: BotRig) -> None:
    old_id, tasks = await three_in_a_group(rig)
    upgraded = rig.telegram.supergroup("Клиенты", rig.alice, rig.me)
    profile_id = await scalar(rig, "SELECT min(id) FROM avito_profiles")
    await bound(rig, profile_id, upgraded)

    async with rig.running.sessions.begin() as session:
        await destinations.migrate_chat(session, old_id, upgraded.id, rig.clock.now())

    assert await chats(rig, "SELECT id FROM report_tasks ORDER BY id") == tasks


async def test_a_group_that_had_silenced_the_bot_gets_another_chance(rig: BotRig) -> None:
    old_id, _ = await three_in_a_group(rig)
    await execute(rig, "UPDATE report_tasks SET suspended = 'no_rights', next_due_at = NULL")

    rig.alice.migrate(rig.telegram.chats[old_id])

    await rig.settled()
    await rig.quiet()
    assert await chats(rig, "SELECT count(next_due_at) FROM report_tasks") == [3]
    assert await chats(rig, "SELECT count(suspended) FROM report_tasks") == [0]


async def test_binding_at_the_same_time_makes_one_destination(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.me)

    await asyncio.gather(*(bound(rig, profile_id, group) for _ in range(4)))

    assert await scalar(rig, "SELECT count(*) FROM report_tasks") == 1
