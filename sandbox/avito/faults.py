"""Faults on request: what goes wrong with the next answers."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Params = dict[str, Any]
Answer = Callable[[], web.Response]


@dataclass
class Fault:
    """`times` None = until cleared; no endpoint or account = any.

    What a `hold` keeps waiting is answered once it is lifted; a fault that is cleared is.
    """

    kind: str
    endpoint: str | None = None
    account: int | None = None
    times: int | None = None
    params: Params = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.lifted = asyncio.Event()
        if self.kind not in KINDS:
            raise ValueError(f"unknown fault {self.kind!r}, known: {', '.join(KINDS)}")

    def hits(self, endpoint: str, account: int | None) -> bool:
        return (
            self.times != 0
            and self.endpoint in (None, endpoint)
            and self.account in (None, account)
        )

    def lift(self) -> None:
        """It hits nothing any more."""
        self.times = 0
        self.lifted.set()

    @property
    def reaches_avito(self) -> bool:
        """Whether the limiter counts the request; Avito's own 429 refuses without counting."""
        return self.kind != "drop_before" and self.params.get("status") != 429


async def apply(fault: Fault, request: web.Request, answer: Answer) -> web.StreamResponse:
    """`answer` does the real work; a fault that leaves it uncalled fails before processing."""
    if fault.kind == HOLD:
        await fault.lifted.wait()
        return answer()
    return await _KINDS[fault.kind](fault.params, request, answer)


async def _latency(params: Params, _: web.Request, answer: Answer) -> web.StreamResponse:
    # Real seconds, not the sandbox clock's: clients' timeouts are real.
    await asyncio.sleep(params.get("seconds", 3.0))
    return answer()


async def _hang(_: Params, request: web.Request, __: Answer) -> web.StreamResponse:
    await asyncio.Event().wait()
    return _cut(request)


async def _drop_before(_: Params, request: web.Request, __: Answer) -> web.StreamResponse:
    return _cut(request)


async def _drop_after(_: Params, request: web.Request, answer: Answer) -> web.StreamResponse:
    answer()
    return _cut(request)


async def _status(params: Params, _: web.Request, __: Answer) -> web.StreamResponse:
    """`status`, optional `retry_after` (seconds) and `json`; 502 comes as a proxy's HTML."""
    status = params.get("status", 500)
    headers = {"Retry-After": str(params["retry_after"])} if "retry_after" in params else {}
    if status == 502:
        page = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
        return web.Response(status=502, text=page, content_type="text/html", headers=headers)
    error = {"code": status, "message": _MESSAGES.get(status, "Error")}
    return web.json_response(params.get("json", {"error": error}), status=status, headers=headers)


async def _malformed(_: Params, __: web.Request, answer: Answer) -> web.StreamResponse:
    return web.Response(text=f"{answer().text}}}{{", content_type="application/json")


async def _truncated(_: Params, request: web.Request, answer: Answer) -> web.StreamResponse:
    content = (answer().text or "").encode()
    cut = web.StreamResponse(headers={"Content-Type": "application/json"})
    cut.content_length = len(content)
    await cut.prepare(request)
    await cut.write(content[: len(content) // 2])
    return _cut(request)


async def _wrong_shape(params: Params, _: web.Request, answer: Answer) -> web.StreamResponse:
    answer()
    return web.json_response(params.get("json", {"data": [1, 2, 3], "ok": "yes"}))


async def _huge(params: Params, _: web.Request, answer: Answer) -> web.StreamResponse:
    padding = "x" * params.get("size", 20_000_000)
    return web.json_response({**json.loads(answer().text or "{}"), "padding": padding})


async def _slow_drip(params: Params, request: web.Request, answer: Answer) -> web.StreamResponse:
    """One byte every `seconds`: each read succeeds, the whole takes minutes."""
    drip = web.StreamResponse(headers={"Content-Type": "application/json"})
    await drip.prepare(request)
    for byte in (answer().text or "").encode():
        await drip.write(bytes([byte]))
        await asyncio.sleep(params.get("seconds", 0.1))
    return drip


async def _empty(_: Params, __: web.Request, answer: Answer) -> web.StreamResponse:
    answer()
    return web.Response()


def _cut(request: web.Request) -> web.StreamResponse:
    if request.transport:
        request.transport.close()
    return web.Response()


_MESSAGES = {
    429: "Too many requests",
    500: "Error while processing request. Please, contact support",
    503: "Service temporarily unavailable. Please, contact support",
}
HOLD = "hold"
_KINDS = {
    "latency": _latency,
    "hang": _hang,
    "drop_before": _drop_before,
    "drop_after": _drop_after,
    "status": _status,
    "malformed_json": _malformed,
    "truncated": _truncated,
    "wrong_shape": _wrong_shape,
    "huge": _huge,
    "slow_drip": _slow_drip,
    "empty": _empty,
}
KINDS = (HOLD, *_KINDS)
