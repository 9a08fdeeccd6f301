"""What follows when a report does not simply arrive: at its chat, and for its owner.

Each step is one transaction with what its owner is told about it in private.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus

from sqlalchemy.ext.asyncio import AsyncSession

from bot.delivery import Refused
from bot.effects import Screen, Show, to_json
from bot.errors import IncidentDesk
from bot.screens import deliveries as screens
from bot.screens import destination as destination_screens
from core import slots
from core.database.health import is_unreachable
from core.database.models import Delivery, Reply
from core.database.repositories import inbox, replies
from core.database.repositories.delivery_states import TRIAL, State
from core.database.session import Sessions
from core.errors import AvitoError, DeliveryRefused
from core.group_commit import is_beaten
from core.logs import get_logger
from core.missed import missed_meanwhile
from core.patience import DEFECT, is_on_demand, reason_of
from core.ports import Clock
from core.services import deliveries, destinations
from core.services.deliveries import Report
from core.services.destinations import Destination, Refusal, Trouble

log = get_logger(__name__)

GOING_ON = timedelta(hours=36)
"""A problem that was there this recently is the same one, still there."""
WAITS_FOR_AVITO = (State.DUE, State.BUILDING)
DATABASE_RETRY_SEC = 1.0
TOPIC_GONE = "topic_gone"
Told = list[tuple[int, Screen]]
"""Owners, and what each of them is shown."""


def trouble_of(error: Refused) -> Trouble | None:
    """What is wrong with the whole chat, None when it is about this one message."""
    for trouble, words in _SAYINGS.items():
        if error.says(*words):
            return trouble
    return Trouble.NO_RIGHTS if error.status == HTTPStatus.FORBIDDEN else None


_SAYINGS = {
    Trouble.BLOCKED: ("blocked by the user", "can't initiate conversation"),
    Trouble.KICKED: ("was kicked", "is not a member", "channel_private"),
    Trouble.CHAT_GONE: ("chat not found", "deactivated", "was deleted", "peer_id_invalid"),
    Trouble.NO_RIGHTS: (
        "not enough rights",
        "have no rights",
        "need administrator rights",
        "chat_write_forbidden",
        "chat_send_",
        "chat_restricted",
    ),
}


def _is_news(report: Report, why: str, now: datetime) -> bool:
    if report.delivery.slot.startswith(TRIAL):
        return True  # somebody pressed a button and waits
    problem_at = report.task.problem_at
    return report.task.problem != why or problem_at is None or now - problem_at > GOING_ON


def _is_known_to_fail(report: Report, now: datetime) -> bool:
    """Its owner has heard that Avito gives nothing for it, not long ago."""
    task = report.task
    is_avitos = task.problem in {kind.__name__ for kind in AvitoError.__subclasses__()}
    return is_avitos and task.problem_at is not None and now - task.problem_at <= GOING_ON


async def _untold(session: AsyncSession, now: datetime) -> Told:
    reports = await deliveries.untold(session)
    told: Told = []
    for report in reports:
        owner_id = report.profile.owner_id
        if report.delivery.state == State.HELD:
            told.append((owner_id, screens.held(report)))
        elif report.delivery.state == State.MISSED:
            is_chosen = is_on_demand(report.delivery)
            tell = screens.on_demand_missed if is_chosen else screens.trial_missed
            told.append((owner_id, tell(report)))
    waiting = [
        report
        for report in reports
        if report.delivery.state in WAITS_FOR_AVITO and not _is_known_to_fail(report, now)
    ]
    for owner_id, theirs in _by_owner(waiting):
        told.append((owner_id, screens.waits_long(theirs)))
    for owner_id, theirs in _by_owner(await deliveries.stay_cut(session, reports)):
        told.append((owner_id, screens.stays_cut(theirs)))
    return told


def _by_owner(reports: Sequence[Report]) -> list[tuple[int, list[Report]]]:
    """What many reports of one owner have in common is told in one message."""
    theirs: defaultdict[int, list[Report]] = defaultdict(list)
    for report in reports:
        theirs[report.profile.owner_id].append(report)
    return list(theirs.items())


def _gone(affected: list[Destination], now: datetime) -> Told:
    return [
        (owner_id, destination_screens.suspended(theirs))
        for owner_id, theirs in destinations.news(affected, now)
    ]


class Aftermath:
    def __init__(
        self,
        sessions: Sessions,
        clock: Clock,
        hand_over: Callable[[list[Reply]], None],
        incidents: IncidentDesk,
    ) -> None:
        self._sessions = sessions
        self._clock = clock
        self._hand_over = hand_over
        self._incidents = incidents

    async def suspend(self, chat_id: int, trouble: Trouble) -> None:
        """Send nothing more there; each owner hears of it once."""

        async def suspend(session: AsyncSession) -> Told:
            now = self._clock.now()
            await slots.materialise(session, now, chat_id=chat_id)
            return _gone(await destinations.suspend_chat(session, chat_id, trouble, now), now)

        await self._tell(suspend)
        log.warning("chat_suspended", chat_id=chat_id, trouble=trouble.value)

    async def suspend_owner(self, chat_id: int, owner_id: int, why: Refusal) -> None:
        """Send no more of his reports there, and let him know."""

        async def suspend(session: AsyncSession) -> Told:
            now = self._clock.now()
            await slots.materialise(session, now, chat_id=chat_id)
            theirs = await destinations.suspend_owner(session, chat_id, owner_id, why, now)
            return _gone(theirs, now)

        await self._tell(suspend)
        log.info("owner_has_no_say", chat_id=chat_id, owner_id=owner_id, why=why.value)

    async def move(self, old_chat_id: int, new_chat_id: int) -> None:
        """A group became a supergroup: all that goes there goes to its new address."""

        async def move(session: AsyncSession) -> Told:
            now = self._clock.now()
            moved = await destinations.migrate_chat(session, old_chat_id, new_chat_id, now)
            missed = await missed_meanwhile(session, moved, now)
            return [
                (owner_id, destination_screens.resumed(theirs, missed, now))
                for owner_id, theirs in destinations.news(moved, now)
            ]

        await self._tell(move)
        log.info("chat_moved", old_chat_id=old_chat_id, new_chat_id=new_chat_id)

    async def catch_up(self) -> None:
        """What people have yet to hear: with every tick, and so at every start."""
        overdue = self._incidents.overdue()

        async def tell(session: AsyncSession) -> Told:
            now = self._clock.now()
            # Places that came and went, and are gone after all.
            gone = _gone(await destinations.untold(session), now)
            to_operator = [(show.chat_id, show.screen) for show in overdue]
            return [*await _untold(session, now), *gone, *to_operator]

        try:
            await self._tell(tell)
        except Exception:
            self._incidents.not_told(overdue)
            raise

    async def held(self) -> None:
        """Ask the owners of reports that may have arrived whether to send them again."""
        await self._tell(lambda session: _untold(session, self._clock.now()))

    async def failed(self, delivery: Delivery) -> None:
        async def look_up(session: AsyncSession) -> Told:
            reports = await deliveries.find(session, [delivery.id])
            return [(report.profile.owner_id, screens.failed(report)) for report in reports]

        await self._tell(look_up)
        self._incidents.escalate(DeliveryRefused(delivery.id))

    async def not_built(self, delivery_ids: Collection[int], error: Exception) -> None:
        """There is nothing to send. Told when it begins, and not every day of its going on."""
        why, is_operators = reason_of(error), False

        async def note(session: AsyncSession) -> Told:
            nonlocal is_operators
            found = await deliveries.find(session, delivery_ids)
            # A pause may have withdrawn them while Avito was asked.
            reports = [report for report in found if report.delivery.finished_at is None]
            now = self._clock.now()
            news = [report for report in reports if _is_news(report, why, now)]
            # A defect of ours is the operator's business every time.
            is_operators = bool(news or (reports and why == DEFECT))
            for report in reports:
                report.task.problem, report.task.problem_at = why, now
            return [(news[0].profile.owner_id, screens.not_built(news, why))] if news else []

        await self._tell(note)
        if is_operators:
            self._incidents.escalate(error, deliveries=[*delivery_ids])

    async def topic_gone(self, delivery: Delivery) -> None:
        """It went past its topic; its destination is about to remember that, as TOPIC_GONE."""

        async def look_up(session: AsyncSession) -> Told:
            return [
                (report.profile.owner_id, screens.topic_gone(report))
                for report in await deliveries.find(session, [delivery.id])
                if report.task.problem != TOPIC_GONE
            ]

        await self._tell(look_up)

    async def _tell(self, work: Callable[[AsyncSession], Awaitable[Told]]) -> None:
        """Do the work, and owe its notices, in one transaction; a database away is waited for."""
        owed: list[Reply] = []
        while True:
            try:
                async with self._sessions.begin() as session:
                    # A commit whose answer got lost may have worked: then all is written.
                    owed = await replies.among(session, [reply.id for reply in owed])
                    if not owed:
                        owed = await self._owe(session, await work(session))
                break
            except Exception as error:
                if not (is_unreachable(error) or is_beaten(error)):
                    raise
                log.warning("aftermath_waits_for_database", why=type(error).__name__)
            await asyncio.sleep(DATABASE_RETRY_SEC)
        self._hand_over(owed)

    async def _owe(self, session: AsyncSession, told: Told) -> list[Reply]:
        shown = [(owner, Show(chat_id=owner, screen=screen)) for owner, screen in told]
        pairs = [(owner, to_json(effect)) for owner, effect in shown]
        return await inbox.owe(session, pairs, self._clock.now())
