"""What is asked of Avito in one reading, and what of its answers is stored."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import delete
from sqlalchemy.exc import OperationalError

from core.avito.auth import Credentials, ProfileAccess
from core.avito.stats import COUNT_SLUGS, MONEY_SLUGS
from core.database import health
from core.database.models import AccountSync, AvitoProfile
from core.errors import (
    KeysRefused,
    ProfileNotFound,
    Unavailable,
)
from core.services import profiles
from core.statistics import store
from core.statistics.store import DayNumbers, Source
from core.statistics.sync import access_to
from tests.support.avito import AvitoRig
from utils.analytics import Wallet
from utils.periods import Period, last_days, one_day

TODAY = date(2026, 11, 21)
YESTERDAY = one_day(TODAY - timedelta(days=1))
MINUTE = timedelta(seconds=62)
HOUR = timedelta(hours=1)


async def stored(rig: AvitoRig, access: ProfileAccess) -> dict[date, DayNumbers]:
    async with rig.sessions() as session:
        return await store.days(
            session, access.account, Period(date(2025, 1, 1), TODAY), rig.clock.now()
        )


async def state(rig: AvitoRig, access: ProfileAccess) -> AccountSync | None:
    async with rig.sessions() as session:
        return await store.state(session, access.account)


async def wallet(rig: AvitoRig, access: ProfileAccess) -> Wallet | None:
    async with rig.sessions() as session:
        return await store.latest_wallet(session, access.account, rig.clock.now())


def asked_range(rig: AvitoRig) -> tuple[str, str]:
    request: Any = rig.calls("stats_v2")[-1].request
    return request["dateFrom"], request["dateTo"]


async def test_the_first_reading_holds_270_days_to_the_kopeck(rig: AvitoRig) -> None:
    access = await rig.connect("shop")
    await rig.sync.first_read(access)

    account, days = rig.account("shop"), await stored(rig, access)
    assert list(days) == list(last_days(rig.clock.now(), 270))
    for one, numbers in list(days.items())[:-1]:
        said = account.day_numbers(one)
        assert numbers.metrics == {slug: said[slug] for slug in (*COUNT_SLUGS, *MONEY_SLUGS)}
    assert {numbers.source for numbers in days.values()} == {Source.V2}
    assert len(rig.calls("stats_v2")) == 1


async def test_a_reading_takes_the_wallet_and_the_advance_along(rig: AvitoRig) -> None:
    access = await rig.connect("shop")
    await rig.sync.refresh(access)
    held = await wallet(rig, access)
    assert held is not None
    assert (held.real, held.bonus, held.advance) == (15_000_000, 32_000, 1_234_567)


async def test_a_refresh_reads_35_days_and_takes_corrections_over(rig: AvitoRig) -> None:
    access = await rig.connect("shop")
    await rig.sync.first_read(access)
    rig.account("shop").set_day(date(2026, 11, 1), views=777)
    rig.clock.advance(MINUTE)
    await rig.sync.refresh(access)

    assert asked_range(rig) == ("2026-10-18", "2026-11-21")
    days = await stored(rig, access)
    assert days[date(2026, 11, 1)].metrics["views"] == 777
    assert len(days) == 270


async def test_a_refresh_of_an_unknown_account_reads_everything(rig: AvitoRig) -> None:
    access = await rig.connect("shop")
    await rig.sync.refresh(access)
    assert asked_range(rig) == ("2026-02-25", "2026-11-21")


async def test_a_refresh_after_a_long_absence_leaves_no_gap(rig: AvitoRig) -> None:
    access = await rig.connect("shop")
    await rig.sync.first_read(access)
    rig.clock.advance(timedelta(days=100))
    await rig.sync.refresh(access)
    assert asked_range(rig) == ("2026-11-21", "2027-03-01")


async def test_days_older_than_avito_remembers_stay(rig: AvitoRig) -> None:
    access = await rig.connect("shop")
    await rig.sync.first_read(access)
    rig.clock.advance(timedelta(days=300))
    await rig.sync.refresh(access)
    assert date(2026, 2, 25) in await stored(rig, access)


async def test_the_calls_of_a_sync_follow_the_rules(rig: AvitoRig) -> None:
    for label in ("shop", "second", "empty", "no_money", "debtor", "v2_forbidden", "v2_zeros"):
        await rig.sync.first_read(await rig.connect(label))
    assert not rig.world.violations()


async def test_a_withheld_metric_is_stored_as_absent(rig: AvitoRig) -> None:
    access = await rig.connect("no_money")
    await rig.sync.refresh(access)
    metrics = (await stored(rig, access))[YESTERDAY.first].metrics
    assert "views" in metrics
    assert not metrics.keys() & set(MONEY_SLUGS) - {
        slug for slug in MONEY_SLUGS if slug.endswith("Price")
    }


@pytest.mark.parametrize("label", ["v2_forbidden", "v2_zeros"])
async def test_statistics_come_by_listing_where_the_new_ones_tell_nothing(
    rig: AvitoRig, label: str
) -> None:
    access = await rig.connect(label)
    await rig.sync.refresh(access)
    account, numbers = rig.account(label), (await stored(rig, access))[YESTERDAY.first]
    said = account.day_numbers(YESTERDAY.first)
    assert numbers.source is Source.V1
    assert numbers.metrics == {slug: said[slug] for slug in ("views", "contacts", "favorites")}


async def test_zeros_stay_where_the_listings_may_not_be_asked_for(rig: AvitoRig) -> None:
    access = await rig.connect("v2_zeros")
    rig.world.fault("status", endpoint="items", status=403)
    await rig.sync.refresh(access)
    assert (await stored(rig, access))[YESTERDAY.first].source is Source.V2


async def test_zeros_are_not_believed_while_the_listings_cannot_be_read(rig: AvitoRig) -> None:
    access = await rig.connect("v2_zeros")
    rig.world.fault("status", endpoint="stats_v1", status=503)
    with pytest.raises(Unavailable):
        await rig.sync.refresh(access)
    assert await stored(rig, access) == {}


async def test_a_profile_without_a_confirmed_account_cannot_be_asked_for(rig: AvitoRig) -> None:
    access = await rig.connect("shop")
    async with rig.sessions() as session:
        profile = await profiles.with_keys(session, 1, access.profile_id)
    assert access_to(profile) == access
    profile.user_id = None
    with pytest.raises(ValueError, match="no confirmed account"):
        access_to(profile)


async def test_a_wallet_is_read_again_only_when_it_is_old(rig: AvitoRig) -> None:
    access = await rig.connect("shop")
    await rig.sync.ensure_fresh_wallet(access)
    rig.account("shop").real = 5.0
    await rig.sync.ensure_fresh_wallet(access)
    assert len(rig.calls("balance")) == 1
    await rig.sync.ensure_fresh_wallet(access, max_age=timedelta(0))
    held = await wallet(rig, access)
    assert held is not None
    # The minute of the advance is not over: the one read before still stands.
    assert (held.real, held.advance) == (500, 1_234_567)


async def test_a_new_shop_without_visitors_keeps_its_zeros(rig: AvitoRig) -> None:
    access = await rig.connect("empty")
    await rig.sync.refresh(access)
    numbers = (await stored(rig, access))[YESTERDAY.first]
    assert numbers.source is Source.V2
    assert numbers.metrics["spending"] == 0


async def test_a_wallet_that_cannot_be_read_does_not_stop_the_statistics(rig: AvitoRig) -> None:
    access = await rig.connect("shop")
    rig.world.fault("status", endpoint="balance", status=403)
    rig.world.fault("status", endpoint="cpa_balance", status=500)
    await rig.sync.refresh(access)
    assert len(await stored(rig, access)) == 270
    assert await wallet(rig, access) is None


async def test_keys_that_open_another_account_by_now_bring_no_foreign_advance(
    rig: AvitoRig,
) -> None:
    access = await rig.connect("shop")
    other = rig.account("empty")
    keys = Credentials(other.client_id, other.client_secret)
    await rig.sync.ensure_fresh_wallet(replace(access, credentials=keys))
    assert await wallet(rig, access) is None


async def test_an_advance_that_cannot_be_read_leaves_the_wallet(rig: AvitoRig) -> None:
    access = await rig.connect("shop")
    rig.world.fault("wrong_shape", endpoint="cpa_balance", json={"error": {"code": 1002}})
    await rig.sync.refresh(access)
    held = await wallet(rig, access)
    assert held is not None
    assert (held.real, held.advance) == (15_000_000, None)


async def test_a_failed_reading_is_remembered_and_changes_nothing(rig: AvitoRig) -> None:
    access = await rig.connect("shop")
    await rig.sync.first_read(access)
    before = await stored(rig, access)
    rig.clock.advance(MINUTE)
    rig.world.fault("status", endpoint="stats_v2", status=503, times=1)
    with pytest.raises(Unavailable):
        await rig.sync.refresh(access)
    after = await state(rig, access)
    assert after is not None
    assert after.failure == "Unavailable"
    assert await stored(rig, access) == before


async def test_what_avito_told_outlasts_a_busy_database(
    rig: AvitoRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "RETRY_SEC", 0.05)
    access = await rig.connect("shop")
    really, failures = store.save, iter(range(2))

    async def busy(*args: Any) -> None:
        if next(failures, None) is not None:
            raise OperationalError("INSERT", {}, Exception("database is locked"))
        await really(*args)

    monkeypatch.setattr(store, "save", busy)

    await rig.sync.first_read(access)

    assert len(await stored(rig, access)) == 270
    assert len(rig.calls("stats_v2")) == 1


async def test_wrong_keys_stop_before_the_minute_is_used_up(rig: AvitoRig) -> None:
    access = await rig.connect("shop")
    rig.world.revoke_keys(rig.account("shop"))
    with pytest.raises(KeysRefused):
        await rig.sync.refresh(access)
    assert rig.calls("stats_v2") == []


async def test_keys_that_are_refused_are_no_failure_of_the_account(rig: AvitoRig) -> None:
    """Another owner may read the same account with keys of his own."""
    access = await rig.connect("shop")
    rig.world.revoke_keys(rig.account("shop"))
    with pytest.raises(KeysRefused):
        await rig.sync.refresh(access)
    assert await state(rig, access) is None


async def test_a_token_that_died_is_renewed_before_the_call_with_one_try(rig: AvitoRig) -> None:
    access = await rig.connect("shop")
    await rig.sync.first_read(access)
    rig.world.revoke_tokens(rig.account("shop"))
    rig.clock.advance(MINUTE)
    await rig.sync.refresh(access)
    assert {record.status for record in rig.calls("stats_v2")} == {200}


async def test_concurrent_refreshes_are_one_reading(rig: AvitoRig) -> None:
    access = await rig.connect("shop")
    await asyncio.gather(*(rig.sync.refresh(access) for _ in range(10)))
    assert len(rig.calls("stats_v2")) == 1


async def test_an_account_deleted_while_avito_answers_does_not_come_back(rig: AvitoRig) -> None:
    access = await rig.connect("shop")
    rig.world.fault("hold", "stats_v2")
    reading = asyncio.create_task(rig.sync.refresh(access))
    while not rig.calls("stats_v2"):
        await asyncio.sleep(0.01)
    async with rig.sessions.begin() as session:
        await session.execute(delete(AvitoProfile).where(AvitoProfile.id == access.profile_id))
        await store.delete_unused(session, access.account)
    rig.world.clear_faults()
    with pytest.raises(ProfileNotFound):
        await reading
    assert await stored(rig, access) == {}
    assert await wallet(rig, access) is None


async def test_no_transaction_is_open_while_avito_is_asked(rig: AvitoRig) -> None:
    access = await rig.connect("shop")
    seen = rig.open_transactions()
    await rig.sync.refresh(access)
    assert seen == [0, 0, 0, 0]
