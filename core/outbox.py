"""The outbox: a report's way from its slot into a chat, as states that survive any crash.

    due → building → ready → claimed → sending → sent
           ↓ ↑    ↓           ↓ ↑        ↓
          due     joined     ready      retry | failed | resend (marked) | held
    open and past its deadline → missed; joined → what becomes of its carrier
    not left when its owner pauses the reports → withdrawn

Telegram has no idempotency key, so `sending` is committed before the first byte leaves: whatever
is found in it without an owner may have arrived. All else is certain and is simply done again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from core.database.health import is_unreachable
from core.database.models import Delivery
from core.database.repositories import digests
from core.database.repositories import outbox as repository
from core.database.repositories.delivery_states import SUPPLEMENT, TRIAL, State
from core.database.repositories.outbox import Changes, Standing
from core.database.session import Sessions, reading
from core.group_commit import GroupCommit
from core.logs import get_logger
from core.ports import Clock
from core.services import destinations

__all__ = ["Outbox", "State", "worker_name"]

log = get_logger(__name__)

BUILD_LEASE = timedelta(minutes=5)
SEND_LEASE = timedelta(minutes=2)
"""Longer than a sender holds a claim plus the longest wait for Telegram's answer."""
RELEASE_SEC = 1.0
LONG_WAIT = timedelta(minutes=10)
"""A report that waits for Avito for longer is worth a word to its owner."""
REASON_LENGTH = 200
LOST_ANSWER = "lost_answer"
TOO_LATE = "too_late"


def worker_name(folder: Path) -> str:
    """A name for this life of the worker: `installation:life`.

    The installation is kept in `folder`, so a worker that was killed and started again knows
    what it had in hand before, and need not wait for its own leases to run out.
    """
    file = folder / "worker-id"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(uuid4().hex[:16], encoding="ascii")
    return f"{file.read_text(encoding='ascii').strip()[:16]}:{uuid4().hex[:16]}"


@dataclass(slots=True)
class Move:
    """One step of one delivery. `decide` gives what to write, None when the step is refused."""

    delivery_id: int
    decide: Callable[[Standing, datetime], Changes | None]
    parts: Sequence[dict[str, Any]] = ()
    """What becomes ready together with it, to be sent after it."""
    joined: Collection[int] = ()
    """The deliveries that are told in its message."""
    supplements: Collection[tuple[int, datetime]] = ()
    """Which of them are to be built once more, and from when on."""
    written: Changes | None = None
    """What the last try wrote: found in the row again, its commit had succeeded."""


class Outbox:
    """The deliveries as one process moves them, under the name `owner`.

    A move of a delivery that is not in our hand any more is refused: somebody else has it.
    """

    def __init__(
        self,
        sessions: Sessions,
        clock: Clock,
        owner: str,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sessions = sessions
        self._clock = clock
        self._monotonic = monotonic
        self._owner = owner
        self._moves: GroupCommit[Move, State | None] = GroupCommit(sessions, self._apply)
        # Until when we answer for what we hold, by the monotonic clock: a step of the wall
        # clock must not take from us what we are sending at this moment.
        self._in_hand: dict[int, float] = {}

    async def claim_due(self, count: int) -> list[Delivery]:
        """Take the oldest due deliveries for building; they come detached, to be read.

        There may be more than `count`: what goes in one message is taken together.
        """
        now = self._clock.now()
        async with self._sessions.begin() as session:
            claim = self._claim(State.BUILDING, BUILD_LEASE)
            claimed = await repository.claim_due(session, count, now, claim)
            if claimed:
                claimed += await digests.claim_mates(session, claimed, now, claim)
        return self._hold(claimed, BUILD_LEASE)

    async def claim_ready(self, count: int) -> list[Delivery]:
        """Take deliveries for sending, the oldest open one of each chat."""
        async with self._sessions.begin() as session:
            claim = self._claim(State.CLAIMED, SEND_LEASE)
            claimed = await repository.claim_ready(session, count, self._clock.now(), claim)
        return self._hold(claimed, SEND_LEASE)

    async def ready(
        self,
        delivery_id: int,
        *payloads: dict[str, Any],
        joined: Collection[int] = (),
        supplements: Collection[tuple[int, datetime]] = (),
    ) -> bool:
        """Freeze what will be sent: one message, or the parts of one that is too long.

        The `joined` deliveries are told in it, and whatever becomes of it becomes of them. Those
        that are not whole are built once more from an instant on: the `supplements`.
        False: it was not ours to build any more, or one of them was not.
        """
        first, *rest = payloads
        changes = {"state": State.READY, "payload": first, "attempt": 0, "next_try_at": None}
        decide = self._from(State.BUILDING, changes, _let_go)
        move = Move(delivery_id, decide, rest, joined, supplements)
        return await self._moved(move) is not None

    async def drop(self, delivery_id: int, *, is_told_later: bool = False) -> bool:
        """A supplement is not to be had: what it would add to stays as it left.

        That is no news to its owner where a later report tells it.
        """
        told = {"is_untold": not is_told_later}
        return await self._move(delivery_id, self._from(State.BUILDING, told, _given_up))

    async def postpone(self, delivery_id: int, at: datetime, reason: str) -> bool:
        """Building it failed; it is due again at `at`, and younger ones may pass it."""

        def decide(row: Standing, now: datetime) -> Changes | None:
            if not self._has(row, State.BUILDING):
                return None
            again = {"state": State.DUE, "attempt": row.attempt + 1, "next_try_at": at}
            told = {"is_untold": True} if _waits_long(row, at) else {}
            return {**_let_go(now), **again, **told, "reason": reason[:REASON_LENGTH]}

        return await self._move(delivery_id, decide)

    async def sending(self, delivery_id: int) -> bool:
        """To be awaited before the first byte leaves. False: it must not be sent by us."""
        claim = self._claim(State.SENDING, SEND_LEASE)
        may_send = await self._move(delivery_id, self._from(State.CLAIMED, claim))
        if may_send:
            self._in_hand[delivery_id] = self._monotonic() + SEND_LEASE.total_seconds()
        return may_send

    async def sent(
        self, delivery_id: int, message_id: int | None, remark: str | None = None
    ) -> bool:
        """It arrived. True also where it was given up as lost meanwhile and nobody has it.

        The remark says what was not as its owner wanted it.
        """

        def decide(row: Standing, now: datetime) -> Changes | None:
            if row.owner != self._owner or row.state not in _MAY_HAVE_ARRIVED:
                return None
            return {**_finish(State.SENT, now), "message_id": message_id, "reason": remark}

        return await self._move(delivery_id, decide)

    async def retry(self, delivery_id: int, at: datetime, reason: str) -> bool:
        """It was certainly not delivered; not before `at` again. Its chat waits for it."""

        def decide(row: Standing, now: datetime) -> Changes | None:
            if not self._has(row, State.CLAIMED, State.SENDING):
                return None
            attempt = row.attempt + (row.state == State.SENDING)
            again = {"state": State.RETRY, "attempt": attempt, "next_try_at": at}
            return {**_let_go(now), **again, "reason": reason[:REASON_LENGTH]}

        return await self._move(delivery_id, decide)

    async def fail(self, delivery_id: int, reason: str) -> bool:
        """It will never be delivered: it cannot be built, or Telegram refuses it for good."""
        changes = {"reason": reason[:REASON_LENGTH]}
        states = (State.BUILDING, State.CLAIMED, State.SENDING)

        def decide(row: Standing, now: datetime) -> Changes | None:
            return _finish(State.FAILED, now) | changes if self._has(row, *states) else None

        return await self._move(delivery_id, decide)

    async def lost(self, delivery_id: int) -> State | None:
        """The answer was lost. RESEND: a marked copy goes out; HELD: its owner has to decide."""

        def decide(row: Standing, now: datetime) -> Changes | None:
            return _lose(row, now) if self._has(row, State.SENDING) else None

        return await self._moved(Move(delivery_id, decide))

    async def recover(self) -> None:
        """Take up what nobody has in hand any more, and close what is too late to be sent.

        At the start, and every minute. What was only claimed is done again; what may have left
        is treated as a lost answer.
        """
        now = self._clock.now()
        mine = self._owner.partition(":")[0] + ":"
        async with self._sessions.begin() as session:
            orphans = await repository.orphans(
                session, now, dead_owners=mine, owner=self._owner, alive=self._still_held()
            )
            recovered = {row.id: _give_back(row, now) for row in orphans}
            await self._write(session, orphans, recovered, now)
            overdue = await repository.overdue(session, now)
            # What follows a part fares as it does.
            first = {(row.task_id, row.slot): row for row in reversed(overdue)}
            closed = {row.id: _too_late(row, now) for row in first.values()}
            await self._write(session, overdue, closed, now)
        if recovered:
            log.info("deliveries_recovered", count=len(recovered))
        missed = sum(each["state"] != State.WITHDRAWN for each in closed.values())
        if missed:
            log.warning("deliveries_missed", count=missed)

    async def release(self) -> None:
        """Before stopping: put back what is in hand, except what is being sent."""
        try:
            async with asyncio.timeout(RELEASE_SEC), self._sessions.begin() as session:
                held = await repository.held_by(session, self._owner)
                now = self._clock.now()
                certain = [row for row in held if row.state != State.SENDING]
                changes = {row.id: _give_back(row, now) for row in certain}
                await self._write(session, certain, changes, now)
        except Exception as error:
            if not (isinstance(error, TimeoutError) or is_unreachable(error)):
                raise
            # The next start takes it up, or somebody else when its leases are over.
            log.warning("deliveries_not_released", why=type(error).__name__)

    async def sent_since(self, since: datetime) -> list[tuple[int, datetime]]:
        """The chats that reports were sent into, and when, oldest first."""
        async with reading(self._sessions) as session:
            return await repository.sent_since(session, since)

    async def missed_before(self, delivery: Delivery) -> list[str]:
        """The missed slots of its destination since the last report that was sent there."""
        async with reading(self._sessions) as session:
            return await repository.missed_before(session, delivery)

    async def is_told_later(self, supplement: Delivery) -> bool:
        """Whether its days come, or came, with a later report anyway."""
        async with reading(self._sessions) as session:
            return await repository.is_told_later(session, supplement)

    async def is_cut_leaving(self, supplement: Delivery) -> bool:
        """Whether what this adds to is still on its way."""
        async with reading(self._sessions) as session:
            return await repository.is_cut_leaving(session, supplement)

    async def cut_message(self, supplement: Delivery) -> int | None:
        """The message that this adds to, as far as it is known to be in its chat."""
        async with reading(self._sessions) as session:
            return await repository.cut_message(session, supplement)

    async def went_ahead(self, delivery: Delivery, owner_id: int) -> bool:
        """Whether the digest that it should have gone in was made without it."""
        async with reading(self._sessions) as session:
            return await digests.went_ahead(session, delivery, owner_id)

    async def close(self, patience_sec: float) -> None:
        """Write what callers still wait for; what cannot be written is recovered later."""
        await self._moves.close(patience_sec)

    def _claim(self, state: State, lease: timedelta) -> Changes:
        now = self._clock.now()
        lease_until = now + lease
        return {
            "state": state, "owner": self._owner, "lease_until": lease_until, "updated_at": now
        }  # fmt: skip

    def _hold(self, claimed: list[Delivery], lease: timedelta) -> list[Delivery]:
        until = self._monotonic() + lease.total_seconds()
        self._in_hand.update(dict.fromkeys((row.id for row in claimed), until))
        return claimed

    def _still_held(self) -> Collection[int]:
        now = self._monotonic()
        self._in_hand = {row: until for row, until in self._in_hand.items() if until > now}
        return self._in_hand.keys()

    def _has(self, row: Standing, *states: State) -> bool:
        return row.owner == self._owner and row.state in states

    def _from(
        self, state: State, changes: Changes, base: Callable[[datetime], Changes] | None = None
    ) -> Callable[[Standing, datetime], Changes | None]:
        """A step that is allowed from `state` only, and writes the same whatever the row."""

        def decide(row: Standing, now: datetime) -> Changes | None:
            if not self._has(row, state):
                return None
            return {**(base(now) if base else {}), **changes}

        return decide

    async def _move(
        self, delivery_id: int, decide: Callable[[Standing, datetime], Changes | None]
    ) -> bool:
        return await self._moved(Move(delivery_id, decide)) is not None

    async def _moved(self, move: Move) -> State | None:
        state = await self._moves.submit(move)
        for delivery_id in (move.delivery_id, *move.joined):
            self._in_hand.pop(delivery_id, None)
        return state

    async def _apply(self, session: AsyncSession, moves: Sequence[Move]) -> list[State | None]:
        now = self._clock.now()
        ids = [each for move in moves for each in (move.delivery_id, *move.joined)]
        rows = await repository.standing(session, ids)
        standing = {row.id: row for row in rows}
        changes: dict[int, Changes] = {}
        outcomes: list[State | None] = []
        for move in moves:
            row = standing.get(move.delivery_id)
            if row is None:  # its destination was deleted meanwhile
                outcomes.append(None)
                continue
            if not _is_written(row, move.written):
                may_move = self._all_building(move.joined, standing)
                move.written = move.decide(row, now) if may_move else None
                if move.written is not None:
                    changes[row.id] = move.written
            outcomes.append(None if move.written is None else move.written["state"])
        await self._write(session, rows, changes, now)
        for move in moves:
            if move.delivery_id not in changes:
                continue
            if move.parts:
                await repository.add_parts(session, move.delivery_id, move.parts, now)
            if move.joined:
                await digests.join(session, move.delivery_id, move.joined, now)
            for cut, at in move.supplements:
                await repository.add_supplement(session, cut, at, now)
        return outcomes

    def _all_building(
        self, delivery_ids: Collection[int], standing: Mapping[int, Standing]
    ) -> bool:
        rows = [standing.get(each) for each in delivery_ids]
        return all(row is not None and self._has(row, State.BUILDING) for row in rows)

    async def _write(
        self,
        session: AsyncSession,
        rows: Sequence[Standing],
        changes: dict[int, Changes],
        now: datetime,
    ) -> None:
        """Write the changes, and at the destinations what their owners should know."""
        if not changes:
            return
        await repository.save(session, changes)
        await self._write_rest(session, rows, changes)
        await self._reconsider(session, rows, changes, now)
        tasks = {row.id: row.task_id for row in rows}
        clear = {row.task_id for row in rows if not row.has_problem}
        over = {row: each for row, each in changes.items() if each.get("finished_at")}
        ended = [(tasks[row], each) for row, each in over.items()]
        for carrier, task in await digests.end_joined(session, over) if over else ():
            ended.append((task, over[carrier]))
        arrived = [
            task
            for task, each in ended
            if each["state"] == State.SENT and each["reason"] is None and task not in clear
        ]
        problems = [(task, each["reason"]) for task, each in ended if each["reason"] is not None]
        await repository.clear_problems(session, arrived)
        await repository.note_problems(session, problems, now)

    async def _reconsider(
        self,
        session: AsyncSession,
        rows: Sequence[Standing],
        changes: dict[int, Changes],
        now: datetime,
    ) -> None:
        """What did not leave after all may not be wanted any more, or not like this."""
        unsent = [
            row for row in rows if row.id in changes and changes[row.id]["state"] == State.RETRY
        ]
        if not unsent:
            return
        outdated = [
            row.id for row in unsent if row.reason == digests.ONE_LEFT and not row.is_repeat
        ]
        rebuilt = await digests.build_anew(session, outdated)
        ids = {*rebuilt, *(row.id for row in unsent)}
        await destinations.withdraw_stopped(session, ids, now)

    async def _write_rest(
        self, session: AsyncSession, rows: Sequence[Standing], changes: dict[int, Changes]
    ) -> None:
        """A report does not come without its beginning, nor its end before that."""
        given_up = (State.FAILED, State.HELD, State.MISSED, State.WITHDRAWN)
        stopped = [row for row, each in changes.items() if each["state"] in given_up]
        await repository.end_rest(session, stopped)
        # All that becomes of a held one here: its answer came after all.
        arrived = [row.id for row in rows if row.state == State.HELD and row.id in changes]
        await repository.reopen_rest(session, arrived)


_MAY_HAVE_ARRIVED = (State.SENDING, State.RESEND, State.HELD)


def _let_go(now: datetime) -> Changes:
    return {"owner": None, "lease_until": None, "updated_at": now}


def _finish(state: State, now: datetime) -> Changes:
    # Telling the owner is a step of its own: a crash before it must not lose it.
    told = {"is_untold": state == State.HELD}
    return {"state": state, "lease_until": None, "updated_at": now, "finished_at": now, **told}


def _given_up(now: datetime) -> Changes:
    return _finish(State.WITHDRAWN, now) | {"reason": None, "is_untold": True}


def _waits_long(row: Standing, at: datetime) -> bool:
    """Whether it is sure now, and was not before this try, that it is `LONG_WAIT` behind."""
    is_scheduled = not row.slot.startswith((TRIAL, SUPPLEMENT))
    # `updated_at`: when the try began. A worker that was away has kept it waiting itself.
    return is_scheduled and row.updated_at < row.due_at + LONG_WAIT <= at


def _lose(row: Standing, now: datetime) -> Changes:
    # The owner stays: should he learn after all that it arrived, he may still say so.
    if row.is_repeat or row.on_lost_answer == "hold":
        return _finish(State.HELD, now) | {"reason": LOST_ANSWER}
    again = {"state": State.RESEND, "is_repeat": True, "attempt": 0, "next_try_at": None}
    return {**again, "lease_until": None, "updated_at": now, "reason": LOST_ANSWER}


def _give_back(row: Standing, now: datetime) -> Changes:
    match row.state:
        case State.SENDING:
            return _lose(row, now)
        case State.BUILDING:
            return {**_let_go(now), "state": State.DUE}
        case _:
            state = State.RESEND if row.is_repeat else State.READY
            return {**_let_go(now), "state": state}


def _too_late(row: Standing, now: datetime) -> Changes:
    if row.is_repeat:
        # Its first copy may have arrived: that is not missed, it is not known.
        return _finish(State.HELD, now) | {"reason": LOST_ANSWER}
    if row.slot.startswith(SUPPLEMENT):
        return _given_up(now)
    # Somebody pressed a button for a trial, and waits.
    is_untold = row.slot.startswith(TRIAL)
    return _finish(State.MISSED, now) | {"reason": TOO_LATE, "is_untold": is_untold}


def _is_written(row: Standing, written: Changes | None) -> bool:
    return (
        written is not None
        and row.state == written["state"]
        and row.updated_at == written["updated_at"]
    )
