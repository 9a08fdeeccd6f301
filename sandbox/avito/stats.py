"""Statistics: v1 by listing, v2 by account, calls. Days are Moscow days, money is kopecks."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from aiohttp import web

from sandbox.avito import numbers
from sandbox.avito.exchange import Call, Endpoint, InvalidRequestError, RefusedError
from sandbox.avito.numbers import Numbers
from sandbox.avito.world import DEPTH, MOSCOW, AvitoWorld

# The un-prefixed names are deprecated but still in the schema.
_V1_FIELDS = {
    f"{prefix}{name if not prefix else name.capitalize()}": name
    for prefix in ("uniq", "")
    for name in ("views", "contacts", "favorites")
}
_ROW_TYPES = {"item": "items", "totals": "totals"}


def _stats_v1(call: Call) -> web.Response:
    wanted = _list_of(call.body, "itemIds", int)
    if len(wanted) > 200:
        raise InvalidRequestError("itemIds", "at most 200")
    fields = _list_of(call.body, "fields", str) if "fields" in call.body else list(_V1_FIELDS)[:3]
    if unknown := set(fields) - _V1_FIELDS.keys():
        raise InvalidRequestError("fields", f"unknown {', '.join(sorted(unknown))}")
    grouping = _one_of(call.body, "periodGrouping", "day", "week", "month", default="day")
    own = {listing.id for listing in call.account.listings} - call.account.vanished
    if not own.issuperset(wanted) and (spoilt := _spoilt_by_foreign(call.world)):
        return spoilt
    periods: defaultdict[int, defaultdict[date, list[Numbers]]]
    periods = defaultdict(lambda: defaultdict(list))
    for day in _days(call):
        shares = call.account.listing_numbers(day, call.world.share_of(day))
        for item_id in shares.keys() & own.intersection(wanted):
            periods[item_id][_period_start(day, grouping)].append(shares[item_id])
    items = [
        {"itemId": item_id, "stats": [_v1_row(*row, fields) for row in sorted(rows.items())]}
        for item_id, rows in sorted(periods.items())
    ]
    return web.json_response({"result": {"items": items}})


def _spoilt_by_foreign(world: AvitoWorld) -> web.Response | None:
    """What becomes of an answer about a listing that is not the account's: Avito does not say."""
    if world.foreign_listing_answer == "400":
        raise RefusedError(400, "Bad request")
    if world.foreign_listing_answer == "empty":
        return web.json_response({"result": {"items": []}})
    return None


def _v1_row(start: date, days: list[Numbers], fields: list[str]) -> dict[str, Any]:
    total = numbers.add_up(days)
    return {"date": start.isoformat()} | {field: total[_V1_FIELDS[field]] for field in fields}


def _stats_v2(call: Call) -> web.Response:
    if call.account.stats_v2 == "forbidden":
        raise RefusedError(403, "Forbidden")
    metrics, limit, offset = _v2_query(call.body)
    grouping = _one_of(call.body, "grouping", "day", "week", "month", "item", "totals")
    if grouping == "item" and call.account.refuses_listings is not None:
        raise RefusedError(call.account.refuses_listings, "Refused")
    by_row: defaultdict[int | None, list[Numbers]] = defaultdict(list)
    for row_id, day_numbers in _v2_days(call, grouping):
        by_row[row_id].append(day_numbers)
    rows = [(row_id, numbers.with_ratios(numbers.add_up(days))) for row_id, days in by_row.items()]
    if call.account.stats_v2 == "zeros":
        rows = [(row_id, dict.fromkeys(row, 0)) for row_id, row in rows]
    if sort := call.body.get("sort"):
        rows.sort(key=lambda row: row[1][sort["key"]], reverse=sort["order"] == "desc")
    shown = [slug for slug in metrics if slug not in call.account.withhold]
    groupings = [
        ({} if row_id is None else {"id": row_id})
        | {"type": _ROW_TYPES.get(grouping, "dates")}
        | {"metrics": [{"slug": slug, "value": row[slug]} for slug in shown]}
        for row_id, row in rows[offset : offset + limit]
    ]
    timestamp = f"{call.world.clock.now().astimezone(MOSCOW):%Y-%m-%d %H:%M:%S}"
    result = {"dataTotalCount": len(rows), "groupings": groupings, "timestamp": timestamp}
    return web.json_response({"result": result})


def _v2_days(call: Call, grouping: str) -> Iterator[tuple[int | None, Numbers]]:
    """Each day's numbers with the id of the row they go to; a day row's id is UTC midnight."""
    for day in _days(call):
        share = call.world.share_of(day)
        if grouping == "item":
            for item_id, listing in call.account.listing_numbers(day, share).items():
                if item_id not in call.account.vanished:
                    yield item_id, listing
        elif grouping == "totals":
            yield None, call.account.day_numbers(day, share)
        else:
            midnight = datetime.combine(_period_start(day, grouping), time(), UTC)
            yield int(midnight.timestamp()), call.account.day_numbers(day, share)


def _calls(call: Call) -> web.Response:
    wanted = _list_of(call.body, "itemIds", int) if "itemIds" in call.body else None
    by_item: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    for day in _days(call):
        counted = call.account.call_numbers(day, call.world.share_of(day))
        for item_id, counters in counted.items():
            if wanted is None or item_id in wanted:
                by_item[item_id].append({"date": day.isoformat()} | counters)
    items = [
        {"itemId": item_id, "employeeId": 0, "days": days}
        for item_id, days in sorted(by_item.items())
    ]
    return web.json_response({"result": {"items": items}})


def _v2_query(body: Any) -> tuple[list[str], int, int]:
    for field in ("dateFrom", "dateTo", "metrics", "grouping", "limit", "offset"):
        if field not in body:
            raise InvalidRequestError(field, "required")
    metrics = _list_of(body, "metrics", str)
    sort = body.get("sort")
    if sort and (not isinstance(sort, dict) or sort.get("order") not in ("asc", "desc")):
        raise InvalidRequestError("sort", "needs a key and an order: asc or desc")
    if unknown := {*metrics, *([str(sort.get("key"))] if sort else [])} - numbers.SLUGS:
        raise InvalidRequestError("metrics", f"unknown {', '.join(sorted(unknown))}")
    if body.get("filter"):
        raise InvalidRequestError("filter", "the sandbox does not filter")
    limit, offset = body["limit"], body["offset"]
    if limit is not None and (type(limit) is not int or not 0 <= limit <= 1000):
        raise InvalidRequestError("limit", "must be a whole number from 0 to 1000")
    if offset is not None and (type(offset) is not int or offset < 0):
        raise InvalidRequestError("offset", "must be a whole number from 0")
    return metrics, 1000 if limit is None else limit, offset or 0


def _days(call: Call) -> list[date]:
    """The asked-for days that have begun; InvalidRequestError when they reach too far back."""
    first, last = _date(call.body, "dateFrom"), _date(call.body, "dateTo")
    today = call.world.today()
    if first < today - DEPTH:
        raise InvalidRequestError("dateFrom", f"deeper than {DEPTH.days} days")
    if last < first:
        raise InvalidRequestError("dateTo", "before dateFrom")
    return [first + timedelta(days=n) for n in range((min(last, today) - first).days + 1)]


def _date(body: Any, key: str) -> date:
    text = body.get(key)
    try:
        day = date.fromisoformat(text)
    except (TypeError, ValueError):
        day = None
    # fromisoformat also takes 20261121 and 2026-W47-6, which Avito does not promise.
    if day is None or day.isoformat() != text:
        raise InvalidRequestError(key, "must be YYYY-MM-DD")
    return day


def _period_start(day: date, grouping: str) -> date:
    if grouping == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if grouping == "month" else day


def _list_of(body: Any, key: str, kind: type) -> list[Any]:
    values = body.get(key)
    if not isinstance(values, list) or any(type(value) is not kind for value in values):
        raise InvalidRequestError(key, f"must be a list of {kind.__name__}")
    return values


def _one_of(body: Any, key: str, *choices: str, default: str | None = None) -> str:
    value = body.get(key, default)
    if value not in choices:
        raise InvalidRequestError(key, f"must be one of {', '.join(choices)}")
    return str(value)


ENDPOINTS = (
    Endpoint(
        "stats_v1", "POST", "/stats/v1/accounts/{user_id}/items", _stats_v1, foreign_status=404
    ),
    Endpoint("stats_v2", "POST", "/stats/v2/accounts/{user_id}/items", _stats_v2, per_minute=1),
    Endpoint(
        *("calls_stats", "POST", "/core/v1/accounts/{user_id}/calls/stats/", _calls),
        foreign_status=404,
    ),
)
