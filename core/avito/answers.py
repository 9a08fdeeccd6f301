"""What an HTTP answer of Avito means: its JSON, or the one error that fits.

Avito's sections disagree about the shape of an error (and some send one with HTTP 200), and
proxies before it speak HTML. All of that is read here and nowhere else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Context
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, NoReturn

from core.errors import (
    AvitoError,
    BadRequest,
    Forbidden,
    KeysRefused,
    NotFound,
    RateLimited,
    SubscriptionRequired,
    Unavailable,
    UnexpectedAnswer,
)

FULL_WINDOW = 62.0
"""Seconds to wait after a 429: a whole minute's window, and more than that on Avito's clock."""

_LONGEST_WAIT = 3600.0
_DETAIL_LENGTH = 200
_BOUNDS = Context(prec=60, Emin=-60, Emax=60, traps=[])
"""Of numbers: wider than any of Avito's, and narrow enough to be made whole in no time."""


class TokenRefused(KeysRefused):
    """This access token is not, or no longer, good. Renewed once, so it seldom leaves `avito`."""


class RefusedInside200(UnexpectedAnswer):
    """An error that came with HTTP 200 and a code that no contract knows."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, read but not yet understood."""

    endpoint: str
    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    at: datetime
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """What authorised the request: an error may not repeat it, even if Avito does."""


_BY_STATUS: dict[int, type[AvitoError]] = {
    HTTPStatus.BAD_REQUEST: BadRequest,
    HTTPStatus.UNAUTHORIZED: TokenRefused,
    HTTPStatus.PAYMENT_REQUIRED: SubscriptionRequired,
    HTTPStatus.FORBIDDEN: Forbidden,
    HTTPStatus.NOT_FOUND: NotFound,
    HTTPStatus.REQUEST_TIMEOUT: Unavailable,
    HTTPStatus.GONE: NotFound,
    HTTPStatus.UNPROCESSABLE_ENTITY: BadRequest,
    HTTPStatus.TOO_EARLY: Unavailable,
}

# Codes that `cpa` and `calltracking` put into an error inside HTTP 200.
_BY_CODE: dict[int, type[AvitoError]] = _BY_STATUS | {
    1000: BadRequest,
    1001: BadRequest,
    1002: Forbidden,
    1003: Unavailable,
    1004: NotFound,
}


def understand(answer: Answer) -> Any:
    """The JSON of a good answer, with `Decimal` where Avito wrote a fraction.

    What is larger than any number of Avito's is infinite: nothing that wants a number takes it.

    Raises the `AvitoError` that a bad one stands for, `TokenRefused` among them.
    """
    if answer.status == HTTPStatus.OK:
        content = _parse(answer)
        _raise_error_inside_200(answer, content)
        return content
    detail = _message(answer, _parse_or_none(answer))
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        _raise_rate_limited(answer, detail)
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise Unavailable(answer.endpoint, status=answer.status, detail=detail)
    if "invalid access token" in detail.lower():
        raise TokenRefused(answer.endpoint, status=answer.status, detail=detail)
    if _is_html(answer):
        # A wall before Avito says nothing about our rights or our request.
        raise UnexpectedAnswer(answer.endpoint, status=answer.status, detail="HTML")
    error = _BY_STATUS.get(answer.status, UnexpectedAnswer)
    raise error(answer.endpoint, status=answer.status, detail=detail)


def _raise_error_inside_200(answer: Answer, content: Any) -> None:
    error = _error_part(content)
    if error is None:
        return
    code = _code(error)
    detail = _message(answer, content)
    if code == HTTPStatus.TOO_MANY_REQUESTS:
        _raise_rate_limited(answer, detail)
    if "invalid access token" in detail.lower():
        raise TokenRefused(answer.endpoint, status=answer.status, detail=detail)
    kind = _BY_CODE.get(code or 0, RefusedInside200)
    raise kind(answer.endpoint, status=answer.status, detail=f"{code or 'no code'}: {detail}")


def _error_part(content: Any) -> Any:
    """The error inside a body that came with 200, None when there is none."""
    if not isinstance(content, dict):
        return None
    result = content.get("result")
    if isinstance(result, dict):
        if result.get("status") is False:
            return result
        if result.get("error"):
            return result["error"]
    error = content.get("error")
    # calltracking always sends an error; its code 0 says that all is well.
    if isinstance(error, dict) and error.get("code") == 0:
        return None
    return error or None


def _code(error: Any) -> int | None:
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, int) else None


def _message(answer: Answer, content: Any) -> str:
    """What Avito says, out of any of its documented shapes: for the log, short, no secrets."""
    try:
        said = " ".join(_sentences(content)).strip()
    except RecursionError:
        said = "nested too deep to be read"
    for secret in answer.secrets:
        said = said.replace(secret, "[hidden]")
    return said[:_DETAIL_LENGTH]


def _sentences(content: Any) -> list[str]:
    match content:
        case str():
            return [content]
        case list():
            return [sentence for part in content for sentence in _sentences(part)]
        case dict():
            names = ("error", "error_description", "errors", "result", "message", "fields")
            said = [line for name in names for line in _sentences(content.get(name))]
            # Without these a promotion error is "Validation error" and a field error is mute.
            return said or [str(value) for value in content.values() if isinstance(value, str)]
        case _:
            return []


def _raise_rate_limited(answer: Answer, detail: str) -> NoReturn:
    wait = max(FULL_WINDOW, min(_retry_after(answer), _LONGEST_WAIT))
    raise RateLimited(
        answer.endpoint,
        retry_at=answer.at + timedelta(seconds=wait),
        status=answer.status,
        detail=detail,
    )


def _retry_after(answer: Answer) -> float:
    """Seconds of the `Retry-After` header (a number or a date), 0 without a readable one."""
    value = answer.headers.get("retry-after", "")
    try:
        return min(int(value), _LONGEST_WAIT)
    except ValueError:
        pass
    try:
        return (parsedate_to_datetime(value) - answer.at).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return 0.0


def _is_html(answer: Answer) -> bool:
    declared = answer.headers.get("content-type", "").lower()
    return "html" in declared or answer.body.lstrip()[:1] == b"<"


def _parse_or_none(answer: Answer) -> Any:
    try:
        return _parse(answer)
    except UnexpectedAnswer:
        return None


def _parse(answer: Answer) -> Any:
    declared = answer.headers.get("content-type", "").lower()
    if declared and "json" not in declared:
        raise UnexpectedAnswer(
            answer.endpoint, status=answer.status, detail=f"{declared[:60]} instead of JSON"
        )
    try:
        return json.loads(
            answer.body, parse_float=_BOUNDS.create_decimal, parse_constant=_no_constant
        )
    except (ValueError, RecursionError) as broken:
        size = len(answer.body)
        raise UnexpectedAnswer(
            answer.endpoint, status=answer.status, detail=f"{size} bytes that are no JSON"
        ) from broken


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")
