"""One request from arrival to answer: record, fault, token, limit, checks, handler.

An endpoint is a row: its file exports `ENDPOINTS` and the server mounts them.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from sandbox.avito.faults import Answer, Fault, apply
from sandbox.avito.world import AvitoAccount, AvitoWorld, Record

_SECRETS = ("client_secret", "code", "refresh_token")


class InvalidRequestError(Exception):
    """The request breaks the official schema or a documented hard limit."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.fields = {field: problem}


class RefusedError(Exception):
    """A proper request that this account may not make."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(frozen=True)
class Call:
    world: AvitoWorld
    account: AvitoAccount
    request: web.Request
    body: Any


def core_refusal(status: int, message: str, fields: dict[str, str]) -> web.Response:
    error = {"code": status, "message": message} | ({"fields": fields} if fields else {})
    return web.json_response({"error": error}, status=status)


def gateway_refusal() -> web.Response:
    body = {"result": {"status": False, "message": "invalid access token"}}
    return web.json_response(body, status=403)


@dataclass(frozen=True)
class Endpoint:
    name: str
    method: str
    path: str
    answer: Callable[[Call], web.Response]
    refuse: Callable[[int, str, dict[str, str]], web.Response] = core_refusal
    per_minute: int | None = None
    tells_limit: bool = False
    foreign_status: int = 403


def mount(app: web.Application, world: AvitoWorld, endpoint: Endpoint) -> None:
    async def handle(request: web.Request) -> web.StreamResponse:
        body, problem = await _read_json(request)
        account, fresh = _bearer(world, request)
        record = record_request(world, request, endpoint.name, account, body)
        fault = world.take_fault(endpoint.name, record.account)
        owner = account if fresh else None
        # A request that goes on to hang or fail has used up its minute all the same.
        counted = fault is None or fault.reaches_avito
        refusal = _gate(world, endpoint, owner, request, record) if counted else None

        def answer() -> web.Response:
            if refusal is not None or owner is None:
                return refusal or gateway_refusal()
            return _checked(endpoint, record, Call(world, owner, request, body), problem)

        return await respond(world, record, fault, request, answer)

    app.router.add_route(endpoint.method, endpoint.path, handle)


def record_request(
    world: AvitoWorld, request: web.Request, name: str, account: AvitoAccount | None, body: Any
) -> Record:
    """Writes the request into the history, without its secrets."""
    seen = dict(request.query) if body is None else body
    if isinstance(seen, dict):
        seen = {key: value for key, value in seen.items() if key not in _SECRETS}
    user_id = account.user_id if account else None
    return world.record(request.method, request.path, name, user_id, seen)


async def respond(
    world: AvitoWorld,
    record: Record,
    fault: Fault | None,
    request: web.Request,
    answer: Answer,
) -> web.StreamResponse:
    """Answers, spoiled by `fault` if there is one, and notes what was sent."""
    if record.account is not None and (latency := world.accounts[record.account].latency):
        await asyncio.sleep(latency)
    if fault is None:
        response: web.StreamResponse = answer()
    else:
        record.fault = fault.kind
        response = await apply(fault, request, answer)
    if request.transport and not request.transport.is_closing():
        record.status = response.status
    return response


def _gate(
    world: AvitoWorld,
    endpoint: Endpoint,
    owner: AvitoAccount | None,
    request: web.Request,
    record: Record,
) -> web.Response | None:
    """What stops a request before its handler: the token, a foreign user_id, the limit."""
    if "Authorization" not in request.headers:
        record.violation = "no Authorization header"
    if owner is None:
        by_gateway = world.bad_token_answer == "403"
        return gateway_refusal() if by_gateway else endpoint.refuse(401, "Unauthorized", {})
    if request.match_info.get("user_id", str(owner.user_id)) != str(owner.user_id):
        return endpoint.refuse(endpoint.foreign_status, "Неверный user_id", {})
    limit = endpoint.per_minute
    if limit is None or world.claim(endpoint.name, owner.user_id, limit):
        return None
    record.violation = f"rate limit: more than {limit} per minute"
    response = endpoint.refuse(429, "Too many requests", {})
    if endpoint.tells_limit:
        response.headers.update({"X-RateLimit-Limit": str(limit), "X-RateLimit-Remaining": "0"})
    return response


def _checked(endpoint: Endpoint, record: Record, call: Call, problem: str | None) -> web.Response:
    try:
        _demand_body(problem)
        return endpoint.answer(call)
    except InvalidRequestError as error:
        record.violation = str(error)
        return endpoint.refuse(400, "Validation error", error.fields)
    except RefusedError as error:
        return endpoint.refuse(error.status, error.message, {})


def _demand_body(problem: str | None) -> None:
    if problem:
        raise InvalidRequestError("body", problem)


def _bearer(world: AvitoWorld, request: web.Request) -> tuple[AvitoAccount | None, bool]:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return world.token_owner(token) if scheme == "Bearer" else (None, False)


async def _read_json(request: web.Request) -> tuple[Any, str | None]:
    if request.method == "GET":
        return None, None
    if request.content_type != "application/json":
        return None, "must be application/json"
    try:
        body = await request.json()
    except ValueError:
        return None, "not JSON"
    return body, None if isinstance(body, dict) else "must be an object"
