"""One report on its way out: the messages it becomes, and what Telegram makes of them.

Told apart by phase (`bot.delivery`): what certainly did not arrive is tried again, what may have
arrived is repeated with a mark, or held, never silently doubled.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from aiogram.types import ReplyParameters

from bot.aftermath import TOPIC_GONE, Aftermath, trouble_of
from bot.delivery import Courier, NotSent, Refused, Sending, Uncertain, mended
from bot.effects import Screen
from bot.line import Line, backoff
from bot.screens import problems, reports
from bot.scribe import Scribe
from bot.telegram import REQUEST_TIMEOUT_SEC
from bot.throttle import FREE_PER_SECOND, Throttle, Turn
from core.database.health import outlasting
from core.database.models import Delivery
from core.database.repositories.delivery_states import SUPPLEMENT, TRIAL
from core.logs import get_logger
from core.outbox import SEND_LEASE, Outbox, State
from core.ports import Clock

log = get_logger(__name__)

PATIENCE_SEC = 3.0
"""A report that would have to wait longer for its turn is put back."""
FENCE_SEC = SEND_LEASE.total_seconds() - REQUEST_TIMEOUT_SEC - 10.0
"""A process that was suspended for longer than this sends nothing when it wakes up: another one
may have taken over, or will before Telegram answers."""
LONGEST_BACKOFF_SEC = 30.0
MARKS_KEPT = 1000
"""More than are put back at a time between their mark and their report."""
LATE = timedelta(minutes=5)
"""A report that leaves later than this after its time says so."""


class StaleClaim(Exception):
    """The report may be in other hands by now; it must not leave ours."""


class Attempts:
    def __init__(
        self,
        outbox: Outbox,
        courier: Courier,
        scribe: Scribe,
        throttle: Throttle,
        line: Line,
        aftermath: Aftermath,
        clock: Clock,
    ) -> None:
        self._outbox = outbox
        self._courier = courier
        self._scribe = scribe
        self._throttle = throttle
        self._line = line
        self._aftermath = aftermath
        self._clock = clock
        # Whose mark went ahead, and was it of a repeat: put back, a report has it only once.
        self._marks_said: deque[tuple[int, bool]] = deque(maxlen=MARKS_KEPT)

    async def written(self, delivery: Delivery) -> list[Sending]:
        """Most often one message; none if there is nothing in it that could be sent."""
        try:
            return await self._messages(delivery)
        except ValueError as error:
            # Its text would quote the report.
            log.error("payload_unreadable", delivery_id=delivery.id, why=type(error).__name__)  # noqa: TRY400
            await self._fail(delivery, "its text cannot be read")
            return []

    async def turn(self, delivery: Delivery) -> Turn:
        """Wait until it may leave. Raises TimeoutError."""
        async with asyncio.timeout(PATIENCE_SEC):
            return await self._throttle.turn(delivery.chat_id)

    async def send(self, delivery: Delivery, messages: Sequence[Sending], turn: Turn) -> None:
        try:
            message_id, is_past_topic = await self._carry_all(delivery, messages, turn)
        except TimeoutError:
            await self.put_back(delivery, 0, "its turn did not come")
        except NotSent as error:
            await self._not_sent(delivery, error)
        except Uncertain as error:
            await self._lost(delivery, error)
        except Refused as error:
            self._line.worked()
            await self._refused(delivery, error)
        else:
            self._line.worked()
            if is_past_topic:
                await self._aftermath.topic_gone(delivery)
            remark = TOPIC_GONE if is_past_topic else None
            await self._outbox.sent(delivery.id, message_id, remark)

    async def put_back(self, delivery: Delivery, wait_sec: float, reason: str) -> None:
        """It has certainly not arrived."""
        at = self._clock.now() + timedelta(seconds=wait_sec)
        await self._outbox.retry(delivery.id, at, reason)

    async def _carry_all(
        self, delivery: Delivery, messages: Sequence[Sending], turn: Turn
    ) -> tuple[int | None, bool]:
        """The message it became, and whether it had to go past its topic."""
        fence = self._fence()
        *ahead, message = messages
        said = (delivery.id, delivery.is_repeat)
        for mark in ahead if said not in self._marks_said else ():
            await self._carry(delivery, mark, turn, fence)
            self._marks_said.append(said)
            turn = await self.turn(delivery)
        return await self._carry(delivery, message, turn, fence)

    async def _carry(
        self, delivery: Delivery, method: Sending, turn: Turn, fence: Callable[[], None]
    ) -> tuple[int | None, bool]:
        """What Telegram refuses is tried once more in the one other way there is."""
        while True:
            try:
                message_id = await self._carry_once(method, turn, fence)
            except Refused as error:
                other = mended(method, error) if error.migrated_to is None else None
                if other is None:
                    raise
                log.warning("delivery_mended", delivery_id=delivery.id, why=error.description)
                method = other
            else:
                is_past_topic = bool(delivery.thread_id) and method.message_thread_id is None
                return message_id, is_past_topic
            turn = await self.turn(delivery)

    async def _carry_once(
        self, method: Sending, turn: Turn, fence: Callable[[], None]
    ) -> int | None:
        def leaving() -> None:
            fence()
            turn.leaves()

        try:
            return await self._courier.carry(method, leaving=leaving)
        finally:
            turn.ends()

    def _fence(self) -> Callable[[], None]:
        """A check just before the bytes leave, by both clocks: neither alone sees every sleep."""
        loop = asyncio.get_running_loop()
        until, instant = loop.time() + FENCE_SEC, self._clock.now() + timedelta(seconds=FENCE_SEC)

        def check() -> None:
            if loop.time() > until or self._clock.now() > instant:
                raise StaleClaim

        return check

    async def _not_sent(self, delivery: Delivery, error: NotSent) -> None:
        if error.retry_after is not None:
            self._throttle.flooded(delivery.chat_id, error.retry_after)
            await self.put_back(delivery, error.retry_after, str(error))
            return
        self._line.failed(error)
        await self.put_back(delivery, backoff(delivery.attempt, LONGEST_BACKOFF_SEC), str(error))

    async def _lost(self, delivery: Delivery, error: Uncertain) -> None:
        self._line.failed(error)
        state = await self._outbox.lost(delivery.id)
        log.warning("answer_lost", delivery_id=delivery.id, why=str(error), then=state)
        if state == State.HELD:
            await self._aftermath.held()

    async def _refused(self, delivery: Delivery, error: Refused) -> None:
        if error.migrated_to is not None:
            await self._aftermath.move(delivery.chat_id, error.migrated_to)
            await self.put_back(delivery, 0, "its group became a supergroup")
            return
        trouble = trouble_of(error)
        if trouble is None:
            log.error("delivery_refused", delivery_id=delivery.id, why=str(error))
            await self._fail(delivery, str(error))
            return
        await self._aftermath.suspend(delivery.chat_id, trouble)
        await self._outbox.fail(delivery.id, trouble.value)

    async def _fail(self, delivery: Delivery, reason: str) -> None:
        # Told first: a crash in between tells it twice, the other way round not at all.
        await self._aftermath.failed(delivery)
        await self._outbox.fail(delivery.id, reason)

    async def _messages(self, delivery: Delivery) -> list[Sending]:
        screens = [Screen.model_validate(delivery.payload)]
        adds_to = await self._adds_to(delivery)
        if self._is_late(delivery):
            screens = reports.late(screens, datetime.fromisoformat(delivery.slot))
        if delivery.is_repeat:
            screens = problems.repeated(screens)
        return [await self._message(delivery, screen, adds_to) for screen in screens]

    async def _adds_to(self, delivery: Delivery) -> ReplyParameters | None:
        """The message whose numbers a supplement takes the place of, for it to answer."""
        if delivery.part > 0 or not delivery.slot.startswith(SUPPLEMENT):
            return None
        message_id = await outlasting(lambda: self._outbox.cut_message(delivery))
        if message_id is None:
            return None
        return ReplyParameters(message_id=message_id, allow_sending_without_reply=True)

    async def _message(
        self, delivery: Delivery, screen: Screen, adds_to: ReplyParameters | None
    ) -> Sending:
        return await self._scribe.new(
            screen,
            delivery.chat_id,
            delivery.thread_id or None,
            disable_notification=delivery.is_silent or None,
            reply_parameters=adds_to,
            allow_paid_broadcast=self._throttle.per_second > FREE_PER_SECOND or None,
        )

    def _is_late(self, delivery: Delivery) -> bool:
        is_scheduled = delivery.part == 0 and not delivery.slot.startswith((TRIAL, SUPPLEMENT))
        return is_scheduled and self._clock.now() - delivery.due_at > LATE
