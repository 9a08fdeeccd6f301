"""The screens about any days as a person reads them, whole: each of these was read by eye."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from textwrap import dedent
from typing import Any

import pytest

from bot.effects import Screen
from bot.markdown import to_plain
from bot.screens import history as screens
from bot.screens.breakdown import breakdown
from bot.screens.comparison import comparison
from bot.screens.parts import is_caption
from bot.screens.reports import report
from core.database.models import AvitoProfile
from core.errors import Unavailable
from core.looks import Breakdown, Comparison
from core.report_data import ReportData
from core.statistics.listings import Highlights, ListingTotals, Totals
from utils import breakdown as tables
from utils import comparison as sides
from utils.analytics import Wallet, figures, missing_days
from utils.calendars import Grain
from utils.charts.course import Course, Series
from utils.metrics import USUAL, Shown
from utils.periods import Period, PeriodError, PeriodFault, one_day
from utils.typed_dates import NoSuchDay, NotDates

NOW = datetime(2026, 11, 21, 6, 30, tzinfo=UTC)
READ_AT = NOW - timedelta(minutes=25)
REACH = Period(date(2026, 2, 25), date(2026, 11, 21))
WEEK = Period(date(2026, 11, 14), date(2026, 11, 20))
SHOP = AvitoProfile(id=17, profile_name="Мебель")


def numbers(day: date) -> dict[str, int]:
    """A day whose numbers anybody can add up."""
    return {
        "views": 100 * day.day,
        "contacts": day.day,
        "favorites": 2,
        "spending": 1_000_50 * day.day,
        "presenceSpending": 600_00 * day.day,
        "promoSpending": 400_50 * day.day,
        "restSpending": 0,
        "activeItems": 30,
    }


def told(period: Period) -> dict[date, Mapping[str, int]]:
    return {day: numbers(day) for day in Period(period.previous().first, period.last)}


def facts(
    period: Period, days: Mapping[date, Mapping[str, int]], *, goes_on: bool = False
) -> ReportData:
    return ReportData(
        profile_id=SHOP.id,
        profile_name=SHOP.profile_name,
        account=1,
        period=period,
        compared_with=None if goes_on else period.previous(),
        figures=figures(period, days, compare=not goes_on),
        by_listings=False,
        read_at=READ_AT,
        refreshes_at=None,
        failure=None,
        cut_at=None,
        old_wallet_at=None,
        goes_on=goes_on,
        missing=missing_days(period, days),
    ).showing(Shown(USUAL))


def drawn(screen: Screen) -> str:
    """The text and beneath it the buttons, as they stand in a chat; plain spaces throughout."""
    assert screen.inline is not None
    rows = [
        " ".join(f"[{button.text}]" for button in row) for row in screen.inline.inline_keyboard
    ]
    return "\n".join([to_plain(screen.text).replace("\r", ""), *rows]).replace("\xa0", " ")


def is_drawn(screen: Screen, golden: str) -> None:
    assert drawn(screen) == dedent(golden).strip("\n")


def test_choosing_the_days_of_a_report() -> None:
    is_drawn(
        screens.choose(SHOP, REACH, in_private=True),
        """
        🗓 Отчёт «Мебель»: за какие дни?

        Числа есть с 25.02.2026. Дни — московские, как у Avito.
        «7 дней», «30 дней» и «Этот месяц» — без сегодняшнего: он ещё не закончился.
        [Сегодня] [Вчера]
        [7 дней] [30 дней]
        [Этот месяц] [Прошлый месяц]
        [🗓 Выбрать в календаре]
        [✏️ Написать даты]
        [« К профилю]
        """,
    )


def test_in_other_peoples_chats_nothing_has_to_be_typed() -> None:
    shown = drawn(screens.choose(SHOP, REACH, in_private=False, shown=WEEK))
    assert shown.splitlines()[-5:] == [
        "[Сегодня] [Вчера]",
        "[7 дней] [30 дней]",
        "[Этот месяц] [Прошлый месяц]",
        "[🗓 Выбрать в календаре]",
        "[« Отчёт за 14.11.2026 – 20.11.2026]",
    ]


def test_a_calendar_for_the_first_day() -> None:
    is_drawn(
        screens.calendar(SHOP, REACH, date(2026, 11, 1)),
        """
        🗓 Отчёт «Мебель»: Ноябрь 2026
        Выберите первый день.
        [пн] [вт] [ср] [чт] [пт] [сб] [вс]
        [·] [·] [·] [·] [·] [·] [1]
        [2] [3] [4] [5] [6] [7] [8]
        [9] [10] [11] [12] [13] [14] [15]
        [16] [17] [18] [19] [20] [21] [·]
        [‹ Октябрь 2026]
        [« К выбору дней]
        """,
    )


def test_a_calendar_for_the_last_day() -> None:
    is_drawn(
        screens.calendar(SHOP, REACH, date(2026, 2, 1), date(2026, 2, 26)),
        """
        🗓 Отчёт «Мебель»: Февраль 2026
        Первый день — 26.02.2026. Теперь выберите последний; для одного дня нажмите его ещё раз.
        [пн] [вт] [ср] [чт] [пт] [сб] [вс]
        [·] [·] [25] [[26]] [27] [28] [·]
        [Март 2026 ›]
        [↩️ Другой первый день] [« К выбору дней]
        """,
    )


def test_a_calendar_for_the_beginning_of_another_period() -> None:
    is_drawn(
        screens.compare_calendar(SHOP, REACH, WEEK, date(2026, 11, 1)),
        """
        ⚖️ С чем сравнить 14.11.2026 – 20.11.2026: Ноябрь 2026
        Выберите первый день другого периода: в нём будет 7 дней, как и в этом.
        [пн] [вт] [ср] [чт] [пт] [сб] [вс]
        [·] [·] [·] [·] [·] [·] [1]
        [2] [3] [4] [5] [6] [7] [8]
        [9] [10] [11] [12] [13] [14] [·]
        [‹ Октябрь 2026]
        [⚖️ Сравнить]
        [« Отчёт за 14.11.2026 – 20.11.2026]
        """,
    )


def test_asking_for_dates_and_not_getting_any() -> None:
    is_drawn(
        screens.ask_dates(SHOP, REACH),
        """
        ✏️ Отчёт «Мебель»: пришлите одну дату или две

        Например: 20.11, 20.11.2026, 2026-11-20 или 14.11-20.11.2026.
        Можно и словами: «с 1 по 5 ноября», «прошлая неделя», «октябрь».
        Числа есть с 25.02.2026 по сегодняшний день.
        [❌ Отмена]
        """,
    )
    said = [
        drawn(screens.not_taken(NotDates())),
        drawn(screens.not_taken(NoSuchDay("31.02"))),
        drawn(screens.not_taken(PeriodError(PeriodFault.FUTURE, REACH.last))),
        drawn(screens.not_taken(PeriodError(PeriodFault.TOO_DEEP, REACH.first))),
    ]
    cancel = "\n[❌ Отмена]"
    assert said == [
        "Не понял, какие это дни. Пришлите одну дату или две, например 05.11 или "
        "01.11.2026-20.11.2026; можно и «с 1 по 5 ноября», «прошлая неделя», «октябрь»." + cancel,
        "Даты 31.02 не бывает. Пришлите ещё раз." + cancel,
        "Этих дней ещё не было: сегодня 21.11.2026. Пришлите другие даты." + cancel,
        "Так далеко назад ничего нет: самый ранний день — 25.02.2026. Пришлите другие даты."
        + cancel,
    ]


def test_a_report_about_a_week_in_a_clients_chat() -> None:
    is_drawn(
        report(facts(WEEK, told(WEEK)), NOW, for_owner=False, is_bound=True),
        """
        📊 Отчёт Avito
        Мебель
        14.11.2026 – 20.11.2026

        👁 Просмотры: 11 900  🟢 ▲ 70 %
        📞 Контакты: 119  🟢 ▲ 70 %
        ⭐ В избранном: 14  как было
        💰 Расходы: 119 059,50 ₽  ▲ 70 %
        🏷 Размещение: 71 400,00 ₽  ▲ 70 %
        🚀 Продвижение: 47 659,50 ₽  ▲ 70 %
        🧾 Прочие расходы: 0,00 ₽  как было
        👛 Кошелёк: нет данных
        💳 Аванс: нет данных
        📈 Конверсия (CR): 1,00 %  как было
        💵 Цена контакта (CPL): 1 000,50 ₽  как было
        💲 Цена просмотра (CPV): 10,01 ₽  как было
        📦 Активные объявления: 30  как было

        Изменения: к 07.11.2026 – 13.11.2026
        Обновлено в 09:05 по Москве
        [7 дней] [30 дней] [Другие дни]
        [⚖️ Сравнить] [📅 По дням]
        [📋 По объявлениям] [📗 Excel]
        [🔄 Обновить] [📊 Сводка]
        """,
    )


@pytest.mark.parametrize("known", [0, 3])
def test_where_there_is_nothing_whole_to_compare_with_it_says_so(known: int) -> None:
    days = {day: numbers(day) for day in Period(WEEK.first - timedelta(days=known), WEEK.last)}
    said = "Сравнить не с чем: за 07.11.2026 – 13.11.2026 полных чисел нет\n"

    lonely = drawn(report(facts(WEEK, days), NOW, for_owner=False, is_bound=True))
    assert said in lonely
    # A picture and a number with a scrap of those days would say the opposite.
    assert "📦 Активные объявления: 30\n" in lonely
    course = Course("Мебель", WEEK, views=Series([1] * 7, [None] * 6 + [1]))
    alone = replace(facts(WEEK, days), course=course).showing(Shown(USUAL)).course
    assert alone == replace(course, views=Series([1] * 7))
    assert "Изменения" not in lonely
    # Whatever says already why its own days cannot be compared is enough.
    del days[date(2026, 11, 16)]
    for data in (
        facts(WEEK, days),
        facts(WEEK, told(WEEK), goes_on=True),
        facts(WEEK, told(WEEK)),
    ):
        assert said not in drawn(report(data, NOW, for_owner=False, is_bound=True))


TOO_EARLY = "Сравнивать рано: сегодня ещё не закончилось\n"


@pytest.mark.parametrize(
    ("goes_on", "keys", "is_said"),
    [
        (True, ["views", "wallet_balance"], True),
        (True, ["wallet_balance"], False),
        (False, ["views"], False),
    ],
)
def test_why_today_has_no_changes_is_said_where_there_could_be_some(
    goes_on: bool, keys: list[str], is_said: bool
) -> None:
    today = facts(one_day(WEEK.last), told(WEEK), goes_on=goes_on).showing(Shown(tuple(keys)))
    said = drawn(report(today, NOW, for_owner=False, is_bound=True))
    assert (TOO_EARLY in said) is is_said


@pytest.mark.parametrize(
    ("keys", "names"),
    [
        (["wallet_balance"], "Кошелёк прочитан"),
        (["advance_balance"], "Аванс прочитан"),
        (["wallet_balance", "advance_balance"], "Кошелёк и аванс прочитаны"),
        (["views"], None),
    ],
)
def test_the_age_of_money_is_told_of_what_is_shown(keys: list[str], names: str | None) -> None:
    now, yesterday = Wallet(READ_AT, 8_000_00, None, 700_00), Wallet(READ_AT, 1, None, 2)
    days = told(WEEK)
    held = figures(WEEK, days, wallet=now, earlier_wallet=yesterday)
    whole = replace(facts(WEEK, days), figures=held, old_wallet_at=READ_AT)
    data = whole.showing(Shown(tuple(keys)))

    said = drawn(report(data, NOW, for_owner=False, is_bound=True))
    failed = replace(data, wallet_failure=Unavailable("balance"))
    unread = replace(failed, old_wallet_at=None)

    told_age = [line for line in said.splitlines() if "прочитан" in line]
    assert told_age == ([f"ℹ️ {names} сегодня в 09:05."] if names else [])
    if names:
        subject = names.rpartition(" ")[0]
        assert f"Изменения: {subject.lower()} — за 7 дней" in said
        again = drawn(report(failed, NOW, for_owner=False, is_bound=True))
        assert f"ℹ️ {names} сегодня в 09:05, заново прочитать не удалось." in again
        never = drawn(report(unread, NOW, for_owner=False, is_bound=True))
        assert f"⚠️ {subject} прочитать не удалось." in never


def compared(
    period: Period, other: Period, days: Mapping[date, Mapping[str, int]], **more: Any
) -> Screen:
    shown = Comparison(
        report=replace(facts(period, days), **more),
        other=other,
        pairs=[one for one in sides.pairs(period, other, days) if one.now.metric.key in USUAL],
        missing=missing_days(other, days),
        cut_days=[],
        usual=sides.earlier(period),
    )
    return comparison(shown, NOW, for_owner=True, is_bound=True)


def test_listings_give_way_step_by_step_before_a_report_parts_from_its_picture() -> None:
    table = ListingTotals(1, Totals(312, 14, 4, 449_900), "Щ" * 200, None, None, is_active=True)
    named = replace(
        facts(WEEK, told(WEEK)), listings=Highlights([table] * 2, [table] * 2, 12, 5_430_000)
    )
    seen = []

    for length in range(10, 600, 10):
        name = "М" * length
        data = replace(
            named, profile_name=name, course=Course(name, WEEK, contacts=Series([1] * 7))
        )
        whole = report(data, NOW, for_owner=True, is_bound=True)
        assert whole.picture == data.course
        best, _, idle = drawn(whole).partition("💸")
        is_sent_to_button = "Объявления — по кнопке «По объявлениям»" in best
        seen.append((best.count("•"), idle.count("•"), is_sent_to_button, is_caption(whole)))

    assert list(dict.fromkeys(seen)) == [
        (2, 2, False, True),
        (1, 1, False, True),
        (2, 0, False, True),
        (1, 0, False, True),
        (0, 0, True, True),
        (0, 0, False, True),
        (2, 2, False, False),
    ]


def test_of_listings_that_nobody_has_read_nothing_is_said() -> None:
    course = Course("Мебель", WEEK, contacts=Series([1] * 7))
    data = replace(facts(WEEK, told(WEEK)), course=course)

    assert "Объявления —" not in drawn(report(data, NOW, for_owner=True, is_bound=True))


def test_two_weeks_side_by_side() -> None:
    is_drawn(
        compared(WEEK, WEEK.previous(), told(WEEK)),
        """
        ⚖️ Сравнение
        Мебель
        Было: 07.11.2026 – 13.11.2026
        Стало: 14.11.2026 – 20.11.2026

        👁 Просмотры
        7 000 → 11 900  🟢 ▲ 70 %
        📞 Контакты
        70 → 119  🟢 ▲ 70 %
        ⭐ В избранном
        14 → 14  как было
        💰 Расходы
        70 035,00 ₽ → 119 059,50 ₽  ▲ 70 %
        🏷 Размещение
        42 000,00 ₽ → 71 400,00 ₽  ▲ 70 %
        🚀 Продвижение
        28 035,00 ₽ → 47 659,50 ₽  ▲ 70 %
        🧾 Прочие расходы
        0,00 ₽ → 0,00 ₽  как было
        📈 Конверсия (CR)
        1,00 % → 1,00 %  как было
        💵 Цена контакта (CPL)
        1 000,50 ₽ → 1 000,50 ₽  как было
        💲 Цена просмотра (CPV)
        10,01 ₽ → 10,01 ₽  как было
        📦 Активные объявления
        30 → 30  как было

        Обновлено в 09:05 по Москве
        [✓ Предыдущие дни] [Месяцем раньше]
        [Годом раньше] [🗓 Другие дни]
        [📅 По дням]
        [« Отчёт за 14.11.2026 – 20.11.2026]
        [🏪 Профиль]
        """,
    )


def test_a_comparison_says_nothing_of_the_age_of_money() -> None:
    side_by_side = drawn(compared(WEEK, WEEK.previous(), told(WEEK)))
    old = {"old_wallet_at": READ_AT, "old_advance_at": READ_AT}
    assert drawn(compared(WEEK, WEEK.previous(), told(WEEK), **old)) == side_by_side


def test_a_comparison_with_days_that_nobody_knows() -> None:
    days = told(WEEK)
    del days[date(2026, 11, 8)], days[date(2026, 11, 10)], days[date(2026, 11, 11)]
    said = drawn(compared(WEEK, WEEK.previous(), days))
    assert "👁 Просмотры\n4 100 (не за все дни) → 11 900\n" in said
    assert "⚠️ Нет данных за 08.11.2026, 10.11.2026 – 11.11.2026.\n" in said


def table(
    period: Period,
    grain: Grain,
    days: Mapping[date, Mapping[str, int]],
    *,
    goes_on: bool = False,
    number: int = 0,
    **other: Any,
) -> Screen:
    shown = Breakdown(
        report=replace(facts(period, days, goes_on=goes_on), **other),
        grain=grain,
        page=tables.page(period, days, grain, number),
        total=figures(period, days, compare=False),
    )
    return breakdown(shown, NOW, for_owner=True, is_bound=False)


def test_a_week_by_days_with_a_gap_and_a_day_without_money() -> None:
    days = told(WEEK)
    del days[date(2026, 11, 16)]
    days[date(2026, 11, 18)] = {"views": 5}
    is_drawn(
        table(WEEK, Grain.DAY, days),
        """
        📅 По дням
        Мебель
        14.11.2026 – 20.11.2026


                 просм. конт. расход
        сб 14.11  1 400    14 14 007
        вс 15.11  1 500    15 15 008
        пн 16.11 нет данных
        вт 17.11  1 700    17 17 009
        ср 18.11      5   н/д    н/д
        чт 19.11  1 900    19 19 010
        пт 20.11  2 000    20 20 010
        Итого*    8 505    85 85 043

        Деньги — в рублях, без копеек.
        * не целиком: за часть дней нет данных.
        н/д — нет данных.

        ⚠️ Нет данных за 16.11.2026.
        Обновлено в 09:05 по Москве
        [По неделям] [⚖️ Сравнить]
        [« Отчёт за 14.11.2026 – 20.11.2026]
        [🏪 Профиль]
        """,
    )


def test_a_table_without_money_says_nothing_of_what_is_not_in_it() -> None:
    shown = ("views", "contacts", "calls", "advance_balance")
    data = replace(facts(WEEK, told(WEEK)), figures=figures(WEEK, told(WEEK)))
    said = drawn(
        table(
            *(WEEK, Grain.DAY, told(WEEK)),
            figures=data.showing(Shown(shown)).figures,
            calls_failure="Unavailable",
            old_advance_at=READ_AT,
        )
    )
    assert "11 900   119\n\nОбновлено в 09:05 по Москве\n" in said


def test_two_months_by_weeks_until_today() -> None:
    period = Period(date(2026, 9, 28), date(2026, 11, 21))
    is_drawn(
        table(period, Grain.WEEK, told(period), goes_on=True),
        """
        📅 По неделям
        Мебель
        28.09.2026 – 21.11.2026, сегодня ещё не закончилось


                    просм. конт.  расход
        28.09–04.10  9 700    97  97 049
        05–11.10     5 600    56  56 028
        12–18.10    10 500   105 105 053
        19–25.10    15 400   154 154 077
        26.10–01.11 17 200   172 172 086
        02–08.11     3 500    35  35 018
        09–15.11     8 400    84  84 042
        16–21.11*   11 100   111 111 056
        Итого       81 400   814 814 407

        Деньги — в рублях, без копеек.
        * не целиком: часть недели вне периода; сегодня ещё не закончилось.

        Обновлено в 09:05 по Москве
        [По дням] [По месяцам] [⚖️ Сравнить]
        [« Отчёт за 28.09.2026 – 21.11.2026]
        [🏪 Профиль]
        """,
    )


def test_the_way_back_from_other_days_leads_to_the_report_that_was_there_at_first() -> None:
    day = Period(WEEK.last, WEEK.last)
    week = facts(WEEK, told(WEEK))

    beneath_day = drawn(report(week, NOW, for_owner=True, is_bound=True, first=day))
    itself = drawn(report(week, NOW, for_owner=True, is_bound=True, first=WEEK))

    assert beneath_day.splitlines()[-1] == "[🔄 Обновить] [« К отчёту]"
    assert itself.splitlines()[-1] == "[🔄 Обновить] [🏪 Профиль]"


def test_years_of_ten_digit_sums_turn_pages() -> None:
    period = Period(date(2019, 1, 1), date(2026, 11, 20))
    days = {
        day: {"views": 9_876_543, "contacts": 1_234_567, "spending": 98_765_432_10}
        for day in period
    }
    latest, middle, oldest = (
        drawn(table(period, Grain.MONTH, days, number=n)).splitlines() for n in (0, 2, 5)
    )
    assert "Строки 80–95 из 95, в итоге — весь период." in latest
    assert "Строки 48–63 из 95, в итоге — весь период." in middle
    turns = [one[-4] for one in (latest, middle, oldest)]
    assert turns == ["[‹ Раньше]", "[‹ Раньше] [Позже ›]", "[Позже ›]"]
    by_month = [" ".join(line.split()) for line in middle]
    assert "12.2022 306 172 833 38 271 577 3 061 728 395" in by_month


@pytest.mark.parametrize(
    ("changes", "to_owner", "to_others"),
    [
        (
            {"advance_failure": "Unavailable"},
            "⚠️ Аванс прочитать не удалось: Avito сейчас не отвечает.",
            "⚠️ Аванс прочитать не удалось.\n",
        ),
        (
            {"advance_failure": "Unavailable", "old_advance_at": READ_AT},
            "прочитан сегодня в 09:05, заново прочитать не удалось: Avito сейчас не отвечает.",
            "Аванс прочитан сегодня в 09:05, заново прочитать не удалось.\n",
        ),
        (
            {"old_advance_at": READ_AT},
            "Аванс прочитан сегодня в 09:05.\n",
            "Аванс прочитан сегодня в 09:05.\n",
        ),
    ],
)
def test_an_advance_that_failed_alone_is_named(
    changes: dict[str, Any], to_owner: str, to_others: str
) -> None:
    data = replace(facts(WEEK, told(WEEK)), **changes)
    assert to_owner in drawn(report(data, NOW, for_owner=True, is_bound=True))
    assert to_others in drawn(report(data, NOW, for_owner=False, is_bound=True))
    away = replace(data, failure=Unavailable("stats_v2"))
    assert drawn(report(away, NOW, for_owner=True, is_bound=True)).count("не отвечает") == 1


@pytest.mark.parametrize(
    ("first", "grain"),
    [("2026-10-21", Grain.DAY), ("2025-11-21", Grain.WEEK), ("2024-11-21", Grain.MONTH)],
)
def test_the_table_of_a_great_shop_stands_under_the_picture_of_a_report(
    first: str, grain: Grain
) -> None:
    period = Period(date.fromisoformat(first), WEEK.last)
    days = {day: {"views": 23_456, "contacts": 345, "spending": 34_567_89} for day in period}
    assert is_caption(table(period, grain, days))
