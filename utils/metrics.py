"""The catalogue of report metrics: the keys of the contract, in its order."""

from __future__ import annotations

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

    Empty for the wallet and the advance, which are states and not statistics.
    """


CATALOGUE = (
    Metric("views", "👁", "Просмотры", Kind.COUNT, Better.UP, ("views",)),
    Metric("contacts", "📞", "Контакты", Kind.COUNT, Better.UP, ("contacts",)),
    Metric("favorites", "⭐", "В избранном", Kind.COUNT, Better.UP, ("favorites",)),
    Metric("total_spending", "💰", "Расходы", Kind.MONEY, Better.NEITHER, ("spending",)),
    Metric(
        "presence_spending",
        "🏷",
        "Расходы на размещение",
        Kind.MONEY,
        Better.NEITHER,
        ("presenceSpending",),
    ),
    Metric(
        "promo_spending",
        "🚀",
        "Расходы на продвижение",
        Kind.MONEY,
        Better.NEITHER,
        ("promoSpending",),
    ),
    Metric("rest_spending", "🧾", "Прочие расходы", Kind.MONEY, Better.NEITHER, ("restSpending",)),
    Metric("wallet_balance", "👛", "Кошелёк", Kind.MONEY, Better.NEITHER),
    Metric("advance_balance", "💳", "Аванс", Kind.MONEY, Better.NEITHER),
    Metric("cr", "📈", "Конверсия (CR)", Kind.PERCENT, Better.UP, ("contacts", "views")),
    Metric(
        "cpl", "💵", "Цена контакта (CPL)", Kind.UNIT_PRICE, Better.DOWN, ("spending", "contacts")
    ),
    Metric(
        "cpv", "💲", "Цена просмотра (CPV)", Kind.UNIT_PRICE, Better.DOWN, ("spending", "views")
    ),
    Metric(
        "active_items", "📦", "Активные объявления", Kind.COUNT, Better.NEITHER, ("activeItems",)
    ),
)

METRICS = {metric.key: metric for metric in CATALOGUE}
