"""The outbox: reports on their way into chats."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from itertools import groupby
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    Select,
    String,
    Table,
    Update,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, aliased

from core.database.id_lists import among
from core.database.models import Delivery, ReportTask
from core.database.repositories.delivery_states import (
    IN_HAND,
    NEVER_MADE,
    PAUSED,
    SENDABLE,
    SUPPLEMENT,
    TRIAL,
    WAITING,
    State,
)
from core.database.repositories.digests import (
    FIRST_ATTEMPT,
    REST_OF_BEGUN,
    rest_of_begun,
    take_apart,
)
from core.database.session import insert_for

Changes = dict[str, Any]

REST_WINDOW = timedelta(hours=6)
"""How much longer than the first part of a report the others may take: it has begun."""
SUPPLEMENT_WINDOW = timedelta(days=1)
"""How long after its slot a report is completed; then the next one is about other days."""
JUST_COME = timedelta(minutes=1)
"""A slot may come while somebody who has looked at the clock waits for his transaction."""


_ROW = "row"


@dataclass(slots=True)
class Standing:
    """What a move of a delivery is decided by."""

    id: int
    task_id: int
    slot: str
    due_at: datetime
    state: str
    owner: str | None
    attempt: int
    is_repeat: bool
    reason: str | None
    updated_at: datetime
    on_lost_answer: str
    has_problem: bool
    """Its destination remembers a report that did not arrive."""


# The states of both claims stand in the statement as literals: a plan made for any states could
# not use an index of only these.


async def claim_due(
    session: AsyncSession, count: int, now: datetime, claim: Changes
) -> list[Delivery]:
    # Who was not tried yet goes first: what fails over and over must not hold up the others.
    first = (Delivery.attempt, *_order(Delivery))
    is_due = Delivery.state == literal(State.DUE, String, literal_execute=True)
    # A clock that was ahead for a moment may have written down what has yet to come.
    has_come = Delivery.due_at <= now
    return await _claim(session, count, now, claim, first, is_due, has_come)


async def claim_ready(
    session: AsyncSession, count: int, now: datetime, claim: Changes
) -> list[Delivery]:
    """Only the head of each chat: what is younger waits until it is finished."""
    states = bindparam("states", SENDABLE, String, expanding=True, literal_execute=True)
    sendable = Delivery.state.in_(states)
    return await _claim(session, count, now, claim, _order(Delivery), sendable, _IS_HEAD)


async def _claim(
    session: AsyncSession,
    count: int,
    now: datetime,
    claim: Changes,
    order: Sequence[InstrumentedAttribute[Any]],
    *conditions: ColumnElement[bool],
) -> list[Delivery]:
    # Two statements on purpose: PostgreSQL may run a subquery with a LIMIT more than once.
    ids = await session.scalars(
        select(Delivery.id)
        .where(
            Delivery.finished_at.is_(None),
            Delivery.deadline_at > now,
            or_(Delivery.next_try_at.is_(None), Delivery.next_try_at <= now),
            *conditions,
        )
        .order_by(*order)
        .limit(count)
        .with_for_update(skip_locked=True)
    )
    chosen = ids.all()
    if not chosen:
        return []
    claimed = await session.scalars(
        update(Delivery)
        .where(Delivery.id.in_(chosen))
        .values(claim)
        .returning(Delivery)
        .execution_options(synchronize_session=False)
    )
    place = {row: number for number, row in enumerate(chosen)}
    return sorted(claimed, key=lambda row: place[row.id])


def _order(row: type[Delivery]) -> Sequence[InstrumentedAttribute[Any]]:
    """What goes first in a chat. The parts of one report stay together."""
    return (row.due_at, row.task_id, row.part, row.id)


def _is_first_in_chat() -> ColumnElement[bool]:
    other = aliased(Delivery)
    earlier = other.due_at < Delivery.due_at
    older = tuple_(*_order(other)) < tuple_(*_order(Delivery))
    return ~exists().where(
        other.chat_id == Delivery.chat_id,
        other.finished_at.is_(None),
        other.id != Delivery.id,
        or_(
            other.state.in_((State.CLAIMED, State.SENDING)),
            and_(other.state.in_(SENDABLE), older),
            # Not built yet, but about to be. One whose build failed has lost its place.
            and_(other.state.in_((State.DUE, State.BUILDING)), other.attempt == 0, earlier),
        ),
    )


# Put together once: each claim asks for it.
_IS_HEAD = _is_first_in_chat()

_STANDING = select(
    Delivery.id,
    Delivery.task_id,
    Delivery.slot,
    Delivery.due_at,
    Delivery.state,
    Delivery.owner,
    Delivery.attempt,
    Delivery.is_repeat,
    Delivery.reason,
    Delivery.updated_at,
    ReportTask.on_lost_answer,
    ReportTask.problem.is_not(None),
).join(ReportTask, ReportTask.id == Delivery.task_id)
# Put together once: every step of every report asks.
_THESE = (
    _STANDING.where(Delivery.id.in_(bindparam("ids", expanding=True)))
    .order_by(Delivery.id)
    .with_for_update(of=Delivery)
)


async def standing(session: AsyncSession, ids: Collection[int]) -> list[Standing]:
    """Where these deliveries stand, locked until the end of the transaction."""
    return _standings(await session.execute(_THESE, {"ids": list(ids)}))


def _standings(rows: Iterable[Any]) -> list[Standing]:
    return [Standing(*row) for row in rows]


def going_to(*of_tasks: ColumnElement[bool]) -> ColumnElement[bool]:
    """Deliveries to these destinations."""
    return Delivery.task_id.in_(select(ReportTask.id).where(*of_tasks))


async def _standing(
    session: AsyncSession, *conditions: ColumnElement[bool], skip_locked: bool = False
) -> list[Standing]:
    # Not by the number as it is: to have that order for nothing SQLite goes through all that was
    # ever delivered, instead of the index of what is open.
    query = _STANDING.where(*conditions).order_by(Delivery.id + 0)
    return _standings(
        await session.execute(query.with_for_update(of=Delivery, skip_locked=skip_locked))
    )


async def orphans(
    session: AsyncSession, now: datetime, *, dead_owners: str, owner: str, alive: Collection[int]
) -> list[Standing]:
    """What is in nobody's hand any more: its lease is over, or its owner had an earlier life."""
    return await _standing(
        session,
        Delivery.finished_at.is_(None),
        Delivery.state.in_(IN_HAND),
        ~among(session, Delivery.id, list(alive)),
        or_(
            Delivery.lease_until <= now,
            and_(Delivery.owner.startswith(dead_owners), Delivery.owner != owner),
        ),
        skip_locked=True,
    )


async def overdue(session: AsyncSession, now: datetime) -> list[Standing]:
    """Open deliveries past their deadline, except those whose bytes may be on their way.

    The parts of one report in their order.
    """
    return await _standing(
        session,
        Delivery.finished_at.is_(None),
        Delivery.deadline_at <= now,
        Delivery.state.not_in((State.SENDING, State.JOINED)),
        skip_locked=True,
    )


async def held_by(session: AsyncSession, owner: str) -> list[Standing]:
    return await _standing(
        session,
        Delivery.finished_at.is_(None),
        Delivery.state.in_(IN_HAND),
        Delivery.owner == owner,
    )


async def save(session: AsyncSession, changes: Mapping[int, Changes]) -> None:
    """Write these columns of these deliveries."""

    def columns(change: tuple[int, Changes]) -> list[str]:
        return sorted(change[1])

    for names, alike in groupby(sorted(changes.items(), key=columns), key=columns):
        rows = [{_ROW: row, **change} for row, change in alike]
        await session.execute(_change(tuple(names)), rows)


@cache
def _change(names: tuple[str, ...]) -> Update:
    """Of these columns of one delivery: there are few such statements, put together once."""
    table = cast("Table", Delivery.__table__)
    values: Changes = {name: bindparam(name) for name in names}
    return update(table).where(table.c.id == bindparam(_ROW)).values(values)


async def add_parts(
    session: AsyncSession, delivery_id: int, payloads: Sequence[dict[str, Any]], now: datetime
) -> None:
    """What follows a delivery that is too long for one message, ready to be sent as well."""
    first = await session.get_one(Delivery, delivery_id, populate_existing=True)
    deadline_at = first.deadline_at + REST_WINDOW
    rows = [
        {**_like(first, now), "deadline_at": deadline_at, "part": part, "payload": payload}
        for part, payload in enumerate(payloads, 1)
    ]
    await session.execute(insert_for(session, Delivery).values(rows).on_conflict_do_nothing())


async def add_supplement(
    session: AsyncSession, delivery_id: int, at: datetime, now: datetime
) -> None:
    """The same report once more, to be built from `at` on; nothing in its chat waits for it.

    It makes no sound: one report rings once, and Avito may answer in the night.
    """
    first = await session.get_one(Delivery, delivery_id, populate_existing=True)
    row = {
        **_like(first, now),
        **{"slot": SUPPLEMENT + first.slot, "state": State.DUE, "attempt": 1, "next_try_at": at},
        **{"deadline_at": completed_until(first), "is_silent": True},
    }
    await session.execute(insert_for(session, Delivery).values(row).on_conflict_do_nothing())


async def is_told_later(session: AsyncSession, supplement: Delivery) -> bool:
    """Whether a later report of the schedule, made or on its way, tells of the same days."""
    later = await session.scalar(
        select(Delivery.id)
        .where(
            Delivery.task_id == supplement.task_id,
            Delivery.due_at > supplement.due_at,
            Delivery.first_day <= supplement.first_day,
            Delivery.last_day >= supplement.last_day,
            Delivery.state.not_in(NEVER_MADE),
            is_scheduled(),
        )
        .limit(1)
    )
    return later is not None


async def is_cut_leaving(session: AsyncSession, supplement: Delivery) -> bool:
    """Whether what this adds to is still on its way."""
    cut = await session.scalar(
        _cut(supplement).with_only_columns(Delivery.id).where(Delivery.finished_at.is_(None))
    )
    return cut is not None


async def cut_message(session: AsyncSession, supplement: Delivery) -> int | None:
    """The message in its chat that this adds to; None where that is not known to be there."""
    return await session.scalar(
        _cut(supplement)
        .with_only_columns(Delivery.message_id)
        .where(Delivery.state == State.SENT, Delivery.chat_id == supplement.chat_id)
    )


def _cut(supplement: Delivery) -> Select[Delivery]:
    """What left without a part of its day."""
    return select(Delivery).where(
        Delivery.task_id == supplement.task_id,
        Delivery.slot == supplement.slot.removeprefix(SUPPLEMENT),
        Delivery.part == 0,
    )


def completed_until(delivery: Delivery) -> datetime:
    """Until when the whole of a report that leaves without a part of its day may follow."""
    return max(delivery.deadline_at, delivery.due_at + SUPPLEMENT_WINDOW)


def _like(delivery: Delivery, now: datetime) -> Changes:
    shared = (
        *("task_id", "slot", "due_at", "deadline_at", "first_day", "last_day"),
        *("chat_id", "thread_id", "is_silent", "state", "attempt"),
    )
    return {"updated_at": now, **{column: getattr(delivery, column) for column in shared}}


_FIRST = aliased(Delivery)
"""The part that others follow."""


async def end_rest(session: AsyncSession, ids: Collection[int]) -> None:
    """What follows a part that was given up is given up with it, before any of it leaves."""
    given_up = {
        Delivery.state: _FIRST.state,
        Delivery.reason: _FIRST.reason,
        Delivery.updated_at: _FIRST.updated_at,
        Delivery.finished_at: _FIRST.finished_at,
    }
    await _change_rest(session, ids, given_up, Delivery.finished_at.is_(None))


async def reopen_rest(session: AsyncSession, ids: Collection[int]) -> None:
    """What was given up together with these parts goes after them, and where they go."""
    ready = {
        Delivery.state: State.READY,
        Delivery.reason: null(),
        Delivery.chat_id: _FIRST.chat_id,
        Delivery.thread_id: _FIRST.thread_id,
        Delivery.deadline_at: _FIRST.deadline_at,
        Delivery.updated_at: _FIRST.updated_at,
        Delivery.finished_at: null(),
    }
    given_up = (Delivery.finished_at.is_not(None), Delivery.state != State.SENT)
    await _change_rest(session, ids, ready, *given_up)


async def _change_rest(
    session: AsyncSession,
    ids: Collection[int],
    values: dict[Any, Any],
    *conditions: ColumnElement[bool],
) -> None:
    if ids:
        await session.execute(
            update(Delivery)
            .where(
                _FIRST.id.in_(ids),
                Delivery.task_id == _FIRST.task_id,
                Delivery.slot == _FIRST.slot,
                Delivery.part > _FIRST.part,
                *conditions,
            )
            .values(values)
            .execution_options(synchronize_session=False)
        )


async def note_problems(
    session: AsyncSession, problems: Sequence[tuple[int, str]], now: datetime
) -> None:
    """Remember at the destinations what became of a report that did not arrive."""
    if problems:
        await session.execute(
            update(ReportTask),
            [{"id": task, "problem": why[:64], "problem_at": now} for task, why in problems],
        )


async def clear_problems(session: AsyncSession, task_ids: Collection[int]) -> None:
    if task_ids:
        await session.execute(
            update(ReportTask)
            .where(among(session, ReportTask.id, list(task_ids)), ReportTask.problem.is_not(None))
            .values(problem=None, problem_at=None)
            .execution_options(synchronize_session=False)
        )


async def undo_early(session: AsyncSession, now: datetime) -> set[int]:
    """Undo what was done to deliveries by a clock that was ahead of `now`.

    Slots that have not come are forgotten, except what may have arrived; what was closed as
    missed before its deadline is put on its way again. Returns whose slots are forgotten.
    """
    tasks: set[int] = set()
    await take_apart(
        session, and_(Delivery.finished_at.is_(None), Delivery.due_at > now + JUST_COME)
    )
    # One after the other: SQLite has no index for both at a time.
    for is_early in (Delivery.finished_at.is_(None), Delivery.finished_at > now):
        forgotten = await session.scalars(
            delete(Delivery)
            .where(
                is_early,
                Delivery.due_at > now + JUST_COME,
                Delivery.state.in_((*WAITING, *NEVER_MADE)),
                ~Delivery.is_repeat,
                Delivery.id.not_in(REST_OF_BEGUN),
                is_scheduled(),
            )
            .returning(Delivery.task_id)
            .execution_options(synchronize_session=False)
        )
        tasks.update(forgotten)
    await reopen(session, now, Delivery.state == State.MISSED, Delivery.finished_at > now)
    return tasks


async def withdraw(
    session: AsyncSession,
    now: datetime,
    destinations: ColumnElement[bool],
    reason: str = PAUSED,
    *,
    trials_too: bool = False,
) -> None:
    """Close the reports to these destinations that have not left.

    What may have left is brought to its end, with a marked repeat if need be.
    """
    waiting = going_to(destinations)
    if not trials_too:
        waiting &= ~Delivery.slot.startswith(TRIAL)
    await withdraw_these(session, now, waiting, reason)


async def withdraw_these(
    session: AsyncSession, now: datetime, deliveries: ColumnElement[bool], reason: str
) -> None:
    """Close what has not left of these deliveries.

    The rest of a message that tells of others too, and has begun to come, is brought to its end.
    """
    are_open = and_(Delivery.finished_at.is_(None), deliveries)
    await take_apart(session, are_open)
    begun = await rest_of_begun(session, deliveries)
    withdrawn = await session.scalars(
        update(Delivery)
        .where(
            are_open,
            Delivery.state.in_(WAITING),
            ~Delivery.is_repeat,
            Delivery.id.not_in(begun),
        )
        .values(
            state=State.WITHDRAWN,
            owner=None,
            lease_until=None,
            reason=reason,
            updated_at=now,
            finished_at=now,
        )
        .returning(Delivery.task_id)
        .execution_options(synchronize_session=False)
    )
    await note_problems(session, [(task, reason) for task in set(withdrawn)], now)


async def reopen(session: AsyncSession, now: datetime, *conditions: ColumnElement[bool]) -> None:
    """Put closed deliveries on their way again, from where they stood, if it is not too late."""
    reopened = await session.scalars(
        update(Delivery)
        .where(Delivery.deadline_at > now, *conditions)
        .values(
            state=case(
                (Delivery.carrier_id.is_not(None), State.JOINED),
                (Delivery.payload.is_(None), State.DUE),
                else_=State.READY,
            ),
            attempt=FIRST_ATTEMPT,
            next_try_at=None,
            reason=None,
            updated_at=now,
            finished_at=None,
        )
        .returning(Delivery.task_id)
        .execution_options(synchronize_session=False)
    )
    await clear_problems(session, set(reopened))


def is_scheduled() -> ColumnElement[bool]:
    """Whether it is the report of a slot itself: no trial, and no supplement to it."""
    return and_(~Delivery.slot.startswith(TRIAL), ~Delivery.slot.startswith(SUPPLEMENT))


def reported_until() -> ScalarSelect[date]:
    """The last day that is reported to the `ReportTask` of the query around it.

    What is on its way, or may have arrived, counts; a trial does not.
    """
    return (
        select(func.max(Delivery.last_day))
        .where(
            Delivery.task_id == ReportTask.id,
            Delivery.state.not_in(NEVER_MADE),
            is_scheduled(),
        )
        .correlate(ReportTask)
        .scalar_subquery()
    )


async def sent_since(session: AsyncSession, since: datetime) -> list[tuple[int, datetime]]:
    """Into which chats reports were sent, and when, oldest first."""
    rows = await session.execute(
        select(Delivery.chat_id, Delivery.finished_at)
        .where(
            Delivery.state == State.SENT,
            Delivery.finished_at > since,
            # What a carrier carried was no message of its own.
            Delivery.carrier_id.is_(None),
        )
        .order_by(Delivery.finished_at)
    )
    return [(chat_id, sent_at) for chat_id, sent_at in rows if sent_at is not None]


_EARLIER = and_(
    Delivery.task_id == bindparam("task"),
    Delivery.due_at < bindparam("due_at"),
    Delivery.part == 0,
    is_scheduled(),
)
_LAST_SENT = (
    select(func.max(Delivery.due_at))
    .where(_EARLIER, Delivery.state == State.SENT)
    .scalar_subquery()
)
# Put together once: every report asks.
_MISSED_BEFORE = (
    select(Delivery.slot)
    .where(
        _EARLIER,
        Delivery.state == State.MISSED,
        or_(_LAST_SENT.is_(None), Delivery.due_at > _LAST_SENT),
    )
    .order_by(Delivery.due_at)
)


async def missed_before(session: AsyncSession, delivery: Delivery) -> list[str]:
    """The labels of the slots."""
    asked = {"task": delivery.task_id, "due_at": delivery.due_at}
    return list(await session.scalars(_MISSED_BEFORE, asked))


async def empty(session: AsyncSession, before: datetime) -> None:
    """Forget the texts of finished deliveries."""
    await session.execute(
        update(Delivery)
        .where(Delivery.finished_at < before, Delivery.payload.is_not(None))
        .values(payload=null())
    )


async def purge(session: AsyncSession, before: datetime) -> None:
    await session.execute(delete(Delivery).where(Delivery.finished_at < before))
