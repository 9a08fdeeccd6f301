"""Listings as a person reads them; every markup is parsed as Telegram's server would."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from bot.effects import Screen
from bot.markdown import to_plain
from bot.screens.listings import highlight_lines, in_workbook, listing_page, out_of_reach
from bot.screens.parts import screen
from core.database.models import AvitoProfile
from core.errors import Unavailable
from core.statistics.listings import (
    Highlights,
    ListingPage,
    ListingTotals,
    Order,
    Totals,
    allowed,
)
from core.statistics.store import Source
from sandbox.telegram.markdown import parse_markdown_v2
from utils.metrics import METRICS, USUAL
from utils.periods import Period, PeriodError, PeriodFault, one_day

NOW = datetime(2026, 11, 21, 6, tzinfo=UTC)
YESTERDAY = one_day(date(2026, 11, 20))
WEEK = Period(date(2026, 11, 14), date(2026, 11, 20))
PROFILE = AvitoProfile(id=7, profile_name="Мебель")
TABLE = ListingTotals(
    id=7_100_000_001,
    totals=Totals(views=312, contacts=14, favorites=4, spending=449_900),
    title="Стол из массива дуба",
    url="https://www.avito.ru/moskva/mebel_i_interer/x_7100000001",
    price=3_500_000,
    is_active=True,
)
CHEST = replace(
    TABLE,
    id=7_100_000_002,
    totals=Totals(68, 1, 1, 7_801),
    title="Комод, лофт",
    url="https://www.avito.ru/moskva/mebel_i_interer/x_7100000002",
    price=None,
)
GONE = ListingTotals(
    7_632_548_910,
    Totals(41, 0, 0, 38_000),
    title=None,
    url=None,
    price=None,
    is_active=False,
)
HIGHLIGHTS = Highlights(best=[TABLE, CHEST], idle=[GONE], idle_count=1, idle_spending=38_000)


def page_of(*rows: ListingTotals, **changes: Any) -> ListingPage:
    page = ListingPage(
        rows=rows,
        order=Order.CONTACTS,
        number=0,
        pages=1,
        count=len(rows),
        totals=Totals(421, 15, 5, 495_701),
        source=Source.V2,
        read_at=datetime(2026, 11, 21, 1, 33, tzinfo=UTC),
    )
    return replace(page, **changes)


def read(shown: Screen) -> str:
    """The text with plain spaces; Telegram must take its markup."""
    # A carriage return is how aiogram keeps two marks apart; Telegram drops it.
    return _plain(parse_markdown_v2(shown.text).text)


def _plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ").replace("\r", "")


def links(shown: Screen) -> dict[str, str]:
    parsed = parse_markdown_v2(shown.text)
    units = parsed.text.encode("utf-16-le")
    return {
        units[2 * e["offset"] : 2 * (e["offset"] + e["length"])].decode("utf-16-le"): e["url"]
        for e in parsed.entities
        if e["type"] == "text_link"
    }


def labels(shown: Screen) -> list[list[str]]:
    assert shown.inline is not None
    return [[button.text for button in row] for row in shown.inline.inline_keyboard]


def section(found: Highlights | None, *shown: str) -> str:
    return read(screen(*highlight_lines(found, shown or METRICS.keys())))


def of_page(
    page: ListingPage, period: Period = YESTERDAY, shown: Collection[str] = USUAL
) -> Screen:
    return listing_page(PROFILE, period, page, shown, NOW)


def test_a_report_names_the_best_and_those_that_cost_money_for_nothing() -> None:
    assert section(HIGHLIGHTS) == (
        "🏆 Больше всего контактов\n"
        "• Стол из массива дуба — 14 контактов по 321,36 ₽\n"
        "• Комод, лофт — 1 контакт за 78,01 ₽\n"
        "\n"
        "💸 Тратят без контактов\n"
        "• Объявление 7632548910 — 380,00 ₽\n"
    )
    assert links(screen(*highlight_lines(HIGHLIGHTS, METRICS))) == {
        "Стол из массива дуба": "https://www.avito.ru/moskva/mebel_i_interer/x_7100000001",
        "Комод, лофт": "https://www.avito.ru/moskva/mebel_i_interer/x_7100000002",
    }


def test_of_many_that_cost_money_for_nothing_the_rest_is_counted() -> None:
    many = replace(HIGHLIGHTS, best=[], idle=[GONE], idle_count=12, idle_spending=543_000)
    assert section(many) == (
        "💸 Тратят без контактов\n"
        "• Объявление 7632548910 — 380,00 ₽\n"
        "…и ещё 11; на все 12 ушло 5 430,00 ₽\n"
    )


def test_without_money_the_best_are_told_by_their_contacts_alone() -> None:
    free = replace(TABLE, totals=Totals(312, 2, 4, None))
    nothing_paid = replace(CHEST, totals=Totals(68, 5, 1, 0))
    assert section(Highlights([free, nothing_paid], [], 0, 0)) == (
        "🏆 Больше всего контактов\n"
        "• Стол из массива дуба — 2 контакта\n"
        "• Комод, лофт — 5 контактов\n"
    )


@pytest.mark.parametrize("found", [None, Highlights([], [], 0, 0)])
def test_nothing_is_said_where_there_is_nothing_to_say(found: Highlights | None) -> None:
    assert highlight_lines(found, METRICS) == []


def test_what_the_owner_keeps_from_his_readers_is_not_told_by_listings_either() -> None:
    assert section(HIGHLIGHTS, "views", "total_spending", "cpl") == ""
    assert section(HIGHLIGHTS, "contacts") == (
        "🏆 Больше всего контактов\n"
        "• Стол из массива дуба — 14 контактов\n"
        "• Комод, лофт — 1 контакт\n"
    )
    assert "💸" in section(HIGHLIGHTS, "contacts", "total_spending")


def test_all_listings_of_a_day() -> None:
    shown = of_page(page_of(TABLE, CHEST, GONE))
    assert read(shown) == (
        "📋 По объявлениям\n"
        "Мебель\n"
        "20.11.2026\n"
        "\n"
        "Всего 3 объявления\n"
        "📞 15 · 👁 421 · 💰 4 957,01 ₽ · 💵 330,47 ₽ · ⭐ 5\n"
        "\n"
        "1–3, сначала те, что принесли больше контактов:\n"
        "1. Стол из массива дуба — 35 000 ₽\n"
        "   📞 14 · 👁 312 · 💰 4 499,00 ₽ · 💵 321,36 ₽\n"
        "2. Комод, лофт\n"
        "   📞 1 · 👁 68 · 💰 78,01 ₽ · 💵 78,01 ₽\n"
        "3. Объявление 7632548910 (снято)\n"
        "   📞 0 · 👁 41 · 💰 380,00 ₽\n"
        "\n"
        "Обновлено в 04:33 по Москве"
    )
    assert labels(shown) == [
        ["✓ 📞 Контакты", "💰 Расходы"],
        ["👁 Просмотры", "💵 Цена контакта"],
        ["« Отчёт за 20.11.2026"],
    ]


@pytest.mark.parametrize(
    ("order", "words"),
    [
        (Order.CONTACTS, "сначала те, что принесли больше контактов"),
        (Order.SPENDING, "сначала те, на которые ушло больше денег"),
        (Order.VIEWS, "сначала те, которые смотрели чаще"),
        (Order.COST, "сначала те, где контакт дороже"),
    ],
)
def test_the_order_in_force_is_said_and_ticked(order: Order, words: str) -> None:
    shown = of_page(page_of(TABLE, CHEST, order=order), WEEK)
    assert f"1–2, {words}:" in read(shown)
    assert "14.11.2026 – 20.11.2026" in read(shown)
    assert [label for row in labels(shown) for label in row if "✓" in label] == [
        f"✓ {label}"
        for each, label in zip(
            Order, ("📞 Контакты", "💰 Расходы", "👁 Просмотры", "💵 Цена контакта"), strict=True
        )
        if each is order
    ]


@pytest.mark.parametrize(
    ("shown", "total", "first", "orders"),
    [
        (
            ("views", "contacts"),
            "📞 15 · 👁 421",
            "   📞 14 · 👁 312",
            [["✓ 📞 Контакты", "👁 Просмотры"]],
        ),
        (
            ("contacts", "total_spending"),
            "📞 15 · 💰 4 957,01 ₽",
            "   📞 14 · 💰 4 499,00 ₽",
            [["✓ 📞 Контакты", "💰 Расходы"]],
        ),
        (("cpl",), "💵 330,47 ₽", "   💵 321,36 ₽", []),
        (("favorites",), "⭐ 5", "2. Комод, лофт", []),
        (("wallet_balance",), "", "2. Комод, лофт", []),
    ],
)
def test_a_place_reads_of_listings_what_is_ticked_for_it(
    shown: tuple[str, ...], total: str, first: str, orders: list[list[str]]
) -> None:
    seen = of_page(page_of(TABLE, CHEST), shown=shown)
    lines = read(seen).splitlines()
    assert lines[4:7] == ["Всего 2 объявления", *([total, ""] if total else ["", lines[6]])]
    assert first in lines
    assert labels(seen) == [*orders, ["« Отчёт за 20.11.2026"]]


@pytest.mark.parametrize("source", Source)
def test_of_money_that_is_not_ticked_it_is_not_said_that_avito_withholds_it(
    source: Source,
) -> None:
    free = page_of(TABLE, CHEST, totals=Totals(421, 15, 5, None), source=source)
    assert "расход" not in read(of_page(free, shown=("views", "contacts"))).lower()


@pytest.mark.parametrize(
    ("shown", "order"),
    [
        (USUAL, Order.SPENDING),
        (("views", "contacts"), Order.CONTACTS),
        (("views", "cpl"), Order.VIEWS),
        (("wallet_balance",), Order.VIEWS),
    ],
)
def test_an_order_that_is_not_ticked_gives_way_to_the_usual_one(
    shown: tuple[str, ...], order: Order
) -> None:
    assert allowed(Order.SPENDING, shown) is order


def test_a_page_in_the_middle_of_a_thousand() -> None:
    rows = [replace(TABLE, id=n, title=f"Стол №{n}") for n in range(6)]
    shown = of_page(page_of(*rows, number=41, pages=100, count=600))
    text = read(shown)
    assert "Всего 600 объявлений" in text
    assert "247–252, сначала" in text
    assert "247. Стол №0 — 35 000 ₽" in text
    assert "252. Стол №5" in text
    assert "…и ещё 348" in text
    assert labels(shown)[-2:] == [["‹ Назад", "Дальше ›"], ["« Отчёт за 20.11.2026"]]


def test_one_listing_has_no_order() -> None:
    shown = of_page(page_of(TABLE))
    assert "Всего 1 объявление" in read(shown)
    assert "сначала" not in read(shown)
    assert labels(shown) == [["« Отчёт за 20.11.2026"]]


def test_no_listings_at_all() -> None:
    shown = of_page(page_of(totals=Totals(0, 0, 0, 0)))
    assert read(shown) == (
        "📋 По объявлениям\n"
        "Мебель\n"
        "20.11.2026\n"
        "\n"
        "За эти дни Avito не рассказал ни об одном объявлении.\n"
        "\n"
        "Обновлено в 04:33 по Москве"
    )
    assert labels(shown) == [["« Отчёт за 20.11.2026"]]


def test_where_only_v1_answers_there_is_no_money_to_show_or_to_sort_by() -> None:
    free = replace(TABLE, totals=Totals(312, 14, 4, None))
    totals = Totals(380, 15, 5, None)
    shown = of_page(page_of(free, CHEST, totals=totals, source=Source.V1))
    text = read(shown)
    assert "📞 15 · 👁 380 · ⭐ 5\n" in text
    assert "   📞 14 · 👁 312\n" in text
    assert "₽" not in text.replace("35 000 ₽", "")
    assert "ℹ️ Avito не отдал расходы по объявлениям" in text
    assert labels(shown)[0] == ["✓ 📞 Контакты", "👁 Просмотры"]


def test_money_that_is_withheld_is_said_to_be() -> None:
    free = replace(TABLE, totals=Totals(312, 14, 4, None))
    shown = of_page(page_of(free, free, totals=Totals(624, None, 8, None)))
    assert "📞 нет данных · 👁 624 · ⭐ 8" in read(shown)
    assert "⚠️ Avito скрывает расходы: проверьте права ключей" in read(shown)


@pytest.mark.parametrize(
    ("title", "seen"),
    [
        ("[Стол](tg://user?id=1) *_~`|\\", "[Стол](tg://user?id=1) *_~`|\\"),
        ("Стол. 100% дуб! #1 + >", "Стол. 100% дуб! #1 + >"),
        ("שולחן עץ", "\u2068שולחן עץ\u2069"),
    ],
)
def test_whatever_a_seller_calls_it_the_line_holds(title: str, seen: str) -> None:
    strange = replace(TABLE, title=title)
    shown = of_page(page_of(strange, CHEST))
    assert f"1. {seen} — 35 000 ₽\n   📞 14 ·" in read(shown)
    assert links(shown)[seen] == TABLE.url
    said = section(replace(HIGHLIGHTS, best=[strange], idle=[strange]))
    assert f"• {seen} — 14 контактов по 321,36 ₽\n" in said
    assert f"• {seen} — 4 499,00 ₽\n" in said


@pytest.mark.parametrize("sign", ["😀", "Щ"])
def test_a_long_title_is_cut_and_shorter_in_a_report(sign: str) -> None:
    endless, columns = replace(TABLE, title=sign * 200), 1 if sign == "Щ" else 2
    assert f"1. {sign * (39 // columns)}… — 35 000 ₽\n" in read(of_page(page_of(endless, CHEST)))
    said = section(replace(HIGHLIGHTS, best=[endless], idle=[endless]))
    assert f"• {sign * (29 // columns)}… — 14 контактов" in said
    assert f"• {sign * (29 // columns)}… — 4 499,00 ₽\n" in said


@pytest.mark.parametrize("title", ["Стол", "[Стол](дуб) *_~`|\\", "a](b)", "(1)[2]"])
def test_where_telegram_refuses_the_markup_the_plain_text_has_no_addresses(title: str) -> None:
    lines = highlight_lines(Highlights([replace(TABLE, title=title)], [], 0, 0), METRICS)
    assert f"• {title} — 14 контактов" in _plain(to_plain(screen(*lines).text))


def test_the_longest_page_fits_into_one_message() -> None:
    totals = Totals(10**10, 10**10, 10**10, 10**15)
    url = "https://www.avito.ru/" + "x" * 400
    longest = replace(TABLE, totals=totals, title="Щ" * 200, price=10**15, url=url)
    shown = of_page(page_of(*[longest] * 10, totals=totals, count=10**6, pages=10**5))
    assert len(read(shown)) < 4096


def test_days_that_avito_does_not_remember() -> None:
    shown = out_of_reach(7, one_day(date(2025, 11, 20)), date(2026, 2, 25))
    assert read(shown) == (
        "За 20.11.2025 объявлений не показать: Avito помнит их числа только с 25.02.2026, "
        "а раньше бот их не читал."
    )
    assert labels(shown) == [["« Отчёт за 20.11.2025"]]


@pytest.mark.parametrize(
    ("page", "failure", "said"),
    [
        (page_of(TABLE), None, []),
        (page_of(), None, ["ℹ️ Без листа «По объявлениям»: За эти дни Avito не рассказал"]),
        (page_of(TABLE, count=7_312), None, ["ℹ️ На листе «По объявлениям» 1 из 7 312"]),
        (page_of(TABLE, source=Source.V1), None, ["ℹ️ На листе «По объявлениям» только активные"]),
        (
            page_of(TABLE),
            Unavailable("stats"),
            ["ℹ️ Числа объявлений прочитаны 21.11.2026 в 04:33"],
        ),
        (
            *(None, PeriodError(PeriodFault.TOO_DEEP, date(2026, 2, 25))),
            ["⚠️ Без листа «По объявлениям»: Avito помнит числа объявлений только с 25.02.2026"],
        ),
        (None, Unavailable("stats"), ["⚠️ Без листа «По объявлениям»: Avito сейчас не отвечает"]),
    ],
)
def test_a_file_says_what_it_lacks_of_the_listings(
    page: ListingPage | None, failure: Exception | None, said: list[str]
) -> None:
    lines = [_plain(line) for line in in_workbook(page, failure, NOW, for_owner=True)]

    assert len(lines) == len(said)
    assert all(map(str.startswith, lines, said))
