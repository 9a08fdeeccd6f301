"""The wire to Telegram: aiogram's session, plus what it hides.

aiogram's exceptions do not say whether a message was sent: a failed DNS lookup and "accepted,
then disconnected" are the same TelegramNetworkError, and an `ok:true` answer it cannot parse is
a decode error. `TelegramSession.post` keeps the raw answer and tells the moment bytes leave.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.session.base import BaseSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import ClientDecodeError, TelegramNetworkError
from aiogram.methods import SendDocument, TelegramMethod
from aiogram.methods.base import TelegramType
from aiogram.types import InputFile
from aiohttp import (
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    TCPConnector,
    TraceConfig,
    TraceRequestChunkSentParams,
)

from core.tls import trust

REQUEST_TIMEOUT_SEC = 30.0
UPLOAD_TIMEOUT_SEC = 900.0
"""For a file: 50 MB over half a megabit a second."""
LONGEST_FLOOD_SEC = 7 * 86_400

RawUpdate = dict[str, Any]
"""An update as Telegram sent it, before anybody validates it."""


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """What came back, before anybody interprets it."""

    status: int
    body: str


class NoAnswer(Exception):
    """No complete answer. `left`: whether bytes of the request had left, so it may have worked."""

    def __init__(self, reason: str, *, left: bool) -> None:
        super().__init__(reason)
        self.left = left


def parameters_of(refusal: dict[str, Any]) -> dict[str, Any]:
    """What comes with a refusal for a program to act on."""
    parameters = refusal.get("parameters")
    return parameters if isinstance(parameters, dict) else {}


def seconds_to_wait(refusal: dict[str, Any]) -> float | None:
    """How long Telegram wants to hear nothing; None when it did not say so sensibly."""
    told = parameters_of(refusal).get("retry_after")
    if isinstance(told, int | float) and 0 < told < LONGEST_FLOOD_SEC:
        return float(told)
    return None


class _Departure:
    """Notes the first byte of a request body; rides along as aiohttp's trace context."""

    def __init__(self, leaving: Callable[[], None] | None) -> None:
        self.left = False
        self._leaving = leaving

    def note(self) -> None:
        if not self.left:
            # First the note: if it cannot be made, nothing leaves.
            if self._leaving is not None:
                self._leaving()
            self.left = True


class _LeavesAtItsEnd(InputFile):
    """A file that has left with its last byte: of a part of it Telegram makes nothing."""

    def __init__(self, file: InputFile, departure: _Departure) -> None:
        super().__init__(file.filename, file.chunk_size)
        self._file = file
        self._departure = departure
        self._chunks: AsyncGenerator[bytes, None] | None = None

    async def read(self, bot: Bot) -> AsyncGenerator[bytes, None]:
        self._chunks = self._file.read(bot)
        async with aclosing(self._chunks):
            async for chunk in self._chunks:
                yield chunk
        # What ends the form comes after it.
        self._departure.note()

    async def close(self) -> None:
        """Where the line broke in the middle nobody else closes the file."""
        if self._chunks is not None:
            # Being read at this moment, it is on its way to an end by itself.
            with suppress(RuntimeError):
                await self._chunks.aclose()


async def _chunk_sent(
    _session: ClientSession, context: SimpleNamespace, _params: TraceRequestChunkSentParams
) -> None:
    # aiohttp calls this right before it writes to the socket, with no await in between.
    departure = context.trace_request_ctx
    if isinstance(departure, _Departure):
        departure.note()


async def _read(response: ClientResponse) -> str:
    """The body, or as much of it as came: half an answer can still say that the call worked."""
    body = bytearray()
    try:
        async for part in response.content.iter_any():
            body += part
    except (TimeoutError, ClientError, OSError):
        if not body:
            raise
    return body.decode(errors="replace")


class TelegramSession(AiohttpSession):
    """aiogram's session on one connection pool, with raw answers and departure notes."""

    def __init__(self, api_base: str) -> None:
        # aiogram's own would read all certificates, for a connection pool that we do not use.
        BaseSession.__init__(self, timeout=REQUEST_TIMEOUT_SEC)
        self.api = TelegramAPIServer.from_base(api_base)
        self._own: ClientSession | None = None

    async def create_session(self) -> ClientSession:
        if self._own is None or self._own.closed:
            trace = TraceConfig()
            trace.on_request_chunk_sent.append(_chunk_sent)
            self._own = ClientSession(
                connector=TCPConnector(ssl=trust(), limit=100, ttl_dns_cache=300),
                trace_configs=[trace],
            )
        return self._own

    async def close(self) -> None:
        if self._own is not None:
            await self._own.close()

    async def post(
        self,
        bot: Bot,
        method: TelegramMethod[Any],
        *,
        timeout_sec: float | None = None,
        leaving: Callable[[], None] | None = None,
    ) -> RawAnswer:
        """Call a method; `leaving` runs just before its bytes leave. Raises NoAnswer.

        A document has left when all of it has: cut off before that, it has certainly not come.
        """
        session = await self.create_session()
        departure = _Departure(leaving)
        noted_by: _Departure | None = departure
        document: _LeavesAtItsEnd | None = None
        usual_sec = REQUEST_TIMEOUT_SEC
        if isinstance(method, SendDocument) and isinstance(method.document, InputFile):
            document = _LeavesAtItsEnd(method.document, departure)
            method = method.model_copy(update={"document": document})
            noted_by, usual_sec = None, UPLOAD_TIMEOUT_SEC
        try:
            async with session.post(
                self.api.api_url(token=bot.token, method=method.__api_method__),
                data=self.build_form_data(bot=bot, method=method),
                timeout=ClientTimeout(total=timeout_sec or usual_sec),
                trace_request_ctx=noted_by,
            ) as response:
                return RawAnswer(response.status, await _read(response))
        except (TimeoutError, ClientError, OSError) as error:
            # The text of aiohttp's errors can hold the URL, and the URL holds the token.
            raise NoAnswer(type(error).__name__, left=departure.left) from error
        finally:
            if document is not None:
                await document.close()

    async def make_request(
        self, bot: Bot, method: TelegramMethod[TelegramType], timeout: int | None = None
    ) -> TelegramType:
        """What `await bot(method)` uses: for calls where aiogram's errors say enough."""
        try:
            answer = await self.post(bot, method, timeout_sec=timeout or self.timeout)
        except NoAnswer as error:
            raise TelegramNetworkError(method=method, message=str(error)) from error
        try:
            response = self.check_response(
                bot=bot, method=method, status_code=answer.status, content=answer.body
            )
        except ClientDecodeError as error:
            # A proxy's page. aiogram's error is of another family and quotes all of it.
            message = f"{answer.status} without a readable body"
            raise TelegramNetworkError(method=method, message=message) from error
        return cast(TelegramType, response.result)
