"""Polling that loses nothing: raw answer -> inbox rows -> only then the offset moves.

aiogram's own polling confirms updates before they are handled, so a stop loses those in flight,
and one update it cannot parse stops the bot for a day. Here Telegram is told to forget an
update by the *next* getUpdates, after the rows are committed; a repeated one is known by its id.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from aiogram import Bot
from aiogram.methods import GetUpdates

from bot.telegram import NoAnswer, RawUpdate, TelegramSession, seconds_to_wait
from core.database.health import is_unreachable
from core.database.repositories import inbox
from core.database.session import Sessions
from core.logs import get_logger
from core.ports import Clock

log = get_logger(__name__)

POLL_SEC = 25
BATCH = 100
NETWORK_MARGIN_SEC = 10.0
FIRST_PAUSE_SEC = 1.0
CONFLICT_PAUSE_SEC = 5.0
"""Telegram reports a second poller at most every 3 s; asking faster only feeds the fight."""

EMPTY_POLL_SEC = 0.3
"""A server that answers a long poll at once, with nothing, is asked again only after this."""

Sink = Callable[[int, RawUpdate], None]


class PollingFailed(Exception):
    """getUpdates failed too often in a row."""


class TokenRevoked(PollingFailed):
    """Telegram does not know the token any more."""


@dataclass(frozen=True, slots=True)
class PollPolicy:
    retries: int
    backoff_max_sec: float
    poll_sec: int = POLL_SEC

    def pause(self, failures: int) -> float:
        return float(min(FIRST_PAUSE_SEC * 2 ** (failures - 1), self.backoff_max_sec))


class _FetchFailed(Exception):
    def __init__(self, reason: str, *, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Poller:
    def __init__(
        self,
        bot: Bot,
        session: TelegramSession,
        sessions: Sessions,
        clock: Clock,
        policy: PollPolicy,
        allowed_updates: Sequence[str],
    ) -> None:
        self._bot = bot
        self._session = session
        self._sessions = sessions
        self._clock = clock
        self._policy = policy
        self._allowed = list(allowed_updates)
        self._offset: int | None = None
        self._stored: set[int] = set()

    async def run(self, sink: Sink, room: Callable[[], Any]) -> None:
        """Fetch for ever, handing every new update to `sink`; raises PollingFailed at the end.

        `room` is awaited before each fetch: what cannot be handled yet stays with Telegram.
        """
        failures = 0
        while True:
            await room()
            asked_at = time.monotonic()
            try:
                updates = await self._fetch(self._policy.poll_sec)
                await self._take(updates, sink)
            except TokenRevoked:
                raise
            except Exception as error:
                if not isinstance(error, _FetchFailed) and not is_unreachable(error):
                    raise
                failures += 1
                if failures > self._policy.retries:
                    raise PollingFailed(f"getUpdates failed {failures} times: {error}") from error
                told = error.retry_after if isinstance(error, _FetchFailed) else None
                pause = told or self._policy.pause(failures)
                log.warning("polling_failed", why=str(error), failures=failures, pause=pause)
                await asyncio.sleep(pause)
            else:
                failures = 0
                if not updates:
                    await asyncio.sleep(EMPTY_POLL_SEC - (time.monotonic() - asked_at))

    async def confirm(self) -> None:
        """Tell Telegram what is safely in the inbox, without waiting for more."""
        if self._offset is None:
            return
        try:
            await self._fetch(0, limit=1, timeout_sec=2.0)
        except (_FetchFailed, TokenRevoked) as error:
            # Unconfirmed ones come again at the next start and are known by their ids.
            log.info("final_confirm_failed", why=str(error))

    async def _take(self, updates: list[RawUpdate], sink: Sink) -> None:
        if not updates:
            return
        rows = [(update["update_id"], json.dumps(update)) for update in updates]
        async with self._sessions.begin() as session:
            # Added to, not replaced: when a commit's answer got lost with the connection, the
            # same updates come again, may be known already, and were given to nobody yet.
            self._stored |= await inbox.keep(session, rows, self._clock.now())
        self._offset = max(update_id for update_id, _ in rows) + 1
        for update in updates:
            if update["update_id"] in self._stored:
                sink(update["update_id"], update)
        self._stored.clear()

    async def _fetch(
        self, poll_sec: int, *, limit: int = BATCH, timeout_sec: float | None = None
    ) -> list[RawUpdate]:
        method = GetUpdates(
            offset=self._offset, limit=limit, timeout=poll_sec, allowed_updates=self._allowed
        )
        try:
            answer = await self._session.post(
                self._bot, method, timeout_sec=timeout_sec or poll_sec + NETWORK_MARGIN_SEC
            )
        except NoAnswer as error:
            raise _FetchFailed(str(error)) from error
        try:
            data = json.loads(answer.body)
            if not data["ok"]:
                raise _refusal(data)
            received = data["result"]
            updates = [update for update in received if _has_id(update)]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise _FetchFailed(f"unreadable answer, status {answer.status}") from error
        if received and not updates:
            # They cannot be confirmed either: the same would come again at once.
            raise _FetchFailed("updates without an id")
        return updates


def _has_id(update: RawUpdate) -> bool:
    """Whether an update has a number, and one that the inbox can hold."""
    update_id = update.get("update_id")
    return isinstance(update_id, int) and 0 <= update_id < 2**63


def _refusal(data: dict[str, Any]) -> Exception:
    status, description = data.get("error_code"), str(data.get("description"))
    if status == HTTPStatus.UNAUTHORIZED:
        return TokenRevoked("Telegram does not know this token any more")
    if status == HTTPStatus.CONFLICT:
        return _FetchFailed(f"409 {description}", retry_after=CONFLICT_PAUSE_SEC)
    return _FetchFailed(f"{status} {description}", retry_after=seconds_to_wait(data))
