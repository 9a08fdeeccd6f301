"""Listings: a few of them in a report, all of them on a screen of their own."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, datetime

from aiogram.utils.formatting import Bold, Italic, Text, TextLink

from bot import keyboards
from bot.callbacks import ItemsPage
from bot.effects import Screen
from bot.keyboards import Row, button, keyboard, pager
from bot.screens import problems, report_buttons
from bot.screens.parts import Line, named, screen
from core.database.models import AvitoProfile
from core.errors import RateLimited
from core.statistics.listings import (
    PAGE_SIZE,
    Highlights,
    ListingPage,
    ListingTotals,
    Order,
    Totals,
    orders_among,
)
from core.statistics.store import Source
from utils.formatter import (
    NO_DATA,
    format_at,
    format_count,
    format_day,
    format_moment,
    format_money,
    format_period,
    format_price,
    format_read_at,
)
from utils.periods import MOSCOW, Period, PeriodError
from utils.plurals import plural
from utils.titles import isolated, shortened

TITLE_COLUMNS = 40
"""Longer titles make a third line on a phone."""
HIGHLIGHT_COLUMNS = 30
"""In a report there is less room: under a picture Telegram takes 1,024 characters."""

_ORDERS = {
    Order.CONTACTS: ("📞 Контакты", "сначала те, что принесли больше контактов"),
    Order.SPENDING: ("💰 Расходы", "сначала те, на которые ушло больше денег"),
    Order.VIEWS: ("👁 Просмотры", "сначала те, которые смотрели чаще"),
    Order.COST: ("💵 Цена контакта", "сначала те, где контакт дороже"),
}
"""The button of an order, and what is said while it is in force."""
_WITHOUT_MONEY = (Order.CONTACTS, Order.VIEWS)
_NONE_TOLD = "За эти дни Avito не рассказал ни об одном объявлении."


def highlight_lines(found: Highlights | None, shown: Collection[str]) -> list[Line]:
    """A section of a report; nothing where there is nothing to say.

    `shown` are the keys of the metrics in that report: what its owner keeps from its readers
    must not come in by this door.
    """
    lines: list[Line] = []
    if found is None or "contacts" not in shown:
        return lines
    if found.best:
        lines.append(Bold("🏆 Больше всего контактов"))
        lines += [_best_line(listing, with_cost="cpl" in shown) for listing in found.best]
        lines.append("")
    if found.idle and "total_spending" in shown:
        lines += [*_idle_lines(found), ""]
    return lines


def highlights_shortened(found: Highlights | None, shown: Collection[str]) -> list[list[Line]]:
    """The same section as it is and ever shorter, for where there is little room."""
    if found is None:
        return []
    most = max(len(found.best), len(found.idle))
    both = [
        replace(found, best=found.best[:count], idle=found.idle[:count])
        for count in range(most, 0, -1)
    ]
    best_alone = [replace(each, idle=()) for each in both]
    sections = [highlight_lines(each, shown) for each in (*both, *best_alone)]
    return [section for section in sections if section]


def collecting(job_id: int, profile: AvitoProfile, period: Period) -> Screen:
    return screen(
        f"⏳ Читаю объявления {named(profile.profile_name)} за {format_period(period)}…",
        keyboard=keyboard(keyboards.stop(job_id)),
    )


def listing_page(
    profile: AvitoProfile,
    period: Period,
    page: ListingPage,
    shown: Collection[str],
    now: datetime,
) -> Screen:
    """`shown` are the keys of the metrics that a report tells there, as in `highlight_lines`."""
    return screen(
        Bold("📋 По объявлениям"),
        Italic(profile.profile_name),
        format_period(period),
        "",
        *_summary_lines(page, shown),
        *_page_lines(page, shown),
        *_remarks(page, shown),
        Italic(f"{format_read_at(page.read_at, now)} по Москве"),
        keyboard=keyboard(
            *_order_rows(profile.id, period, page, shown),
            pager(page.number, page.pages, lambda n: _target(profile.id, period, page.order, n)),
            report_buttons.to_report(profile.id, period),
        ),
    )


def out_of_reach(profile_id: int, period: Period, earliest: date) -> Screen:
    return screen(
        f"За {format_period(period)} объявлений не показать: Avito помнит их числа только с "
        f"{format_day(earliest)}, а раньше бот их не читал.",
        keyboard=keyboard(report_buttons.to_report(profile_id, period)),
    )


def in_workbook(
    page: ListingPage | None, failure: Exception | None, now: datetime, *, for_owner: bool
) -> list[str]:
    """What has to be known of the listings in a file: why there are none, or not all, or older.

    `for_owner`: he can act on the reason; the file others may get to read.
    """
    if page is None:
        return [f"⚠️ Без листа «По объявлениям»: {_why(failure, now, for_owner=for_owner)}"]
    if not page.count:
        return [f"ℹ️ Без листа «По объявлениям»: {_NONE_TOLD}"]
    said = []
    if failure is not None:
        local = page.read_at.astimezone(MOSCOW)
        read_at = f"{format_day(local.date())} {format_at(local)}"
        said.append(f"ℹ️ Числа объявлений прочитаны {read_at} по Москве, новее пока нет.")
    if page.count > len(page.rows):
        most, count = format_count(len(page.rows)), format_count(page.count)
        said.append(
            f"ℹ️ На листе «По объявлениям» {most} из {count}: те, что принесли больше контактов."
        )
    if page.source is Source.V1:
        said.append(
            "ℹ️ На листе «По объявлениям» только активные и без расходов: больше Avito не отдал."
        )
    return said


def _why(failure: Exception | None, now: datetime, *, for_owner: bool) -> str:
    if isinstance(failure, PeriodError):
        since = format_day(failure.limit)
        return f"Avito помнит числа объявлений только с {since}, а раньше бот их не читал."
    if not for_owner or failure is None:
        return "Avito не отдал их числа."
    if isinstance(failure, RateLimited):
        when = format_moment(failure.retry_at, now)
        return f"Avito отдаст их числа не раньше, чем {when} по Москве."
    return problems.reason(failure)


def _best_line(listing: ListingTotals, *, with_cost: bool) -> Line:
    contacts = listing.totals.contacts or 0
    words = plural(contacts, "контакт", "контакта", "контактов")
    cost = listing.totals.contact_cost
    price = f" {'за' if contacts == 1 else 'по'} {format_money(cost)}" if cost else ""
    title = _title(listing, HIGHLIGHT_COLUMNS)
    return Text("• ", title, f" — {words}{price if with_cost else ''}")


def _idle_lines(found: Highlights) -> list[Line]:
    lines: list[Line] = [Bold("💸 Тратят без контактов")]
    lines += [
        Text(
            *("• ", _title(listing, HIGHLIGHT_COLUMNS)),
            f" — {format_money(listing.totals.spending or 0)}",
        )
        for listing in found.idle
    ]
    unnamed = found.idle_count - len(found.idle)
    if unnamed > 0:
        count, spending = format_count(found.idle_count), format_money(found.idle_spending)
        lines.append(f"…и ещё {format_count(unnamed)}; на все {count} ушло {spending}")
    return lines


def _summary_lines(page: ListingPage, shown: Collection[str]) -> list[Line]:
    if not page.count:
        return [_NONE_TOLD, ""]
    count = plural(page.count, "объявление", "объявления", "объявлений")
    numbers = _numbers(page.totals, page, shown)
    if "favorites" in shown:
        numbers.append(f"⭐ {_count(page.totals.favorites)}")
    return [Bold(f"Всего {count}"), *_joined(numbers), ""]


def _page_lines(page: ListingPage, shown: Collection[str]) -> list[Line]:
    if not page.rows:
        return []
    before = page.number * PAGE_SIZE
    upto = before + len(page.rows)
    lines: list[Line] = []
    if page.count > 1:
        _, order = _ORDERS[page.order]
        lines.append(Italic(f"{before + 1}–{upto}, {order}:"))
    for place, listing in enumerate(page.rows, before + 1):
        price = "" if listing.price is None else f" — {format_price(listing.price)}"
        ended = "" if listing.is_active else " (снято)"
        title = _title(listing, TITLE_COLUMNS)
        lines.append(Text(f"{place}. ", title, f"{price}{ended}"))
        lines += _joined(_numbers(listing.totals, page, shown), indent="   ")
    if upto < page.count:
        lines.append(f"…и ещё {format_count(page.count - upto)}")
    return [*lines, ""]


def _numbers(totals: Totals, page: ListingPage, shown: Collection[str]) -> list[str]:
    """Under the signs that these metrics have in a report and on the buttons."""
    told = {"contacts": f"📞 {_count(totals.contacts)}", "views": f"👁 {_count(totals.views)}"}
    if page.has_money and totals.spending is not None:
        told["total_spending"] = f"💰 {format_money(totals.spending)}"
    if page.has_money and totals.contact_cost is not None:
        told["cpl"] = f"💵 {format_money(totals.contact_cost)}"
    return [words for key, words in told.items() if key in shown]


def _joined(numbers: Sequence[str], indent: str = "") -> list[Line]:
    """A line of them, if there are any."""
    return [indent + " · ".join(numbers)] if numbers else []


def _count(value: int | None) -> str:
    return NO_DATA if value is None else format_count(value)


def _remarks(page: ListingPage, shown: Collection[str]) -> list[Line]:
    is_money_shown = "total_spending" in shown or "cpl" in shown
    if page.source is Source.V1 and not is_money_shown:
        return ["ℹ️ Avito рассказал только об активных объявлениях."]
    if page.source is Source.V1:
        return [
            "ℹ️ Avito не отдал расходы по объявлениям: здесь только просмотры, контакты и "
            "избранное активных."
        ]
    if page.count and is_money_shown and not page.has_money:
        return ["⚠️ Avito скрывает расходы: проверьте права ключей в кабинете Avito."]
    return []


def _order_rows(
    profile_id: int, period: Period, page: ListingPage, shown: Collection[str]
) -> list[Row]:
    told = list(Order) if page.has_money else _WITHOUT_MONEY
    orders = [order for order in orders_among(shown) if order in told]
    if page.count <= 1 or len(orders) <= 1:
        return []
    buttons = [
        button(
            f"{'✓ ' if order is page.order else ''}{_ORDERS[order][0]}",
            _target(profile_id, period, order, 0),
        )
        for order in orders
    ]
    return [buttons[:2], buttons[2:]]


def _target(profile_id: int, period: Period, order: Order, page: int) -> ItemsPage:
    return ItemsPage(
        profile_id=profile_id, first=period.first, last=period.last, order=order, page=page
    )


def _title(listing: ListingTotals, columns: int) -> Text:
    """As a link, where Avito told us one; a listing that is gone has but its number."""
    if listing.title is None:
        return Text(f"Объявление {listing.id}")
    title = isolated(shortened(listing.title, columns))
    return TextLink(title, url=listing.url) if listing.url else Text(title)
