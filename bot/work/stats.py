"""Making combined reports: of a chat in the background, and on schedule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from bot import kept
from bot.cooldown import Cooldown
from bot.effects import Screen, Show
from bot.jobs import JobContext
from bot.screens import parts
from bot.screens import stats as screens
from core.combined import Combiner, combined
from core.database.models import AvitoProfile
from core.database.repositories import digests
from core.database.session import Sessions, reading
from core.digests import ScheduledDigest
from core.looks import Look
from core.ports import Clock
from core.services import destinations, metrics


def freeze_digest(digest: ScheduledDigest, now: datetime) -> list[dict[str, Any]]:
    """A digest as the outbox keeps it until it is sent: one screen, or its parts.

    The part with the buttons says whom it tells of (`digests.told_in`).
    """
    messages = [
        part.model_dump(mode="json", exclude_none=True) for part in screens.scheduled(digest, now)
    ]
    messages[-1]["about"] = [row.profile_id for row in digest.combined.rows]
    return messages


@dataclass(frozen=True, slots=True)
class StatsWork:
    sessions: Sessions
    combiner: Combiner
    cooldown: Cooldown
    clock: Clock

    async def run(self, job: JobContext) -> None:
        async with reading(self.sessions) as session:
            profiles = await _told_here(session, job)
        look = Look.from_json(job.payload)
        rows = await self.combiner.read(profiles, look.period, anew=look.anew)
        async with job.ending() as ending:
            # Asked once more: somebody may have left the chat while Avito was waited for.
            bound = await _told_here(ending.session, job)
            told = [rows[profile.id] for profile in bound if profile.id in rows]
            if not told:
                ending.screen = parts.screen(screens.NOTHING_BOUND)
                return
            shown = await metrics.shown_here(
                ending.session, bound, job.chat_id, job.thread_id or 0
            )
            known = await kept.of_message(ending.session, job.chat_id, job.message_id, None)
            report, now = combined(look.period, told, shown), self.clock.now()
            messages = screens.combined(
                report,
                now,
                for_owner=job.chat_id > 0,
                first=None if known is None else known.period,
            )
            ending.screen, *rest = _in_place(messages, job.replaced)
            if job.replaced is None or rest:
                self.cooldown.begin(job.chat_id)
            ending.more = [
                Show(chat_id=job.chat_id, thread_id=job.thread_id, screen=part) for part in rest
            ]
            is_its_own = job.replaced is None or known is not None
            if job.message_id is not None and is_its_own and not rest:
                await kept.keep_combined(
                    ending.session, job.chat_id, job.message_id, report, ending.screen, now
                )


async def _told_here(session: AsyncSession, job: JobContext) -> list[AvitoProfile]:
    """All that report there; in place of a digest, those of them that it told of."""
    bound = await destinations.bound_here(session, job.chat_id, job.thread_id or 0)
    known = await kept.of_message(session, job.chat_id, job.message_id, None)
    if known is None or not known.about or not await _is_digest(session, job):
        return bound
    return [profile for profile in bound if profile.id in known.about]


async def _is_digest(session: AsyncSession, job: JobContext) -> bool:
    if job.message_id is None:
        return False
    return await digests.came_as(session, job.chat_id, job.message_id)


def _in_place(messages: list[Screen], replaced: Screen | None) -> list[Screen]:
    """Several have no room in the place of one: that stays, and they come below it."""
    if replaced is None:
        return messages
    if len(messages) > 1:
        return [replaced, *messages]
    return [parts.in_place(messages[0], replaced)]
