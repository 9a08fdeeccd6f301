"""Accounts are read before anybody asks: every night, and ahead of the reports."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.support.building import BuilderRig, text_of
from tests.support.deliveries import NINE
from tests.support.listings import expected_totals, stored_listings
from utils.periods import one_day


def read_accounts(rig: BuilderRig) -> list[str]:
    return sorted(
        rig.avito.world.accounts[call.account or 0].label
        for call in rig.avito.calls("stats_v2")
        if call.status == 200
    )


async def test_at_night_every_account_is_read_once(rig: BuilderRig) -> None:
    for label, owner in (("shop", 1), ("shop", 2), ("second", 1), ("no_money", 3)):
        await rig.profile(label, owner)

    await rig.rounds.nightly()

    assert read_accounts(rig) == ["no_money", "second", "shop"]
    await rig.rounds.nightly()
    assert len(rig.avito.calls("stats_v2")) == 3


@pytest.mark.impatient
async def test_one_that_cannot_be_read_stops_no_other(rig: BuilderRig) -> None:
    for label in ("shop", "second", "no_money"):
        await rig.profile(label)
    rig.avito.world.revoke_keys(rig.account("second"))
    rig.avito.world.fault("hang", account=rig.account("no_money").user_id)

    await rig.rounds.nightly()

    assert read_accounts(rig) == ["shop"]


async def test_what_is_strange_at_night_is_told_to_the_operator_once(rig: BuilderRig) -> None:
    for label in ("shop", "second", "no_money"):
        await rig.profile(label)
    rig.avito.world.fault("malformed_json", "stats_v2")

    await rig.rounds.nightly()

    [told] = rig.escalated()
    assert told.startswith("⚠️ Avito ответил не так, как обещает (stats_v2_items)\nКод: ")
    assert "не показано" not in told


async def test_what_is_the_owners_business_at_night_is_not(rig: BuilderRig) -> None:
    await rig.profile("shop")
    rig.avito.world.revoke_keys(rig.account("shop"))
    await rig.rounds.nightly()
    assert rig.escalated() == []


async def test_the_keys_of_another_owner_do_as_well(rig: BuilderRig) -> None:
    await rig.profile("shop", 1)
    rig.account("shop").client_secret = "a_secret_that_was_made_anew"
    await rig.profile("shop", 2)

    await rig.rounds.nightly()

    assert read_accounts(rig) == ["shop"]


async def test_the_listings_of_every_account_are_read_after_all_days(rig: BuilderRig) -> None:
    for label, owner in (("shop", 1), ("shop", 2), ("second", 1), ("v2_forbidden", 3)):
        await rig.profile(label, owner)
    rig.clock.scale = 600

    await rig.rounds.all_night()

    asked = [call.request["grouping"] for call in rig.avito.calls("stats_v2")]
    assert asked == ["day"] * 3 + ["item"] * 6
    for label, has_money in (("shop", True), ("second", True), ("v2_forbidden", False)):
        await check_yesterday(rig, label, has_money=has_money)
    assert rig.avito.world.violations() == []


async def test_listings_that_cannot_be_read_hold_up_no_others_and_no_report(
    rig: BuilderRig,
) -> None:
    task = await rig.reporting("second")
    await rig.profile("shop")
    rig.account("second").refuses_listings = 500
    rig.clock.scale = 600

    await rig.rounds.all_night()

    await check_yesterday(rig, "shop", has_money=True)
    rig.clock.scale = 1
    await rig.nine_o_clock()
    text = text_of(await rig.of(task))
    assert "Просмотры" in text
    assert "🏆" not in text


async def check_yesterday(rig: BuilderRig, label: str, *, has_money: bool) -> None:
    account, day = rig.account(label), one_day(date(2026, 11, 20))
    found = await stored_listings(rig.sessions, account.user_id, day, rig.clock.now())
    assert found is not None
    said = {item: row.totals for item, row in found.items()}
    assert said == expected_totals(account, day, money=has_money)


async def test_ahead_of_slots_only_what_is_due_soon_is_read(rig: BuilderRig) -> None:
    rig.clock.advance(NINE - timedelta(minutes=10) - rig.clock.now())
    await rig.reporting("shop")
    await rig.reporting("second", next_due_at=NINE + timedelta(hours=1))
    await rig.reporting("no_money", next_due_at=None)

    await rig.rounds.ahead_of_slots()
    await rig.rounds.ahead_of_slots()

    assert read_accounts(rig) == ["shop"]
    assert len(rig.avito.calls("balance")) == 1


async def test_a_day_that_is_not_over_is_not_read_ahead(rig: BuilderRig) -> None:
    midnight = datetime(2026, 11, 21, 21, tzinfo=UTC)
    await rig.reporting("shop", next_due_at=midnight + timedelta(minutes=1))
    rig.clock.advance(midnight - timedelta(minutes=5) - rig.clock.now())

    await rig.rounds.ahead_of_slots()

    assert rig.avito.calls("stats_v2") == []
