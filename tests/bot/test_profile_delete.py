"""Deleting: asks first, really deletes, and says so only when it is done."""

from __future__ import annotations

from sandbox.telegram.people import ChatView
from tests.support.bot import BotRig
from tests.support.dialogues import open_card
from tests.support.report import ask_report
from tests.support.rows import connected, days_stored, dump, execute, scalar

NEVER_MIND = ("users", "inbox", "replies", "avito_gates", "dialogues")


async def confirm(chat: ChatView, profile_id: int) -> None:
    await open_card(chat, profile_id)
    chat.click("🗑 Удалить")
    await chat.wait_for("Удалить профиль")
    chat.click("🗑 Да, удалить")


async def test_it_asks_first_and_can_be_left_alone(rig: BotRig) -> None:
    profile_id = await connected(rig, rig.alice, name="Мебель")
    chat = rig.alice.private(rig.me)
    await open_card(chat, profile_id)

    chat.click("🗑 Удалить")

    question = await chat.wait_for("Удалить профиль «Мебель»?")
    assert "Вернуть их нельзя" in question.text
    chat.click("Оставить")
    await chat.wait_for("Аккаунт Avito")
    assert await scalar(rig, "SELECT count(*) FROM avito_profiles") == 1


async def test_nothing_of_a_deleted_profile_is_left(rig: BotRig) -> None:
    chat, profile_id = await rig.connect(rig.alice, "shop", "Мебель")
    await ask_report(chat, profile_id)
    insert = "INSERT INTO report_tasks (profile_id, chat_id) VALUES (:id, :chat)"
    for chat_id in (-100500, -100501):
        await execute(rig, insert, id=profile_id, chat=chat_id)
    await open_card(chat, profile_id)
    chat.click("🗑 Удалить")
    assert "Отчёты уходят в 2 чата" in (await chat.wait_for("Удалить профиль")).text

    chat.click("🗑 Да, удалить")

    done = await chat.wait_for("✅ Профиль «Мебель» удалён")
    assert "profile_add" in done.button_data
    rows = await dump(rig, without=NEVER_MIND)
    assert {table: kept for table, kept in rows.items() if kept} == {}


async def test_numbers_that_another_owner_reads_are_kept(rig: BotRig) -> None:
    chat, profile_id = await rig.connect(rig.alice)
    others = await connected(rig, rig.bob)

    await confirm(chat, profile_id)

    await chat.wait_for("удалён")
    assert await scalar(rig, "SELECT id FROM avito_profiles") == others
    assert await days_stored(rig, "shop") == 270


async def test_deleting_stops_the_report_that_is_under_way(rig: BotRig) -> None:
    profile_id = await connected(rig, rig.alice)
    rig.avito.fault("hold", "stats_v2")
    chat = rig.alice.private(rig.me)
    await open_card(chat, profile_id)
    chat.click(f"report_now:{profile_id}")
    await chat.wait_for("Собираю отчёт")

    await confirm(chat, profile_id)

    await chat.wait_for("удалён")
    rig.avito.clear_faults()
    await rig.quiet()
    assert "Отчёт Avito" not in chat.transcript()
    rows = await dump(rig, without=NEVER_MIND)
    assert {table: kept for table, kept in rows.items() if kept} == {}


async def test_a_commit_that_fails_is_never_called_deleted(rig: BotRig) -> None:
    profile_id = await connected(rig, rig.alice)
    # Checked only at the commit, on both kinds of database.
    await execute(
        rig,
        "CREATE TABLE keepers (profile_id INTEGER"
        " REFERENCES avito_profiles (id) DEFERRABLE INITIALLY DEFERRED)",
    )
    await execute(rig, "INSERT INTO keepers VALUES (:id)", id=profile_id)
    chat = rig.alice.private(rig.me)
    await open_card(chat, profile_id)
    chat.click("🗑 Удалить")
    await chat.wait_for("Удалить профиль")

    press = chat.click("🗑 Да, удалить")

    notice = await chat.wait_for_notice(press)  # type: ignore[arg-type]
    assert "Не получилось" in notice.text
    await rig.quiet()
    assert "удалён" not in chat.transcript()
    assert await scalar(rig, "SELECT count(*) FROM avito_profiles") == 1
