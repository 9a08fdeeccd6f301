"""The breaker: many that are silent are asked in turn, one that is silent harms nobody else."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from core.avito.breaker import IN_A_ROW, LONGEST_AWAY, PACE, REST, SLOW, Breaker
from core.errors import Forbidden, RateLimited, Unavailable
from core.report_runner import WIDTH
from sandbox.clock import SandboxClock

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HANG = timedelta(seconds=45)
MOMENT = timedelta(milliseconds=1)


@pytest.fixture
def clock() -> SandboxClock:
    return SandboxClock(NOON, scale=0)


@pytest.fixture
def breaker(clock: SandboxClock) -> Breaker:
    return Breaker(clock)


def silence(breaker: Breaker, *accounts: str, about: str = "balance") -> None:
    """None of them gets an answer."""
    for account in accounts:
        with suppress(Unavailable), breaker.watch(about, account):
            raise Unavailable(about)


def is_probe(breaker: Breaker, account: str, about: str = "balance") -> bool:
    """Asked and answered; raises `Unavailable` when it may not be asked."""
    with breaker.watch(about, account) as probe:
        return probe


def refused_until(breaker: Breaker, account: str, about: str = "balance") -> datetime:
    with pytest.raises(Unavailable) as caught:
        is_probe(breaker, account, about)
    assert caught.value.retry_at is not None
    return caught.value.retry_at


def many(count: int = IN_A_ROW) -> list[str]:
    return [f"silent {number}" for number in range(count)]


@pytest.fixture
def tripped(breaker: Breaker, clock: SandboxClock) -> Breaker:
    """Long enough ago that nobody waits any more."""
    silence(breaker, *many())
    clock.advance(timedelta(minutes=1))
    return breaker


def test_one_account_alone_never_trips_it(breaker: Breaker) -> None:
    silence(breaker, *["broken"] * 100, *many(IN_A_ROW - 1)[1:])
    assert not is_probe(breaker, "healthy")


def test_whoever_is_answered_breaks_the_row(breaker: Breaker) -> None:
    first, *others = many()
    silence(breaker, *others)
    assert not is_probe(breaker, "healthy")
    silence(breaker, first)
    assert not is_probe(breaker, "another")


@pytest.mark.parametrize(
    "error",
    [
        Forbidden("balance", status=403),
        RateLimited("balance", retry_at=NOON, status=429),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_refusal_is_an_answer_too(breaker: Breaker, error: Exception) -> None:
    first, *others = many()
    silence(breaker, *others)
    with pytest.raises(type(error)), breaker.watch("balance", "refused"):
        raise error
    silence(breaker, first)
    assert not is_probe(breaker, "healthy")


def test_our_own_gate_says_nothing_about_avito(breaker: Breaker) -> None:
    first, *others = many()
    silence(breaker, *others)
    with suppress(RateLimited), breaker.watch("balance", "hasty"):
        raise RateLimited("balance", retry_at=NOON)
    silence(breaker, first)
    assert refused_until(breaker, "healthy") > NOON


def test_tripped_it_asks_one_after_the_other_and_shortly(
    tripped: Breaker, clock: SandboxClock
) -> None:
    now = clock.now()
    assert is_probe(tripped, "first")
    waits = [refused_until(tripped, f"later {number}") - now for number in range(3)]
    assert waits == [PACE, 2 * PACE, 3 * PACE]

    clock.advance(2 * PACE)
    assert is_probe(tripped, "later 1")
    assert is_probe(tripped, "later 0")
    # Who comes too early keeps his turn.
    assert refused_until(tripped, "later 2") - now == waits[2]


def test_probes_never_fill_the_places_of_the_builder() -> None:
    """Two calls of one reading may hang."""
    assert 2 * SLOW / PACE < WIDTH


def test_a_probe_without_an_answer_goes_to_the_end(tripped: Breaker, clock: SandboxClock) -> None:
    silence(tripped, "probe")
    assert refused_until(tripped, "probe") - clock.now() == REST
    queue = REST // PACE
    for number in range(2 * queue):
        with suppress(Unavailable):
            is_probe(tripped, f"other {number}")
    clock.advance(REST)
    silence(tripped, "probe")
    assert refused_until(tripped, "probe") - clock.now() > REST


def test_nobody_is_sent_away_for_long(tripped: Breaker, clock: SandboxClock) -> None:
    assert is_probe(tripped, "first")
    waits = [refused_until(tripped, f"later {number}") for number in range(3_000)]
    assert max(waits) - clock.now() == LONGEST_AWAY


def test_as_many_answers_in_a_row_set_it_right_for_everybody(
    tripped: Breaker, clock: SandboxClock
) -> None:
    assert is_probe(tripped, "healthy")
    waiting = [f"waiting {number}" for number in range(100)]
    for account in waiting:
        refused_until(tripped, account)
    for _ in range(IN_A_ROW - 1):
        assert is_probe(tripped, "healthy")
    assert [is_probe(tripped, account) for account in waiting] == [False] * 100


def test_the_operator_hears_of_it_once(clock: SandboxClock) -> None:
    heard: list[Exception] = []
    breaker = Breaker(clock, lambda error, **_: heard.append(error))
    silence(breaker, *many(3 * IN_A_ROW))
    assert [str(error) for error in heard] == [
        f"balance answered nothing: {IN_A_ROW} accounts in a row"
    ]


def test_one_kind_of_call_trips_alone(tripped: Breaker) -> None:
    assert is_probe(tripped, "healthy")
    assert not is_probe(tripped, "healthy", about="stats")
    assert not is_probe(tripped, "another", about="stats")


def test_an_account_that_hangs_is_left_alone_for_as_long(
    breaker: Breaker, clock: SandboxClock
) -> None:
    with suppress(Unavailable), breaker.watch("stats", "broken"):
        clock.advance(HANG)
        raise Unavailable("stats")

    assert refused_until(breaker, "broken", about="stats") - clock.now() == HANG
    # What it may still answer is asked, but not waited for for long.
    assert is_probe(breaker, "broken", about="balance")
    assert not is_probe(breaker, "healthy", about="stats")
    clock.advance(HANG)
    assert not is_probe(breaker, "broken", about="stats")


@pytest.mark.parametrize(("waited", "counts"), [(1, False), (25, True)])
def test_a_caller_who_gives_up_was_kept_waiting_if_he_waited_long(
    breaker: Breaker, clock: SandboxClock, waited: int, counts: bool
) -> None:
    with suppress(asyncio.CancelledError), breaker.watch("stats", "broken"):
        clock.advance(timedelta(seconds=waited))
        raise asyncio.CancelledError
    assert is_probe(breaker, "broken", about="balance") == counts


def test_an_account_that_fails_quickly_may_try_again_at_once(breaker: Breaker) -> None:
    silence(breaker, "broken")
    assert is_probe(breaker, "broken")


def test_a_clock_that_is_set_back_locks_nobody_out() -> None:
    early, late = SandboxClock(NOON - timedelta(hours=2), scale=0), SandboxClock(NOON, scale=0)
    breaker = Breaker(late)
    with suppress(Unavailable), breaker.watch("stats", "broken"):
        late.advance(HANG)
        raise Unavailable("stats")
    breaker._clock = early
    assert is_probe(breaker, "broken", about="stats")
