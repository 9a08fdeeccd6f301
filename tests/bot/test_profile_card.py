"""The card: what is connected, what is wrong, when numbers were last read."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sandbox.telegram.presses import Press
from sandbox.telegram.seen import as_read
from tests.support.bot import BotRig
from tests.support.dialogues import open_card, reach_new_secret
from tests.support.report import ask_report, money
from tests.support.rows import connected

pytestmark = pytest.mark.one_database


async def test_the_card_tells_the_wallet_and_the_age_of_the_numbers(rig: BotRig) -> None:
    chat, profile_id = await rig.connect(rig.alice, "shop", "Мебель")

    await open_card(chat, profile_id)

    text = chat.last.text
    assert f"Кошелёк: {money(150_000_00)} и {money(320_00)} бонусами" in text
    assert f"аванс {money(12_345_67)} (сегодня в 09:00)" in text
    assert "Статистика прочитана сегодня в 09:00, история с 25.02.2026" in text
    assert "⚠️" not in text


async def test_a_profile_that_was_never_read_says_so(rig: BotRig) -> None:
    profile_id = await connected(rig, rig.alice)
    chat = rig.alice.private(rig.me)

    await open_card(chat, profile_id)

    assert "Кошелёк: нет данных" in chat.last.text
    assert "Статистика ещё не прочитана" in chat.last.text


async def test_a_wallet_of_zero_is_shown_as_zero(rig: BotRig) -> None:
    rig.avito.account("shop").real = 0.0
    chat, profile_id = await rig.connect(rig.alice)

    await open_card(chat, profile_id)

    assert f"Кошелёк: {money(0)}" in chat.last.text


async def test_a_failed_read_is_on_the_card_until_a_good_one(rig: BotRig) -> None:
    rig.avito.fault("status", "stats_v2", status=500, times=1)
    chat, profile_id = await rig.connect(rig.alice)

    await open_card(chat, profile_id)
    assert "Последнее чтение не удалось: Avito сейчас не отвечает" in chat.last.text

    rig.clock.advance(timedelta(seconds=65))
    await ask_report(chat, profile_id)
    await open_card(chat, profile_id)
    assert "⚠️" not in chat.last.text


async def test_refused_keys_are_on_the_card_and_in_the_list_until_they_are_replaced(
    rig: BotRig,
) -> None:
    chat, profile_id = await rig.connect(rig.alice, "shop", "Мебель")
    account = rig.avito.account("shop")
    secret = rig.avito.rotate_secret(account)
    rig.clock.advance(timedelta(hours=4))

    chat.click(f"report_now:{profile_id}")
    failed = await chat.wait_for("Avito больше не принимает ключи профиля")
    assert f"profile_keys:{profile_id}" in failed.button_data
    await rig.quiet()
    chat.send("/profiles")
    assert ["⚠️ Мебель"] in (await chat.wait_for("Профили Avito")).button_texts
    await open_card(chat, profile_id)
    assert "⚠️ Avito больше не принимает ключи профиля. Замените их." in chat.last.text

    await reach_new_secret(chat, profile_id, account.client_id)
    chat.send(secret)
    await chat.wait_for("Ключи профиля «Мебель» заменены")
    chat.send("/profiles")
    assert ["🏪 Мебель"] in (await chat.wait_for("Профили Avito")).button_texts
    rig.clock.advance(timedelta(seconds=65))
    await ask_report(chat, profile_id)


async def test_keys_refused_while_the_wallet_is_still_fresh_are_noticed_too(rig: BotRig) -> None:
    chat, profile_id = await rig.connect(rig.alice, "shop", "Мебель")
    rig.clock.advance(timedelta(hours=2, minutes=59, seconds=40))
    await ask_report(chat, profile_id)
    await rig.quiet()
    rig.avito.revoke_keys(rig.avito.account("shop"))
    rig.clock.advance(timedelta(seconds=40))

    chat.click(f"report_now:{profile_id}")

    await chat.wait_for("Avito больше не принимает ключи профиля")
    await rig.quiet()
    chat.send("/profiles")
    assert ["⚠️ Мебель"] in (await chat.wait_for("Профили Avito")).button_texts


async def test_the_card_under_a_report_leaves_the_report_where_it_is(rig: BotRig) -> None:
    chat, profile_id = await rig.connect(rig.alice)
    report = await ask_report(chat, profile_id)
    text = report.text

    chat.click("🏪 Профиль", report)

    card = await chat.wait_for("Аккаунт Avito")
    assert card.id != report.id
    assert report.text == text
    press = chat.click("🔄 Обновить", report)
    assert isinstance(press, Press)
    notice = await chat.wait_for_notice(press)
    assert as_read(notice.text).startswith("Обновлено в 09:00 по Москве")
