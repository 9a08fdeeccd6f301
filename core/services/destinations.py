"""Destinations: where the scheduled reports of a profile go, and what happens to those places."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import Select, and_, case, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from core.database.models import AvitoProfile, Delivery, ReportTask
from core.database.repositories import dialogues, digests, outbox
from core.database.repositories.delivery_states import PAUSED, TRIAL, State
from core.errors import DestinationNotFound
from core.services import deliveries, schedule
from core.services.deliveries import Waiting

TITLE_LIMIT = 255
PLACES_LIMIT = 20
"""Destinations of one profile: each is a button, and a message to send at the same minute."""
QUIET = timedelta(minutes=10)
"""How long after it was told that a place is gone the same is not told again."""
_MAY_HAVE_ARRIVED = (State.JOINED, State.SENDING, State.SENT, State.RESEND, State.HELD)
"""Joined to what cannot be built anew any more, that is."""
_CHOSEN_AT_PLACE = (
    *("report_metrics", "is_active", "is_silent", "has_chart", "on_lost_answer", "is_digest"),
    *("suspended", "told", "told_at"),
)
"""What a destination does not share with the others of its profile, and what is known of it."""


class Trouble(StrEnum):
    """Why Telegram will not let the bot post in a chat."""

    KICKED = "kicked"
    """Thrown out of a group or a channel, or it left."""
    BLOCKED = "blocked"
    """The person of a private chat stopped the bot."""
    NO_RIGHTS = "no_rights"
    """It is there and may not write."""
    CHAT_GONE = "chat_gone"
    """Deleted, deactivated, or not known any more."""


class Refusal(StrEnum):
    """Why a place is not set although nothing keeps the bot from posting in its chat."""

    NOT_ADMIN = "not_admin"
    """The person is no administrator of the channel."""
    NOT_MEMBER = "not_member"
    """The person is not in the chat."""
    HIDDEN = "hidden"
    """Telegram does not tell the bot who is in the chat."""
    NO_TOPIC = "no_topic"
    """There is no such topic in the chat."""
    NO_ANSWER = "no_answer"
    """Telegram could not be asked."""


NO_SAY = frozenset({Refusal.NOT_ADMIN, Refusal.NOT_MEMBER})
"""The person has no say about reports there: by these a destination can be suspended too."""


class LostAnswer(StrEnum):
    """What becomes of a report when Telegram's answer to it was lost."""

    RESEND = "resend"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Place:
    """A chat, or one topic of a forum (`thread_id`, 0 outside of topics)."""

    chat_id: int
    thread_id: int
    title: str | None
    type: str
    """`private` | `group` | `supergroup` | `channel`."""
    topic: str | None = None
    """The name of the topic, where Telegram has mentioned it."""


@dataclass(frozen=True, slots=True)
class Destination:
    """A destination with the profile whose reports go there."""

    task: ReportTask
    profile: AvitoProfile
    reported_until: date | None = None
    """The last day that is reported there, where that was looked up."""
    others: Sequence[Destination] = ()
    """What else its owner's profiles have at the same place, where that was looked up."""
    waiting: Sequence[Waiting] = ()
    """Reports that should have come there and wait for Avito, where that was looked up."""


class Seat(NamedTuple):
    """A chat, and somebody by whose word reports go there."""

    chat_id: int
    chat_type: str | None
    owner_id: int


def is_private(destination: Destination) -> bool:
    """Reports go to their owner himself: nobody else has a say there."""
    return destination.task.chat_id == destination.profile.owner_id


@dataclass(frozen=True, slots=True)
class Bound:
    destination: Destination
    is_new: bool
    """False: the profile reported there already."""
    has_room: bool
    """The profile may report at more places."""
    has_others: bool
    """Its owner has profiles that do not report there."""


async def owned(session: AsyncSession, owner_id: int, task_id: int) -> Destination:
    """The destination, if it is of this owner's profile; else `DestinationNotFound`.

    With the others of his at the same place, and what waits for Avito.
    """
    row = (
        await session.execute(
            _with_profiles()
            .add_columns(outbox.reported_until())
            .where(
                ReportTask.id == task_id,
                ReportTask.chat_id != 0,
                AvitoProfile.owner_id == owner_id,
            )
        )
    ).one_or_none()
    if row is None:
        raise DestinationNotFound(task_id)
    found = Destination(*row)
    return replace(
        found,
        others=await _beside(session, found.task, owner_id),
        waiting=await deliveries.waiting_at(session, task_id),
    )


async def _beside(session: AsyncSession, task: ReportTask, owner_id: int) -> list[Destination]:
    rows = await session.execute(
        _with_profiles()
        .add_columns(outbox.reported_until())
        .where(
            AvitoProfile.owner_id == owner_id,
            ReportTask.profile_id != task.profile_id,
            ReportTask.chat_id == task.chat_id,
            ReportTask.thread_id == task.thread_id,
        )
        .order_by(ReportTask.id)
    )
    return [Destination(*row) for row in rows]


async def listing(session: AsyncSession, profile_id: int) -> list[ReportTask]:
    """The destinations of a profile, in the order they were set."""
    tasks = await session.scalars(
        select(ReportTask)
        .where(ReportTask.profile_id == profile_id, ReportTask.chat_id != 0)
        .order_by(ReportTask.id)
    )
    return list(tasks)


async def bound_here(session: AsyncSession, chat_id: int, thread_id: int) -> list[AvitoProfile]:
    """The profiles that report at this place, whoever owns them; each once.

    Not those whose owners have no say there any more.
    """
    here = select(ReportTask.profile_id).where(
        ReportTask.chat_id == chat_id,
        ReportTask.thread_id == thread_id,
        func.coalesce(ReportTask.suspended, "").not_in(NO_SAY),
    )
    profiles = await session.scalars(
        select(AvitoProfile).where(AvitoProfile.id.in_(here)).order_by(AvitoProfile.id)
    )
    return list(profiles)


async def bind(
    session: AsyncSession, profile: AvitoProfile, place: Place, now: datetime
) -> Bound | None:
    """Let the profile report at this place, which was checked before.

    A place that was set already is not doubled: it is only known to be good again. None: the
    profile reports at as many places as it may.
    """
    # Two presses at a time must not both find the place free.
    await session.execute(
        select(AvitoProfile.id)
        .where(AvitoProfile.id == profile.id)
        .with_for_update(key_share=True)
    )
    tasks = (
        await session.scalars(
            select(ReportTask)
            .where(ReportTask.profile_id == profile.id)
            .order_by(ReportTask.id)
            .execution_options(populate_existing=True)
        )
    ).all()
    where = (place.chat_id, place.thread_id)
    task = next((task for task in tasks if (task.chat_id, task.thread_id) == where), None)
    is_new = task is None
    places = sum(task.chat_id != 0 for task in tasks) + is_new
    if places > PLACES_LIMIT:
        return None
    if task is None:
        # What was chosen before there was any place waits in a row without one.
        task = next((task for task in tasks if task.chat_id == 0), None)
    if task is None:
        task = _like(tasks[0]) if tasks else ReportTask()
        task.profile_id = profile.id
        session.add(task)
    task.chat_id, task.thread_id = where
    task.chat_title = place.title[:TITLE_LIMIT] if place.title else None
    task.chat_type = place.type
    task.topic_name = place.topic or task.topic_name
    task.suspended = task.told = None
    if is_new:
        task.is_active = True
        beside = await _beside(session, task, profile.owner_id)
        task.is_digest = any(other.task.is_digest for other in beside)
    await session.flush()
    await schedule.reschedule(session, profile, now)
    return Bound(
        Destination(task, profile),
        is_new,
        has_room=places < PLACES_LIMIT,
        has_others=await _has_others(session, profile.owner_id, place),
    )


async def _has_others(session: AsyncSession, owner_id: int, place: Place) -> bool:
    there = select(ReportTask.profile_id).where(
        ReportTask.chat_id == place.chat_id, ReportTask.thread_id == place.thread_id
    )
    other = select(AvitoProfile.id).where(
        AvitoProfile.owner_id == owner_id, AvitoProfile.id.not_in(there)
    )
    return bool(await session.scalar(select(other.exists())))


def _like(task: ReportTask) -> ReportTask:
    """A task with the period, which is chosen for the whole profile."""
    return ReportTask(report_period=task.report_period, is_period_set=task.is_period_set)


async def pause(session: AsyncSession, destination: Destination, now: datetime) -> None:
    """Nothing more comes, except what may have left already."""
    await outbox.withdraw(session, now, ReportTask.id == destination.task.id)
    destination.task.is_active = False
    await schedule.reschedule(session, destination.profile, now)


async def resume(session: AsyncSession, destination: Destination, now: datetime) -> None:
    destination.task.is_active = True
    await schedule.undo_slip(session, destination.profile, now)
    await schedule.reschedule(session, destination.profile, now)


async def unbind(session: AsyncSession, destination: Destination) -> None:
    """Send no more reports there, those on their way included.

    The last destination leaves what was chosen for the profile behind, in a row without a chat.
    """
    task = destination.task
    if len(await listing(session, task.profile_id)) == 1:
        rest = _like(task)
        rest.profile_id = task.profile_id
        session.add(rest)
    await digests.part_with(session, outbox.going_to(ReportTask.id == task.id))
    await session.delete(task)
    await session.flush()


async def suspend_chat(
    session: AsyncSession, chat_id: int, trouble: Trouble, now: datetime
) -> list[Destination]:
    """Send nothing into this chat until `resume_chat`, in none of its topics.

    What is due there has to be written down before, or its slot is skipped. Returns all of them
    there, for `news`.
    """
    there = [d for d in await _in_chat(session, chat_id) if d.task.suspended not in NO_SAY]
    await _suspend(session, there, trouble, now)
    return there


async def suspend_owner(
    session: AsyncSession, chat_id: int, owner_id: int, why: Refusal, now: datetime
) -> list[Destination]:
    """Send none of this owner's reports into the chat: he has no say there any more.

    Until he has it checked: neither his return nor the bot's is his word for it. What has not
    left is withdrawn. Returns all of his there, for `news`.
    """
    theirs = [d for d in await _in_chat(session, chat_id) if d.profile.owner_id == owner_id]
    await _suspend(session, theirs, why, now)
    # A report that waits for Avito or for its turn is one of them.
    affected = ReportTask.id.in_([destination.task.id for destination in theirs])
    await outbox.withdraw(session, now, affected, why.value, trials_too=True)
    return theirs


async def withdraw_stopped(
    session: AsyncSession, delivery_ids: Collection[int], now: datetime
) -> None:
    """Withdraw what has not left after all, where its owner may not or will not send any more.

    While it was being sent, neither a pause nor `suspend_owner` could.
    """
    has_no_say = ReportTask.suspended.in_(NO_SAY)
    is_paused = and_(
        or_(~ReportTask.is_active, ~AvitoProfile.is_report_active),
        ~Delivery.slot.startswith(TRIAL),
    )
    stopped = await session.execute(
        select(Delivery.id, case((has_no_say, ReportTask.suspended), else_=PAUSED))
        .join(ReportTask, ReportTask.id == Delivery.task_id)
        .join(AvitoProfile, AvitoProfile.id == ReportTask.profile_id)
        .where(
            or_(Delivery.id.in_(delivery_ids), Delivery.carrier_id.in_(delivery_ids)),
            or_(has_no_say, is_paused),
        )
    )
    reasons: defaultdict[str, list[int]] = defaultdict(list)
    for delivery_id, why in stopped:
        reasons[why].append(delivery_id)
    for why, ids in reasons.items():
        await outbox.withdraw_these(session, now, Delivery.id.in_(ids), why)


async def resume_chat(
    session: AsyncSession, chat_id: int, now: datetime, *, owner_id: int | None = None
) -> list[Destination]:
    """The bot may post there again, and `owner_id` has a say there. Returns what is resumed."""
    resumed = [
        d
        for d in await _in_chat(session, chat_id)
        if d.task.suspended is not None
        and (d.task.suspended not in NO_SAY or d.profile.owner_id == owner_id)
    ]
    for destination in resumed:
        destination.task.suspended = None
    await _reschedule(session, resumed, now)
    return resumed


async def untold(session: AsyncSession) -> list[Destination]:
    """What is suspended without its owner having heard of it yet."""
    rows = await session.execute(
        _with_profiles()
        .where(ReportTask.suspended.is_not(None), ReportTask.told.is_(None))
        .order_by(ReportTask.id)
        .with_for_update(of=ReportTask)
    )
    return [Destination(*row) for row in rows]


def news(
    destinations: Iterable[Destination], now: datetime
) -> list[tuple[int, list[Destination]]]:
    """What has to be told now, as (owner, his destinations in one chat); it counts as told.

    A place that comes and goes is told of once in `QUIET`: that it is gone, and that it is back.
    What is kept back is found by `untold`, if it is still so.
    """
    groups: defaultdict[tuple[int, int], list[Destination]] = defaultdict(list)
    for destination in destinations:
        task, owner_id = destination.task, destination.profile.owner_id
        if not _is_news(task, now):
            continue
        task.told = task.suspended
        if task.suspended is not None:
            task.told_at = now
        # Who stopped the bot himself cannot be told so.
        if task.suspended is None or task.chat_id != owner_id:
            groups[owner_id, task.chat_id].append(destination)
    return [(owner_id, theirs) for (owner_id, _), theirs in groups.items()]


def _is_news(task: ReportTask, now: datetime) -> bool:
    if task.suspended is None:
        return task.told is not None
    if task.told is not None:
        return False
    # A clock that was set back must not keep it for longer.
    return task.told_at is None or not timedelta(0) <= now - task.told_at < QUIET


async def seats(session: AsyncSession) -> list[Seat]:
    """The groups and channels that reports go to, each with everybody who decided so.

    Also where they are paused: a pause of the whole profile can end without asking about each.
    """
    rows = await session.execute(
        select(ReportTask.chat_id, func.max(ReportTask.chat_type), AvitoProfile.owner_id)
        .join(AvitoProfile, AvitoProfile.id == ReportTask.profile_id)
        .where(ReportTask.chat_id < 0, ReportTask.suspended.is_(None))
        .group_by(ReportTask.chat_id, AvitoProfile.owner_id)
        .order_by(ReportTask.chat_id, AvitoProfile.owner_id)
    )
    return [Seat(*row) for row in rows]


async def migrate_chat(
    session: AsyncSession, old_chat_id: int, new_chat_id: int, now: datetime
) -> list[Destination]:
    """A group became a supergroup: move its destinations and the reports on their way there.

    Returns the moved ones, for `news`. Telegram tells it up to three times; only the first finds
    any.
    """
    await dialogues.move(session, old_chat_id, new_chat_id)
    # Even if no destination is left there: a report may have been written down a moment ago.
    await session.execute(
        update(Delivery)
        .where(Delivery.chat_id == old_chat_id, Delivery.finished_at.is_(None))
        .values(chat_id=new_chat_id, updated_at=now)
    )
    moved = await _in_chat(session, old_chat_id)
    if not moved:
        return []
    there = {
        (d.profile.id, d.task.thread_id): d.task for d in await _in_chat(session, new_chat_id)
    }
    bound_anew = {profile_id for profile_id, _ in there}
    for destination in moved:
        task = destination.task
        twin = there.get((task.profile_id, task.thread_id))
        if twin is not None:
            await _absorb(session, task, twin, now)
        elif task.suspended not in NO_SAY:
            task.suspended = None
        task.chat_id, task.chat_type = new_chat_id, "supergroup"
    await session.flush()
    stale = [d for d in moved if d.task.next_due_at is None or d.profile.id in bound_anew]
    await _reschedule(session, stale, now)
    return moved


async def _absorb(
    session: AsyncSession, task: ReportTask, twin: ReportTask, now: datetime
) -> None:
    """Bound anew by hand before we heard of a move: one of the two would be a double.

    What is on its way to the twin, or came there, is the task's own from here on, and so is what
    was chosen there: it is the newer word.
    """
    await digests.take_apart(session, outbox.going_to(ReportTask.id.in_((task.id, twin.id))))
    arrived = select(Delivery.slot).where(
        Delivery.task_id == twin.id, Delivery.state.in_(_MAY_HAVE_ARRIVED)
    )
    own = aliased(Delivery)
    begun = select(own.slot).where(own.task_id == task.id, own.state == State.SENT)
    doubles = and_(
        Delivery.task_id == task.id,
        Delivery.slot.in_(arrived.scalar_subquery()),
        # Of a report that began at both the rest still comes, once.
        Delivery.slot.not_in(begun.scalar_subquery()),
    )
    await digests.part_with(session, doubles)
    await session.execute(delete(Delivery).where(doubles))
    its_own = select(Delivery.slot).where(Delivery.task_id == task.id)
    await session.execute(
        update(Delivery)
        .where(Delivery.task_id == twin.id, Delivery.slot.not_in(its_own.scalar_subquery()))
        .values(task_id=task.id)
        .execution_options(synchronize_session=False)
    )
    await digests.part_with(session, outbox.going_to(ReportTask.id == twin.id))
    for column in _CHOSEN_AT_PLACE:
        setattr(task, column, getattr(twin, column))
    # Without any, nobody has said there that files are not to come any more.
    task.chats_every = twin.chats_every or task.chats_every
    task.next_due_at = task.next_due_at or twin.next_due_at
    await session.delete(twin)
    await session.flush()
    on_its_way = await session.scalars(
        select(Delivery.id).where(Delivery.task_id == task.id, Delivery.finished_at.is_(None))
    )
    await withdraw_stopped(session, on_its_way.all(), now)


async def _in_chat(session: AsyncSession, chat_id: int) -> list[Destination]:
    rows = await session.execute(
        _with_profiles()
        .where(ReportTask.chat_id == chat_id)
        .order_by(ReportTask.id)
        # Telegram tells of one change in several ways at a time; each of them is worked in once.
        .with_for_update(of=ReportTask)
        .execution_options(populate_existing=True)
    )
    return [Destination(*row) for row in rows]


async def _suspend(
    session: AsyncSession, destinations: Iterable[Destination], why: StrEnum, now: datetime
) -> None:
    fresh = []
    for destination in destinations:
        # Refused by the sender and told by `my_chat_member`: it is one and the same trouble.
        if destination.task.suspended is None:
            fresh.append(destination)
        destination.task.suspended = why.value
    await _reschedule(session, fresh, now)


def _with_profiles() -> Select[ReportTask, AvitoProfile]:
    return select(ReportTask, AvitoProfile).join(
        AvitoProfile, AvitoProfile.id == ReportTask.profile_id
    )


async def _reschedule(
    session: AsyncSession, destinations: Iterable[Destination], now: datetime
) -> None:
    for profile in {d.profile.id: d.profile for d in destinations}.values():
        await schedule.reschedule(session, profile, now)
