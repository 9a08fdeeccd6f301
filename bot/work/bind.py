"""Checking places with Telegram in the background: before one is set, and to mend one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from aiogram import Bot

from bot import places
from bot.callbacks import PlaceBind
from bot.effects import Effect, Screen, Show
from bot.jobs import JobContext
from bot.places import PlaceRefused, Wanted
from bot.screens import bind as bind_screens
from bot.screens import destination as screens
from bot.screens import parts, problems
from core.database.session import Sessions
from core.errors import DestinationNotFound
from core.ports import Clock
from core.services import destinations, profiles, topics
from core.services.destinations import Bound, Destination, Trouble


@dataclass(frozen=True, slots=True)
class BindWork:
    """What the checks of places need besides themselves."""

    bot: Bot
    sessions: Sessions
    clock: Clock

    async def bind(self, job: JobContext) -> None:
        """Let the profile report at the place, if the bot may post and the person may decide."""
        assert job.profile_id is not None  # noqa: S101 - a place is always set for a profile
        wanted = Wanted(**job.payload)
        try:
            place = await places.look(self.bot, wanted.chat_id, wanted.thread_id)
            await places.check_person(self.bot, place, job.owner_id)
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
            topic = await topics.name_of(ending.session, place.chat_id, place.thread_id)
            place = replace(place, topic=topic)
            bound = await destinations.bind(ending.session, profile, place, self.clock.now())
            if bound is None:
                ending.screen = bind_screens.too_many(profile)
                return
            ending.screen = bind_screens.bound(bound, self.clock.now())
            if wanted.is_asked_there:
                ending.more = [_said_there(bound)]

    async def check(self, job: JobContext) -> None:
        """See whether a destination's chat lets the bot post again; go on there if it does."""
        try:
            await self._check(job, job.payload["task_id"])
        except DestinationNotFound:
            async with job.ending() as ending:
                ending.screen = parts.screen(problems.NO_SUCH_DESTINATION)

    async def _check(self, job: JobContext, task_id: int) -> None:
        async with self.sessions() as session:
            task = (await destinations.owned(session, job.owner_id, task_id)).task
        why = None
        try:
            await places.look(self.bot, task.chat_id, task.thread_id)
        except PlaceRefused as refusal:
            why = refusal.why
        now = self.clock.now()
        async with job.ending() as ending:
            destination = await destinations.owned(ending.session, job.owner_id, task_id)
            if why is not None:
                ending.screen = screens.still_refused(destination, why)
                if isinstance(why, Trouble):
                    lost = await destinations.suspend_chat(ending.session, task.chat_id, why, now)
                    ending.more = _told_others(lost, job.owner_id, screens.suspended)
                return
            resumed = await destinations.resume_chat(ending.session, task.chat_id, now)
            ending.screen = screens.one(destination, now)
            ending.more = _told_others(
                resumed, job.owner_id, lambda theirs: screens.resumed(theirs, now)
            )


def _told_others(
    affected: list[Destination], but: int, screen_of: Callable[[list[Destination]], Screen]
) -> list[Effect]:
    """For the other owners whose reports go to the same chat."""
    return [
        Show(chat_id=owner_id, screen=screen_of(theirs))
        for owner_id, theirs in destinations.by_owner(affected).items()
        if owner_id != but
    ]


def _said_there(bound: Bound) -> Effect:
    task = bound.destination.task
    return Show(
        chat_id=task.chat_id,
        thread_id=task.thread_id or None,
        screen=bind_screens.bound_here(bound),
    )
