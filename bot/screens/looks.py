"""Whatever was made of a profile's numbers, as a message."""

from __future__ import annotations

from datetime import datetime

from bot.effects import Screen
from bot.screens.breakdown import breakdown
from bot.screens.comparison import comparison
from bot.screens.reports import report
from core.looks import Breakdown, Comparison, Facts
from utils.periods import Period


def look(
    facts: Facts,
    now: datetime,
    *,
    for_owner: bool,
    is_bound: bool,
    first: Period | None = None,
    is_sendable: bool = False,
) -> Screen:
    """`for_owner`: nobody else reads along. `is_bound`: the profile reports to this chat.

    `first`: the days of the report that stood there before anybody looked at something else.
    `is_sendable`: a report can be sent to where the scheduled ones go.
    """
    match facts:
        case Comparison():
            return comparison(facts, now, for_owner=for_owner, is_bound=is_bound, first=first)
        case Breakdown():
            return breakdown(facts, now, for_owner=for_owner, is_bound=is_bound, first=first)
        case _:
            return report(
                facts,
                now,
                for_owner=for_owner,
                is_bound=is_bound,
                first=first,
                is_sendable=is_sendable,
            )
