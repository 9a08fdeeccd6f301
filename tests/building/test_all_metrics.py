"""Every metric of the catalogue, over all kinds of periods, against Avito's own numbers."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest

from core.outbox import State
from tests.support.building import ALICE, CLIENTS, BuilderRig, text_of
from tests.support.deliveries import NINE
from tests.support.report import (
    FURTHER,
    LABELS,
    NO_DATA,
    Said,
    count,
    expected_sums,
    figures_in,
    money,
)
from utils.analytics import Value
from utils.metrics import METRICS
from utils.periods import Period, one_day

pytestmark = pytest.mark.one_database

ALL = json.dumps(list(METRICS))
YESTERDAY = date(2026, 11, 20)


async def told(rig: BuilderRig, task: int, period: Period) -> dict[str, Said]:
    """The figures of a report about `period`."""
    await rig.office.add_delivery(
        task,
        slot=f"{period.first}..{period.last}",
        due_at=rig.clock.now(),
        state=State.DUE,
        payload=None,
        first_day=period.first,
        last_day=period.last,
    )
    await rig.until_built()
    parts = await rig.office.deliveries(task)
    return figures_in("\n".join(text_of(part) for part in parts))


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2026-11-20", "2026-11-20"),
        # Over the ends of two months; clocks go back in New York within it.
        ("2026-10-29", "2026-11-03"),
        ("2026-10-01", "2026-10-31"),
        # As long as Avito's history has room for with the period before.
        ("2026-07-10", "2026-11-20"),
    ],
)
async def test_every_figure_is_right_to_the_kopeck(rig: BuilderRig, first: str, last: str) -> None:
    task = await rig.reporting("shop", report_metrics=ALL, next_due_at=None)
    period = Period(date.fromisoformat(first), date.fromisoformat(last))

    said = await told(rig, task, period)

    assert tuple(said) == LABELS + FURTHER
    expected = expected_sums([rig.account("shop")], period, period.previous())
    assert {label: said[label] for label in expected} == expected
    assert said.keys() - expected.keys() == {"Кошелёк", "Аванс"}


async def test_sums_of_ten_digits_and_a_base_of_zero(rig: BuilderRig) -> None:
    account = rig.account("shop")
    account.set_day(YESTERDAY - timedelta(days=1), views=0, contacts=0, spending=0, orderedItems=0)
    account.set_day(
        YESTERDAY,
        views=4_000_000_000,
        contacts=1_000_000_000,
        spending=987_654_321_012,
        orderedItemsPrice=123_456_789_098,
    )
    account.real, account.advance = 9_876_543_210.98, -1_234_567_890_12
    task = await rig.reporting("shop", report_metrics=ALL, next_due_at=None)

    said = await told(rig, task, Period(YESTERDAY, YESTERDAY))

    assert said["Расходы"].value == said["Размещение"].value == money(987_654_321_012)
    assert said["Просмотры"].value == count(4_000_000_000)
    assert {said[label].change.split()[-1] for label in ("Просмотры", "Расходы")} == {"нуля"}
    assert said["Заказано на сумму"].value == money(123_456_789_098)
    assert said["Цена контакта (CPL)"] == Said(money(988), "")
    assert said["Кошелёк"].value == money(987_654_321_098)
    assert said["Аванс"].value == money(-1_234_567_890_12)


async def test_what_is_withheld_is_no_data_among_the_further_ones_too(rig: BuilderRig) -> None:
    account = rig.account("no_money")
    account.withhold |= {"impressions", "orderedItems", "orderedItemsPrice"}
    account.has_calls = False
    task = await rig.reporting("no_money", report_metrics=ALL, next_due_at=None)

    said = await told(rig, task, Period(YESTERDAY, YESTERDAY))

    known = {label for label in FURTHER if said[label].value != NO_DATA}
    assert known == {"Контакты по телефону", "Контакты в чате"}
    assert all(said[label].change == "" for label in FURTHER if label not in known)


async def test_calls_are_asked_for_only_where_somebody_ticked_them(rig: BuilderRig) -> None:
    plain = await rig.reporting("shop")
    await rig.nine_o_clock()
    await rig.rounds.nightly()
    assert "Звонки" not in figures_in(text_of(await rig.of(plain)))
    assert rig.avito.calls("calls_stats") == []

    # Another owner of the same account ticks them.
    other = await rig.profile("shop", owner=2)
    await rig.destination(other, CLIENTS - 1, report_metrics='["views", "calls_missed"]')
    await rig.rounds.nightly()
    assert len(rig.avito.calls("calls_stats")) == 1


async def test_a_report_after_the_night_asks_for_neither_statistics_nor_calls(
    rig: BuilderRig,
) -> None:
    task = await rig.reporting("shop", report_metrics='["calls", "calls_missed"]')
    await rig.rounds.nightly()
    rig.clock.advance(NINE - timedelta(minutes=14) - rig.clock.now())
    await rig.rounds.ahead_of_slots()
    before = (len(rig.avito.calls("stats_v2")), len(rig.avito.calls("calls_stats")))

    await rig.nine_o_clock()

    said = figures_in(text_of(await rig.of(task)))
    expected = expected_sums([rig.account("shop")], [YESTERDAY], [YESTERDAY - timedelta(days=1)])
    assert said == {label: expected[label] for label in ("Звонки", "Пропущенные звонки")}
    assert before == (len(rig.avito.calls("stats_v2")), len(rig.avito.calls("calls_stats")))


async def test_calls_that_cannot_be_read_are_named_and_spoil_nothing_else(
    rig: BuilderRig,
) -> None:
    profile = await rig.profile("shop")
    clients = await rig.destination(profile, report_metrics='["views", "calls"]')
    own = await rig.destination(profile, 1, report_metrics='["views", "calls"]')
    without = await rig.destination(profile, CLIENTS - 1, report_metrics='["views"]')
    rig.avito.world.fault("status", endpoint="calls_stats", status=403)

    await rig.nine_o_clock()

    texts = {task: text_of(await rig.of(task)) for task in (clients, own, without)}
    views = count(rig.account("shop").day_numbers(YESTERDAY)["views"])
    for task in (clients, own, without):
        assert figures_in(texts[task])["Просмотры"].value == views
    assert figures_in(texts[clients])["Звонки"] == Said(NO_DATA, "")
    assert "⚠️ Звонки прочитать не удалось.\n" in texts[clients]
    assert "⚠️ Звонки прочитать не удалось: Avito не даёт доступ к этим данным" in texts[own]
    assert "не удалось" not in texts[without]


async def test_calls_of_a_day_that_was_read_too_early_are_no_data(rig: BuilderRig) -> None:
    profile_id = await rig.profile("shop")
    await rig.destination(profile_id, report_metrics='["calls"]')
    profile = await rig.collector.profile(ALICE, profile_id)
    today = one_day(date(2026, 11, 21))

    async def calls() -> Value | None:
        data = await rig.collector.collect(profile, today)
        return next(f.value for f in data.figures if f.metric.key == "calls")

    rig.clock.advance(timedelta(hours=12))
    assert await calls()
    rig.clock.advance(timedelta(hours=12))
    rig.avito.world.fault("status", endpoint="calls_stats", status=503)
    assert await calls() is None
    rig.avito.world.clear_faults()
    rows = rig.account("shop").call_numbers(today.last).values()
    assert await calls() == sum(row["calls"] for row in rows)


async def test_money_lasts_at_the_rate_of_the_last_seven_days(rig: BuilderRig) -> None:
    account = rig.account("shop")
    account.real, account.advance = 30_000.0, 9_000_00
    days = [account.day_numbers(YESTERDAY - timedelta(days=back)) for back in range(7)]
    on_actions = sum(day["presenceSpending"] for day in days)
    on_the_rest = sum(
        day["promoSpending"] + day["restSpending"] + day["commission"] for day in days
    )
    wallet_days, advance_days = 30_000_00 * 7 // on_the_rest, 9_000_00 * 70 // on_actions
    assert (wallet_days > 9, advance_days // 10 in {2, 3, 4}) == (True, True)
    profile = await rig.profile("shop")
    task = await rig.destination(profile)

    await rig.nine_o_clock()

    text = text_of(await rig.of(task)).replace("\N{NO-BREAK SPACE}", " ")
    lines = [line.strip() for line in text.splitlines()]
    wallet = next(n for n, line in enumerate(lines) if "Кошелёк: " in line)
    advance = next(n for n, line in enumerate(lines) if "Аванс: " in line)
    assert lines[wallet + 2 : wallet + 3] + lines[advance + 1 : advance + 2] == [
        f"хватит на {wallet_days} дней, судя по расходам за 7 дней без размещения",
        f"хватит на {advance_days // 10},{advance_days % 10} дня, судя по размещению за 7 дней",
    ]


@pytest.mark.parametrize(
    ("last", "is_foretold"), [(YESTERDAY, True), (YESTERDAY - timedelta(days=1), False)]
)
async def test_how_long_money_lasts_is_told_only_beside_the_days_that_end_now(
    rig: BuilderRig, last: date, is_foretold: bool
) -> None:
    profile = await rig.collector.profile(ALICE, await rig.profile("shop"))

    data = await rig.collector.collect(profile, Period(last - timedelta(days=6), last))

    assert any(figure.lasts is not None for figure in data.figures) == is_foretold


async def test_nothing_is_foretold_from_a_day_that_was_read_too_early(rig: BuilderRig) -> None:
    profile = await rig.collector.profile(ALICE, await rig.profile("shop"))
    today = one_day(date(2026, 11, 21))

    async def is_foretold() -> bool:
        data = await rig.collector.collect(profile, today)
        return any(figure.lasts is not None for figure in data.figures)

    assert await is_foretold()
    rig.clock.advance(timedelta(days=1))
    rig.avito.world.fault("status", endpoint="stats_v2", status=403, times=1)
    rig.avito.world.fault("status", endpoint="items", status=403, times=1)
    assert not await is_foretold()
    rig.clock.advance(timedelta(minutes=2))
    assert await is_foretold()


async def test_an_advance_that_cannot_be_read_any_more_says_when_it_was(rig: BuilderRig) -> None:
    profile = await rig.profile("shop")
    told_of = await rig.destination(profile, report_metrics='["views", "advance_balance"]')
    without = await rig.destination(profile, CLIENTS - 1, report_metrics='["wallet_balance"]')
    rig.clock.advance(NINE - timedelta(minutes=30) - rig.clock.now())
    await rig.rounds.nightly()
    # Refused the way this section of Avito does it: with HTTP 200.
    rig.avito.world.fault("wrong_shape", endpoint="cpa_balance", json={"error": {"code": 1003}})

    await rig.nine_o_clock()

    text = text_of(await rig.of(told_of))
    assert figures_in(text)["Аванс"].value == money(rig.account("shop").advance)
    assert "ℹ️ Аванс прочитан сегодня в 08:30, заново прочитать не удалось." in text
    assert "прочитан сегодня" not in text_of(await rig.of(without))
