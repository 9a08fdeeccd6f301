"""A slot that has come becomes a message: the right days, the right figures, the right chat."""

from __future__ import annotations

import asyncio
import json
from datetime import date, timedelta

import pytest

from bot.screens import parts
from core.database.models import AvitoProfile
from core.outbox import State
from core.slots import trial
from sandbox.telegram.events import PATIENCE_SEC
from tests.support.building import ALICE, CLIENTS, BuilderRig, buttons_of, text_of
from tests.support.deliveries import NINE
from tests.support.report import LABELS, count, expected_figures, figures_in, money

YESTERDAY = date(2026, 11, 20)


async def test_a_daily_report_tells_yesterday_to_the_kopeck(rig: BuilderRig) -> None:
    task = await rig.reporting("shop")

    await rig.nine_o_clock()

    delivery = await rig.of(task)
    assert (delivery.state, delivery.chat_id) == (State.READY, CLIENTS)
    text = text_of(delivery)
    assert "20.11.2026" in text
    said, expected = figures_in(text), expected_figures(rig.account("shop"), YESTERDAY)
    assert tuple(said) == LABELS
    assert {label: said[label] for label in expected} == expected


async def test_a_report_is_about_the_days_of_its_slot(rig: BuilderRig) -> None:
    task = await rig.reporting("shop", next_due_at=None)
    days = [YESTERDAY - timedelta(days=back) for back in range(7)]
    columns = {"due_at": rig.clock.now(), "first_day": days[-1], "last_day": days[0]}
    await rig.office.add_delivery(task, state=State.DUE, payload=None, **columns)

    await rig.until_built()

    text = text_of(await rig.of(task))
    views = sum(rig.account("shop").day_numbers(day)["views"] for day in days)
    assert "14.11.2026 – 20.11.2026" in text
    assert figures_in(text)["Просмотры"].value == count(views)


async def test_destinations_of_one_profile_share_one_reading(rig: BuilderRig) -> None:
    profile = await rig.profile("shop")
    tasks = [await rig.destination(profile, CLIENTS - number) for number in range(20)]

    await rig.nine_o_clock()

    texts = {text_of(await rig.of(task)) for task in tasks}
    assert len(texts) == 1
    assert len(rig.avito.calls("stats_v2")) == 1
    assert len(rig.avito.calls("balance")) == 1


@pytest.mark.impatient
async def test_a_slow_profile_holds_up_no_other_of_its_chat(rig: BuilderRig) -> None:
    slow = await rig.reporting("shop")
    quick = await rig.reporting("second")
    rig.avito.world.fault("hang", "stats_v2", account=rig.account("shop").user_id, times=1)
    rig.clock.advance(NINE - rig.clock.now())
    await rig.office.materialise()
    rig.runner.wake()

    async with asyncio.timeout(PATIENCE_SEC):
        while (await rig.of(quick)).state != State.READY:
            await asyncio.sleep(0.02)
    assert (await rig.of(slow)).state != State.READY

    await rig.until_built()
    await rig.later(seconds=75)
    assert (await rig.of(slow)).state == State.READY


async def test_only_the_ticked_metrics_are_told(rig: BuilderRig) -> None:
    profile = await rig.profile("shop")
    some = await rig.destination(profile, report_metrics=json.dumps(["contacts", "cpl", "views"]))
    nonsense = await rig.destination(profile, CLIENTS - 1, report_metrics="{not json")
    unheard = await rig.destination(profile, CLIENTS - 2, report_metrics='["likes"]')

    await rig.nine_o_clock()

    told = figures_in(text_of(await rig.of(some)))
    assert tuple(told) == ("Просмотры", "Контакты", "Цена контакта (CPL)")
    for task in (nonsense, unheard):
        assert tuple(figures_in(text_of(await rig.of(task)))) == LABELS


async def test_a_place_without_a_choice_shows_that_of_its_profile_in_trials_too(
    rig: BuilderRig,
) -> None:
    profile = await rig.profile("shop")
    follows, own = (
        await rig.destination(profile),
        await rig.destination(profile, CLIENTS - 1, report_metrics='["cpv"]'),
    )
    async with rig.sessions.begin() as session:
        (await session.get_one(AvitoProfile, profile)).report_metrics = '["views", "calls"]'
    rig.clock.advance(NINE - timedelta(minutes=1) - rig.clock.now())
    async with rig.sessions.begin() as session:
        for task in (follows, own):
            await trial(session, await rig.office.task(task), rig.clock.now())
    await rig.until_built()
    await rig.nine_o_clock()

    for task, labels in ((follows, ("Просмотры", "Звонки")), (own, ("Цена просмотра (CPV)",))):
        deliveries = await rig.office.deliveries(task)
        assert [tuple(figures_in(text_of(each))) for each in deliveries] == [labels] * 2


async def test_the_buttons_work_for_clients_too_and_the_owner_has_his_profile(
    rig: BuilderRig,
) -> None:
    profile = await rig.profile("shop")
    clients = await rig.destination(profile)
    private = await rig.destination(profile, ALICE)

    await rig.nine_o_clock()

    under = [
        f"report_days:{profile}:7",
        f"report_days:{profile}:30",
        f"report_other:{profile}:2026-11-20:2026-11-20",
        f"report_compare:{profile}:2026-11-20:2026-11-20",
        f"report_breakdown:{profile}:2026-11-14:2026-11-20",
        f"report_items:{profile}:2026-11-20:2026-11-20",
        f"report_excel:{profile}:2026-11-20:2026-11-20",
        f"report_refresh:{profile}:2026-11-20:2026-11-20",
    ]
    assert buttons_of(await rig.of(clients)) == [*under, "stats_show"]
    assert buttons_of(await rig.of(private)) == [*under, f"profile_open:{profile}"]


async def test_what_was_missed_is_named_once(rig: BuilderRig) -> None:
    task = await rig.reporting("shop", next_due_at=NINE - timedelta(days=2))

    await rig.nine_o_clock()

    *missed, newest = await rig.office.deliveries(task)
    assert [each.state for each in missed] == [State.MISSED] * 2
    # A client's group is not told whose fault it was.
    assert "⚠️ Не пришли отчёты: 19.11.2026 в 09:00, 20.11.2026 в 09:00." in text_of(newest)
    await rig.sent(newest)
    rig.clock.advance(timedelta(days=1))
    await rig.office.materialise()
    await rig.until_built()
    assert "Не пришли" not in text_of((await rig.office.deliveries(task))[-1])


async def test_of_many_missed_only_the_last_are_named(rig: BuilderRig) -> None:
    task = await rig.reporting("shop", next_due_at=NINE - timedelta(days=30))

    await rig.nine_o_clock()

    text = text_of((await rig.office.deliveries(task))[-1])
    assert "14.11.2026 в 09:00" in text
    assert "20.11.2026 в 09:00 и ещё 23 раньше." in text
    assert "13.11.2026 в 09:00" not in text


async def test_a_trial_says_that_it_is_one_and_misses_nothing(rig: BuilderRig) -> None:
    task = await rig.reporting("shop", next_due_at=NINE - timedelta(days=2))
    rig.clock.advance(NINE - rig.clock.now())
    await rig.office.materialise()
    async with rig.sessions.begin() as session:
        await trial(session, await rig.office.task(task), rig.clock.now())

    await rig.until_built()

    [tried] = [d for d in await rig.office.deliveries(task) if d.slot.startswith("trial:")]
    assert text_of(tried).startswith("Пробный отчёт\n")
    assert "не пришли" not in text_of(tried)
    assert "Просмотры" in figures_in(text_of(tried))


async def test_a_long_report_is_kept_in_parts(
    rig: BuilderRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "PART_LIMIT", 300)
    monkeypatch.setattr(parts, "CAPTION_LIMIT", 300)
    task = await rig.reporting("shop")

    await rig.nine_o_clock()

    deliveries = await rig.office.deliveries(task)
    assert [each.part for each in deliveries] == list(range(len(deliveries)))
    assert {each.state for each in deliveries} == {State.READY}
    assert len({each.slot for each in deliveries}) == 1
    text = "\n".join(text_of(each) for each in deliveries)
    assert tuple(figures_in(text)) == LABELS
    assert ["keyboard" in (each.payload or {}) for each in deliveries][-2:] == [False, True]
    for each in deliveries:
        await rig.sent(each)


async def test_a_destination_that_is_unbound_meanwhile_stops_nothing(rig: BuilderRig) -> None:
    gone, stays = await rig.reporting("shop"), await rig.reporting("second")
    rig.avito.at_request.append(lambda: None)
    rig.avito.world.fault("hold", "stats_v2", account=rig.account("shop").user_id)
    rig.clock.advance(NINE - rig.clock.now())
    await rig.office.materialise()
    rig.runner.wake()
    async with asyncio.timeout(PATIENCE_SEC):
        while not rig.avito.calls("stats_v2"):
            await asyncio.sleep(0.01)
    async with rig.sessions.begin() as session:
        await session.delete(await session.merge(await rig.office.task(gone)))
    rig.avito.world.clear_faults()

    await rig.until_built()

    assert (await rig.of(stays)).state == State.READY


async def test_at_nine_yesterday_is_there_already_and_the_balance_is_of_nine(
    rig: BuilderRig,
) -> None:
    task = await rig.reporting("shop")
    await rig.rounds.nightly()
    rig.clock.advance(NINE - timedelta(minutes=14) - rig.clock.now())
    rig.account("shop").set_day(YESTERDAY, views=4_321)
    await rig.rounds.ahead_of_slots()
    read = len(rig.avito.calls("stats_v2"))
    rig.account("shop").real = 777.5

    await rig.nine_o_clock()

    said = figures_in(text_of(await rig.of(task)))
    assert len(rig.avito.calls("stats_v2")) == read
    assert said["Просмотры"].value == count(4_321)
    assert said["Кошелёк"].value == money(777_50)
