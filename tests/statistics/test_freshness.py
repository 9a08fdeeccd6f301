"""What a report is told before it reads the store: fresh, old for a reason, or not at all."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from core.avito.auth import ProfileAccess
from core.database.models import AccountSync, AvitoProfile, DailyStats
from core.errors import AvitoError, KeysRefused, RateLimited, Unavailable
from core.report_data import Collector
from core.statistics import store
from core.statistics.sync import Freshness, StatisticsSync
from sandbox.clock import SandboxClock
from tests.support.avito import AvitoRig
from utils.periods import Period, one_day

TODAY = date(2026, 11, 21)
YESTERDAY = one_day(TODAY - timedelta(days=1))
MINUTE = timedelta(seconds=62)
HOUR = timedelta(hours=1)


def asked_range(rig: AvitoRig) -> tuple[str, str]:
    request: Any = rig.calls("stats_v2")[-1].request
    return request["dateFrom"], request["dateTo"]


async def fresh(
    rig: AvitoRig, access: ProfileAccess, period: Period = YESTERDAY, **options: Any
) -> Freshness:
    return await rig.sync.ensure_fresh(access, period, **options)


async def test_the_first_report_reads_and_the_next_one_does_not(rig: AvitoRig) -> None:
    access = await rig.connect("shop")
    first = await fresh(rig, access)
    assert first.refreshed
    rig.clock.advance(2 * HOUR)
    second = await fresh(rig, access)
    assert second == Freshness(first.read_at, refreshed=False)
    assert len(rig.calls("stats_v2")) == 1


async def test_numbers_older_than_asked_are_read_again(rig: AvitoRig) -> None:
    access = await rig.connect("shop")
    await fresh(rig, access)
    rig.clock.advance(HOUR)
    assert not (await fresh(rig, access)).refreshed
    assert (await fresh(rig, access, max_age=HOUR / 2)).refreshed
    rig.clock.advance(3 * HOUR)
    assert (await fresh(rig, access)).refreshed


async def read_before(rig: AvitoRig) -> tuple[ProfileAccess, Collector, AvitoProfile]:
    """A profile whose numbers the store has, and who tells them."""
    access = await rig.connect("shop")
    collector = Collector(rig.sessions, rig.avito, rig.sync, rig.clock)
    profile = await collector.profile(1, access.profile_id)
    await fresh(rig, access)
    return access, collector, profile


async def test_numbers_of_a_moment_ago_are_no_older_ones_whatever_fails_beside_them(
    rig: AvitoRig,
) -> None:
    _, collector, profile = await read_before(rig)

    async def failure_after(error: Exception) -> Exception | None:
        data = await collector.stored(profile, YESTERDAY, error)
        assert data is not None
        assert data.wallet_failure is error
        return data.failure

    silent, refused = Unavailable("reading"), KeysRefused("self")
    assert await failure_after(silent) is None
    assert await failure_after(refused) is refused
    rig.clock.advance(4 * HOUR)
    assert await failure_after(silent) is silent


async def test_numbers_that_come_while_the_store_is_asked_are_not_called_old(
    rig: AvitoRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    access, collector, profile = await read_before(rig)
    rig.clock.advance(24 * HOUR)
    state, coming = store.state, [access]

    async def state_before_they_come(session: AsyncSession, account: int) -> AccountSync | None:
        held = await state(session, account)
        while coming:
            await rig.sync.refresh(coming.pop())
        return held

    monkeypatch.setattr(store, "state", state_before_they_come)

    data = await collector.stored(profile, one_day(TODAY), Unavailable("reading"))

    assert data is not None
    assert coming == []
    assert data.read_at is not None
    is_cut = data.cut_at is not None
    assert is_cut is (data.failure is not None) is (data.read_at < rig.clock.now() - HOUR)


async def test_a_failed_read_is_no_matter_if_another_gets_the_numbers_before_they_are_told(
    rig: AvitoRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    access, collector, profile = await read_before(rig)
    rig.clock.advance(24 * HOUR)
    rig.world.fault("status", endpoint="stats_v2", status=503, times=1)

    async def meanwhile(*_: object) -> None:
        rig.clock.advance(MINUTE)
        await rig.sync.refresh(access)

    monkeypatch.setattr(Collector, "_refresh_wallet", meanwhile)

    data = await collector.collect(profile, one_day(TODAY))

    assert (data.cut_at, data.failure) == (None, None)
    assert data.read_at is not None
    assert data.read_at > rig.clock.now() - HOUR


async def test_today_moves_and_is_read_again_after_ten_minutes(rig: AvitoRig) -> None:
    access = await rig.connect("shop")
    await fresh(rig, access)
    rig.clock.advance(timedelta(minutes=9))
    assert not (await fresh(rig, access, one_day(TODAY))).refreshed
    rig.clock.advance(timedelta(minutes=2))
    assert not (await fresh(rig, access)).refreshed
    assert (await fresh(rig, access, one_day(TODAY))).refreshed


async def test_yesterday_read_right_after_midnight_is_not_settled_yet(
    rig: AvitoRig, clock: SandboxClock
) -> None:
    access = await rig.connect("shop")
    clock.advance(datetime(2026, 11, 21, 21, 5, tzinfo=UTC) - clock.now())
    await fresh(rig, access, one_day(TODAY))
    clock.advance(HOUR)
    assert (await fresh(rig, access, one_day(TODAY))).refreshed


async def test_a_day_that_no_reading_takes_again_is_fresh_for_ever(rig: AvitoRig) -> None:
    access = await rig.connect("shop")
    await fresh(rig, access)
    rig.clock.advance(timedelta(days=1))
    assert not (await fresh(rig, access, one_day(date(2026, 10, 1)))).refreshed


async def test_missing_days_of_the_past_are_fetched(rig: AvitoRig) -> None:
    access = await rig.connect("shop")
    await rig.sync.first_read(access)
    async with rig.sessions.begin() as session:
        hole = DailyStats.day < date(2026, 6, 1)
        await session.execute(delete(DailyStats).where(hole))
    rig.clock.advance(MINUTE)
    assert (await fresh(rig, access, Period(date(2026, 5, 1), date(2026, 5, 31)))).refreshed
    assert asked_range(rig)[0] == "2026-05-01"


async def test_days_that_nobody_holds_any_more_are_not_asked_for(rig: AvitoRig) -> None:
    access = await rig.connect("shop")
    await fresh(rig, access)
    assert not (await fresh(rig, access, one_day(date(2025, 1, 1)))).refreshed


async def test_a_shut_gate_is_told_with_its_time_and_the_store_answers(rig: AvitoRig) -> None:
    access = await rig.connect("shop")
    first = await fresh(rig, access)
    told = await fresh(rig, access, max_age=timedelta(0))
    assert (told.read_at, told.refreshed, told.failure) == (first.read_at, False, None)
    assert told.refused_until is not None
    assert rig.clock.now() < told.refused_until <= rig.clock.now() + MINUTE
    assert len(rig.calls("stats_v2")) == 1


async def test_a_shut_gate_before_the_first_number_is_an_error_with_its_time(
    rig: AvitoRig,
) -> None:
    access = await rig.connect("shop")
    rig.world.fault("status", endpoint="stats_v2", status=429, times=1)
    with pytest.raises(RateLimited) as caught:
        await fresh(rig, access)
    rig.clock.advance(caught.value.retry_at - rig.clock.now())
    assert (await fresh(rig, access)).refreshed


@pytest.mark.parametrize(("status", "name"), [(503, "Unavailable"), (400, "BadRequest")])
async def test_a_failed_reading_is_named_and_the_store_answers(
    rig: AvitoRig, status: int, name: str
) -> None:
    access = await rig.connect("shop")
    first = await fresh(rig, access)
    rig.clock.advance(4 * HOUR)
    rig.world.fault("status", endpoint="stats_v2", status=status)
    told = await fresh(rig, access)
    assert (told.read_at, told.refreshed) == (first.read_at, False)
    assert type(told.failure).__name__ == name


async def test_a_failed_reading_without_any_number_is_an_error(rig: AvitoRig) -> None:
    access = await rig.connect("shop")
    rig.world.fault("status", endpoint="stats_v2", status=503)
    with pytest.raises(AvitoError):
        await fresh(rig, access)


async def test_ten_reports_at_once_cost_one_reading(rig: AvitoRig) -> None:
    alice, bob = await rig.connect("shop", owner=1), await rig.connect("shop", owner=2)
    told = await asyncio.gather(*(fresh(rig, access) for access in (alice, bob) * 5))
    assert len(rig.calls("stats_v2")) == 1
    assert sum(freshness.refreshed for freshness in told) == 1
    assert len({freshness.read_at for freshness in told}) == 1


async def test_those_who_want_them_anew_at_once_share_one_reading(rig: AvitoRig) -> None:
    access = await rig.connect("shop")
    await fresh(rig, access)
    rig.clock.advance(MINUTE)
    wallets = len(rig.calls("balance"))

    told = await asyncio.gather(
        *(fresh(rig, access, max_age=timedelta(0)) for _ in range(5)),
    )

    assert {(each.read_at, each.refused_until) for each in told} == {(told[0].read_at, None)}
    assert len(rig.calls("stats_v2")) == 2
    # Whoever comes later is refused, and that costs Avito nothing.
    late = await fresh(rig, access, max_age=timedelta(0))
    assert late.refused_until is not None
    assert len(rig.calls("balance")) == wallets + 1


async def test_a_cancelled_report_does_not_take_the_others_along(rig: AvitoRig) -> None:
    access = await rig.connect("shop")
    rig.world.fault("hold", "stats_v2", times=1)
    first = asyncio.create_task(fresh(rig, access))
    second = asyncio.create_task(fresh(rig, access))
    while not rig.calls("stats_v2"):
        await asyncio.sleep(0.01)
    first.cancel()
    with pytest.raises(RateLimited):
        await second
    with pytest.raises(asyncio.CancelledError):
        await first
    rig.clock.advance(MINUTE)
    assert (await fresh(rig, access)).refreshed
    assert not rig.world.violations()


async def test_another_process_finds_the_gate_shut(rig: AvitoRig) -> None:
    access = await rig.connect("shop")
    other = StatisticsSync(rig.sessions, rig.new_process(), rig.clock)
    await rig.sync.refresh(access)
    with pytest.raises(RateLimited):
        await other.refresh(access)
    assert not rig.world.violations()


async def test_the_wallet_moves_only_in_reports_about_days_that_end_now(rig: AvitoRig) -> None:
    access = await rig.connect("shop")
    collector = Collector(rig.sessions, rig.avito, rig.sync, rig.clock)
    profile = await collector.profile(1, access.profile_id)
    await collector.collect(profile, YESTERDAY)
    rig.clock.advance(24 * HOUR)

    async def moved(day: date) -> bool:
        data = await collector.collect(profile, one_day(day))
        [wallet] = [each for each in data.figures if each.metric.key == "wallet_balance"]
        assert wallet.value is not None
        return wallet.change is not None

    day_after = YESTERDAY.last + timedelta(days=1)
    assert await moved(day_after)
    assert not await moved(YESTERDAY.last)


@pytest.mark.one_database
async def test_an_advance_that_fails_alone_is_told_until_it_is_read_again(rig: AvitoRig) -> None:
    access = await rig.connect("shop")
    collector = Collector(rig.sessions, rig.avito, rig.sync, rig.clock)
    profile = await collector.profile(1, access.profile_id)

    async def failed_with(*statuses: int) -> str | None:
        for status in statuses:
            rig.world.fault("status", endpoint="cpa_balance", status=status)
        data = await collector.collect(profile, YESTERDAY)
        rig.world.faults.clear()
        rig.clock.advance(timedelta(minutes=5))
        assert data.wallet_failure is None
        return data.advance_failure

    assert await failed_with() is None
    assert await failed_with(500) == "Unavailable"
    # To be put off is no news of it.
    assert await failed_with(429) == "Unavailable"
    # Nor is there an advance where Avito refuses to tell it.
    assert await failed_with(403) is None
    assert await failed_with(500) == "Unavailable"
    assert await failed_with() is None
