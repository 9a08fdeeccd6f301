"""Whoever set a place and has no say there any more sends nothing there, by button or schedule."""

from __future__ import annotations

import pytest

from bot.aftermath import Aftermath
from bot.errors import IncidentDesk
from bot.roll_call import RollCall
from core.outbox import State
from sandbox.telegram.model import Chat
from sandbox.telegram.people import ChatView
from tests.support.bot import BotRig
from tests.support.deliveries import Office
from tests.support.places import bound, greet, owe_report
from tests.support.rows import add_profile, execute, scalar

pytestmark = pytest.mark.one_database


async def bobs_place(rig: BotRig, kind: str = "supergroup") -> tuple[Chat, ChatView, int]:
    """A chat of Bob's that Alice's reports go to: the chat, her private chat, the destination."""
    make = rig.telegram.channel if kind == "channel" else rig.telegram.supergroup
    place = make("Клиенты", rig.bob, rig.me)
    rig.alice.join(place, as_admin=kind == "channel")
    task_id = await bound(rig, await add_profile(rig, rig.alice, "Мебель"), place)
    chat = await greet(rig, rig.alice)
    await rig.settled()
    return place, chat, task_id


def lose_say(rig: BotRig, place: Chat) -> None:
    """Without a word of Telegram about it."""
    if place.type == "channel":
        rig.alice.join(place)
    else:
        rig.alice.leave(place, is_told=False)


async def suspended(rig: BotRig, task_id: int) -> tuple[str | None, bool]:
    """Why the destination is suspended, and whether a report is due there."""
    why = await scalar(rig, "SELECT suspended FROM report_tasks WHERE id = :id", id=task_id)
    due = await scalar(rig, "SELECT next_due_at FROM report_tasks WHERE id = :id", id=task_id)
    return why, due is not None


async def call_roll(rig: BotRig) -> None:
    app = rig.running
    incidents = IncidentDesk(None, rig.clock)
    aftermath = Aftermath(app.sessions, rig.clock, app.intake.hand_over, incidents)
    await RollCall(app.bot, app.sessions, aftermath).run()
    await rig.quiet()


async def test_who_leaves_a_group_hears_that_his_reports_stop_there(rig: BotRig) -> None:
    group, chat, task_id = await bobs_place(rig)
    other = await bound(rig, await add_profile(rig, rig.bob, "Двери"), group)
    bobs = await greet(rig, rig.bob)

    rig.alice.leave(group)

    told = await chat.wait_for("Отчёты больше не приходят: группа «Клиенты»")
    assert "вас там больше нет" in told.text
    assert "Профиль: «Мебель»" in told.text
    assert await suspended(rig, task_id) == ("not_member", False)
    await rig.settled()
    assert await suspended(rig, other) == (None, True)
    assert "не приходят" not in bobs.transcript()
    assert rig.telegram.sent(group.id) == []


@pytest.mark.parametrize(
    ("kind", "why", "said"),
    [
        ("supergroup", "not_member", "вас там больше нет"),
        ("channel", "not_admin", "вы там больше не администратор"),
    ],
)
async def test_what_telegram_does_not_tell_is_found_out_at_night(
    rig: BotRig, kind: str, why: str, said: str
) -> None:
    place, chat, task_id = await bobs_place(rig, kind)
    lose_say(rig, place)

    await call_roll(rig)

    assert said in (await chat.wait_for("Отчёты больше не приходят")).text
    assert await suspended(rig, task_id) == (why, False)
    await call_roll(rig)
    assert chat.transcript().count("Отчёты больше не приходят") == 1


async def test_a_pause_is_no_hiding_place_at_night(rig: BotRig) -> None:
    group, _, task_id = await bobs_place(rig)
    await execute(rig, "UPDATE avito_profiles SET is_report_active = false")
    await execute(rig, "UPDATE report_tasks SET next_due_at = NULL")
    lose_say(rig, group)

    await call_roll(rig)

    assert await suspended(rig, task_id) == ("not_member", False)


@pytest.mark.parametrize("doubt", ["hidden", "away", "bot_kicked"])
async def test_at_night_only_what_is_certain_counts(rig: BotRig, doubt: str) -> None:
    group, chat, task_id = await bobs_place(rig)
    lose_say(rig, group)
    match doubt:
        case "hidden":
            rig.bob.hide_members(group)
        case "away":
            rig.telegram.fault("http_502", "getChatMember")
        case "bot_kicked":
            rig.bob.kick_bot(group, rig.me)
            rig.me.updates.drop_pending()

    await call_roll(rig)

    assert await suspended(rig, task_id) == (None, True)
    assert "не приходят" not in chat.transcript()


async def test_at_night_nobody_is_bothered_who_still_has_a_say(rig: BotRig) -> None:
    group, chat, task_id = await bobs_place(rig)
    asked = len(rig.telegram.history.of("getChatMember"))

    await call_roll(rig)

    assert len(rig.telegram.history.of("getChatMember")) == asked + 1
    assert await suspended(rig, task_id) == (None, True)
    assert rig.telegram.sent(group.id) == []
    assert "не приходят" not in chat.transcript()


@pytest.mark.parametrize("kind", ["supergroup", "channel"])
async def test_a_trial_is_not_sent_where_one_has_no_say(rig: BotRig, kind: str) -> None:
    place, chat, task_id = await bobs_place(rig, kind)
    chat.press(f"trial_to:{task_id}", chat.last)
    await chat.wait_for("Прислать пробный отчёт в")
    lose_say(rig, place)

    chat.click("📨 Да, прислать")

    refused = await chat.wait_for("Пока не получается")
    assert "решать об отчётах" in refused.text.lower()
    assert await scalar(rig, "SELECT count(*) FROM outbox") == 0
    assert (await suspended(rig, task_id))[1] is False
    assert f"destination_remove:{task_id}" in refused.button_data


async def test_who_is_back_goes_on_by_his_own_word(rig: BotRig) -> None:
    group, chat, task_id = await bobs_place(rig)
    rig.alice.leave(group)
    await chat.wait_for("Отчёты больше не приходят")
    chat.click("🔄 Проверить снова")
    assert "Вас в этом чате нет" in (await chat.wait_for("Пока не получается")).text

    rig.alice.join(group)
    # That the bot goes and comes is not her word.
    rig.bob.kick_bot(group, rig.me)
    rig.bob.add_bot(group, rig.me)
    await rig.settled()
    assert await suspended(rig, task_id) == ("not_member", False)
    chat.click("🔄 Проверить снова")

    await chat.wait_for("Следующий — завтра")
    assert await suspended(rig, task_id) == (None, True)


async def test_a_pause_is_not_ended_where_one_has_no_say(rig: BotRig) -> None:
    group, chat, task_id = await bobs_place(rig)
    chat.press(f"destination_pause:{task_id}", chat.last)
    await chat.wait_for("Это место на паузе")
    rig.alice.leave(group, is_told=False)

    chat.click("▶️ Возобновить")

    assert "Вас в этом чате нет" in (await chat.wait_for("Пока не получается")).text
    assert await scalar(rig, "SELECT is_active FROM report_tasks") in (False, 0)


async def test_a_held_report_is_not_sent_again_where_one_has_no_say(rig: BotRig) -> None:
    group, chat, task_id = await bobs_place(rig)
    office = Office(rig.running.sessions, rig.clock)
    delivery_id = await office.add_delivery(
        task_id, state=State.HELD, reason="lost_answer", finished_at=rig.clock.now()
    )
    rig.alice.leave(group, is_told=False)

    chat.press(f"delivery_resend:{delivery_id}", chat.last)

    assert "Вас в этом чате нет" in (await chat.wait_for("Пока не получается")).text
    assert await office.state(delivery_id) == State.HELD


async def test_where_telegram_does_not_answer_nothing_is_sent_and_nothing_ends(
    rig: BotRig,
) -> None:
    _, chat, task_id = await bobs_place(rig)
    rig.telegram.fault("http_502", "getChatMember", times=1)

    chat.press(f"trial_send:{task_id}", chat.last)

    assert "Telegram сейчас не отвечает" in (await chat.wait_for("Пока не получается")).text
    assert await scalar(rig, "SELECT count(*) FROM outbox") == 0
    assert await suspended(rig, task_id) == (None, True)


async def test_a_group_that_moves_does_not_bring_back_who_left(rig: BotRig) -> None:
    group = rig.telegram.group("Клиенты", rig.bob, rig.alice, rig.me)
    task_id = await bound(rig, await add_profile(rig, rig.alice, "Мебель"), group)
    await execute(rig, "UPDATE report_tasks SET suspended = 'not_member', next_due_at = NULL")

    rig.bob.migrate(group)

    await rig.settled()
    assert await suspended(rig, task_id) == ("not_member", False)


async def test_a_report_that_waits_does_not_go_where_its_owner_left(rig: BotRig) -> None:
    group, chat, task_id = await bobs_place(rig)
    await owe_report(rig, task_id, "2026-11-21T08:00")

    rig.alice.leave(group)

    await chat.wait_for("Отчёты больше не приходят")
    await rig.settled()
    assert await scalar(rig, "SELECT state FROM outbox") == "withdrawn"
    assert rig.telegram.sent(group.id) == []
