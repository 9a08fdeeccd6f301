"""The main job: connect a profile, read a right report."""

from __future__ import annotations

from datetime import date

from tests.support.bot import BotRig
from utils.formatter import format_count, format_money

YESTERDAY = date(2026, 11, 20)


async def test_alice_connects_a_profile_and_reads_yesterdays_report(rig: BotRig) -> None:
    chat, profile_id = await rig.connect(rig.alice, "shop", "Мебель")

    chat.click(f"report_now:{profile_id}")
    report = await chat.wait_for("Отчёт Avito")

    numbers = rig.avito.account("shop").day_numbers(YESTERDAY)
    assert "20.11.2026" in report.text
    assert f"Просмотры: {format_count(numbers['views'])}" in report.text
    assert f"Расходы: {format_money(numbers['spending'])}" in report.text
    assert rig.avito.violations() == []
