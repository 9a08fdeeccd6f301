"""The CPA advance. Its errors come inside HTTP 200, its limit is one per minute."""

from aiohttp import web

from sandbox.avito.exchange import Call, Endpoint, InvalidRequestError, gateway_refusal


def _balance_info(call: Call) -> web.Response:
    if not call.request.headers.get("X-Source"):
        raise InvalidRequestError("X-Source", "this header is required")
    if call.body != {}:
        raise InvalidRequestError("body", "must be {}")
    return web.json_response({"balance": call.account.advance})


def _cpa_refusal(status: int, message: str, fields: dict[str, str]) -> web.Response:
    if status in (401, 403):
        return gateway_refusal()
    if status == 429:
        return web.json_response({"error": {"code": 429}}, status=429)
    problem = "; ".join(f"{key}: {text}" for key, text in fields.items())
    return web.json_response({"error": {"code": 1001, "message": problem or message}})


ENDPOINTS = (
    Endpoint(
        "cpa_balance",
        "POST",
        "/cpa/v3/balanceInfo",
        _balance_info,
        refuse=_cpa_refusal,
        per_minute=1,
        tells_limit=True,
    ),
)
