"""What stands under a combined report that came by schedule."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from fractions import Fraction

import pytest

from bot.effects import Screen
from bot.markdown import to_plain
from bot.screens import parts, stats
from bot.work.stats import freeze_digest
from core.combined import Row, combined
from core.digests import ScheduledDigest
from core.errors import Unavailable
from core.report_data import ReportData
from tests.support.combined import DAY, READ_AT, report_data
from utils.analytics import Wallet, figures
from utils.metrics import METRICS, Shown
from utils.periods import Period

WEEK = Period(date(2026, 11, 14), date(2026, 11, 20))
NINE = datetime(2026, 11, 20, 6, tzinfo=UTC)
USUAL = Shown(("views", "contacts", "total_spending", "wallet_balance"))

AFTER_AN_OUTAGE = """\
➕ К сводке, которая уже пришла: эти профили Avito отдал позже
📊 Сводка Avito
3 профиля, 20.11.2026
⚠️ Не весь день, и в итогах тоже: «Кофейня» до 09:00

👁 Просмотры: 200  как было
📞 Контакты: 20  ▼ 50 %
💰 Расходы: 2 000,00 ₽  как было
👛 Кошелёк: 10 000,00 ₽

Изменения: к 19.11.2026, по 1 профилю из 3, где целиком оба дня

По профилям
⚪ Долги
⚠️ пока не прочитан, в сумме его нет: отчёт придёт отдельно, как только получится
🟡 Мебель
👁 100 · 📞 10 · 💰 1 000,00 ₽ · 👛 5 000,00 ₽
↳ контактов было 20
⚪ Кофейня, только до 09:00
👁 100 · 📞 10 · 💰 1 000,00 ₽ · 👛 5 000,00 ₽

Контакты и их цена по сравнению с прошлым периодом: 🟡 заметно хуже · ⚪ судить не по чему
Обновлено в 08:00 по Москве

⏳ Неполные пришлю целиком, если Avito ответит в течение суток."""


def buttons(screen: Screen) -> list[list[str]]:
    assert screen.inline is not None
    return [[button.text for button in row] for row in screen.inline.inline_keyboard]


def test_beneath_it_are_other_days_and_its_own_once_more() -> None:
    row = Row(1, "Мебель", report_data(1, period=WEEK))
    report = combined(WEEK, [row], {1: Shown(tuple(METRICS))})
    days = ["Вчера", "7 дней", "30 дней"]

    [digest] = stats.scheduled(ScheduledDigest(report, False, False, []), READ_AT)
    [instead] = stats.combined(report, READ_AT, for_owner=False, first=DAY)

    assert buttons(digest) == [days, ["🔄 Обновить"]]
    assert buttons(instead) == [days, ["🔄 Обновить", "« К сводке"]]


def test_it_says_whom_it_tells_of_whoever_reports_there_by_then() -> None:
    rows = [Row(7, "Мебель", report_data(1, period=WEEK)), Row(8, "Кофейня", None)]
    report = combined(WEEK, rows, {7: Shown(tuple(METRICS))})

    [frozen] = freeze_digest(ScheduledDigest(report, False, False, []), READ_AT)

    assert sorted(frozen["about"]) == [7, 8]
    assert Screen.model_validate(frozen).inline is not None


def cut(data: ReportData) -> ReportData:
    """The same, but read at nine in the morning of its last day."""
    return replace(data.uncompared(METRICS), cut_at=NINE)


def said(digest: ScheduledDigest) -> list[str]:
    [whole] = stats.scheduled(digest, READ_AT)
    return plain(whole).splitlines()


def plain(part: Screen) -> str:
    return to_plain(part.text).replace("\N{NO-BREAK SPACE}", " ").replace("\r", "")


def test_what_is_late_or_cut_is_said_before_the_numbers() -> None:
    rows = [
        Row(1, "Мебель", report_data(1, before=20)),
        Row(2, "Кофейня", cut(report_data(2))),
        Row(3, "Долги", None, comes_later=True),
    ]
    report = combined(DAY, rows, {1: USUAL, 2: USUAL})

    digest = ScheduledDigest(report, False, False, [], is_followed=True, went_ahead=True)

    assert "\n".join(said(digest)) == AFTER_AN_OUTAGE


def test_of_several_days_it_is_the_last_that_is_cut() -> None:
    rows = [
        Row(number, f"№{number}", cut(report_data(number, period=WEEK))) for number in range(7)
    ]
    report = combined(WEEK, rows, {row.profile_id: USUAL for row in rows})

    lines = said(ScheduledDigest(report, False, False, []))

    named = ", ".join(f"«№{number}» до 09:00" for number in range(5))
    assert lines[2] == f"⚠️ Последний день не целиком, и в итогах тоже: {named} и ещё 2"
    assert "⚪ №0, последний день только до 09:00" in lines


def test_what_is_said_of_a_profile_is_torn_by_no_end_of_a_message() -> None:
    cut_rows = [
        Row(number, f"Магазин_{number}.", cut(report_data(number))) for number in range(120)
    ]
    shown = {row.profile_id: USUAL for row in cut_rows}
    digest = ScheduledDigest(combined(DAY, cut_rows, shown), False, False, [], is_followed=True)

    messages = stats.scheduled(digest, READ_AT)

    told = [
        f"⚪ {row.profile_name}, только до 09:00\n👁 100 · 📞 10 · 💰 1 000,00 ₽ · 👛 5 000,00 ₽"
        for row in cut_rows
    ]
    assert [sum(row in plain(part) for part in messages) for row in told] == [1] * 120
    continued = "…продолжение сводки: 120 профилей, 20.11.2026\n\n⚪ Магазин_"
    assert [plain(part).startswith(continued) for part in messages] == [False, True, True]
    assert plain(messages[-1]).endswith(
        "⏳ Неполные пришлю целиком, если Avito ответит в течение суток."
    )
    assert [part.inline is None for part in messages] == [True, True, False]
    assert all(len(plain(part)) <= parts.PART_LIMIT for part in messages)


@pytest.mark.parametrize(
    ("read_at", "keys", "words"),
    [
        ((NINE, NINE), USUAL.keys, ["Кошельки прочитаны 20.11.2026 в 09:00"]),
        ((NINE, None), USUAL.keys, ["Кошельки прочитаны не раньше чем 20.11.2026 в 09:00"]),
        ((NINE, NINE), ("advance_balance",), ["Авансы прочитаны 20.11.2026 в 09:00"]),
        ((NINE, NINE), ("views",), []),
    ],
)
def test_the_age_of_wallets_is_told_as_far_as_it_is_that_of_all(
    read_at: tuple[datetime | None, ...], keys: tuple[str, ...], words: list[str]
) -> None:
    rows = [
        Row(number, f"№{number}", report_data(number, old_wallet_at=at))
        for number, at in enumerate(read_at)
    ]
    report = combined(DAY, rows, {row.profile_id: Shown(keys) for row in rows})

    told = said(ScheduledDigest(report, False, False, []))

    assert [line for line in told if "прочитаны" in line] == words


def test_a_row_that_says_itself_how_old_it_is_makes_nobody_elses_wallet_old() -> None:
    stale = report_data(1, old_wallet_at=NINE, failure=Unavailable("reading"))
    rows = [Row(1, "Старый", stale), Row(2, "Свежий", report_data(2))]
    shown = dict.fromkeys((1, 2), Shown(USUAL.keys))

    told = said(ScheduledDigest(combined(DAY, rows, shown), False, False, []))

    assert not any(line.startswith("Кошельки") for line in told)


def test_who_has_to_refill_an_advance_is_said_in_his_row_alone() -> None:
    in_debt = figures(DAY, {}, wallet=Wallet(READ_AT, 5_000_00, 0, -1_00))
    rows = [Row(1, "Долги", report_data(1, figures=in_debt)), Row(2, "Мебель", report_data(2))]
    shown = Shown(("advance_balance",))

    told = said(ScheduledDigest(combined(DAY, rows, {1: shown, 2: shown}), False, False, []))

    assert "💳 Аванс: −1,00 ₽" in told
    assert [line for line in told if "минус" in line] == ["💸 аванс ушёл в минус"]


@pytest.mark.parametrize(
    ("days", "warning"),
    [
        (Fraction(0), ["💸 деньги в кошельке кончились"]),
        (Fraction(1, 2), ["💸 кошелька хватит меньше чем на день"]),
        (Fraction(3), ["💸 кошелька хватит на 3 дня"]),
        (Fraction(31, 10), []),
        (None, []),
    ],
)
def test_money_has_a_word_in_its_row_where_it_ends_soon(
    days: Fraction | None, warning: list[str]
) -> None:
    data = report_data(1)
    figures = [
        replace(figure, lasts=days) if figure.metric.key == "wallet_balance" else figure
        for figure in data.figures
    ]
    rows = [Row(1, "Мебель", replace(data, figures=figures))]

    told = said(ScheduledDigest(combined(DAY, rows, {1: USUAL}), False, False, []))
    hidden = combined(DAY, rows, {1: Shown(("contacts", "wallet_balance"))})

    assert [line for line in told if "💸" in line] == warning
    assert not any("💸" in line for line in said(ScheduledDigest(hidden, False, False, [])))
