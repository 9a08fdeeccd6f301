"""Avito fails in all its ways: the report says so, and stored numbers stay good."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from core.avito import breaker
from core.errors import Unavailable
from tests.support.bot import BotRig
from tests.support.dialogues import open_card
from tests.support.looking import craft, tap
from tests.support.report import UNCHANGED, Said, ask_report, money, read_figures
from tests.support.rows import add_destination, connected

pytestmark = [pytest.mark.one_database, pytest.mark.impatient]

AWAY = "Avito сейчас не отвечает"
ODD = "Avito ответил не так, как обещает"
FAULTS: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("status", {"status": 500}, AWAY),
    ("status", {"status": 502}, AWAY),
    ("status", {"status": 503}, AWAY),
    ("hang", {}, AWAY),
    ("drop_before", {}, AWAY),
    ("drop_after", {}, AWAY),
    ("malformed_json", {}, ODD),
    ("wrong_shape", {}, ODD),
    ("empty", {}, ODD),
    ("status", {"status": 400}, "Avito не понял запрос"),
    ("status", {"status": 402}, "Для этих данных у аккаунта нет подписки Avito"),
)
A_MINUTE = timedelta(seconds=65)


async def test_with_numbers_in_the_store_a_report_shows_them_and_names_the_failure(
    rig: BotRig,
) -> None:
    chat, profile_id = await rig.connect(rig.alice)
    before = read_figures(await ask_report(chat, profile_id))
    rig.clock.advance(timedelta(hours=4))
    for kind, params, sentence in FAULTS:
        rig.avito.fault(kind, "stats_v2", **params)
        await rig.quiet()

        report = await ask_report(chat, profile_id)

        assert f"Свежие числа прочитать не удалось: {sentence}" in report.text
        assert "Обновлено в 09:00" in report.text
        assert read_figures(report) == before
        rig.avito.clear_faults()
        rig.clock.advance(A_MINUTE)


async def test_without_any_numbers_the_failure_is_named_and_no_figure_invented(
    rig: BotRig,
) -> None:
    rig.avito.fault("status", "stats_v2", status=500)
    chat, profile_id = await rig.connect(rig.alice)
    done = await chat.wait_for("подключён")
    assert "Прочитать статистику не удалось" in done.text
    assert AWAY in done.text

    for kind, params, sentence in FAULTS:
        rig.avito.clear_faults()
        rig.clock.advance(A_MINUTE)
        rig.avito.fault(kind, "stats_v2", **params)
        await rig.quiet()
        chat.click(f"report_now:{profile_id}", done)
        failed = await chat.wait_for("Не получилось")
        assert sentence in failed.text
        assert "Код: " in failed.text
        assert ["🔄 Повторить"] in failed.button_texts

    rig.avito.clear_faults()
    rig.clock.advance(A_MINUTE)
    assert "Просмотры" in read_figures(await ask_report(chat, profile_id))


async def test_what_failed_can_be_asked_for_again_about_the_same_days(rig: BotRig) -> None:
    rig.avito.fault("status", "stats_v2", status=500)
    chat, profile_id = await rig.connect(rig.alice)
    rig.clock.advance(A_MINUTE)
    await craft(chat, f"report_historical:{profile_id}", chat.last)
    await tap(chat, "✏️ Написать даты", await chat.wait_for("за какие дни?"))

    chat.send("26.10-05.11")

    again = f"report_show:{profile_id}:2026-10-26:2026-11-05"
    await chat.wait_for(lambda seen: "Не получилось" in seen.text and again in seen.button_data)


async def test_while_avito_is_silent_for_many_a_person_hears_so_at_once(
    rig: BotRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breaker, "PACE", A_MINUTE)
    profile_id = await connected(rig, rig.alice)
    chat = rig.alice.private(rig.me)
    await open_card(chat, profile_id)
    for number in range(breaker.IN_A_ROW):
        with suppress(Unavailable), rig.running.door._breaker.watch("token", f"keys {number}"):
            raise Unavailable("token")

    chat.click(f"report_now:{profile_id}")

    assert AWAY in (await chat.wait_for("Не получилось")).text
    assert rig.avito.history == []


async def test_avitos_429_is_waited_out_for_a_whole_window(rig: BotRig) -> None:
    rig.avito.fault("status", "stats_v2", times=1, status=429)
    chat, profile_id = await rig.connect(rig.alice)
    done = await chat.wait_for("подключён")
    assert "Новые числа Avito отдаст сегодня в 09:01" in done.text

    chat.click(f"report_now:{profile_id}")
    await chat.wait_for("Прочитаю через")
    rig.clock.advance(timedelta(seconds=65))

    assert "Просмотры" in read_figures(await chat.wait_for("Отчёт Avito"))


async def test_a_wallet_that_cannot_be_read_is_no_data_and_never_zero(rig: BotRig) -> None:
    rig.avito.fault("status", "balance", status=500)
    rig.avito.fault("status", "cpa_balance", status=500)
    chat, profile_id = await rig.connect(rig.alice)

    said = read_figures(await ask_report(chat, profile_id))

    assert (said["Кошелёк"].value, said["Аванс"].value) == ("нет данных", "нет данных")
    assert said["Просмотры"].value != "нет данных"


@pytest.mark.parametrize("down", [("balance", "cpa_balance"), ("balance",)])
async def test_a_wallet_that_cannot_be_read_again_is_dated_and_compared_with_nothing(
    rig: BotRig, down: tuple[str, ...]
) -> None:
    chat, profile_id = await rig.connect(rig.alice)
    rig.clock.advance(timedelta(days=1))
    assert read_figures(await ask_report(chat, profile_id))["Кошелёк"].change == UNCHANGED
    await rig.quiet()
    rig.clock.advance(timedelta(days=1))
    for endpoint in down:
        rig.avito.fault("status", endpoint, status=503)

    report = await ask_report(chat, profile_id)

    said = read_figures(report)
    assert said["Кошелёк"] == Said(money(150_000_00), "")
    assert said["Аванс"] == Said(money(12_345_67), "")
    assert (
        f"Кошелёк и аванс прочитаны 22.11.2026 в 09:00, заново прочитать не удалось: {AWAY}"
        in report.text
    )
    assert "Изменения: к 21.11.2026\n" in report.text


async def test_why_only_the_wallet_is_missing_is_said_to_its_owner_alone(rig: BotRig) -> None:
    rig.avito.fault("status", "balance", status=500)
    chat, profile_id = await rig.connect(rig.alice)
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me)
    await add_destination(rig, profile_id, group.id)
    own = rig.alice.at(group)
    own.send("/help@avito_test_bot")
    greeting = await own.wait_for("личном чате")

    in_private = await ask_report(chat, profile_id)
    own.press(f"report_now:{profile_id}", greeting)
    in_group = await own.wait_for("Отчёт Avito")

    assert f"Кошелёк и аванс прочитать не удалось: {AWAY}" in in_private.text
    assert "Кошелёк и аванс прочитать не удалось.\n" in in_group.text
