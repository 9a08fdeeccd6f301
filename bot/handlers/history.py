"""The numbers of any days: choosing them, and the buttons under a report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiogram import Router
from aiogram.filters import Filter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from bot import jobs, kept
from bot.callbacks import (
    AboutProfile,
    BreakdownBy,
    BreakdownPage,
    CalendarEmpty,
    CalendarPage,
    ComparePage,
    ReportAgainst,
    ReportBreakdown,
    ReportCompare,
    ReportDates,
    ReportDays,
    ReportHistorical,
    ReportOther,
    ReportPreset,
    ReportRefresh,
    ReportShow,
)
from bot.dialogue import At
from bot.effects import Screen
from bot.filters import InPrivate, PlainText, ViewedProfile
from bot.kept import Kept
from bot.screens import history as screens
from bot.screens import looks as look_screens
from bot.screens import parts
from bot.screens import reports as report_screens
from bot.show import Stage
from bot.states import History
from core import looks
from core.database.models import AvitoProfile
from core.database.session import Session
from core.looks import Facts, Look, compared
from core.ports import Clock
from core.report_data import ReportData
from core.services import history, profiles
from core.services.profiles import Viewed
from utils import typed_dates
from utils.breakdown import usual_grain
from utils.calendars import Preset, days_until_yesterday, like, preset
from utils.periods import Period, PeriodError
from utils.typed_dates import NoSuchDay, NotDates


@dataclass(frozen=True, slots=True)
class Looking:
    """Somebody at the numbers of a profile that he may look at."""

    viewed: Viewed
    session: Session
    state: FSMContext
    stage: Stage
    clock: Clock
    kept: Kept | None = None
    """The report of the message whose button was pressed."""

    @property
    def profile(self) -> AvitoProfile:
        return self.viewed.profile

    @property
    def now(self) -> datetime:
        return self.clock.now()

    async def reach(self) -> Period:
        return await history.reach(self.session, self.profile, self.now)

    async def check(self, period: Period) -> None:
        await history.check(self.session, self.profile, period, self.now)

    async def show(self, look: Look) -> Facts | None:
        """Put the look in place of what was pressed; None where Avito has to be asked first."""
        await self._check_free()
        facts = await looks.from_warm_store(self.session, self.viewed, look, self.now)
        if facts is None:
            await self._begin(look)
            return None
        for_owner = self.stage.chat_id == self.profile.owner_id
        is_bound = self.viewed.task is not None
        first = None if self.kept is None else self.kept.period
        self.put(
            look_screens.look(
                facts,
                self.now,
                for_owner=for_owner,
                is_bound=is_bound,
                first=first,
                is_sendable=for_owner and self.viewed.goes_elsewhere,
            )
        )
        return facts

    async def bring_back(self, kept: Kept) -> None:
        """Put the report there again, as it was."""
        await self._check_free()
        self.stage.show(kept.screen)

    def put(self, whole: Screen) -> None:
        """In place of what was pressed; as messages of their own where there is no such place."""
        shown = self.stage.shown
        if shown is not None:
            self.stage.show(parts.in_place(whole, shown, comes_back=self.kept is not None))
            return
        for part in parts.split(whole):
            self.stage.send(part)

    async def _check_free(self) -> None:
        await jobs.check_free(self.session, self.stage, kind="report", dedupe=self._dedupe)

    @property
    def _dedupe(self) -> str:
        return jobs.in_message(self.stage) or str(self.profile.id)

    async def _begin(self, look: Look) -> None:
        await jobs.begin(
            self.session,
            self.stage,
            self.clock,
            kind="report",
            dedupe=self._dedupe,
            placeholder=lambda job_id: report_screens.collecting(
                job_id, self.profile, look.period
            ),
            payload=look.as_json(),
            profile_id=self.profile.id,
            in_place=True,
            for_chat=not self.viewed.is_owner,
        )


class Pressed(Filter):
    """Hands a handler the `looking` of whoever pressed; a question for dates is over then."""

    async def __call__(
        self,
        _query: CallbackQuery,
        viewed: Viewed,
        session: Session,
        state: FSMContext,
        stage: Stage,
        clock: Clock,
    ) -> dict[str, Looking]:
        if stage.is_private and (await state.get_state() or "") in History:
            await state.clear()
        known = await kept.of_pressed(session, stage, clock.now(), viewed.profile.id)
        return {"looking": Looking(viewed, session, state, stage, clock, known)}


# Choosing the days


async def choose(_query: CallbackQuery, looking: Looking) -> None:
    await _choose(looking, None)


async def choose_other(
    _query: CallbackQuery, callback_data: ReportOther, looking: Looking
) -> None:
    await _choose(looking, callback_data.period)


async def _choose(looking: Looking, shown: Period | None) -> None:
    reach, in_private = await looking.reach(), looking.stage.is_private
    if shown is None and looking.kept is not None:
        shown = looking.kept.period
    looking.put(screens.choose(looking.profile, reach, in_private=in_private, shown=shown))


async def turn_calendar(
    _query: CallbackQuery, callback_data: CalendarPage, looking: Looking
) -> None:
    reach = await looking.reach()
    month, first = callback_data.month, callback_data.first
    looking.put(screens.calendar(looking.profile, reach, month, first))


async def nothing_there(_query: CallbackQuery, looking: Looking) -> None:
    looking.stage.notice(screens.choosable(await looking.reach()))


async def ask_dates(_query: CallbackQuery, looking: Looking) -> None:
    await looking.state.set_state(History.dates)
    await looking.state.set_data({"profile_id": looking.profile.id})
    question = screens.ask_dates(looking.profile, await looking.reach())
    if looking.kept is None:
        looking.stage.show(question)
    else:
        # The answer brings a message of its own: the report keeps its place.
        looking.stage.send(question)


async def take_dates(
    message: Message,
    text: str | None,
    session: Session,
    state: FSMContext,
    stage: Stage,
    clock: Clock,
) -> None:
    data = await state.get_data()
    viewed = await profiles.viewable(
        session, message.chat.id, message.chat.id, stage.thread_id or 0, data["profile_id"]
    )
    looking = Looking(viewed, session, state, stage, clock)
    try:
        reach = await looking.reach()
        typed = typed_dates.parse(text, reach.last)
        period = typed.period.within(reach)
    except (NotDates, NoSuchDay, PeriodError) as error:
        stage.send(screens.not_taken(error))
    else:
        await state.clear()
        if word := screens.taken(typed, period):
            stage.send(word)
        await looking.show(Look(period))


# Looking at them


async def show_days(_query: CallbackQuery, callback_data: ReportDays, looking: Looking) -> None:
    await _show(looking, Look(days_until_yesterday(looking.now, callback_data.days)))


async def show_preset(
    _query: CallbackQuery, callback_data: ReportPreset, looking: Looking
) -> None:
    look = Look(preset(callback_data.preset, looking.now))
    if callback_data.preset is Preset.TODAY:
        # It goes on: nobody wants to see what was known of it earlier.
        await _look(looking, look)
    else:
        await _show(looking, look)


async def show_period(_query: CallbackQuery, callback_data: ReportShow, looking: Looking) -> None:
    await _show(looking, Look(callback_data.period))


async def refresh(_query: CallbackQuery, callback_data: ReportRefresh, looking: Looking) -> None:
    facts = await _look(looking, Look(callback_data.period, anew=True))
    if isinstance(facts, ReportData):
        # What is there may well be what was there: silence would look like a dead button.
        looking.stage.notice(report_screens.no_newer(facts, looking.now))


async def compare(_query: CallbackQuery, callback_data: ReportCompare, looking: Looking) -> None:
    period = callback_data.period
    await _show(looking, compared(period, period.previous()))


async def compare_with(
    _query: CallbackQuery, callback_data: ReportAgainst, looking: Looking
) -> None:
    period = callback_data.period
    other = like(period, callback_data.other)
    await _show(looking, compared(period, other), other)


async def turn_compare_calendar(
    _query: CallbackQuery, callback_data: ComparePage, looking: Looking
) -> None:
    reach, period = await looking.reach(), callback_data.period
    looking.put(screens.compare_calendar(looking.profile, reach, period, callback_data.month))


async def break_down(
    _query: CallbackQuery, callback_data: ReportBreakdown, looking: Looking
) -> None:
    period = callback_data.period
    await _show(looking, Look(period, grain=usual_grain(period)))


async def break_down_by(
    _query: CallbackQuery, callback_data: BreakdownBy, looking: Looking
) -> None:
    await _show(looking, Look(callback_data.period, grain=callback_data.grain))


async def turn_breakdown(
    _query: CallbackQuery, callback_data: BreakdownPage, looking: Looking
) -> None:
    period, grain, page = callback_data.period, callback_data.grain, callback_data.page
    await _show(looking, Look(period, grain=grain, page=page))


async def _show(looking: Looking, look: Look, other: Period | None = None) -> None:
    """As `_look`; the report that the message had at first comes back as it was."""
    if looking.kept is not None and look == Look(looking.kept.period):
        await looking.bring_back(looking.kept)
    else:
        await _look(looking, look, other)


async def _look(looking: Looking, look: Look, other: Period | None = None) -> Facts | None:
    """What days cannot be shown, of the look or of an `other` period chosen, gets a notice."""
    try:
        await looking.check(look.period)
        if other is not None:
            await looking.check(other)
    except PeriodError as error:
        looking.stage.notice(screens.refusal(error), alert=True)
        return None
    return await looking.show(look)


_ANYWHERE: dict[type[AboutProfile], Callable[..., Any]] = {
    ReportHistorical: choose,
    ReportOther: choose_other,
    CalendarPage: turn_calendar,
    CalendarEmpty: nothing_there,
    ReportDays: show_days,
    ReportPreset: show_preset,
    ReportShow: show_period,
    ReportRefresh: refresh,
    ReportCompare: compare,
    ReportAgainst: compare_with,
    ComparePage: turn_compare_calendar,
    ReportBreakdown: break_down,
    BreakdownBy: break_down_by,
    BreakdownPage: turn_breakdown,
}


def setup() -> Router:
    router = Router(name="history")
    for button, handler in _ANYWHERE.items():
        router.callback_query.register(handler, button.filter(), ViewedProfile(), Pressed())
    router.callback_query.register(
        ask_dates, ReportDates.filter(), InPrivate(), ViewedProfile(), Pressed()
    )
    router.message.register(take_dates, InPrivate(), At(History.dates), PlainText())
    return router
