"""The statistics of calls: what they are asked, and how their rows are read."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any

from core.avito.schemas import CallsAnswer, CallsDay
from core.avito.stats import DayMetrics
from utils.periods import Period


def calls_question(period: Period) -> dict[str, Any]:
    """The calls of the whole account on each day of `period`."""
    return {"dateFrom": period.first.isoformat(), "dateTo": period.last.isoformat()}


def calls_by_day(answer: CallsAnswer, period: Period) -> DayMetrics:
    """Each day's calls together: by listing, by employee and those that belong to none.

    A counter that one row of a day leaves out is unknown for that day, and so left out too.
    """
    rows: defaultdict[date, list[dict[str, int | None]]] = defaultdict(list)
    for item in answer.result.items:
        for day in item.days:
            if day.day in period:
                rows[day.day].append(_counters(day))
    return {day: _added(counters) for day, counters in rows.items()}


def _counters(day: CallsDay) -> dict[str, int | None]:
    return {
        "calls": day.calls,
        "answeredCalls": day.answered,
        "newCalls": day.new,
        "newAnsweredCalls": day.new_answered,
    }


def _added(rows: list[dict[str, int | None]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for counter in rows[0]:
        said = [value for row in rows if (value := row[counter]) is not None]
        if len(said) == len(rows):
            total[counter] = sum(said)
    return total
