"""Thousands whose Avito hangs at nine: the others get theirs, and all get theirs afterwards.

Minutes pass here in the time of the loop, so there is no database: the rows are in memory.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Any, cast

import httpx
import pytest

from core.avito.endpoints import BALANCE, STATS_V2
from core.avito.http import AvitoDoor, Request
from core.database.models import AvitoProfile, Delivery, ReportTask
from core.errors import AvitoError
from core.report_data import ReportData
from core.report_runner import Group, ReportRunner, Work
from tests.support.deliveries import NINE
from tests.support.virtual_time import run_in_virtual_time
from utils.periods import Period, yesterday

MINUTE = 60.0
YESTERDAY = yesterday(NINE)
HANGING, HEALTHY = range(1_000, 2_000), range(2_000, 2_050)
Hangs = Callable[[str], bool]
"""Whether a call of this path gets no answer."""


class LoopClock:
    def now(self) -> datetime:
        return NINE + timedelta(seconds=asyncio.get_running_loop().time())


class OpenGate:
    """Nobody asks twice a minute here."""

    async def enter(self, account: int, method: str, *, interval_seconds: float) -> None: ...

    async def hold(self, account: int, method: str, *, seconds: float) -> None: ...


class Rows:
    """The outbox as the builder sees it, with one delivery for each account."""

    def __init__(self, clock: LoopClock) -> None:
        self._clock = clock
        self._due_at = dict.fromkeys((*HANGING, *HEALTHY), NINE)
        self._attempts: Counter[int] = Counter()
        self.built: set[int] = set()

    async def claim_due(self, count: int) -> list[Delivery]:
        now = self._clock.now()
        due = [account for account, at in self._due_at.items() if at <= now]
        claimed = sorted(due, key=lambda account: (self._attempts[account], account))[:count]
        for account in claimed:
            del self._due_at[account]
        return [self._delivery(account) for account in claimed]

    async def postpone(self, delivery_id: int, at: datetime, _reason: str) -> None:
        self._due_at[delivery_id] = at
        self._attempts[delivery_id] += 1

    async def ready(self, delivery_id: int, *_payloads: Any, supplements: Any) -> None:
        self.built.add(delivery_id)

    async def missed_before(self, _delivery: Delivery) -> list[Delivery]:
        return []

    def _delivery(self, account: int) -> Delivery:
        return Delivery(
            id=account,
            task_id=account,
            chat_id=-account,
            slot="2026-11-21T09:00",
            due_at=NINE,
            deadline_at=NINE + timedelta(hours=6),
            attempt=self._attempts[account],
        )


class Readings:
    """What the collector asks of Avito for a report."""

    def __init__(self, door: AvitoDoor) -> None:
        self._door = door

    async def profile(self, _owner_id: int, profile_id: int) -> AvitoProfile:
        return AvitoProfile(id=profile_id)

    async def collect(self, profile: AvitoProfile, period: Period) -> ReportData:
        with suppress(AvitoError):
            await self._door.call(Request(BALANCE, profile.id, client_id=str(profile.id)))
        await self._door.call(Request(STATS_V2, profile.id, client_id=str(profile.id)))
        return ReportData(
            profile_id=profile.id,
            profile_name="Магазин",
            account=profile.id,
            period=period,
            compared_with=None,
            figures=[],
            by_listings=False,
            read_at=None,
            refreshes_at=None,
            failure=None,
            cut_at=None,
            old_wallet_at=None,
        )

    async def stored(self, *_: Any) -> None:
        return None


class Builder(ReportRunner):
    async def _grouped(self, claimed: Sequence[Delivery]) -> list[Work]:
        return [
            [Group(1, row.task_id, "Магазин", YESTERDAY, None, [(row, ReportTask())])]
            for row in claimed
        ]


class World:
    """A builder at nine o'clock, and an Avito that hangs as it is told to."""

    def __init__(self, hangs: Hangs) -> None:
        self.hangs = hangs
        self.broken: list[Exception] = []
        clock = LoopClock()
        self.rows = Rows(clock)
        door = AvitoDoor("http://avito", clock=clock, gate=OpenGate())
        door._client = cast("Any", self)
        self.builder = Builder(
            cast("Any", None),
            cast("Any", self.rows),
            cast("Any", Readings(door)),
            clock,
            render=lambda _report, _now: [{}],
            render_digest=lambda _digest, _now: [{}],
            gave_up=self._give_up,
            escalate=self._break,
        )

    @asynccontextmanager
    async def stream(self, _verb: str, path: str, **_: Any) -> AsyncIterator[httpx.Response]:
        """What Avito answers, if it does."""
        if self.hangs(path):
            await asyncio.sleep(1_000 * MINUTE)
        yield httpx.Response(200, content=b"{}")

    async def _give_up(self, deliveries: Sequence[int], error: Exception) -> None:
        raise AssertionError(f"{deliveries} given up") from error

    def _break(self, error: Exception, **_: object) -> None:
        self.broken.append(error)

    async def at(self, minute: float) -> None:
        await asyncio.sleep(minute * MINUTE - asyncio.get_running_loop().time())


def everything_of_most(path: str) -> bool:
    return "accounts/1" in path


def statistics_of_most(path: str) -> bool:
    return "stats" in path and everything_of_most(path)


def nothing(_path: str) -> bool:
    return False


@pytest.mark.parametrize("hangs", [everything_of_most, statistics_of_most])
def test_a_thousand_that_hang_hold_up_nobody_and_come_when_avito_is_back(hangs: Hangs) -> None:
    async def story() -> None:
        world = World(hangs)
        building = asyncio.create_task(world.builder.run())

        await world.at(minute=6)
        assert world.rows.built == set(HEALTHY)

        world.hangs = nothing
        await world.at(minute=12)
        assert world.rows.built == {*HEALTHY, *HANGING}
        assert world.broken == []
        building.cancel()
        await asyncio.gather(building, return_exceptions=True)

    run_in_virtual_time(story())
