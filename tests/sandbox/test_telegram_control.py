"""The control API: who asks wrongly is told so, and pages of other origins are turned away."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from sandbox.serving import serve
from sandbox.telegram.server import build_telegram_app
from sandbox.telegram.world import World
from tests.sandbox.telegram_client import Scene, telegram


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with telegram() as scene:
        scene.alice.private(scene.bot).start()
        yield scene


@pytest.mark.parametrize(
    ("method", "path", "body", "complaint"),
    [
        ("POST", "send", "{", "JSONDecodeError"),
        ("POST", "send", "[]", "one JSON object"),
        ("POST", "send", '{"user_id": "x", "text": "x"}', "ValueError"),
        ("POST", "send", '{"user_id": USER, "text": "' + "x" * 4097 + '"}', "4096"),
        ("POST", "clock", '{"advance_seconds": 1e300}', "OverflowError"),
        ("GET", "events?after=x", None, "ValueError"),
    ],
)
async def test_who_asks_wrongly_is_told_so(
    scene: Scene, method: str, path: str, body: str | None, complaint: str
) -> None:
    data = body.replace("USER", str(scene.alice.id)) if body else None
    url = f"{scene.client.base_url}/_sandbox/{path}"
    async with scene.client.session.request(method, url, data=data) as response:
        assert response.status == 400
        assert complaint in (await response.json())["error"]


FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost:1"},
    {"Host": "evil.example"},
    {"Host": "evil.example", "Origin": "http://evil.example"},
]


@pytest.mark.parametrize("headers", FOREIGN)
async def test_foreign_pages_in_the_same_browser_can_do_nothing(
    scene: Scene, headers: dict[str, str]
) -> None:
    url = f"{scene.client.base_url}/_sandbox/send"
    body = f'{{"user_id": {scene.alice.id}, "text": "/start"}}'
    async with scene.client.session.post(url, data=body, headers=headers) as response:
        assert response.status == 403
    own = {"Origin": scene.client.base_url}
    async with scene.client.session.post(url, data=body, headers=own) as response:
        assert response.status == 200


async def test_served_to_a_network_it_answers_under_any_name() -> None:
    async with serve(build_telegram_app(World()), host="0.0.0.0") as url:
        port = url.rpartition(":")[2]
        async with (
            aiohttp.ClientSession() as session,
            session.get(
                f"http://127.0.0.1:{port}/_sandbox/clock", headers={"Host": "sandbox:80"}
            ) as response,
        ):
            assert response.status == 200
