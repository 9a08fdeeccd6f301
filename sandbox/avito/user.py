"""Who the account is, its wallet, its place in a company."""

from aiohttp import web

from sandbox.avito.exchange import Call, Endpoint


def _self(call: Call) -> web.Response:
    account = call.account
    return web.json_response(
        {
            "id": account.user_id,
            "name": account.name,
            "email": f"{account.label}@example.com",
            "phone": account.phones[0] if account.phones else "",
            "phones": account.phones,
            "profile_url": f"https://avito.ru/user/{account.user_id:032x}/profile",
        }
    )


def _balance(call: Call) -> web.Response:
    return web.json_response({"real": call.account.real, "bonus": call.account.bonus})


def _ah_user(call: Call) -> web.Response:
    account = call.account
    return web.json_response(
        {
            "avitoCompanyId": 7_000_000_001 if account.is_employee else None,
            "isCompany": account.is_company,
            "isChief": account.is_chief,
            "isEmployee": account.is_employee,
        }
    )


def _hierarchy_refusal(status: int, message: str, _: dict[str, str]) -> web.Response:
    slug = "user_unauthorized" if status == 401 else "refused"
    error = {"slug": slug, "type": "authorization_error", "message": message}
    return web.json_response({"error": error}, status=status)


_ACCOUNTS = "/core/v1/accounts"
ENDPOINTS = (
    Endpoint("self", "GET", f"{_ACCOUNTS}/self", _self),
    Endpoint("balance", "GET", _ACCOUNTS + "/{user_id}/balance/", _balance, foreign_status=404),
    Endpoint("ah_user", "GET", "/checkAhUserV1", _ah_user, refuse=_hierarchy_refusal),
)
