"""What somebody wants to see of a profile's numbers, and the facts for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from core.courses import against
from core.report_data import ReportData, from_store, with_calls
from core.services import history, metrics
from core.services.profiles import Viewed
from core.statistics import store, sync
from core.statistics.store import DayCalls, DayNumbers
from utils import breakdown, comparison
from utils.analytics import Days, Figure, figures, missing_days
from utils.breakdown import Page
from utils.calendars import Grain
from utils.comparison import Earlier, Pair
from utils.metrics import CALLS, Shown
from utils.periods import Period


@dataclass(frozen=True, slots=True)
class Look:
    """A report about a period; with `other` its comparison, with `grain` its breakdown."""

    period: Period
    other: Period | None = None
    """Earlier than `period`."""
    grain: Grain | None = None
    page: int = 0
    """Of the breakdown: 0 has its latest rows."""
    anew: bool = False
    """As Avito tells it by now, not as it told it a while ago."""

    def as_json(self) -> dict[str, Any]:
        return {
            **_as_json(self.period),
            "other": None if self.other is None else _as_json(self.other),
            "grain": self.grain,
            "page": self.page,
            "anew": self.anew,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Look:
        other, grain = stored.get("other"), stored.get("grain")
        return cls(
            _from_json(stored),
            other=_from_json(other) if other else None,
            grain=Grain(grain) if grain else None,
            page=stored.get("page", 0),
            anew=stored.get("anew", False),
        )


def compared(one: Period, another: Period) -> Look:
    """The two periods side by side, whichever of them was meant first."""
    earlier, later = sorted((one, another), key=lambda period: (period.first, period.last))
    return Look(later, other=earlier)


def _as_json(period: Period) -> dict[str, str]:
    return {"first": period.first.isoformat(), "last": period.last.isoformat()}


def _from_json(stored: Mapping[str, str]) -> Period:
    return Period(date.fromisoformat(stored["first"]), date.fromisoformat(stored["last"]))


@dataclass(frozen=True, slots=True)
class Comparison:
    report: ReportData
    """About the later period."""
    other: Period
    pairs: list[Pair]
    missing: Sequence[Period]
    """The days of `other` of which nothing is known."""
    cut_days: Sequence[date]
    """The days of `other` that were read before their end, and never again."""
    usual: Mapping[Earlier, Period]
    """What else the later period can be compared with, as far as numbers reach."""


@dataclass(frozen=True, slots=True)
class Breakdown:
    report: ReportData
    grain: Grain
    page: Page
    total: list[Figure]


Facts = ReportData | Comparison | Breakdown


async def from_warm_store(
    session: AsyncSession, viewed: Viewed, look: Look, now: datetime
) -> Facts | None:
    """The facts as they are stored; None where Avito has to be asked first."""
    profile, account = viewed.profile, viewed.profile.user_id
    if account is None:
        return None
    as_it_is = sync.as_new_as_can_be if look.anew else sync.as_it_is
    freshness = await as_it_is(session, account, look.period, now)
    if freshness is None:
        return None
    if CALLS & set(shown_to(viewed).keys) and await sync.due_calls(
        session, account, look.period, now, other=look.other
    ):
        return None
    report = await from_store(session, profile, look.period, freshness, now)
    if report is None:
        return None
    return await facts(session, viewed, look, report, now)


async def facts(
    session: AsyncSession, viewed: Viewed, look: Look, report: ReportData, now: datetime
) -> Facts:
    """What `look` shows, in the metrics of that place; `report` is the one about its period."""
    report = report.showing(shown_to(viewed))
    if viewed.task is not None and not viewed.task.has_chart:
        report = replace(report, course=None)
    if look.grain is not None:
        days = _metrics(await _days(session, viewed, look.period, now))
        page = breakdown.page(look.period, days, look.grain, look.page)
        total = figures(look.period, days, compare=False)
        return Breakdown(report, look.grain, page, total)
    if look.other is not None:
        both = (look.period, look.other)
        stored = [await _days(session, viewed, each, now) for each in both]
        calls = [await _calls(session, viewed, each, now) for each in both]
        numbers = stored[0] | stored[1]
        told = with_calls(numbers, calls[0] | calls[1], now)
        reach = await history.reach(session, viewed.profile, now)
        return _compared(report, look.other, numbers, told, reach)
    return report


def shown_to(viewed: Viewed) -> Shown:
    """What reports show there, on schedule and by button."""
    own = None if viewed.task is None else viewed.task.report_metrics
    return metrics.shown_in(own, viewed.profile.report_metrics)


def _compared(
    report: ReportData, other: Period, stored: Mapping[date, DayNumbers], told: Days, reach: Period
) -> Comparison:
    days, shown = _metrics(stored), {figure.metric.key for figure in report.figures}
    course = report.course and against(report.course, other, stored)
    cut = store.cut_days(stored, other)
    is_whole = not cut and not store.cut_days(stored, report.period)
    pairs = comparison.pairs(report.period, other, told, is_whole=is_whole)
    usual = comparison.earlier(report.period)
    return Comparison(
        report=replace(report, course=course),
        other=other,
        pairs=[pair for pair in pairs if pair.now.metric.key in shown],
        missing=missing_days(other, days),
        cut_days=[day for day in cut if days[day]],
        usual={name: period for name, period in usual.items() if period.first in reach},
    )


async def _days(
    session: AsyncSession, viewed: Viewed, period: Period, now: datetime
) -> dict[date, DayNumbers]:
    assert viewed.profile.user_id is not None  # noqa: S101 - its report has been made already
    return await store.days(session, viewed.profile.user_id, period, now)


async def _calls(
    session: AsyncSession, viewed: Viewed, period: Period, now: datetime
) -> dict[date, DayCalls]:
    assert viewed.profile.user_id is not None  # noqa: S101 - as above
    return await store.calls(session, viewed.profile.user_id, period, now)


def _metrics(stored: Mapping[date, DayNumbers]) -> Days:
    return {day: numbers.metrics for day, numbers in stored.items()}
