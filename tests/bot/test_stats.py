"""`/stats`: one report over all profiles of a chat, right to the kopeck and without a call."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from core import combined
from sandbox.telegram.events import PATIENCE_SEC
from tests.support.bot import BotRig
from tests.support.looking import tap
from tests.support.report import NO_DATA, count, expected_totals, money, read_figures
from tests.support.rows import add_destination, add_profile, connected, execute
from tests.support.stats import TITLE, ask_stats, expected_row, read_rows, reporting

YESTERDAY = date(2026, 11, 20)


async def test_totals_and_rows_are_those_of_the_accounts(rig: BotRig) -> None:
    group = rig.bob.at(rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me))
    rig.avito.account("second").real = 312.4
    await reporting(rig, group, ("shop", "Мебель"), ("second", "Кофейня"), ("debtor", "Долги"))

    report = await ask_stats(group)

    assert "3 профиля, 20.11.2026" in report.text
    accounts = [rig.avito.account(label) for label in ("shop", "second", "debtor")]
    said = read_figures(report)
    expected = expected_totals(accounts, YESTERDAY)
    assert {label: said[label] for label in expected} == expected
    assert said["Кошелёк"].value == money(150_000_00 + 312_40)
    assert said["Аванс"].value == money(12_345_67 + 5_000_00 - 50_00)
    rows = read_rows(report)
    assert rows["Кофейня"][-1].startswith("💸 кошелька хватит ")
    assert rows["Долги"][-1] == "💸 деньги в кошельке кончились, аванс ушёл в минус"
    assert not any("💸" in line for line in rows["Мебель"])
    assert {name: lines[0] for name, lines in rows.items()} == {
        name: expected_row(account, account.day_numbers(YESTERDAY))
        for name, account in zip(("Мебель", "Кофейня", "Долги"), accounts, strict=True)
    }


async def test_an_account_of_two_owners_counts_once(rig: BotRig) -> None:
    group = rig.bob.at(rig.telegram.group("Клиенты", rig.alice, rig.bob, rig.me))
    await reporting(rig, group, ("shop", "Мебель"), ("second", "Кофейня"))
    await reporting(rig, group, ("shop", "Мебель Боба"), owner=rig.bob)

    report = await ask_stats(group)

    accounts = [rig.avito.account("shop"), rig.avito.account("second")]
    said, expected = read_figures(report), expected_totals(accounts, YESTERDAY)
    assert {label: said[label] for label in expected} == expected
    assert said["Кошелёк"].value == money(150_000_00 + 4_350_50)
    rows = read_rows(report)
    assert rows["Мебель"][0] == rows["Мебель Боба"][0]
    assert "тот же аккаунт, что «Мебель»" in rows["Мебель Боба"][-1]
    assert len(rig.avito.calls("stats_v2")) == 2


async def test_a_copy_whose_keys_work_answers_for_the_one_whose_keys_do_not(rig: BotRig) -> None:
    group = rig.bob.at(rig.telegram.group("Клиенты", rig.alice, rig.bob, rig.me))
    await reporting(rig, group, ("shop", "Мебель"))
    rig.avito.account("shop").client_secret = "a_secret_that_was_made_anew"
    await reporting(rig, group, ("shop", "Мебель Боба"), owner=rig.bob)

    said = read_figures(await ask_stats(group))

    expected = expected_totals([rig.avito.account("shop")], YESTERDAY)
    assert {label: said[label] for label in expected} == expected


async def test_it_asks_avito_for_no_statistics_while_they_are_fresh(rig: BotRig) -> None:
    group = rig.bob.at(rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me))
    await reporting(rig, group, ("shop", "Мебель"), ("second", "Кофейня"))
    first = await ask_stats(group)
    read = len(rig.avito.calls("stats_v2"))

    for minutes in (1, 30, 120):
        rig.clock.advance(timedelta(minutes=minutes))
        assert (
            read_figures(await ask_stats(group))["Просмотры"] == (read_figures(first)["Просмотры"])
        )
    assert len(rig.avito.calls("stats_v2")) == read == 2

    rig.clock.advance(timedelta(hours=1))
    await ask_stats(group)
    assert len(rig.avito.calls("stats_v2")) == 4


async def test_other_days_take_its_place_from_the_store_and_it_comes_back(rig: BotRig) -> None:
    group = rig.bob.at(rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me))
    await reporting(rig, group, ("shop", "Мебель"), ("second", "Кофейня"))
    report = await ask_stats(group)
    await rig.settled()
    as_it_was = (report.text, report.entities, report.button_data)
    asked, sent = len(rig.avito.calls("stats_v2")), len(rig.telegram.sent(group.chat.id))
    week = [YESTERDAY - timedelta(days=back) for back in range(7)]
    accounts = [rig.avito.account(label) for label in ("shop", "second")]
    views = sum(account.day_numbers(day)["views"] for account in accounts for day in week)

    await tap(group, "7 дней", report)

    await group.wait_for("14.11.2026 – 20.11.2026")
    assert read_figures(report)["Просмотры"].value == count(views)
    assert list(read_rows(report)) == ["Мебель", "Кофейня"]
    await tap(rig.alice.at(group.chat), "« К сводке", report)
    await group.wait_for("2 профиля, 20.11.2026\n")
    assert (report.text, report.entities, report.button_data) == as_it_was
    assert len(rig.avito.calls("stats_v2")) == asked
    assert len(rig.telegram.sent(group.chat.id)) == sent


@pytest.mark.one_database
async def test_refreshed_it_is_what_avito_tells_by_now(rig: BotRig) -> None:
    group = rig.bob.at(rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me))
    await reporting(rig, group, ("shop", "Мебель"))
    report = await ask_stats(group)
    rig.clock.advance(timedelta(minutes=5))
    account = rig.avito.account("shop")
    account.set_day(YESTERDAY, views=4_321)
    account.real = 8_000.0

    await tap(group, "🔄 Обновить", report)
    await group.wait_for("4 321")
    assert read_figures(report)["Кошелёк"].value == money(8_000_00)
    await rig.settled()
    asked = len(rig.avito.history)

    await tap(group, "🔄 Обновить", report)
    await group.wait_for("Avito отдаёт новые числа раз в минуту: следующие — с 09:07.")
    assert len(rig.avito.history) == asked


@pytest.mark.one_database
@pytest.mark.parametrize("when", ["before other days", "after"])
async def test_a_profile_that_has_left_does_not_come_back(rig: BotRig, when: str) -> None:
    group = rig.bob.at(rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me))
    [left, _] = await reporting(rig, group, ("shop", "Мебель"), ("second", "Кофейня"))
    report = await ask_stats(group)
    await rig.settled()
    leaving = "DELETE FROM report_tasks WHERE profile_id = :id"
    if when != "after":
        await execute(rig, leaving, id=left)
    for button, shown in (("7 дней", "14.11.2026 – 20.11.2026"), ("« К сводке", "профиль, 20.11")):
        await tap(group, button, report)
        await group.wait_for(shown)
        await execute(rig, leaving, id=left)

    assert list(read_rows(report)) == ["Кофейня"]


async def test_money_that_one_account_withholds_stays_out_of_the_ratios(rig: BotRig) -> None:
    group = rig.bob.at(rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me))
    await reporting(rig, group, ("shop", "Мебель"), ("no_money", "Без денег"))

    report = await ask_stats(group)

    shop, silent = rig.avito.account("shop"), rig.avito.account("no_money")
    said, of_shop = read_figures(report), expected_totals([shop], YESTERDAY)
    both = expected_totals([shop, silent], YESTERDAY)
    assert (said["Просмотры"], said["Конверсия (CR)"]) == (
        both["Просмотры"],
        both["Конверсия (CR)"],
    )
    for label in ("Расходы", "Цена контакта (CPL)", "Цена просмотра (CPV)"):
        assert said[label].value == f"{of_shop[label].value} (не по всем профилям)"
        assert said[label].change == of_shop[label].change
    assert NO_DATA in read_rows(report)["Без денег"][0]


async def test_it_is_about_this_chat_only(rig: BotRig) -> None:
    group = rig.bob.at(rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me))
    other = rig.alice.at(rig.telegram.supergroup("Другие", rig.alice, rig.me))
    await reporting(rig, group, ("shop", "Мебель"))
    await reporting(rig, other, ("second", "Кофейня"))
    await connected(rig, rig.alice, "debtor", "Нигде")

    assert list(read_rows(await ask_stats(group))) == ["Мебель"]
    assert list(read_rows(await ask_stats(other))) == ["Кофейня"]


async def test_a_profile_with_two_places_in_a_chat_is_one_row(rig: BotRig) -> None:
    group = rig.bob.at(rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me))
    [profile_id] = await reporting(rig, group, ("shop", "Мебель"))
    await add_destination(rig, profile_id, group.chat.id)

    assert list(read_rows(await ask_stats(group))) == ["Мебель"]


async def test_a_long_one_comes_in_parts_and_in_order(
    rig: BotRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    # None is left out because the machine is busy.
    monkeypatch.setattr(combined, "SOON_SEC", PATIENCE_SEC)
    group = rig.bob.at(rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me))
    client_id, client_secret = rig.keys_of("empty")
    names = [f"Профиль_{number}. {'*' * 80}" for number in range(36)]
    for name in names:
        profile_id = await add_profile(
            *(rig, rig.alice, name),
            client_id=client_id,
            client_secret=client_secret,
            user_id=rig.avito.account("empty").user_id,
            is_duplicate=name != names[0],
        )
        await add_destination(rig, profile_id, group.chat.id)

    await ask_stats(group)
    await rig.quiet()

    parts = rig.telegram.sent(group.chat.id)
    assert len(parts) > 1
    lines = "\n".join(part.words for part in parts).splitlines()
    assert [line[2:] for line in lines if line[2:] in names] == names
    assert [bool(part.markup) for part in parts] == [False] * (len(parts) - 1) + [True]

    rig.clock.advance(timedelta(seconds=30))
    last = parts[-1].words
    await tap(group, "7 дней", group.last)
    await group.wait_for("14.11.2026 – 20.11.2026")
    await rig.settled()
    newer = rig.telegram.sent(group.chat.id)
    assert len(newer) == 2 * len(parts)
    assert newer[len(parts) - 1].words == last, "there is no room for several in place of one"


async def test_the_mention_of_another_bot_is_not_for_us(rig: BotRig) -> None:
    group = rig.bob.at(rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me))
    await reporting(rig, group, ("shop", "Мебель"))

    group.send("/stats@another_bot")
    await rig.settled()
    assert rig.telegram.sent(group.chat.id) == []

    group.send("/stats@avito_test_bot")
    await group.wait_for(TITLE)
