"""Reports on demand."""

from __future__ import annotations

from aiogram import Router
from aiogram.types import CallbackQuery

from bot import jobs
from bot.callbacks import JobStop, ReportNow
from bot.filters import OwnedProfile
from bot.screens import reports as screens
from bot.screens import start as start_screens
from bot.show import Stage
from core.database.models import AvitoProfile
from core.database.repositories import jobs as job_rows
from core.database.session import Session
from core.ports import Clock
from utils.periods import yesterday


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


async def stop(
    query: CallbackQuery, callback_data: JobStop, session: Session, stage: Stage
) -> None:
    job = await job_rows.remove(session, callback_data.job_id, owner_id=query.from_user.id)
    if job is None:
        stage.notice(start_screens.ALREADY_OVER)
        return
    stage.stop_job(job.id)
    stage.show(start_screens.cancelled(start_screens.JOBS[job.kind]))


def setup() -> Router:
    router = Router(name="reports")
    router.callback_query.register(report_now, ReportNow.filter(), OwnedProfile())
    router.callback_query.register(stop, JobStop.filter())
    return router
