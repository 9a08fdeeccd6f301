"""What a report must say, worked out from Avito's own numbers in the plainest way.

Nothing here uses the product's arithmetic or formatter: two ways to one figure must meet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from sandbox.avito.world import AvitoAccount
from sandbox.telegram.people import ChatView
from sandbox.telegram.seen import Seen

SPACE = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
NO_DATA = "нет данных"
UNCHANGED = f"без{SPACE}изменений"

SPENT = {
    "Расходы": "spending",
    "Расходы на размещение": "presenceSpending",
    "Расходы на продвижение": "promoSpending",
    "Прочие расходы": "restSpending",
}
COUNTED = {
    "Просмотры": "views",
    "Контакты": "contacts",
    "В избранном": "favorites",
    "Активные объявления": "activeItems",
}
RATIOS = {
    "Конверсия (CR)": ("contacts", "views"),
    "Цена контакта (CPL)": ("spending", "contacts"),
    "Цена просмотра (CPV)": ("spending", "views"),
}
LABELS = (
    *("Просмотры", "Контакты", "В избранном"),
    *SPENT,
    *("Кошелёк", "Аванс"),
    *RATIOS,
    "Активные объявления",
)
"""The thirteen figures in the order of the contract."""


@dataclass(frozen=True)
class Said:
    value: str
    change: str


def read_figures(report: Seen) -> dict[str, Said]:
    """The figures of a report by label, in the order they stand in."""
    return figures_in(report.text)


def figures_in(text: str) -> dict[str, Said]:
    found = {}
    for line in text.splitlines():
        label, colon, rest = line.partition(": ")
        name = label.partition(" ")[2]
        if colon and name in LABELS:
            value, _, change = rest.partition("  ")
            found[name] = Said(value, change)
    return found


def expected_figures(account: AvitoAccount, day: date) -> dict[str, Said]:
    """The statistics of `day` with the change against the day before; no wallet."""
    return expected_totals([account], day)


def expected_totals(accounts: Iterable[AvitoAccount], day: date) -> dict[str, Said]:
    """The same for several accounts together: slug by slug, then the ratios."""
    now: Counter[str] = Counter()
    before: Counter[str] = Counter()
    for account in accounts:
        now.update(account.day_numbers(day))
        before.update(account.day_numbers(day - timedelta(days=1)))
    said = {
        label: Said(count(now[slug]), change(count, now[slug], before[slug]))
        for label, slug in COUNTED.items()
    }
    said |= {
        label: Said(money(now[slug]), change(money, now[slug], before[slug]))
        for label, slug in SPENT.items()
    }
    for label, (part, whole) in RATIOS.items():
        if not now[whole]:
            said[label] = Said("—", "")
            continue
        new = Decimal(now[part]) / Decimal(now[whole])
        old = Decimal(before[part]) / Decimal(before[whole])
        if part == "contacts":
            said[label] = Said(percent(new), points(new, old))
        else:
            said[label] = Said(money(new), change(money, new, old))
    return said


def count(value: Decimal | int) -> str:
    return f"{int(value):,}".replace(",", SPACE).replace("-", MINUS)


def money(kopecks: Decimal | int) -> str:
    roubles = (Decimal(kopecks) / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)
    said = f"{roubles:,.2f}".replace(",", SPACE).replace(".", ",").replace("-", MINUS)
    return f"{said}{SPACE}₽"


def percent(share: Decimal, digits: str = "0.01") -> str:
    shown = (share * 100).quantize(Decimal(digits), ROUND_HALF_UP)
    said = f"{shown:,}".replace(",", SPACE).replace(".", ",").replace("-", MINUS)
    return f"{said}{SPACE}%"


def change(show: object, now: Decimal | int, before: Decimal | int) -> str:
    moved = Decimal(now) - Decimal(before)
    assert callable(show)
    if not any(digit in show(moved) for digit in "123456789"):
        return UNCHANGED
    arrow, sign = ("▲", "+") if moved > 0 else ("▼", "")
    said = f"{arrow}{SPACE}{sign}{show(moved)}"
    return (
        f"{said}{SPACE}({sign}{percent(moved / abs(Decimal(before)), '0.1')})" if before else said
    )


def points(now: Decimal, before: Decimal) -> str:
    """Between two percentages lie percentage points."""
    points = ((now - before) * 100).quantize(Decimal("0.01"), ROUND_HALF_UP)
    arrow, sign = ("▲", "+") if points > 0 else ("▼", "")
    share = percent((now - before) / before, "0.1")
    moved = f"{sign}{points}".replace(".", ",").replace("-", MINUS)
    return f"{arrow}{SPACE}{moved}{SPACE}п.п.{SPACE}({sign}{share})"


async def ask_report(chat: ChatView, profile_id: int) -> Seen:
    """Press the button and wait for the report itself."""
    chat.click(f"report_now:{profile_id}")
    return await chat.wait_for("Отчёт Avito")
