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
from sandbox.telegram.seen import Seen, as_read

SPACE = " "
"""Whether it breaks a line nobody sees."""
MINUS = "\N{MINUS SIGN}"
NO_DATA = "нет данных"
UNCHANGED = f"как{SPACE}было"

SPENT = {
    "Расходы": "spending",
    "Размещение": "presenceSpending",
    "Продвижение": "promoSpending",
    "Прочие расходы": "restSpending",
    "Заказано на сумму": "orderedItemsPrice",
    "Потрачено бонусами": "spendingBonus",
    "Комиссия": "commission",
}
COUNTED = {
    "Просмотры": "views",
    "Контакты": "contacts",
    "В избранном": "favorites",
    "Активные объявления": "activeItems",
    "Показы": "impressions",
    "Контакты по телефону": "contactsShowPhone",
    "Контакты в чате": "contactsMessenger",
    "Заказы с Доставкой": "orderedItems",
}
CALLS = {"Звонки": "calls", "Пропущенные звонки": "missed"}
RATIOS = {
    "Конверсия (CR)": ("contacts", "views"),
    "Цена контакта (CPL)": ("spending", "contacts"),
    "Цена просмотра (CPV)": ("spending", "views"),
}
LABELS = (
    *("Просмотры", "Контакты", "В избранном"),
    *tuple(SPENT)[:4],
    *("Кошелёк", "Аванс"),
    *RATIOS,
    "Активные объявления",
)
"""The thirteen figures in the order of the contract."""
FURTHER = (*tuple(COUNTED)[4:], *tuple(SPENT)[4:], *CALLS)
"""What an owner may tick besides, in the order of the catalogue."""

GOOD = {
    *("Просмотры", "Контакты", "В избранном", "Конверсия (CR)", "Показы", "Звонки"),
    *("Контакты по телефону", "Контакты в чате", "Заказы с Доставкой", "Заказано на сумму"),
}
BAD = {"Цена контакта (CPL)", "Цена просмотра (CPV)", "Пропущенные звонки"}
"""What an owner wants more of, and what less; of the rest nobody can say."""


@dataclass(frozen=True)
class Said:
    value: str
    change: str


def read_figures(report: Seen) -> dict[str, Said]:
    """The figures of a report by label, in the order they stand in."""
    return figures_in(report.text)


def figures_in(text: str) -> dict[str, Said]:
    found = {}
    for line in as_read(text).splitlines():
        label, colon, rest = line.partition(": ")
        name = label.partition(" ")[2]
        if colon and name in LABELS + FURTHER:
            value, _, change = rest.partition("  ")
            found[name] = Said(value, change)
    return found


def expected_figures(account: AvitoAccount, day: date) -> dict[str, Said]:
    """The usual statistics of `day` with the change against the day before; no wallet."""
    said = expected_sums([account], [day], [day - timedelta(days=1)])
    return {label: said[label] for label in LABELS if label in said}


def expected_totals(accounts: Iterable[AvitoAccount], day: date) -> dict[str, Said]:
    """The same for several accounts together, where colours are for the accounts alone."""
    said = expected_sums(accounts, [day], [day - timedelta(days=1)])
    return {
        label: Said(said[label].value, said[label].change.lstrip(f"🟢🔴{SPACE}"))
        for label in LABELS
        if label in said
    }


def expected_sums(
    accounts: Iterable[AvitoAccount], days: Iterable[date], before: Iterable[date]
) -> dict[str, Said]:
    """Everything that is told of `days` against the days `before`, but for states of money:
    slug by slug, then the ratios.
    """
    accounts = list(accounts)
    now, earlier = _added_up(accounts, days), _added_up(accounts, before)
    said = {}
    for label, slug in (COUNTED | CALLS).items():
        said[label] = Said(count(now[slug]), change(label, count, now[slug], earlier[slug]))
    for label, slug in SPENT.items():
        said[label] = Said(money(now[slug]), change(label, money, now[slug], earlier[slug]))
    for label, (part, whole) in RATIOS.items():
        if not now[whole]:
            said[label] = Said("—", "")
            continue
        new = Decimal(now[part]) / Decimal(now[whole])
        old = Decimal(earlier[part]) / Decimal(earlier[whole])
        if part == "contacts":
            said[label] = Said(percent(new), points(label, new, old))
        else:
            said[label] = Said(money(new), change(label, money, new, old))
    return said


def _added_up(accounts: Iterable[AvitoAccount], days: Iterable[date]) -> Counter[str]:
    total: Counter[str] = Counter()
    days = list(days)
    for account in accounts:
        for day in days:
            total.update(account.day_numbers(day))
            for row in account.call_numbers(day).values():
                total.update(calls=row["calls"], missed=row["calls"] - row["answered"])
    # Listings are there, they do not happen: of several days the last one counts.
    total["activeItems"] = sum(
        account.day_numbers(max(days))["activeItems"] for account in accounts
    )
    return total


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


def change(label: str, show: object, now: Decimal | int, before: Decimal | int) -> str:
    """Up or down by a share; by an amount where a share of it would say nothing."""
    moved = abs(Decimal(now) - Decimal(before))
    assert callable(show)
    if not any(digit in show(moved) for digit in "123456789"):
        return UNCHANGED
    share = moved / abs(Decimal(before)) if before else None
    hardly_any = show is count and 0 < before < 10
    if hardly_any or label == "Активные объявления":
        said = show(moved)
    elif share is None:
        said = f"с{SPACE}нуля"
    elif now > before and share >= 2:
        said = f"в{SPACE}{_times(Decimal(now) / Decimal(before))}"
    else:
        said = f"{_short(share * 100, '1' if share >= Decimal('0.01') else '0.1')}{SPACE}%"
        said = show(moved) if said.startswith("0") and said[1] != "," else said
    return f"{_arrow(label, now > before, share)}{said}"


def _times(times: Decimal) -> str:
    """How many times as much, up to a hundred: more than these tests need."""
    said = _short(times, "0.1" if times < 10 else "1")
    few = "," in said or (said[-1] in "234" and said not in {"12", "13", "14"})
    return f"{said}{SPACE}{'раза' if few else 'раз'}"


def _arrow(label: str, is_up: bool, share: Decimal | None) -> str:
    arrow = f"{'▲' if is_up else '▼'}{SPACE}"
    if (label not in GOOD and label not in BAD) or (share is not None and share < Decimal("0.05")):
        return arrow
    return f"{'🟢' if is_up is (label in GOOD) else '🔴'}{SPACE}{arrow}"


def points(label: str, now: Decimal, before: Decimal) -> str:
    """Between two percentages lie percentage points."""
    points = _short(abs(now - before) * 100, "0.01")
    if points == "0":
        return UNCHANGED
    return f"{_arrow(label, now > before, abs(now - before) / before)}{points}{SPACE}п.п."


def _short(number: Decimal, digits: str) -> str:
    said = str(number.quantize(Decimal(digits), ROUND_HALF_UP))
    said = said.rstrip("0").rstrip(".") if "." in said else said
    return said.replace(".", ",")


async def ask_report(chat: ChatView, profile_id: int) -> Seen:
    """Press the button and wait for the report itself."""
    chat.click(f"report_now:{profile_id}")
    return await chat.wait_for("Отчёт Avito")
