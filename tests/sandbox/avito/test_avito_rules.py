"""Keys, tokens, limits and checks of the sandbox Avito, and its control panel."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from sandbox.avito.world import AvitoAccount, AvitoWorld
from tests.sandbox.avito.client import SandboxClient


async def test_a_token_lives_as_long_as_it_says(
    avito: SandboxClient, world: AvitoWorld, shop: AvitoAccount
) -> None:
    said = await avito.token(shop)
    token = said.answer["access_token"]
    world.clock.advance(timedelta(seconds=said.answer["expires_in"] - 1))
    assert (await avito.balance(shop, token)).answer == {"real": 150_000.0, "bonus": 320.0}

    world.clock.advance(timedelta(seconds=1))
    assert (await avito.balance(shop, token)).status == 401
    world.bad_token_answer = "403"
    expired = await avito.balance(shop, token)
    assert expired.status == 403
    assert expired.answer == {"result": {"status": False, "message": "invalid access token"}}
    assert world.violations() == []


@pytest.mark.parametrize("form", ["401", "403", "200"])
async def test_wrong_keys_are_refused_in_the_chosen_form(
    avito: SandboxClient, world: AvitoWorld, shop: AvitoAccount, form: Any
) -> None:
    world.bad_keys_answer = form
    for changes in ({"client_secret": "wrong"}, {"client_id": "nobody"}):
        said = await avito.token(shop, **changes)
        assert said.status == int(form)
        assert "access_token" not in said.answer


async def test_revoked_keys_and_a_rotated_secret_end_the_old_ones(
    avito: SandboxClient, world: AvitoWorld, shop: AvitoAccount
) -> None:
    token = world.issue_token(shop)
    world.revoke_keys(shop)
    assert (await avito.token(shop)).status == 401
    assert (await avito.balance(shop, token)).status == 401

    old = shop.client_secret
    world.rotate_secret(shop)
    assert (await avito.token(shop, client_secret=old)).status == 401
    assert (await avito.token(shop)).status == 200


async def test_the_minute_slides_and_belongs_to_one_account(
    avito: SandboxClient, world: AvitoWorld, shop: AvitoAccount
) -> None:
    assert (await avito.stats_v2(shop)).status == 200
    assert (await avito.stats_v2(world.account("second"))).status == 200
    world.clock.advance(timedelta(seconds=59))
    refused = await avito.stats_v2(shop)
    assert refused.status == 429
    assert refused.answer["error"]["code"] == 429
    # A refused call does not start a new minute.
    world.clock.advance(timedelta(seconds=1))
    assert (await avito.stats_v2(shop)).status == 200
    (record,) = world.violations()
    assert record.violation == "rate limit: more than 1 per minute"


async def test_a_fast_clock_shortens_the_minute(
    avito: SandboxClient, world: AvitoWorld, shop: AvitoAccount
) -> None:
    assert (await avito.stats_v2(shop)).status == 200
    world.clock.scale = 6_000
    await asyncio.sleep(0.02)
    assert (await avito.stats_v2(shop)).status == 200


async def test_listings_come_in_pages_25_times_a_minute(
    avito: SandboxClient, world: AvitoWorld, shop: AvitoAccount
) -> None:
    first = await avito.items(shop)
    second = await avito.items(shop, page="2")
    ended = await avito.items(shop, status="old,removed", per_page="100")
    assert [len(said.answer["resources"]) for said in (first, second, ended)] == [25, 5, 4]
    assert first.answer["meta"] == {"page": 1, "per_page": 25}

    statuses = [(await avito.items(shop)).status for _ in range(23)]
    assert statuses == [200] * 22 + [429]
    assert avito.said[-1].answer_headers["X-RateLimit-Remaining"] == "0"


@pytest.mark.parametrize("path", ["/stats/v1/accounts/{}/items", "/core/v1/accounts/{}/balance/"])
async def test_a_foreign_user_id_is_not_found(
    avito: SandboxClient, world: AvitoWorld, shop: AvitoAccount, path: str
) -> None:
    method = "POST" if "stats" in path else "GET"
    foreign = path.format(world.account("second").user_id)
    assert (await avito.call(shop, method, foreign)).status == 404


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("limit", None),
        ("limit", 1001),
        ("offset", -1),
        ("metrics", ["viewz"]),
        ("metrics", "views"),
        ("grouping", "year"),
        ("dateFrom", "2026-02-23"),
        ("dateFrom", "20261120"),
        ("dateFrom", "2026-W47-5"),
        ("dateTo", "2026-11-19"),
    ],
)
async def test_a_wrong_field_is_refused_named_and_remembered(
    avito: SandboxClient, world: AvitoWorld, shop: AvitoAccount, field: str, value: Any
) -> None:
    refused = await avito.stats_v2(shop, **{field: value})
    assert refused.status == 400
    assert list(refused.answer["error"]["fields"]) == [field]
    (record,) = world.violations()
    assert record.violation is not None
    assert record.violation.startswith(field)


async def test_other_broken_requests_are_remembered_too(
    avito: SandboxClient, world: AvitoWorld, shop: AvitoAccount
) -> None:
    assert (await avito.token(shop, grant_type="password")).status == 400
    assert (await avito.cpa(shop)).answer["error"]["code"] == 1001
    assert (
        await avito.call(shop, "GET", f"/core/v1/accounts/{shop.user_id}/balance")
    ).status == 404
    async with avito.session.post(f"{avito.base_url}/token", json={}) as response:
        assert response.status == 400
    async with avito.session.get(f"{avito.base_url}/core/v1/items") as response:
        assert response.status == 401
    assert len(world.violations()) == 5


async def test_history_tells_everything_but_secrets(
    avito: SandboxClient, world: AvitoWorld, shop: AvitoAccount
) -> None:
    await avito.token(shop)
    await avito.stats_v2(shop)
    token, stats = world.calls(account=shop.user_id)
    assert (token.endpoint, token.status, stats.endpoint) == ("token", 200, "stats_v2")
    assert stats.at == world.clock.now()
    assert stats.request["grouping"] == "day"
    assert shop.client_secret not in repr(world.history)


async def test_the_control_panel_drives_the_world(
    avito: SandboxClient, world: AvitoWorld, shop: AvitoAccount
) -> None:
    async def panel(method: str, path: str, body: Any = None) -> Any:
        url = f"{avito.base_url}/_sandbox/{path}"
        async with avito.session.request(method, url, json=body) as response:
            return await response.json()

    own = f"accounts/{shop.user_id}"
    listed = await panel("GET", "accounts")
    assert {"label": "shop", "client_secret": shop.client_secret}.items() <= listed[0].items()
    day = await panel("POST", f"{own}/days/2026-11-20", {"views": 77, "spending": 10_001})
    assert (day["views"], day["spending"]) == (77, 10_001)
    assert await panel("GET", f"{own}/days/2026-11-20") == day
    assert "error" in await panel("POST", f"{own}/days/2026-11-20", {"viewz": 1})
    assert (await panel("POST", f"{own}/money", {"advance": -5}))["advance"] == -5
    rotated = await panel("POST", f"{own}/keys/rotate")
    assert rotated["client_secret"] == shop.client_secret
    await panel("POST", f"{own}/keys/revoke")
    assert not shop.keys_work

    await panel("POST", "faults", {"kind": "status", "times": 1, "status": 503})
    assert (await avito.balance(shop)).status == 503
    assert "error" in await panel("POST", "faults", {"kind": "earthquake"})
    await panel("DELETE", "faults")
    assert world.faults == []
    assert (await panel("POST", "clock", {"advance": 3600}))["now"].startswith("2026-11-21 13:00")
    assert (await panel("GET", "history?endpoint=balance"))[0]["fault"] == "status"
    assert await panel("GET", "violations") == []
