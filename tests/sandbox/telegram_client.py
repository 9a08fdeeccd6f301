"""A Bot API client with nothing between the test and the wire."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import aiohttp

from sandbox.serving import serve
from sandbox.telegram.bots import Bot
from sandbox.telegram.people import Person
from sandbox.telegram.server import build_telegram_app
from sandbox.telegram.world import World

TOKEN = "42:the-token"

Json = dict[str, Any]


class BotClient:
    """Calls methods of one bot; answers are whole: `ok`, `result`, `description` …"""

    def __init__(self, base_url: str, token: str = TOKEN) -> None:
        self.base_url = base_url
        self.url = f"{base_url}/bot{token}"
        self.session = aiohttp.ClientSession()
        self.offset = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.session.close()

    async def call(self, method: str, **params: Any) -> Json:
        fields = {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in params.items()
        }
        async with self.session.post(f"{self.url}/{method}", data=fields) as response:
            answer: Json = await response.json()
            return answer

    async def ok(self, method: str, **params: Any) -> Any:
        answer = await self.call(method, **params)
        assert answer["ok"], answer
        return answer["result"]

    async def refusal(self, method: str, **params: Any) -> str:
        answer = await self.call(method, **params)
        assert not answer["ok"], answer
        return f"{answer['error_code']} {answer['description']}"

    async def updates(self, **params: Any) -> list[Json]:
        """The next batch, which confirms the one before."""
        batch: list[Json] = await self.ok("getUpdates", offset=self.offset, **params)
        if batch:
            self.offset = batch[-1]["update_id"] + 1
        return batch

    async def send(self, chat_id: int, text: str = "Привет", **params: Any) -> Json:
        message: Json = await self.ok("sendMessage", chat_id=chat_id, text=text, **params)
        return message


def inline(*rows: list[tuple[str, str]]) -> Json:
    keyboard = [[{"text": text, "callback_data": data} for text, data in row] for row in rows]
    return {"inline_keyboard": keyboard}


@dataclass(frozen=True)
class Scene:
    world: World
    bot: Bot
    alice: Person
    client: BotClient


@asynccontextmanager
async def telegram() -> AsyncIterator[Scene]:
    """A served world with a bot and Alice, who has not written to it yet."""
    world, bot, alice = new_world()
    async with serve(build_telegram_app(world)) as url, BotClient(url) as client:
        yield Scene(world, bot, alice, client)


def new_world() -> tuple[World, Bot, Person]:
    world = World()
    return world, world.add_bot(TOKEN, "avito_bot"), world.user("Алиса", username="alice")
