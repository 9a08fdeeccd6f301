"""What stands under a combined report that came by schedule."""

from __future__ import annotations

from datetime import date

import pytest

from bot.screens import stats
from core.combined import Row, combined
from core.digests import ScheduledDigest
from tests.support.combined import DAY, READ_AT, report_data
from utils.metrics import METRICS, Shown
from utils.periods import Period


@pytest.mark.parametrize(
    ("period", "label"),
    [
        (DAY, "🔄 Обновить"),
        (Period(date(2026, 11, 14), date(2026, 11, 20)), "🔄 Сводка за вчера"),
    ],
)
def test_its_button_promises_the_days_that_it_shows(period: Period, label: str) -> None:
    report = combined(
        period, [Row(1, "Мебель", report_data(1, period=period))], {1: Shown(tuple(METRICS))}
    )
    digest = ScheduledDigest(report, for_owner=False, is_trial=False, missed=[])

    shown = stats.scheduled(digest, READ_AT).inline

    assert shown is not None
    assert [[button.text for button in row] for row in shown.inline_keyboard] == [[label]]
