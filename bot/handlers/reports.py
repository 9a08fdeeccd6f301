"""Reports on demand."""

from __future__ import annotations

from datetime import datetime

from aiogram import Router
from aiogram.types import CallbackQuery, Message

from bot import jobs
from bot.callbacks import JobStop, ReportNow, ReportShow
from bot.filters import OwnedProfile
from bot.screens import reports as screens
from bot.screens import start as start_screens
from bot.show import Stage
from core.database.models import AvitoProfile
from core.database.repositories import jobs as job_rows
from core.database.session import Session
from core.ports import Clock
from utils.periods import yesterday

STILL_SEC = 60.0
"""For how long a message must have stood still, lest its result is on the way just now."""


async def report_now(
    _query: CallbackQuery, profile: AvitoProfile, session: Session, stage: Stage, clock: Clock
) -> None:
    period = yesterday(clock.now())
    await jobs.begin(
        session,
        stage,
        clock,
        kind="report",
        dedupe=str(profile.id),
        placeholder=lambda job_id: screens.collecting(job_id, profile, period),
        payload={"first": period.first.isoformat(), "last": period.last.isoformat()},
        profile_id=profile.id,
    )


async def show(
    _query: CallbackQuery,
    callback_data: ReportShow,
    profile: AvitoProfile,
    session: Session,
    stage: Stage,
    clock: Clock,
) -> None:
    period = callback_data.period
    await jobs.begin(
        session,
        stage,
        clock,
        kind="report",
        dedupe=str(profile.id),
        placeholder=lambda job_id: screens.collecting(job_id, profile, period),
        payload={"first": period.first.isoformat(), "last": period.last.isoformat()},
        profile_id=profile.id,
        in_place=True,
    )


async def stop(
    query: CallbackQuery, callback_data: JobStop, session: Session, stage: Stage, clock: Clock
) -> None:
    job_id = callback_data.job_id
    job = await job_rows.remove(session, job_id, owner_id=query.from_user.id)
    if job is not None:
        stage.stop_job(job.id)
        stage.show(start_screens.stopped(job.kind, job.profile_id))
        return
    stage.notice(start_screens.ALREADY_OVER)
    if await job_rows.find(session, job_id) is None and _is_left_over(query, clock.now()):
        stage.show(start_screens.left_over())


def _is_left_over(query: CallbackQuery, now: datetime) -> bool:
    """Whether the pressed message offers its button although nobody works on it any more.

    Not for a minute after its last change: work that has just ended is putting its result
    there, and the result must stay.
    """
    message = query.message
    if not isinstance(message, Message) or message.reply_markup is None:
        return False
    offered = {b.callback_data for row in message.reply_markup.inline_keyboard for b in row}
    changed_at = message.edit_date or message.date.timestamp()
    return query.data in offered and now.timestamp() - changed_at > STILL_SEC


def setup() -> Router:
    router = Router(name="reports")
    router.callback_query.register(report_now, ReportNow.filter(), OwnedProfile())
    router.callback_query.register(show, ReportShow.filter(), OwnedProfile())
    router.callback_query.register(stop, JobStop.filter())
    return router
