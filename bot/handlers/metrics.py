"""Which metrics the reports of a profile show: the ticks, in private."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiogram import Router
from aiogram.types import CallbackQuery

from bot.callbacks import (
    AboutDestination,
    AboutProfile,
    DestinationMetrics,
    DestinationMetricsAll,
    DestinationMetricsSame,
    DestinationToggle,
    ReportCharacteristics,
    ReportMetricsAll,
    ReportMetricsEverywhere,
    ReportMetricsUsual,
    ReportToggle,
)
from bot.filters import InPrivate, OwnedDestination, OwnedProfile
from bot.screens import metrics as screens
from bot.screens import start as start_screens
from bot.show import Stage
from core.database.models import AvitoProfile
from core.database.session import Session
from core.services import metrics
from core.services.destinations import Destination
from core.services.metrics import Keys
from utils.metrics import METRICS


async def ask_where(
    _query: CallbackQuery, profile: AvitoProfile, session: Session, stage: Stage
) -> None:
    choices = await metrics.choices(session, profile)
    stage.show(screens.everywhere(choices) if choices.is_one else screens.choose(choices))


async def everywhere(
    _query: CallbackQuery, profile: AvitoProfile, session: Session, stage: Stage
) -> None:
    await _show_everywhere(profile, session, stage)


async def toggle_everywhere(
    _query: CallbackQuery,
    callback_data: ReportToggle,
    profile: AvitoProfile,
    session: Session,
    stage: Stage,
) -> None:
    shown = metrics.of_profile(profile.report_metrics)
    if keys := _toggled(shown, callback_data.metric, stage):
        await metrics.tick_everywhere(session, profile, keys)
    await _show_everywhere(profile, session, stage)


async def all_everywhere(
    _query: CallbackQuery, profile: AvitoProfile, session: Session, stage: Stage
) -> None:
    await metrics.tick_everywhere(session, profile, METRICS)
    await _show_everywhere(profile, session, stage)


async def usual_everywhere(
    _query: CallbackQuery, profile: AvitoProfile, session: Session, stage: Stage
) -> None:
    await metrics.tick_everywhere(session, profile, None)
    await _show_everywhere(profile, session, stage)


async def here(_query: CallbackQuery, destination: Destination, stage: Stage) -> None:
    stage.show(screens.here(destination))


async def toggle_here(
    _query: CallbackQuery, callback_data: DestinationToggle, destination: Destination, stage: Stage
) -> None:
    if keys := _toggled(metrics.of_destination(destination), callback_data.metric, stage):
        metrics.tick_here(destination, keys)
    stage.show(screens.here(destination))


async def all_here(_query: CallbackQuery, destination: Destination, stage: Stage) -> None:
    metrics.tick_here(destination, METRICS)
    stage.show(screens.here(destination))


async def same_here(_query: CallbackQuery, destination: Destination, stage: Stage) -> None:
    metrics.tick_here(destination, None)
    stage.show(screens.here(destination))


async def _show_everywhere(profile: AvitoProfile, session: Session, stage: Stage) -> None:
    stage.show(screens.everywhere(await metrics.choices(session, profile)))


def _toggled(shown: Keys, pressed: str, stage: Stage) -> Keys:
    """The choice after a press; empty if it cannot be, and the press is answered with why."""
    if pressed not in METRICS:
        stage.notice(start_screens.BUTTON_IS_OLD)
        return ()
    keys = metrics.toggled(shown, pressed)
    if not keys:
        stage.notice(screens.LAST_STAYS, alert=True)
    return keys


_FOR_ALL_PLACES: dict[type[AboutProfile], Callable[..., Any]] = {
    ReportCharacteristics: ask_where,
    ReportMetricsEverywhere: everywhere,
    ReportToggle: toggle_everywhere,
    ReportMetricsAll: all_everywhere,
    ReportMetricsUsual: usual_everywhere,
}
_FOR_ONE: dict[type[AboutDestination], Callable[..., Any]] = {
    DestinationMetrics: here,
    DestinationToggle: toggle_here,
    DestinationMetricsAll: all_here,
    DestinationMetricsSame: same_here,
}


def setup() -> Router:
    router = Router(name="metrics")
    router.callback_query.filter(InPrivate())
    for button, handler in _FOR_ALL_PLACES.items():
        router.callback_query.register(handler, button.filter(), OwnedProfile())
    for one, handler in _FOR_ONE.items():
        router.callback_query.register(handler, one.filter(), OwnedDestination())
    return router
