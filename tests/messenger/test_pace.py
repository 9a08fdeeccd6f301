"""How fast the messenger is asked: never more often than the operator allows."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from core.errors import RateLimited, Unavailable
from core.messenger import pace
from core.messenger.pace import LONGEST_WAIT, Pace, Paces
from tests.support.virtual_time import run_in_virtual_time

START = datetime(2026, 11, 21, 12, tzinfo=UTC)


class LoopClock:
    """The time of the loop, that of a story here."""

    def now(self) -> datetime:
        return START + timedelta(seconds=asyncio.get_running_loop().time())


class Asked:
    """A question, that is refused as often as there are refusals for it."""

    def __init__(self, *refusals: Exception) -> None:
        self.at: list[float] = []
        self.waits: list[datetime] = []
        self._refusals = list(refusals)

    async def ask(self) -> str:
        self.at.append(asyncio.get_running_loop().time())
        if self._refusals:
            raise self._refusals.pop(0)
        return "answer"

    async def waiting(self, until: datetime) -> None:
        self.waits.append(until)


def refused(after: float) -> RateLimited:
    return RateLimited("messages", retry_at=START + timedelta(seconds=after))


async def test_no_minute_has_more_calls_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    minute = 0.1
    monkeypatch.setattr(pace, "SECONDS", minute)
    # Nor has the one after a refusal, before which many have come to wait.
    shut_until = LoopClock().now() + timedelta(seconds=minute / 2)
    asked = Asked(RateLimited("messages", retry_at=shut_until))
    hasty = Pace(40, LoopClock())
    await asyncio.gather(*(hasty.ask(asked.ask, asked.waiting) for _ in range(80)))
    assert len(asked.at) == 81
    for began in asked.at:
        assert sum(began <= at < began + minute for at in asked.at) <= 40


async def test_a_setting_of_one_call_a_minute_is_no_division_by_zero() -> None:
    asked = Asked()
    assert await Pace(1, LoopClock()).ask(asked.ask, asked.waiting) == "answer"


def test_a_refusal_holds_all_of_the_account_and_no_other() -> None:
    first, second, other = Asked(refused(62)), Asked(), Asked()

    async def story() -> None:
        paces = Paces(100, LoopClock())
        here, elsewhere = paces.of(1), paces.of(2)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(here.ask(first.ask, first.waiting))
            await asyncio.sleep(1)
            tasks.create_task(here.ask(second.ask, second.waiting))
            tasks.create_task(elsewhere.ask(other.ask, other.waiting))

    run_in_virtual_time(story())
    assert first.waits[0] == second.waits[0] == START + timedelta(seconds=62)
    assert min(first.at[1], second.at[0]) >= 62
    assert other.at[0] < 2


def test_silence_holds_only_the_one_who_met_it() -> None:
    first, second = Asked(Unavailable("messages"), Unavailable("messages")), Asked()

    async def story() -> None:
        here = Pace(100, LoopClock())
        await asyncio.gather(
            here.ask(first.ask, first.waiting), here.ask(second.ask, second.waiting)
        )

    run_in_virtual_time(story())
    assert first.at == [0, pytest.approx(5, abs=1), pytest.approx(20, abs=1)]
    assert second.at[0] < 1


@pytest.mark.parametrize("failure", [Unavailable("messages"), refused(0)])
def test_patience_ends(failure: Exception) -> None:
    asked = Asked(*[failure] * 9)

    async def story() -> None:
        with pytest.raises(type(failure)):
            await Pace(100, LoopClock()).ask(asked.ask, asked.waiting)

    run_in_virtual_time(story())
    assert len(asked.at) == 4


def test_who_should_wait_too_long_is_told_at_once() -> None:
    asked = Asked(refused(LONGEST_WAIT.total_seconds() + 60))

    async def story() -> None:
        with pytest.raises(RateLimited):
            await Pace(100, LoopClock()).ask(asked.ask, asked.waiting)

    run_in_virtual_time(story())
    assert len(asked.at) == 1
