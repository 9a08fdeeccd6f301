"""The catalogue of report metrics: the keys of the contract in its order, then further ones."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What a value is made of, so that one formatter can show it."""

    COUNT = "count"
    MONEY = "money"
    """Integer kopecks."""
    UNIT_PRICE = "unit_price"
    """Kopecks per one thing, as an exact fraction."""
    PERCENT = "percent"
    """A share of one, as an exact fraction: 1/25 is 4 %."""


class Better(Enum):
    """Which way a change has to go to please the owner."""

    UP = "up"
    DOWN = "down"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class Metric:
    key: str
    emoji: str
    label: str
    kind: Kind
    better: Better
    slugs: tuple[str, ...] = ()
    """Avito's slugs it is made of: one to add up, or numerator and denominator of a ratio.

    Empty for the wallet and the advance, which are no statistics.
    """
    is_state: bool = False
    """What there is when a period ends; all others are what happened during it."""


_COUNT, _MONEY, _PRICE, _PERCENT = Kind.COUNT, Kind.MONEY, Kind.UNIT_PRICE, Kind.PERCENT
_UP, _DOWN, _NEITHER = Better.UP, Better.DOWN, Better.NEITHER

CATALOGUE = (
    Metric("views", "👁", "Просмотры", _COUNT, _UP, ("views",)),
    Metric("contacts", "📞", "Контакты", _COUNT, _UP, ("contacts",)),
    Metric("favorites", "⭐", "В избранном", _COUNT, _UP, ("favorites",)),
    Metric("total_spending", "💰", "Расходы", _MONEY, _NEITHER, ("spending",)),
    Metric("presence_spending", "🏷", "Размещение", _MONEY, _NEITHER, ("presenceSpending",)),
    Metric("promo_spending", "🚀", "Продвижение", _MONEY, _NEITHER, ("promoSpending",)),
    Metric("rest_spending", "🧾", "Прочие расходы", _MONEY, _NEITHER, ("restSpending",)),
    Metric("wallet_balance", "👛", "Кошелёк", _MONEY, _NEITHER, is_state=True),
    Metric("advance_balance", "💳", "Аванс", _MONEY, _NEITHER, is_state=True),
    Metric("cr", "📈", "Конверсия (CR)", _PERCENT, _UP, ("contacts", "views")),
    Metric("cpl", "💵", "Цена контакта (CPL)", _PRICE, _DOWN, ("spending", "contacts")),
    Metric("cpv", "💲", "Цена просмотра (CPV)", _PRICE, _DOWN, ("spending", "views")),
    Metric(
        "active_items",
        "📦",
        "Активные объявления",
        _COUNT,
        _NEITHER,
        ("activeItems",),
        is_state=True,
    ),
    Metric("impressions", "📡", "Показы", _COUNT, _UP, ("impressions",)),
    Metric("contacts_phone", "📱", "Контакты по телефону", _COUNT, _UP, ("contactsShowPhone",)),
    Metric("contacts_chat", "💬", "Контакты в чате", _COUNT, _UP, ("contactsMessenger",)),
    Metric("orders", "🛒", "Заказы с Доставкой", _COUNT, _UP, ("orderedItems",)),
    Metric("orders_sum", "🛍", "Заказано на сумму", _MONEY, _UP, ("orderedItemsPrice",)),
    Metric("bonus_spending", "🎁", "Потрачено бонусами", _MONEY, _NEITHER, ("bonus",)),
    Metric("commission", "🏦", "Комиссия", _MONEY, _NEITHER, ("commission",)),
    Metric("calls", "☎️", "Звонки", _COUNT, _UP, ("calls",)),
    Metric("calls_missed", "📵", "Пропущенные звонки", _COUNT, _DOWN, ("missedCalls",)),
)
"""Of the slugs, `bonus` and `missedCalls` are ours: `analytics` makes them of Avito's."""

METRICS = {metric.key: metric for metric in CATALOGUE}

USUAL = tuple(METRICS)[:13]
"""The keys of the contract: what a report shows until its owner ticks something else."""

PARTS = frozenset({"bonus_spending", "commission"})
"""What stands beneath the spending until the owner ticks something else."""

HELD = frozenset({"wallet_balance", "advance_balance"})
"""What an account holds by now, whatever days a report is about."""
STATISTICS = frozenset(METRICS) - HELD
"""What Avito tells of days."""

SPENDING = frozenset(key for key in METRICS if key.endswith("_spending")) | {"commission"}
"""What Avito keeps to itself where keys may not see money."""

CALLS = frozenset({"calls", "calls_missed"})
"""These take a question of their own to Avito, asked only where somebody ticked one."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a report tells."""

    keys: tuple[str, ...]
    """Of the metrics that have a line, in the order of the catalogue."""
    parts: frozenset[str] = frozenset()
    """Of those that are told beneath what they are a part of."""

    def tells(self, key: str) -> bool:
        return key in self.keys or key in self.parts


def common(several: Collection[Shown]) -> Shown:
    """What all of them tell; what has no line in one of them has none."""
    keys = [key for key in METRICS if several and all(key in each.keys for each in several)]
    told = {key for key in PARTS if several and all(each.tells(key) for each in several)}
    return Shown(tuple(keys), frozenset(told.difference(keys)))


def in_order(keys: Collection[str]) -> tuple[str, ...]:
    """The known ones among `keys`, each once, in the order of the catalogue."""
    return tuple(key for key in METRICS if key in keys)
