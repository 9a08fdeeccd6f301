"""Whole reports as people read them: read a text as a seller would before changing it here."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from core.database.session import Sessions
from tests.support.building import ALICE, CLIENTS, BuilderRig, builder_rig, text_of
from tests.support.deliveries import NINE
from utils.metrics import METRICS

pytestmark = pytest.mark.one_database

HEALTHY = """\
📊 Отчёт Avito
Мебельная мастерская «Дуб»
20.11.2026

👁 Просмотры: 387  🔴 ▼ 39 %
📞 Контакты: 30  🔴 ▼ 19 %
⭐ В избранном: 18  🟢 ▲ 12
💰 Расходы: 7 089,92 ₽  ▲ 105 %
     в том числе комиссия: 543,41 ₽
🏷 Размещение: 1 715,36 ₽  ▲ 3 %
🚀 Продвижение: 4 481,10 ₽  ▲ 199 %
🧾 Прочие расходы: 350,05 ₽  ▲ с нуля
👛 Кошелёк: 150 000,00 ₽  ▼ 7 230,50 ₽
     и бонусами: 320,00 ₽
     хватит на 67 дней, судя по расходам за 7 дней без размещения
💳 Аванс: 12 345,67 ₽  ▼ 1 716,36 ₽
     хватит на 4 дня, судя по размещению за 7 дней
📈 Конверсия (CR): 7,75 %  🟢 ▲ 1,9 п.п.
💵 Цена контакта (CPL): 236,33 ₽  🔴 ▲ 152 %
💲 Цена просмотра (CPV): 18,32 ₽  🔴 ▲ в 3,3 раза
📦 Активные объявления: 30  как было

Лучшие объявления бот узнаёт ночью; сейчас их покажет «По объявлениям».

Изменения: к 19.11.2026; кошелёк и аванс — за сутки
Обновлено в 09:00 по Москве"""

THIN = """\
📊 Отчёт Avito
Без прав на расходы
20.11.2026

👁 Просмотры: 173  🟢 ▲ 59 %
📞 Контакты: 13  🟢 ▲ 6
⭐ В избранном: 4  как было
💰 Расходы: нет данных
🏷 Размещение: нет данных
🚀 Продвижение: нет данных
🧾 Прочие расходы: нет данных
👛 Кошелёк: 990,10 ₽
💳 Аванс: 0,00 ₽
📈 Конверсия (CR): 7,51 %  🟢 ▲ 1,09 п.п.
💵 Цена контакта (CPL): нет данных
💲 Цена просмотра (CPV): нет данных
📦 Активные объявления: 8  как было

Лучшие объявления бот узнаёт ночью; сейчас их покажет «По объявлениям».

Изменения: к 19.11.2026
⚠️ Avito скрывает расходы: проверьте права ключей в кабинете Avito.
Обновлено в 09:00 по Москве"""

IN_DEBT = """\
📊 Отчёт Avito
Аванс в минусе
20.11.2026

👁 Просмотры: 142  🟢 ▲ 58 %
📞 Контакты: 10  🟢 ▲ 6
⭐ В избранном: 4  как было
💰 Расходы: 1 406,52 ₽  ▲ 144 %
     в том числе комиссия: 227,37 ₽
🏷 Размещение: 1 179,15 ₽  ▲ 105 %
🚀 Продвижение: 0,00 ₽  как было
🧾 Прочие расходы: 0,00 ₽  как было
👛 Кошелёк: 312,40 ₽
     хватит меньше чем на день, судя по расходам за 7 дней
💳 Аванс: −50,00 ₽
     ⚠️ аванс ушёл в минус: его пора пополнить
📈 Конверсия (CR): 7,04 %  🟢 ▲ 2,6 п.п.
💵 Цена контакта (CPL): 140,65 ₽  ▼ 2 %
💲 Цена просмотра (CPV): 9,91 ₽  🔴 ▲ 55 %
📦 Активные объявления: 6  как было

Изменения: к 19.11.2026
Обновлено в 09:00 по Москве"""

TRAFFIC = """\
📊 Отчёт Avito
Мебельная мастерская «Дуб»
20.11.2026

👁 Просмотры: 387  🔴 ▼ 39 %
📞 Контакты: 30  🔴 ▼ 19 %
📡 Показы: 14 795  🔴 ▼ 41 %
🛒 Заказы с Доставкой: 8  🟢 ▲ 3
☎️ Звонки: 13  🔴 ▼ 19 %
📵 Пропущенные звонки: 7  🔴 ▲ 3

Изменения: к 19.11.2026
Обновлено в 09:00 по Москве"""

CHOSEN = """\
📊 Отчёт Avito
Мебельная мастерская «Дуб»
20.11.2026

👁 Просмотры: 387  🔴 ▼ 39 %
{lines}

Изменения: к 19.11.2026
Обновлено в 09:00 по Москве"""

EVERYTHING = """\
📊 Отчёт Avito
Мебельная мастерская «Дуб»
20.11.2026

👁 Просмотры: 387  🔴 ▼ 39 %
📞 Контакты: 30  🔴 ▼ 19 %
⭐ В избранном: 18  🟢 ▲ 12
💰 Расходы: 7 089,92 ₽  ▲ 105 %
🏷 Размещение: 1 715,36 ₽  ▲ 3 %
🚀 Продвижение: 4 481,10 ₽  ▲ 199 %
🧾 Прочие расходы: 350,05 ₽  ▲ с нуля
👛 Кошелёк: 150 000,00 ₽
     и бонусами: 320,00 ₽
     хватит на 67 дней, судя по расходам за 7 дней без размещения
💳 Аванс: 12 345,67 ₽
     хватит на 4 дня, судя по размещению за 7 дней
📈 Конверсия (CR): 7,75 %  🟢 ▲ 1,9 п.п.
💵 Цена контакта (CPL): 236,33 ₽  🔴 ▲ 152 %
💲 Цена просмотра (CPV): 18,32 ₽  🔴 ▲ в 3,3 раза
📦 Активные объявления: 30  как было
📡 Показы: 14 795  🔴 ▼ 41 %
📱 Контакты по телефону: 21  🟢 ▲ 11 %
💬 Контакты в чате: 14  🔴 ▼ 42 %
🛒 Заказы с Доставкой: 8  🟢 ▲ 3
🛍 Заказано на сумму: 36 227,76 ₽  🟢 ▲ 47 %
🎁 Потрачено бонусами: 0,00 ₽  ▼ 100 %
🏦 Комиссия: 543,41 ₽  ▲ 83 %
☎️ Звонки: 13  🔴 ▼ 19 %
📵 Пропущенные звонки: 7  🔴 ▲ 3

Изменения: к 19.11.2026
Обновлено в 09:00 по Москве"""


async def read(rig: BuilderRig, task: int) -> str:
    await rig.nine_o_clock()
    return text_of(await rig.of(task)).replace("\N{NO-BREAK SPACE}", " ")


async def test_a_healthy_shop(sessions: Sessions) -> None:
    async with builder_rig(sessions, NINE - timedelta(days=1)) as rig:
        account = rig.account("shop")
        account.real, account.advance = 157_230.5, 1_406_203
        task = await rig.reporting("shop", ALICE)
        await rig.rounds.nightly()
        account.real, account.advance = 150_000.0, 1_234_567

        assert await read(rig, task) == HEALTHY


async def test_a_thin_account_whose_keys_do_not_see_money(rig: BuilderRig) -> None:
    task = await rig.reporting("no_money", ALICE)

    assert await read(rig, task) == THIN


async def test_an_advance_that_has_run_out_in_a_clients_group(rig: BuilderRig) -> None:
    rig.account("debtor").real = 312.4
    task = await rig.reporting("debtor")

    assert await read(rig, task) == IN_DEBT


async def test_a_client_who_wants_traffic_and_calls_only(rig: BuilderRig) -> None:
    keys = ["impressions", "views", "contacts", "calls", "calls_missed", "orders"]
    task = await rig.reporting("shop", report_metrics=json.dumps(keys))

    assert await read(rig, task) == TRAFFIC


@pytest.mark.parametrize(
    ("keys", "lines"),
    [
        (["total_spending"], "💰 Расходы: 7 089,92 ₽  ▲ 105 %"),
        (
            ["total_spending", "wallet_balance"],
            "💰 Расходы: 7 089,92 ₽  ▲ 105 %\n"
            "👛 Кошелёк: 150 000,00 ₽\n"
            "     и бонусами: 320,00 ₽\n"
            "     хватит на 67 дней, судя по расходам за 7 дней без размещения",
        ),
        (
            ["wallet_balance", "advance_balance"],
            "👛 Кошелёк: 150 000,00 ₽\n     и бонусами: 320,00 ₽\n💳 Аванс: 12 345,67 ₽",
        ),
    ],
)
async def test_what_is_not_ticked_is_not_told_beneath_another_figure(
    rig: BuilderRig, keys: list[str], lines: str
) -> None:
    task = await rig.reporting("shop", report_metrics=json.dumps(["views", *keys]))

    assert await read(rig, task) == CHOSEN.format(lines=lines)


async def test_everything_that_can_be_ticked(rig: BuilderRig) -> None:
    task = await rig.reporting("shop", CLIENTS, report_metrics=json.dumps(list(METRICS)))

    assert await read(rig, task) == EVERYTHING
