"""Every shape in which Avito says no, and every way in which an answer can be none at all."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core.avito.answers import Answer, RefusedInside200, TokenRefused, understand
from core.errors import (
    AvitoError,
    BadRequest,
    Forbidden,
    NotFound,
    RateLimited,
    SubscriptionRequired,
    Unavailable,
    UnexpectedAnswer,
)
from tests.support.official import shared_folder

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def answer(status: int, body: Any, content_type: str = "application/json", **more: Any) -> Answer:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"content-type": content_type} | more.pop("headers", {})
    return Answer("some_call", status, headers, content, NOW, **more)


def refusal(said: Answer) -> AvitoError:
    with pytest.raises(AvitoError) as caught:
        understand(said)
    return caught.value


SHAPES: list[tuple[int, Any, type[AvitoError], str]] = [
    (401, {"error": {"code": 401, "message": "Unauthorized"}}, TokenRefused, "Unauthorized"),
    (403, {"error": {"code": 403, "message": "Forbidden"}}, Forbidden, "Forbidden"),
    (
        403,
        {"result": {"status": False, "message": "invalid access token"}},
        TokenRefused,
        "invalid access token",
    ),
    (402, {"error": {"code": 402, "message": "Payment required"}}, SubscriptionRequired, "Pay"),
    (404, {"errors": ["Тариф не тот."]}, NotFound, "Тариф не тот."),
    (400, {"code": "validation", "message": "per_page must be less"}, BadRequest, "per_page"),
    (400, {"error": {"code": "validation", "message": "Field `offset`"}}, BadRequest, "offset"),
    (
        400,
        {
            "error": {
                "code": 400,
                "message": "Validation error",
                "fields": {"dateFrom": "required"},
            }
        },
        BadRequest,
        "Validation error required",
    ),
    (400, {"message": "Validation error", "details": [{"message": "max"}]}, BadRequest, "Valid"),
    (
        401,
        {"error": {"slug": "user_unauthorized", "type": "x", "message": "Не авторизован"}},
        TokenRefused,
        "Не авторизован",
    ),
    (401, {"error": "invalid_client", "error_description": "Bad"}, TokenRefused, "invalid_client"),
    (425, {"code": 1005, "message": "запись еще не готова"}, Unavailable, "не готова"),
    (429, {"error": {"code": 429}}, RateLimited, ""),
    (500, {"error": {"code": 500, "message": "Internal"}}, Unavailable, "Internal"),
    (200, {"error": {"code": 1002, "message": "ошибка авторизации"}}, Forbidden, "1002: ошибка"),
    (200, {"result": {"error": {"code": 1003, "message": "нет"}}}, Unavailable, "1003: нет"),
    (200, {"error": {"code": 1001, "message": "validation error"}, "calls": []}, BadRequest, "1"),
    (200, {"error": {"code": 429}}, RateLimited, ""),
    (200, {"error": {"code": 777, "message": "?"}}, RefusedInside200, "777: ?"),
    (200, {"error": "invalid_client"}, RefusedInside200, "invalid_client"),
    (200, {"result": {"status": False, "message": "invalid access token"}}, TokenRefused, "inv"),
    (418, {"message": "teapot"}, UnexpectedAnswer, "teapot"),
]


@pytest.mark.parametrize(("status", "body", "error", "detail"), SHAPES)
def test_each_shape_of_error_becomes_the_class_that_the_bot_acts_on(
    status: int, body: Any, error: type[AvitoError], detail: str
) -> None:
    caught = refusal(answer(status, body))
    assert type(caught) is error
    assert (caught.endpoint, caught.status) == ("some_call", status)
    assert detail in caught.detail


@pytest.mark.parametrize(
    ("status", "body", "content_type", "error"),
    [
        (200, b"<html>captcha</html>", "text/html", UnexpectedAnswer),
        (200, b"", "", UnexpectedAnswer),
        (200, b"", "application/json", UnexpectedAnswer),
        (200, b'{"real": 1', "application/json", UnexpectedAnswer),
        (200, b'{"real": NaN}', "application/json", UnexpectedAnswer),
        (200, b"\xff\xfe", "application/json", UnexpectedAnswer),
        (200, b"[" * 100_000, "application/json", UnexpectedAnswer),
        (302, b"", "text/html", UnexpectedAnswer),
        (403, b"<html>firewall</html>", "text/html", UnexpectedAnswer),
        (403, b"<html>firewall</html>", "application/json", UnexpectedAnswer),
        (403, b"", "", Forbidden),
        (401, b"", "", TokenRefused),
        (404, b"null", "application/json", NotFound),
        (429, b"<html>slow down</html>", "text/html", RateLimited),
        (502, b"<html>nginx</html>", "text/html", Unavailable),
        (503, b"", "", Unavailable),
    ],
)
def test_what_is_not_json_is_judged_by_its_status(
    status: int, body: bytes, content_type: str, error: type[AvitoError]
) -> None:
    assert type(refusal(answer(status, body, content_type))) is error


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (b"1e12000000", Decimal("inf")),
        (b"-1e99999999999999999999", Decimal("-inf")),
        (b"1e-12000000", 0),
        (b"0." + b"3" * 100_000, Decimal("0." + "3" * 60)),
    ],
)
def test_no_number_takes_longer_to_work_with_than_to_read(
    written: bytes, read: Decimal | int
) -> None:
    assert understand(answer(200, b'{"id": %s}' % written)) == {"id": read}


def test_an_error_nested_without_end_is_still_judged_by_its_status() -> None:
    body = b'{"error":' * 900 + b'"x"' + b"}" * 900
    assert type(refusal(answer(400, body))) is BadRequest


def test_fractions_stay_exact() -> None:
    content = understand(answer(200, b'{"real": 4350.1, "bonus": 320}'))
    assert content == {"real": Decimal("4350.1"), "bonus": 320}


def test_an_error_with_code_zero_is_no_error() -> None:
    body = {"calls": [], "error": {"code": 0, "message": ""}}
    assert understand(answer(200, body)) == body


def test_json_without_a_declared_type_is_read() -> None:
    assert understand(answer(200, b'{"real": 1}', "")) == {"real": 1}


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, 62),
        ("5", 62),
        ("90", 90),
        ("Sat, 21 Nov 2026 12:02:00 GMT", 120),
        ("soon", 62),
        ("-1", 62),
        ("9999999", 3600),
        ("9" * 400, 3600),
        ("9" * 5000, 62),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", 62),
        ("Mon, 01 Jan 2027 00:00:00 +99999999999999999999", 62),
    ],
)
def test_after_a_429_the_whole_window_is_waited_or_longer_if_avito_says_so(
    header: str | None, seconds: int
) -> None:
    headers = {} if header is None else {"retry-after": header}
    caught = refusal(answer(429, {"error": {"code": 429}}, headers=headers))
    assert isinstance(caught, RateLimited)
    assert caught.retry_at == NOW + timedelta(seconds=seconds)


def test_what_avito_repeats_of_our_secrets_is_not_repeated_by_us() -> None:
    secret = "s3cret-" + "x" * 300
    body = {"error": {"code": 400, "message": f"bad secret {secret}"}}
    caught = refusal(answer(400, body, secrets=(secret,)))
    assert "s3cret" not in f"{caught} {caught!r} {caught.detail}"


def test_a_long_message_is_cut() -> None:
    assert len(refusal(answer(400, {"message": "x" * 5000})).detail) == 200


def official_errors() -> Iterator[Any]:
    folder = shared_folder() / "avito-api" / "examples" / "errors"
    for path in sorted(Path(folder).glob("*.json")):
        yield pytest.param(json.loads(path.read_text(encoding="utf-8")), id=path.stem)


OFFICIAL = list(official_errors())


@pytest.mark.skipif(not OFFICIAL, reason="the official examples are not beside the repository")
@pytest.mark.parametrize("example", OFFICIAL)
def test_every_official_example_of_an_error_is_understood(example: dict[str, Any]) -> None:
    caught = refusal(answer(example["status"], example["body"]))
    assert caught.detail or caught.status == 429
    if example["status"] != 200:
        assert type(caught) is not UnexpectedAnswer
