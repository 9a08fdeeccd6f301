"""Buttons under notices about reports on schedule."""

from __future__ import annotations

from aiogram import Router
from aiogram.types import CallbackQuery

from bot import jobs
from bot.callbacks import DeliveryResend
from bot.filters import InPrivate
from bot.screens import bind as bind_screens
from bot.screens import deliveries as screens
from bot.show import Stage
from core.database.session import Session
from core.ports import Clock
from core.services import deliveries


async def send_again(
    query: CallbackQuery,
    callback_data: DeliveryResend,
    session: Session,
    stage: Stage,
    clock: Clock,
) -> None:
    owner_id, delivery_id = query.from_user.id, callback_data.delivery_id
    report = await deliveries.held(session, owner_id, delivery_id)
    if report is None:
        stage.notice(screens.TOO_LATE, alert=True)
    elif report.task.chat_id == owner_id:
        await deliveries.send_again(session, report, clock.now())
        stage.show(screens.sent_again(report))
    else:
        await jobs.begin(
            session,
            stage,
            clock,
            kind="send_again",
            dedupe=str(delivery_id),
            placeholder=bind_screens.checking,
            payload={"task_id": report.task.id, "delivery_id": delivery_id},
            profile_id=report.profile.id,
            in_place=True,
        )


def setup() -> Router:
    router = Router(name="deliveries")
    router.callback_query.filter(InPrivate())
    router.callback_query.register(send_again, DeliveryResend.filter())
    return router
