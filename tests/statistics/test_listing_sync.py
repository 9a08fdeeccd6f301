"""Reading what each listing did: with few calls, whole or not at all, and never in the way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select

from core.avito.stats import LISTING_SLUGS as SLUGS
from core.database.models import AvitoProfile, Listing, ListingNumbers, ListingRead
from core.database.session import reading
from core.errors import (
    KeysRefused,
    ProfileNotFound,
    RateLimited,
    Unavailable,
    UnexpectedAnswer,
)
from core.services import profiles
from core.statistics import listing_sync, store
from core.statistics.listings import ListingTotals, Totals
from core.statistics.sync import access_to
from sandbox.avito.accounts import make_listings
from sandbox.avito.world import AvitoAccount
from sandbox.avito.world import Listing as Sold
from sandbox.clock import SandboxClock
from tests.support.avito import AvitoRig
from tests.support.listings import expected_totals, stored_listings
from utils.periods import Period, one_day

pytestmark = pytest.mark.one_database

MINUTE = timedelta(seconds=62)
YESTERDAY = one_day(date(2026, 11, 20))
WEEK = Period(date(2026, 11, 14), YESTERDAY.last)
MONTH = Period(date(2026, 10, 22), YESTERDAY.last)


@pytest.fixture
def clock() -> SandboxClock:
    """05:00 in Moscow, an hour for which nobody waits: 2.5 s between two pages are soon over."""
    return SandboxClock(datetime(2026, 11, 21, 2, tzinfo=UTC), scale=50)


async def connected(rig: AvitoRig, label: str = "shop") -> AvitoProfile:
    access = await rig.connect(label)
    async with reading(rig.sessions) as session:
        return await profiles.with_keys(session, 1, access.profile_id)


async def with_listings(rig: AvitoRig, count: int) -> AvitoProfile:
    """So many of them, and nothing said about their titles, which come 99 at a time."""
    rig.account("shop").listings = make_listings(7_100_000_001, count)
    rig.world.fault("status", "items", status=403)
    return await connected(rig)


def patiently(rig: AvitoRig) -> Callable[[datetime], Awaitable[None]]:
    async def wait(instant: datetime) -> None:
        rig.clock.advance(max(instant - rig.clock.now(), timedelta(0)))

    return wait


async def impatiently(_: datetime) -> None:
    raise AssertionError("nobody was to wait")


async def read(rig: AvitoRig, profile: AvitoProfile, period: Period = YESTERDAY) -> None:
    await rig.listings.ensure(profile, period, patiently(rig))


async def stored(
    rig: AvitoRig, profile: AvitoProfile, period: Period = YESTERDAY
) -> dict[int, ListingTotals] | None:
    return await stored_listings(rig.sessions, profile.user_id or 0, period, rig.clock.now())


async def totals(
    rig: AvitoRig, profile: AvitoProfile, period: Period = YESTERDAY
) -> dict[int, Totals]:
    found = await stored(rig, profile, period)
    assert found is not None
    return {item: row.totals for item, row in found.items()}


def v2_calls(rig: AvitoRig) -> list[str | int]:
    """What stats v2 was asked for: `day`, or the first row of listings."""
    bodies = [call.request for call in rig.calls("stats_v2")]
    return [body["offset"] if body["grouping"] == "item" else body["grouping"] for body in bodies]


async def test_one_call_tells_what_a_thousand_listings_did(rig: AvitoRig) -> None:
    profile = await with_listings(rig, 1_000)

    await read(rig, profile)

    assert await totals(rig, profile) == expected_totals(rig.account("shop"), YESTERDAY)
    assert v2_calls(rig) == ["day", 0]


async def test_more_listings_come_in_pages_that_overlap(rig: AvitoRig) -> None:
    profile = await with_listings(rig, 1_990)

    await read(rig, profile)

    assert await totals(rig, profile) == expected_totals(rig.account("shop"), YESTERDAY)
    assert v2_calls(rig) == ["day", 0, 980, 1_960]


async def test_a_listing_that_disappears_between_pages_takes_no_other_along(
    rig: AvitoRig,
) -> None:
    account, profile = rig.account("shop"), await with_listings(rig, 1_100)
    rig.at_request.append(
        lambda: (
            account.vanished.update(range(7_100_000_003, 7_100_000_013))
            if v2_calls(rig)[-1:] == [0]
            else None
        )
    )

    await read(rig, profile)

    assert (await totals(rig, profile)).keys() == {one.id for one in account.listings}


@pytest.mark.parametrize("rows", [21, 25, 29])
async def test_a_page_that_is_not_full_is_followed_by_another(rig: AvitoRig, rows: int) -> None:
    profile = await connected(rig)
    await rig.sync.first_read(access_to(profile))
    rig.clock.advance(MINUTE)
    rig.world.fault("wrong_shape", "stats_v2", times=1, json=page_of(rig.account("shop"), rows))

    await read(rig, profile)

    assert await totals(rig, profile) == expected_totals(rig.account("shop"), YESTERDAY)


@pytest.mark.parametrize("rows", [0, 10, 20])
async def test_listings_that_were_cut_off_are_not_taken_for_idle_ones(
    rig: AvitoRig, rows: int
) -> None:
    profile = await connected(rig)
    await rig.sync.first_read(access_to(profile))
    rig.clock.advance(MINUTE)
    rig.world.fault("wrong_shape", "stats_v2", json=page_of(rig.account("shop"), rows))

    with pytest.raises(UnexpectedAnswer, match=f"{rows} of 30 listings"):
        await read(rig, profile)

    assert await stored(rig, profile) is None


async def test_rows_that_repeat_do_not_make_up_for_those_that_are_missing(rig: AvitoRig) -> None:
    profile = await connected(rig)
    await rig.sync.first_read(access_to(profile))
    rig.clock.advance(MINUTE)
    body = page_of(rig.account("shop"), 28)
    body["result"]["groupings"] += body["result"]["groupings"][:2]
    rig.world.fault("wrong_shape", "stats_v2", json=body)

    with pytest.raises(UnexpectedAnswer, match="28 of 30 listings"):
        await read(rig, profile)


async def test_without_a_total_a_page_that_is_not_full_is_the_last(rig: AvitoRig) -> None:
    profile = await connected(rig)
    await rig.sync.first_read(access_to(profile))
    rig.clock.advance(MINUTE)
    body = page_of(rig.account("shop"), 30)
    body["result"]["groupings"].append({"metrics": []})
    del body["result"]["dataTotalCount"]
    rig.world.fault("wrong_shape", "stats_v2", json=body)

    await read(rig, profile)

    assert len(await totals(rig, profile)) == 30


@pytest.mark.parametrize("total", [None, 10**9])
async def test_pages_that_repeat_come_to_an_end(
    rig: AvitoRig, total: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing_sync, "ROWS_LIMIT", 30)
    profile = await connected(rig)
    await rig.sync.first_read(access_to(profile))
    rig.clock.advance(MINUTE)
    body = page_of(rig.account("shop"), 30)
    body["result"]["dataTotalCount"] = total
    rig.world.fault("wrong_shape", "stats_v2", json=body)

    with pytest.raises(UnexpectedAnswer, match="30 of"):
        await read(rig, profile)

    assert len(v2_calls(rig)) == 1 + 2
    assert await stored(rig, profile) is None


async def test_the_numbers_of_reports_go_first(rig: AvitoRig) -> None:
    profile = await connected(rig)
    await rig.sync.first_read(access_to(profile))
    rig.clock.advance(timedelta(hours=2, minutes=57))

    await read(rig, profile)

    assert v2_calls(rig) == ["day", "day", 0]
    # Avito's minute is taken now, and no report has to know.
    fresh = await rig.sync.ensure_fresh(access_to(profile), YESTERDAY)
    assert (fresh.refreshed, fresh.refused_until, fresh.failure) == (False, None, None)


async def test_while_reports_get_no_new_numbers_listings_are_not_asked_for(rig: AvitoRig) -> None:
    profile = await connected(rig)
    await rig.sync.first_read(access_to(profile))
    rig.clock.advance(timedelta(hours=4))
    rig.world.fault("status", "stats_v2", status=503)

    with pytest.raises(Unavailable):
        await read(rig, profile)

    assert v2_calls(rig) == ["day", "day"]


async def test_a_limit_that_avito_sets_is_waited_for(rig: AvitoRig) -> None:
    profile = await connected(rig)
    await rig.sync.first_read(access_to(profile))
    rig.clock.advance(MINUTE)
    rig.world.fault("status", "stats_v2", times=2, status=429, retry_after=90)

    await read(rig, profile)

    assert len(await totals(rig, profile)) == 30
    assert [call.status for call in rig.calls("stats_v2")] == [200, 429, 429, 200]


async def test_a_limit_that_does_not_end_is_not_waited_for_for_ever(rig: AvitoRig) -> None:
    profile = await connected(rig)
    await rig.sync.first_read(access_to(profile))
    rig.clock.advance(MINUTE)
    rig.world.fault("status", "stats_v2", status=429)

    with pytest.raises(RateLimited):
        await read(rig, profile)

    assert await stored(rig, profile) is None
    fresh = await rig.sync.ensure_fresh(access_to(profile), YESTERDAY)
    assert (fresh.refused_until, fresh.failure) == (None, None)


@pytest.mark.parametrize("status", [402, 403, 404])
async def test_where_v2_refuses_listings_v1_tells_what_it_knows(
    rig: AvitoRig, status: int
) -> None:
    rig.account("shop").refuses_listings = status
    profile = await connected(rig)

    await read(rig, profile, WEEK)

    expected = expected_totals(rig.account("shop"), WEEK, money=False)
    assert await totals(rig, profile, WEEK) == expected
    # Day by day, so that every period within is told too.
    assert await totals(rig, profile, one_day(date(2026, 11, 17))) == expected_totals(
        rig.account("shop"), one_day(date(2026, 11, 17)), money=False
    )


@pytest.mark.parametrize("label", ["v2_forbidden", "v2_zeros"])
async def test_an_account_that_v2_tells_nothing_of_is_asked_about_in_v1_at_once(
    rig: AvitoRig, label: str
) -> None:
    profile = await connected(rig, label)
    await rig.sync.first_read(access_to(profile))

    await rig.listings.ensure(profile, WEEK, impatiently)

    expected = expected_totals(rig.account(label), WEEK, money=False)
    assert await totals(rig, profile, WEEK) == expected
    assert v2_calls(rig) == ["day"]


@pytest.mark.parametrize("answer", ["empty", "400"])
async def test_a_listing_that_is_not_ours_any_more_does_not_spoil_the_others(
    rig: AvitoRig, answer: Any
) -> None:
    account = rig.account("v2_forbidden")
    profile = await connected(rig, "v2_forbidden")
    await rig.sync.first_read(access_to(profile))
    rig.world.foreign_listing_answer = answer
    lost = account.listings[4].id

    def lose_it() -> None:
        """Between the list of listings and the question about them."""
        if rig.heard[-1].path.startswith("/stats/v1"):
            account.vanished.add(lost)

    rig.at_request.append(lose_it)
    await rig.listings.ensure(profile, WEEK, impatiently)

    expected = expected_totals(account, WEEK, money=False)
    del expected[lost]
    assert await totals(rig, profile, WEEK) == expected


async def test_money_that_avito_withholds_is_unknown(rig: AvitoRig) -> None:
    profile = await connected(rig, "no_money")

    await read(rig, profile)

    account = rig.account("no_money")
    assert await totals(rig, profile) == expected_totals(account, YESTERDAY, money=False)


async def test_an_account_without_listings_is_read_all_the_same(rig: AvitoRig) -> None:
    profile = await connected(rig, "empty")

    await read(rig, profile)

    assert await stored(rig, profile) == {}


async def test_what_is_stored_is_not_asked_for_again(rig: AvitoRig) -> None:
    profile = await connected(rig)
    await read(rig, profile, WEEK)
    asked = len(rig.world.history)
    rig.clock.advance(timedelta(days=1))

    await rig.listings.ensure(profile, WEEK, impatiently)

    assert len(rig.world.history) == asked


async def test_today_moves_and_is_asked_about_again_after_ten_minutes(rig: AvitoRig) -> None:
    profile, today = await connected(rig), one_day(date(2026, 11, 21))
    await read(rig, profile, today)
    rig.clock.advance(timedelta(minutes=8))
    await rig.listings.ensure(profile, today, impatiently)
    rig.clock.advance(timedelta(minutes=3))

    assert await stored(rig, profile, today) is None
    await read(rig, profile, today)

    assert v2_calls(rig).count(0) == 2
    assert await stored(rig, profile, today)


async def test_several_who_ask_at_once_are_one_reading(rig: AvitoRig) -> None:
    profile = await connected(rig)

    await asyncio.gather(*(read(rig, profile) for _ in range(5)))

    assert v2_calls(rig) == ["day", 0]


async def test_wrong_keys_are_said_to_be_wrong(rig: AvitoRig) -> None:
    profile = await connected(rig)
    rig.world.revoke_keys(rig.account("shop"))

    with pytest.raises(KeysRefused):
        await read(rig, profile)


async def test_an_account_deleted_while_avito_answers_does_not_come_back(rig: AvitoRig) -> None:
    profile = await connected(rig)
    await rig.sync.first_read(access_to(profile))
    rig.clock.advance(MINUTE)
    rig.world.fault("hold", "stats_v2")
    under_way = asyncio.create_task(read(rig, profile))
    while 0 not in v2_calls(rig):
        await asyncio.sleep(0.01)
    async with rig.sessions.begin() as session:
        await session.execute(delete(AvitoProfile).where(AvitoProfile.id == profile.id))
        assert await store.delete_unused(session, profile.user_id or 0)
    rig.world.clear_faults()

    with pytest.raises(ProfileNotFound):
        await under_way

    async with reading(rig.sessions) as session:
        for table in (Listing, ListingRead, ListingNumbers):
            assert (await session.scalars(select(table))).all() == []


async def test_listings_are_known_by_their_titles_also_those_that_ended(rig: AvitoRig) -> None:
    account = rig.account("shop")
    account.listings += [
        Sold(7_632_548_910, "Диван, снят вчера", 12_000, "old", active_until=YESTERDAY.last),
        Sold(7_632_548_911, "Нет нигде", None, "deleted", active_until=YESTERDAY.last),
    ]
    profile = await connected(rig)

    await read(rig, profile)

    found = await stored(rig, profile)
    assert found is not None
    by_id = {one.id: one for one in account.listings}
    assert len(found) == 32
    for item, row in found.items():
        if item == 7_632_548_911:
            assert (row.title, row.url, row.is_active) == (None, None, False)
            continue
        sold = by_id[item]
        assert row.title == sold.title
        assert row.price == (None if sold.price is None else sold.price * 100)
        assert row.url == f"https://www.avito.ru/moskva/mebel_i_interer/x_{item}"
        assert row.is_active is (sold.status == "active")


async def test_titles_that_cannot_be_read_do_not_hold_back_the_numbers(rig: AvitoRig) -> None:
    rig.world.fault("status", "items", status=503)
    profile = await connected(rig)

    await read(rig, profile)

    found = await stored(rig, profile)
    assert found is not None
    assert await totals(rig, profile) == expected_totals(rig.account("shop"), YESTERDAY)
    assert {row.title for row in found.values()} == {None}


async def test_nobody_waits_for_the_titles_of_thousands(
    rig: AvitoRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing_sync, "TITLE_PAGES", 2)
    monkeypatch.setattr(listing_sync, "ARCHIVE_PAGES", 1)
    rig.account("shop").listings = make_listings(7_100_000_001, count=300, old=150)
    profile = await connected(rig)

    await read(rig, profile)
    found = await stored(rig, profile)
    assert found is not None
    assert sum(row.title is not None for row in found.values()) == 2 * 99
    assert len(rig.calls("items")) == 3

    await rig.listings.nightly(profile, patiently(rig))
    found = await stored(rig, profile)
    assert found is not None
    assert all(row.title is not None for row in found.values())


async def test_a_night_reads_yesterday_and_the_weeks_before_it(rig: AvitoRig) -> None:
    profile = await connected(rig)

    await rig.listings.nightly(profile, patiently(rig))

    for period in (YESTERDAY, WEEK, MONTH):
        assert await totals(rig, profile, period) == expected_totals(rig.account("shop"), period)
    assert v2_calls(rig) == ["day", 0, 0, 0]


async def test_who_asks_in_the_night_waits_for_one_read_of_it_and_not_for_all(
    rig: AvitoRig,
) -> None:
    profile = await connected(rig)
    some_days = Period(date(2026, 11, 3), date(2026, 11, 9))
    asking: list[asyncio.Task[None]] = []

    async def wait(instant: datetime) -> None:
        if not asking:
            asking.append(asyncio.create_task(read(rig, profile, some_days)))
            await asyncio.sleep(0)
        await patiently(rig)(instant)

    await rig.listings.nightly(profile, wait)
    await asyncio.gather(*asking)

    bodies = [call.request for call in rig.calls("stats_v2")]
    asked = [body["dateFrom"] for body in bodies if body["grouping"] == "item"]
    assert asked == ["2026-11-20", "2026-11-03", "2026-10-22", "2026-11-14"]


async def test_days_of_several_nights_tell_of_any_period_among_them(rig: AvitoRig) -> None:
    profile = await connected(rig)
    for _ in range(4):
        await rig.listings.nightly(profile, patiently(rig))
        rig.clock.advance(timedelta(days=1))
    asked = len(rig.world.history)
    period = Period(date(2026, 11, 21), date(2026, 11, 23))

    await rig.listings.ensure(profile, period, impatiently)

    assert await totals(rig, profile, period) == expected_totals(rig.account("shop"), period)
    assert len(rig.world.history) == asked


async def test_a_night_over_v1_asks_for_no_day_of_the_month_again(rig: AvitoRig) -> None:
    profile = await connected(rig, "v2_forbidden")
    await rig.sync.first_read(access_to(profile))
    before = len(rig.calls("stats_v1"))

    await rig.listings.nightly(profile, impatiently)

    asked = [call.request["dateFrom"] for call in rig.calls("stats_v1")[before:]]
    assert asked == ["2026-11-20", "2026-10-22"]
    account = rig.account("v2_forbidden")
    for period in (YESTERDAY, WEEK, MONTH, Period(date(2026, 11, 3), date(2026, 11, 9))):
        expected = expected_totals(account, period, money=False)
        assert await totals(rig, profile, period) == expected


async def test_days_that_v2_told_whole_stay_when_only_v1_is_left(rig: AvitoRig) -> None:
    profile = await connected(rig)
    await read(rig, profile)
    rig.account("shop").refuses_listings = 403

    await read(rig, profile, WEEK)

    assert await totals(rig, profile) == expected_totals(rig.account("shop"), YESTERDAY)
    expected = expected_totals(rig.account("shop"), WEEK, money=False)
    assert await totals(rig, profile, WEEK) == expected


async def test_the_night_notices_what_ended_and_gives_up_on_what_is_gone(rig: AvitoRig) -> None:
    account = rig.account("shop")
    profile = await connected(rig)
    await rig.listings.nightly(profile, patiently(rig))
    ended, gone = account.listings[0], account.listings[1]
    today = date(2026, 11, 21)
    account.listings[0] = replace(ended, status="old", active_until=today)
    account.listings[1:2] = [
        replace(gone, active_until=today, status="deleted"),
        Sold(7_632_548_911, "Удалено насовсем", 1, "deleted", active_until=today),
    ]
    rig.clock.advance(timedelta(days=1))

    await rig.listings.nightly(profile, patiently(rig))
    found = await stored(rig, profile, one_day(today))
    searched = len(rig.calls("items"))
    await rig.listings.nightly(profile, patiently(rig))

    assert found is not None
    assert (found[ended.id].title, found[ended.id].is_active) == (ended.title, False)
    assert (found[gone.id].title, found[gone.id].is_active) == (gone.title, False)
    assert found[7_632_548_911].title is None
    # The second night does not search the archive for what the first did not find there.
    assert len(rig.calls("items")) == searched + 1


async def test_no_transaction_is_open_while_avito_is_asked(rig: AvitoRig) -> None:
    profile = await connected(rig)
    seen = rig.open_transactions()
    rig.account("shop").refuses_listings = 403

    await read(rig, profile)

    assert seen
    assert set(seen) == {0}


def page_of(account: AvitoAccount, rows: int) -> Any:
    """So many of the rows that Avito has for yesterday, with the number of all of them."""
    numbers = account.listing_numbers(YESTERDAY.last)
    groupings = [
        {"id": item, "type": "items", "metrics": [{"slug": s, "value": metrics[s]} for s in SLUGS]}
        for item, metrics in numbers.items()
    ]
    return {"result": {"dataTotalCount": len(numbers), "groupings": groupings[:rows]}}
