"""What the sandbox accepts and answers, held against Avito's official OpenAPI files."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from openapi_core import OpenAPI
from openapi_core.testing import MockRequest, MockResponse

from sandbox.avito.numbers import SLUGS
from sandbox.avito.world import AvitoAccount, AvitoWorld
from tests.sandbox.avito.client import Exchange, SandboxClient

REPOSITORY = Path(__file__).parents[3]
SHARED = Path(os.environ.get("AVITO_SHARED_DIR", REPOSITORY.parent / "shared"))
EXAMPLES = SHARED / "avito-api" / "examples"
SECTIONS = {
    "/token": "auth",
    "/core/v1/accounts": "user",
    "/core/v1/items": "item",
    "/stats": "item",
    "/checkAhUserV1": "accounts-hierarchy",
    "/cpa": "cpa",
    "/messenger": "messenger",
}

# openapi-core knows no OAuth 2; the sandbox's own tests check the bearer.
pytestmark = pytest.mark.filterwarnings("ignore:Unsupported scheme type")


class OfficialFiles:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, OpenAPI] = {}

    def check_request(self, said: Exchange) -> None:
        self._file(said).validate_request(_request(said))

    def check_answer(self, said: Exchange) -> None:
        answer = MockResponse(
            json.dumps(said.answer).encode(), said.status, headers=said.answer_headers
        )
        self._file(said).validate_response(_request(said), answer)

    def _file(self, said: Exchange) -> OpenAPI:
        name = next(name for path, name in SECTIONS.items() if said.path.startswith(path))
        if said.path.endswith("/calls/stats/"):
            name = "item"
        if name not in self._files:
            self._files[name] = OpenAPI.from_file_path(str(self._folder / f"{name}.json"))
        return self._files[name]


@pytest.fixture(scope="module")
def official() -> OfficialFiles:
    folder = SHARED / "avito-api" / "openapi" / "fixed"
    if not folder.is_dir():
        pytest.skip("the official OpenAPI files are not beside the repository")
    return OfficialFiles(folder)


def _request(said: Exchange) -> MockRequest:
    form = said.path == "/token"
    return MockRequest(
        "https://api.avito.ru",
        said.method.lower(),
        said.path,
        args=said.params,
        headers=said.headers,
        data=_form(said.body) if form else json.dumps(said.body).encode(),
        content_type="application/x-www-form-urlencoded" if form else "application/json",
    )


def _form(fields: dict[str, str]) -> bytes:
    return "&".join(f"{key}={value}" for key, value in fields.items()).encode()


async def test_accepted_requests_and_all_answers_follow_the_official_files(
    avito: SandboxClient, world: AvitoWorld, official: OfficialFiles
) -> None:
    for label in ("shop", "empty", "employee", "debtor", "no_money", "v2_zeros", "v2_forbidden"):
        account = world.account(label)
        await avito.token(account)
        await avito.call(account, "GET", "/core/v1/accounts/self")
        await avito.call(account, "GET", "/checkAhUserV1")
        await avito.balance(account)
        await avito.items(account, per_page="99", page="1", status="old")
        await avito.cpa(account, **{"X-Source": "tests"})
        await avito.stats_v2(account, metrics=sorted(SLUGS))
        await avito.calls(account, dateFrom="2026-11-14", dateTo="2026-11-20")
        await avito.calls(
            account, itemIds=[7_100_000_001], dateFrom="2026-11-20", dateTo="2026-11-20"
        )
        await avito.stats_v1(
            account, itemIds=[7_100_000_001], dateFrom="2026-11-14", dateTo="2026-11-20"
        )

    assert world.violations() == []
    for said in avito.said:
        official.check_request(said)
        official.check_answer(said)


@pytest.mark.parametrize("shape", ["wrapped", "bare"])
async def test_the_messenger_follows_the_official_file(
    avito: SandboxClient, world: AvitoWorld, official: OfficialFiles, shape: Any
) -> None:
    account = world.account("shop")
    account.messages_shape = shape
    path = f"/messenger/v2/accounts/{account.user_id}/chats"
    query = {"limit": "100", "offset": "1000", "chat_types": "u2i", "item_ids": "7100000001"}
    await avito.call(account, "GET", path, params=query)
    for chat in (await avito.call(account, "GET", path)).answer["chats"]:
        path = f"/messenger/v3/accounts/{account.user_id}/chats/{chat['id']}/messages/"
        await avito.call(account, "GET", path, params={"limit": "100", "offset": "0"})

    for said in avito.said:
        official.check_request(said)
        official.check_answer(said)


@pytest.mark.parametrize("grouping", ["day", "week", "month", "item", "totals"])
async def test_every_grouping_follows_the_official_file(
    avito: SandboxClient, shop: AvitoAccount, official: OfficialFiles, grouping: str
) -> None:
    said = await avito.stats_v2(shop, grouping=grouping, dateFrom="2026-10-01")
    official.check_request(said)
    official.check_answer(said)


async def test_refusals_follow_the_official_files(
    avito: SandboxClient, world: AvitoWorld, shop: AvitoAccount, official: OfficialFiles
) -> None:
    bad = "no-such-token"
    await avito.balance(shop, token=bad)
    await avito.call(shop, "GET", "/core/v1/accounts/self", token=bad)
    await avito.call(shop, "GET", "/checkAhUserV1", token=bad)
    await avito.call(shop, "GET", "/core/v1/items", token=bad)
    await avito.items(shop, per_page="101")
    await avito.stats_v2(shop, limit=1001)
    await avito.stats_v2(shop)
    await avito.stats_v1(shop, itemIds=list(range(201)))
    await avito.cpa(shop)
    await avito.cpa(shop, **{"X-Source": "tests"})
    world.fault("status", status=500, endpoint="balance", times=1)
    world.fault("status", status=503, endpoint="balance", times=1)
    await avito.balance(shop)
    await avito.balance(shop)

    statuses = [said.status for said in avito.said]
    assert statuses == [401, 401, 401, 401, 400, 400, 429, 400, 200, 429, 500, 503]
    for said in avito.said:
        official.check_answer(said)


EXAMPLE_CALLS: dict[str, tuple[str, str, str]] = {
    "auth.token.json": ("POST", "/token", "shop"),
    "user.self.json": ("GET", "/core/v1/accounts/self", "shop"),
    "user.balance.json": ("GET", "/core/v1/accounts/{}/balance/", "shop"),
    "item.items_list.json": ("GET", "/core/v1/items", "shop"),
    "item.stats_v1.json": ("POST", "/stats/v1/accounts/{}/items", "shop"),
    "item.calls_stats.json": ("POST", "/core/v1/accounts/{}/calls/stats/", "shop"),
    "item.stats_v2_day.json": ("POST", "/stats/v2/accounts/{}/items", "shop"),
    "item.stats_v2_item.json": ("POST", "/stats/v2/accounts/{}/items", "shop"),
    "item.stats_v2_totals.json": ("POST", "/stats/v2/accounts/{}/items", "shop"),
    "item.stats_v2_partial_metrics.json": ("POST", "/stats/v2/accounts/{}/items", "no_money"),
    "accounts-hierarchy.checkAhUserV1.json": ("GET", "/checkAhUserV1", "shop"),
    "messenger.chats.json": ("GET", "/messenger/v2/accounts/{}/chats", "shop"),
    "messenger.messages.json": (
        "GET",
        "/messenger/v3/accounts/{}/chats/u2i-489100000~/messages/",
        "shop",
    ),
    "cpa.balance_v3.json": ("POST", "/cpa/v3/balanceInfo", "debtor"),
}


@pytest.mark.parametrize("name", EXAMPLE_CALLS)
async def test_an_answer_has_the_shape_of_the_example(
    avito: SandboxClient, world: AvitoWorld, name: str
) -> None:
    if not EXAMPLES.is_dir():
        pytest.skip("the examples are not beside the repository")
    example = json.loads((EXAMPLES / name).read_text(encoding="utf-8"))
    listed = json.loads((EXAMPLES / "INDEX.json").read_text(encoding="utf-8"))
    body = next(entry for entry in listed if entry["file"] == name).get("request", {})
    method, path, label = EXAMPLE_CALLS[name]
    account = world.account(label)
    if path == "/token":
        said = await avito.token(account)
    else:
        said = await avito.call(
            *(account, method, path.format(account.user_id)),
            json=body | ({"itemIds": [7_100_000_001]} if "itemIds" in body else {}),
            headers={"X-Source": "tests"},
        )

    assert _shape(said.answer) == _shape(example)


def _shape(value: Any) -> Any:
    """Keys and kinds: a list is its first element, any number is a number."""
    if isinstance(value, dict):
        return {key: _shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_shape(value[0])] if value else []
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "number"
    return type(value).__name__
