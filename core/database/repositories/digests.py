"""Deliveries of several profiles that are one message: its carrier, and what is joined to it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    null,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from core.database.models import AvitoProfile, Delivery, ReportTask
from core.database.repositories.delivery_states import NEVER_MADE, SUPPLEMENT, State

# Made once: an alias takes longer to learn its columns than most statements to run.
_CARRIER, _CARRIED, _ONE, _BEGINNING, _REST = (aliased(Delivery) for _ in range(5))
REST_OF_BEGUN = (
    select(_REST.id)
    .join(
        _BEGINNING,
        and_(
            _BEGINNING.task_id == _REST.task_id,
            _BEGINNING.slot == _REST.slot,
            _BEGINNING.part == 0,
            or_(
                _BEGINNING.state.in_((State.SENT, State.SENDING)),
                and_(_BEGINNING.is_repeat, _BEGINNING.finished_at.is_(None)),
            ),
        ),
    )
    .where(_REST.part > 0, _REST.finished_at.is_(None))
)
"""What is still to come of messages that have begun to come, or may have."""
_IS_FOLLOWED = exists().where(
    _REST.task_id == _ONE.task_id,
    _REST.slot == _ONE.slot,
    _REST.part > 0,
    or_(_REST.finished_at.is_(None), _REST.state == State.HELD),
)
"""Parts of it are to come, or to be decided about."""
FIRST_ATTEMPT = case((Delivery.slot.startswith(SUPPLEMENT), 1), else_=0)
"""Of what is to be made anew: nothing waits for a supplement."""
ONE_LEFT = "one_left"
"""Why a digest that is being sent is not to be sent like this again."""
ONE_MESSAGE = (
    *(Delivery.chat_id, Delivery.thread_id),
    *(Delivery.due_at, Delivery.deadline_at, Delivery.first_day, Delivery.last_day),
)
"""What deliveries for different profiles of one owner have in common that go in one message;
supplements go with supplements."""


async def claim_mates(
    session: AsyncSession, claimed: Collection[Delivery], now: datetime, claim: dict[str, Any]
) -> list[Delivery]:
    """Besides the claimed deliveries, what is due and goes in one message with any of them."""
    digests = (
        select(
            Delivery.id,
            AvitoProfile.owner_id,
            Delivery.slot.startswith(SUPPLEMENT),
            *ONE_MESSAGE,
        )
        .join(ReportTask, ReportTask.id == Delivery.task_id)
        .join(AvitoProfile, AvitoProfile.id == ReportTask.profile_id)
        .where(ReportTask.is_digest)
    )
    rows = await session.execute(digests.where(Delivery.id.in_([row.id for row in claimed])))
    wanted = {tuple(key) for _, *key in rows}
    if not wanted:
        return []
    due = digests.where(
        Delivery.chat_id.in_({row.chat_id for row in claimed}),
        Delivery.finished_at.is_(None),
        Delivery.state == State.DUE,
        or_(Delivery.next_try_at.is_(None), Delivery.next_try_at <= now),
    ).with_for_update(of=Delivery, skip_locked=True)
    mates = [row for row, *key in await session.execute(due) if tuple(key) in wanted]
    taken = await session.scalars(
        update(Delivery)
        .where(Delivery.id.in_(mates))
        .values(claim)
        .returning(Delivery)
        .execution_options(synchronize_session=False)
    )
    return list(taken)


async def join(
    session: AsyncSession, carrier_id: int, delivery_ids: Collection[int], now: datetime
) -> None:
    """These are told in the message of the carrier."""
    await session.execute(
        update(Delivery)
        .where(Delivery.id.in_(delivery_ids))
        .values(
            state=State.JOINED,
            carrier_id=carrier_id,
            owner=None,
            lease_until=None,
            updated_at=now,
        )
        .execution_options(synchronize_session=False)
    )


# Put together once: every message that was sent asks who goes with it.
_END_JOINED = (
    update(Delivery)
    .where(
        Delivery.carrier_id == _CARRIER.id,
        _CARRIER.id.in_(bindparam("carriers", expanding=True)),
    )
    .values(
        {
            column: getattr(_CARRIER, column.key)
            for column in (
                *(Delivery.state, Delivery.reason, Delivery.message_id),
                *(Delivery.updated_at, Delivery.finished_at),
            )
        }
    )
    .returning(Delivery.carrier_id, Delivery.task_id)
    .execution_options(synchronize_session=False)
)


async def end_joined(
    session: AsyncSession, carrier_ids: Collection[int]
) -> Sequence[Row[int, int]]:
    """What goes with carriers that are over is over as they are; carrier and task of each."""
    ended = await session.execute(_END_JOINED, {"carriers": list(carrier_ids)})
    return cast("Sequence[Row[int, int]]", ended.all())


async def told_in(session: AsyncSession, chat_id: int, message_id: int) -> Sequence[int]:
    """The ids of the profiles that a digest tells of, by its message.

    None where that is known no more: its text is forgotten, or its carrier gone from there.
    """
    came = _came_as(chat_id, message_id).where(Delivery.carrier_id.is_(None))
    payload = await session.scalar(came.with_only_columns(Delivery.payload))
    about: Sequence[int] = (payload or {}).get("about", ())
    return about


async def came_as(session: AsyncSession, chat_id: int, message_id: int) -> bool:
    """Whether this message came on schedule."""
    return await session.scalar(_came_as(chat_id, message_id)) is not None


def _came_as(chat_id: int, message_id: int) -> Select[int]:
    """One of the deliveries that this message brought, of a destination that is there still."""
    return (
        select(Delivery.id)
        .join(ReportTask, ReportTask.id == Delivery.task_id)
        .where(
            ReportTask.chat_id == chat_id,
            Delivery.chat_id == chat_id,
            Delivery.message_id == message_id,
        )
        .limit(1)
    )


async def went_ahead(session: AsyncSession, delivery: Delivery, owner_id: int) -> bool:
    """Whether a message of its slot was made without this one, which was to go in it."""
    made = await session.scalar(
        select(Delivery.id)
        .join(ReportTask, ReportTask.id == Delivery.task_id)
        .join(AvitoProfile, AvitoProfile.id == ReportTask.profile_id)
        .where(
            AvitoProfile.owner_id == owner_id,
            ReportTask.is_digest,
            *(column == getattr(delivery, column.key) for column in ONE_MESSAGE),
            ~Delivery.slot.startswith(SUPPLEMENT),
            Delivery.state.not_in((State.DUE, State.BUILDING, *NEVER_MADE)),
        )
        .limit(1)
    )
    return made is not None


async def take_apart(session: AsyncSession, leaving: ColumnElement[bool]) -> None:
    """Let the digests that these deliveries go in be built anew, if they cannot have left yet.

    Before the deliveries are withdrawn, or deleted (`part_with`): it also waits for whoever moves
    them. A move locks its deliveries first, a carrier before what it carries, and then writes at
    their destinations. A deletion goes the other way, so without this the two could wait for each
    other.
    """
    carriers = select(func.coalesce(Delivery.carrier_id, Delivery.id)).where(leaving)
    await session.execute(
        select(_ONE.id)
        .where(or_(_ONE.id.in_(carriers), _ONE.id.in_(select(Delivery.id).where(leaving))))
        .order_by(_ONE.carrier_id.is_not(None), _ONE.id)
        .with_for_update()
    )
    # Asked once more: a digest that was just being made is known only now.
    found = await session.scalars(
        select(_ONE.id)
        .where(
            _ONE.id.in_(carriers),
            _ONE.state.in_((State.READY, State.CLAIMED, State.RETRY)),
            ~_ONE.is_repeat,
            exists().where(_CARRIED.carrier_id == _ONE.id),
        )
        .order_by(_ONE.id)
        .with_for_update()
    )
    await build_anew(session, found.all())


async def build_anew(session: AsyncSession, digests: Collection[int]) -> Collection[int]:
    """Let what goes in the messages of these carriers be built once more; returns all of it."""
    if not digests:
        return ()
    told = or_(_ONE.id.in_(digests), _ONE.carrier_id.in_(digests))
    reports = select(_ONE.task_id, _ONE.slot).where(told)
    # What is built next may be whole.
    supplements = select(_ONE.task_id, SUPPLEMENT + _ONE.slot).where(told)
    report = tuple_(Delivery.task_id, Delivery.slot)
    await session.execute(
        delete(Delivery).where(
            or_(and_(Delivery.part > 0, report.in_(reports)), report.in_(supplements))
        )
    )
    rebuilt = await session.scalars(
        update(Delivery)
        .where(or_(Delivery.id.in_(digests), Delivery.carrier_id.in_(digests)))
        .values(
            state=State.DUE,
            carrier_id=None,
            payload=null(),
            attempt=FIRST_ATTEMPT,
            next_try_at=None,
            owner=None,
            lease_until=None,
            reason=None,
        )
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    )
    return rebuilt.all()


async def rest_of_begun(session: AsyncSession, leaving: ColumnElement[bool]) -> Sequence[int]:
    """The parts that are still to come of messages that also tell of others than `leaving`."""
    found = await session.scalars(
        REST_OF_BEGUN.join(Delivery, Delivery.carrier_id == _BEGINNING.id)
        .where(~leaving)
        .distinct()
    )
    return found.all()


async def part_with(session: AsyncSession, leaving: ColumnElement[bool]) -> None:
    """Before these deliveries are deleted: the digests they go in are settled without them.

    One that may have left keeps its number, by which its sender and the question to its owner
    know it, and passes to another destination that it tells of. So does one that has begun to
    come: its rest tells of others too.
    """
    await take_apart(session, leaving)
    found = await session.execute(
        select(_ONE, _ONE.id.in_(select(Delivery.id).where(leaving)))
        .where(
            _ONE.id.in_(select(func.coalesce(Delivery.carrier_id, Delivery.id)).where(leaving)),
            exists().where(
                _CARRIED.carrier_id == _ONE.id,
                or_(_CARRIED.state.in_((State.JOINED, State.HELD)), _IS_FOLLOWED),
            ),
        )
        .order_by(_ONE.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    for carrier, is_leaving in found.all():
        if carrier.state == State.SENDING:
            carrier.reason = ONE_LEFT
        if is_leaving:
            await _hand_over(session, carrier, leaving)
    await session.flush()


async def _hand_over(
    session: AsyncSession, carrier: Delivery, leaving: ColumnElement[bool]
) -> None:
    """The carrier, and what follows it, takes the place of one that it carries and that stays."""
    task = aliased(ReportTask)
    heir = await session.scalar(
        select(Delivery)
        .join(task, task.id == Delivery.task_id)
        .where(Delivery.carrier_id == carrier.id, ~leaving)
        # The most careful carries.
        .order_by(task.on_lost_answer != "hold", Delivery.id)
        .limit(1)
    )
    if heir is None:
        return
    await session.execute(delete(Delivery).where(Delivery.id == heir.id))
    await session.execute(
        update(Delivery)
        .where(Delivery.task_id == carrier.task_id, Delivery.slot == carrier.slot)
        .values(task_id=heir.task_id, slot=heir.slot)
    )
