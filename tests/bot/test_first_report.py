"""The main job: connect a profile, read a right report."""

from __future__ import annotations

from datetime import date, timedelta

from tests.support.bot import BotRig
from tests.support.report import (
    LABELS,
    SPACE,
    UNCHANGED,
    Said,
    ask_report,
    count,
    expected_figures,
    money,
    read_figures,
)

YESTERDAY = date(2026, 11, 20)


async def test_alice_connects_a_profile_and_reads_yesterdays_report(rig: BotRig) -> None:
    chat, profile_id = await rig.connect(rig.alice, "shop", "Мебель")

    report = await ask_report(chat, profile_id)

    assert "Мебель\n20.11.2026" in report.text
    assert "Обновлено в 09:00 по Москве" in report.text
    said = read_figures(report)
    assert tuple(said) == LABELS
    expected = expected_figures(rig.avito.account("shop"), YESTERDAY)
    assert {label: said[label] for label in expected} == expected
    assert said["Кошелёк"] == Said(money(150_000_00), "")
    assert said["Аванс"] == Said(money(12_345_67), "")


async def test_the_wallet_is_compared_with_what_it_held_a_day_ago(rig: BotRig) -> None:
    chat, profile_id = await rig.connect(rig.alice)
    account = rig.avito.account("shop")
    rig.clock.advance(timedelta(days=1))
    account.real, account.advance = 120_000.0, 1_234_567

    report = await ask_report(chat, profile_id)
    said = read_figures(report)

    assert "Изменения: к 20.11.2026; кошелёк и аванс — за сутки" in report.text
    assert said["Кошелёк"].change == f"▼{SPACE}{money(30_000_00)}"
    assert said["Аванс"].change == UNCHANGED
    expected = expected_figures(account, date(2026, 11, 21))
    assert {label: said[label] for label in expected} == expected


async def test_a_wallet_of_zero_is_zero_and_not_hidden(rig: BotRig) -> None:
    rig.avito.account("shop").real = 0.0
    chat, profile_id = await rig.connect(rig.alice)

    said = read_figures(await ask_report(chat, profile_id))

    assert said["Кошелёк"].value == money(0)


async def test_an_advance_may_be_negative(rig: BotRig) -> None:
    chat, profile_id = await rig.connect(rig.alice, "debtor")

    said = read_figures(await ask_report(chat, profile_id))
    assert said["Аванс"].value == money(-50_00)


async def test_money_that_avito_withholds_is_no_data_and_never_zero(rig: BotRig) -> None:
    chat, profile_id = await rig.connect(rig.alice, "no_money")

    report = await ask_report(chat, profile_id)
    said = read_figures(report)
    numbers = rig.avito.account("no_money").day_numbers(YESTERDAY)
    assert said["Просмотры"].value == count(numbers["views"])
    for label in LABELS:
        if label.startswith(("Расходы", "Размещение", "Продвижение", "Прочие", "Цена")):
            assert said[label] == Said("нет данных", "")
    assert "Avito скрывает расходы: проверьте права ключей" in report.text


async def test_an_account_without_listings_has_zeros_and_no_ratios(rig: BotRig) -> None:
    chat, profile_id = await rig.connect(rig.alice, "empty")

    said = read_figures(await ask_report(chat, profile_id))
    assert said["Просмотры"] == Said("0", UNCHANGED)
    assert said["Расходы"].value == money(0)
    assert said["Активные объявления"].value == "0"
    expected = expected_figures(rig.avito.account("empty"), YESTERDAY)
    assert {label: said[label] for label in expected} == expected
    for label in ("Конверсия (CR)", "Цена контакта (CPL)", "Цена просмотра (CPV)"):
        assert said[label] == Said("—", "")


async def test_commission_is_told_because_it_is_in_no_part_of_the_spending(rig: BotRig) -> None:
    rig.avito.account("shop").set_day(YESTERDAY, presenceSpending=100_00, commission=25_00)
    chat, profile_id = await rig.connect(rig.alice)

    lines = (await ask_report(chat, profile_id)).text.splitlines()

    spent = next(n for n, line in enumerate(lines) if "Расходы: " in line)
    assert lines[spent + 1].strip() == f"в том числе комиссия: {money(25_00)}"


async def test_bonuses_spent_and_held_stand_beside_the_money(rig: BotRig) -> None:
    account = rig.avito.account("shop")
    account.set_day(YESTERDAY, spending=100_00, spendingBonus=7_50)
    chat, profile_id = await rig.connect(rig.alice)

    report = await ask_report(chat, profile_id)

    lines = report.text.splitlines()
    spent = next(n for n, line in enumerate(lines) if "Расходы: " in line)
    wallet = next(n for n, line in enumerate(lines) if "Кошелёк: " in line)
    assert read_figures(report)["Расходы"].value == money(100_00)
    assert lines[spent + 1].strip() == f"и бонусами: {money(7_50)}"
    assert lines[wallet + 1].strip() == f"и бонусами: {money(320_00)}"
