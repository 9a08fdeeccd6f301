"""Polling: what Telegram sends is stored before it is confirmed, and trouble ends it only late."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import URL, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot import polling
from bot.polling import Poller, PollingFailed, PollPolicy, TokenRevoked
from bot.telegram import RawAnswer, RawUpdate, TelegramSession
from core.database.models import InboxUpdate
from core.database.session import Sessions, create_sessions
from core.ports import SystemClock
from core.secrets import Keyring
from sandbox.telegram.events import PATIENCE_SEC
from sandbox.telegram.faults import Kind
from tests.support.databases import opened
from tests.support.lost_answers import lost_commit_answer
from tests.support.telegram import TelegramRig, telegram_rig


@dataclass
class PollRig:
    telegram: TelegramRig
    sessions: Sessions
    session: TelegramSession
    retries: int = 5
    taken: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chat = self.telegram.alice.private(self.telegram.me)
        self.poller = self.new_process()

    def new_process(self, poll_sec: int = 1) -> Poller:
        return Poller(
            self.telegram.bot,
            self.session,
            self.sessions,
            SystemClock(),
            PollPolicy(self.retries, backoff_max_sec=0.05, poll_sec=poll_sec),
            ["message"],
        )

    def take(self, update_id: int, _raw: RawUpdate) -> None:
        self.taken.append(update_id)

    async def run(self) -> None:
        await self.poller.run(self.take, _always_room)

    async def until_taken(self, count: int, timeout: float = PATIENCE_SEC) -> None:
        """Poll until so many updates were handed over."""
        running = asyncio.create_task(self.run())
        try:
            async with asyncio.timeout(timeout):
                while len(self.taken) < count and not running.done():
                    await asyncio.sleep(0.01)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def stored(self) -> list[int]:
        async with self.sessions() as session:
            return list(await session.scalars(select(InboxUpdate.update_id)))

    @property
    def polls(self) -> int:
        return len(self.telegram.world.history.of("getUpdates"))


async def _always_room() -> None:
    pass


@pytest.fixture
async def engine(sqlite_url: URL, keyring: Keyring) -> AsyncIterator[AsyncEngine]:
    async with opened(sqlite_url, keyring) as made:
        yield made


@pytest.fixture
async def rig(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[PollRig]:
    """Alice's /start is already waiting. Pauses are short and a poll lasts a second."""
    monkeypatch.setattr(polling, "FIRST_PAUSE_SEC", 0.01)
    monkeypatch.setattr(polling, "CONFLICT_PAUSE_SEC", 0.01)
    monkeypatch.setattr(polling, "NETWORK_MARGIN_SEC", 0.5)
    async with telegram_rig() as telegram:
        # The default timeout of the hasty session would cut the long poll short.
        session = TelegramSession(telegram.session.api.base.removesuffix("/bot{token}/{method}"))
        try:
            yield PollRig(telegram, create_sessions(engine), session)
        finally:
            await session.close()


async def test_updates_are_stored_before_they_are_confirmed(rig: PollRig) -> None:
    queue = rig.telegram.me.updates
    await rig.until_taken(1)
    assert await rig.stored() == rig.taken
    await rig.poller.confirm()
    assert queue.pending == []


async def test_what_a_dead_process_stored_is_not_given_out_again(rig: PollRig) -> None:
    await rig.until_taken(1)
    rig.poller = rig.new_process()
    rig.chat.send("ещё")
    await rig.until_taken(2)
    assert len(rig.taken) == len(set(rig.taken)) == 2


async def test_many_updates_come_in_batches_and_in_order(rig: PollRig) -> None:
    for number in range(249):
        rig.chat.send(str(number))
    await rig.until_taken(250)
    assert rig.taken == sorted(set(rig.taken))
    assert len(rig.taken) == 250


TROUBLES: list[Kind] = [
    "conflict", "flood_text", "http_500", "http_502", "drop_before", "half_answer",
    "truncated_json", "unknown_schema", "hang_after",
]  # fmt: skip


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_it_gets_over_trouble(rig: PollRig, trouble: Kind) -> None:
    rig.telegram.world.fault(trouble, method="getUpdates", times=2)
    await rig.until_taken(1)
    assert len(rig.taken) == 1
    assert rig.polls >= 3


async def test_a_flood_limit_is_waited_out(rig: PollRig) -> None:
    rig.telegram.world.fault("flood", method="getUpdates", times=1, retry_after=1)
    began = time.monotonic()
    await rig.until_taken(1)
    assert len(rig.taken) == 1
    assert time.monotonic() - began >= 1.0


async def test_a_leftover_webhook_is_a_conflict_that_can_end(rig: PollRig) -> None:
    queue = rig.telegram.me.updates
    queue.webhook_url = "https://elsewhere.example/hook"
    running = asyncio.create_task(rig.run())
    while rig.polls < 2:
        await asyncio.sleep(0.005)
    queue.webhook_url = ""
    async with asyncio.timeout(PATIENCE_SEC):
        while not rig.taken:
            await asyncio.sleep(0.005)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_second_poller_does_not_make_it_lose_anything(rig: PollRig) -> None:
    other = rig.new_process()
    seen: list[int] = []
    tasks = [
        asyncio.create_task(rig.run()),
        asyncio.create_task(other.run(lambda update_id, _: seen.append(update_id), _always_room)),
    ]
    for number in range(20):
        rig.chat.send(str(number))
        await asyncio.sleep(0.02)
    async with asyncio.timeout(PATIENCE_SEC):
        while len(rig.taken) + len(seen) < 21:
            await asyncio.sleep(0.01)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert sorted(rig.taken + seen) == sorted(await rig.stored())


async def test_it_gives_up_after_as_many_failures_as_the_settings_say(rig: PollRig) -> None:
    rig.telegram.world.fault("http_502", method="getUpdates")
    with pytest.raises(PollingFailed, match="failed 6 times"):
        await rig.run()
    assert rig.polls == 6


async def test_a_success_forgives_the_failures_before_it(rig: PollRig) -> None:
    for _ in range(3):
        rig.telegram.world.fault("http_502", method="getUpdates", times=rig.retries)
        rig.chat.send("привет")
        await rig.until_taken(len(rig.taken) + 1)
    assert len(rig.taken) >= 3


async def test_a_revoked_token_ends_it_at_once(rig: PollRig) -> None:
    rig.telegram.world.fault("unauthorized", method="getUpdates", times=1)
    with pytest.raises(TokenRevoked):
        await rig.run()
    assert rig.polls == 1


async def test_ids_that_start_anew_far_below_are_taken(rig: PollRig) -> None:
    await rig.until_taken(1)
    high = rig.taken[0]
    rig.telegram.world.inject_update({"update_id": 7, "message": {}})
    await rig.until_taken(2)
    rig.chat.send("дальше")
    await rig.until_taken(3)
    assert rig.taken == [high, 7, 8]


async def test_an_update_of_an_unknown_kind_is_taken(rig: PollRig) -> None:
    rig.telegram.world.inject_update({"update_id": 100_000_500, "nobody": "knows this"})
    await rig.until_taken(2)
    assert rig.taken[-1] == 100_000_500


async def test_what_has_no_id_is_passed_over(rig: PollRig) -> None:
    result = [{"message": {}}, {"update_id": 7, "message": {}}]
    rig.session = Canned({"ok": True, "result": result})
    rig.poller = rig.new_process()
    await rig.until_taken(1)
    assert rig.taken == [7]


class Canned(TelegramSession):
    """A Telegram that answers every call alike, and at once."""

    def __init__(self, answer: dict[str, Any]) -> None:
        super().__init__("http://nowhere")
        self.calls = 0
        self._answer = RawAnswer(200, json.dumps(answer))

    async def post(self, *_: Any, **__: Any) -> RawAnswer:
        self.calls += 1
        return self._answer


@pytest.mark.parametrize(
    "answer",
    [
        {"ok": True, "result": [{"message": {}}]},
        {"ok": True, "result": [{"update_id": "7", "message": {}}]},
        {"ok": True, "result": [{"update_id": 2**63, "message": {}}]},
        {"ok": True, "result": ["7"]},
        {"ok": False, "error_code": 429, "parameters": [1]},
        {"ok": False, "error_code": 429, "parameters": {"retry_after": "5"}},
        {"ok": False, "error_code": 429, "parameters": {"retry_after": [5]}},
        {"ok": False, "error_code": 429, "parameters": {"retry_after": -5}},
        {"ok": False, "error_code": 429, "parameters": {"retry_after": float("inf")}},
    ],
)
async def test_a_strange_answer_is_a_failure_like_others(
    rig: PollRig, answer: dict[str, Any]
) -> None:
    canned = rig.session = Canned(answer)
    rig.poller = rig.new_process()
    with pytest.raises(PollingFailed, match="failed 6 times"):
        await rig.run()
    assert canned.calls == 6


async def test_updates_whose_commit_was_not_answered_are_given_out_once(
    rig: PollRig, engine: AsyncEngine
) -> None:
    with lost_commit_answer(engine):
        await rig.until_taken(1)
    rig.chat.send("ещё")
    await rig.until_taken(2)
    assert rig.taken == await rig.stored()


async def test_nothing_is_fetched_while_there_is_no_room(rig: PollRig) -> None:
    async def full() -> None:
        await asyncio.Event().wait()

    running = asyncio.create_task(rig.poller.run(rig.take, full))
    await asyncio.sleep(0.05)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert rig.polls == 0


async def test_a_server_that_does_not_hold_the_line_is_not_asked_in_a_circle(
    rig: PollRig,
) -> None:
    rig.poller = rig.new_process(poll_sec=0)
    await rig.until_taken(1)
    before = rig.polls
    with pytest.raises(TimeoutError):
        await rig.until_taken(2, timeout=1.0)
    assert rig.polls - before < 10
