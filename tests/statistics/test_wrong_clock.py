"""The clock of the machine was ahead while Avito was read, and is right again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select

from core.avito.auth import ProfileAccess
from core.database.models import AccountSync, AvitoProfile
from core.database.session import reading
from core.errors import Forbidden, Unavailable
from core.report_data import Collector, ReportData
from core.statistics import keys, listing_store, listings, store, sync
from core.statistics.store import Source
from core.statistics.sync import StatisticsSync
from sandbox.clock import SandboxClock
from tests.support.avito import AvitoRig
from utils.periods import one_day

pytestmark = pytest.mark.one_database

TODAY = one_day(date(2026, 11, 21))
OLD = one_day(date(2026, 6, 1))
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Ahead:
    clock: SandboxClock
    by: timedelta

    def now(self) -> datetime:
        return self.clock.now() + self.by


@pytest.fixture(params=[27 * HOUR, timedelta(days=30)], ids=["27 hours", "30 days"])
async def access(rig: AvitoRig, request: pytest.FixtureRequest) -> ProfileAccess:
    """A profile that was read by a clock that was ahead, on 21.11.2026 when it was noon."""
    made = await rig.connect("shop")
    ahead = Ahead(rig.clock, request.param)
    await StatisticsSync(rig.sessions, rig.avito, ahead).first_read(made)
    told, now = {1: {"views": 1}}, ahead.now()
    async with rig.sessions.begin() as session:
        await listing_store.save(session, made.account, TODAY, told, Source.V2, now)
        await store.note_calls_refused(session, made.account, Forbidden("calls"), now)
    return made


def views(data: ReportData) -> int | None:
    [figure] = [each for each in data.figures if each.metric.key == "views"]
    return figure.value  # type: ignore[return-value]


async def collected(rig: AvitoRig, access: ProfileAccess) -> tuple[Collector, ReportData]:
    collector = Collector(rig.sessions, rig.avito, rig.sync, rig.clock)
    profile = await collector.profile(1, access.profile_id)
    return collector, await collector.collect(profile, TODAY)


async def test_half_a_day_is_not_told_as_a_whole_one(rig: AvitoRig, access: ProfileAccess) -> None:
    rig.clock.advance(21 * HOUR)
    rig.world.history.clear()

    _, data = await collected(rig, access)

    assert len(rig.calls("stats_v2")) == 1
    assert views(data) == rig.account("shop").day_numbers(TODAY.last)["views"]
    assert data.read_at is not None
    assert data.read_at <= rig.clock.now()
    assert (data.cut_at, list(data.missing)) == (None, [])


async def test_while_avito_is_silent_nothing_of_it_is_told(
    rig: AvitoRig, access: ProfileAccess
) -> None:
    rig.clock.advance(21 * HOUR)
    rig.world.fault("status", status=500)

    with pytest.raises(Unavailable):
        await collected(rig, access)
    collector = Collector(rig.sessions, rig.avito, rig.sync, rig.clock)
    profile = await collector.profile(1, access.profile_id)
    assert await collector.stored(profile, TODAY, Unavailable("reading")) is None


async def test_the_wallet_is_read_again_and_the_newer_one_is_told(
    rig: AvitoRig, access: ProfileAccess
) -> None:
    rig.clock.advance(timedelta(minutes=2))
    rig.account("shop").real = 77.0

    _, data = await collected(rig, access)

    [wallet] = [each for each in data.figures if each.metric.key == "wallet_balance"]
    assert wallet.value == 77_00


async def test_the_next_night_reads_and_its_days_are_whole(
    rig: AvitoRig, access: ProfileAccess
) -> None:
    rig.clock.advance(21 * HOUR)
    await rig.sync.refresh(access)

    async with reading(rig.sessions) as session:
        held = await session.scalar(select(AccountSync))
    assert held is not None
    assert held.stats_read_at is not None
    assert held.stats_read_at <= rig.clock.now()
    assert held.last_day == date(2026, 11, 22)
    # Also what no other night takes again.
    assert not (await rig.sync.ensure_fresh(access, OLD)).refreshed


async def test_listings_and_refused_calls_count_as_never_read(
    rig: AvitoRig, access: ProfileAccess
) -> None:
    rig.clock.advance(21 * HOUR)
    now = rig.clock.now()
    async with reading(rig.sessions) as session:
        assert await listings.read_at(session, access.account, TODAY, now) is None
        assert await sync.calls_refusal(session, access.account, now) is None


async def test_keys_have_to_be_asked_again(rig: AvitoRig, access: ProfileAccess) -> None:
    async with reading(rig.sessions) as session:
        profile = await session.get_one(AvitoProfile, access.profile_id)
        assert profile.keys_good_at is not None
        assert await keys.opened_account(session, profile, rig.clock.now()) is None


async def test_a_clock_that_is_set_right_by_seconds_costs_no_read(rig: AvitoRig) -> None:
    access = await rig.connect("shop")
    ahead = Ahead(rig.clock, timedelta(seconds=30))
    await StatisticsSync(rig.sessions, rig.avito, ahead).first_read(access)
    assert not (await rig.sync.ensure_fresh(access, one_day(date(2026, 11, 20)))).refreshed
    assert await rig.sync.ensure_fresh_wallet(access) is None
    assert len(rig.world.calls("balance")) == 1
