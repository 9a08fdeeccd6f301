"""POST /token: the only method without a bearer token and with a form for a body."""

import hmac
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from sandbox.avito.exchange import record_request, respond
from sandbox.avito.world import AvitoAccount, AvitoWorld, Record


def mount_token(app: web.Application, world: AvitoWorld) -> None:
    async def handle(request: web.Request) -> web.StreamResponse:
        # Only a form in the body: keys in the query or in JSON are not looked at.
        form = dict(await request.post())
        account = _find(world, form)
        record = record_request(world, request, "token", account, form)
        fault = world.take_fault("token", record.account)
        return await respond(
            world, record, fault, request, lambda: _token(world, record, form, account)
        )

    app.router.add_route("POST", "/token", handle)


def _token(
    world: AvitoWorld, record: Record, form: Mapping[str, Any], account: AvitoAccount | None
) -> web.Response:
    missing = {"grant_type", "client_id", "client_secret"} - form.keys()
    if missing:
        record.violation = f"not in the form: {', '.join(sorted(missing))}"
        return web.json_response({"error": "invalid_request"}, status=400)
    if form["grant_type"] != "client_credentials":
        record.violation = f"grant_type: {form['grant_type']}"
        return web.json_response({"error": "unsupported_grant_type"}, status=400)
    if account is None or not _keys_match(account, str(form["client_secret"])):
        return _bad_keys(world)
    return web.json_response(
        {
            "access_token": world.issue_token(account),
            "expires_in": world.token_lifetime,
            "token_type": "Bearer",
        }
    )


def _find(world: AvitoWorld, form: Mapping[str, Any]) -> AvitoAccount | None:
    wanted = form.get("client_id")
    return next((a for a in world.accounts.values() if a.client_id == wanted), None)


def _keys_match(account: AvitoAccount, secret: str) -> bool:
    same = hmac.compare_digest(account.client_secret.encode(), secret.encode())
    return account.keys_work and same


def _bad_keys(world: AvitoWorld) -> web.Response:
    # Avito does not document which of the three it is; clients must know them all.
    if world.bad_keys_answer == "403":
        return web.json_response({"error": {"code": 403, "message": "Forbidden"}}, status=403)
    body = {"error": "invalid_client", "error_description": "Invalid client credentials"}
    return web.json_response(body, status=int(world.bad_keys_answer))
