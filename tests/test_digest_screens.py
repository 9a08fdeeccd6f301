"""What stands under a combined report that came by schedule."""

from __future__ import annotations

from datetime import date

from bot.effects import Screen
from bot.screens import stats
from bot.work.stats import freeze_digest
from core.combined import Row, combined
from core.digests import ScheduledDigest
from tests.support.combined import DAY, READ_AT, report_data
from utils.metrics import METRICS, Shown
from utils.periods import Period

WEEK = Period(date(2026, 11, 14), date(2026, 11, 20))


def buttons(screen: Screen) -> list[list[str]]:
    assert screen.inline is not None
    return [[button.text for button in row] for row in screen.inline.inline_keyboard]


def test_beneath_it_are_other_days_and_its_own_once_more() -> None:
    row = Row(1, "Мебель", report_data(1, period=WEEK))
    report = combined(WEEK, [row], {1: Shown(tuple(METRICS))})
    days = ["Вчера", "7 дней", "30 дней"]

    digest = stats.scheduled(ScheduledDigest(report, False, False, []), READ_AT)
    instead = stats.combined(report, READ_AT, for_owner=False, first=DAY)

    assert buttons(digest) == [days, ["🔄 Обновить"]]
    assert buttons(instead) == [days, ["🔄 Обновить", "« К сводке"]]


def test_it_says_whom_it_tells_of_whoever_reports_there_by_then() -> None:
    rows = [Row(7, "Мебель", report_data(1, period=WEEK)), Row(8, "Кофейня", None)]
    report = combined(WEEK, rows, {7: Shown(tuple(METRICS))})

    [frozen] = freeze_digest(ScheduledDigest(report, False, False, []), READ_AT)

    assert sorted(frozen["about"]) == [7, 8]
    assert Screen.model_validate(frozen).inline is not None
