"""Which deliveries may be claimed: the head of each chat, each by one process."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncEngine

from core.database.models import Delivery
from core.outbox import Outbox, State
from tests.support.deliveries import MOMENT, NINE, Office, another_process
from tests.support.statements import statements_on

LATER = NINE + timedelta(minutes=1)


async def claim(office: Office, count: int = 100) -> list[int]:
    return [row.id for row in await office.alice.claim_ready(count)]


async def test_a_chat_gets_its_reports_one_after_the_other(office: Office) -> None:
    tasks = [await office.add_task(-100), await office.add_task(-100), await office.add_task(-200)]
    first, second, elsewhere = [await office.add_delivery(task) for task in tasks]
    assert await claim(office) == [first, elsewhere]
    assert await claim(office) == []
    await office.alice.sending(first)
    assert await claim(office) == []
    await office.alice.sent(first, 1)
    assert await claim(office) == [second]


async def test_accounts_that_hang_do_not_hold_up_a_first_try(office: Office) -> None:
    for chat_id in (-100, -200):
        hung = await office.add_task(chat_id)
        await office.add_delivery(hung, state=State.DUE, attempt=1)
    untried = await office.add_delivery(await office.add_task(-300), state=State.DUE, due_at=LATER)
    office.clock.advance(LATER - NINE)
    assert [row.id for row in await office.alice.claim_due(1)] == [untried]


@pytest.mark.parametrize(
    ("state", "index"), [(State.DUE, "ix_outbox_due"), (State.READY, "ix_outbox_sendable")]
)
async def test_what_goes_first_is_looked_up_in_an_index(
    office: Office, engine: AsyncEngine, state: State, index: str
) -> None:
    task = await office.add_task()
    days = {"first_day": NINE.date(), "last_day": NINE.date()}
    shared = {"task_id": task, "due_at": NINE, "deadline_at": LATER, "updated_at": NINE, **days}
    rows = [{"slot": str(n), "chat_id": -n, "state": state, **shared} for n in range(2_000)]
    async with office.sessions.begin() as session:
        await session.execute(insert(Delivery), rows)
        await session.execute(text("ANALYZE"))
    with statements_on(engine) as executed:
        assert len(await claim_in(state, office.alice, 1)) == 1

    plan = await plan_of(engine, *executed[0])

    assert index in plan
    assert "Sort" not in plan
    assert "TEMP B-TREE" not in plan


async def test_a_tick_goes_through_nothing_that_has_arrived(
    office: Office, engine: AsyncEngine
) -> None:
    task = await office.add_task()
    days = {"first_day": NINE.date(), "last_day": NINE.date()}
    shared = {"task_id": task, "due_at": NINE, "deadline_at": LATER, "updated_at": NINE, **days}
    rows = [
        {"slot": str(n), "chat_id": -n, "state": State.SENT, "finished_at": NINE, **shared}
        for n in range(2_000)
    ]
    async with office.sessions.begin() as session:
        await session.execute(insert(Delivery), rows)
        await session.execute(text("ANALYZE"))
    with statements_on(engine) as executed:
        await office.alice.recover()

    plans = [await plan_of(engine, *each) for each in executed if "FROM outbox" in each[0]]

    assert len(plans) == 2
    assert all("ix_outbox" in plan for plan in plans), plans


async def claim_in(state: State, outbox: Outbox, count: int) -> list[Delivery]:
    return await (outbox.claim_due if state == State.DUE else outbox.claim_ready)(count)


async def plan_of(engine: AsyncEngine, statement: str, values: Any) -> str:
    explain = "EXPLAIN QUERY PLAN" if engine.dialect.name == "sqlite" else "EXPLAIN"
    async with engine.connect() as connection:
        found = await connection.exec_driver_sql(f"{explain} {statement}", values)
        return "\n".join(str(row) for row in found)


async def test_the_earlier_slot_goes_first_whatever_its_number(office: Office) -> None:
    task = await office.add_task()
    later = await office.add_delivery(task, slot="b", due_at=LATER)
    earlier = await office.add_delivery(task, slot="a")
    assert await claim(office) == [earlier]
    await office.alice.fail(earlier, "refused")
    assert await claim(office) == [later]


async def test_a_chat_that_waits_to_try_again_lets_nobody_pass(office: Office) -> None:
    task = await office.add_task()
    first = await office.add_delivery(task, slot="a")
    second = await office.add_delivery(task, slot="b")
    await claim(office)
    await office.alice.retry(first, LATER, "429")
    assert await claim(office) == []
    office.clock.advance(LATER - NINE)
    assert await claim(office) == [first]
    await office.alice.sending(first)
    assert await office.alice.lost(first) == State.RESEND
    assert await claim(office) == [first]
    await office.alice.sending(first)
    assert await office.alice.lost(first) == State.HELD
    assert await claim(office) == [second]


@pytest.mark.parametrize("state", [State.DUE, State.BUILDING])
async def test_an_earlier_slot_that_is_not_built_yet_is_waited_for(
    office: Office, state: State
) -> None:
    task = await office.add_task()
    await office.add_delivery(task, slot="a", state=state)
    await office.add_delivery(task, slot="b", due_at=LATER)
    assert await claim(office) == []


async def test_slots_of_the_same_minute_do_not_wait_for_each_other_to_be_built(
    office: Office,
) -> None:
    slow, quick = await office.add_task(), await office.add_task()
    await office.add_delivery(slow, state=State.BUILDING)
    row = await office.add_delivery(quick)
    assert await claim(office) == [row]


async def test_who_could_not_be_built_yields_his_place(office: Office) -> None:
    task = await office.add_task()
    stuck = await office.add_delivery(task, slot="a", state=State.DUE)
    second = await office.add_delivery(task, slot="b", due_at=LATER)
    await office.alice.claim_due(1)
    await office.alice.postpone(stuck, NINE, "avito_away")
    assert await claim(office) == [second]
    # And when it is ready after all, it does not overtake what is being sent.
    await office.alice.sending(second)
    await office.alice.claim_due(1)
    await office.alice.ready(stuck, {})
    assert await claim(office) == []
    await office.alice.sent(second, 1)
    assert await claim(office) == [stuck]


async def test_the_parts_of_a_report_stay_together(office: Office) -> None:
    long, short = await office.add_task(), await office.add_task()
    first = await office.add_delivery(long, state=State.DUE)
    other = await office.add_delivery(short)
    await office.alice.claim_due(1)
    await office.alice.ready(first, {"text": "1"}, {"text": "2"}, {"text": "3"})
    sent = []
    while claimed := await office.alice.claim_ready(9):
        (row,) = claimed
        sent.append((row.task_id, row.payload and row.payload["text"]))
        await office.alice.sending(row.id)
        await office.alice.sent(row.id, 1)
    assert sent == [(long, "1"), (long, "2"), (long, "3"), (short, "отчёт")]
    assert await office.state(other) == State.SENT


async def test_claims_are_counted_and_the_oldest_come_first(office: Office) -> None:
    rows = [
        await office.add_delivery(await office.add_task(-n), due_at=NINE - n * MOMENT)
        for n in range(1, 6)
    ]
    assert await claim(office, 2) == [rows[4], rows[3]]
    assert await claim(office, 9) == [rows[2], rows[1], rows[0]]


async def test_a_finished_report_holds_nobody_up(office: Office) -> None:
    task = await office.add_task()
    for state in (State.SENT, State.FAILED, State.HELD, State.MISSED):
        await office.add_delivery(task, slot=state, state=state, finished_at=NINE)
    row = await office.add_delivery(task, due_at=LATER)
    assert await claim(office) == [row]


@pytest.mark.parametrize("state", [State.DUE, State.READY])
async def test_two_processes_never_get_the_same_row(office: Office, state: State) -> None:
    profile = await office.add_profile()
    tasks = [await office.add_task(-n, profile_id=profile) for n in range(1, 81)]
    async with office.sessions.begin() as session:
        template = await office.delivery(await office.add_delivery(tasks[0], state=state))
        session.add_all(
            Delivery(
                task_id=task,
                chat_id=-n,
                state=state,
                slot=template.slot,
                due_at=NINE,
                deadline_at=template.deadline_at,
                first_day=template.first_day,
                last_day=template.last_day,
                updated_at=NINE,
            )
            for n, task in enumerate(tasks[1:], start=2)
        )
    async with another_process(office, "work:bob") as bob:
        claims = [await claim_in(state, each, 1) for each in (office.alice, bob)]
        claims += await asyncio.gather(
            *(claim_in(state, each, 7) for _ in range(12) for each in (office.alice, bob))
        )
    claimed = [row.id for rows in claims for row in rows]
    assert len(claimed) == len(set(claimed)) == len(tasks)
    assert {row.owner for rows in claims for row in rows} == {"home:alice", "work:bob"}
