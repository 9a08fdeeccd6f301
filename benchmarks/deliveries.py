"""Scheduled reports in the storm of `benchmarks.chaos`, and the check of what became of them.

The checker works out by itself what is due, and joins it with the outbox and with what Telegram
accepted (the sandbox's history, append-only).
"""

from __future__ import annotations

import asyncio
import random
import time
from bisect import bisect
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from sqlalchemy import Select, func, select

from benchmarks.tally import Tally
from core.database.models import AvitoProfile, DailyStats, Delivery, ReportTask, User
from core.database.session import Sessions, reading
from core.outbox import State
from sandbox.telegram.errors import ApiError
from sandbox.telegram.faults import Fault, Kind
from sandbox.telegram.history import SENDING, CallRecord
from sandbox.telegram.limits import FloodLimits
from sandbox.telegram.people import Person
from tests.worker.process import Stand
from utils.periods import end_of, yesterday

ACCOUNTS = ("no_messenger", "debtor", "v2_zeros")
PROFILES, PLACES_EACH = 40, 12
APART = timedelta(minutes=2)
"""The profiles report one after the other, so a chat gets a report every few minutes."""
DAY = timedelta(days=1)
BETWEEN_ROUNDS = timedelta(minutes=10)
SHORTLY = timedelta(minutes=5)
WHILE_DOWN = (timedelta(0), timedelta(seconds=30))
"""Short enough for a press that waits for the worker: Telegram gives up on it in time."""
ALLOWANCE = 1.1
"""How much faster a busy machine may receive what was sent evenly."""
HURRY = timedelta(seconds=1)
SETTLE_SEC = 60.0
MARK = "🔁"
TROUBLES: tuple[Kind, ...] = (
    "latency_before",
    "latency_after",
    "drop_before",
    "drop_after",
    "half_answer",
    "truncated_json",
    "unknown_schema",
    "http_502",
    "http_504",
    "flood",
)


@dataclass(frozen=True, slots=True)
class Place:
    chat_id: int
    thread_id: int
    type: str


class Reports:
    """Some hundreds of destinations on a stand whose clock can be moved."""

    def __init__(self, stand: Stand, sessions: Sessions, tally: Tally, seed: int) -> None:
        self._tally = tally
        self._stand = stand
        self._clock = stand.telegram.clock
        self._sessions = sessions
        self._random = random.Random(seed)
        self._first_due = self._clock.now().replace(second=0, microsecond=0) + BETWEEN_ROUNDS
        self._days = 1
        self._checked = self._until = self._clock.now()
        self._places: list[Place] = []
        self._tasks: list[list[int]] = []
        self._newest: dict[int, float] = {}
        self._accepted: defaultdict[int, list[CallRecord]] = defaultdict(list)
        self._hanging: list[Fault] = []
        self._lives: list[float] = []
        """When the worker was started anew."""
        self._known: set[int] = set()
        self._checked_rows: list[tuple[Delivery, list[CallRecord]]] = []

    async def furnish(self) -> None:
        """Before the worker starts: chats it is in already, and the rows that name them."""
        world, me = self._stand.telegram, self._stand.me
        # Nobody has the same account twice.
        owners = [world.user("Владелец") for _ in range(0, PROFILES, len(ACCOUNTS))]
        for owner in owners:
            owner.private(me).start()
        self._places = list(self._open_places(*owners))
        me.updates.drop_pending()
        async with self._sessions.begin() as session:
            now = self._clock.now()
            session.add_all(User(telegram_id=owner.id, created_at=now) for owner in owners)
            await session.flush()
            for number in range(PROFILES):
                profile = self._profile(number, owners[number // len(ACCOUNTS)].id)
                session.add(profile)
                await session.flush()
                tasks = [
                    self._task(profile, place)
                    for place in self._random.sample(self._places, PLACES_EACH)
                ]
                session.add_all(tasks)
                await session.flush()
                self._tasks.append([task.id for task in tasks])

    def _open_places(self, owner: Person, *others: Person) -> Iterator[Place]:
        """Every owner has a say in every chat: the nightly roll call asks about each of them."""
        world, me = self._stand.telegram, self._stand.me
        for number in range(16):
            reader = world.user(f"Читатель {number}").private(me)
            reader.start()
            yield Place(reader.id, 0, "private")
        for kind in (world.group, world.supergroup, world.channel):
            for number in range(12):
                chat = kind(f"Отчёты {number}", owner, me)
                for other in others:
                    other.join(chat, as_admin=True)
                yield Place(chat.id, 0, chat.type)
        for number in range(4):
            forum = world.supergroup(f"Форум {number}", owner, me, is_forum=True)
            for other in others:
                other.join(forum, as_admin=True)
            for name in ("Реклама", "Итоги"):
                yield Place(forum.id, world.topic(forum, name, owner).id, forum.type)

    def _profile(self, number: int, owner_id: int) -> AvitoProfile:
        account = self._stand.avito.account(ACCOUNTS[number % len(ACCOUNTS)])
        return AvitoProfile(
            owner_id=owner_id,
            profile_name=f"Магазин {number}",
            client_id=account.client_id,
            client_secret=account.client_secret,
            user_id=account.user_id,
            report_frequency="daily",
            report_time=(self._first_due + number * APART).time(),
            report_timezone="UTC",
            created_at=self._clock.now(),
        )

    def _task(self, profile: AvitoProfile, place: Place) -> ReportTask:
        return ReportTask(
            profile_id=profile.id,
            chat_id=place.chat_id,
            thread_id=place.thread_id,
            chat_type=place.type,
            on_lost_answer=self._random.choice(("resend", "resend", "resend", "hold")),
        )

    # In a round

    async def begin_round(self) -> None:
        """Minutes pass while all is quiet; after the last report of a day, the rest of it."""
        today = self._first_due + (self._days - 1) * DAY
        if self._clock.now() > today + PROFILES * APART:
            self._days += 1
            self._clock.advance(today + DAY - self._clock.now() - SHORTLY)
            await self._read_ahead()
        self._clock.advance(BETWEEN_ROUNDS)
        self._disturb()

    async def _read_ahead(self) -> None:
        """Until the whole of yesterday is there: whose reading fails yields his turn to others."""
        accounts = [self._stand.avito.account(label).user_id for label in ACCOUNTS]
        day = yesterday(self._clock.now()).last
        query = select(func.count()).where(
            DailyStats.avito_user_id.in_(accounts),
            DailyStats.day == day,
            DailyStats.fetched_at >= end_of(day),
        )
        async with asyncio.timeout(SETTLE_SEC):
            while await self._count(query) < len(accounts):
                await self._hurry()

    def _disturb(self) -> None:
        """Every trouble there is, for single sends into some of the chats."""
        for place in self._random.sample(self._places, len(self._places) // 4):
            self._stand.telegram.fault(
                self._random.choice(TROUBLES),
                method="send*",
                chat_id=place.chat_id,
                times=1,
                seconds=self._random.uniform(0.05, 1.5),
                processed=self._random.random() < 0.5,
            )

    def before_kill(self) -> None:
        """Some answers never come, until the kill takes who waits for them."""
        self._hanging = [
            self._stand.telegram.fault(
                "hang_after", method="send*", chat_id=place.chat_id, times=1
            )
            for place in self._random.sample(self._places, 6)
        ]

    def while_down(self) -> None:
        for fault in self._hanging:
            fault.times = 0
        self._clock.advance(self._random.choice(WHILE_DOWN))
        self._lives.append(time.time())

    async def settle(self) -> None:
        """Until everything due by now is finished, or will never be."""
        until = self._until = self._clock.now()
        expected = len(self._due(until))
        try:
            async with asyncio.timeout(SETTLE_SEC):
                while await self._finished(until) < expected:
                    await self._hurry()
        except TimeoutError:
            self._tally.note(f"due by {until}, and not finished in {SETTLE_SEC} s")

    async def _hurry(self) -> None:
        """Nobody wants to wait for Avito's minutes."""
        await asyncio.sleep(0.1)
        self._clock.advance(HURRY)

    async def _finished(self, until: datetime) -> int:
        finished = Delivery.finished_at.is_not(None)
        due = Delivery.due_at.between(self._checked + timedelta.resolution, until)
        query = select(func.count()).where(finished, due)
        return await self._count(query)

    async def _count(self, query: Select[int]) -> int:
        async with reading(self._sessions) as session:
            return await session.scalar(query) or 0

    def _due(self, until: datetime) -> list[tuple[int, datetime]]:
        """Every slot since the last check, as a task and its time, oldest first."""
        slots = [
            (self._first_due + day * DAY + number * APART, number)
            for day in range(self._days)
            for number in range(PROFILES)
        ]
        return [
            (task, at)
            for at, number in slots
            if self._checked < at <= until
            for task in self._tasks[number]
        ]

    # What came of it

    async def check(self) -> None:
        query = select(Delivery).where(Delivery.due_at > self._checked)
        async with reading(self._sessions) as session:
            rows = {(row.task_id, row.due_at): row for row in await session.scalars(query)}
        self._read_history()
        arrived = []
        for slot in self._due(self._until):
            self._tally.deliveries += 1
            row = rows.get(slot)
            if row is None:
                self._lost(f"{slot} has no delivery")
            elif copies := self._check_copies(row):
                arrived.append((row, copies[0]))
        self._check_order(arrived)
        self._checked = self._until

    def check_all(self) -> None:
        """After the last round: what nobody ordered, and the pace of it all."""
        self._read_history()
        self._check_late()
        for calls in self._accepted.values():
            unknown = [call for call in calls if call.seq not in self._known]
            self._tally.doubled += len(unknown)
            self._tally.doubled_unmarked += len(unknown)
            for call in unknown:
                self._tally.note(f"nobody ordered {call.params}")
        self._check_pace()

    def _check_late(self) -> None:
        """Copies that a slow Telegram accepted after their slot was looked at."""
        for row, before in self._checked_rows:
            copies = self._copies_of(row)
            self._tally.doubled += _more(copies) - _more(before)
            unmarked = _unmarked(row, copies) - _unmarked(row, before)
            self._tally.doubled_unmarked += unmarked
            if unmarked:
                self._tally.note(f"{_name(row)} came {len(copies)} times in the end")

    def _read_history(self) -> None:
        chats = {place.chat_id for place in self._places}
        # From the beginning: what was under way at the last look has been accepted since.
        self._accepted.clear()
        for call in self._stand.telegram.history.calls:
            if call.method in SENDING and call.chat_id in chats and call.accepted_real:
                self._accepted[call.chat_id].append(call)

    def _check_copies(self, row: Delivery) -> list[CallRecord]:
        copies = self._copies_of(row)
        self._checked_rows.append((row, copies))
        name = _name(row)
        if row.state == State.HELD:
            self._tally.held += 1
        elif row.state != State.SENT or not copies:
            self._lost(f"{name} did not arrive")
        unmarked = _unmarked(row, copies)
        self._tally.doubled += _more(copies)
        self._tally.doubled_unmarked += unmarked
        if unmarked:
            self._tally.note(f"{name} came {len(copies)} times")
        return copies

    def _copies_of(self, row: Delivery) -> list[CallRecord]:
        """What Telegram accepted of it, whatever marks stand before its text; oldest first."""
        copies = [call for call in self._accepted[row.chat_id] if is_copy(call, row)]
        copies.sort(key=_accepted)
        self._known.update(call.seq for call in copies)
        return copies

    def _check_order(self, arrived: list[tuple[Delivery, CallRecord]]) -> None:
        """First copies come in the order of their slots; those of one minute in any."""
        for row, first in sorted(arrived, key=lambda pair: (pair[0].due_at, _accepted(pair[1]))):
            if _accepted(first) < self._newest.get(row.chat_id, 0.0):
                self._tally.out_of_order += 1
                self._tally.note(f"{_name(row)} came late")
            else:
                self._newest[row.chat_id] = _accepted(first)

    def _check_pace(self) -> None:
        """What a Telegram that counts strictly would have refused.

        A worker paces itself by the seconds that it lives through. What its last life sent it
        knows by the time of day, which is moved here: more of it has passed.
        """
        calls = [call for call in self._stand.telegram.history.calls if call.accepted_real]
        calls.sort(key=lambda call: call.arrived_real)
        lives = groupby(calls, lambda call: bisect(self._lives, call.arrived_real))
        refused: dict[int, str] = {}
        for _, life in lives:
            refused |= self._too_fast(life, lambda call: call.arrived_real)
        refused |= self._too_fast(calls, lambda call: _time_of_day(call.arrived_at))
        self._tally.limit_violations += len(refused)
        for number, why in refused.items():
            self._tally.note(f"too fast: {number} {why}")

    def _too_fast(
        self, calls: Iterable[CallRecord], time_of: Callable[[CallRecord], float]
    ) -> dict[int, str]:
        """Which of them Telegram's limits would refuse, counted by this clock, and why."""
        # People set the pace of the answers they get: in their chats only the total counts.
        everywhere = FloodLimits(strict=True, chat_burst=1_000)
        reports = FloodLimits(strict=True)
        refused = {}
        for call in calls:
            at = time_of(call) * ALLOWANCE
            kept = [everywhere, reports] if call.chat_id in self._accepted else [everywhere]
            for limits in kept:
                try:
                    limits.admit(call.bot_id, call.method, call.chat_id, at)
                except ApiError as refusal:
                    refused[call.seq] = f"into {call.chat_id}: {refusal}"
        return refused

    def _lost(self, what: str) -> None:
        self._tally.lost += 1
        self._tally.note(what)


def is_copy(call: CallRecord, row: Delivery) -> bool:
    if row.payload is None or int(call.params.get("message_thread_id", 0)) != row.thread_id:
        return False
    return call.words.endswith(row.payload["text"])


def _unmarked(row: Delivery, copies: Sequence[CallRecord]) -> int:
    """How many came once more without a word."""
    is_marked = row.is_repeat and any(copy.words.startswith(MARK) for copy in copies)
    return max(0, _more(copies) - is_marked)


def _more(copies: Sequence[CallRecord]) -> int:
    return max(0, len(copies) - 1)


def _name(row: Delivery) -> str:
    return f"delivery {row.id} to {row.chat_id} ({row.state}, {row.reason})"


def _time_of_day(iso: str) -> float:
    return datetime.fromisoformat(iso).timestamp()


def _accepted(call: CallRecord) -> float:
    assert call.accepted_real is not None
    return call.accepted_real
