"""The one door to Avito: limits, timeouts, retries, and errors in our own words.

Nothing else in the product talks HTTP to Avito, and the door calls only what is on the
allow-list. Neither a token nor a secret gets into a log line, an error or a repr from here.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any
from urllib.parse import quote

import aiohttp
import httpx
import structlog
import tenacity
from httpx_aiohttp import AiohttpTransport

from core.avito.answers import Answer, understand
from core.avito.breaker import PROBE_SEC, Breaker
from core.avito.endpoints import ALLOWED, Endpoint
from core.errors import RateLimited, Unavailable, UnexpectedAnswer
from core.ports import Clock, Escalate, RateGate
from core.tls import trust

log = structlog.get_logger(__name__)

TRIES = 3
LONGEST_GATE_WAIT = 5.0
"""Seconds. A gate that opens sooner is waited for here, a later one is the caller's to plan."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the door waits, in seconds of real time."""

    connect: float = 5.0
    read: float = 20.0
    total: float = 45.0
    """For a whole call: its tries and the pauses between them."""
    first_pause: float = 0.5
    longest_pause: float = 4.0


@dataclass(frozen=True, slots=True)
class Request:
    """One call to make. What authorises it stays out of the repr."""

    endpoint: Endpoint
    account: int | None = None
    """Whose limit the call uses up; None before the account is known."""
    chat: str = ""
    query: Mapping[str, Any] | None = None
    body: Mapping[str, Any] | None = None
    form: Mapping[str, str] | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    client_id: str = ""
    """Whose keys authorise it: that one account is silent says nothing of the others."""

    def path(self) -> str:
        return self.endpoint.path.format(account=self.account, chat=quote(self.chat, safe=""))

    def headers(self) -> dict[str, str]:
        headers = {"Accept": "application/json", **dict(self.endpoint.headers)}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        return headers

    def secrets(self) -> tuple[str, ...]:
        secret = self.form["client_secret"] if self.form else None
        return tuple(value for value in (secret, self.token) if value)


class AvitoDoor:
    """Avito over HTTP. Made inside the event loop that uses it; `close()` it at the end."""

    def __init__(
        self,
        base_url: str,
        *,
        clock: Clock,
        gate: RateGate,
        patience: Patience | None = None,
        escalate: Escalate | None = None,
    ) -> None:
        self._clock = clock
        self._gate = gate
        self._breaker = Breaker(clock, escalate)
        self._patience = patience or Patience()
        self._client = httpx.AsyncClient(
            base_url=base_url,
            transport=AiohttpTransport(verify=trust(), client=_session),
            timeout=httpx.Timeout(
                self._patience.read, connect=self._patience.connect, pool=self._patience.total
            ),
            # One client serves all accounts: the cookie of one must not travel with another.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def call(self, request: Request) -> Any:
        """Avito's JSON answer to `request`.

        A call without a documented once-a-minute limit is tried three times while Avito is
        unavailable. Raises `AvitoError` of the fitting class, `RateLimited` also when our own
        gate is shut, `Unavailable` also when Avito was silent lately and is not asked.
        """
        if request.endpoint not in ALLOWED:
            raise ValueError(f"{request.endpoint.name} is not on the allow-list")
        with self._breaker.watch(request.endpoint.name, request.client_id) as is_probe:
            if is_probe:
                return await self._knock(request, self._deadline(), longest=PROBE_SEC)
            if request.endpoint.once_a_minute:
                return await self._knock(request, self._deadline())
            return await self._insist(request)

    async def _insist(self, request: Request) -> Any:
        retrying = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception_type(Unavailable),
            stop=tenacity.stop_after_attempt(TRIES)
            | tenacity.stop_before_delay(self._patience.total),
            wait=tenacity.wait_random_exponential(
                self._patience.first_pause, self._patience.longest_pause
            ),
            reraise=True,
        )
        return await retrying(self._knock, request, self._deadline())

    def _deadline(self) -> float:
        return asyncio.get_running_loop().time() + self._patience.total

    async def _knock(self, request: Request, deadline: float, *, longest: float = math.inf) -> Any:
        """One try: through the gate, over the wire, and the gate shut behind it."""
        if request.account is not None:
            await self._enter(request.account, request.endpoint)
        try:
            until = min(deadline, asyncio.get_running_loop().time() + longest)
            answer = await self._exchange(request, until)
            return understand(answer)
        except RateLimited as refusal:
            await self._hold(request, self._seconds_until(refusal.retry_at))
            raise
        finally:
            # Avito may count from when it got the request, so the wait starts over after it.
            if request.endpoint.once_a_minute:
                await self._hold(request, request.endpoint.interval)

    async def _enter(self, account: int, endpoint: Endpoint) -> None:
        give_up_at = time.monotonic() + LONGEST_GATE_WAIT
        while True:
            try:
                return await self._gate.enter(
                    account, endpoint.gate, interval_seconds=endpoint.interval
                )
            except RateLimited as shut:
                too_long = self._seconds_until(shut.retry_at) > LONGEST_GATE_WAIT
                if too_long or time.monotonic() > give_up_at:
                    raise
                await self._sleep_until(shut.retry_at, give_up_at)

    async def _hold(self, request: Request, seconds: float) -> None:
        if request.account is not None:
            await self._gate.hold(request.account, request.endpoint.gate, seconds=seconds)

    def _seconds_until(self, instant: datetime) -> float:
        return (instant - self._clock.now()).total_seconds()

    async def _sleep_until(self, instant: datetime, give_up_at: float) -> None:
        # In short naps: the clock of a demo or a test runs faster, or stands still.
        while (left := self._seconds_until(instant)) > 0 and time.monotonic() < give_up_at:
            await asyncio.sleep(min(left, 0.1))

    async def _exchange(self, request: Request, deadline: float) -> Answer:
        started = time.perf_counter()
        status: int | None = None
        try:
            with _translated(request.endpoint):
                async with (
                    asyncio.timeout_at(deadline),
                    self._client.stream(
                        request.endpoint.verb,
                        request.path(),
                        params=request.query,
                        json=request.body,
                        data=request.form,
                        headers=request.headers(),
                    ) as response,
                ):
                    status = response.status_code
                    body = await self._read(response, request.endpoint)
            return Answer(
                endpoint=request.endpoint.name,
                status=status,
                headers=response.headers,
                body=body,
                at=self._clock.now(),
                secrets=request.secrets(),
            )
        finally:
            log.debug(
                "avito.call",
                endpoint=request.endpoint.name,
                account=request.account,
                status=status,
                ms=round((time.perf_counter() - started) * 1000),
            )

    async def _read(self, response: httpx.Response, endpoint: Endpoint) -> bytes:
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > endpoint.largest_body:
                raise UnexpectedAnswer(
                    endpoint.name,
                    status=response.status_code,
                    detail=f"more than {endpoint.largest_body} bytes",
                )
        return bytes(body)


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=100, ssl=trust()), cookie_jar=aiohttp.DummyCookieJar()
    )


@contextmanager
def _translated(endpoint: Endpoint) -> Iterator[None]:
    """Errors of the libraries in our own words; only their class name is kept as text."""
    try:
        yield
    except httpx.DecodingError as broken:
        raise UnexpectedAnswer(endpoint.name, detail="an undecodable body") from broken
    # The transport lets some of aiohttp's own errors and its OSErrors through untranslated.
    except (httpx.HTTPError, aiohttp.ClientError, TimeoutError, OSError) as failure:
        raise Unavailable(endpoint.name, detail=type(failure).__name__) from failure
