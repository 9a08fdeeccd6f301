"""Every fault really goes over the wire."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from sandbox.avito.world import AvitoAccount, AvitoWorld
from tests.sandbox.avito.client import SandboxClient
from tests.support.waiting import eventually


async def raw_balance(avito: SandboxClient, account: AvitoAccount) -> tuple[int, str, Any]:
    url = f"{avito.base_url}/core/v1/accounts/{account.user_id}/balance/"
    headers = {"Authorization": f"Bearer {avito.world.issue_token(account)}"}
    async with avito.session.get(url, headers=headers) as response:
        return response.status, await response.text(), response.headers


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "truncated"])
async def test_the_connection_breaks(
    avito: SandboxClient, world: AvitoWorld, shop: AvitoAccount, kind: str
) -> None:
    # A POST: aiohttp quietly repeats a GET whose connection was closed.
    week = {"itemIds": [], "dateFrom": "2026-11-14", "dateTo": "2026-11-20"}
    world.fault(kind, endpoint="stats_v1", account=shop.user_id, times=1)
    with pytest.raises(aiohttp.ClientError):
        await avito.stats_v1(shop, **week)
    assert (await avito.stats_v1(shop, **week)).status == 200
    broken, mended = world.history
    assert (broken.fault, broken.status) == (kind, None)
    assert (mended.fault, mended.status) == (None, 200)


async def test_a_fault_hits_only_its_account_and_endpoint(
    avito: SandboxClient, world: AvitoWorld, shop: AvitoAccount
) -> None:
    world.fault("status", endpoint="balance", account=shop.user_id)
    assert (await avito.balance(shop)).status == 500
    assert (await avito.balance(world.account("second"))).status == 200
    assert (await avito.items(shop)).status == 200


@pytest.mark.parametrize(("kind", "status"), [("drop_before", 200), ("drop_after", 429)])
async def test_only_a_processed_call_uses_up_the_minute(
    avito: SandboxClient, world: AvitoWorld, shop: AvitoAccount, kind: str, status: int
) -> None:
    world.fault(kind, endpoint="stats_v2", times=1)
    with pytest.raises(aiohttp.ClientError):
        await avito.stats_v2(shop)
    assert (await avito.stats_v2(shop)).status == status


@pytest.mark.parametrize("kind", ["hang", "latency", "slow_drip"])
async def test_the_answer_does_not_come_in_time(
    avito: SandboxClient, world: AvitoWorld, shop: AvitoAccount, kind: str
) -> None:
    world.fault(kind, times=1, seconds=5)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await raw_balance(avito, shop)


async def test_a_held_answer_comes_when_the_fault_is_lifted(
    avito: SandboxClient, world: AvitoWorld, shop: AvitoAccount
) -> None:
    held = world.fault("hold", times=1)
    asking = asyncio.create_task(raw_balance(avito, shop))
    await eventually(lambda: world.calls("balance"))
    await asyncio.sleep(0.01)
    assert not asking.done()
    held.lift()
    assert (await asking)[0] == 200
    world.fault("hold")
    waiting = asyncio.create_task(raw_balance(avito, shop))
    await eventually(lambda: len(world.calls("balance")) == 2)
    world.clear_faults()
    assert (await waiting)[0] == 200


async def test_a_short_latency_is_only_a_wait(avito: SandboxClient, world: AvitoWorld) -> None:
    slow = world.account("slow")
    assert slow.latency == 3.0
    slow.latency = 0.01
    world.fault("latency", seconds=0.01)
    assert (await raw_balance(avito, slow))[0] == 200


async def test_statuses_come_with_their_bodies(
    avito: SandboxClient, world: AvitoWorld, shop: AvitoAccount
) -> None:
    world.fault("status", status=429, retry_after=7, times=1)
    world.fault("status", status=502, times=1)
    world.fault("status", status=500, times=1)
    world.fault("status", status=402, json={"error": {"code": 402, "message": "Pay"}}, times=1)

    status, _, headers = await raw_balance(avito, shop)
    assert (status, headers["Retry-After"]) == (429, "7")
    status, text, headers = await raw_balance(avito, shop)
    assert (status, headers["Content-Type"]) == (502, "text/html; charset=utf-8")
    assert text.startswith("<html>")
    status, text, _ = await raw_balance(avito, shop)
    assert (status, json.loads(text)["error"]["code"]) == (500, 500)
    status, text, _ = await raw_balance(avito, shop)
    assert (status, json.loads(text)["error"]["message"]) == (402, "Pay")


async def test_a_refusal_by_fault_counts_unless_it_is_avitos_own(
    avito: SandboxClient, world: AvitoWorld, shop: AvitoAccount
) -> None:
    world.fault("status", endpoint="stats_v2", status=429, times=1)
    world.fault("status", endpoint="stats_v2", status=500, times=1)
    statuses = [(await avito.stats_v2(shop)).status for _ in range(3)]
    assert statuses == [429, 500, 429]
    world.clock.advance(timedelta(minutes=1))
    assert (await avito.stats_v2(shop)).status == 200


async def test_bodies_are_spoiled(
    avito: SandboxClient, world: AvitoWorld, shop: AvitoAccount
) -> None:
    for kind in ("malformed_json", "wrong_shape", "empty", "huge"):
        world.fault(kind, times=1, size=3_000_000)
    malformed, wrong, empty, huge = [(await raw_balance(avito, shop))[1] for _ in range(4)]

    with pytest.raises(json.JSONDecodeError):
        json.loads(malformed)
    assert "real" not in json.loads(wrong)
    assert empty == ""
    assert len(huge) > 3_000_000


async def test_faults_stay_until_cleared(
    avito: SandboxClient, world: AvitoWorld, shop: AvitoAccount
) -> None:
    world.fault("empty")
    assert [(await raw_balance(avito, shop))[1] for _ in range(3)] == [""] * 3
    world.clear_faults()
    assert (await raw_balance(avito, shop))[1] != ""
