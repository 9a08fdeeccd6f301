"""A failure of ours: a sentence with a code for the person, the traces for the operator."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from core.services import settings
from tests.support.bot import BotRig
from tests.support.dialogues import open_card, reach_secret
from tests.support.rows import add_destination, connected, execute

pytestmark = pytest.mark.one_database

CODE = re.compile(r"Код: ([0-9A-F]{6})")
TECHNICAL = re.compile(r"error|exception|traceback|sql|table|avito_profiles|key", re.IGNORECASE)


def code_in(text: str) -> str:
    found = CODE.search(text)
    assert found is not None
    return found.group(1)


async def break_cards(rig: BotRig) -> None:
    await execute(rig, "ALTER TABLE wallet_snapshots RENAME TO lost")


async def test_a_press_that_fails_is_answered_with_a_code_that_the_log_has_too(
    rig: BotRig, capsys: pytest.CaptureFixture[str]
) -> None:
    profile_id = await connected(rig, rig.alice)
    chat = rig.alice.private(rig.me)
    chat.send("/profiles")
    await chat.wait_for("Профили Avito")
    await break_cards(rig)

    press = chat.press(f"profile_view:{profile_id}", chat.last)

    notice = await chat.wait_for_notice(press)
    assert notice.is_alert
    assert notice.text.startswith("Не получилось. Попробуйте ещё раз.")
    code = code_in(notice.text)
    assert f"code={code}" in capsys.readouterr().out
    told = await rig.operator.private(rig.me).wait_for(code)
    assert "⚠️ Сбой в боте (" in told.text
    assert rig.keys_of("shop")[1] not in told.text
    chat.send("/profiles")
    await chat.wait_for("Профили Avito")


async def test_a_message_that_fails_is_answered_with_a_code(
    rig: BotRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("sql error: no table avito_profiles")

    monkeypatch.setattr(settings, "of_profiles", fail)
    chat = rig.alice.private(rig.me)

    chat.send("/settings")

    said = await chat.wait_for("Не получилось: сбой на нашей стороне")
    code = code_in(said.text)
    assert TECHNICAL.search(said.text) is None
    await rig.operator.private(rig.me).wait_for(code)


async def test_the_operator_is_told_once_and_then_how_often(rig: BotRig) -> None:
    profile_id = await connected(rig, rig.alice)
    chat, operator = rig.alice.private(rig.me), rig.operator.private(rig.me)
    chat.send("/profiles")
    listing = await chat.wait_for("Профили Avito")
    await break_cards(rig)

    for _ in range(5):
        await chat.wait_for_notice(chat.press(f"profile_view:{profile_id}", listing))
    await rig.settled()
    assert operator.transcript().count("подробности в журнале") == 1

    rig.clock.advance(timedelta(minutes=11))
    await operator.wait_for("Таких же за последнее время не показано: 3.")


async def test_a_secret_that_cannot_be_decrypted_is_an_incident_without_the_secret(
    rig: BotRig, capsys: pytest.CaptureFixture[str]
) -> None:
    profile_id = await connected(rig, rig.alice)
    chat = rig.alice.private(rig.me)
    chat.send("/profiles")
    listing = await chat.wait_for("Профили Avito")
    await execute(rig, "UPDATE avito_profiles SET client_secret = 'enc:v1:gone:bm9uc2Vuc2U='")

    chat.press(f"report_now:{profile_id}", listing)

    code = code_in((await chat.wait_for("Не получилось")).text)
    await rig.operator.private(rig.me).wait_for(code)
    logs = capsys.readouterr().out
    assert code in logs
    assert "bm9uc2Vuc2U" not in logs


async def test_a_job_that_fails_ends_in_a_sentence_with_a_code(rig: BotRig) -> None:
    profile_id = await connected(rig, rig.alice)
    chat = rig.alice.private(rig.me)
    await open_card(chat, profile_id)
    await execute(rig, "ALTER TABLE daily_stats RENAME TO lost")

    chat.click(f"report_now:{profile_id}")

    failed = await chat.wait_for("Не получилось: сбой на нашей стороне")
    assert TECHNICAL.search(failed.text) is None
    await rig.operator.private(rig.me).wait_for(code_in(failed.text))


async def test_a_failure_behind_a_report_from_the_store_is_an_incident_too(
    rig: BotRig, capsys: pytest.CaptureFixture[str]
) -> None:
    chat, profile_id = await rig.connect(rig.alice)
    rig.clock.advance(timedelta(hours=4))
    rig.avito.fault("status", "stats_v2", status=503)

    chat.click(f"report_now:{profile_id}")

    await chat.wait_for("Свежие числа прочитать не удалось")
    told = await rig.operator.private(rig.me).wait_for("⚠️ Avito не отвечает (stats_v2_items)")
    assert f"code={code_in(told.text)}" in capsys.readouterr().out


async def test_the_operator_learns_of_a_first_read_that_failed(rig: BotRig) -> None:
    rig.avito.fault("malformed_json", "stats_v2")

    await rig.connect(rig.alice)

    await rig.operator.private(rig.me).wait_for("⚠️ Avito ответил не так, как обещает")


async def test_a_failing_handler_leaves_the_dialogue_where_it_was(rig: BotRig) -> None:
    client_id, secret = rig.keys_of("shop")
    chat = rig.alice.private(rig.me)
    await reach_secret(chat, client_id)
    await execute(rig, "ALTER TABLE jobs RENAME TO lost")
    message = chat.send(secret)
    await chat.wait_for("Не получилось")
    await rig.settled()
    assert message.is_deleted

    await execute(rig, "ALTER TABLE lost RENAME TO jobs")
    chat.send(secret)
    await chat.wait_for("подключён")


async def test_a_group_reads_no_technical_word_and_the_owner_reads_what_to_do(rig: BotRig) -> None:
    profile_id = await connected(rig, rig.alice)
    rig.avito.fault("status", "stats_v2", status=500)
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me)
    await add_destination(rig, profile_id, group.id)
    rig.alice.promote_bot(group, rig.me)
    chat, private = rig.alice.at(group), rig.alice.private(rig.me)
    private.start()
    await private.wait_for("Avito Analytics Bot")
    chat.send("/help@avito_test_bot")
    hint = await chat.wait_for("в личном чате")

    private.mark()
    chat.press(f"report_now:{profile_id}", hint)

    said = await chat.wait_for("Отчёт сейчас не получился")
    assert "Avito" not in said.text
    assert said.button_data == []
    told = await private.wait_for("Avito сейчас не отвечает")
    assert code_in(told.text) == code_in(said.text)
    assert f"report_show:{profile_id}:2026-11-20:2026-11-20" in told.button_data


async def test_small_talk_in_a_group_is_never_answered_with_a_failure(rig: BotRig) -> None:
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me)
    rig.alice.promote_bot(group, rig.me)
    await execute(rig, "ALTER TABLE dialogues RENAME TO lost")

    rig.bob.at(group).send(f"артикул {rig.keys_of('shop')[0]}")

    await rig.operator.private(rig.me).wait_for("подробности в журнале")
    await rig.settled()
    assert rig.telegram.sent(group.id) == []
