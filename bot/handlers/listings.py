"""Listings: what each of them did in the days of a report."""

from __future__ import annotations

from datetime import datetime

from aiogram import Router
from aiogram.types import CallbackQuery

from bot import jobs, kept
from bot.callbacks import ItemsPage, ReportItems
from bot.effects import Screen
from bot.filters import ViewedProfile
from bot.screens import history as history_screens
from bot.screens import listings as screens
from bot.screens import parts
from bot.show import Stage
from core import looks
from core.avito.stats import DEPTH_DAYS
from core.database.session import Session
from core.ports import Clock
from core.services.profiles import Viewed
from core.statistics import keys, listings
from core.statistics.listings import ListingPage, Order
from utils.periods import Period, PeriodError, PeriodFault, last_days


async def show(
    _query: CallbackQuery,
    callback_data: ReportItems,
    viewed: Viewed,
    session: Session,
    stage: Stage,
    clock: Clock,
) -> None:
    profile, period, now = viewed.profile, callback_data.period, clock.now()
    await kept.of_pressed(session, stage, now, profile.id)
    shown = looks.shown_to(viewed).keys
    order = listings.allowed(Order.CONTACTS, shown)
    page = await _page(session, viewed, period, now, order)
    if page is None:
        await _read_first(period, viewed, session, stage, clock)
    else:
        _put(stage, screens.listing_page(profile, period, page, shown, now))


async def turn(
    _query: CallbackQuery,
    callback_data: ItemsPage,
    viewed: Viewed,
    session: Session,
    stage: Stage,
    clock: Clock,
) -> None:
    profile, period, now = viewed.profile, callback_data.period, clock.now()
    shown = looks.shown_to(viewed).keys
    # Whoever turns pages wants to go on with the numbers that he saw.
    order = listings.allowed(callback_data.order, shown)
    page = await _page(
        session, viewed, period, now, order, number=callback_data.page, however_old=True
    )
    if page is None:
        await _read_first(period, viewed, session, stage, clock)
    else:
        _put(stage, screens.listing_page(profile, period, page, shown, now))


async def _page(
    session: Session,
    viewed: Viewed,
    period: Period,
    now: datetime,
    order: Order,
    *,
    number: int = 0,
    however_old: bool = False,
) -> ListingPage | None:
    """As it is stored; None where Avito has to be asked first."""
    account = await keys.opened_account(session, viewed.profile, now)
    if account is None:
        return None
    return await listings.page(
        session, account, period, now, order=order, number=number, however_old=however_old
    )


def _put(stage: Stage, screen: Screen) -> None:
    stage.show(parts.in_place(screen, stage.shown))


async def _read_first(
    period: Period, viewed: Viewed, session: Session, stage: Stage, clock: Clock
) -> None:
    profile, reach = viewed.profile, last_days(clock.now(), DEPTH_DAYS)
    try:
        period.check(today=reach.last, earliest=reach.first)
    except PeriodError as error:
        if error.fault is PeriodFault.FUTURE:
            stage.notice(history_screens.refusal(error), alert=True)
        else:
            _put(stage, screens.out_of_reach(profile.id, period, reach.first))
        return
    await jobs.begin(
        session,
        stage,
        clock,
        kind="listings",
        # Each reading costs a minute of the account, which the owner shares with all readers.
        dedupe=f"{profile.id}:own" if viewed.is_owner else str(profile.id),
        placeholder=lambda job_id: screens.collecting(job_id, profile, period),
        payload={"first": period.first.isoformat(), "last": period.last.isoformat()},
        profile_id=profile.id,
        in_place=True,
        for_chat=not viewed.is_owner,
    )


def setup() -> Router:
    router = Router(name="listings")
    router.callback_query.register(show, ReportItems.filter(), ViewedProfile())
    router.callback_query.register(turn, ItemsPage.filter(), ViewedProfile())
    return router
