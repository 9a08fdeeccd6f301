"""The sender: drains the outbox into Telegram, each chat's reports in order, chats side by side.

A report is claimed, waits for its turn, is noted as `sending`, and only then leaves. What
Telegram makes of it is told apart by phase (`bot.delivery`): what certainly did not arrive is
tried again, what may have arrived is repeated with a mark, or held, never silently doubled.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus

from aiogram.enums import ParseMode
from aiogram.methods import GetMe, SendMessage
from aiogram.types import LinkPreviewOptions

from bot.aftermath import TOPIC_GONE, Aftermath, trouble_of
from bot.delivery import Courier, NotSent, Refused, SendError, Uncertain, mended
from bot.effects import Screen
from bot.screens import problems, reports
from bot.telegram import REQUEST_TIMEOUT_SEC
from bot.throttle import FREE_PER_SECOND, GROUP_WINDOW_SEC, Throttle, Turn
from core.database.health import is_unreachable
from core.database.models import Delivery
from core.database.repositories.outbox import TRIAL
from core.logs import get_logger
from core.outbox import SEND_LEASE, Outbox, State
from core.ports import Clock

log = get_logger(__name__)

FEWEST, MOST = 32, 128
"""How many reports are in hand at a time, between a slow bot and a paid one: about a second of
sending, so that little waits under a claim and a far-away Telegram still keeps all busy."""
PATIENCE_SEC = 3.0
"""A report that would have to wait longer for its turn is put back."""
FENCE_SEC = SEND_LEASE.total_seconds() - REQUEST_TIMEOUT_SEC - 10.0
"""A process that was suspended for longer than this sends nothing when it wakes up: another one
may have taken over, or will before Telegram answers."""
POLL_SEC = 1.0
LONGEST_BACKOFF_SEC = 30.0
LONGEST_REST_SEC = 10.0
TOKEN_REST_SEC = 60.0
FAILURES_OF_A_LINE_DOWN = 3
"""So many in a row are no accident: from then on it is asked whether it is back, and then tried
with one report at a time."""
LATE = timedelta(minutes=5)
"""A report that leaves later than this after its time says so."""
NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


class StaleClaim(Exception):
    """The report may be in other hands by now; it must not leave ours."""


class _Line:
    """Whether Telegram can be reached at all, and how long to leave it alone if not."""

    def __init__(self) -> None:
        self._failures = 0
        self._rests_until = 0.0
        self._is_token_refused = False

    @property
    def is_down(self) -> bool:
        return self._is_token_refused or self._failures >= FAILURES_OF_A_LINE_DOWN

    @property
    def rests_for(self) -> float:
        return self._rests_until - asyncio.get_running_loop().time()

    def worked(self) -> None:
        if self.is_down:
            log.info("telegram_is_back")
        self._failures, self._is_token_refused = 0, False

    def failed(self, why: str) -> None:
        if self.rests_for > 0:
            return  # it left before we knew
        self._failures += 1
        if self._failures == FAILURES_OF_A_LINE_DOWN:
            log.warning("telegram_is_away", why=why)
        if self.is_down:
            self._rest(_backoff(self._failures - FAILURES_OF_A_LINE_DOWN, LONGEST_REST_SEC))

    def token_refused(self) -> None:
        if not self._is_token_refused:
            log.error("token_refused", what="reports wait until BOT_TOKEN is accepted again")
        self._is_token_refused = True
        self._rest(TOKEN_REST_SEC)

    def _rest(self, seconds: float) -> None:
        self._rests_until = asyncio.get_running_loop().time() + seconds


class Sender:
    """Run `run` until cancelled, then `close`. One per bot token."""

    def __init__(
        self,
        outbox: Outbox,
        courier: Courier,
        throttle: Throttle,
        aftermath: Aftermath,
        clock: Clock,
    ) -> None:
        self._outbox = outbox
        self._courier = courier
        self._throttle = throttle
        self._aftermath = aftermath
        self._clock = clock
        self._line = _Line()
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
            self._blame_line(error)
            return False
        return True

    def _blame_line(self, error: SendError) -> None:
        if isinstance(error, NotSent) and error.status == HTTPStatus.UNAUTHORIZED:
            self._line.token_refused()
        else:
            self._line.failed(str(error))

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
            messages = await self._written(delivery)
            turn = await self._comes_to_its_turn(delivery) if messages else None
            self._waiting.discard(this)
            if turn:
                await self._send(delivery, messages, turn)
        except Exception:
            # The edge of a task that nobody awaits. Its lease runs out, and it is recovered.
            log.exception("delivery_broke", delivery_id=delivery.id)

    async def _comes_to_its_turn(self, delivery: Delivery) -> Turn | None:
        """Noted as `sending`, it may leave now. None: it was put back."""
        try:
            wait = self._throttle.opens_in(delivery.chat_id)
            if wait > PATIENCE_SEC:
                await self._put_back(delivery, wait, "its chat is busy")
                return None
            await asyncio.sleep(max(wait, 0))
            async with self._departing:
                if self._line.is_down and len(self._tasks) > 1:
                    await self._put_back(delivery, LONGEST_REST_SEC / 2, "Telegram is away")
                    return None
                if not await self._outbox.sending(delivery.id):
                    return None
                return await self._turn(delivery)
        except TimeoutError:
            await self._put_back(delivery, 0, "its turn did not come")
            return None
        except asyncio.CancelledError:
            await self._put_back(delivery, 0, "the worker stopped")
            raise

    async def _turn(self, delivery: Delivery) -> Turn:
        """Raises TimeoutError."""
        async with asyncio.timeout(PATIENCE_SEC):
            return await self._throttle.turn(delivery.chat_id)

    async def _send(self, delivery: Delivery, messages: Sequence[SendMessage], turn: Turn) -> None:
        try:
            message_id, is_past_topic = await self._carry_all(delivery, messages, turn)
        except TimeoutError:
            await self._put_back(delivery, 0, "its turn did not come")
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

    async def _written(self, delivery: Delivery) -> list[SendMessage]:
        """Most often one message; none if there is nothing in it that could be sent."""
        try:
            return self._messages(delivery)
        except ValueError as error:
            # Its text would quote the report.
            log.error("payload_unreadable", delivery_id=delivery.id, why=type(error).__name__)  # noqa: TRY400
            await self._fail(delivery, "its text cannot be read")
            return []

    def _messages(self, delivery: Delivery) -> list[SendMessage]:
        screens = [Screen.model_validate(delivery.payload)]
        if self._is_late(delivery):
            screens = reports.late(screens, datetime.fromisoformat(delivery.slot))
        if delivery.is_repeat:
            screens = problems.repeated(screens)
        return [self._message(delivery, screen) for screen in screens]

    def _message(self, delivery: Delivery, screen: Screen) -> SendMessage:
        return SendMessage(
            chat_id=delivery.chat_id,
            message_thread_id=delivery.thread_id or None,
            text=screen.text,
            parse_mode=ParseMode.MARKDOWN_V2,
            reply_markup=screen.keyboard,
            link_preview_options=NO_PREVIEW,
            disable_notification=delivery.is_silent or None,
            allow_paid_broadcast=self._throttle.per_second > FREE_PER_SECOND or None,
        )

    def _is_late(self, delivery: Delivery) -> bool:
        is_scheduled = delivery.part == 0 and not delivery.slot.startswith(TRIAL)
        return is_scheduled and self._clock.now() - delivery.due_at > LATE

    async def _carry_all(
        self, delivery: Delivery, messages: Sequence[SendMessage], turn: Turn
    ) -> tuple[int | None, bool]:
        """The message it became, and whether it had to go past its topic."""
        fence = self._fence()
        *ahead, message = messages
        for mark in ahead:
            await self._carry(delivery, mark, turn, fence)
            turn = await self._turn(delivery)
        return await self._carry(delivery, message, turn, fence)

    async def _carry(
        self, delivery: Delivery, method: SendMessage, turn: Turn, fence: Callable[[], None]
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
            turn = await self._turn(delivery)

    async def _carry_once(
        self, method: SendMessage, turn: Turn, fence: Callable[[], None]
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
            await self._put_back(delivery, error.retry_after, str(error))
            return
        self._blame_line(error)
        await self._put_back(delivery, _backoff(delivery.attempt, LONGEST_BACKOFF_SEC), str(error))

    async def _lost(self, delivery: Delivery, error: Uncertain) -> None:
        self._blame_line(error)
        state = await self._outbox.lost(delivery.id)
        log.warning("answer_lost", delivery_id=delivery.id, why=str(error), then=state)
        if state == State.HELD:
            await self._aftermath.held([delivery.id])

    async def _refused(self, delivery: Delivery, error: Refused) -> None:
        if error.migrated_to is not None:
            await self._aftermath.move(delivery.chat_id, error.migrated_to)
            await self._put_back(delivery, 0, "its group became a supergroup")
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

    async def _put_back(self, delivery: Delivery, wait_sec: float, reason: str) -> None:
        at = self._clock.now() + timedelta(seconds=wait_sec)
        await self._outbox.retry(delivery.id, at, reason)


def _backoff(failures: int, longest: float) -> float:
    return min(2.0 ** min(failures, 10), longest)
