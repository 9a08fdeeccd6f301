"""Moves that come together are one transaction, and each has its own outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from core.database.session import Sessions
from core.group_commit import GroupCommit
from core.outbox import State
from tests.support.deliveries import Office
from tests.support.lost_answers import lost_commit_answer


@contextmanager
def commits(engine: AsyncEngine) -> Iterator[list[Connection]]:
    made: list[Connection] = []

    def note(connection: Connection) -> None:
        made.append(connection)

    event.listen(engine.sync_engine, "commit", note)
    try:
        yield made
    finally:
        event.remove(engine.sync_engine, "commit", note)


async def claimed(office: Office, count: int) -> list[int]:
    profile = await office.add_profile()
    for n in range(1, count + 1):
        await office.add_delivery(await office.add_task(-n, profile_id=profile))
    return [row.id for row in await office.alice.claim_ready(count)]


async def test_many_moves_are_one_transaction(office: Office, engine: AsyncEngine) -> None:
    rows = await claimed(office, 20)
    with commits(engine) as made:
        assert all(await asyncio.gather(*map(office.alice.sending, rows)))
        assert len(made) == 1
    assert {row.state for row in await office.deliveries()} == {State.SENDING}


async def test_different_moves_go_together(office: Office, engine: AsyncEngine) -> None:
    rows = await claimed(office, 6)
    await asyncio.gather(*map(office.alice.sending, rows[1:]))
    now = office.clock.now()
    with commits(engine) as made:
        outcomes = await asyncio.gather(
            office.alice.sending(rows[0]),
            office.alice.sent(rows[1], 1),
            office.alice.retry(rows[2], now, "429"),
            office.alice.fail(rows[3], "blocked"),
            office.alice.lost(rows[4]),
            office.alice.sending(rows[5]),
            office.alice.sent(666, 1),
        )
        assert len(made) == 1
    assert outcomes == [True, True, True, True, State.RESEND, False, False]
    states = [row.state for row in await office.deliveries()]
    assert states == ["sending", "sent", "retry", "failed", "resend", "sending"]


async def test_one_that_cannot_be_written_takes_no_other_with_it(
    office: Office, engine: AsyncEngine
) -> None:
    rows = await claimed(office, 3)
    await asyncio.gather(*map(office.alice.sending, rows))
    too_large = 2**70
    outcomes = await asyncio.gather(
        office.alice.sent(rows[0], 1),
        office.alice.sent(rows[1], too_large),
        office.alice.sent(rows[2], 3),
        return_exceptions=True,
    )
    assert (outcomes[0], outcomes[2]) == (True, True)
    assert isinstance(outcomes[1], DBAPIError | OverflowError)
    states = [row.state for row in await office.deliveries()]
    assert states == ["sent", "sending", "sent"]


async def test_a_lost_answer_to_the_commit_changes_no_outcome(
    office: Office, engine: AsyncEngine
) -> None:
    rows = await claimed(office, 3)
    with lost_commit_answer(engine):
        assert all(await asyncio.gather(*map(office.alice.sending, rows)))
    with lost_commit_answer(engine):
        outcomes = await asyncio.gather(
            office.alice.sent(rows[0], 1),
            office.alice.retry(rows[1], office.clock.now(), "429"),
            office.alice.lost(rows[2]),
        )
    assert list(outcomes) == [True, True, State.RESEND]
    states = [(row.state, row.attempt) for row in await office.deliveries()]
    assert states == [("sent", 0), ("retry", 1), ("resend", 0)]


async def test_what_was_refused_before_the_answer_got_lost_stays_refused(
    office: Office, engine: AsyncEngine
) -> None:
    rows = await claimed(office, 2)
    with lost_commit_answer(engine):
        outcomes = await asyncio.gather(
            office.alice.sending(rows[0]), office.alice.sent(rows[1], 1)
        )
    assert list(outcomes) == [True, False]


async def test_a_database_that_is_away_is_waited_for(office: Office, engine: AsyncEngine) -> None:
    (row,) = await claimed(office, 1)
    with lost_commit_answer(engine), lost_commit_answer(engine):
        assert await office.alice.sending(row)
    assert await office.state(row) == State.SENDING


async def test_a_caller_who_goes_away_only_misses_the_answer(office: Office) -> None:
    rows = await claimed(office, 2)
    leaving = asyncio.create_task(office.alice.sending(rows[0]))
    staying = asyncio.create_task(office.alice.sending(rows[1]))
    await asyncio.sleep(0)
    leaving.cancel()
    assert await staying
    assert await office.state(rows[0]) == State.SENDING


async def test_closing_writes_what_still_waits(office: Office) -> None:
    (row,) = await claimed(office, 1)
    asking = asyncio.create_task(office.alice.sending(row))
    await asyncio.sleep(0)
    await office.alice.close(patience_sec=5)
    assert await asking
    await office.alice.close(patience_sec=5)


async def test_closing_does_not_wait_for_ever(sessions: Sessions) -> None:
    async def never(_session: AsyncSession, _writes: Sequence[int]) -> list[int]:
        await asyncio.Event().wait()
        return []

    group: GroupCommit[int, int] = GroupCommit(sessions, never)
    asking = [asyncio.create_task(group.submit(n)) for n in range(2)]
    await asyncio.sleep(0.02)
    asking.append(asyncio.create_task(group.submit(3)))
    await asyncio.sleep(0)
    await group.close(patience_sec=0.01)
    for each in asking:
        with pytest.raises(asyncio.CancelledError):
            await each


async def test_what_comes_during_a_commit_is_the_next_group(sessions: Sessions) -> None:
    groups: list[list[int]] = []
    gate = asyncio.Event()

    async def note(session: AsyncSession, writes: Sequence[int]) -> list[int]:
        groups.append(list(writes))
        await gate.wait()
        await session.execute(text("SELECT 1"))
        return [-write for write in writes]

    group: GroupCommit[int, int] = GroupCommit(sessions, note)
    first = asyncio.create_task(group.submit(1))
    while not groups:
        await asyncio.sleep(0.001)
    rest = asyncio.gather(group.submit(2), group.submit(3))
    await asyncio.sleep(0.01)
    gate.set()
    assert await first == -1
    assert list(await rest) == [-2, -3]
    assert groups == [[1], [2, 3]]
