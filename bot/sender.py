"""The sender: drains the outbox into Telegram, each chat's reports in order, chats side by side.

A report is claimed, waits for its turn, is noted as `sending`, and only then leaves.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

from aiogram.methods import GetMe

from bot.aftermath import Aftermath
from bot.attempts import PATIENCE_SEC, Attempts
from bot.delivery import Courier, SendError
from bot.line import LONGEST_REST_SEC, Line
from bot.scribe import Scribe
from bot.throttle import GROUP_WINDOW_SEC, Throttle, Turn
from core.database.health import is_unreachable
from core.database.models import Delivery
from core.logs import get_logger
from core.outbox import Outbox
from core.ports import Clock, Escalate

log = get_logger(__name__)

FEWEST, MOST = 32, 128
"""How many reports are in hand at a time, between a slow bot and a paid one: about a second of
sending, so that little waits under a claim and a far-away Telegram still keeps all busy."""
POLL_SEC = 1.0


class Sender:
    """Run `run` until cancelled, then `close`. One per bot token."""

    def __init__(
        self,
        outbox: Outbox,
        courier: Courier,
        scribe: Scribe,
        throttle: Throttle,
        aftermath: Aftermath,
        clock: Clock,
        escalate: Escalate,
    ) -> None:
        self._outbox = outbox
        self._courier = courier
        self._throttle = throttle
        self._clock = clock
        self._escalate = escalate
        self._line = Line()
        self._attempts = Attempts(outbox, courier, scribe, throttle, self._line, aftermath, clock)
        self._width = min(max(FEWEST, throttle.per_second), MOST)
        # `sending` is committed before the turn comes, so that a slow commit wastes no turn.
        # But what is noted so counts as lost after a crash, so there are only a few at a time.
        self._departing = asyncio.Semaphore(throttle.per_second // 8 + 1)
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting: set[asyncio.Task[None]] = set()
        self._news = asyncio.Event()
        self._database_away = False

    def wake(self) -> None:
        """There is something new in the outbox."""
        self._news.set()

    async def recall(self) -> None:
        """Before anything is sent: what the last life of the worker sent still counts."""
        now = self._clock.now()
        window = timedelta(seconds=GROUP_WINDOW_SEC)
        for chat_id, sent_at in await self._outbox.sent_since(now - window):
            self._throttle.recall(chat_id, (now - sent_at).total_seconds())

    async def run(self) -> None:
        while True:
            self._news.clear()
            if not await self._take_more():
                await self._listen()

    async def idle(self) -> None:
        """Wait until nothing is in hand."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def close(self, grace_sec: float) -> None:
        """Put back what has not left, and wait for the answers to what has."""
        for task in self._waiting:
            task.cancel()
        if self._tasks:
            _, late = await asyncio.wait(set(self._tasks), timeout=grace_sec)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _take_more(self) -> bool:
        """Claim as much as there is room for; False when there is nothing to do at once."""
        rest = max(self._line.rests_for, self._throttle.closed_for())
        if rest > 0:
            await asyncio.sleep(min(rest, POLL_SEC))
            return True
        if self._line.is_down and not await self._line_answers():
            return True
        room = (1 if self._line.is_down else self._width) - len(self._tasks)
        # Not for every single place: a claim is a transaction.
        if room <= 0 or (self._tasks and room < self._width // 4):
            return False
        claimed = await self._claim(room)
        for delivery in claimed:
            task = asyncio.create_task(self._handle(delivery), name=f"delivery-{delivery.id}")
            self._tasks.add(task)
            self._waiting.add(task)
            task.add_done_callback(self._put_down)
        return bool(claimed)

    def _put_down(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._waiting.discard(task)
        self._news.set()

    async def _claim(self, room: int) -> list[Delivery]:
        try:
            claimed = await self._outbox.claim_ready(room)
        except Exception as error:
            if not is_unreachable(error):
                raise
            if not self._database_away:
                log.warning("sender_waits_for_database", why=type(error).__name__)
            self._database_away = True
            return []
        self._database_away = False
        return claimed

    async def _line_answers(self) -> bool:
        """Ask something harmless first: a report that gets no answer is a report in doubt."""
        try:
            await self._courier.carry(GetMe())
        except SendError as error:
            self._line.failed(error)
            return False
        return True

    async def _listen(self) -> None:
        """Until there are news, or it is time to look for what has become due by itself."""
        try:
            async with asyncio.timeout(POLL_SEC):
                await self._news.wait()
        except TimeoutError:
            pass

    async def _handle(self, delivery: Delivery) -> None:
        this = asyncio.current_task()
        assert this is not None  # noqa: S101 - it runs as a task of its own
        try:
            # Written before it is noted as `sending`: what breaks here has certainly not left.
            messages = await self._attempts.written(delivery)
            turn = await self._comes_to_its_turn(delivery) if messages else None
            self._waiting.discard(this)
            if turn:
                await self._attempts.send(delivery, messages, turn)
        except Exception as error:
            # The edge of a task that nobody awaits. Its lease runs out, and it is recovered.
            log.exception("delivery_broke", delivery_id=delivery.id)
            self._escalate(error, delivery_id=delivery.id)

    async def _comes_to_its_turn(self, delivery: Delivery) -> Turn | None:
        """Noted as `sending`, it may leave now. None: it was put back."""
        try:
            wait = self._throttle.opens_in(delivery.chat_id)
            if wait > PATIENCE_SEC:
                await self._attempts.put_back(delivery, wait, "its chat is busy")
                return None
            await asyncio.sleep(max(wait, 0))
            async with self._departing:
                if self._line.is_down and len(self._tasks) > 1:
                    await self._attempts.put_back(
                        delivery, LONGEST_REST_SEC / 2, "Telegram is away"
                    )
                    return None
                if not await self._outbox.sending(delivery.id):
                    return None
                return await self._attempts.turn(delivery)
        except TimeoutError:
            await self._attempts.put_back(delivery, 0, "its turn did not come")
            return None
        except asyncio.CancelledError:
            await self._attempts.put_back(delivery, 0, "the worker stopped")
            raise
