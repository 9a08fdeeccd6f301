"""Where Avito refuses the statistics of the whole account, they are added up by listing."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tests.support.bot import BotRig
from tests.support.report import ask_report, change, count, read_figures

pytestmark = pytest.mark.one_database

YESTERDAY = date(2026, 11, 20)


@pytest.mark.parametrize("label", ["v2_forbidden", "v2_zeros"])
async def test_traffic_is_added_up_by_listing_and_the_report_says_so(
    rig: BotRig, label: str
) -> None:
    chat, profile_id = await rig.connect(rig.alice, label)

    report = await ask_report(chat, profile_id)

    said = read_figures(report)
    account = rig.avito.account(label)
    now, before = (account.day_numbers(YESTERDAY - timedelta(days=n)) for n in (0, 1))
    for name, slug in (("Просмотры", "views"), ("Контакты", "contacts")):
        assert said[name].value == count(now[slug])
        assert said[name].change == change(name, count, now[slug], before[slug])
    assert "сложены по объявлениям, расходов и числа активных объявлений" in report.text


async def test_money_is_no_data_where_only_listings_answer(rig: BotRig) -> None:
    chat, profile_id = await rig.connect(rig.alice, "v2_forbidden")

    said = read_figures(await ask_report(chat, profile_id))

    spent = [
        said[name].value
        for name in said
        if name.startswith(("Расходы", "Размещение", "Продвижение", "Прочие", "Цена"))
    ]
    assert spent == ["нет данных"] * 6
    assert said["Активные объявления"].value == "нет данных"
