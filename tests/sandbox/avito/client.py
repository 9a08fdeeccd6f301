"""A client that talks to the sandbox Avito and remembers what it said and heard."""

from dataclasses import dataclass, field
from typing import Any

import aiohttp

from sandbox.avito.world import AvitoAccount, AvitoWorld


@dataclass
class Exchange:
    method: str
    path: str
    headers: dict[str, str]
    params: dict[str, str]
    body: Any
    status: int
    answer: Any
    answer_headers: dict[str, str]


@dataclass
class SandboxClient:
    base_url: str
    session: aiohttp.ClientSession
    world: AvitoWorld
    said: list[Exchange] = field(default_factory=list)

    async def token(self, account: AvitoAccount, **changes: str) -> Exchange:
        form = {
            "grant_type": "client_credentials",
            "client_id": account.client_id,
            "client_secret": account.client_secret,
        }
        async with self.session.post(f"{self.base_url}/token", data=form | changes) as response:
            return await self._heard(response, {}, form | changes)

    async def call(
        self,
        account: AvitoAccount,
        method: str,
        path: str,
        *,
        json: Any = None,
        params: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        token: str | None = None,
    ) -> Exchange:
        bearer = token or self.world.issue_token(account)
        headers = {"Authorization": f"Bearer {bearer}", **(headers or {})}
        async with self.session.request(
            method, self.base_url + path, json=json, params=params, headers=headers
        ) as response:
            return await self._heard(response, params or {}, json)

    async def _heard(
        self, response: aiohttp.ClientResponse, params: dict[str, str], body: Any
    ) -> Exchange:
        sent = response.request_info
        answer = await response.json(content_type=None)
        headers, answer_headers = dict(sent.headers), dict(response.headers)
        said = Exchange(
            *(sent.method, sent.url.path, headers, params, body),
            *(response.status, answer, answer_headers),
        )
        self.said.append(said)
        return said

    async def balance(self, account: AvitoAccount, token: str | None = None) -> Exchange:
        path = f"/core/v1/accounts/{account.user_id}/balance/"
        return await self.call(account, "GET", path, token=token)

    async def items(self, account: AvitoAccount, **params: str) -> Exchange:
        return await self.call(account, "GET", "/core/v1/items", params=params)

    async def cpa(self, account: AvitoAccount, **headers: str) -> Exchange:
        return await self.call(account, "POST", "/cpa/v3/balanceInfo", json={}, headers=headers)

    async def calls(self, account: AvitoAccount, **body: Any) -> Exchange:
        path = f"/core/v1/accounts/{account.user_id}/calls/stats/"
        return await self.call(account, "POST", path, json=body)

    async def stats_v1(self, account: AvitoAccount, **body: Any) -> Exchange:
        path = f"/stats/v1/accounts/{account.user_id}/items"
        return await self.call(account, "POST", path, json=body)

    async def stats_v2(self, account: AvitoAccount, **changes: Any) -> Exchange:
        """Yesterday by default; a change to None leaves the field out."""
        body = {
            "dateFrom": "2026-11-20",
            "dateTo": "2026-11-20",
            "metrics": ["views", "contacts", "spending"],
            "grouping": "day",
            "limit": 1000,
            "offset": 0,
        } | changes
        body = {key: value for key, value in body.items() if value is not None}
        path = f"/stats/v2/accounts/{account.user_id}/items"
        return await self.call(account, "POST", path, json=body)


def rows(exchange: Exchange) -> dict[int | None, dict[str, float]]:
    """The rows of a stats v2 answer by id."""
    return {
        row.get("id"): {metric["slug"]: metric["value"] for metric in row["metrics"]}
        for row in exchange.answer["result"]["groupings"]
    }
