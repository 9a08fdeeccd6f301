"""Thrown out, silenced, blocked, and back: destinations follow, and their owners are told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.aftermath import Aftermath
from bot.errors import IncidentDesk
from core.services.destinations import QUIET
from sandbox.telegram.model import Chat
from sandbox.telegram.people import ChatView
from tests.support.bot import BotRig
from tests.support.places import bound, greet, open_places
from tests.support.rows import add_profile, execute, scalar
from tests.support.schedules import make_due
from tests.support.waiting import eventually

pytestmark = pytest.mark.one_database


async def state_of(rig: BotRig, task_id: int) -> tuple[str | None, bool]:
    """Why the destination is suspended, and whether a report is due there."""
    why = await scalar(rig, "SELECT suspended FROM report_tasks WHERE id = :id", id=task_id)
    due = await scalar(rig, "SELECT next_due_at FROM report_tasks WHERE id = :id", id=task_id)
    return why, due is not None


async def in_group(rig: BotRig, kind: str = "supergroup") -> tuple[Chat, ChatView, int]:
    """A chat with one destination of Alice's: the chat, her private chat, the destination."""
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    make: Any = getattr(rig.telegram, kind)
    place = make("Клиенты", rig.alice, rig.me)
    task_id = await bound(rig, profile_id, place)
    chat = await greet(rig, rig.alice)
    await rig.settled()
    return place, chat, task_id


@pytest.mark.parametrize("kind", ["group", "supergroup", "channel"])
async def test_thrown_out_and_back(rig: BotRig, kind: str) -> None:
    place, chat, task_id = await in_group(rig, kind)
    rig.alice.kick_bot(place, rig.me)

    told = await chat.wait_for("Отчёты больше не приходят")
    assert "«Клиенты»" in told.text
    assert "Профиль: «Мебель»" in told.text
    assert "верните меня" in told.text
    assert await state_of(rig, task_id) == ("kicked", False)

    rig.alice.add_bot(place, rig.me)

    back = await chat.wait_for("Снова могу писать")
    assert "Следующий — завтра" in back.text
    assert await state_of(rig, task_id) == (None, True)


async def test_the_reports_that_were_missed_meanwhile_are_named_on_return(rig: BotRig) -> None:
    chat, profile_id = await rig.connect(rig.alice)
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.me)
    await bound(rig, profile_id, group)
    rig.alice.kick_bot(group, rig.me)
    await chat.wait_for("Отчёты больше не приходят")
    rig.clock.advance(timedelta(days=3, hours=1))

    rig.alice.add_bot(group, rig.me)

    back = await chat.wait_for("Снова могу писать")
    assert "Пока не мог, не пришли отчёты от 22, 23 и 24 ноября." in back.text
    chat.click("📈 Магазин за 21.11.2026 – 23.11.2026", back)
    assert "21.11.2026 – 23.11.2026" in (await chat.wait_for("Отчёт Avito")).text


async def test_a_check_that_mends_a_place_names_them_too(rig: BotRig) -> None:
    group, chat, task_id = await in_group(rig)
    rig.alice.kick_bot(group, rig.me)
    told = await chat.wait_for("Отчёты больше не приходят")
    await rig.stop()
    rig.alice.add_bot(group, rig.me)
    rig.me.updates.drop_pending()
    rig.clock.advance(timedelta(days=10))
    await rig.start()

    chat.click("🔄 Проверить снова", told)

    back = await chat.wait_for("Снова могу писать")
    assert "Пока не мог, пропущено 10 отчётов: с 22 ноября по 1 декабря." in back.text
    assert await state_of(rig, task_id) == (None, True)


async def test_a_report_that_has_come_due_is_not_skipped_by_a_kick(rig: BotRig) -> None:
    group, chat, task_id = await in_group(rig)
    await make_due(rig, task_id)

    rig.alice.kick_bot(group, rig.me)

    await chat.wait_for("Отчёты больше не приходят")
    assert await state_of(rig, task_id) == ("kicked", False)
    assert await scalar(rig, "SELECT slot FROM outbox") == "2026-11-21T09:00"


async def test_nor_by_a_check_that_finds_the_bot_thrown_out(rig: BotRig) -> None:
    group, chat, task_id = await in_group(rig)
    await rig.stop()
    rig.alice.kick_bot(group, rig.me)
    rig.me.updates.drop_pending()
    await rig.start()
    await rig.settled()
    await make_due(rig, task_id)

    chat.press(f"destination_check:{task_id}", chat.last)

    await chat.wait_for("Пока не получается")
    assert await scalar(rig, "SELECT slot FROM outbox") == "2026-11-21T09:00"


@pytest.mark.parametrize("kind", ["supergroup", "channel"])
async def test_the_right_to_write_lost_and_given_back(rig: BotRig, kind: str) -> None:
    place, chat, task_id = await in_group(rig, kind)
    rig.alice.mute_bot(place, rig.me)
    assert "дайте это право" in (await chat.wait_for("Отчёты больше не приходят")).text
    assert await state_of(rig, task_id) == ("no_rights", False)

    rig.alice.promote_bot(place, rig.me)

    await chat.wait_for("Снова могу писать")
    assert await state_of(rig, task_id) == (None, True)


async def test_a_mute_and_a_kick_are_one_piece_of_bad_news(rig: BotRig) -> None:
    group, chat, task_id = await in_group(rig)
    rig.alice.mute_bot(group, rig.me)
    await chat.wait_for("Отчёты больше не приходят")

    rig.alice.kick_bot(group, rig.me)

    await rig.settled()
    assert chat.transcript().count("Отчёты больше не приходят") == 1
    assert await state_of(rig, task_id) == ("kicked", False)


async def test_the_button_under_the_bad_news_mends_it(rig: BotRig) -> None:
    group, chat, task_id = await in_group(rig)
    rig.alice.kick_bot(group, rig.me)
    told = await chat.wait_for("Отчёты больше не приходят")
    chat.click("🔄 Проверить снова", told)
    await chat.wait_for("Пока не получается")
    assert await state_of(rig, task_id) == ("kicked", False)
    # The bot comes back while it is down, and Telegram's own word of that is lost.
    await rig.stop()
    rig.alice.add_bot(group, rig.me)
    rig.me.updates.drop_pending()
    await rig.start()

    chat.click("🔄 Проверить снова")

    await chat.wait_for("Следующий — завтра")
    assert await state_of(rig, task_id) == (None, True)


async def test_a_check_tells_the_other_owners_too(rig: BotRig) -> None:
    group, chat, _ = await in_group(rig)
    rig.bob.join(group)
    other = await bound(rig, await add_profile(rig, rig.bob, "Двери"), group)
    bobs = await greet(rig, rig.bob)
    await execute(
        rig,
        "UPDATE report_tasks SET suspended = 'no_rights', told = 'no_rights', next_due_at = NULL",
    )
    [mine] = [d for d in await destinations_of(chat, rig) if d.startswith("destination_view")]
    chat.click(mine)
    await chat.wait_for("Сейчас не приходят")

    chat.click("🔄 Проверить снова")

    await bobs.wait_for("Снова могу писать")
    assert await state_of(rig, other) == (None, True)


async def test_a_check_finds_out_what_telegram_never_told(rig: BotRig) -> None:
    group, chat, task_id = await in_group(rig)
    rig.bob.join(group)
    await bound(rig, await add_profile(rig, rig.bob, "Двери"), group)
    bobs = await greet(rig, rig.bob)
    await rig.stop()
    rig.alice.kick_bot(group, rig.me)
    rig.me.updates.drop_pending()
    await rig.start()

    chat.press(f"destination_check:{task_id}", chat.last)

    assert "Меня там нет" in (await chat.wait_for("Пока не получается")).text
    assert "Профиль: «Двери»" in (await bobs.wait_for("Отчёты больше не приходят")).text
    assert await state_of(rig, task_id) == ("kicked", False)


async def test_every_owner_is_told_once_about_all_of_his(rig: BotRig) -> None:
    group, chat, _ = await in_group(rig)
    await bound(rig, await add_profile(rig, rig.alice, "Окна"), group)
    rig.bob.join(group)
    await bound(rig, await add_profile(rig, rig.bob, "Двери"), group)
    bobs = await greet(rig, rig.bob)

    rig.charlie.join(group, as_admin=True)
    rig.charlie.kick_bot(group, rig.me)

    told = await chat.wait_for("Отчёты больше не приходят")
    assert "Профили: «Мебель», «Окна»" in told.text
    assert "Профиль: «Двери»" in (await bobs.wait_for("Отчёты больше не приходят")).text
    await rig.settled()
    assert chat.transcript().count("больше не приходят") == 1
    assert rig.telegram.sent(rig.charlie.id) == []


async def test_all_topics_of_a_group_are_suspended_together(rig: BotRig) -> None:
    forum = rig.telegram.supergroup("Клиенты", rig.alice, rig.me, is_forum=True)
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    tasks = [
        await bound(
            rig, profile_id, forum, thread_id=rig.telegram.topic(forum, name, rig.alice).id
        )
        for name in ("Отчёты", "Деньги")
    ]
    chat = await greet(rig, rig.alice)

    rig.alice.kick_bot(forum, rig.me)

    told = await chat.wait_for("Отчёты больше не приходят")
    assert told.text.count("«Мебель»") == 1
    for task_id in tasks:
        assert await state_of(rig, task_id) == ("kicked", False)


async def test_blocked_and_back(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    chat = await greet(rig, rig.alice)
    await open_places(chat, profile_id)
    chat.click(f"report_chat_here:{profile_id}")
    await chat.wait_for("будут приходить в этот чат")
    task_id = await scalar(rig, "SELECT id FROM report_tasks")

    rig.alice.block(rig.me)
    await rig.settled()
    assert await state_of(rig, task_id) == ("blocked", False)
    refused = [c for c in rig.telegram.history.calls if "blocked" in (c.description or "")]
    assert refused == []

    chat.start()
    await chat.wait_for("Снова могу писать: личный чат с ботом")
    assert await state_of(rig, task_id) == (None, True)


async def test_a_pause_of_the_owner_survives_the_bots_return(rig: BotRig) -> None:
    group, chat, task_id = await in_group(rig)
    await execute(rig, "UPDATE report_tasks SET is_active = false, next_due_at = NULL")
    rig.alice.kick_bot(group, rig.me)
    await chat.wait_for("Отчёты больше не приходят")

    rig.alice.add_bot(group, rig.me)

    assert "Это место на паузе" in (await chat.wait_for("Снова могу писать")).text
    assert await state_of(rig, task_id) == (None, False)


async def test_many_comings_and_goings_are_told_once_and_as_they_ended(rig: BotRig) -> None:
    group, chat, task_id = await in_group(rig)
    for _ in range(15):
        rig.alice.kick_bot(group, rig.me)
        rig.alice.add_bot(group, rig.me)
    await rig.settled()
    assert told(chat) == ["больше не приходят", "Снова могу писать"]

    rig.alice.kick_bot(group, rig.me)
    await rig.settled()
    rig.clock.advance(QUIET - timedelta(minutes=1))
    await tell_untold(rig)
    assert len(told(chat)) == 2
    rig.clock.advance(timedelta(minutes=1))

    await tell_untold(rig)

    assert told(chat)[2:] == ["больше не приходят"]
    assert await state_of(rig, task_id) == ("kicked", False)
    rig.alice.add_bot(group, rig.me)
    await rig.settled()
    assert told(chat)[3:] == ["Снова могу писать"]


async def test_comings_and_goings_that_end_well_need_no_other_word(rig: BotRig) -> None:
    group, chat, task_id = await in_group(rig)
    for _ in range(3):
        rig.alice.kick_bot(group, rig.me)
        rig.alice.add_bot(group, rig.me)
    await rig.settled()

    rig.clock.advance(QUIET)
    await tell_untold(rig)

    assert told(chat) == ["больше не приходят", "Снова могу писать"]
    assert await state_of(rig, task_id) == (None, True)


async def test_what_was_kept_back_is_told_after_a_restart_too(rig: BotRig) -> None:
    group, chat, _ = await in_group(rig)
    rig.alice.kick_bot(group, rig.me)
    rig.alice.add_bot(group, rig.me)
    rig.alice.kick_bot(group, rig.me)
    await rig.settled()
    assert len(told(chat)) == 2

    await rig.stop()
    rig.clock.advance(QUIET)
    await rig.start()

    await eventually(lambda: told(chat)[2:] == ["больше не приходят"])


async def test_a_channel_that_takes_the_bot_back_is_not_offered_anew(rig: BotRig) -> None:
    channel, chat, _ = await in_group(rig, "channel")
    await rig.settled()
    offers = chat.transcript().count("Меня добавили")
    rig.alice.kick_bot(channel, rig.me)
    await chat.wait_for("Отчёты больше не приходят")

    rig.alice.add_bot(channel, rig.me)

    await chat.wait_for("Снова могу писать")
    await rig.settled()
    assert chat.transcript().count("Меня добавили") == offers


async def test_chats_that_no_report_goes_to_are_nobodys_news(rig: BotRig) -> None:
    chat = await greet(rig, rig.alice)
    await add_profile(rig, rig.alice, "Мебель")
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.me)
    rig.alice.mute_bot(group, rig.me)
    rig.alice.kick_bot(group, rig.me)
    rig.alice.add_bot(group, rig.me)

    await rig.settled()

    assert "Клиенты" not in chat.transcript()


async def test_telegram_is_asked_for_what_this_needs(rig: BotRig) -> None:
    asked = [c for c in rig.telegram.history.calls if c.method == "getUpdates"]
    wanted = set(asked[-1].params["allowed_updates"])
    assert {"message", "callback_query", "my_chat_member", "channel_post"} <= wanted


async def tell_untold(rig: BotRig) -> None:
    """As every minute."""
    app = rig.running
    await Aftermath(
        app.sessions, rig.clock, app.intake.hand_over, IncidentDesk(None, rig.clock)
    ).catch_up()
    await rig.quiet()


def told(chat: ChatView) -> list[str]:
    """What was said of the place, in order."""
    signs = ("больше не приходят", "Снова могу писать")
    return [sign for seen in chat.messages for sign in signs if sign in seen.text]


async def destinations_of(chat: ChatView, rig: BotRig) -> list[str]:
    profile_id = await scalar(
        rig, "SELECT id FROM avito_profiles WHERE owner_id = :id", id=chat.person.id
    )
    return (await open_places(chat, profile_id)).button_data
