"""kill -9 at random moments under load: is every effect there, once, in its chat's order?

People talk to the bot, and scheduled reports are due (`benchmarks.deliveries`). The checker reads
what Telegram accepted (the sandbox's history) and the worker's database, never the worker's own
word.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import URL, func, select

from benchmarks.deliveries import Reports
from benchmarks.tally import Tally
from core.database.models import AvitoProfile, Dialogue, InboxUpdate, Job, Reply, User
from core.database.session import Sessions, create_sessions, reading
from core.secrets import parse_keys
from sandbox.clock import SandboxClock
from sandbox.telegram.history import EDITING, SENDING, CallRecord
from sandbox.telegram.people import ChatView
from sandbox.telegram.presses import Press
from tests.support.databases import TEST_KEYS, opened
from tests.worker.process import Stand, stand

START, HELP, PROFILES, CANCEL, ADD = "/start", "/help", "/profiles", "/cancel", "/add_profile"
REPORT, PLACEHOLDER = "Отчёт Avito", "⏳"
_SIGNS = {
    "Это Avito Analytics Bot": START,
    "Три шага до первого отчёта": HELP,
    "Профили Avito": PROFILES,
    "шаг 1 из 3": ADD,
    "Прервано": CANCEL,
    "Остановлено": CANCEL,
    "Отменять нечего": CANCEL,
    PLACEHOLDER: PLACEHOLDER,
    REPORT: REPORT,
}
SETTLE_SEC = 120.0
"""Long enough for a report that a kill left waiting for Avito's minute."""
UNREAD_SEC = 0.2
"""So long an answer may lie unread in a worker that has much to do."""
MORNING = datetime(2026, 11, 21, 5, tzinfo=UTC)
"""The reports of a day begin and end on the same day, in Moscow too."""


@dataclass
class Guest:
    """A person of the crowd, what they did this round and what has to come of it."""

    chat: ChatView
    profile_id: int | None = None
    typed_name: str | None = None
    """The profile name typed into a dialogue that was not left."""
    board: str = START
    """What the message with the buttons shows."""
    plan: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)
    presses: list[Press] = field(default_factory=list)

    def act(self, step: str) -> None:
        """Do one step of the plan: type it, or press it if it is no text."""
        if step in (START, HELP, PROFILES, ADD, CANCEL) or step.startswith("имя"):
            self.chat.send(step)
        else:
            board = next(m for m in self.chat.messages if m.message.sender is self._bot)
            self.presses.append(self.chat.press(step, board))

    @property
    def _bot(self) -> object:
        assert self.chat.chat.bot_id is not None
        return self.chat.world.bot_of(self.chat.chat.bot_id).user


class Chaos:
    """Rounds of load with kills in them, on a stand whose worker is up."""

    def __init__(self, stand: Stand, sessions: Sessions, seed: int, people: int = 30) -> None:
        self.tally = Tally()
        self._reports = Reports(stand, sessions, self.tally, seed)
        self._stand = stand
        self._sessions = sessions
        self._random = random.Random(seed)
        self._people = people
        self._guests: list[Guest] = []
        self._names = 0
        self._killed_at: list[float] = []
        self._seen_calls = 0
        self._seen_update = stand.me.updates.last_id

    async def run(self, kills: int) -> Tally:
        await self._reports.furnish()
        await self._stand.worker.start()
        await self._stand.up()
        await self._gather()
        while self.tally.kills < kills:
            await self._round(min(self._random.randint(1, 3), kills - self.tally.kills))
        self._reports.check_all()
        return self.tally

    # Before the storm

    async def _gather(self) -> None:
        world, me = self._stand.telegram, self._stand.me
        for number in range(self._people):
            guest = Guest(world.user(f"Гость {number}").private(me))
            self._guests.append(guest)
            guest.chat.start()
        await self._settled()
        for guest, label in zip(self._guests, ("shop", "second"), strict=False):
            guest.profile_id = await self._connect(guest, label)
        # The board is the first message of each chat: the greeting.
        self._seen_calls = len(world.history.calls)
        self._seen_update = me.updates.last_id
        self.tally.updates += self._people

    async def _connect(self, guest: Guest, label: str) -> int:
        account = self._stand.avito.account(label)
        for answer, then in (
            (ADD, "шаг 1 из 3"),
            ("Магазин", "шаг 2 из 3"),
            (account.client_id, "шаг 3 из 3"),
            (account.client_secret, "подключён"),
        ):
            guest.chat.send(answer)
            await guest.chat.wait_for(then, timeout=30)
        await self._settled()
        self.tally.updates += 4
        async with reading(self._sessions) as session:
            owned = select(AvitoProfile.id).where(AvitoProfile.owner_id == guest.chat.id)
            return (await session.scalars(owned)).one()

    # A round

    async def _round(self, kills: int) -> None:
        self._make_plans()
        self._disturb()
        await self._reports.begin_round()
        self._act_all()
        for _ in range(kills):
            self._reports.before_kill()
            await self._kill_at_a_moment()
            self._reports.while_down()
            await self._stand.worker.start()
        await self._settled()
        await self._reports.settle()
        self._stand.telegram.clear_faults()
        self._check_chats()
        await self._check_rows()
        await self._reports.check()
        self._seen_calls = len(self._stand.telegram.history.calls)
        self._seen_update = self._stand.me.updates.last_id

    def _make_plans(self) -> None:
        for guest in self._guests:
            guest.plan, guest.expected, guest.presses = [], [], []
            if guest.profile_id is not None:
                self._plan(guest, f"report_now:{guest.profile_id}", PLACEHOLDER)
                self._plan(guest, HELP, HELP)
                continue
            for _ in range(self._random.choice((1, 1, 2, 3))):
                self._plan_something(guest)

    def _plan_something(self, guest: Guest) -> None:
        kind = self._random.choice((START, HELP, PROFILES, "dialogue", "press"))
        if kind == "press":
            guest.board = HELP if guest.board != HELP else PROFILES
            data = "help_show" if guest.board == HELP else "profiles_back"
            self._plan(guest, data, guest.board)
            return
        if guest.typed_name and kind != HELP:
            self._plan(guest, CANCEL, CANCEL)
            guest.typed_name = None
        if kind == "dialogue":
            self._names += 1
            guest.typed_name = f"имя{self._names}"
            self._plan(guest, ADD, ADD)
            self._plan(guest, guest.typed_name, guest.typed_name)
        else:
            self._plan(guest, kind, kind)

    def _plan(self, guest: Guest, step: str, effect: str) -> None:
        guest.plan.append(step)
        guest.expected.append(effect)

    def _disturb(self) -> None:
        """Slow answers before and after Telegram accepts, so that a kill finds many in flight."""
        for kind in ("latency_before", "latency_after"):
            for _ in range(self._random.randint(0, 40)):
                self._stand.telegram.fault(
                    kind,
                    method=self._random.choice(("send*", "editMessage*")),
                    times=1,
                    seconds=self._random.uniform(0.005, 0.4),
                )

    def _act_all(self) -> None:
        waiting = [guest for guest in self._guests for _ in guest.plan]
        self._random.shuffle(waiting)
        steps = {id(guest): iter(guest.plan) for guest in self._guests}
        for guest in waiting:
            guest.act(next(steps[id(guest)]))
        self.tally.updates += len(waiting)

    async def _kill_at_a_moment(self) -> None:
        history, worker = self._stand.telegram.history, self._stand.worker
        # Most often at work, at times while it is still starting.
        if self._random.random() < 0.8:
            await self._stand.up()
        begun = len(history.calls)
        wanted = begun + self._random.choice((4, 8, 15, 30, 60, 120))
        # When less was left to do than is waited for, it dies while it is idle.
        with suppress(TimeoutError):
            await history.signal.until(lambda: len(history.calls) >= wanted, 4.0)
        await asyncio.sleep(self._random.choice((0, self._random.uniform(0, 0.3))))
        self._killed_at.append(time.time())
        await worker.kill()
        self.tally.kills += 1

    async def _settled(self) -> None:
        """Until Telegram and the database both say that nothing is left to do."""
        async with asyncio.timeout(SETTLE_SEC):
            while True:
                await self._stand.up()
                await self._stand.telegram.settled(self._stand.me, SETTLE_SEC, quiet=0.1)
                if await self._open_rows() == 0:
                    return
                await asyncio.sleep(0.1)

    async def _open_rows(self) -> int:
        received = select(func.count()).where(InboxUpdate.state == "received")
        async with reading(self._sessions) as session:
            counts = [
                await session.scalar(query)
                for query in (
                    received,
                    select(func.count()).select_from(Reply),
                    select(func.count()).select_from(Job),
                )
            ]
        return sum(count or 0 for count in counts)

    # What came of it

    def _check_chats(self) -> None:
        calls = self._stand.telegram.history.calls[self._seen_calls :]
        by_chat: dict[int, list[CallRecord]] = {}
        for call in calls:
            shown = by_chat.setdefault(call.chat_id or 0, [])
            # An edit that is made again shows nobody anything twice.
            if call.is_shown and (call.method not in EDITING or not _repeats(call, shown)):
                shown.append(call)
        for guest in self._guests:
            self._check_chat(guest, by_chat.get(guest.chat.id, []))

    def _check_chat(self, guest: Guest, calls: Sequence[CallRecord]) -> None:
        accepted = sorted(calls, key=lambda call: call.accepted_real or 0.0)
        read = [_sign_of(call.words) for call in accepted]
        expected = list(guest.expected)
        if guest.profile_id is not None:
            # The report comes when it is ready: once, wherever it falls among the others.
            read, reports = [sign for sign in read if sign != REPORT], read.count(REPORT)
            self._count(guest, "report", reports - 1)
            self._count_placeholders(guest, accepted)
        missing, extra = Counter(expected) - Counter(read), Counter(read) - Counter(expected)
        self.tally.lost += missing.total()
        self._doubled(extra.total())
        if missing or extra:
            self._note(guest, f"expected {expected}, read {read}")
        elif read != expected:
            self.tally.out_of_order += 1
            self._note(guest, f"out of order: expected {expected}, read {read}")
        for press in guest.presses:
            self._count(guest, f"answer to {press.data}", -1 if press.notice is None else 0)

    def _count(self, guest: Guest, what: str, too_many: int) -> None:
        self.tally.lost += max(0, -too_many)
        self._doubled(max(0, too_many))
        if too_many:
            self._note(guest, f"{what}: {too_many:+}")

    def _doubled(self, count: int) -> None:
        # Answers to people have no second copies, marked or not.
        self.tally.doubled += count
        self.tally.doubled_unmarked += count

    def _count_placeholders(self, guest: Guest, calls: Sequence[CallRecord]) -> None:
        """Those that still stand in the chat, and whether the worker could know of them."""
        living = guest.chat.chat.living()
        standing = {m.id for m in living if m.words.startswith(PLACEHOLDER)}
        for call in calls:
            if call.method not in SENDING or call.message_id not in standing:
                continue
            if self._answer_died(call):
                self.tally.unanswered += 1
            else:
                self.tally.left_behind += 1
                self._note(guest, f"left behind: {call.words}")

    def _answer_died(self, call: CallRecord) -> bool:
        """Whether the worker was killed before it could read the answer to this call."""
        sent_at, answered_at = call.accepted_real, call.finished_real
        if call.connection != "answered" or sent_at is None or answered_at is None:
            return True
        # An answer may still leave for a worker that was killed a moment ago.
        return any(
            sent_at <= killed_at < answered_at + UNREAD_SEC for killed_at in self._killed_at
        )

    def _note(self, guest: Guest, what: str) -> None:
        self.tally.note(f"chat {guest.chat.id}: {what}")

    async def _check_rows(self) -> None:
        # Housekeeping takes what is older than two days.
        new = InboxUpdate.update_id > self._seen_update
        people = {guest.chat.id for guest in self._guests}
        async with reading(self._sessions) as session:
            states = list(await session.scalars(select(InboxUpdate.state).where(new)))
            users = await session.scalar(
                select(func.count()).select_from(User).where(User.telegram_id.in_(people))
            )
            dialogues = {row.chat_id: row for row in await session.scalars(select(Dialogue))}
        came = self._stand.me.updates.last_id - self._seen_update
        self._expect("inbox", Counter(states), {"done": came})
        self._expect("users", users, self._people)
        names = {chat: row.data.get("name") for chat, row in dialogues.items()}
        typed = {g.chat.id: g.typed_name for g in self._guests if g.typed_name}
        self._expect("dialogues", names, typed)

    def _expect(self, what: str, found: object, expected: object) -> None:
        if found != expected:
            self.tally.wrong_rows += 1
            self.tally.note(f"{what}: expected {expected}, found {found}")


def _repeats(edit: CallRecord, shown: Sequence[CallRecord]) -> bool:
    of_message = [call for call in shown if call.message_id == edit.message_id]
    return bool(of_message) and of_message[-1].words == edit.words


def _sign_of(text: str) -> str:
    for sign, name in _SIGNS.items():
        if sign in text:
            return name
    found = [word for word in text.replace("«", " ").replace("»", " ").split() if "имя" in word]
    return found[0] if found else text


async def storm(url: URL, folder: Path, *, kills: int, seed: int, people: int = 30) -> Tally:
    """Kill a worker so many times on this migrated, empty database."""
    async with (
        opened(url, parse_keys(TEST_KEYS)) as engine,
        stand(url, folder, clock=SandboxClock(MORNING)) as made,
    ):
        chaos = Chaos(made, create_sessions(engine), seed, people)
        try:
            return await chaos.run(kills)
        except TimeoutError as error:
            error.add_note(f"seed {seed}, {chaos.tally}, the worker's last words:")
            error.add_note(made.worker.log[-3000:])
            raise
