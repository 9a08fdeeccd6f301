"""The sandbox's own switches over HTTP, under /_sandbox, for processes outside."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

from aiohttp import web

from sandbox.avito.chats import make_chats
from sandbox.avito.world import AvitoAccount, AvitoWorld

_SHOWN = ("label", "user_id", "client_id", "client_secret", "name", "real", "bonus", "advance")


def mount_control(app: web.Application, world: AvitoWorld) -> None:
    router, control = app.router, _Control(world)
    router.add_get("/_sandbox/accounts", _told(control.accounts))
    router.add_get("/_sandbox/accounts/{user_id}/days/{day}", _told(control.day))
    router.add_post("/_sandbox/accounts/{user_id}/days/{day}", _told(control.set_day))
    router.add_post("/_sandbox/accounts/{user_id}/money", _told(control.set_money))
    router.add_post("/_sandbox/accounts/{user_id}/chats", _told(control.set_chats))
    router.add_post(
        "/_sandbox/accounts/{user_id}/keys/{action:revoke|rotate}", _told(control.keys)
    )
    router.add_post("/_sandbox/faults", _told(control.add_fault))
    router.add_delete("/_sandbox/faults", _told(control.clear_faults))
    router.add_get("/_sandbox/clock", _told(control.clock))
    router.add_post("/_sandbox/clock", _told(control.move_clock))
    router.add_get("/_sandbox/history", _told(control.history))
    router.add_get("/_sandbox/violations", _told(control.violations))


def _told(
    action: Callable[[web.Request, dict[str, Any]], Any],
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """`action` with its answer as JSON and its complaints as 400."""

    async def handle(request: web.Request) -> web.Response:
        try:
            answer = action(request, await request.json() if request.can_read_body else {})
        except (ValueError, TypeError, KeyError) as error:
            return web.json_response({"error": repr(error)}, status=400)
        return web.json_response(answer, dumps=lambda value: json.dumps(value, default=str))

    return handle


class _Control:
    def __init__(self, world: AvitoWorld) -> None:
        self._world = world

    def accounts(self, _: web.Request, __: dict[str, Any]) -> Any:
        return [self._shown(account) for account in self._world.accounts.values()]

    def day(self, request: web.Request, _: dict[str, Any]) -> Any:
        day = date.fromisoformat(request.match_info["day"])
        return self._account(request).day_numbers(day, self._world.share_of(day))

    def set_day(self, request: web.Request, body: dict[str, Any]) -> Any:
        self._account(request).set_day(date.fromisoformat(request.match_info["day"]), **body)
        return self.day(request, {})

    def set_money(self, request: web.Request, body: dict[str, Any]) -> Any:
        account = self._account(request)
        account.real = float(body.get("real", account.real))
        account.bonus = float(body.get("bonus", account.bonus))
        account.advance = int(body.get("advance", account.advance))
        return self._shown(account)

    def set_chats(self, request: web.Request, body: dict[str, Any]) -> Any:
        """`count` chats of so many `messages` each, instead of those there are."""
        account = self._account(request)
        now = self._world.clock.now()
        count, messages = int(body["count"]), int(body["messages"])
        about = account.abouts()
        account.set_chats = make_chats(account.user_id, count, messages, until=now, listings=about)
        return {"count": count, "messages": count * messages}

    def keys(self, request: web.Request, _: dict[str, Any]) -> Any:
        account = self._account(request)
        if request.match_info["action"] == "rotate":
            self._world.rotate_secret(account)
        else:
            self._world.revoke_keys(account)
        return self._shown(account)

    def add_fault(self, _: web.Request, body: dict[str, Any]) -> Any:
        return asdict(self._world.fault(**body))

    def clear_faults(self, _: web.Request, __: dict[str, Any]) -> Any:
        self._world.clear_faults()
        return {}

    def clock(self, _: web.Request, __: dict[str, Any]) -> Any:
        return {"now": self._world.clock.now(), "scale": self._world.clock.scale}

    def move_clock(self, request: web.Request, body: dict[str, Any]) -> Any:
        """`scale`, and `advance` in seconds."""
        self._world.clock.scale = float(body.get("scale", self._world.clock.scale))
        self._world.clock.advance(timedelta(seconds=body.get("advance", 0)))
        return self.clock(request, {})

    def history(self, request: web.Request, _: dict[str, Any]) -> Any:
        account = request.query.get("account")
        calls = self._world.calls(request.query.get("endpoint"), int(account) if account else None)
        return [asdict(record) for record in calls]

    def violations(self, _: web.Request, __: dict[str, Any]) -> Any:
        return [asdict(record) for record in self._world.violations()]

    def _account(self, request: web.Request) -> AvitoAccount:
        return self._world.accounts[int(request.match_info["user_id"])]

    def _shown(self, account: AvitoAccount) -> dict[str, Any]:
        return {name: getattr(account, name) for name in _SHOWN}
