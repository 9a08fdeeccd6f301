"""Buttons under notices about reports on schedule."""

from __future__ import annotations

from aiogram import Router
from aiogram.types import CallbackQuery

from bot.callbacks import DeliveryResend
from bot.filters import InPrivate
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
    report = await deliveries.send_again(
        session, query.from_user.id, callback_data.delivery_id, clock.now()
    )
    if report is None:
        stage.notice(screens.TOO_LATE, alert=True)
        return
    stage.show(screens.sent_again(report))


def setup() -> Router:
    router = Router(name="deliveries")
    router.callback_query.filter(InPrivate())
    router.callback_query.register(send_again, DeliveryResend.filter())
    return router
