"""The Bot API of a sandbox world over HTTP."""

import asyncio
import inspect
import json
from typing import Any

from aiohttp import web

from sandbox.telegram import methods_bot, methods_chats, methods_messages
from sandbox.telegram.bots import Bot
from sandbox.telegram.call import Call
from sandbox.telegram.control import add_control_routes
from sandbox.telegram.errors import ApiError, method_not_found, unauthorized
from sandbox.telegram.files import MAX_UPLOAD, Upload
from sandbox.telegram.history import CallRecord
from sandbox.telegram.troubles import after_work, before_work
from sandbox.telegram.world import World

METHODS = {**methods_bot.METHODS, **methods_chats.METHODS, **methods_messages.METHODS}
_BY_LOWER_NAME = {name.lower(): name for name in METHODS}


def build_telegram_app(world: World) -> web.Application:
    """`/bot<token>/<method>`, `/file/bot<token>/<path>` and the control API `/_sandbox/…`."""
    app = web.Application(client_max_size=MAX_UPLOAD + (1 << 20))
    server = _Server(world)
    app.router.add_route("*", "/bot{token}/{method}", server.handle)
    app.router.add_get("/file/bot{token}/{path:.+}", server.download)
    add_control_routes(app, world)
    return app


class _Server:
    def __init__(self, world: World) -> None:
        self.world = world

    async def handle(self, request: web.Request) -> web.StreamResponse:
        bot = self.world.bots.get(request.match_info["token"])
        name = _BY_LOWER_NAME.get(request.match_info["method"].lower())
        if bot is None:
            return _refused(unauthorized())
        try:
            params, uploads = await _read(request)
        except web.HTTPRequestEntityTooLarge:
            return _refused(ApiError(413, "Request Entity Too Large"))
        except ValueError as error:
            return _refused(ApiError(400, f"Bad Request: {error}"))
        if name is None:
            return _refused(method_not_found())
        return await self._recorded(request, name, Call(self.world, bot, params, uploads))

    async def _recorded(self, request: web.Request, name: str, call: Call) -> web.StreamResponse:
        history = self.world.history
        shown = call.params | {field: upload.name for field, upload in call.uploads.items()}
        record = history.open(call.bot.id, name, shown, self.world.iso_now())
        try:
            response = await self._with_faults(request, name, call, record)
        except asyncio.CancelledError:
            history.close(record, "abandoned")
            raise
        except ConnectionError:
            # Killed while it was being answered; unclosed, the call would count as under way.
            history.close(record, "abandoned")
            return web.Response()
        was_cut = request.transport is None or request.transport.is_closing()
        history.close(record, "dropped" if was_cut else "answered")
        return response

    async def _with_faults(
        self, request: web.Request, name: str, call: Call, record: CallRecord
    ) -> web.StreamResponse:
        faults = self.world.faults.take(name, record.chat_id)
        record.faults.extend(fault.kind for fault in faults)
        try:
            for fault in faults:
                if fault.is_before and (answer := await before_work(fault, request)) is not None:
                    return answer
        except asyncio.CancelledError:
            # A call that arrived whole is carried out, whether or not its caller still lives.
            is_only_late = all(f.is_late for f in faults if f.is_before)
            if is_only_late and name != "getUpdates":
                await self._work(name, call, record)
            raise
        response: web.StreamResponse = await self._work(name, call, record)
        for fault in faults:
            if not fault.is_before:
                response = await after_work(fault, request, response)
        return response

    async def _work(self, name: str, call: Call, record: CallRecord) -> web.Response:
        try:
            now = self.world.clock.monotonic()
            self.world.limits.admit(call.bot.id, name, record.chat_id, now)
            result = METHODS[name](call)
            if inspect.isawaitable(result):
                result = await result
        except ApiError as error:
            record.ok, record.error_code = False, error.code
            record.description = error.description
            return _refused(error)
        record.ok = True
        record.accept(self.world.iso_now(), result)
        text = result if name == "getUpdates" else json.dumps(result)
        return web.Response(text=f'{{"ok":true,"result":{text}}}', content_type="application/json")

    async def download(self, request: web.Request) -> web.Response:
        bot: Bot | None = self.world.bots.get(request.match_info["token"])
        stored = self.world.files.by_path(request.match_info["path"])
        if bot is None:
            return _refused(unauthorized())
        if stored is None:
            return _refused(method_not_found())
        return web.Response(body=stored.data, content_type="application/octet-stream")


def _refused(error: ApiError) -> web.Response:
    headers = {}
    if "retry_after" in error.parameters:
        headers["Retry-After"] = str(error.parameters["retry_after"])
    return web.json_response(error.as_json(), status=error.code, headers=headers)


async def _read(request: web.Request) -> tuple[dict[str, str], dict[str, Upload]]:
    """Parameters from the query and the body, whichever way they were written."""
    params = dict(request.query)
    uploads: dict[str, Upload] = {}
    if request.content_type == "application/json" and request.can_read_body:
        params |= {name: _as_text(value) for name, value in (await _json_body(request)).items()}
        return params, uploads
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            with value.file as file:
                uploads[name] = Upload(value.filename, file.read())
        elif isinstance(value, (bytes, bytearray)):
            params[name] = value.decode()
        else:
            params[name] = value
    return params, uploads


async def _json_body(request: web.Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.text())
    except ValueError:
        raise ValueError("can't parse request body as JSON") from None
    if not isinstance(body, dict):
        raise ValueError("expected a JSON object")  # noqa: TRY004 - told to the caller as one kind
    return {name: value for name, value in body.items() if value is not None}


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
