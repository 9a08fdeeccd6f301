"""The sandbox Avito as a web application."""

from aiohttp import web

from sandbox.avito import cpa, items, messenger, stats, user
from sandbox.avito.auth import mount_token
from sandbox.avito.control import mount_control
from sandbox.avito.exchange import core_refusal, mount, record_request
from sandbox.avito.world import AvitoWorld


def build_avito_app(world: AvitoWorld) -> web.Application:
    app = web.Application()
    mount_control(app, world)
    mount_token(app, world)
    for section in (user, items, stats, cpa, messenger):
        for endpoint in section.ENDPOINTS:
            mount(app, world, endpoint)
    _mount_unknown(app, world)
    return app


def _mount_unknown(app: web.Application, world: AvitoWorld) -> None:
    async def handle(request: web.Request) -> web.Response:
        record = record_request(world, request, "unknown", None, None)
        record.violation, record.status = "no such method", 404
        return core_refusal(404, "Not found", {})

    app.router.add_route("*", "/{path:.*}", handle)
