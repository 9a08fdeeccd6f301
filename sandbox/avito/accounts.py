"""Ready accounts with keys one can remember: `shop_id_…`, `shop_secret_…`."""

from copy import deepcopy
from datetime import date
from typing import Any

from sandbox.avito.numbers import MONEY
from sandbox.avito.world import AvitoAccount, AvitoWorld, Listing
from sandbox.clock import SandboxClock

_GOODS = ("Стол из массива дуба", "Комод, лофт", "Стеллаж на заказ", "Кровать с ящиками", "Пуф")


def make_account(label: str, user_id: int, name: str, **rest: Any) -> AvitoAccount:
    """Keys have the length of real ones: 20 and 40 characters."""
    return AvitoAccount(
        label=label,
        user_id=user_id,
        client_id=f"{label}_id_".ljust(16, "0")[:16] + f"{user_id % 10_000:04}",
        client_secret=f"{label}_secret_".ljust(40, "0"),
        name=name,
        phones=[f"7999{user_id % 10_000_000:07}"],
        **rest,
    )


def make_listings(first_id: int, count: int, old: int = 0) -> list[Listing]:
    """`count` active listings and then `old` that ended; every fifth has no price."""
    listings = []
    for number in range(count + old):
        price = None if number % 5 == 4 else 3_500 + 1_250 * number
        title = f"{_GOODS[number % len(_GOODS)]} №{number + 1}"
        ended = None if number < count else date(2026, 10, 1)
        status = "active" if number < count else "old"
        listings.append(Listing(first_id + number, title, price, status, active_until=ended))
    return listings


def _demo_accounts() -> tuple[AvitoAccount, ...]:
    return (
        make_account(
            *("shop", 7_632_548_910, "Мебельная мастерская «Дуб»"),
            listings=make_listings(7_100_000_001, count=30, old=4),
            real=150_000.0,
            bonus=320.0,
            advance=1_234_567,
        ),
        make_account(
            *("second", 6_200_000_002, "Кофейня «Зерно»"),
            listings=make_listings(7_200_000_001, count=12, old=1),
            has_calls=False,
            real=4_350.5,
            advance=500_000,
        ),
        make_account("empty", 6_200_000_003, "Новый магазин"),
        make_account(
            *("no_money", 6_200_000_004, "Без прав на расходы"),
            listings=make_listings(7_300_000_001, count=8),
            withhold=frozenset(MONEY),
            real=990.1,
        ),
        make_account(
            *("employee", 123_456_789, "Сотрудник Пётр"), is_company=False, is_employee=True
        ),
        make_account(
            *("no_messenger", 6_200_000_006, "Без подписки на мессенджер"),
            listings=make_listings(7_400_000_001, count=5),
            has_messenger=False,
            real=10_000.0,
        ),
        make_account(
            *("debtor", 6_200_000_007, "Аванс в минусе"),
            listings=make_listings(7_500_000_001, count=6),
            advance=-5_000,
        ),
        make_account(
            *("slow", 6_200_000_008, "Медленный ответ"),
            listings=make_listings(7_600_000_001, count=3),
            real=77.7,
            latency=3.0,
        ),
        make_account(
            *("v2_forbidden", 6_200_000_009, "Без новой статистики"),
            listings=make_listings(7_700_000_001, count=9),
            stats_v2="forbidden",
            real=1_000.0,
        ),
        make_account(
            *("v2_zeros", 6_200_000_010, "Нули в новой статистике"),
            listings=make_listings(7_800_000_001, count=7),
            stats_v2="zeros",
            real=2_000.0,
        ),
    )


# Their keys never change; a world works on copies, so that no test moves another's numbers.
DEMO_ACCOUNTS = {account.label: account for account in _demo_accounts()}


def demo_world(clock: SandboxClock) -> AvitoWorld:
    return AvitoWorld(clock, *deepcopy(tuple(DEMO_ACCOUNTS.values())))
