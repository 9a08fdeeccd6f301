"""Deliveries of several profiles in one message: taken together, settled together, never lost."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

import pytest
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from core.database.models import AvitoProfile, Delivery, ReportTask
from core.database.repositories import digests
from core.database.session import reading
from core.outbox import State
from core.services import deliveries, destinations, profiles, schedule
from core.services.destinations import Destination, Refusal
from sandbox.clock import SandboxClock
from tests.support.deliveries import MOMENT, NINE, Office
from tests.support.lost_answers import lost_commit_answer

CLIENTS = -100
ABOUT = [7, 8]
TEXT = {"text": "сводка", "about": ABOUT}
REST = {"text": "и остальные", "about": ABOUT}


async def places(office: Office, count: int, **columns: Any) -> list[int]:
    """As many profiles of one owner that report at one place in one message."""
    values: dict[str, Any] = {"chat_id": CLIENTS, "is_digest": True, **columns}
    return [await office.add_task(**values) for _ in range(count)]


async def joined(office: Office, count: int = 3, **columns: Any) -> list[int]:
    """A digest that waits to be sent; the first of these deliveries carries it."""
    await places(office, count, **columns)
    return await made(office)


async def made(office: Office) -> list[int]:
    """The digest of what is due."""
    await office.materialise()
    carrier, *others = sorted(row.id for row in await office.alice.claim_due(1))
    assert await office.alice.ready(carrier, TEXT, joined=others)
    return [carrier, *others]


async def states(office: Office, ids: list[int]) -> list[str]:
    return [await office.state(each) for each in ids]


async def place_of(office: Office, session: AsyncSession, delivery_id: int) -> Destination:
    """Where this delivery goes, in a transaction that may change it."""
    task = await session.get_one(ReportTask, (await office.delivery(delivery_id)).task_id)
    return Destination(task, await session.get_one(AvitoProfile, task.profile_id))


async def send(office: Office, carrier: int) -> None:
    [claimed] = await office.alice.claim_ready(10)
    assert claimed.id == carrier
    assert await office.alice.sending(carrier)


async def test_whoever_takes_one_takes_all_that_go_with_it(office: Office) -> None:
    tasks = await places(office, 4)
    await office.add_task(CLIENTS)
    await office.materialise()

    claimed = await office.alice.claim_due(1)

    assert sorted(row.task_id for row in claimed) == tasks
    assert {row.state for row in claimed} == {State.BUILDING}


async def test_only_what_is_alike_goes_together(office: Office) -> None:
    await places(office, 1)
    await places(office, 1, chat_id=CLIENTS - 1)
    await places(office, 1, thread_id=7)
    earlier = await office.add_profile(report_time=time(8, 55))
    await places(office, 1, profile_id=earlier, next_due_at=NINE - timedelta(minutes=5))
    await places(office, 1, is_period_set=True, report_period="week")
    monthly = await office.add_profile(report_frequency="monthly", report_month_day=21)
    await places(office, 1, profile_id=monthly, is_period_set=True)
    await places(office, 1, profile_id=await office.add_profile(owner_id=2))
    await office.materialise()

    taken = [len(await office.alice.claim_due(1)) for _ in range(7)]

    assert taken == [1] * 7


async def test_one_that_waits_for_its_next_try_is_left_out(office: Office) -> None:
    tasks = await places(office, 2)
    await office.materialise()
    rows = {row.task_id: row.id for row in await office.alice.claim_due(2)}
    await office.alice.postpone(rows[tasks[0]], NINE + timedelta(minutes=1), "Unavailable")
    await office.alice.postpone(rows[tasks[1]], NINE, "Unavailable")

    assert [row.task_id for row in await office.alice.claim_due(1)] == [tasks[1]]


async def test_the_whole_digest_is_one_message(office: Office) -> None:
    carrier, *others = await joined(office)
    assert await states(office, others) == [State.JOINED] * 2

    await send(office, carrier)
    assert await office.alice.claim_ready(10) == []
    assert await office.alice.sent(carrier, 77)

    for each in (carrier, *others):
        row = await office.delivery(each)
        assert (row.state, row.message_id, row.finished_at) == ("sent", 77, office.clock.now())
    assert await office.alice.claim_due(10) == []


async def test_it_is_known_whom_a_message_told_of_until_its_carrier_has_left(
    office: Office,
) -> None:
    carrier, other = await joined(office, 2)
    await send(office, carrier)
    await office.alice.sent(carrier, 77)

    async def told(message_id: int) -> list[int]:
        async with reading(office.sessions) as session:
            return list(await digests.told_in(session, CLIENTS, message_id))

    assert (await told(77), await told(78)) == (ABOUT, [])
    await leave(office, "unbound", other)
    assert await told(77) == ABOUT
    await leave(office, "unbound", carrier)
    assert await told(77) == []


async def test_it_holds_up_nobody_behind_it(office: Office) -> None:
    carrier, *_ = await joined(office)
    next_one = await office.add_delivery(
        await office.add_task(CLIENTS, next_due_at=None),
        due_at=NINE + MOMENT,
        slot="2026-11-21T09:01",
    )
    await send(office, carrier)
    await office.alice.sent(carrier, 77)

    assert [row.id for row in await office.alice.claim_ready(10)] == [next_one]


async def test_what_is_not_in_our_hand_any_more_makes_no_digest(office: Office) -> None:
    await places(office, 3)
    await office.materialise()
    carrier, second, third = sorted(row.id for row in await office.alice.claim_due(3))
    await office.alice.postpone(third, NINE, "somebody else")

    assert not await office.alice.ready(carrier, TEXT, joined=[second, third])
    assert not await office.alice.ready(carrier, TEXT, joined=[second, 10_000])

    assert await states(office, [carrier, second, third]) == ["building", "building", "due"]
    assert await office.alice.ready(carrier, TEXT, joined=[second])


async def test_a_refusal_is_the_refusal_of_all(office: Office) -> None:
    carrier, *others = await joined(office)
    await send(office, carrier)

    await office.alice.fail(carrier, "kicked")

    for each in (carrier, *others):
        row = await office.delivery(each)
        assert (row.state, row.reason) == (State.FAILED, "kicked")
        assert (await office.task(row.task_id)).problem == "kicked"


async def test_after_a_lost_answer_all_wait_for_the_owner_and_go_when_he_says_so(
    office: Office,
) -> None:
    carrier, *others = await joined(office, on_lost_answer="hold")
    await send(office, carrier)

    await office.alice.lost(carrier)
    assert await states(office, [carrier, *others]) == [State.HELD] * 3
    # The answer came after all.
    await office.alice.sent(carrier, 77)

    assert await states(office, [carrier, *others]) == [State.SENT] * 3
    for each in others:
        assert (await office.task((await office.delivery(each)).task_id)).problem is None


async def test_a_repeat_is_one_for_all(office: Office) -> None:
    carrier, *others = await joined(office)
    await send(office, carrier)
    await office.alice.lost(carrier)
    assert await states(office, [carrier, *others]) == [State.RESEND, State.JOINED, State.JOINED]

    await send(office, carrier)
    await office.alice.sent(carrier, 78)

    assert await states(office, [carrier, *others]) == [State.SENT] * 3


async def test_too_late_is_too_late_for_all_but_not_while_it_is_being_sent(
    office: Office,
) -> None:
    carrier, *others = await joined(office)
    await send(office, carrier)
    office.clock.advance(timedelta(hours=7))
    await office.alice.recover()
    assert await states(office, [carrier, *others]) == [State.SENDING, State.JOINED, State.JOINED]

    await office.alice.retry(carrier, office.clock.now(), "429")
    await office.alice.recover()

    assert await states(office, [carrier, *others]) == [State.MISSED] * 3


async def test_a_kill_between_building_and_sending_loses_nothing(office: Office) -> None:
    carrier, *others = await joined(office)

    reborn = office.outbox("home:reborn")
    await reborn.recover()

    [claimed] = await reborn.claim_ready(10)
    assert (claimed.id, claimed.payload) == (carrier, TEXT)
    assert await states(office, others) == [State.JOINED] * 2


@pytest.mark.parametrize("leaves", ["carrier", "other", "profile"])
async def test_what_is_unbound_takes_its_numbers_with_it(office: Office, leaves: str) -> None:
    ids = await joined(office)
    first = await office.delivery(ids[0])
    await office.add_delivery(first.task_id, slot=first.slot, part=1)
    gone = ids.pop(0 if leaves == "carrier" else 1)
    async with office.sessions.begin() as session:
        place = await place_of(office, session, gone)
        if leaves == "profile":
            await profiles.delete(session, place.profile)
        else:
            await destinations.unbind(session, place)

    assert [row.id for row in await office.deliveries()] == ids
    assert await states(office, ids) == [State.DUE] * 2
    claimed = await office.alice.claim_due(1)
    assert sorted(row.id for row in claimed) == ids
    assert {(row.payload, row.carrier_id) for row in claimed} == {(None, None)}


async def leave(office: Office, how: str, delivery_id: int) -> None:
    async with office.sessions.begin() as session:
        place = await place_of(office, session, delivery_id)
        if how == "unbound":
            await destinations.unbind(session, place)
        else:
            await profiles.delete(session, place.profile)


LEAVES = pytest.mark.parametrize("how", ["unbound", "deleted"])
WHO = pytest.mark.parametrize("who", ["carrier", "other"])


async def being_sent(office: Office, how: str, who: str, **columns: Any) -> tuple[int, set[int]]:
    """A digest one of whose profiles leaves while it is sent: its carrier, and who stays."""
    ids = await joined(office, **columns)
    carrier, gone = ids[0], ids[0 if who == "carrier" else 1]
    tasks = {(await office.delivery(each)).task_id for each in ids if each != gone}
    await send(office, carrier)
    await leave(office, how, gone)
    return carrier, tasks


async def standing(office: Office) -> dict[int, str]:
    """The state of the report of each destination."""
    return {row.task_id: row.state for row in await office.deliveries()}


@LEAVES
@WHO
async def test_it_arrives_for_those_who_stay(office: Office, how: str, who: str) -> None:
    carrier, tasks = await being_sent(office, how, who)

    assert await office.alice.sent(carrier, 77)

    assert await standing(office) == dict.fromkeys(tasks, State.SENT)
    assert {row.message_id for row in await office.deliveries()} == {77}


@LEAVES
@WHO
async def test_what_did_not_leave_is_built_anew_without_who_left(
    office: Office, how: str, who: str
) -> None:
    carrier, tasks = await being_sent(office, how, who)

    await office.alice.retry(carrier, office.clock.now() + MOMENT, "429")

    assert await standing(office) == dict.fromkeys(tasks, State.DUE)
    claimed = await office.alice.claim_due(1)
    assert {row.task_id for row in claimed} == tasks
    assert {(row.payload, row.carrier_id) for row in claimed} == {(None, None)}


@WHO
async def test_of_two_the_one_who_stays_is_built_anew(office: Office, who: str) -> None:
    carrier, tasks = await being_sent(office, "unbound", who, count=2)
    await office.alice.retry(carrier, office.clock.now(), "429")
    assert {row.task_id for row in await office.alice.claim_due(1)} == tasks
    assert {row.payload for row in await office.deliveries()} == {None}


async def test_who_pauses_while_another_leaves_is_not_built_anew(office: Office) -> None:
    carrier, *others = await joined(office)
    await send(office, carrier)
    await pause(office, others[1])
    await leave(office, "unbound", carrier)

    await office.alice.retry(carrier, office.clock.now(), "429")

    assert sorted((await standing(office)).values()) == [State.DUE, State.WITHDRAWN]


@WHO
async def test_what_may_have_arrived_comes_once_more_for_those_who_stay(
    office: Office, who: str
) -> None:
    carrier, tasks = await being_sent(office, "unbound", who)
    await office.outbox("home:reborn").recover()
    assert sorted((await standing(office)).values()) == [State.JOINED, State.RESEND]

    await send(office, carrier)
    await office.alice.sent(carrier, 78)

    assert await standing(office) == dict.fromkeys(tasks, State.SENT)


@pytest.mark.parametrize("state", [State.RESEND, State.HELD])
async def test_who_leaves_after_a_lost_answer_leaves_it_to_the_others(
    office: Office, state: State
) -> None:
    behaviour = "hold" if state == State.HELD else "resend"
    carrier, *others = await joined(office, on_lost_answer=behaviour)
    told = await office.delivery(carrier)
    rest = await office.add_delivery(told.task_id, slot=told.slot, part=1)
    tasks = {(await office.delivery(each)).task_id for each in others}
    await send(office, carrier)
    await office.alice.lost(carrier)

    await leave(office, "unbound", carrier)

    assert await office.state(carrier) == state
    assert {row.task_id for row in await office.deliveries()} == tasks
    assert (await office.delivery(rest)).task_id == (await office.delivery(carrier)).task_id


async def test_the_most_careful_carries_on(office: Office) -> None:
    carrier, _, careful = await joined(office)
    task = (await office.delivery(careful)).task_id
    await office.change(task, on_lost_answer="hold")
    await send(office, carrier)
    await leave(office, "unbound", carrier)
    assert (await office.delivery(carrier)).task_id == task


async def test_others_of_the_place_are_left_alone_when_one_leaves(office: Office) -> None:
    await joined(office)
    alone = await office.add_delivery(await office.add_task(CLIENTS, next_due_at=None))
    async with office.sessions.begin() as session:
        await destinations.unbind(session, await place_of(office, session, alone))

    assert [row.state for row in await office.deliveries()] == ["ready", "joined", "joined"]


async def test_its_rows_go_with_the_retention(office: Office) -> None:
    carrier, *_ = await joined(office)
    await send(office, carrier)
    await office.alice.sent(carrier, 77)
    async with office.sessions.begin() as session:
        await session.execute(delete(Delivery).where(Delivery.id == carrier))
    await office.alice.recover()
    assert {row.state for row in await office.deliveries()} == {"sent"}


async def test_a_group_that_moves_takes_its_digest_along(office: Office) -> None:
    carrier, *_ = await joined(office)

    async with office.sessions.begin() as session:
        await destinations.migrate_chat(session, CLIENTS, CLIENTS - 1, office.clock.now())
    await send(office, carrier)
    await office.alice.sent(carrier, 77)

    rows = await office.deliveries()
    assert {(row.chat_id, row.state) for row in rows} == {(CLIENTS - 1, State.SENT)}


@pytest.mark.parametrize("doubled", ["carrier", "other"])
async def test_what_arrived_in_the_group_by_its_new_address_is_not_told_in_the_digest(
    office: Office, doubled: str
) -> None:
    ids = await joined(office)
    twice = ids.pop(0 if doubled == "carrier" else 1)
    told = await office.delivery(twice)
    profile_id = (await office.task(told.task_id)).profile_id
    twin = await office.add_task(CLIENTS - 1, profile_id=profile_id)
    came = await office.add_delivery(twin, slot=told.slot, state=State.SENT, finished_at=NINE)

    async with office.sessions.begin() as session:
        await destinations.migrate_chat(session, CLIENTS, CLIENTS - 1, office.clock.now())

    assert await states(office, ids) == [State.DUE] * 2
    assert [row.id for row in await office.deliveries()] == [*ids, came]
    assert (await office.delivery(came)).task_id == told.task_id


async def test_what_is_being_sent_when_its_group_moves_arrives_for_the_others(
    office: Office,
) -> None:
    carrier, *others = await joined(office)
    told = await office.delivery(carrier)
    tasks = [(await office.delivery(each)).task_id for each in (carrier, *others)]
    profile_id = (await office.task(told.task_id)).profile_id
    twin = await office.add_task(CLIENTS - 1, profile_id=profile_id)
    await office.add_delivery(twin, slot=told.slot, state=State.SENT, finished_at=NINE)
    await send(office, carrier)

    async with office.sessions.begin() as session:
        await destinations.migrate_chat(session, CLIENTS, CLIENTS - 1, office.clock.now())
    await office.alice.sent(carrier, 77)

    assert await standing(office) == dict.fromkeys(tasks, State.SENT)


@pytest.mark.parametrize("place", ["carrier", "other"])
async def test_what_was_on_its_way_to_the_new_address_and_did_not_leave_comes_to_all(
    office: Office, place: str
) -> None:
    told = await joined(office, chat_id=CLIENTS - 1)
    twin = await office.delivery(told[0 if place == "carrier" else 1])
    profile_id = (await office.task(twin.task_id)).profile_id
    old = await office.add_task(CLIENTS, profile_id=profile_id)
    await office.add_delivery(old, slot=twin.slot, state=State.DUE, payload=None)
    await send(office, told[0])

    async with office.sessions.begin() as session:
        await destinations.migrate_chat(session, CLIENTS, CLIENTS - 1, office.clock.now())
    await office.alice.retry(told[0], NINE, "429")
    await send(office, told[0])
    await office.alice.sent(told[0], 77)

    rows = await office.deliveries()
    assert [row.id for row in rows] == told
    assert {row.state for row in rows} == {State.SENT}
    assert old in [row.task_id for row in rows]


async def pause(office: Office, delivery_id: int, *, resume: bool = False) -> None:
    async with office.sessions.begin() as session:
        place = await place_of(office, session, delivery_id)
        change = destinations.resume if resume else destinations.pause
        await change(session, place, office.clock.now())


@pytest.mark.parametrize("paused", ["carrier", "other"])
async def test_a_pause_of_one_withdraws_its_numbers_and_keeps_the_others(
    office: Office, paused: str
) -> None:
    ids = await joined(office)
    gone = ids.pop(0 if paused == "carrier" else 1)

    await pause(office, gone)

    assert await office.state(gone) == State.WITHDRAWN
    assert sorted(row.id for row in await office.alice.claim_due(1)) == ids
    assert {(row.payload, row.carrier_id) for row in await office.deliveries()} == {(None, None)}


async def test_a_pause_that_was_a_slip_brings_the_digest_back_whole(office: Office) -> None:
    ids = await joined(office)
    await pause(office, ids[0])
    await pause(office, ids[0], resume=True)
    assert sorted(row.id for row in await office.alice.claim_due(1)) == ids


@pytest.mark.parametrize("paused", ["carrier", "other"])
async def test_a_pause_of_one_withdraws_its_numbers_when_it_turns_out_not_to_have_left(
    office: Office, paused: str
) -> None:
    ids = await joined(office)
    await send(office, ids[0])
    carrier, gone = ids[0], ids.pop(0 if paused == "carrier" else 1)
    await pause(office, gone)

    await office.alice.retry(carrier, office.clock.now(), "429")

    assert await office.state(gone) == State.WITHDRAWN
    assert sorted(row.id for row in await office.alice.claim_due(1)) == ids


@pytest.mark.parametrize("paused", ["carrier", "other"])
async def test_a_pause_of_one_changes_nothing_when_the_digest_may_have_left(
    office: Office, paused: str
) -> None:
    carrier, *others = await joined(office)
    await send(office, carrier)
    await office.alice.lost(carrier)
    await send(office, carrier)
    await office.alice.retry(carrier, office.clock.now(), "429")

    await pause(office, carrier if paused == "carrier" else others[0])

    await send(office, carrier)
    await office.alice.sent(carrier, 78)
    assert await states(office, [carrier, *others]) == [State.SENT] * 3


async def test_who_has_no_say_there_any_more_sends_no_digest(office: Office) -> None:
    ids = await joined(office)
    async with office.sessions.begin() as session:
        await destinations.suspend_owner(
            session, CLIENTS, 1, Refusal.NOT_MEMBER, office.clock.now()
        )
    assert await states(office, ids) == [State.WITHDRAWN] * 3


def ahead(office: Office, hours: int) -> Office:
    """The same office under a clock that is wrong."""
    now = office.clock.now() + timedelta(hours=hours)
    return Office(office.sessions, SandboxClock(now, scale=0))


async def repair(office: Office) -> None:
    async with office.sessions.begin() as session:
        await schedule.reschedule_far(session, office.clock.now())


async def test_a_digest_made_by_a_clock_that_was_ahead_is_forgotten_whole(office: Office) -> None:
    for _ in range(3):
        evening = await office.add_profile(report_time=time(18))
        await places(office, 1, profile_id=evening, next_due_at=NINE + timedelta(hours=9))
    assert len(await made(ahead(office, 9))) == 3

    await repair(office)

    assert await office.deliveries() == []


async def test_one_that_such_a_clock_found_too_late_goes_as_one_message(office: Office) -> None:
    carrier, *others = await joined(office)
    await ahead(office, 7).alice.recover()
    assert await states(office, [carrier, *others]) == [State.MISSED] * 3

    await repair(office)

    assert await states(office, [carrier, *others]) == [State.READY, State.JOINED, State.JOINED]


async def test_it_counts_as_one_message_of_its_chat(office: Office) -> None:
    carrier, *_ = await joined(office)
    await send(office, carrier)
    await office.alice.sent(carrier, 77)
    assert await office.alice.sent_since(NINE - MOMENT) == [(CLIENTS, office.clock.now())]


async def test_its_owner_is_asked_once(office: Office) -> None:
    carrier, *_ = await joined(office, on_lost_answer="hold")
    await send(office, carrier)
    await office.alice.lost(carrier)
    assert await office.untold() == [carrier]


async def test_a_kill_while_it_is_being_sent_is_a_lost_answer_of_all(office: Office) -> None:
    carrier, *others = await joined(office)
    await send(office, carrier)

    await office.outbox("home:reborn").recover()

    assert await states(office, [carrier, *others]) == [State.RESEND, State.JOINED, State.JOINED]


async def test_a_lost_answer_to_the_commit_joins_them_once(
    office: Office, engine: AsyncEngine
) -> None:
    await places(office, 3)
    await office.materialise()
    carrier, *others = sorted(row.id for row in await office.alice.claim_due(3))

    with lost_commit_answer(engine):
        assert await office.alice.ready(carrier, TEXT, TEXT, joined=others)

    rows = await office.deliveries()
    assert sorted(row.state for row in rows) == ["joined", "joined", "ready", "ready"]
    assert [row.id for row in rows if row.carrier_id == carrier] == others


async def beginning(office: Office, **columns: Any) -> list[int]:
    """A digest of three in two messages of which the first is being sent."""
    await places(office, 3, **columns)
    await office.materialise()
    carrier, *others = sorted(row.id for row in await office.alice.claim_due(1))
    assert await office.alice.ready(carrier, TEXT, REST, joined=others)
    await send(office, carrier)
    return [carrier, *others]


async def begun(office: Office, **columns: Any) -> list[int]:
    """A digest of three of whose two messages the first has come."""
    ids = await beginning(office, **columns)
    assert await office.alice.sent(ids[0], 1)
    return ids


@pytest.mark.parametrize("who", [0, 1])
@pytest.mark.parametrize("how", ["unbind", "delete", "pause"])
async def test_the_rest_of_what_has_begun_comes_whoever_leaves(
    office: Office, who: int, how: str
) -> None:
    ids = await begun(office)

    async with office.sessions.begin() as session:
        place = await place_of(office, session, ids[who])
        match how:
            case "unbind":
                await destinations.unbind(session, place)
            case "delete":
                await profiles.delete(session, place.profile)
            case "pause":
                await destinations.pause(session, place, office.clock.now())

    [rest] = await office.alice.claim_ready(10)
    assert rest.payload == REST
    assert await office.alice.sending(rest.id)
    assert await office.alice.sent(rest.id, 2)


async def test_of_a_place_without_a_say_not_even_the_rest_comes(office: Office) -> None:
    await begun(office)
    async with office.sessions.begin() as session:
        await destinations.suspend_owner(
            session, CLIENTS, 1, Refusal.NOT_MEMBER, office.clock.now()
        )
    assert await office.alice.claim_ready(10) == []


@pytest.mark.parametrize("who", [0, 1])
@pytest.mark.parametrize("is_lost", [False, True])
async def test_a_pause_of_one_costs_the_others_nothing_of_what_may_have_begun(
    office: Office, who: int, is_lost: bool
) -> None:
    ids = await beginning(office)
    if is_lost:
        assert await office.alice.lost(ids[0]) == State.RESEND

    await pause(office, ids[who])

    if is_lost:
        await send(office, ids[0])
    assert await office.alice.sent(ids[0], 1)
    [rest] = await office.alice.claim_ready(10)
    assert rest.payload == REST


@pytest.mark.parametrize("who", [0, 1])
async def test_what_turns_out_not_to_have_begun_is_built_anew_without_who_paused(
    office: Office, who: int
) -> None:
    ids = await beginning(office)
    carrier, gone = ids[0], ids.pop(who)
    await pause(office, gone)

    await office.alice.retry(carrier, office.clock.now(), "429")

    assert sorted(row.id for row in await office.alice.claim_due(1)) == ids
    assert len(await office.deliveries()) == 3


async def test_the_rest_that_its_owner_has_to_decide_about_outlives_its_carrier(
    office: Office,
) -> None:
    ids = await begun(office, on_lost_answer="hold")
    [rest] = await office.alice.claim_ready(10)
    assert await office.alice.sending(rest.id)
    assert await office.alice.lost(rest.id) == State.HELD

    async with office.sessions.begin() as session:
        await destinations.unbind(session, await place_of(office, session, ids[0]))

    async with office.sessions.begin() as session:
        report = await deliveries.held(session, 1, rest.id)
        assert report is not None
        await deliveries.send_again(session, report, office.clock.now())
    [again] = await office.alice.claim_ready(10)
    assert (again.id, again.payload) == (rest.id, REST)
