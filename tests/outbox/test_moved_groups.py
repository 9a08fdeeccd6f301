"""A group becomes a supergroup where its reports were bound anew by hand already: one of the two
destinations stays, as it was last wanted."""

from __future__ import annotations

from typing import Any

import pytest

from core.database.models import ReportTask
from core.outbox import State
from core.services import destinations, wanted
from core.services.destinations import Place
from tests.support.deliveries import NINE, Office

pytestmark = pytest.mark.one_database

OLD, NEW = -100, -1_000_000_000_100


async def twins(office: Office, was: dict[str, Any], chosen: dict[str, Any]) -> tuple[int, int]:
    """A destination in the old group, and the same by its new address."""
    profile_id = await office.add_profile()
    old = await office.add_task(OLD, profile_id=profile_id, **was)
    return old, await office.add_task(NEW, profile_id=profile_id, **chosen)


async def migrate(office: Office) -> None:
    async with office.sessions.begin() as session:
        await destinations.migrate_chat(session, OLD, NEW, office.clock.now())


async def left_of(office: Office, tasks: tuple[int, int]) -> ReportTask:
    old, _ = tasks
    async with office.sessions() as session:
        [task] = await destinations.listing(session, (await office.task(old)).profile_id)
    assert task.chat_id == NEW
    return task


CHOSEN: tuple[dict[str, Any], ...] = (
    {"report_metrics": '["views"]'},
    {"is_active": False, "next_due_at": None},
    {"is_silent": True},
    {"on_lost_answer": "hold"},
    {"has_chart": False},
    {"is_digest": True},
    {"suspended": "kicked", "next_due_at": None},
)


@pytest.mark.parametrize("chosen", CHOSEN, ids=lambda chosen: next(iter(chosen)))
async def test_what_was_chosen_by_the_new_address_holds(
    office: Office, chosen: dict[str, Any]
) -> None:
    tasks = await twins(office, {}, chosen)

    await migrate(office)

    task = await left_of(office, tasks)
    assert {name: getattr(task, name) for name in chosen} == chosen


async def test_a_pause_by_the_new_address_stops_what_has_not_left(office: Office) -> None:
    tasks = await twins(office, {}, {"is_active": False, "next_due_at": None})
    on_its_way = await office.add_delivery(tasks[0])

    await migrate(office)

    assert await office.state(on_its_way) == State.WITHDRAWN


@pytest.mark.parametrize(("was", "chosen"), [("week", None), ("month", "week")])
async def test_files_of_chats_come_as_they_were_ordered_last(
    office: Office, was: str, chosen: str | None
) -> None:
    tasks = await twins(office, {"chats_every": was}, {"chats_every": chosen})

    await migrate(office)

    assert (await left_of(office, tasks)).chats_every == "week"


async def test_what_was_refused_by_the_old_address_does_not_undo_a_fresh_word(
    office: Office,
) -> None:
    refused = {"suspended": "not_member", "told": "not_member", "next_due_at": None}
    tasks = await twins(office, refused, {})

    await migrate(office)

    task = await left_of(office, tasks)
    assert (task.suspended, task.told, task.next_due_at) == (None, None, NINE)


async def test_the_rest_of_a_report_that_began_at_both_comes_once(office: Office) -> None:
    tasks = await twins(office, {}, {})
    for task in tasks:
        await office.add_delivery(task, state=State.SENT, finished_at=NINE)
        await office.add_delivery(task, part=1)

    await migrate(office)

    rest = [(row.part, row.state, row.chat_id) for row in await office.deliveries()]
    assert rest == [(0, State.SENT, OLD), (1, State.READY, NEW)]


async def test_a_place_that_waits_for_a_profile_moves_too(office: Office) -> None:
    bob, group = 2, Place(OLD, 0, "Клиенты", "group")
    async with office.sessions.begin() as session:
        await wanted.remember(session, bob, group, office.clock.now())

    await migrate(office)

    async with office.sessions() as session:
        place = await wanted.last(session, bob)
    assert place is not None
    assert place.chat_id == NEW
