"""Avito's limits hold across tasks and processes."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import URL

from core.database.repositories.gates import LONGEST_HOLD, DatabaseRateGate
from core.database.session import Sessions, create_engine, create_sessions
from core.errors import RateLimited

ALICE, BOB = 4_000_000_001, 4_000_000_002


class StoppedClock:
    def __init__(self) -> None:
        self.instant = datetime(2026, 11, 21, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.instant

    def pass_seconds(self, seconds: float) -> None:
        self.instant += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def gate(sessions: Sessions, clock: StoppedClock) -> DatabaseRateGate:
    return DatabaseRateGate(sessions, clock)


async def test_a_taken_gate_says_when_it_opens(
    gate: DatabaseRateGate, clock: StoppedClock
) -> None:
    await gate.enter(ALICE, "stats", interval_seconds=60)
    clock.pass_seconds(59)
    with pytest.raises(RateLimited) as refused:
        await gate.enter(ALICE, "stats", interval_seconds=60)
    assert refused.value.retry_at == clock.now() + timedelta(seconds=1)

    clock.pass_seconds(1)
    await gate.enter(ALICE, "stats", interval_seconds=60)


async def test_accounts_and_methods_have_gates_of_their_own(gate: DatabaseRateGate) -> None:
    await gate.enter(ALICE, "stats", interval_seconds=60)
    await gate.enter(BOB, "stats", interval_seconds=60)
    await gate.enter(ALICE, "balance", interval_seconds=60)


async def test_a_refused_caller_does_not_prolong_the_wait(
    gate: DatabaseRateGate, clock: StoppedClock
) -> None:
    await gate.enter(ALICE, "stats", interval_seconds=60)
    clock.pass_seconds(30)
    with pytest.raises(RateLimited):
        await gate.enter(ALICE, "stats", interval_seconds=60)
    clock.pass_seconds(30)
    await gate.enter(ALICE, "stats", interval_seconds=60)


async def test_a_hold_prolongs_the_wait_and_never_shortens_it(
    gate: DatabaseRateGate, clock: StoppedClock
) -> None:
    await gate.hold(ALICE, "stats", seconds=90)
    await gate.hold(ALICE, "stats", seconds=10)
    with pytest.raises(RateLimited) as refused:
        await gate.enter(ALICE, "stats", interval_seconds=60)
    assert refused.value.retry_at == clock.now() + timedelta(seconds=90)


async def test_a_gate_shut_by_a_clock_that_was_set_back_does_not_stay_shut(
    gate: DatabaseRateGate, clock: StoppedClock
) -> None:
    await gate.enter(ALICE, "stats", interval_seconds=60)
    clock.pass_seconds(-2 * 86_400)
    await gate.enter(ALICE, "stats", interval_seconds=60)
    with pytest.raises(RateLimited):
        await gate.enter(ALICE, "stats", interval_seconds=60)

    clock.pass_seconds(-2 * 86_400)
    await gate.hold(ALICE, "stats", seconds=90)
    with pytest.raises(RateLimited) as refused:
        await gate.enter(ALICE, "stats", interval_seconds=60)
    assert refused.value.retry_at == clock.now() + timedelta(seconds=90)


async def test_of_many_callers_at_once_one_passes(
    database_url: URL, gate: DatabaseRateGate, clock: StoppedClock
) -> None:
    # A second engine is what a second process would have: nothing shared but the database.
    other_engine = create_engine(database_url)
    other_gate = DatabaseRateGate(create_sessions(other_engine), clock)
    for _ in range(3):
        clock.pass_seconds(60)
        outcomes = await asyncio.gather(
            *(each.enter(ALICE, "stats", interval_seconds=60) for each in [gate, other_gate] * 16),
            return_exceptions=True,
        )
        assert outcomes.count(None) == 1
        assert all(isinstance(each, RateLimited) for each in outcomes if each is not None)
    await other_engine.dispose()


@pytest.mark.parametrize("interval", [60, 0])
async def test_the_longest_hold_is_kept_by_who_looked_at_the_clock_before_it(
    gate: DatabaseRateGate, clock: StoppedClock, interval: float
) -> None:
    await gate.hold(ALICE, "stats", seconds=LONGEST_HOLD.total_seconds())
    clock.pass_seconds(-3)

    with pytest.raises(RateLimited):
        await gate.enter(ALICE, "stats", interval_seconds=interval)
