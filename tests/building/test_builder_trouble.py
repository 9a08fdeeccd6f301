"""Avito in trouble at nine o'clock: patience, the store, and what the owner hears of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from unittest.mock import AsyncMock

import pytest
from sqlalchemy.exc import OperationalError

from bot.effects import Show
from core import report_runner
from core.database import health
from core.database.models import AvitoProfile
from core.errors import DatabaseAway, KeysRefused
from core.outbox import State
from core.services import deliveries, schedule
from core.slots import trial
from core.statistics.sync import access_to
from tests.support.building import ALICE, CLIENTS, OPERATOR, BuilderRig, text_of
from tests.support.deliveries import NINE
from tests.support.report import count, expected_figures, figures_in

pytestmark = pytest.mark.one_database

YESTERDAY = date(2026, 11, 20)
SUPPLEMENTED = "✅ Дополнено: день 21.11.2026 теперь целиком, эти числа — вместо прежних"
PASSING: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("status", {"status": 500}, "Unavailable"),
    ("status", {"status": 502}, "Unavailable"),
    ("status", {"status": 429}, "RateLimited"),
    ("hang", {}, "Unavailable"),
    ("drop_before", {}, "Unavailable"),
    ("drop_after", {}, "Unavailable"),
    ("malformed_json", {}, "UnexpectedAnswer"),
    ("wrong_shape", {}, "UnexpectedAnswer"),
    ("truncated", {}, "Unavailable"),
)


async def test_how_long_money_lasts_is_not_told_by_a_wallet_of_days_ago(rig: BuilderRig) -> None:
    task = await rig.reporting("shop")
    await rig.nine_o_clock()
    delivery = await rig.of(task)
    assert "хватит" in text_of(delivery)
    await rig.sent(delivery)

    rig.avito.world.fault("status", "balance", status=500)
    rig.clock.advance(timedelta(days=1))
    await rig.office.materialise()
    await rig.until_built()
    delivery = (await rig.office.deliveries(task))[-1]
    assert "Кошелёк" in text_of(delivery)
    assert "хватит" not in text_of(delivery)


@pytest.mark.impatient
@pytest.mark.parametrize(("kind", "params", "reason"), PASSING, ids=str)
async def test_a_passing_trouble_is_waited_out_and_holds_up_nobody_else(
    rig: BuilderRig, kind: str, params: dict[str, Any], reason: str
) -> None:
    task, other = await rig.reporting("shop"), await rig.reporting("second")
    fault = rig.avito.world.fault(kind, "stats_v2", account=rig.account("shop").user_id, **params)

    await rig.nine_o_clock()

    delivery = await rig.of(task)
    assert (delivery.state, delivery.attempt, delivery.reason) == (State.DUE, 1, reason)
    assert delivery.next_try_at is not None
    assert timedelta(seconds=20) < delivery.next_try_at - NINE < timedelta(seconds=75)
    assert (await rig.of(other)).state == State.READY

    rig.avito.world.faults.remove(fault)
    await rig.later(seconds=75)

    delivery = await rig.of(task)
    assert delivery.state == State.READY
    said, expected = (
        figures_in(text_of(delivery)),
        expected_figures(rig.account("shop"), YESTERDAY),
    )
    assert {label: said[label] for label in expected} == expected
    assert rig.told() == []
    assert rig.avito.world.violations() == []


async def test_without_any_numbers_it_waits_as_long_as_it_may_still_come(rig: BuilderRig) -> None:
    task, other = await rig.reporting("shop"), await rig.reporting("second")
    rig.avito.world.fault("status", account=rig.account("shop").user_id, status=503)
    fault = rig.avito.world.fault("status", account=rig.account("second").user_id, status=503)

    await rig.nine_o_clock()
    for _ in range(7):
        await rig.later(minutes=50)
        assert [(await rig.of(each)).state for each in (task, other)] == [State.DUE] * 2
    assert [told for told in rig.told() if "не отправлен" in told.screen.text] == []
    rig.avito.world.faults.remove(fault)
    await rig.later(minutes=6)

    delivery = await rig.of(task)
    assert (delivery.state, delivery.reason) == (State.FAILED, "Unavailable")
    assert delivery.payload is None
    [told] = rig.told()
    assert told.chat_id == ALICE
    assert "не отправлен" in told.screen.text
    assert "Avito сейчас не отвечает" in told.screen.text
    assert told.screen.inline is not None
    [ask] = told.screen.inline.inline_keyboard[0]
    assert (ask.text, (ask.callback_data or "").split(":", 2)[2]) == (
        "📈 Отчёт за 20.11.2026",
        "2026-11-20:2026-11-20",
    )
    row = await rig.office.task(task)
    assert row.problem == "Unavailable"
    assert (await rig.of(other)).state == State.READY


async def test_a_day_of_tries_has_no_end_but_the_window(rig: BuilderRig) -> None:
    task = await rig.reporting("shop", next_due_at=None)
    columns = {"state": State.DUE, "payload": None, "attempt": 300}
    await rig.office.add_delivery(task, deadline_at=NINE + timedelta(days=1), **columns)
    rig.avito.world.fault("status", status=503)

    await rig.nine_o_clock()

    delivery = await rig.of(task)
    assert (delivery.state, delivery.attempt) == (State.DUE, 301)
    assert delivery.next_try_at is not None
    assert delivery.next_try_at - NINE < timedelta(minutes=6)


async def test_whole_days_from_the_store_are_sent_at_once(rig: BuilderRig) -> None:
    task = await rig.reporting("shop")
    await rig.rounds.nightly()
    rig.avito.world.fault("status", "stats_v2", status=500)

    await rig.nine_o_clock()

    text = text_of(await rig.of(task))
    said, expected = figures_in(text), expected_figures(rig.account("shop"), YESTERDAY)
    assert {label: said[label] for label in expected} == expected
    assert "Свежие числа прочитать не удалось." in text
    assert "Обновлено в 05:30" in text


@pytest.mark.impatient
async def test_an_avito_that_hangs_costs_no_report_whose_days_are_stored(
    rig: BuilderRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_runner, "READING_SEC", 1.0)
    task = await rig.reporting("shop")
    await rig.rounds.nightly()
    rig.avito.world.fault("hang")

    await rig.nine_o_clock()

    text = text_of(await rig.of(task))
    said, expected = figures_in(text), expected_figures(rig.account("shop"), YESTERDAY)
    assert {label: said[label] for label in expected} == expected
    assert "Свежие числа прочитать не удалось." in text


async def heard(rig: BuilderRig) -> list[Show]:
    """What owners are told with the next tick."""
    await rig.aftermath.catch_up()
    return rig.told()


async def half_a_day(rig: BuilderRig) -> int:
    """A destination whose report had to leave without the evening of its day."""
    profile = await rig.profile("shop")
    task = await rig.destination(profile, next_due_at=NINE + timedelta(days=1))
    await rig.rounds.nightly()
    rig.clock.advance(NINE + timedelta(days=1) - rig.clock.now())
    rig.avito.world.fault("status", "stats_v2", status=500)
    await rig.office.materialise()
    await rig.until_built()
    for _ in range(6):
        assert (await rig.of(task)).state == State.DUE
        await rig.later(minutes=5)
    await rig.later(minutes=5)
    return task


async def test_half_a_day_is_sent_only_at_the_very_end(rig: BuilderRig) -> None:
    task = await half_a_day(rig)

    delivery, _ = await rig.office.deliveries(task)
    assert delivery.state == State.READY
    _, _, days, *_ = text_of(delivery).splitlines()
    assert days == "21.11.2026, только до 05:30"
    assert "прочитан не целиком" in text_of(delivery)
    assert "Пришлю отчёт целиком" in text_of(delivery)
    assert rig.told() == []


async def test_what_left_without_its_evening_is_followed_once_by_the_whole(
    rig: BuilderRig,
) -> None:
    task = await half_a_day(rig)
    cut, _ = await rig.office.deliveries(task)
    await rig.sent(cut)
    await rig.later(minutes=20)
    assert [each.state for each in await rig.office.deliveries(task)] == [State.SENT, State.DUE]
    rig.avito.world.clear_faults()

    await rig.later(minutes=20)

    _, whole = await rig.office.deliveries(task)
    text = text_of(whole)
    assert text.startswith(f"{SUPPLEMENTED}\n📊 Отчёт Avito")
    assert "только до" not in text
    assert "прочитан не целиком" not in text
    assert "Пришлю отчёт целиком" not in text
    views = rig.account("shop").day_numbers(date(2026, 11, 21))["views"]
    assert figures_in(text)["Просмотры"].value == count(views)
    await rig.sent(whole)
    await rig.later(hours=1)
    assert len(await rig.office.deliveries(task)) == 2
    assert (await heard(rig), (await rig.office.task(task)).problem) == ([], None)


async def test_the_whole_one_comes_until_the_next_slot_and_rings_no_second_time(
    rig: BuilderRig,
) -> None:
    task = await half_a_day(rig)
    cut, _ = await rig.office.deliveries(task)
    await rig.sent(cut)
    await rig.later(hours=20)
    rig.avito.world.clear_faults()

    await rig.later(minutes=20)

    _, whole = await rig.office.deliveries(task)
    assert text_of(whole).startswith(f"{SUPPLEMENTED}\n")
    assert (cut.is_silent, whole.is_silent) == (False, True)


@pytest.mark.parametrize("how", ["asked at the end", "not asked any more", "keys refused"])
async def test_the_owner_hears_once_that_a_report_stays_without_its_evening(
    rig: BuilderRig, how: str
) -> None:
    task = await half_a_day(rig)
    cut, _ = await rig.office.deliveries(task)
    await rig.sent(cut)

    match how:
        case "asked at the end":
            await rig.later(hours=23, minutes=15)
        case "keys refused":
            rig.avito.world.clear_faults()
            rig.avito.world.revoke_keys(rig.account("shop"))
            await rig.later(minutes=20)
    if how != "keys refused":
        rig.clock.advance(NINE + timedelta(days=2) - rig.clock.now())
        await rig.outbox.recover()

    _, whole = await rig.office.deliveries(task)
    assert (whole.state, whole.reason, whole.payload) == (State.WITHDRAWN, None, None)
    [told] = await heard(rig)
    assert "Отчёт остался без части дня" in told.screen.text
    assert told.screen.inline is not None
    [[whole_one], _] = told.screen.inline.inline_keyboard
    profile_id = (await rig.office.task(task)).profile_id
    assert whole_one.callback_data == f"report_show:{profile_id}:2026-11-21:2026-11-21"
    assert (await heard(rig), (await rig.office.task(task)).problem) == ([], None)
    rig.clock.advance(NINE + timedelta(days=2, minutes=1) - rig.clock.now())
    await rig.office.materialise()
    *_, following = await rig.office.deliveries(task)
    assert await rig.outbox.missed_before(following) == []


async def test_a_pause_ends_the_waiting_for_the_rest(rig: BuilderRig) -> None:
    task = await half_a_day(rig)
    profile_id = (await rig.office.task(task)).profile_id

    async with rig.sessions.begin() as session:
        profile = await session.get_one(AvitoProfile, profile_id)
        await schedule.pause(session, profile, rig.clock.now())

    _, whole = await rig.office.deliveries(task)
    assert whole.state == State.WITHDRAWN
    assert await heard(rig) == []


async def test_nobody_hears_that_something_is_missing_from_what_never_came(
    rig: BuilderRig,
) -> None:
    await half_a_day(rig)
    rig.clock.advance(timedelta(days=1))
    await rig.outbox.recover()

    assert await heard(rig) == []


@pytest.mark.parametrize("how", ["late", "held and sent again"])
async def test_the_owner_hears_that_a_report_stays_cut_also_where_it_arrives_after_that_is_known(
    rig: BuilderRig, how: str
) -> None:
    task = await half_a_day(rig)
    cut, _ = await rig.office.deliveries(task)
    if how != "late":
        await rig.office.change(task, on_lost_answer="hold")
        await rig.outbox.claim_ready(1)
        await rig.outbox.sending(cut.id)
        await rig.outbox.lost(cut.id)
        await heard(rig)
    rig.avito.world.clear_faults()
    rig.avito.world.revoke_keys(rig.account("shop"))
    await rig.later(minutes=20)
    assert await heard(rig) == []

    if how != "late":
        async with rig.sessions.begin() as session:
            [held] = await deliveries.find(session, [cut.id])
            await deliveries.send_again(session, held, rig.clock.now())
    await rig.sent(cut)

    [told] = await heard(rig)
    assert "Отчёт остался без части дня" in told.screen.text
    assert await heard(rig) == []


async def test_what_a_later_report_tells_whole_is_not_supplemented(rig: BuilderRig) -> None:
    task = await half_a_day(rig)
    cut, _ = await rig.office.deliveries(task)
    await rig.sent(cut)
    profile_id = (await rig.office.task(task)).profile_id
    async with rig.sessions.begin() as session:
        profile = await session.get_one(AvitoProfile, profile_id)
        await schedule.set_time(session, profile, time(9, 40), rig.clock.now())
    rig.avito.world.clear_faults()
    rig.clock.advance(timedelta(minutes=20))

    await rig.office.materialise()
    await rig.until_built()

    _, supplement, later = await rig.office.deliveries(task)
    assert (supplement.state, later.state) == (State.WITHDRAWN, State.READY)
    assert (later.first_day, later.last_day) == (cut.first_day, cut.last_day)
    assert await heard(rig) == []


async def test_the_owner_hears_once_that_a_report_waits_for_avito_for_long(
    rig: BuilderRig,
) -> None:
    profile = await rig.profile("shop")
    for chat_id in (CLIENTS, ALICE):
        await rig.destination(profile, chat_id)
    rig.avito.world.fault("status", status=500)
    await rig.nine_o_clock()
    assert await heard(rig) == []

    told = []
    for _ in range(20):
        await rig.later(minutes=1)
        told += await heard(rig)

    [waits] = told
    assert waits.chat_id == ALICE
    assert "Отчёт задерживается" in waits.screen.text
    assert "группа «Клиенты», личный чат с ботом" in waits.screen.text


@pytest.mark.parametrize("why", ["it came a moment ago", "it is known", "the worker was away"])
async def test_a_wait_that_is_no_news_is_not_told(rig: BuilderRig, why: str) -> None:
    task = await rig.reporting("shop")
    if why == "it is known":
        await rig.office.change(task, problem="Unavailable", problem_at=rig.clock.now())
    if why == "the worker was away":
        rig.clock.advance(NINE + timedelta(minutes=20) - rig.clock.now())
    rig.avito.world.fault("status", status=500)
    await rig.nine_o_clock()

    if why == "it came a moment ago":
        await rig.later(minutes=9)
        rig.avito.world.clear_faults()
        await rig.later(minutes=5)
    else:
        for _ in range(4):
            await rig.later(minutes=3)

    assert [each for each in await heard(rig) if "задерживается" in each.screen.text] == []


async def test_numbers_from_before_midnight_are_not_taken_for_the_whole_day(
    rig: BuilderRig,
) -> None:
    midnight = datetime(2026, 11, 21, 21, tzinfo=UTC)
    profile = await rig.profile("shop")
    async with rig.sessions.begin() as session:
        (await session.get_one(AvitoProfile, profile)).report_time = time(0, 2)
    task = await rig.destination(profile, next_due_at=midnight + timedelta(minutes=2))
    rig.clock.advance(midnight - timedelta(minutes=4) - rig.clock.now())
    access = access_to(await rig.collector.profile(ALICE, profile))
    await rig.avito.sync.refresh(access)
    rig.clock.advance(timedelta(minutes=6))

    await rig.office.materialise()
    await rig.until_built()

    text = text_of(await rig.of(task))
    whole = rig.account("shop").day_numbers(date(2026, 11, 21))["views"]
    assert "21.11.2026" in text
    assert figures_in(text)["Просмотры"].value == count(whole)


async def test_refused_keys_fail_at_once_and_the_owner_is_told_once(rig: BuilderRig) -> None:
    profile = await rig.profile("shop")
    tasks = [await rig.destination(profile, CLIENTS - number) for number in range(3)]
    rig.avito.world.revoke_keys(rig.account("shop"))

    await rig.nine_o_clock()

    for task in tasks:
        delivery = await rig.of(task)
        assert (delivery.state, delivery.reason) == (State.FAILED, "KeysRefused")
        assert delivery.payload is None
    [heard] = rig.escalated()
    assert heard.startswith("⚠️ Avito не принимает ключи профиля (token)\nКод: ")
    [told] = rig.told()
    assert told.chat_id == ALICE
    assert "Avito больше не принимает ключи профиля" in told.screen.text
    assert told.screen.inline is not None
    [mend], _ = told.screen.inline.inline_keyboard
    assert mend.callback_data == f"profile_keys:{profile}"

    rig.clock.advance(timedelta(days=1))
    await rig.office.materialise()
    await rig.until_built()
    assert [d.state for d in await rig.office.deliveries(tasks[0])] == [State.FAILED] * 2
    assert (rig.told(), rig.escalated()) == ([], [])

    rig.clock.advance(timedelta(days=4))
    await rig.office.materialise()
    await rig.until_built()
    assert len(rig.told()) == 1


async def test_another_reason_is_news(rig: BuilderRig) -> None:
    task = await rig.reporting("shop")
    rig.avito.world.revoke_keys(rig.account("shop"))
    await rig.nine_o_clock()
    assert len(rig.told()) == 1
    rig.account("shop").keys_work = True
    rig.avito.world.fault("status", "stats_v2", status=402)

    rig.clock.advance(timedelta(days=1))
    await rig.office.materialise()
    await rig.until_built()

    assert (await rig.office.deliveries(task))[-1].reason == "SubscriptionRequired"
    [told] = rig.told()
    assert "нет подписки Avito" in told.screen.text


async def test_a_trial_is_not_put_off_for_longer_than_somebody_watches(rig: BuilderRig) -> None:
    task = await rig.reporting("shop", next_due_at=None)
    rig.avito.world.fault("status", "stats_v2", status=429, retry_after=600)
    async with rig.sessions.begin() as session:
        await trial(session, await rig.office.task(task), rig.clock.now())

    await rig.until_built()

    assert (await rig.of(task)).state == State.FAILED
    [told] = rig.told()
    assert "не чаще раза в минуту" in told.screen.text


async def test_an_error_that_only_avito_knows_is_waited_out_like_any_strange_answer(
    rig: BuilderRig,
) -> None:
    task = await rig.reporting("shop")
    strange = {"result": {"status": False, "error": {"code": 4242, "message": "?"}}}
    rig.avito.world.fault("status", "stats_v2", status=200, json=strange)

    await rig.nine_o_clock()

    delivery = await rig.of(task)
    assert (delivery.state, delivery.reason) == (State.DUE, "UnexpectedAnswer")


async def test_a_trial_that_fails_is_always_answered(rig: BuilderRig) -> None:
    task = await rig.reporting("shop", next_due_at=None)
    rig.avito.world.revoke_keys(rig.account("shop"))

    for _ in range(2):
        async with rig.sessions.begin() as session:
            await trial(session, await rig.office.task(task), rig.clock.now())
        await rig.until_built()
        assert len(rig.told()) == 1
        rig.clock.advance(timedelta(minutes=1))


async def test_a_token_that_dies_is_renewed_and_the_report_comes(rig: BuilderRig) -> None:
    task = await rig.reporting("shop")
    rig.avito.world.fault("status", "stats_v2", times=1, status=401)

    await rig.nine_o_clock()
    assert (await rig.of(task)).reason == "RateLimited"
    await rig.later(seconds=65)

    assert (await rig.of(task)).state == State.READY
    assert rig.avito.world.violations() == []


async def test_a_storm_of_refused_tokens_ends_in_refused_keys(rig: BuilderRig) -> None:
    task = await rig.reporting("shop")
    rig.avito.world.fault("status", status=401)

    await rig.nine_o_clock()

    delivery = await rig.of(task)
    assert (delivery.state, delivery.reason) == (State.FAILED, "KeysRefused")
    assert len(rig.told()) == 1
    assert len(rig.avito.world.history) < 8


async def test_a_database_that_goes_away_meanwhile_costs_no_report(
    rig: BuilderRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "RETRY_SEC", 0.05)
    task = await rig.reporting("shop")
    really, failures = rig.collector.sync.ensure_fresh, iter(range(3))

    async def away(*args: Any, **kwargs: Any) -> Any:
        if next(failures, None) is not None:
            raise DatabaseAway("gone for a moment")
        return await really(*args, **kwargs)

    monkeypatch.setattr(rig.collector.sync, "ensure_fresh", away)

    await rig.nine_o_clock()

    assert (await rig.of(task)).state == State.READY


async def test_a_report_that_cannot_be_put_into_words_stops_no_other(
    rig: BuilderRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, other = await rig.reporting("shop"), await rig.reporting("second")
    shop = (await rig.office.task(broken)).profile_id
    render = rig.runner._render

    def breaks(report: Any, now: datetime) -> Any:
        if report.data.profile_id == shop:
            raise ZeroDivisionError
        return render(report, now)

    monkeypatch.setattr(rig.runner, "_render", breaks)

    await rig.nine_o_clock()

    assert ((await rig.of(broken)).state, (await rig.of(other)).state) == (
        State.FAILED,
        State.READY,
    )
    [told] = rig.told()
    assert "Сбой на нашей стороне" in told.screen.text
    [heard] = rig.escalated()
    assert heard.startswith("⚠️ Сбой в боте (ZeroDivisionError)")

    rig.clock.advance(timedelta(days=1))
    await rig.office.materialise()
    await rig.until_built()
    # Its owner knows; whoever has to mend it is told as long as it goes on.
    assert (rig.told(), len(rig.escalated())) == ([], 1)


async def test_what_the_operator_has_yet_to_hear_outlasts_a_tick_that_fails(
    rig: BuilderRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.incidents.escalate(ZeroDivisionError())
    untold = AsyncMock(side_effect=[OperationalError("SELECT", {}, Exception("corrupt")), [], []])
    monkeypatch.setattr(deliveries, "untold", untold)

    with pytest.raises(OperationalError):
        await rig.aftermath.catch_up()
    assert rig.told() == []
    for _ in range(2):
        await rig.aftermath.catch_up()

    [told] = rig.told()
    assert told.chat_id == OPERATOR


async def test_what_was_withdrawn_meanwhile_is_no_news(rig: BuilderRig) -> None:
    """Its owner paused the reports while Avito was asked."""
    task = await rig.reporting("shop", next_due_at=None)
    row = await rig.office.add_delivery(task, state=State.WITHDRAWN, finished_at=NINE)

    await rig.aftermath.not_built([row], KeysRefused("token"))

    assert rig.told() == []
    assert (await rig.office.task(task)).problem is None
