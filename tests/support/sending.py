"""The sender between a real outbox and a sandbox Telegram, and the checker of what it did."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.aftermath import Aftermath
from bot.effects import Screen
from bot.errors import IncidentDesk
from bot.replies import ReplyDesk
from bot.scribe import Scribe
from bot.sender import Sender
from bot.throttle import Throttle, Turn, UrgentCourier
from core.database.models import Delivery, Reply
from core.database.session import Sessions, reading
from core.journal import Journal
from core.outbox import State
from core.shelf import Shelf
from sandbox.clock import SandboxClock
from sandbox.telegram.events import PATIENCE_SEC
from sandbox.telegram.history import CallRecord
from sandbox.telegram.people import Person
from sandbox.telegram.seen import Seen
from tests.support.deliveries import NINE, Office
from tests.support.pictures import draw_here
from tests.support.telegram import TelegramRig, telegram_rig

MARK = "🔁 Повтор"
OPERATOR = 99


class NoJobs:
    def start(self, job_id: int) -> None:
        raise AssertionError(f"no notice starts job {job_id}")

    stop = start


@dataclass(frozen=True, slots=True)
class Departures:
    """What leaves for Telegram, by the event loop's clock: what a busy machine does to it on its
    way is not ours."""

    turns: list[Turn]
    """In the order in which they were given."""
    allowed: list[float]
    """When each was given."""
    left: list[tuple[int, float]]
    """For which chat, and when its bytes left."""

    def times(self) -> list[float]:
        return [at for _, at in self.left]


class SenderRig:
    def __init__(
        self, telegram: TelegramRig, office: Office, folder: Path, per_second: int
    ) -> None:
        self.telegram = telegram
        self.world, self.me, self.alice = telegram.world, telegram.me, telegram.alice
        self.office = office
        self.outbox = office.alice
        self.clock = office.clock
        self.owed: list[Reply] = []
        self.throttle = Throttle(per_second)
        self.incidents = IncidentDesk(OPERATOR, office.clock)
        self.aftermath = Aftermath(office.sessions, office.clock, self.owed.extend, self.incidents)
        journal = Journal(folder / "journal.log")
        journal.open()
        self.scribe = Scribe(Shelf(folder / "outgoing"), draw_here)
        self.urgent = UrgentCourier(telegram.bot, telegram.session, self.throttle)
        self.desk = ReplyDesk(self.urgent, self.scribe, journal, office.sessions, NoJobs())
        self._numbers = count(1)
        self._running: asyncio.Task[None] | None = None
        self.sender = self._new_sender()

    def _new_sender(self) -> Sender:
        return Sender(
            self.outbox,
            self.telegram.courier,
            self.scribe,
            self.throttle,
            self.aftermath,
            self.clock,
            self.incidents.escalate,
        )

    def start(self) -> None:
        self.sender = self._new_sender()
        self._running = asyncio.create_task(self.sender.run())

    async def stop(self, grace_sec: float = 3.5) -> None:
        """As on SIGTERM."""
        if self._running is None:
            return
        self._running.cancel()
        [ended] = await asyncio.gather(self._running, return_exceptions=True)
        self._running = None
        await self.sender.close(grace_sec)
        await self.outbox.release()
        await self.outbox.close(1.0)
        assert isinstance(ended, asyncio.CancelledError), ended

    # What there is to send

    async def destination(
        self, chat_id: int, *, owner: Person | None = None, **columns: Any
    ) -> int:
        """A place where the reports of a new profile go; returns its task's id."""
        profile_id = await self.office.add_profile((owner or self.alice).id)
        values = {"chat_title": "Клиенты", "chat_type": "supergroup", "next_due_at": None}
        return await self.office.add_task(chat_id, profile_id=profile_id, **(values | columns))

    async def report(self, task_id: int, text: str = "", **columns: Any) -> int:
        """A report that is built and waits to be sent there; returns its id."""
        number, task = next(self._numbers), await self.office.task(task_id)
        values: dict[str, Any] = {
            "slot": f"slot {number}",
            "thread_id": task.thread_id,
            "is_silent": task.is_silent,
            "payload": as_payload(text or f"отчёт {number}"),
            "due_at": NINE + timedelta(milliseconds=number),
        }
        delivery_id = await self.office.add_delivery(task_id, **(values | columns))
        self.sender.wake()
        return delivery_id

    async def report_to(self, chat_id: int, **columns: Any) -> int:
        return await self.report(await self.destination(chat_id, **columns))

    # What became of it

    async def until(
        self, delivery_id: int, *states: State, timeout: float = PATIENCE_SEC
    ) -> Delivery:
        """The delivery once it is in one of these states."""
        row = await self.office.delivery(delivery_id)
        try:
            async with asyncio.timeout(timeout):
                while row.state not in states:
                    await asyncio.sleep(0.02)
                    row = await self.office.delivery(delivery_id)
        except TimeoutError:
            raise AssertionError(f"it is still {row.state}: {row.reason}") from None
        return row

    async def until_all_end(self, timeout: float = PATIENCE_SEC) -> list[Delivery]:
        query = select(Delivery.id).where(Delivery.finished_at.is_(None)).limit(1)
        async with asyncio.timeout(timeout):
            while True:
                async with reading(self.office.sessions) as session:
                    if await session.scalar(query) is None:
                        return await self.office.deliveries()
                await asyncio.sleep(0.05)

    def later(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))
        self.sender.wake()

    async def notices(self) -> list[str]:
        """Let the desk say what is owed; all that Alice then reads in private."""
        await self.sender.idle()
        owed = list(self.owed)
        self.owed.clear()
        await self.desk.perform(owed)
        return self.texts(self.alice.id)

    def texts(self, chat_id: int) -> list[str]:
        return [Seen(message).text for message in self.world.sent(chat_id)]

    def departures(self, monkeypatch: pytest.MonkeyPatch) -> Departures:
        """Filled with all that leaves from here on."""
        noted = Departures([], [], [])
        note, carry = self.throttle._note, self.telegram.courier.carry

        def allow(turn: Turn, *, urgent: bool) -> None:
            noted.turns.append(turn)
            noted.allowed.append(turn.left_at)
            note(turn, urgent=urgent)

        async def leave(method: Any, *, leaving: Callable[[], None]) -> int | None:
            def leaves() -> None:
                noted.left.append((method.chat_id, asyncio.get_running_loop().time()))
                leaving()

            return await carry(method, leaving=leaves)

        monkeypatch.setattr(self.throttle, "_note", allow)
        monkeypatch.setattr(self.telegram.courier, "carry", leave)
        return noted

    def calls(self, chat_id: int | None = None) -> list[CallRecord]:
        return self.world.history.of("sendMessage", chat_id)

    def accepted(self) -> list[CallRecord]:
        """What Telegram carried out, in that order, whatever it answered."""
        done = [call for call in self.calls() if call.accepted_real is not None]
        return sorted(done, key=lambda call: call.accepted_real or 0)


def as_payload(text: str) -> dict[str, Any]:
    return Screen(text=text).model_dump(mode="json", exclude_none=True)


async def check_history(rig: SenderRig) -> None:
    """What Telegram saw against what the rows say: nothing lost, nothing silently doubled."""
    copies: defaultdict[str, list[CallRecord]] = defaultdict(list)
    for call in rig.accepted():
        copies[call.params["text"].rpartition("\n")[2]].append(call)
    newest: dict[int, datetime] = {}
    for row in await rig.office.deliveries():
        assert row.payload is not None
        sent = copies.pop(row.payload["text"], [])
        marked = [call for call in sent if call.params["text"].startswith(MARK)]
        assert row.finished_at is not None, f"{row.slot} was left {row.state}"
        assert len(sent) <= 1 + row.is_repeat, f"{row.slot} came {len(sent)} times"
        assert len(marked) >= len(sent) - 1, f"{row.slot} was doubled without a word"
        if row.state == State.SENT:
            assert sent, f"{row.slot} is said to have arrived"
            assert row.message_id in {call.message_id for call in sent} | {None}
        if row.state in (State.FAILED, State.MISSED):
            assert not sent, f"{row.slot} arrived after all"
        if sent:
            accepted_at = datetime.fromisoformat(sent[0].accepted_at or "")
            assert newest.get(row.chat_id, accepted_at) <= accepted_at, f"{row.slot} overtook"
            newest[row.chat_id] = accepted_at
    unknown = [text for text in copies if text.startswith("отчёт")]
    assert not unknown, f"nobody ordered {unknown}"


@asynccontextmanager
async def sender_rig(
    sessions: Sessions, folder: Path, *, per_second: int = 200
) -> AsyncIterator[SenderRig]:
    office = Office(sessions, SandboxClock(NINE + timedelta(seconds=1)))
    async with telegram_rig() as telegram:
        rig = SenderRig(telegram, office, folder, per_second)
        rig.start()
        try:
            yield rig
        finally:
            await rig.stop()
