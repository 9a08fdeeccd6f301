"""Checking keys with Avito in the background: new profiles, new keys, the first read."""

from __future__ import annotations

from dataclasses import dataclass, replace

from aiogram import Bot
from aiogram.fsm.state import State

from bot import dialogue, places
from bot.effects import Effect
from bot.errors import IncidentDesk
from bot.jobs import Ending, JobContext
from bot.places import PlaceRefused, Wanted
from bot.screens import connect as screens
from bot.states import Connect, ReplaceKeys
from core.avito.auth import Credentials
from core.avito.client import Avito, VerifiedAccount
from core.database.session import Sessions, reading
from core.errors import (
    AlreadyConnected,
    AnotherAccount,
    AvitoError,
    EmployeeKey,
    KeysRefused,
    RateLimited,
)
from core.ports import Clock
from core.services import connect, profiles, wanted
from core.services.destinations import Place
from core.statistics import store
from core.statistics.sync import StatisticsSync, access_to


@dataclass(frozen=True, slots=True)
class ConnectWork:
    """What the key jobs need besides themselves."""

    bot: Bot
    sessions: Sessions
    avito: Avito
    sync: StatisticsSync
    incidents: IncidentDesk
    clock: Clock

    async def connect(self, job: JobContext) -> None:
        """Verify the keys, store the profile, go on with the first read in the same message."""
        credentials = _credentials(job)
        verified = await self._verify(job, credentials, Connect)
        if verified is None:
            return
        async with job.ending() as ending:
            try:
                profile = await connect.create(
                    ending.session,
                    job.owner_id,
                    job.payload["name"],
                    credentials,
                    verified,
                    self.clock.now(),
                )
            except AlreadyConnected as error:
                ending.screen = screens.already_connected(error.profile_id, error.profile_name)
                return
            await job.follow(
                ending,
                kind="first_read",
                profile_id=profile.id,
                placeholder=screens.reading_history,
            )

    async def replace_keys(self, job: JobContext) -> None:
        """Verify new keys of a profile before they replace the old ones."""
        credentials = _credentials(job)
        verified = await self._verify(job, credentials, ReplaceKeys)
        if verified is None:
            return
        async with job.ending() as ending:
            profile = await profiles.owned(ending.session, job.owner_id, job.payload["profile_id"])
            try:
                await connect.replace_keys(ending.session, profile, credentials, verified)
            except AnotherAccount:
                ending.screen = screens.another_account(profile)
            else:
                ending.screen = screens.keys_replaced(profile)

    async def first_read(self, job: JobContext) -> None:
        """Read all the history Avito holds; the profile is connected whatever comes of it."""
        assert job.profile_id is not None  # noqa: S101 - it follows the birth of a profile
        async with self.sessions() as session:
            profile = await profiles.with_keys(session, job.owner_id, job.profile_id)
        access = access_to(profile)
        failure: AvitoError | None = None
        more: list[Effect] = []
        try:
            await self.sync.first_read(access)
        except AvitoError as error:
            failure = error
            if not isinstance(error, RateLimited):
                more = self.incidents.note(error, job_id=job.job_id)
        place = await self._wanted(job.owner_id)
        async with job.ending() as ending:
            state = await store.state(ending.session, access.account)
            await wanted.forget(ending.session, job.owner_id)
            ending.screen = screens.connected(profile, state, failure, self.clock.now(), place)
            ending.more = more

    async def _wanted(self, person: int) -> Place | None:
        """Where he wanted reports before he had a profile, if they may go there by his word.

        Telegram is asked for its name: a link may be a stranger's, and lead into his group.
        """
        async with reading(self.sessions) as session:
            place = await wanted.last(session, person)
        if place is None:
            return None
        try:
            found = await places.allowed(self.bot, Wanted(place.chat_id, place.thread_id), person)
        except PlaceRefused:
            return None
        return replace(found, topic=place.topic)

    async def _verify(
        self,
        job: JobContext,
        credentials: Credentials,
        steps: type[Connect] | type[ReplaceKeys],
    ) -> VerifiedAccount | None:
        """The account of the keys; None when the job ended with asking for a key again."""
        try:
            return await self.avito.verify(credentials)
        except (KeysRefused, EmployeeKey) as error:
            code = None
            failure: AvitoError = error
        except AvitoError as error:
            code = self.incidents.record(error, job_id=job.job_id)
            failure = error
        async with job.ending() as ending:
            if isinstance(failure, EmployeeKey):
                # No other secret opens the main account with an employee's client_id.
                again = await self._ask_again(job, ending, steps.client_id, "client_id")
            else:
                again = await self._ask_again(job, ending, steps.client_secret)
            ending.screen = screens.check_failed(credentials.client_id, failure, code, again)
            if code is not None:
                ending.more = self.incidents.tell_operator(failure, code)
        return None

    async def _ask_again(
        self, job: JobContext, ending: Ending, step: State, *forgotten: str
    ) -> bool:
        dropped = ("client_secret", *forgotten)
        typed = {key: value for key, value in job.payload.items() if key not in dropped}
        return await dialogue.resume(ending.session, self.clock, job.chat_id, step, typed)


def _credentials(job: JobContext) -> Credentials:
    return Credentials(job.payload["client_id"], job.payload["client_secret"])
