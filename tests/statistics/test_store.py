"""Our history of an account: what is kept, what a newer reading may change, what goes."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import delete, select

from core.database.models import AvitoGate, AvitoProfile
from core.database.session import Sessions
from core.errors import Unavailable
from core.statistics import store
from core.statistics.store import DayNumbers, Reading, Source
from tests.support.avito import AvitoRig
from utils.analytics import Wallet
from utils.periods import Period

ACCOUNT = 7_632_548_910
MONDAY = date(2026, 11, 16)
TUESDAY = date(2026, 11, 17)
WEDNESDAY = date(2026, 11, 18)
WEEK = Period(MONDAY, date(2026, 11, 22))
NOON = datetime(2026, 11, 17, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


async def keep(
    sessions: Sessions,
    days: dict[date, dict[str, int]],
    *,
    period: Period | None = None,
    source: Source = Source.V2,
    at: datetime = NOON,
) -> None:
    async with sessions.begin() as session:
        reading = Reading(period or Period(min(days), max(days)), days, source, at)
        await store.save(session, ACCOUNT, reading)


async def kept(sessions: Sessions) -> dict[date, DayNumbers]:
    async with sessions() as session:
        return await store.days(session, ACCOUNT, WEEK, NOON + 24 * HOUR)


async def test_a_day_is_kept_as_it_was_read(sessions: Sessions) -> None:
    await keep(sessions, {MONDAY: {"views": 2**40, "spending": 0}})
    assert await kept(sessions) == {
        MONDAY: DayNumbers({"views": 2**40, "spending": 0}, Source.V2, NOON)
    }


async def test_a_day_that_avito_left_out_is_kept_as_asked_but_untold(sessions: Sessions) -> None:
    await keep(sessions, {MONDAY: {"views": 1}}, period=Period(MONDAY, TUESDAY))
    days = await kept(sessions)
    assert days[TUESDAY].metrics == {}
    assert WEDNESDAY not in days


async def test_a_corrected_day_replaces_the_first_reading(sessions: Sessions) -> None:
    await keep(sessions, {MONDAY: {"views": 1, "contacts": 1}})
    await keep(sessions, {MONDAY: {"views": 2}}, at=NOON + HOUR)
    assert await kept(sessions) == {MONDAY: DayNumbers({"views": 2}, Source.V2, NOON + HOUR)}


async def test_a_day_that_is_left_out_later_keeps_its_numbers(sessions: Sessions) -> None:
    await keep(sessions, {MONDAY: {"views": 1}})
    await keep(sessions, {TUESDAY: {"views": 2}}, period=Period(MONDAY, TUESDAY), at=NOON + HOUR)
    assert (await kept(sessions))[MONDAY] == DayNumbers({"views": 1}, Source.V2, NOON)


async def test_a_reading_without_money_does_not_wipe_out_a_whole_day(sessions: Sessions) -> None:
    await keep(sessions, {MONDAY: {"views": 1, "spending": 5}, TUESDAY: {"views": 1}})
    by_listing = {MONDAY: {"views": 9}, TUESDAY: {"views": 9}, WEDNESDAY: {"views": 9}}
    await keep(sessions, by_listing, source=Source.V1, at=NOON + HOUR)
    days = await kept(sessions)
    assert days[MONDAY].metrics == {"views": 1, "spending": 5}
    # Tuesday was not over when v2 told of it, Wednesday it never told.
    assert days[TUESDAY] == DayNumbers({"views": 9}, Source.V1, NOON + HOUR)
    assert days[WEDNESDAY].source is Source.V1


async def test_the_state_remembers_how_far_the_history_reaches(sessions: Sessions) -> None:
    await keep(sessions, {TUESDAY: {"views": 1}})
    await keep(sessions, {MONDAY: {"views": 1}}, at=NOON + HOUR)
    async with sessions() as session:
        state = await store.state(session, ACCOUNT)
    assert state is not None
    assert (state.first_day, state.last_day) == (MONDAY, TUESDAY)
    assert state.stats_read_at == NOON + HOUR


async def test_a_failure_is_remembered_until_a_good_reading(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        await store.note_failure(session, ACCOUNT, Unavailable("stats_v2_items"), NOON)
    async with sessions() as session:
        state = await store.state(session, ACCOUNT)
        assert state is not None
        assert (state.failure, state.failed_at, state.stats_read_at) == ("Unavailable", NOON, None)
    await keep(sessions, {MONDAY: {}}, at=NOON + HOUR)
    async with sessions() as session:
        state = await store.state(session, ACCOUNT)
        assert state is not None
        assert (state.failure, state.failed_at) == (None, None)


async def snapshot(
    sessions: Sessions, at: datetime, real: int | None, advance: int | None
) -> None:
    async with sessions.begin() as session:
        bonus = None if real is None else 7
        await store.save_wallet(session, ACCOUNT, Wallet(at, real, bonus, advance))


async def test_the_latest_wallet_takes_each_value_from_the_last_hour(sessions: Sessions) -> None:
    async with sessions() as session:
        assert await store.latest_wallet(session, ACCOUNT, NOON) is None
    await snapshot(sessions, NOON - 2 * HOUR, 100, 1)
    await snapshot(sessions, NOON - HOUR / 2, 200, -5_000)
    await snapshot(sessions, NOON, 300, None)
    async with sessions() as session:
        held = await store.latest_wallet(session, ACCOUNT, NOON)
    assert held == Wallet(NOON, 300, 7, -5_000, advance_at=NOON - HOUR / 2)


@pytest.mark.parametrize(
    ("ago", "advance", "had_advance"),
    [(2 * HOUR, 1, True), (2 * HOUR, 0, False), (2 * HOUR, -1, False), (8 * 24 * HOUR, 1, False)],
)
async def test_an_advance_of_long_ago_is_not_todays(
    sessions: Sessions, ago: timedelta, advance: int, had_advance: bool
) -> None:
    await snapshot(sessions, NOON - ago, 100, advance)
    await snapshot(sessions, NOON, 300, None)
    async with sessions() as session:
        wallet = await store.latest_wallet(session, ACCOUNT, NOON)
    assert wallet == Wallet(NOON, 300, 7, None, had_advance=had_advance)


async def test_an_earlier_wallet_is_the_nearest_one_or_none(sessions: Sessions) -> None:
    await snapshot(sessions, NOON - 26 * HOUR, 100, 1)
    await snapshot(sessions, NOON - 23 * HOUR, 200, 2)
    await snapshot(sessions, NOON, 300, 3)
    async with sessions() as session:
        day_ago = await store.wallet_about(session, ACCOUNT, NOON - 24 * HOUR)
        week_ago = await store.wallet_about(session, ACCOUNT, NOON - 7 * 24 * HOUR)
    assert day_ago == Wallet(NOON - 23 * HOUR, 200, 7, 2, advance_at=NOON - 23 * HOUR)
    assert week_ago is None


async def test_numbers_go_with_the_last_profile_and_the_gate_stays(rig: AvitoRig) -> None:
    alice, bob = await rig.connect("shop", owner=1), await rig.connect("shop", owner=2)
    await rig.sync.first_read(alice)

    for access, last in ((alice, False), (bob, True)):
        async with rig.sessions.begin() as session:
            await session.execute(delete(AvitoProfile).where(AvitoProfile.id == access.profile_id))
            assert await store.delete_unused(session, access.account) is last
    async with rig.sessions() as session:
        now = rig.clock.now()
        assert await store.days(session, alice.account, WEEK, now) == {}
        assert await store.state(session, alice.account) is None
        assert await store.latest_wallet(session, alice.account, now) is None
        gates = await session.scalars(select(AvitoGate.method).order_by(AvitoGate.method))
        assert list(gates) == ["cpa_balance", "stats_v2_items"]
