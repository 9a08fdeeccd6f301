"""One message for several profiles: right, patient for a while, and nobody's hostage."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from bot.markdown import to_plain
from bot.screens import parts
from core.database.models import AvitoProfile, Delivery, ReportTask
from core.errors import Unavailable
from core.outbox import State
from core.report_data import Collector
from core.services import destinations
from core.services.destinations import Destination
from core.slots import trial
from core.statistics.sync import access_to
from sandbox.avito.accounts import make_account, make_listings
from sandbox.telegram.events import PATIENCE_SEC
from tests.support.building import ALICE, CLIENTS, BuilderRig, buttons_of, text_of
from tests.support.deliveries import NINE
from tests.support.report import expected_totals, figures_in

YESTERDAY = date(2026, 11, 20)
TITLE = "Сводка Avito"
LABELS = ("shop", "second", "debtor")
UNREAD = "⚠️ прочитать не удалось, в сумме этого профиля нет"
LATER = "⚠️ пока не прочитан, в сумме его нет: отчёт придёт отдельно, как только получится"


async def reporting(
    rig: BuilderRig, *labels: str, chat_id: int = CLIENTS, **columns: Any
) -> list[int]:
    """Profiles of Alice that report at one place in one message; their destinations."""
    return [
        await rig.reporting(label, chat_id, is_digest=True, **columns)
        for label in labels or LABELS
    ]


async def carrier(rig: BuilderRig) -> Delivery:
    """The only delivery that has something to send."""
    [made] = [row for row in await rig.office.deliveries() if row.payload is not None]
    return made


async def states(rig: BuilderRig, tasks: list[int]) -> list[str]:
    return [(await rig.of(task)).state for task in tasks]


def row_of(rig: BuilderRig, text: str, label: str) -> list[str]:
    """What the digest says of a profile, without its light and name."""
    _, _, after = text.partition(f" {rig.account(label).name}\n")
    lines: list[str] = []
    for line in after.splitlines():
        if not line or line[0] in "🔴🟡🟢⚪":
            break
        lines.append(line)
    return lines


async def test_profiles_of_one_place_come_in_one_message(rig: BuilderRig) -> None:
    tasks = await reporting(rig)

    await rig.nine_o_clock()

    assert sorted(await states(rig, tasks)) == [State.JOINED, State.JOINED, State.READY]
    made = await carrier(rig)
    text = text_of(made)
    assert TITLE in text
    assert "3 профиля, 20.11.2026" in text
    accounts = [rig.account(label) for label in LABELS]
    said, expected = figures_in(text), expected_totals(accounts, YESTERDAY)
    assert {label: said[label] for label in expected} == expected
    assert all(row_of(rig, text, label) for label in LABELS)
    assert buttons_of(made) == [
        *(f"stats_days:{days}" for days in (1, 7, 30)),
        "stats_refresh:2026-11-20:2026-11-20",
    ]
    assert (made.chat_id, made.due_at) == (CLIENTS, NINE)

    await rig.sent(made)
    assert await states(rig, tasks) == [State.SENT] * 3


async def test_the_others_of_the_place_and_other_places_get_their_own(rig: BuilderRig) -> None:
    tasks = await reporting(rig, "shop", "second")
    profile = await profile_of(rig, tasks[0])
    elsewhere = await rig.destination(profile, CLIENTS - 1, is_digest=True)
    beside = await rig.reporting("debtor")

    await rig.nine_o_clock()

    assert sorted(await states(rig, tasks)) == [State.JOINED, State.READY]
    for task in (elsewhere, beside):
        assert "Отчёт Avito" in text_of(await rig.of(task))


async def test_refused_keys_of_one_keep_nobody_waiting(rig: BuilderRig) -> None:
    shop, second, debtor = await reporting(rig)
    rig.avito.world.revoke_keys(rig.account("second"))

    await rig.nine_o_clock()

    assert sorted(await states(rig, [shop, debtor])) == [State.JOINED, State.READY]
    refused = await rig.of(second)
    assert (refused.state, refused.reason) == (State.FAILED, "KeysRefused")
    text = text_of(await carrier(rig))
    assert row_of(rig, text, "second") == [UNREAD]
    accounts = [rig.account(label) for label in ("shop", "debtor")]
    said, expected = figures_in(text), expected_totals(accounts, YESTERDAY)
    assert {label: said[label] for label in expected} == expected
    [told] = rig.told()
    assert told.chat_id == ALICE
    assert "Avito больше не принимает ключи профиля" in told.screen.text


async def test_the_owner_alone_reads_why(rig: BuilderRig) -> None:
    await reporting(rig, chat_id=ALICE)
    rig.avito.world.revoke_keys(rig.account("second"))

    await rig.nine_o_clock()

    made = await carrier(rig)
    assert row_of(rig, text_of(made), "second") == [
        f"{UNREAD}. Avito больше не принимает ключи профиля. Замените их."
    ]
    open_card, to_list = buttons_of(made)[-2:]
    assert (open_card.partition(":")[0], to_list) == ("profile_open", "profiles_back")


async def test_a_passing_trouble_is_waited_out_by_all_and_they_come_together(
    rig: BuilderRig,
) -> None:
    tasks = await reporting(rig)
    fault = rig.avito.world.fault(
        "status", "stats_v2", account=rig.account("second").user_id, status=502
    )
    await rig.nine_o_clock()
    assert await states(rig, tasks) == [State.DUE] * 3
    read = len(rig.avito.calls("stats_v2"))

    rig.avito.world.faults.remove(fault)
    await rig.later(seconds=65)

    assert sorted(await states(rig, tasks)) == [State.JOINED, State.JOINED, State.READY]
    said = figures_in(text_of(await carrier(rig)))
    expected = expected_totals([rig.account(label) for label in LABELS], YESTERDAY)
    assert {label: said[label] for label in expected} == expected
    assert len(rig.avito.calls("stats_v2")) == read + 1


async def test_after_a_minute_or_two_it_goes_without_and_the_missing_one_follows(
    rig: BuilderRig,
) -> None:
    shop, second, debtor = await reporting(rig)
    fault = rig.avito.world.fault("status", account=rig.account("second").user_id, status=502)
    await rig.nine_o_clock()
    await rig.later(seconds=31)
    assert await states(rig, [shop, second, debtor]) == [State.DUE] * 3

    await rig.later(seconds=61)

    digest = await carrier(rig)
    text = text_of(digest)
    assert sorted(await states(rig, [shop, debtor])) == [State.JOINED, State.READY]
    assert row_of(rig, text, "second") == [LATER]
    assert (await rig.of(second)).state == State.DUE
    await rig.sent(digest)

    rig.avito.world.faults.remove(fault)
    await rig.later(minutes=5)

    late = await rig.of(second)
    assert late.state == State.READY
    said = "➕ К сводке, которая уже пришла: Avito отдал этот профиль позже"
    assert text_of(late).startswith(f"{said}\n📊 Отчёт Avito\n{rig.account('second').name}\n")
    assert rig.told() == []


async def test_when_nothing_can_be_read_no_empty_digest_comes(rig: BuilderRig) -> None:
    tasks = await reporting(rig)
    rig.avito.world.fault("status", status=500)

    await rig.nine_o_clock()
    for _ in range(7):
        await rig.later(minutes=50)
        assert await states(rig, tasks) == [State.DUE] * 3
    await rig.later(minutes=6)

    assert await states(rig, tasks) == [State.FAILED] * 3
    assert all(row.payload is None for row in await rig.office.deliveries())
    assert len(rig.told()) == 3


async def test_what_can_go_without_its_evening_waits_for_none_of_which_nothing_is_known(
    rig: BuilderRig,
) -> None:
    shop, second = await reporting(rig, "shop", "second", next_due_at=NINE + timedelta(days=1))
    access = access_to(await rig.collector.profile(ALICE, await profile_of(rig, shop)))
    rig.clock.advance(NINE - rig.clock.now())
    await rig.avito.sync.refresh(access)
    rig.clock.advance(timedelta(days=1))
    rig.avito.world.fault("status", status=503)
    await rig.office.materialise()
    await rig.until_built()
    for _ in range(8):
        await rig.later(minutes=5)

    cut, *_ = await rig.office.deliveries(shop)
    text = text_of(cut)
    assert f"⚠️ Не весь день, и в итогах тоже: «{rig.account('shop').name}» до 09:00\n" in text
    assert row_of(rig, text, "second") == [LATER]
    assert (await rig.of(second)).state == State.DUE


async def cut_digest(rig: BuilderRig) -> list[int]:
    """Destinations whose common report had to leave without the evening of its day."""
    tasks = await reporting(rig, next_due_at=NINE + timedelta(days=1))
    await rig.rounds.nightly()
    rig.clock.advance(NINE + timedelta(days=1) - rig.clock.now())
    rig.avito.world.fault("status", "stats_v2", status=500)
    await rig.office.materialise()
    await rig.until_built()
    for _ in range(8):
        await rig.later(minutes=5)
    return tasks


async def test_an_outage_leaves_one_message_that_says_what_is_missing_from_whom(
    rig: BuilderRig,
) -> None:
    await cut_digest(rig)

    text = text_of(await carrier(rig))
    names = [rig.account(label).name for label in LABELS]
    listed = ", ".join(f"«{name}» до 05:30" for name in names)
    _, heading, cut, *_ = text.splitlines()
    assert heading == "3 профиля, 21.11.2026"
    assert cut == f"⚠️ Не весь день, и в итогах тоже: {listed}"
    assert all(f"⚪ {name}, только до 05:30\n" in text for name in names)
    assert text.endswith("⏳ Неполные пришлю целиком, если Avito ответит в течение суток.")


async def test_after_an_outage_all_of_a_digest_are_made_whole_in_one_message(
    rig: BuilderRig,
) -> None:
    tasks = await cut_digest(rig)
    await rig.sent(await carrier(rig))
    await rig.later(minutes=20)
    rig.avito.world.clear_faults()

    await rig.later(minutes=20)

    rows = await rig.office.deliveries()
    cut, whole = rows[: len(tasks)], rows[len(tasks) :]
    assert [row.state for row in cut] == [State.SENT] * 3
    assert sorted(row.state for row in whole) == [State.JOINED, State.JOINED, State.READY]
    [made] = [row for row in whole if row.payload is not None]
    text = text_of(made)
    said = "✅ Дополнено: день 21.11.2026 теперь целиком, эти числа — вместо прежних"
    assert text.startswith(f"{said}\n📊 {TITLE}\n3 профиля, 21.11.2026\n")
    assert "только до" not in text
    assert made.is_silent
    await rig.sent(made)
    await rig.later(hours=1)
    assert [row.state for row in await rig.office.deliveries()] == [State.SENT] * 6


async def test_what_is_made_whole_waits_for_what_it_adds_to(rig: BuilderRig) -> None:
    await cut_digest(rig)
    cut = await carrier(rig)
    rig.avito.world.clear_faults()

    await rig.later(minutes=20)
    assert (await carrier(rig)).id == cut.id
    await rig.sent(cut)
    await rig.later(minutes=20)

    [_, whole] = [row for row in await rig.office.deliveries() if row.payload is not None]
    assert text_of(whole).startswith("✅ Дополнено")


async def test_one_that_leaves_takes_the_digest_apart_and_what_would_add_to_it(
    rig: BuilderRig,
) -> None:
    shop, second, debtor = await cut_digest(rig)
    rig.avito.world.clear_faults()
    async with rig.sessions.begin() as session:
        task = await session.get_one(ReportTask, second)
        profile = await session.get_one(AvitoProfile, task.profile_id)
        await destinations.pause(session, Destination(task, profile, None), rig.clock.now())

    await rig.later(minutes=2)

    text = text_of(await carrier(rig))
    assert "2 профиля, 21.11.2026\n" in text
    assert "только до" not in text
    for left in (shop, debtor):
        assert (await rig.of(left)).state in (State.READY, State.JOINED)


def silent_until(monkeypatch: pytest.MonkeyPatch, minutes: dict[int, int]) -> Callable[[], None]:
    """Avito is silent, and asked about these profiles in turn; returns what lets it answer."""
    collect = Collector.collect

    async def in_turn(self: Collector, profile: Any, period: Any) -> Any:
        if profile.id in minutes:
            at = NINE + timedelta(minutes=minutes[profile.id])
            raise Unavailable("stats_v2", retry_at=at)
        return await collect(self, profile, period)

    monkeypatch.setattr(Collector, "collect", in_turn)
    return minutes.clear


async def profile_of(rig: BuilderRig, task: int) -> int:
    return (await rig.office.task(task)).profile_id


async def test_when_nobody_can_be_read_they_wait_together(
    rig: BuilderRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = await reporting(rig)
    turns = {await profile_of(rig, task): 4 + number for number, task in enumerate(tasks)}
    answer = silent_until(monkeypatch, turns)

    await rig.nine_o_clock()
    rows = [await rig.of(task) for task in tasks]
    assert [row.next_try_at for row in rows] == [NINE + timedelta(minutes=4)] * 3

    answer()
    await rig.later(minutes=4)
    assert sorted(await states(rig, tasks)) == [State.JOINED, State.JOINED, State.READY]


async def test_their_owner_hears_once_that_all_of_them_wait_for_long(
    rig: BuilderRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = await reporting(rig)
    silent_until(monkeypatch, {await profile_of(rig, task): 12 for task in tasks})

    await rig.nine_o_clock()
    await rig.aftermath.catch_up()

    [told] = rig.told()
    heading, *_ = to_plain(told.screen.text).splitlines()
    assert heading == "⏳ Отчёты задерживаются"
    assert told.screen.text.count("группа «Клиенты»") == len(tasks)


async def test_one_whose_turn_is_far_off_is_not_waited_for(
    rig: BuilderRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, second, debtor = await reporting(rig)
    silent_until(monkeypatch, {await profile_of(rig, second): 4})

    await rig.nine_o_clock()

    assert sorted(await states(rig, [shop, debtor])) == [State.JOINED, State.READY]
    assert (await rig.of(second)).next_try_at == NINE + timedelta(minutes=4)
    assert row_of(rig, text_of(await carrier(rig)), "second") == [LATER]


async def test_those_that_are_late_come_together_and_say_why(
    rig: BuilderRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, *late = await reporting(rig)
    turns = {await profile_of(rig, task): at for task, at in zip(late, (4, 6), strict=True)}
    answer = silent_until(monkeypatch, turns)
    await rig.nine_o_clock()
    digest = await carrier(rig)
    assert (digest.task_id, await states(rig, late)) == (shop, [State.DUE] * 2)
    await rig.sent(digest)
    answer()

    await rig.later(minutes=4)

    assert sorted(await states(rig, late)) == [State.JOINED, State.READY]
    [_, made] = [row for row in await rig.office.deliveries() if row.payload is not None]
    said = "➕ К сводке, которая уже пришла: эти профили Avito отдал позже"
    assert text_of(made).startswith(f"{said}\n📊 {TITLE}\n2 профиля, 20.11.2026\n")


async def test_those_that_are_late_wait_for_each_other_a_little_as_all_did(
    rig: BuilderRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, *late = await reporting(rig)
    second, debtor = [await profile_of(rig, task) for task in late]
    turns = {second: 4, debtor: 4}
    silent_until(monkeypatch, turns)
    await rig.nine_o_clock()
    for minute in (8, 12):
        turns.update({second: minute, debtor: minute})
        await rig.later(minutes=4)
    del turns[second]
    turns[debtor] = 13

    await rig.later(minutes=4)
    assert await states(rig, late) == [State.DUE] * 2
    turns.clear()
    await rig.later(minutes=1)

    assert sorted(await states(rig, late)) == [State.JOINED, State.READY]


async def test_a_defect_in_one_reading_spoils_no_other(
    rig: BuilderRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = await reporting(rig)
    broken = await profile_of(rig, tasks[1])
    collect = Collector.collect

    async def breaking(self: Collector, profile: Any, period: Any) -> Any:
        if profile.id == broken:
            raise ZeroDivisionError
        return await collect(self, profile, period)

    monkeypatch.setattr(Collector, "collect", breaking)
    rig.clock.advance(NINE - rig.clock.now())
    await rig.office.materialise()
    rig.runner.wake()

    async with asyncio.timeout(PATIENCE_SEC):
        while State.JOINED not in await states(rig, tasks):
            await asyncio.sleep(0.02)

    assert await states(rig, tasks[1:2]) == [State.BUILDING]
    assert row_of(rig, text_of(await carrier(rig)), "second") == [LATER]


async def test_a_defect_of_the_digest_lets_each_come_by_itself(
    rig: BuilderRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = await reporting(rig)
    monkeypatch.setattr("core.report_runner.digest_of", lambda *_: 1 // 0)

    await rig.nine_o_clock()

    for task in tasks:
        assert "Отчёт Avito" in text_of(await rig.of(task))


async def test_one_that_is_unbound_while_another_is_read_is_not_told(rig: BuilderRig) -> None:
    shop, second, debtor = await reporting(rig)
    slow = rig.account("debtor").user_id
    rig.avito.world.fault("hold", "stats_v2", account=slow)
    rig.clock.advance(NINE - rig.clock.now())
    await rig.office.materialise()
    rig.runner.wake()
    async with asyncio.timeout(PATIENCE_SEC):
        while not rig.avito.world.calls("stats_v2", slow):
            await asyncio.sleep(0.01)
    async with rig.sessions.begin() as session:
        await session.delete(await session.merge(await rig.office.task(second)))
    rig.avito.world.clear_faults()

    await rig.until_built()

    assert sorted(await states(rig, [shop, debtor])) == [State.JOINED, State.READY]
    assert rig.account("second").name not in text_of(await carrier(rig))


async def test_each_shows_what_is_ticked_for_it_and_the_sum_what_is_ticked_for_all(
    rig: BuilderRig,
) -> None:
    open_book = json.dumps(["views", "contacts", "wallet_balance"])
    closed_book = json.dumps(["views", "contacts"])
    await reporting(rig, "shop", report_metrics=open_book)
    await reporting(rig, "second", report_metrics=closed_book)

    await rig.nine_o_clock()

    text = text_of(await carrier(rig))
    assert tuple(figures_in(text)) == ("Просмотры", "Контакты")
    assert "👛" in row_of(rig, text, "shop")[0]
    assert "👛" not in row_of(rig, text, "second")[0]


async def test_what_was_missed_is_named_once_for_all(rig: BuilderRig) -> None:
    await reporting(rig, next_due_at=NINE - timedelta(days=2))

    await rig.nine_o_clock()

    text = text_of(await carrier(rig))
    assert text.count("Не пришли отчёты") == 1
    assert "⚠️ Не пришли отчёты: 19.11.2026 в 09:00, 20.11.2026 в 09:00." in text


async def test_a_trial_says_that_it_is_one(rig: BuilderRig) -> None:
    tasks = await reporting(rig, next_due_at=NINE + timedelta(days=1))
    async with rig.sessions.begin() as session:
        now = rig.clock.now()
        for task in tasks:
            await trial(session, await rig.office.task(task), now)

    await rig.until_built()

    assert text_of(await carrier(rig)).startswith(f"Пробная сводка\n📊 {TITLE}")


async def test_whoever_wants_to_be_asked_after_a_lost_answer_carries_it(rig: BuilderRig) -> None:
    await reporting(rig, "shop")
    asks = await reporting(rig, "second", on_lost_answer="hold")

    await rig.nine_o_clock()

    assert (await carrier(rig)).task_id == asks[0]


@pytest.mark.one_database
async def test_many_profiles_are_cut_at_lines(
    rig: BuilderRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "PART_LIMIT", 400)
    labels = [f"p{number}" for number in range(6)]
    for number, label in enumerate(labels):
        listings = make_listings(8_000_000_000 + 100 * number, count=3)
        account = make_account(label, 6_300_000_000 + number, f"№{number}", listings=listings)
        rig.avito.world.add(account)
    tasks = await reporting(rig, *labels)
    await rig.rounds.nightly()

    await rig.nine_o_clock()

    made = [row for row in await rig.office.deliveries() if row.payload is not None]
    assert len(made) > 2
    assert [row.part for row in made] == list(range(len(made)))
    assert len({row.task_id for row in made}) == 1
    text = "\n".join(text_of(row) for row in made)
    assert [text.count(f" {rig.account(label).name}\n") for label in labels] == [1] * 6
    rows = await rig.office.deliveries()
    assert [row.state for row in rows].count(State.JOINED) == len(tasks) - 1
    accounts = [rig.account(label) for label in labels]
    said, expected = figures_in(text), expected_totals(accounts, YESTERDAY)
    assert {label: said[label] for label in expected} == expected
