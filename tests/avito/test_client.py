"""What Avito answers arrives in our units, held against the sandbox's own numbers."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from core.avito.auth import Credentials
from core.avito.stats import COUNT_SLUGS, MONEY_SLUGS
from core.errors import EmployeeKey, Unavailable, UnexpectedAnswer
from sandbox.avito.accounts import make_listings
from sandbox.avito.numbers import MONEY
from sandbox.avito.world import AvitoAccount
from tests.support.avito import AvitoRig
from utils.periods import Period, last_days, one_day

ALL_SLUGS = {*COUNT_SLUGS, *MONEY_SLUGS}


def keys(account: AvitoAccount) -> Credentials:
    return Credentials(account.client_id, account.client_secret)


async def test_keys_are_checked_before_there_is_a_profile(rig: AvitoRig) -> None:
    found = await rig.avito.verify(keys(rig.account("shop")))
    assert found.account == 7_632_548_910
    assert [record.endpoint for record in rig.world.history] == ["token", "self", "ah_user"]
    assert found.token.expires_at - rig.clock.now() > timedelta(hours=23)


async def test_an_account_without_a_name_is_an_account(rig: AvitoRig) -> None:
    rig.world.fault("wrong_shape", endpoint="self", json={"id": 7_632_548_910, "name": None})
    rig.world.fault("wrong_shape", endpoint="ah_user", json={"isEmployee": None})
    assert (await rig.avito.verify(keys(rig.account("shop")))).account == 7_632_548_910


async def test_an_answer_about_employees_that_nobody_can_read_is_no_reason(rig: AvitoRig) -> None:
    rig.world.fault("wrong_shape", endpoint="ah_user", json=[])
    assert (await rig.avito.verify(keys(rig.account("shop")))).account == 7_632_548_910


async def test_an_id_that_no_table_can_hold_is_an_unexpected_answer(rig: AvitoRig) -> None:
    rig.world.fault("wrong_shape", endpoint="self", json={"id": 2**63})
    with pytest.raises(UnexpectedAnswer):
        await rig.avito.verify(keys(rig.account("shop")))


async def test_the_key_of_an_employee_is_recognised(rig: AvitoRig) -> None:
    with pytest.raises(EmployeeKey):
        await rig.avito.verify(keys(rig.account("employee")))


@pytest.mark.parametrize("status", [401, 403, 404, 402])
async def test_who_may_not_ask_about_employees_is_none(rig: AvitoRig, status: int) -> None:
    rig.world.fault("status", endpoint="ah_user", status=status)
    found = await rig.avito.verify(keys(rig.account("shop")))
    assert found.account == 7_632_548_910


async def test_an_outage_is_no_proof_that_the_key_is_not_an_employees(rig: AvitoRig) -> None:
    rig.world.fault("status", endpoint="ah_user", status=503)
    with pytest.raises(Unavailable):
        await rig.avito.verify(keys(rig.account("employee")))


@pytest.mark.parametrize(
    ("real", "bonus", "kopecks"),
    [
        (150_000.0, 320.0, (15_000_000, 32_000)),
        (4350.5, 0.0, (435_050, 0)),
        (0.0, 0.0, (0, 0)),
        (990.1, 0.07, (99_010, 7)),
        (8_123_456.29, 1.15, (812_345_629, 115)),
        (-12.34, 0.0, (-1_234, 0)),
    ],
)
async def test_the_wallet_is_roubles_there_and_exact_kopecks_here(
    rig: AvitoRig, real: float, bonus: float, kopecks: tuple[int, int]
) -> None:
    rig.account("shop").real, rig.account("shop").bonus = real, bonus
    assert await (await rig.client("shop")).balance() == kopecks


async def test_a_wallet_that_is_not_told_is_unknown_and_not_empty(rig: AvitoRig) -> None:
    client = await rig.client("shop")
    rig.world.fault("wrong_shape", endpoint="balance", json={"bonus": 5})
    assert await client.balance() == (None, 500)


@pytest.mark.parametrize("kopecks", [1_234_567, 0, -5_000])
async def test_the_advance_is_kopecks_on_both_sides(rig: AvitoRig, kopecks: int) -> None:
    rig.account("shop").advance = kopecks
    assert await (await rig.client("shop")).advance() == kopecks


async def test_the_advance_may_be_wrapped(rig: AvitoRig) -> None:
    client = await rig.client("shop")
    rig.world.fault("wrong_shape", endpoint="cpa_balance", json={"result": {"balance": 77}})
    assert await client.advance() == 77


async def test_a_bonus_that_cannot_be_read_takes_no_money_with_it(rig: AvitoRig) -> None:
    client = await rig.client("shop")
    rig.world.fault("wrong_shape", endpoint="balance", json={"real": 4350.5, "bonus": ""})
    assert await client.balance() == (435_050, None)


async def test_one_call_gives_every_metric_of_270_days(rig: AvitoRig) -> None:
    client = await rig.client("shop")
    period = last_days(rig.clock.now(), 270)
    days = await client.daily_stats(period)
    account = rig.account("shop")
    expected = {
        day: {slug: account.day_numbers(day)[slug] for slug in ALL_SLUGS}
        for day in list(period)[:-1]
    }
    today = days.pop(period.last)
    assert days == expected
    assert today["views"] == account.day_numbers(period.last, 15 / 24)["views"]
    assert len(rig.calls("stats_v2")) == 1


async def test_a_withheld_metric_is_absent(rig: AvitoRig) -> None:
    client = await rig.client("no_money")
    yesterday = date(2026, 11, 20)
    day = (await client.daily_stats(Period(yesterday, yesterday)))[yesterday]
    assert day.keys() == ALL_SLUGS - set(MONEY)


@pytest.mark.parametrize("hour", [0, 21])
async def test_a_row_belongs_to_its_day_whichever_midnight_it_names(
    rig: AvitoRig, hour: int
) -> None:
    client = await rig.client("shop")
    named = datetime(2026, 11, 20 if hour == 0 else 19, hour, tzinfo=UTC)
    row = {
        "id": int(named.timestamp()),
        "type": "something new",
        "metrics": [{"slug": "views", "value": 5.0}, {"slug": "contacts", "value": None}],
    }
    body = {"result": {"dataTotalCount": 1, "groupings": [row, {"type": "totals"}]}}
    rig.world.fault("wrong_shape", endpoint="stats_v2", json=body)
    day = date(2026, 11, 20)
    assert await client.daily_stats(Period(day, day)) == {day: {"views": 5}}


@pytest.mark.parametrize("row_id", [253_402_300_799, 253_402_300_800, 2**41, 2**70, -1])
async def test_a_row_beyond_the_calendar_is_no_day(rig: AvitoRig, row_id: int) -> None:
    client = await rig.client("shop")
    rows = [{"id": row_id, "metrics": []}]
    rig.world.fault("wrong_shape", endpoint="stats_v2", json={"result": {"groupings": rows}})
    day = date(2026, 11, 20)
    assert await client.daily_stats(Period(day, day)) == {}


def day_row(day: int, **metrics: Any) -> dict[str, Any]:
    """A row of stats v2 about this day of November."""
    named = datetime(2026, 11, day, tzinfo=UTC)
    told = [{"slug": slug, "value": value} for slug, value in metrics.items()]
    return {"id": int(named.timestamp()), "type": "dates", "metrics": told}


async def told_of_november(rig: AvitoRig, *rows: Any) -> dict[int, dict[str, int]]:
    """What the client makes of such rows, by the day of the month."""
    client = await rig.client("shop")
    body = {"result": {"dataTotalCount": len(rows), "groupings": rows}}
    rig.world.fault("wrong_shape", endpoint="stats_v2", json=body)
    days = await client.daily_stats(Period(date(2026, 11, 1), date(2026, 11, 20)))
    return {day.day: metrics for day, metrics in days.items()}


@pytest.mark.parametrize("value", ["", "many", {"amount": 1}, True, 10**16])
async def test_a_metric_that_cannot_be_read_is_absent_and_the_rest_stands(
    rig: AvitoRig, value: Any
) -> None:
    with capture_logs() as logged:
        told = await told_of_november(
            rig, day_row(19, views=3, contacts=value), day_row(20, views=value, contacts=0)
        )
    assert told == {19: {"views": 3}, 20: {"contacts": 0}}
    noted = [event for event in logged if event["event"] == "avito_fields_unread"]
    assert [(event["endpoint"], event["fields"]) for event in noted] == [
        ("stats_v2_items", {"value": 2})
    ]


@pytest.mark.parametrize(
    "row",
    [
        None,
        [],
        day_row(19) | {"metrics": None},
        day_row(19) | {"metrics": "none"},
        day_row(19) | {"id": ""},
        day_row(19) | {"id": 1.5},
    ],
)
async def test_a_row_that_cannot_be_read_costs_the_others_nothing(rig: AvitoRig, row: Any) -> None:
    assert await told_of_november(rig, row, day_row(20, views=3)) == {20: {"views": 3}}


@pytest.mark.parametrize("metric", [None, {"slug": None, "value": 1}, {"value": 1}, "views"])
async def test_a_metric_without_a_name_is_none(rig: AvitoRig, metric: Any) -> None:
    row = day_row(20, views=3)
    row["metrics"].append(metric)
    assert await told_of_november(rig, row) == {20: {"views": 3}}


async def test_a_day_told_twice_is_known_only_if_it_is_told_alike(rig: AvitoRig) -> None:
    alike, doubtful = day_row(19, views=3, contacts=1), day_row(20, views=30)
    told = await told_of_november(rig, alike, doubtful, alike, day_row(20, views=0))
    assert told == {19: {"views": 3, "contacts": 1}}


async def test_an_answer_that_was_cut_short_is_not_taken_for_empty_days(rig: AvitoRig) -> None:
    client = await rig.client("shop")
    body = {"result": {"dataTotalCount": 35, "groupings": []}}
    rig.world.fault("wrong_shape", endpoint="stats_v2", json=body)
    with pytest.raises(UnexpectedAnswer, match="0 of 35 days"):
        await client.daily_stats(last_days(rig.clock.now(), 35))


@pytest.mark.parametrize(
    "groupings",
    [{"many": 1}, "many", ["many", None], [{"day": "many"}, {"id": "many", "metrics": []}]],
)
async def test_a_shape_that_no_contract_knows_is_named_without_its_content(
    rig: AvitoRig, groupings: Any
) -> None:
    client = await rig.client("shop")
    rig.world.fault("wrong_shape", endpoint="stats_v2", json={"result": {"groupings": groupings}})
    with pytest.raises(UnexpectedAnswer) as caught:
        await client.daily_stats(last_days(rig.clock.now(), 1))
    assert "another shape at result" in str(caught.value)
    assert "many" not in f"{caught.value} {caught.value.__cause__}"


async def test_a_question_that_does_not_fit_into_one_call_is_a_mistake_of_ours(
    rig: AvitoRig,
) -> None:
    with pytest.raises(ValueError, match="271 days"):
        await (await rig.client("shop")).daily_stats(last_days(rig.clock.now(), 271))


async def test_active_listings_are_counted_once_and_without_the_old_ones(rig: AvitoRig) -> None:
    account = rig.account("shop")
    account.listings = make_listings(7_100_000_000, count=198, old=3)
    client = await rig.client("shop")
    rig.clock.scale = 50
    assert sorted(await client.active_items()) == list(range(7_100_000_000, 7_100_000_198))
    assert [record.request["page"] for record in rig.calls("items")] == ["1", "2", "3"]


async def test_a_server_that_ignores_pages_does_not_keep_us_for_ever(rig: AvitoRig) -> None:
    client = await rig.client("shop")
    page = {"meta": {"page": 1, "per_page": 1}, "resources": [{"id": 5}]}
    rig.world.fault("wrong_shape", endpoint="items", json=page)
    rig.clock.scale = 50
    assert await client.active_items() == [5]


async def test_statistics_by_listing_add_up_to_those_of_the_account(rig: AvitoRig) -> None:
    account = rig.account("shop")
    account.listings = make_listings(7_100_000_000, count=450)
    client = await rig.client("shop")
    rig.clock.scale = 50
    period = Period(date(2026, 11, 14), date(2026, 11, 20))
    days = await client.daily_stats_v1([one.id for one in account.listings], period)
    assert days == {
        day: {slug: account.day_numbers(day)[slug] for slug in ("views", "contacts", "favorites")}
        for day in period
    }
    assert [len(record.request["itemIds"]) for record in rig.calls("stats_v1")] == [200, 200, 50]


async def test_counters_that_v1_leaves_out_are_unknown(rig: AvitoRig) -> None:
    client = await rig.client("shop")
    day = date(2026, 11, 20)
    stats = [{"date": "2026-11-20", "uniqViews": 3}, {"date": "2026-11-01", "uniqViews": 9}]
    body = {"result": {"items": [{"itemId": 1, "stats": stats}, {"itemId": 2}]}}
    rig.world.fault("wrong_shape", endpoint="stats_v1", json=body)
    assert await client.daily_stats_v1([1, 2], Period(day, day)) == {day: {"views": 3}}


@pytest.mark.parametrize("count", [10**16, -(10**16)])
async def test_a_count_that_no_account_has_is_an_unexpected_answer(
    rig: AvitoRig, count: int
) -> None:
    client, day = await rig.client("shop"), date(2026, 11, 20)
    stats = [{"date": "2026-11-20", "uniqViews": 3, "uniqContacts": count}]
    body = {"result": {"items": [{"itemId": 1, "stats": stats}]}}
    rig.world.fault("wrong_shape", endpoint="stats_v1", json=body)
    with pytest.raises(UnexpectedAnswer):
        await client.daily_stats_v1([1], one_day(day))

    days = [{"date": "2026-11-20", "calls": 3, "answered": count}]
    body = {"result": {"items": [{"itemId": 1, "employeeId": 0, "days": days}]}}
    rig.world.fault("wrong_shape", endpoint="calls_stats", json=body)
    with pytest.raises(UnexpectedAnswer):
        await client.daily_calls(one_day(day))


def calls_of(account: AvitoAccount, day: date) -> dict[str, int]:
    """All calls of a day, added up in the plainest way."""
    rows = account.call_numbers(day).values()
    return {
        "calls": sum(row["calls"] for row in rows),
        "answeredCalls": sum(row["answered"] for row in rows),
        "newCalls": sum(row["new"] for row in rows),
        "newAnsweredCalls": sum(row["newAnswered"] for row in rows),
    }


async def test_calls_of_all_listings_and_of_none_add_up_to_a_day(rig: AvitoRig) -> None:
    client = await rig.client("shop")
    period = Period(date(2026, 10, 25), date(2026, 11, 20))
    account = rig.account("shop")

    days = await client.daily_calls(period)

    assert days == {day: calls_of(account, day) for day in period}
    assert sum(day["calls"] for day in days.values()) > 100
    assert any(account.call_numbers(day)[0]["calls"] for day in period)


async def test_an_account_without_call_tracking_has_no_calls_and_no_zeros(rig: AvitoRig) -> None:
    client = await rig.client("second")
    assert await client.daily_calls(last_days(rig.clock.now(), 7)) == {}


async def test_a_counter_that_one_row_leaves_out_is_unknown_for_that_day(rig: AvitoRig) -> None:
    client = await rig.client("shop")
    told, short, other = date(2026, 11, 18), date(2026, 11, 19), date(2026, 11, 20)
    rig.account("shop").set_calls = {
        told: {0: {"calls": 2, "answered": 1}, 7_100_000_001: {"calls": 3, "answered": 3}},
        short: {0: {"calls": 2, "answered": 1}, 7_100_000_001: {"calls": 3}},
        other: {0: {}},
    }

    days = await client.daily_calls(Period(told, other))

    assert days == {told: {"calls": 5, "answeredCalls": 4}, short: {"calls": 5}, other: {}}


async def test_calls_of_other_days_and_strange_rows_are_left_alone(rig: AvitoRig) -> None:
    client = await rig.client("shop")
    rows = [
        {"itemId": 1, "employeeId": 0, "days": [{"date": "2026-11-01", "calls": 9}]},
        {"itemId": 2, "employeeId": 5},
        {"itemId": 0, "days": [{"date": "2026-11-20", "calls": 1, "tone": "rude"}]},
    ]
    rig.world.fault("wrong_shape", endpoint="calls_stats", json={"result": {"items": rows}})

    days = await client.daily_calls(one_day(date(2026, 11, 20)))

    assert days == {date(2026, 11, 20): {"calls": 1}}
