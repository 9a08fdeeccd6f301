"""Serves a sandbox application over real HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler

_LOCAL = ("127.0.0.1", "localhost", "::1")


@asynccontextmanager
async def serve(
    app: web.Application, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[str]:
    """Serve `app` while the block runs and give its base URL (port 0 = any free port).

    Served to this machine alone, it answers only under the names of this machine.
    """
    app.middlewares.append(_own_pages_only)
    if host in _LOCAL:
        app.middlewares.append(_local_names_only)
    # A client that gave up must stop its handler, or a hanging fault would outlive its test.
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1.0, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        bound_port = runner.addresses[0][1]
        yield f"http://{host}:{bound_port}"
    finally:
        await runner.cleanup()


@web.middleware
async def _own_pages_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Any web page may send requests to any address: the browser says whose page it was."""
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        raise web.HTTPForbidden
    return await handler(request)


@web.middleware
async def _local_names_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A stranger's name may be made to point here, and his page is at home under it."""
    if urlsplit(f"//{request.host}").hostname not in _LOCAL:
        raise web.HTTPForbidden
    return await handler(request)
