"""A light before each profile of a combined report: trouble comes first, and says what it is."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from sandbox.telegram.people import ChatView
from tests.support.bot import BotRig
from tests.support.rows import execute
from tests.support.stats import ask_stats, read_lights, read_rows, reporting

pytestmark = pytest.mark.one_database

YESTERDAY = date(2026, 11, 20)
DAY_BEFORE = YESTERDAY - timedelta(days=1)
SHOWN = (
    ("second", "Кофейня"),
    ("debtor", "Долги"),
    ("empty", "Новый"),
    ("shop", "Мебель"),
    ("no_messenger", "Шторы"),
)


async def five(rig: BotRig, view: ChatView) -> None:
    """Two days of contacts and money, by hand, for five profiles of Alice."""
    days = {
        "second": ((40, 4_000_00), (44, 4_300_00)),
        "debtor": ((40, 4_000_00), (12, 4_100_00)),
        "shop": ((50, 5_000_00), (52, 7_280_00)),
        "no_messenger": ((0, 300_00), (0, 350_00)),
    }
    for label, (before, now) in days.items():
        for day, (contacts, spending) in ((DAY_BEFORE, before), (YESTERDAY, now)):
            numbers = {"views": 1_000, "contacts": contacts, "spending": spending}
            rig.avito.account(label).set_day(day, **numbers)
    await reporting(rig, view, *SHOWN)


async def test_trouble_comes_first_with_what_it_is_about(rig: BotRig) -> None:
    group = rig.bob.at(rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me))
    await five(rig, group)

    report = await ask_stats(group)

    assert list(read_lights(report).items()) == [
        ("Долги", "🔴"),
        ("Мебель", "🟡"),
        ("Шторы", "🟡"),
        ("Кофейня", "🟢"),
        ("Новый", "⚪"),
    ]
    rows = read_rows(report)
    assert rows["Долги"][1] == "↳ контактов было 40, контакт стоил 100,00 ₽, теперь 341,67 ₽"
    assert rows["Мебель"][1] == "↳ контакт стоил 100,00 ₽, теперь 140,00 ₽"
    assert rows["Шторы"][1] == "↳ деньги потрачены, контактов нет"
    assert not any(line.startswith("↳") for line in rows["Кофейня"])
    *_, legend, _ = report.text.splitlines()
    assert legend == (
        "Контакты и их цена по сравнению с прошлым периодом: 🔴 намного хуже · 🟡 заметно хуже · "
        "🟢 как обычно или лучше · ⚪ судить не по чему"
    )


async def test_what_a_place_may_not_know_is_not_judged_there(rig: BotRig) -> None:
    group = rig.bob.at(rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me))
    await five(rig, group)
    await execute(rig, """UPDATE report_tasks SET report_metrics = '["views"]'""")

    report = await ask_stats(group)

    assert read_lights(report) == {name: "⚪" for _, name in SHOWN}
    assert list(read_lights(report)) == [name for _, name in SHOWN]


async def test_what_cannot_be_read_is_not_judged_and_clients_read_no_reason(
    rig: BotRig,
) -> None:
    group = rig.bob.at(rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me))
    await reporting(rig, group, ("second", "Кофейня"), ("shop", "Мебель"))
    rig.avito.revoke_keys(rig.avito.account("shop"))

    report = await ask_stats(group)

    assert next(iter(read_lights(report).items())) == ("Мебель", "⚪")
    assert read_rows(report)["Мебель"] == ["⚠️ прочитать не удалось, в сумме этого профиля нет"]
    assert not any("profile" in data for data in report.button_data)


async def test_the_owner_in_private_reads_why_and_gets_to_the_profile(rig: BotRig) -> None:
    chat = rig.alice.private(rig.me)
    chat.start()
    ids = await reporting(
        rig, chat, ("second", "Кофейня"), ("shop", "Мебель"), ("debtor", "Долги")
    )
    await ask_stats(chat)
    await rig.quiet()
    rig.clock.advance(timedelta(hours=4))
    await execute(
        rig,
        "DELETE FROM daily_stats WHERE avito_user_id = :id",
        id=rig.avito.account("shop").user_id,
    )
    for label in ("shop", "second"):
        rig.avito.revoke_keys(rig.avito.account(label))
    rig.avito.fault("status", "stats_v2", account=rig.avito.account("debtor").user_id, status=502)

    report = await ask_stats(chat)

    rows, keys = read_rows(report), "Avito больше не принимает ключи профиля. Замените их."
    assert rows["Мебель"] == [f"⚠️ прочитать не удалось, в сумме этого профиля нет. {keys}"]
    assert rows["Кофейня"][-1].endswith(f"эти прочитаны сегодня в 09:00. {keys}")
    assert rows["Долги"][-1].endswith(
        "Avito сейчас не отвечает. Попробуйте через несколько минут."
    )
    cards = [f"profile_open:{profile_id}" for profile_id in ids[:2]]
    assert sorted(report.button_data[-3:]) == sorted([*cards, "profiles_back"])
