"""Reports on demand."""

from __future__ import annotations

from datetime import datetime

from aiogram import Router
from aiogram.types import CallbackQuery, Message

from bot import jobs
from bot.callbacks import JobStop, ReportExcel, ReportNow
from bot.filters import ViewedProfile
from bot.screens import history as history_screens
from bot.screens import reports as screens
from bot.screens import start as start_screens
from bot.show import Stage
from core.database.repositories import jobs as job_rows
from core.database.session import Session
from core.looks import Look
from core.ports import Clock
from core.services import history
from core.services.profiles import Viewed
from utils.periods import PeriodError, yesterday

STILL_SEC = 60.0
"""For how long a message must have stood still, lest its result is on the way just now."""


async def report_now(
    _query: CallbackQuery, viewed: Viewed, session: Session, stage: Stage, clock: Clock
) -> None:
    """A message of its own for the owner; others must not fill a chat with them."""
    profile, period = viewed.profile, yesterday(clock.now())
    await jobs.begin(
        session,
        stage,
        clock,
        kind="report",
        dedupe=(None if viewed.is_owner else jobs.in_message(stage)) or str(profile.id),
        placeholder=lambda job_id: screens.collecting(job_id, profile, period),
        payload=Look(period).as_json(),
        profile_id=profile.id,
        in_place=not viewed.is_owner,
        for_chat=not viewed.is_owner,
    )


async def excel(
    _query: CallbackQuery,
    callback_data: ReportExcel,
    viewed: Viewed,
    session: Session,
    stage: Stage,
    clock: Clock,
) -> None:
    if not viewed.is_owner:
        stage.notice(screens.FILE_FOR_OWNER, alert=True)
        return
    profile, look = viewed.profile, Look(callback_data.period)
    try:
        await history.check(session, profile, look.period, clock.now())
    except PeriodError as error:
        stage.notice(history_screens.refusal(error), alert=True)
        return
    if not stage.is_private:
        stage.notice(screens.WORKBOOK_IN_PRIVATE)
    await jobs.begin(
        session,
        stage,
        clock,
        kind="report_excel",
        dedupe=f"{profile.id}:{look.period.first}:{look.period.last}",
        placeholder=lambda job_id: screens.writing(job_id, profile),
        payload=look.as_json(),
        profile_id=profile.id,
        in_private=True,
    )


async def stop(
    query: CallbackQuery, callback_data: JobStop, session: Session, stage: Stage, clock: Clock
) -> None:
    job_id, chat_id = callback_data.job_id, stage.chat_id or 0
    owners = {query.from_user.id, chat_id}
    job = await job_rows.remove(session, job_id, owners=owners, chat_id=chat_id)
    if job is not None:
        stage.stop_job(job.id)
        ended = jobs.replaced_by(job) or start_screens.stopped(job.kind, job.profile_id)
        if job.message_id is None:
            stage.show(ended)
        else:
            stage.replace(job.message_id, ended)
        return
    stage.notice(start_screens.ALREADY_OVER)
    if await job_rows.find(session, job_id) is None and _is_left_over(stage, clock.now()):
        stage.show(start_screens.left_over())


def _is_left_over(stage: Stage, now: datetime) -> bool:
    """Whether the pressed message offers its button although nobody works on it any more.

    Not for a minute after its last change: work that has just ended is putting its result
    there, and the result must stay.
    """
    message = stage.message
    if not isinstance(message, Message) or not stage.is_offered:
        return False
    changed_at = message.edit_date or message.date.timestamp()
    return now.timestamp() - changed_at > STILL_SEC


def setup() -> Router:
    router = Router(name="reports")
    router.callback_query.register(report_now, ReportNow.filter(), ViewedProfile())
    router.callback_query.register(excel, ReportExcel.filter(), ViewedProfile())
    router.callback_query.register(stop, JobStop.filter())
    return router
