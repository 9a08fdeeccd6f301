"""Carries out a fault on a request: what the caller gets instead of its answer, or before it."""

import asyncio
import json
from typing import NoReturn

from aiohttp import web

from sandbox.telegram.errors import ApiError, conflict, too_many_requests, unauthorized
from sandbox.telegram.faults import Fault

_GATEWAYS = {"http_502": (502, "Bad Gateway"), "http_504": (504, "Gateway Timeout")}


async def before_work(fault: Fault, request: web.Request) -> web.Response | None:
    """None when the call goes on."""
    if fault.is_late:
        await _come_late(fault)
        return None
    if fault.kind == "hang_before":
        await _hang()
    if fault.kind == "drop_before":
        return _cut(request)
    if fault.kind == "flood_text":
        headers = {"Retry-After": str(fault.retry_after)}
        return web.Response(status=429, text="Too Many Requests", headers=headers)
    return _refusal(fault)


async def after_work(
    fault: Fault, request: web.Request, response: web.StreamResponse
) -> web.StreamResponse:
    if fault.is_late:
        await _come_late(fault)
        return response
    if fault.kind == "hang_after":
        await _hang()
    if fault.kind == "drop_after":
        return _cut(request)
    body = response.body if isinstance(response, web.Response) else b""
    whole = body if isinstance(body, bytes) else b""
    if fault.kind == "half_answer":
        return await _half(request, whole)
    if fault.kind == "truncated_json":
        return web.Response(body=whole[: len(whole) // 2], content_type="application/json")
    if fault.kind == "unknown_schema":
        return web.json_response(_unreadable(whole))
    return _refusal(fault)


def _refusal(fault: Fault) -> web.Response:
    if fault.kind in _GATEWAYS:
        status, title = _GATEWAYS[fault.kind]
        page = f"<html><head><title>{status} {title}</title></head><body>nginx</body></html>"
        return web.Response(status=status, text=page, content_type="text/html")
    errors = {
        "flood": too_many_requests(fault.retry_after),
        "unauthorized": unauthorized(),
        "conflict": conflict(
            "terminated by other getUpdates request;"
            " make sure that only one bot instance is running"
        ),
    }
    error = errors.get(fault.kind) or ApiError(500, "Internal Server Error: restart")
    return web.json_response(error.as_json(), status=error.code)


async def _come_late(fault: Fault) -> None:
    if fault.kind.startswith("hold"):
        await fault.lifted.wait()
    else:
        await asyncio.sleep(fault.seconds)


async def _hang() -> NoReturn:
    """Until the caller gives up: the server cancels the handler then."""
    await asyncio.Event().wait()
    raise AssertionError


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _half(request: web.Request, whole: bytes) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.content_length = len(whole)
    await response.prepare(request)
    await response.write(whole[: max(len(whole) // 2, 1)])
    if request.transport is not None:
        request.transport.close()
    return response


def _unreadable(whole: bytes) -> dict[str, object]:
    """An `ok:true` of another API version: the id is there, the known shape is not."""
    result = json.loads(whole or b"{}").get("result")
    message_id = result.get("message_id") if isinstance(result, dict) else None
    return {"ok": True, "result": {"message_id": message_id, "schema": "unheard of"}}
