"""The settings of a profile's report: when it comes, how often, about which days."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, time
from functools import partial
from typing import Any, TypeVar

from aiogram import Router
from aiogram.filters import Filter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State
from aiogram.types import CallbackQuery, Message

from bot.callbacks import (
    AboutProfile,
    FrequencySet,
    IntervalSet,
    MonthDaySet,
    ProfileReport,
    ReportDayToggle,
    ReportFrequency,
    ReportInterval,
    ReportMonthDay,
    ReportPause,
    ReportPeriod,
    ReportPeriodAuto,
    ReportResume,
    ReportSetPeriod,
    ReportSetTime,
    ReportZone,
    TimeSet,
    ZoneSet,
    ZonesPage,
)
from bot.dialogue import At
from bot.effects import Screen
from bot.filters import InPrivate, OwnedProfile, PlainText
from bot.screens import schedule as screens
from bot.screens import start as start_screens
from bot.show import Stage
from bot.states import SetSchedule
from core import slots
from core.database.models import AvitoProfile
from core.database.session import Session
from core.ports import Clock
from core.schedule_policy import Frequency
from core.services import profiles, schedule, settings
from core.services.settings import ReportSettings
from utils import typed, zones

FOUND_LIMIT = 12
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Editing:
    """The report of a profile in the hands of its owner: what it takes to change and show it."""

    profile: AvitoProfile
    session: Session
    state: FSMContext
    stage: Stage
    now: datetime

    async def show(
        self,
        make: Callable[[ReportSettings, datetime], Screen],
        *,
        listen: State | None = None,
    ) -> None:
        """Show what is set by now; with `listen` the next text is an answer to this screen."""
        if listen is not None:
            await self.state.set_state(listen)
            await self.state.set_data({"profile_id": self.profile.id})
        elif (await self.state.get_state() or "") in SetSchedule:
            await self.state.clear()
        current = await settings.of_profile(self.session, self.profile, self.now)
        self.stage.show(make(current, self.now))

    async def show_saved(self) -> None:
        self.stage.notice(screens.SAVED)
        await self.show(screens.of_report if self.stage.query else screens.saved)

    async def save(
        self,
        store: Callable[[Session, AvitoProfile, T, datetime], Awaitable[None]],
        value: T,
    ) -> None:
        await store(self.session, self.profile, value, self.now)
        await self.show_saved()

    async def take(
        self,
        store: Callable[[Session, AvitoProfile, T, datetime], Awaitable[None]],
        typed: T | None,
        otherwise: Callable[[int], Screen],
    ) -> None:
        """The same with what was typed; the question stays where that is no answer."""
        if typed is None:
            self.stage.send(otherwise(self.profile.id))
        else:
            await self.save(store, typed)


class Pressed(Filter):
    """Hands a handler the `editing` of the profile that `OwnedProfile` found."""

    async def __call__(
        self,
        _query: CallbackQuery,
        profile: AvitoProfile,
        session: Session,
        state: FSMContext,
        stage: Stage,
        clock: Clock,
    ) -> dict[str, Editing]:
        return await _begin(Editing(profile, session, state, stage, clock.now()))


class Typed(Filter):
    """The same for a text at one of the questions; its profile is asked for anew."""

    async def __call__(
        self, message: Message, session: Session, state: FSMContext, stage: Stage, clock: Clock
    ) -> dict[str, Editing]:
        data = await state.get_data()
        profile = await profiles.owned(session, message.chat.id, data["profile_id"])
        return await _begin(Editing(profile, session, state, stage, clock.now()))


async def _begin(editing: Editing) -> dict[str, Editing]:
    # What has come due goes out by the schedule it came due by: a change of that schedule a
    # moment before the tick must not skip a report.
    await slots.materialise(editing.session, editing.now, profile_id=editing.profile.id)
    return {"editing": editing}


async def of_report(_query: CallbackQuery, editing: Editing) -> None:
    await editing.show(screens.of_report)


async def ask_time(_query: CallbackQuery, editing: Editing) -> None:
    await editing.show(screens.ask_time, listen=SetSchedule.time)


async def set_time(_query: CallbackQuery, callback_data: TimeSet, editing: Editing) -> None:
    at = time(callback_data.hour, callback_data.minute)
    await editing.save(schedule.set_time, at)


async def take_time(_message: Message, text: str | None, editing: Editing) -> None:
    await editing.take(schedule.set_time, typed.time_of_day(text), screens.bad_time)


async def ask_zone(_query: CallbackQuery, editing: Editing) -> None:
    await editing.show(partial(screens.ask_zone, page=0), listen=SetSchedule.zone)


async def turn_zones(_query: CallbackQuery, callback_data: ZonesPage, editing: Editing) -> None:
    page = partial(screens.ask_zone, page=callback_data.page)
    await editing.show(page, listen=SetSchedule.zone)


async def find_zone(_message: Message, text: str | None, editing: Editing) -> None:
    found = zones.find(text or "", FOUND_LIMIT, editing.now)
    await editing.show(partial(screens.zones_found, found=found), listen=SetSchedule.zone)


async def set_zone(_query: CallbackQuery, callback_data: ZoneSet, editing: Editing) -> None:
    if not zones.is_known(callback_data.zone):
        editing.stage.notice(start_screens.BUTTON_IS_OLD)
        await editing.show(screens.of_report)
        return
    await editing.save(schedule.set_zone, callback_data.zone)


async def ask_frequency(_query: CallbackQuery, editing: Editing) -> None:
    await editing.show(screens.ask_frequency)


async def set_frequency(
    _query: CallbackQuery, callback_data: FrequencySet, editing: Editing
) -> None:
    """In force at once; the question that belongs to it comes next."""
    frequency = callback_data.frequency
    await schedule.set_frequency(editing.session, editing.profile, frequency, editing.now)
    editing.stage.notice(screens.SAVED)
    match frequency:
        case Frequency.DAILY:
            await editing.show(screens.of_report)
        case Frequency.INTERVAL:
            await editing.show(screens.ask_interval, listen=SetSchedule.interval)
        case Frequency.WEEKLY:
            await editing.show(screens.ask_days)
        case Frequency.MONTHLY:
            await editing.show(screens.ask_month_day, listen=SetSchedule.month_day)


async def toggle_day(
    _query: CallbackQuery, callback_data: ReportDayToggle, editing: Editing
) -> None:
    profile = editing.profile
    if schedule.schedule_of(profile).frequency is not Frequency.WEEKLY:
        editing.stage.notice(screens.NOT_WEEKLY, alert=True)
        await editing.show(screens.of_report)
        return
    if not await schedule.toggle_day(editing.session, profile, callback_data.day, editing.now):
        editing.stage.notice(screens.LAST_DAY_STAYS, alert=True)
    await editing.show(screens.ask_days)


async def ask_interval(_query: CallbackQuery, editing: Editing) -> None:
    await editing.show(screens.ask_interval, listen=SetSchedule.interval)


async def set_interval(
    _query: CallbackQuery, callback_data: IntervalSet, editing: Editing
) -> None:
    await editing.save(schedule.set_interval, callback_data.days)


async def take_interval(_message: Message, text: str | None, editing: Editing) -> None:
    days = typed.number_of_days(text, schedule.LONGEST_INTERVAL)
    await editing.take(schedule.set_interval, days, screens.bad_interval)


async def ask_month_day(_query: CallbackQuery, editing: Editing) -> None:
    await editing.show(screens.ask_month_day, listen=SetSchedule.month_day)


async def set_month_day(
    _query: CallbackQuery, callback_data: MonthDaySet, editing: Editing
) -> None:
    await editing.save(schedule.set_month_day, callback_data.day)


async def take_month_day(_message: Message, text: str | None, editing: Editing) -> None:
    day = typed.day_of_month(text, schedule.LAST_DAY)
    await editing.take(schedule.set_month_day, day, screens.bad_month_day)


async def ask_period(_query: CallbackQuery, editing: Editing) -> None:
    await editing.show(screens.ask_period)


async def set_period(_query: CallbackQuery, callback_data: ReportPeriod, editing: Editing) -> None:
    await schedule.set_period(editing.session, editing.profile, callback_data.period)
    await editing.show_saved()


async def leave_period_to_frequency(_query: CallbackQuery, editing: Editing) -> None:
    await schedule.set_period(editing.session, editing.profile, None)
    await editing.show_saved()


async def pause(_query: CallbackQuery, editing: Editing) -> None:
    await schedule.pause(editing.session, editing.profile, editing.now)
    await editing.show_saved()


async def resume(_query: CallbackQuery, editing: Editing) -> None:
    await schedule.resume(editing.session, editing.profile, editing.now)
    await editing.show_saved()


_BUTTONS: dict[type[AboutProfile], Callable[..., Any]] = {
    ProfileReport: of_report,
    ReportSetTime: ask_time,
    TimeSet: set_time,
    ReportZone: ask_zone,
    ZonesPage: turn_zones,
    ZoneSet: set_zone,
    ReportFrequency: ask_frequency,
    FrequencySet: set_frequency,
    ReportDayToggle: toggle_day,
    ReportInterval: ask_interval,
    IntervalSet: set_interval,
    ReportMonthDay: ask_month_day,
    MonthDaySet: set_month_day,
    ReportSetPeriod: ask_period,
    ReportPeriod: set_period,
    ReportPeriodAuto: leave_period_to_frequency,
    ReportPause: pause,
    ReportResume: resume,
}
_ANSWERS: dict[State, Callable[..., Any]] = {
    SetSchedule.time: take_time,
    SetSchedule.zone: find_zone,
    SetSchedule.interval: take_interval,
    SetSchedule.month_day: take_month_day,
}


def setup() -> Router:
    router = Router(name="schedule")
    router.message.filter(InPrivate())
    router.callback_query.filter(InPrivate())
    for button, handler in _BUTTONS.items():
        router.callback_query.register(handler, button.filter(), OwnedProfile(), Pressed())
    for question, handler in _ANSWERS.items():
        router.message.register(handler, At(question), PlainText(), Typed())
    return router
