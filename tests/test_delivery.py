"""What became of a send, told from real HTTP: certainly sent, certainly not, or nobody knows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import cycle

import pytest
from aiogram import Bot as ApiBot
from aiogram.methods import SendMessage

from bot.delivery import (
    DEFAULT_FLOOD_PAUSE_SEC,
    Courier,
    NotSent,
    Refused,
    SendError,
    Uncertain,
    interpret,
)
from bot.telegram import RawAnswer
from sandbox.telegram.faults import Kind
from tests.support.telegram import TOKEN, HastySession, TelegramRig, telegram_rig


@pytest.fixture
async def rig() -> AsyncIterator[TelegramRig]:
    async with telegram_rig() as made:
        yield made


@dataclass
class Outcome:
    """What `carry` said, and whether it had said before that bytes leave."""

    message_id: int | None = None
    error: SendError | None = None
    left: list[bool] = field(default_factory=list)


async def carry(courier: Courier, chat_id: int, text: str = "привет") -> Outcome:
    outcome = Outcome()
    try:
        outcome.message_id = await courier.carry(
            SendMessage(chat_id=chat_id, text=text), leaving=lambda: outcome.left.append(True)
        )
    except SendError as error:
        outcome.error = error
    return outcome


async def test_a_send_that_works_gives_the_message(rig: TelegramRig) -> None:
    outcome = await carry(rig.courier, rig.alice.id)
    assert outcome.error is None
    assert [m.id for m in rig.world.sent(rig.alice.id)] == [outcome.message_id]
    assert outcome.left == [True]


SENT: list[Kind] = ["unknown_schema", "truncated_json", "half_answer", "latency_after"]
UNKNOWN: list[Kind] = ["drop_after", "hang_after", "drop_before", "hang_before"]
GATEWAYS: list[Kind] = ["http_500", "http_502", "http_504"]


@pytest.mark.parametrize("fault", SENT)
async def test_an_answer_that_says_ok_is_a_success_however_broken(
    rig: TelegramRig, fault: Kind
) -> None:
    rig.world.fault(fault, method="sendMessage", times=1, seconds=0.05)
    outcome = await carry(rig.courier, rig.alice.id)
    assert outcome.error is None
    assert [m.id for m in rig.world.sent(rig.alice.id)] == [outcome.message_id]


@pytest.mark.parametrize("fault", UNKNOWN)
async def test_no_answer_after_the_bytes_left_is_uncertain(rig: TelegramRig, fault: Kind) -> None:
    rig.world.fault(fault, method="sendMessage", times=1)
    outcome = await carry(rig.courier, rig.alice.id)
    assert isinstance(outcome.error, Uncertain)
    assert outcome.left == [True]


@pytest.mark.parametrize("processed", [True, False])
@pytest.mark.parametrize("fault", GATEWAYS)
async def test_a_gateway_does_not_know_what_happened_behind_it(
    rig: TelegramRig, fault: Kind, processed: bool
) -> None:
    rig.world.fault(fault, method="sendMessage", times=1, processed=processed)
    outcome = await carry(rig.courier, rig.alice.id)
    assert isinstance(outcome.error, Uncertain)


async def test_a_flood_limit_is_not_sent_and_says_how_long_to_wait(rig: TelegramRig) -> None:
    rig.world.fault("flood", method="sendMessage", times=1, retry_after=17)
    error = (await carry(rig.courier, rig.alice.id)).error
    assert isinstance(error, NotSent)
    assert error.retry_after == 17


async def test_a_flood_limit_in_plain_text_waits_a_default(rig: TelegramRig) -> None:
    rig.world.fault("flood_text", method="sendMessage", times=1)
    error = (await carry(rig.courier, rig.alice.id)).error
    assert isinstance(error, NotSent)
    assert error.retry_after is not None
    assert rig.world.sent(rig.alice.id) == []


async def test_a_revoked_token_sent_nothing(rig: TelegramRig) -> None:
    rig.world.fault("unauthorized", method="sendMessage", times=1)
    assert isinstance((await carry(rig.courier, rig.alice.id)).error, NotSent)


async def test_a_person_who_blocked_the_bot_is_a_refusal(rig: TelegramRig) -> None:
    rig.alice.block(rig.me)
    error = (await carry(rig.courier, rig.alice.id)).error
    assert isinstance(error, Refused)
    assert error.status == 403
    assert error.says("blocked by the user")


async def test_a_chat_that_does_not_exist_is_a_refusal(rig: TelegramRig) -> None:
    error = (await carry(rig.courier, 123)).error
    assert isinstance(error, Refused)
    assert error.says("chat not found")


async def test_a_text_that_is_too_long_is_a_refusal(rig: TelegramRig) -> None:
    error = (await carry(rig.courier, rig.alice.id, "я" * 4097)).error
    assert isinstance(error, Refused)
    assert error.says("too long")


async def test_a_group_that_became_a_supergroup_says_where_it_went(rig: TelegramRig) -> None:
    group = rig.world.group("Клиенты", rig.alice, rig.me)
    moved = rig.alice.migrate(group)
    error = (await carry(rig.courier, group.id)).error
    assert isinstance(error, Refused)
    assert error.migrated_to == moved.id


# Troubles below HTTP


Connection = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def courier_to(base: str) -> AsyncIterator[Courier]:
    session = HastySession(base)
    try:
        yield Courier(ApiBot(TOKEN, session=session), session)
    finally:
        await session.close()


@asynccontextmanager
async def listening(handle: Connection) -> AsyncIterator[str]:
    """A server of our own making; gives its host and port."""
    handlers: list[asyncio.Task[None] | None] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handlers.append(asyncio.current_task())
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await handle(reader, writer)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    await asyncio.gather(*[handler for handler in handlers if handler is not None])


async def _close_after_headers(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")


async def _garble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    writer.write(b"this is not HTTP\r\n\r\n")


async def _drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    for byte in cycle(b"HTTP/1.1 200 OK "):
        if writer.is_closing():
            break
        writer.write(bytes([byte]))
        await asyncio.sleep(0.05)


async def test_nobody_listens_so_nothing_was_sent() -> None:
    async with courier_to("http://127.0.0.1:1") as courier:
        outcome = await carry(courier, 1)
    assert isinstance(outcome.error, NotSent)
    assert outcome.left == []


async def test_a_name_that_does_not_resolve_sent_nothing() -> None:
    async with courier_to("http://telegram.invalid") as courier:
        outcome = await carry(courier, 1)
    assert isinstance(outcome.error, NotSent)
    assert outcome.left == []


async def test_a_failed_tls_handshake_sent_nothing() -> None:
    async with listening(_garble) as where, courier_to(f"https://{where}") as courier:
        outcome = await carry(courier, 1)
    assert isinstance(outcome.error, NotSent)
    assert outcome.left == []


@pytest.mark.parametrize("handle", [_close_after_headers, _garble, _drip])
async def test_a_connection_that_breaks_after_the_request_is_uncertain(handle: Connection) -> None:
    async with listening(handle) as where, courier_to(f"http://{where}") as courier:
        outcome = await carry(courier, 1)
    assert isinstance(outcome.error, Uncertain)
    assert outcome.left == [True]


async def test_a_note_that_cannot_be_made_keeps_the_bytes_back(rig: TelegramRig) -> None:
    def full() -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(NotSent):
        await rig.courier.carry(SendMessage(chat_id=rig.alice.id, text="да"), leaving=full)
    assert rig.world.sent(rig.alice.id) == []


async def test_no_error_holds_the_token(rig: TelegramRig) -> None:
    async with courier_to("http://127.0.0.1:1") as courier:
        refused = await carry(courier, 1)
    rig.world.fault("drop_after", times=1)
    dropped = await carry(rig.courier, rig.alice.id)
    for outcome in (refused, dropped):
        assert TOKEN.partition(":")[2] not in f"{outcome.error!r} {outcome.error}"


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, '{"ok":true,"result":{"message_id":42}}', 42),
        (200, '{"ok":true,"result":true}', None),
        (200, '{"ok":true,"result":{"message_id":"42"}}', None),
        (200, '{"ok":true,"result":{"message_id":9223372036854775808}}', None),
        (200, '{"ok":true,"result":{"message_id":9223372036854775808,"date', None),
        (200, '{"ok":true,"result":{"message_id":42,"date', 42),
        (200, '{"ok":true,"result":{"message_id":4', None),
        (200, '{"ok":true,"res', None),
    ],
)
def test_a_number_is_read_only_when_it_is_whole(
    status: int, body: str, expected: int | None
) -> None:
    assert interpret(RawAnswer(status, body)) == expected


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, "", Uncertain),
        (200, "[]", Uncertain),
        (200, "<html>", Uncertain),
        (502, "<html>", Uncertain),
        (413, "<html>", NotSent),
        (429, "slow down", NotSent),
        (500, '{"ok":false,"error_code":500,"description":"restart"}', Uncertain),
        (401, '{"ok":false,"error_code":401,"description":"Unauthorized"}', NotSent),
        (403, '{"ok":false,"error_code":403,"description":"Forbidden: x"}', Refused),
        (400, '{"ok":false,"description":null,"parameters":null}', Refused),
        # A gateway's own words, in Telegram's format but not Telegram's.
        (403, '{"message":"Forbidden"}', NotSent),
        (404, '{"message":"no Route matched"}', NotSent),
        (200, '{"error":"upstream request timeout"}', Uncertain),
        (504, '{"ok":null}', Uncertain),
    ],
)
def test_an_answer_without_ok_is_classified_by_its_status(
    status: int, body: str, kind: type[SendError]
) -> None:
    with pytest.raises(SendError) as raised:
        interpret(RawAnswer(status, body))
    assert type(raised.value) is kind


@pytest.mark.parametrize(
    "parameters",
    ["{}", "[1]", '"x"', '{"retry_after":"5"}', '{"retry_after":-5}', '{"retry_after":1e400}'],
)
def test_a_flood_limit_of_a_strange_shape_waits_a_default(parameters: str) -> None:
    with pytest.raises(NotSent) as raised:
        interpret(RawAnswer(429, f'{{"ok":false,"error_code":"429","parameters":{parameters}}}'))
    assert raised.value.retry_after == DEFAULT_FLOOD_PAUSE_SEC


@pytest.mark.parametrize("parameters", ["[1]", '"x"', '{"migrate_to_chat_id":"-100"}'])
def test_a_refusal_of_a_strange_shape_leads_nowhere(parameters: str) -> None:
    with pytest.raises(Refused) as raised:
        interpret(RawAnswer(400, f'{{"ok":false,"error_code":400,"parameters":{parameters}}}'))
    assert raised.value.migrated_to is None
