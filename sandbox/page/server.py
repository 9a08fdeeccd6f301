"""The page at `/`: a messenger in the browser, over the sandbox Telegram.

People act through the control API (`/_sandbox/…`); here is what only the page needs.
"""

import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from sandbox.avito.world import AvitoWorld
from sandbox.page.keys import keys_json
from sandbox.page.panel import Switch, build_switches, move_clock
from sandbox.page.scene import Scene
from sandbox.telegram.model import Json

STATIC = Path(__file__).parent / "static"
PAGE_OF_MESSAGES = 200
STILL_HERE_SECONDS = 15.0
_POLICY = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
# The files change with the version while the address stays.
_HEADERS = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-cache"}


def add_page(app: web.Application, scene: Scene, avito: AvitoWorld) -> None:
    page = _Page(scene, avito, build_switches(scene, avito))
    app.router.add_get("/", _index)
    app.router.add_get("/page/{file}", _static)
    app.router.add_get("/page/api/state", page.state)
    app.router.add_get("/page/api/rooms/{room}/messages", page.messages)
    app.router.add_get("/page/api/rooms/{room}/commands", page.commands)
    app.router.add_get("/page/api/events", page.events)
    app.router.add_post("/page/api/switches/{switch}", page.turn)
    app.router.add_post("/page/api/clock", page.move_clock)


async def _index(_: web.Request) -> web.StreamResponse:
    return web.FileResponse(STATIC / "index.html", headers=_HEADERS)


async def _static(request: web.Request) -> web.StreamResponse:
    found = [path for path in STATIC.iterdir() if path.name == request.match_info["file"]]
    if not found:
        raise web.HTTPNotFound
    return web.FileResponse(found[0], headers=_HEADERS)


@dataclass
class _Page:
    scene: Scene
    avito: AvitoWorld
    switches: dict[str, Switch]
    # A page left open must notice that the demo behind its address is another one.
    world_id: str = field(default_factory=lambda: secrets.token_hex(8))

    async def state(self, _: web.Request) -> web.StreamResponse:
        scene = self.scene
        return web.json_response(
            {
                "world": self.world_id,
                "last_event": scene.world.events.last_seq,
                "bot": {"id": scene.bot.id, "username": scene.bot.username},
                "rooms": [room.as_json() for room in scene.rooms.values()],
                "people": scene.people_json(),
                "keys": keys_json(self.avito),
                "panel": self._panel(),
            }
        )

    async def messages(self, request: web.Request) -> web.StreamResponse:
        """The newest ones, or the newest before the id in `before`."""
        before = int(request.query.get("before", "0"))
        there = self.scene.rooms[request.match_info["room"]].messages()
        earlier = [message for message in there if not before or message.id < before]
        shown = earlier[-PAGE_OF_MESSAGES:]
        answer = {
            "messages": [message.as_seen() for message in shown],
            "has_more": len(shown) < len(earlier),
        }
        return web.json_response(answer)

    async def commands(self, request: web.Request) -> web.StreamResponse:
        person = self.scene.world.people[int(request.query["user_id"])]
        room = self.scene.rooms[request.match_info["room"]]
        return web.json_response({"commands": self.scene.bot.menu(room.chat, person.user)})

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events; the browser comes back by itself with the last id it saw."""
        seen = int(request.headers.get("Last-Event-ID") or request.query.get("after", "0"))
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"}
        )
        await response.prepare(request)
        await response.write(f"event: world\ndata: {self.world_id}\n\n".encode())
        try:
            while True:
                news = await self.scene.world.events.wait_after(seen, timeout=STILL_HERE_SECONDS)
                lines = [f"id: {e.seq}\ndata: {json.dumps(e.as_json())}\n\n" for e in news]
                seen = news[-1].seq if news else seen
                await response.write("".join(lines).encode() or b": still here\n\n")
        except ConnectionResetError:
            return response

    async def turn(self, request: web.Request) -> web.StreamResponse:
        asked: dict[str, Any] = await request.json()
        self.switches[request.match_info["switch"]].turn(bool(asked["on"]))
        return web.json_response(self._panel())

    async def move_clock(self, request: web.Request) -> web.StreamResponse:
        asked: dict[str, Any] = await request.json()
        await move_clock(self.scene.world.clock, asked["step"])
        return web.json_response(self._panel())

    def _panel(self) -> Json:
        clock = self.scene.world.clock
        return {
            "now": clock.now().timestamp(),
            "scale": clock.scale,
            "switches": [{"id": key, **s.as_json()} for key, s in self.switches.items()],
        }
