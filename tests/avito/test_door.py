"""The one door: what may pass, how often, how long it waits, and what it never says aloud."""

import asyncio
import traceback
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from core.avito import endpoints, http
from core.avito.breaker import IN_A_ROW
from core.avito.endpoints import Endpoint
from core.avito.http import AvitoDoor, Patience, Request
from core.database.repositories.gates import DatabaseRateGate
from core.errors import AvitoError, KeysRefused, RateLimited, Unavailable, UnexpectedAnswer
from sandbox.avito.accounts import make_listings
from tests.support.avito import AvitoRig
from tests.support.patience import HASTY
from utils.periods import Period, yesterday

pytestmark = pytest.mark.impatient

MINUTE = timedelta(seconds=62)


def period(rig: AvitoRig) -> Period:
    return yesterday(rig.clock.now())


def no_rule_was_broken(rig: AvitoRig) -> bool:
    return not rig.world.violations()


async def test_a_call_that_is_not_on_the_list_is_refused_before_it_leaves(rig: AvitoRig) -> None:
    mark_read = Endpoint("read", "POST", "/messenger/v1/accounts/{account}/chats/1/read")
    with pytest.raises(ValueError, match="allow-list"):
        await rig.door.call(Request(mark_read, account=1))
    assert rig.heard == []


def test_nothing_on_the_list_can_spend_money_or_change_anything() -> None:
    assert {(endpoint.verb, endpoint.path) for endpoint in endpoints.ALLOWED} == {
        ("POST", "/token"),
        ("GET", "/core/v1/accounts/self"),
        ("GET", "/checkAhUserV1"),
        ("GET", "/core/v1/accounts/{account}/balance/"),
        ("GET", "/core/v1/items"),
        ("POST", "/stats/v1/accounts/{account}/items"),
        ("POST", "/stats/v2/accounts/{account}/items"),
        ("POST", "/core/v1/accounts/{account}/calls/stats/"),
        ("POST", "/cpa/v3/balanceInfo"),
        ("GET", "/messenger/v2/accounts/{account}/chats"),
        ("GET", "/messenger/v3/accounts/{account}/chats/{chat}/messages/"),
    }


@pytest.mark.parametrize("fault", ["drop_before", "drop_after", "truncated", "hang"])
async def test_a_read_without_a_limit_survives_two_broken_tries(rig: AvitoRig, fault: str) -> None:
    client = await rig.client("shop")
    rig.world.fault(fault, endpoint="balance", times=2)
    assert (await client.balance()).real == 15_000_000


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_a_read_without_a_limit_is_tried_three_times(rig: AvitoRig, status: int) -> None:
    client = await rig.client("shop")
    rig.world.fault("status", endpoint="balance", status=status)
    with pytest.raises(Unavailable) as caught:
        await client.balance()
    assert caught.value.status == status
    assert len(rig.calls("balance")) == 3


@pytest.mark.parametrize(
    "fault", ["hang", "drop_before", "drop_after", "truncated", "status", "slow_drip"]
)
async def test_a_once_a_minute_call_is_never_repeated(rig: AvitoRig, fault: str) -> None:
    client = await rig.client("shop")
    rig.world.fault(fault, endpoint="stats_v2", times=1)
    with pytest.raises(Unavailable):
        await client.daily_stats(period(rig))
    with pytest.raises(RateLimited):
        await client.daily_stats(period(rig))
    assert len(rig.calls("stats_v2")) == 1


@pytest.mark.parametrize("fault", ["malformed_json", "wrong_shape", "empty"])
async def test_an_answer_that_no_contract_knows_is_named_and_not_asked_for_again(
    rig: AvitoRig, fault: str
) -> None:
    client = await rig.client("shop")
    rig.world.fault(fault, endpoint="stats_v2", times=1)
    with pytest.raises(UnexpectedAnswer):
        await client.daily_stats(period(rig))
    assert len(rig.calls("stats_v2")) == 1


async def test_a_body_without_end_is_not_read_to_its_end(rig: AvitoRig) -> None:
    client = await rig.client("shop")
    rig.world.fault("huge", endpoint="balance", times=1)
    with pytest.raises(UnexpectedAnswer, match="more than 8388608 bytes"):
        await client.balance()


async def test_dripping_answers_do_not_outlast_the_deadline_of_a_call(rig: AvitoRig) -> None:
    client = await rig.client("shop")
    rig.world.fault("slow_drip", endpoint="balance", seconds=0.3)
    with pytest.raises(Unavailable):
        await client.balance()
    assert len(rig.calls("balance")) == 1


async def test_no_server_at_all_is_unavailable(rig: AvitoRig) -> None:
    gate = DatabaseRateGate(rig.sessions, rig.clock)
    nowhere = AvitoDoor(
        "http://127.0.0.1:1", clock=rig.clock, gate=gate, patience=Patience(first_pause=0.01)
    )
    with pytest.raises(Unavailable):
        await nowhere.call(Request(endpoints.SELF, token="any"))
    await nowhere.close()


async def test_the_minute_of_statistics_is_kept_without_asking_avito(rig: AvitoRig) -> None:
    client = await rig.client("shop")
    await client.daily_stats(period(rig))
    with pytest.raises(RateLimited) as caught:
        await client.daily_stats(period(rig))
    wait = caught.value.retry_at - rig.clock.now()
    assert timedelta(seconds=55) < wait <= timedelta(seconds=61)
    assert len(rig.calls("stats_v2")) == 1

    rig.clock.advance(timedelta(seconds=61))
    await client.daily_stats(period(rig))
    assert len(rig.calls("stats_v2")) == 2
    assert no_rule_was_broken(rig)


async def test_the_minute_begins_again_when_a_slow_answer_is_there(rig: AvitoRig) -> None:
    client = await rig.client("shop")
    rig.world.fault("latency", endpoint="stats_v2", times=1, seconds=0.3)
    rig.clock.scale = 100.0
    await client.daily_stats(period(rig))
    with pytest.raises(RateLimited) as caught:
        await client.daily_stats(period(rig))
    asked_at = rig.calls("stats_v2")[0].at
    assert caught.value.retry_at - asked_at >= timedelta(seconds=61 + 30)


async def test_each_account_has_a_minute_of_its_own(rig: AvitoRig) -> None:
    await (await rig.client("shop")).daily_stats(period(rig))
    await (await rig.client("second")).daily_stats(period(rig))
    assert no_rule_was_broken(rig)


async def test_two_owners_of_one_account_share_its_minute(rig: AvitoRig) -> None:
    alice, bob = await rig.connect("shop", owner=1), await rig.connect("shop", owner=2)
    answers = await asyncio.gather(
        rig.avito.client(alice).daily_stats(period(rig)),
        rig.new_process().client(bob).daily_stats(period(rig)),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, RateLimited) for answer in answers) == 1
    assert no_rule_was_broken(rig)


@pytest.mark.parametrize(("retry_after", "seconds"), [(None, 62), (5, 62), (300, 300)])
async def test_a_429_shuts_the_gate_for_the_whole_window(
    rig: AvitoRig, retry_after: int | None, seconds: int
) -> None:
    client = await rig.client("shop")
    told = {} if retry_after is None else {"retry_after": retry_after}
    rig.world.fault("status", endpoint="stats_v2", times=1, status=429, **told)
    with pytest.raises(RateLimited) as told_by_avito:
        await client.daily_stats(period(rig))
    assert told_by_avito.value.status == 429
    with pytest.raises(RateLimited) as our_gate:
        await client.daily_stats(period(rig))
    assert our_gate.value.status is None
    wait = (our_gate.value.retry_at - rig.clock.now()).total_seconds()
    assert seconds - 5 < wait <= seconds
    assert len(rig.calls("stats_v2")) == 1


async def test_a_429_on_a_method_without_a_documented_limit_is_obeyed_too(rig: AvitoRig) -> None:
    client = await rig.client("shop")
    rig.world.fault("status", endpoint="balance", times=1, status=429)
    for _ in range(2):
        with pytest.raises(RateLimited):
            await client.balance()
    assert len(rig.calls("balance")) == 1
    rig.clock.advance(MINUTE)
    assert (await client.balance()).real == 15_000_000


async def test_many_pages_of_listings_keep_25_a_minute(rig: AvitoRig) -> None:
    rig.account("shop").listings = make_listings(7_000_000_000, count=3000)
    rig.clock.scale = 100.0
    client = await rig.client("shop")
    assert len(await client.active_items()) == 3000
    assert len(rig.calls("items")) == 31
    assert no_rule_was_broken(rig)


async def test_no_cookie_of_one_account_reaches_another(rig: AvitoRig) -> None:
    await (await rig.client("shop")).balance()
    await (await rig.client("second")).balance()
    assert len(rig.heard) == 4
    assert not [said for said in rig.heard if "Cookie" in said.headers]


async def test_no_secret_gets_into_an_error_or_a_log(rig: AvitoRig) -> None:
    access = await rig.connect("shop")
    client = rig.avito.client(access)
    with capture_logs() as logs:
        await client.balance()
        token = rig.heard[-1].headers["Authorization"].removeprefix("Bearer ")
        echo = {"error": {"code": 400, "message": f"what is {token} of {access!r}"}}
        rig.world.fault("status", endpoint="balance", times=1, status=400, json=echo)
        with pytest.raises(AvitoError) as by_token:
            await client.balance()
        secret = access.credentials.client_secret
        echo = {"error": {"code": 401, "message": f"no client with {secret}"}}
        rig.world.fault("status", endpoint="token", times=1, status=401, json=echo)
        with pytest.raises(KeysRefused) as by_keys:
            await rig.avito.verify(access.credentials)

    said = [*map(traceback.format_exception, (by_token.value, by_keys.value)), logs, access]
    assert by_token.value.detail.startswith("what is [hidden] of")
    assert by_keys.value.detail == "no client with [hidden]"
    assert token not in str(said)
    assert secret not in str(said)


async def test_each_call_is_logged_with_its_name_status_and_time(rig: AvitoRig) -> None:
    client = await rig.client("shop")
    rig.world.fault("hang", endpoint="balance", times=1)
    with capture_logs() as logs:
        await client.balance()
    calls: list[dict[str, Any]] = [dict(line) for line in logs if line["event"] == "avito.call"]
    assert [(call["endpoint"], call["status"]) for call in calls] == [
        ("token", 200),
        ("balance", None),
        ("balance", 200),
    ]
    assert all(call["ms"] >= 0 and call["log_level"] == "debug" for call in calls)


async def test_an_avito_that_is_silent_for_many_is_not_asked_by_everybody(rig: AvitoRig) -> None:
    rig.world.fault("status", status=503)
    for number in range(IN_A_ROW):
        with pytest.raises(Unavailable):
            await rig.door.call(Request(endpoints.STATS_V2, number, client_id=f"keys {number}"))
    asked = len(rig.heard)

    with pytest.raises(Unavailable) as refused:
        await rig.door.call(Request(endpoints.STATS_V2, 99, client_id="keys 99"))
    assert len(rig.heard) == asked
    assert refused.value.retry_at is not None

    rig.clock.advance(refused.value.retry_at - rig.clock.now())
    with pytest.raises(Unavailable) as probe:
        await rig.door.call(Request(endpoints.STATS_V2, 99, client_id="keys 99"))
    assert (len(rig.heard), probe.value.status) == (asked + 1, 503)


async def test_a_probe_is_one_try(rig: AvitoRig) -> None:
    client = await rig.client("shop")
    rig.world.fault("status", endpoint="balance", status=503)
    for tries in (3, 3 + 1):
        with pytest.raises(Unavailable):
            await client.balance()
        assert len(rig.calls("balance")) == tries


async def test_a_probe_is_not_waited_for_for_long(
    rig: AvitoRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "PROBE_SEC", 0.05)
    client = await rig.client("shop")
    rig.world.fault("drop_before", endpoint="stats_v2", times=1)
    rig.world.fault("hang", endpoint="balance")
    with pytest.raises(Unavailable):
        await client.daily_stats(period(rig))
    started = asyncio.get_running_loop().time()
    with pytest.raises(Unavailable):
        await client.balance()
    assert asyncio.get_running_loop().time() - started < HASTY.read
