"""When the next message may leave: Telegram's limits, kept before Telegram has to say so.

About 30 messages a second over all chats, one a second in a chat, 20 a minute in a group or a
channel. Answers to people go before reports. What Telegram says all the same (429) closes the
chat for as long as it asks; two chats within a second close everything.

All times are those of the running event loop.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import chain
from math import inf
from typing import Any

from aiogram import Bot
from aiogram.methods import (
    EditMessageMedia,
    EditMessageText,
    SendDocument,
    SendMessage,
    SendPhoto,
    TelegramMethod,
)

from bot.delivery import Courier, NotSent
from bot.telegram import TelegramSession

FREE_PER_SECOND = 30
"""More than this are paid broadcasts."""
SECOND = 1.0125
"""Ours is longer than Telegram's: what left evenly must not arrive as 31 in a second."""
CATCH_UP_SEC = 0.1
"""A busy event loop makes up for so much of what it missed; the rest is lost."""
LONGEST_DELAY_SEC = 0.05
"""How much later than others a message is believed to have arrived when its answer came later.
More is rather Telegram's own slowness, which must not slow us down too."""
GROUP_LIMIT = 20
GROUP_WINDOW_SEC = 60 * SECOND
PEOPLE_IN_GROUP = 15
"""Of a group's minute; the rest is kept for reports, whatever people ask there."""
PEOPLE_BURST = 20
"""Answers that may come faster than one a second: a person leafing through menus sets the pace,
and Telegram bears it for a while."""
ALARM_SEC = 1.0
"""Two chats that were told to wait within this time: it was not about the chats."""
FEW_CHATS = 256
APPEARING = (SendMessage, SendPhoto, SendDocument, EditMessageText, EditMessageMedia)
"""What Telegram counts."""


@dataclass(slots=True)
class Turn:
    """Leave to send one message into this chat. Its sender says what becomes of it."""

    chat_id: int
    left_at: float
    """When its bytes left; until they do, when they were allowed to."""
    has_left: bool = False
    answered_at: float | None = None

    def leaves(self) -> None:
        self.left_at, self.has_left = asyncio.get_running_loop().time(), True

    def ends(self) -> None:
        """An answer came, or nobody waits for one any more."""
        if self.has_left:
            self.answered_at = asyncio.get_running_loop().time()


@dataclass(slots=True)
class _Chat:
    """What was sent to one chat of late."""

    last: Turn | None = None
    balanced_at: float = 0.0
    """When one a second would have been kept on average."""
    closed_until: float = 0.0
    minute: deque[float] = field(default_factory=lambda: deque(maxlen=GROUP_LIMIT))
    """The last sends to a group or channel."""
    asked: deque[float] = field(default_factory=lambda: deque(maxlen=PEOPLE_IN_GROUP))
    """Those of them that people asked for."""

    def opens_at(self, urgent: bool) -> float:
        if urgent:
            pace = self.balanced_at - PEOPLE_BURST * SECOND
            if len(self.asked) == PEOPLE_IN_GROUP:
                pace = max(pace, self.asked[0] + GROUP_WINDOW_SEC)
        else:
            pace = self.last.left_at + SECOND if self.last else 0.0
        is_full = len(self.minute) == GROUP_LIMIT
        window = self.minute[0] + GROUP_WINDOW_SEC if is_full else 0.0
        return max(pace, window, self.closed_until)

    def note(self, turn: Turn, *, urgent: bool) -> None:
        self.last = turn
        self.balanced_at = max(self.balanced_at, turn.left_at) + SECOND
        if turn.chat_id < 0:
            self.minute.append(turn.left_at)
            if urgent:
                self.asked.append(turn.left_at)

    def is_idle(self, now: float) -> bool:
        """Whether forgetting it would change nothing."""
        window = self.minute[-1] + GROUP_WINDOW_SEC if self.minute else 0.0
        return max(self.balanced_at, self.closed_until, window) <= now


@dataclass(slots=True, eq=False)
class _Waiter:
    chat_id: int
    urgent: bool
    turn: asyncio.Future[Turn]


class Throttle:
    """Gives every send its turn. One per bot token, or the limits are not kept."""

    def __init__(self, per_second: int) -> None:
        self.per_second = per_second
        self._interval = SECOND / per_second
        self._paced_at = 0.0
        self._second: deque[Turn] = deque(maxlen=per_second)
        self._shortest_way = inf
        self._closed_until = 0.0
        self._chats: dict[int, _Chat] = {}
        self._many_chats = FEW_CHATS
        self._floods: list[tuple[float, int, float]] = []
        # Ordered sets: who came first goes first, and who leaves is gone at once.
        self._people: dict[_Waiter, None] = {}
        self._reports: dict[_Waiter, None] = {}
        self._alarm: asyncio.TimerHandle | None = None

    @property
    def remembered(self) -> int:
        """How many chats it knows anything about."""
        return len(self._chats)

    async def turn(self, chat_id: int, *, urgent: bool = False) -> Turn:
        """Wait until a message may leave for this chat, now. `urgent`: a person waits for it."""
        loop = asyncio.get_running_loop()
        waiter = _Waiter(chat_id, urgent, loop.create_future())
        queue = self._people if urgent else self._reports
        if not (self._people or self._reports):
            # Only who waited while the loop was busy has anything to make up for.
            self._paced_at = max(self._paced_at, loop.time())
        queue[waiter] = None
        self._serve(loop)
        try:
            return await waiter.turn
        finally:
            queue.pop(waiter, None)

    def recall(self, chat_id: int, ago_sec: float) -> None:
        """A message that left for this chat in the life before this one; the oldest goes first."""
        left_at = asyncio.get_running_loop().time() - max(ago_sec, 0.0)
        self._note(Turn(chat_id, left_at), urgent=False)

    def opens_in(self, chat_id: int, *, urgent: bool = False) -> float:
        """Seconds until a message may leave for this chat, as far as the chat is concerned."""
        now = asyncio.get_running_loop().time()
        return max(self._opens_at(chat_id, urgent), self._closed_until) - now

    def closed_for(self) -> float:
        """Seconds for which Telegram wants nothing at all; not above 0 in good times."""
        return self._closed_until - asyncio.get_running_loop().time()

    def flooded(self, chat_id: int, retry_after: float) -> None:
        """Telegram said 429 to a send into this chat."""
        loop = asyncio.get_running_loop()
        now, until = loop.time(), loop.time() + retry_after
        chat = self._chats.setdefault(chat_id, _Chat())
        chat.closed_until = max(chat.closed_until, until)
        others = [f for f in self._floods if f[0] > now - ALARM_SEC and f[1] != chat_id]
        self._floods = [*others, (now, chat_id, until)]
        if others:
            # What is common to the chats lasts as long as the shortest of their pauses.
            common = min(until for _, _, until in self._floods)
            self._closed_until = max(self._closed_until, common)
        self._serve(loop)

    def _serve(self, loop: asyncio.AbstractEventLoop) -> None:
        """Give out the turns that are due, and come back when the next one is."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        now = loop.time()
        while (waiter := self._first_in_turn(now)) is not None:
            self._let_go(waiter, now)
        if self._people or self._reports:
            self._alarm = loop.call_at(self._next_turn_at(), self._serve, loop)

    def _opens_for_anybody_at(self) -> float:
        is_full = len(self._second) == self.per_second
        window = self._arrival(self._second[0]) + SECOND if is_full else 0.0
        return max(window, self._paced_at, self._closed_until)

    def _arrival(self, turn: Turn) -> float:
        """When it came to Telegram, but for the shortest way there; never too early."""
        if turn.answered_at is None:
            return turn.left_at
        delay = turn.answered_at - turn.left_at - self._shortest_way
        return turn.left_at + min(max(delay, 0.0), LONGEST_DELAY_SEC)

    def _next_turn_at(self) -> float:
        anybody = self._opens_for_anybody_at()
        earliest = inf
        for waiter in chain(self._people, self._reports):
            earliest = min(earliest, self._opens_at(waiter.chat_id, waiter.urgent))
            if earliest <= anybody:
                return anybody
        return earliest

    def _first_in_turn(self, now: float) -> _Waiter | None:
        if self._opens_for_anybody_at() > now:
            return None
        waiting = chain(self._people, self._reports)
        return next((w for w in waiting if self._opens_at(w.chat_id, w.urgent) <= now), None)

    def _let_go(self, waiter: _Waiter, now: float) -> None:
        (self._people if waiter.urgent else self._reports).pop(waiter)
        if waiter.turn.done():  # cancelled, and not yet come round to leave the queue
            return
        turn = Turn(waiter.chat_id, now)
        waiter.turn.set_result(turn)
        if len(self._second) == self.per_second:
            self._learn_from(self._second[0])
        self._paced_at = max(self._paced_at, now - CATCH_UP_SEC) + self._interval
        self._note(turn, urgent=waiter.urgent)
        if len(self._chats) > self._many_chats:
            self._forget_idle(now)

    def _note(self, turn: Turn, *, urgent: bool) -> None:
        self._second.append(turn)
        self._chats.setdefault(turn.chat_id, _Chat()).note(turn, urgent=urgent)

    def _learn_from(self, turn: Turn) -> None:
        if turn.answered_at is not None:
            # It may become longer in time, by a hundredth with each answer.
            took = turn.answered_at - turn.left_at
            self._shortest_way = min(took, 1.01 * self._shortest_way)

    def _opens_at(self, chat_id: int, urgent: bool) -> float:
        chat = self._chats.get(chat_id)
        return chat.opens_at(urgent) if chat is not None else 0.0

    def _forget_idle(self, now: float) -> None:
        self._chats = {key: chat for key, chat in self._chats.items() if not chat.is_idle(now)}
        # Twice as many before the next look: each chat is looked at a few times in all.
        self._many_chats = max(FEW_CHATS, 2 * len(self._chats))


class UrgentCourier(Courier):
    """Carries answers to people: each waits for its turn, before any report's."""

    def __init__(self, bot: Bot, session: TelegramSession, throttle: Throttle) -> None:
        super().__init__(bot, session)
        self._throttle = throttle

    def opens_in(self, chat_id: int) -> float:
        return self._throttle.opens_in(chat_id, urgent=True)

    async def carry(
        self, method: TelegramMethod[Any], *, leaving: Callable[[], None] | None = None
    ) -> int | None:
        # Only what appears in a chat counts for Telegram; answering a press is free.
        if not isinstance(method, APPEARING):
            return await super().carry(method, leaving=leaving)
        chat_id = method.chat_id
        assert isinstance(chat_id, int)  # noqa: S101 - we never write to a @name
        turn = await self._throttle.turn(chat_id, urgent=True)

        def leaves() -> None:
            turn.leaves()
            if leaving is not None:
                leaving()

        try:
            return await super().carry(method, leaving=leaves)
        except NotSent as error:
            if error.retry_after is not None:
                self._throttle.flooded(chat_id, error.retry_after)
            raise
        finally:
            turn.ends()
