"""Asking Telegram about a place before something is done there: set it, mend it, send to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date

from aiogram import Bot
from sqlalchemy.ext.asyncio import AsyncSession

from bot import places
from bot.callbacks import PlaceBind
from bot.effects import Effect, Screen, Show
from bot.jobs import Ending, JobContext
from bot.places import PlaceRefused, Wanted
from bot.screens import bind as bind_screens
from bot.screens import deliveries as delivery_screens
from bot.screens import destination as screens
from bot.screens import exports as export_screens
from bot.screens import parts, problems
from bot.screens import send as send_screens
from bot.screens import trial as trial_screens
from core import digests, slots
from core.database.session import Sessions, reading
from core.errors import DestinationNotFound
from core.missed import missed_meanwhile
from core.ports import Clock
from core.services import deliveries, destinations, exports, profiles, topics
from core.services.destinations import Bound, Destination, Place, Refusal, Trouble
from core.services.schedule import Every
from utils.periods import Period

GoOn = Callable[[Ending, Destination], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class BindWork:
    """What the checks of places need besides themselves.

    A person may have left the chat since he set it: he is looked for at every word of his.
    """

    bot: Bot
    sessions: Sessions
    clock: Clock

    async def choose_profile(self, job: JobContext) -> None:
        """Ask which profile should report at a place; its name is for who has a say there."""
        wanted, number = Wanted(**job.payload["wanted"]), job.payload["page"]
        place = None
        with suppress(PlaceRefused):  # why is told once a profile is chosen
            place = await places.allowed(self.bot, wanted, job.owner_id)
        async with job.ending() as ending:
            page = await profiles.page(ending.session, job.owner_id, number)
            if place is not None:
                place = await _with_topic(ending.session, place)
            there = await destinations.bound_here(ending.session, wanted.chat_id, wanted.thread_id)
            ending.screen = bind_screens.choose_profile(
                page, wanted.chat_id, wanted.thread_id, place, there
            )

    async def bind(self, job: JobContext) -> None:
        """Let the profile report at the place, if the bot may post and the person may decide."""
        assert job.profile_id is not None  # noqa: S101 - a place is always set for a profile
        wanted = Wanted(**job.payload)
        try:
            place = await places.allowed(self.bot, wanted, job.owner_id)
        except PlaceRefused as refusal:
            async with job.ending() as ending:
                profile = await profiles.owned(ending.session, job.owner_id, job.profile_id)
                again = PlaceBind(
                    profile_id=profile.id, chat_id=wanted.chat_id, thread_id=wanted.thread_id
                )
                ending.screen = bind_screens.refused(profile, again, refusal.why)
            return
        async with job.ending() as ending:
            profile = await profiles.owned(ending.session, job.owner_id, job.profile_id)
            place = await _with_topic(ending.session, place)
            bound = await destinations.bind(ending.session, profile, place, self.clock.now())
            if bound is None:
                ending.screen = bind_screens.too_many(profile)
                return
            ending.screen = bind_screens.bound(bound, self.clock.now())
            if wanted.is_asked_there:
                ending.more = [_said_there(bound)]

    async def check(self, job: JobContext) -> None:
        """See whether reports can go to a destination again; go on there if they can."""
        await self._if_allowed(job, self._resume)

    async def unpause(self, job: JobContext) -> None:
        """End the owner's pause of a destination."""

        async def unpause(ending: Ending, destination: Destination) -> None:
            await destinations.resume(ending.session, destination, self.clock.now())
            await self._resume(ending, destination)

        await self._if_allowed(job, unpause)

    async def send_chats(self, job: JobContext) -> None:
        """Let files of chats come to a destination, by the say of whoever may decide so."""

        async def choose(ending: Ending, destination: Destination) -> None:
            now = self.clock.now()
            await slots.materialise(ending.session, now, task_id=destination.task.id)
            every = Every(job.payload["every"])
            await exports.choose_every(ending.session, destination, every, now)
            ending.screen = export_screens.at_place(destination, now)

        await self._if_allowed(job, choose)

    async def trial(self, job: JobContext) -> None:
        """Put a trial report on its way."""

        async def send(ending: Ending, destination: Destination) -> None:
            told = await digests.trial(ending.session, destination, self.clock.now())
            ending.screen = (
                trial_screens.on_its_way(told) if told else trial_screens.under_way(destination)
            )

        await self._if_allowed(job, send)

    async def send_report(self, job: JobContext) -> None:
        """Put a report about days that its owner chose on its way."""
        period = Period(
            date.fromisoformat(job.payload["first"]), date.fromisoformat(job.payload["last"])
        )

        async def send(ending: Ending, destination: Destination) -> None:
            is_new = await slots.send(ending.session, destination.task, period, self.clock.now())
            tell = send_screens.on_its_way if is_new else send_screens.under_way
            ending.screen = tell(destination, period)

        await self._if_allowed(job, send)

    async def send_again(self, job: JobContext) -> None:
        """Send a held report once more."""

        async def send(ending: Ending, _destination: Destination) -> None:
            report = await deliveries.held(
                ending.session, job.owner_id, job.payload["delivery_id"]
            )
            if report is None:
                ending.screen = parts.screen(delivery_screens.TOO_LATE)
                return
            await deliveries.send_again(ending.session, report, self.clock.now())
            ending.screen = delivery_screens.sent_again(report)

        await self._if_allowed(job, send)

    async def _if_allowed(self, job: JobContext, go_on: GoOn) -> None:
        """Go on if the bot may post at the job's destination, and its owner has a say there."""
        task_id = job.payload["task_id"]
        try:
            why = await self._what_forbids(job.owner_id, task_id)
            async with job.ending() as ending:
                destination = await destinations.owned(ending.session, job.owner_id, task_id)
                if why is None:
                    await go_on(ending, destination)
                else:
                    await self._refuse(ending, destination, why)
        except DestinationNotFound:
            async with job.ending() as ending:
                ending.screen = parts.screen(problems.NO_SUCH_DESTINATION)

    async def _what_forbids(self, owner_id: int, task_id: int) -> Trouble | Refusal | None:
        async with reading(self.sessions) as session:
            task = (await destinations.owned(session, owner_id, task_id)).task
        try:
            await places.allowed(self.bot, Wanted(task.chat_id, task.thread_id), owner_id)
        except PlaceRefused as refusal:
            return refusal.why
        return None

    async def _refuse(
        self, ending: Ending, destination: Destination, why: Trouble | Refusal
    ) -> None:
        now, chat_id = self.clock.now(), destination.task.chat_id
        owner_id = destination.profile.owner_id
        ending.screen = screens.still_refused(destination, why)
        lost: list[Destination] = []
        await slots.materialise(ending.session, now, chat_id=chat_id)
        if isinstance(why, Trouble):
            lost = await destinations.suspend_chat(ending.session, chat_id, why, now)
        elif why in destinations.NO_SAY:
            lost = await destinations.suspend_owner(ending.session, chat_id, owner_id, why, now)
        ending.more = _told_others(destinations.news(lost, now), owner_id, screens.suspended)

    async def _resume(self, ending: Ending, destination: Destination) -> None:
        now, chat_id = self.clock.now(), destination.task.chat_id
        owner_id = destination.profile.owner_id
        resumed = await destinations.resume_chat(ending.session, chat_id, now, owner_id=owner_id)
        missed = await missed_meanwhile(ending.session, resumed, now)
        mine = [
            each
            for each in resumed
            if each.task.id in missed and each.profile.owner_id == owner_id
        ]
        ending.screen = (
            screens.resumed(mine, missed, now) if mine else screens.one(destination, now)
        )
        ending.more = _told_others(
            destinations.news(resumed, now),
            owner_id,
            lambda theirs: screens.resumed(theirs, missed, now),
        )


async def _with_topic(session: AsyncSession, place: Place) -> Place:
    return replace(place, topic=await topics.name_of(session, place.chat_id, place.thread_id))


def _told_others(
    news: list[tuple[int, list[Destination]]],
    but: int,
    screen_of: Callable[[list[Destination]], Screen],
) -> list[Effect]:
    """For the other owners whose reports go to the same chat."""
    return [
        Show(chat_id=owner_id, screen=screen_of(theirs))
        for owner_id, theirs in news
        if owner_id != but
    ]


def _said_there(bound: Bound) -> Effect:
    task = bound.destination.task
    return Show(
        chat_id=task.chat_id,
        thread_id=task.thread_id or None,
        screen=bind_screens.bound_here(bound),
    )
