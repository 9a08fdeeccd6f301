"""Tokens: kept, renewed early, one renewal at a time, and given up after a second refusal."""

import asyncio
from datetime import timedelta
from typing import Literal

import pytest

from core.avito.auth import Credentials
from core.errors import Forbidden, KeysRefused, RateLimited, Unavailable, UnexpectedAnswer
from tests.support.avito import AvitoRig
from utils.periods import yesterday

Refusal = Literal["401", "403"]


async def test_a_token_is_asked_for_once_and_survives_a_restart(rig: AvitoRig) -> None:
    access = await rig.connect("shop")
    await rig.avito.client(access).balance()
    await rig.new_process().client(access).balance()
    assert len(rig.calls("token")) == 1


async def test_a_token_is_renewed_five_minutes_before_its_end(rig: AvitoRig) -> None:
    client = await rig.client("shop")
    await client.balance()
    rig.clock.advance(timedelta(hours=24) - timedelta(minutes=6))
    await client.balance()
    assert len(rig.calls("token")) == 1
    rig.clock.advance(timedelta(minutes=1))
    await client.balance()
    assert len(rig.calls("token")) == 2
    assert {record.status for record in rig.calls("balance")} == {200}


async def test_fifty_callers_at_once_need_one_token(rig: AvitoRig) -> None:
    client = await rig.client("shop")
    await asyncio.gather(*(client.balance() for _ in range(50)))
    assert len(rig.calls("token")) == 1


async def test_fifty_callers_need_one_even_if_it_does_not_live_long(rig: AvitoRig) -> None:
    rig.world.token_lifetime = 60
    client = await rig.client("shop")
    await asyncio.gather(*(client.balance() for _ in range(50)))
    assert len(rig.calls("token")) == 1


@pytest.mark.parametrize("refusal", ["401", "403"])
async def test_fifty_refused_callers_renew_the_token_once(rig: AvitoRig, refusal: Refusal) -> None:
    rig.world.bad_token_answer = refusal
    client = await rig.client("shop")
    await client.balance()
    rig.world.revoke_tokens(rig.account("shop"))
    answers = await asyncio.gather(*(client.balance() for _ in range(50)))
    assert {answer.real for answer in answers} == {15_000_000}
    assert len(rig.calls("token")) == 2


async def test_a_second_refusal_in_a_row_is_final(rig: AvitoRig) -> None:
    client = await rig.client("shop")
    rig.world.fault("status", endpoint="balance", status=401)
    with pytest.raises(KeysRefused) as caught:
        await client.balance()
    assert caught.value.endpoint == "balance"
    assert len(rig.calls("balance")) == 2
    assert len(rig.calls("token")) == 2


async def test_a_403_about_rights_does_not_cost_a_token(rig: AvitoRig) -> None:
    client = await rig.client("v2_forbidden")
    with pytest.raises(Forbidden):
        await client.daily_stats(yesterday(rig.clock.now()))
    assert len(rig.calls("token")) == 1


async def test_a_refused_token_of_a_once_a_minute_call_is_renewed_for_the_next_minute(
    rig: AvitoRig,
) -> None:
    client = await rig.client("shop")
    period = yesterday(rig.clock.now())
    await client.balance()
    rig.world.revoke_tokens(rig.account("shop"))
    with pytest.raises(RateLimited) as caught:
        await client.daily_stats(period)
    rig.clock.advance(caught.value.retry_at - rig.clock.now())
    assert await client.daily_stats(period)
    assert len(rig.calls("token")) == 2
    assert not rig.world.violations()


async def test_a_once_a_minute_call_refused_in_two_minutes_means_the_keys(rig: AvitoRig) -> None:
    client = await rig.client("shop")
    period = yesterday(rig.clock.now())
    rig.world.fault("status", endpoint="stats_v2", status=401)
    with pytest.raises(RateLimited) as caught:
        await client.daily_stats(period)
    rig.clock.advance(caught.value.retry_at - rig.clock.now())
    with pytest.raises(KeysRefused):
        await client.daily_stats(period)
    assert len(rig.calls("stats_v2")) == 2


@pytest.mark.parametrize("refusal", ["401", "403", "200"])
async def test_wrong_keys_are_known_in_each_form(
    rig: AvitoRig, refusal: Literal["401", "403", "200"]
) -> None:
    rig.world.bad_keys_answer = refusal
    with pytest.raises(KeysRefused) as caught:
        await rig.avito.verify(Credentials("shop_id", "wrong"))
    assert caught.value.endpoint == "token"
    assert len(rig.calls("token")) == 1


async def test_an_answer_without_a_token_means_wrong_keys(rig: AvitoRig) -> None:
    rig.world.fault("wrong_shape", endpoint="token", json={"expires_in": 86400})
    with pytest.raises(KeysRefused):
        await rig.avito.verify(Credentials("shop_id", "any"))


@pytest.mark.parametrize(
    "answer",
    [
        {"access_token": "two\nlines", "expires_in": 86400},
        {"access_token": "токен", "expires_in": 86400},
        {"access_token": "fine", "expires_in": -1},
    ],
)
async def test_a_token_that_cannot_be_one_is_an_unexpected_answer(
    rig: AvitoRig, answer: dict[str, object]
) -> None:
    rig.world.fault("wrong_shape", endpoint="token", json=answer)
    with pytest.raises(UnexpectedAnswer) as caught:
        await rig.avito.verify(Credentials("shop_id", "any"))
    assert str(answer["access_token"]) not in f"{caught.value} {caught.value.__cause__}"


async def test_a_broken_token_service_does_not_blame_the_keys(rig: AvitoRig) -> None:
    rig.world.fault("status", endpoint="token", status=503)
    with pytest.raises(Unavailable):
        await rig.avito.verify(Credentials("shop_id", "any"))
    assert len(rig.calls("token")) == 3


async def test_revoked_keys_are_noticed_with_the_next_token(rig: AvitoRig) -> None:
    client = await rig.client("shop")
    await client.balance()
    rig.world.revoke_keys(rig.account("shop"))
    with pytest.raises(KeysRefused):
        await client.balance()
