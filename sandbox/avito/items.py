"""GET /core/v1/items: pages of listings without a total."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from sandbox.avito.exchange import Call, Endpoint, InvalidRequestError
from sandbox.avito.world import Listing

_STATUSES = {"active", "removed", "old", "blocked", "rejected"}
_CATEGORIES = {20: "Мебель и интерьер"}


def _items(call: Call) -> web.Response:
    query = call.request.query
    # The prose says "less than 100", yet 100 is known to work.
    per_page = _number(query, "per_page", default=25, highest=100)
    page = _number(query, "page", default=1)
    listings = [
        listing
        for listing in call.account.listings
        if _matches(listing, query) and listing.id not in call.account.vanished
    ]
    start = (page - 1) * per_page
    return web.json_response(
        {
            "meta": {"page": page, "per_page": per_page},
            "resources": [_resource(listing) for listing in listings[start : start + per_page]],
        }
    )


def _matches(listing: Listing, query: Mapping[str, str]) -> bool:
    category = _number(query, "category", default=listing.category)
    return listing.status in _wanted_statuses(query) and listing.category == category


def _wanted_statuses(query: Mapping[str, str]) -> set[str]:
    statuses = set(query.get("status", "active").split(","))
    if unknown := statuses - _STATUSES:
        raise InvalidRequestError("status", f"unknown {', '.join(sorted(unknown))}")
    if "updatedAtFrom" in query:
        raise InvalidRequestError("updatedAtFrom", "the sandbox keeps no dates of updates")
    return statuses


def _number(query: Mapping[str, str], key: str, default: int, highest: int = 2**31 - 1) -> int:
    text = query.get(key, str(default))
    if not text.isdecimal() or not 1 <= int(text) <= highest:
        raise InvalidRequestError(key, f"must be a whole number from 1 to {highest}")
    return int(text)


def _resource(listing: Listing) -> dict[str, Any]:
    return {
        "id": listing.id,
        "title": listing.title,
        "price": listing.price,
        "status": listing.status,
        "url": f"https://www.avito.ru/moskva/mebel_i_interer/x_{listing.id}",
        "address": "Москва, Лесная улица, 7",
        "category": {"id": listing.category, "name": _CATEGORIES.get(listing.category, "Другое")},
    }


def _flat_refusal(status: int, message: str, fields: dict[str, str]) -> web.Response:
    details = "; ".join(f"{key}: {problem}" for key, problem in fields.items())
    code = "validation" if fields else str(status)
    return web.json_response({"code": code, "message": details or message}, status=status)


ENDPOINTS = (
    Endpoint(
        "items",
        "GET",
        "/core/v1/items",
        _items,
        refuse=_flat_refusal,
        per_minute=25,
        tells_limit=True,
    ),
)
