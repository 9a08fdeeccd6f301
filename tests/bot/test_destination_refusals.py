"""Where the bot may not post, or the person may not decide: what to do about it is said."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.services.destinations import PLACES_LIMIT
from sandbox.telegram.people import ChatView
from tests.support.bot import BotRig
from tests.support.places import greet, places_of
from tests.support.rows import add_destination, add_profile, scalar

pytestmark = pytest.mark.one_database


async def choose(chat: ChatView, chat_id: int, thread_id: int = 0) -> None:
    """Ask for a place by its numbers, as an anonymous administrator's link does."""
    chat.start(f"place_{chat_id}_{thread_id}")
    await chat.wait_for("Отчёты какого профиля")
    chat.click("🏪 Мебель")


async def test_a_bot_that_is_not_there_asks_to_be_added_and_checks_again(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    group = rig.telegram.supergroup("Клиенты", rig.alice)
    chat = await greet(rig, rig.alice)
    await choose(chat, group.id)
    assert "добавьте меня туда" in (await chat.wait_for("туда пока не придут")).text
    assert await places_of(rig, profile_id) == []

    rig.alice.add_bot(group, rig.me)
    chat.click("🔄 Проверить снова")

    await chat.wait_for("Отчёты «Мебель» будут приходить в группу «Клиенты»")


async def test_a_bot_that_was_thrown_out_asks_to_be_brought_back(rig: BotRig) -> None:
    await add_profile(rig, rig.alice, "Мебель")
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.me)
    rig.alice.kick_bot(group, rig.me)
    chat = await greet(rig, rig.alice)

    await choose(chat, group.id)

    assert "Меня там нет" in (await chat.wait_for("туда пока не придут")).text


@pytest.mark.parametrize("how", ["muted", "closed", "channel"])
async def test_a_bot_without_the_right_to_write_asks_for_it(rig: BotRig, how: str) -> None:
    await add_profile(rig, rig.alice, "Мебель")
    if how == "channel":
        place = rig.telegram.channel("Цифры", rig.alice, rig.me)
    else:
        place = rig.telegram.supergroup("Клиенты", rig.alice, rig.me)
    if how == "closed":
        rig.alice.close_group(place)
    else:
        rig.alice.mute_bot(place, rig.me)
    chat = await greet(rig, rig.alice)
    await choose(chat, place.id)
    assert "Мне нельзя туда писать" in (await chat.wait_for("туда пока не придут")).text

    rig.alice.promote_bot(place, rig.me)
    chat.click("🔄 Проверить снова")

    await chat.wait_for("Отчёты «Мебель» будут приходить")


async def test_where_the_bot_may_not_answer_a_bind_is_answered_in_private(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.me)
    rig.alice.mute_bot(group, rig.me)
    chat = await greet(rig, rig.alice)

    rig.alice.at(group).send("/bind")

    await chat.wait_for("Мне нельзя туда писать")
    assert await places_of(rig, profile_id) == []


async def test_a_bot_that_is_no_administrator_of_the_channel_asks_for_it(rig: BotRig) -> None:
    await add_profile(rig, rig.alice, "Мебель")
    channel = rig.telegram.channel("Цифры", rig.alice, rig.me)
    rig.alice.demote_bot(channel, rig.me)
    chat = await greet(rig, rig.alice)

    await choose(chat, channel.id)

    assert "сделайте меня администратором" in (await chat.wait_for("пока не придут")).text


async def test_only_an_administrator_decides_about_a_channel(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    channel = rig.telegram.channel("Цифры", rig.bob, rig.alice, rig.me)
    chat = await greet(rig, rig.alice)
    await choose(chat, channel.id)
    refusal = await chat.wait_for("туда пока не придут")
    assert "может только его администратор" in refusal.text
    assert "Цифры" not in refusal.text
    assert await places_of(rig, profile_id) == []

    rig.alice.join(channel, as_admin=True)
    chat.click("🔄 Проверить снова")

    await chat.wait_for("Отчёты «Мебель» будут приходить в канал «Цифры»")


async def test_a_member_who_is_no_administrator_may_decide_about_his_group(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    group = rig.telegram.supergroup("Клиенты", rig.bob, rig.alice, rig.me)
    chat = await greet(rig, rig.alice)

    await choose(chat, group.id)

    await chat.wait_for("Отчёты «Мебель» будут приходить в группу «Клиенты»")
    assert len(await places_of(rig, profile_id)) == 1


@pytest.mark.parametrize("place", ["group", "channel", "private"])
async def test_nobody_sends_reports_where_he_is_not(rig: BotRig, place: str) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    await greet(rig, rig.bob)
    chat_id = {
        "group": rig.telegram.supergroup("Секрет Боба", rig.bob, rig.me).id,
        "channel": rig.telegram.channel("Секрет Боба", rig.bob, rig.me).id,
        "private": rig.bob.id,
    }[place]
    chat = await greet(rig, rig.alice)

    await choose(chat, chat_id)

    await chat.wait_for("туда пока не придут")
    assert "Секрет" not in chat.transcript()
    assert await places_of(rig, profile_id) == []


@pytest.mark.parametrize("kind", ["forum", "supergroup", "group", "private"])
async def test_a_topic_that_nobody_made_is_no_place(rig: BotRig, kind: str) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    chat = await greet(rig, rig.alice)
    made_up = {
        "forum": rig.telegram.supergroup("Форум", rig.alice, rig.me, is_forum=True).id,
        "supergroup": rig.telegram.supergroup("Клиенты", rig.alice, rig.me).id,
        "group": rig.telegram.group("Клиенты", rig.alice, rig.me).id,
        "private": rig.alice.id,
    }[kind]

    await choose(chat, made_up, 4711)

    assert "Такой темы в этом чате нет" in (await chat.wait_for("туда пока не придут")).text
    assert await places_of(rig, profile_id) == []
    assert made_up == rig.alice.id or rig.telegram.sent(made_up) == []


async def test_a_topic_that_was_deleted_is_no_place(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    forum = rig.telegram.supergroup("Клиенты", rig.alice, rig.me, is_forum=True)
    topic = rig.telegram.topic(forum, "Отчёты", rig.alice)
    chat = await greet(rig, rig.alice)
    rig.alice.delete_topic(forum, topic)

    await choose(chat, forum.id, topic.id)

    assert "Такой темы в этом чате нет" in (await chat.wait_for("туда пока не придут")).text
    assert await places_of(rig, profile_id) == []


async def test_where_members_are_hidden_the_bot_asks_to_be_an_administrator(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    group = rig.telegram.supergroup("Клиенты", rig.bob, rig.alice, rig.me)
    rig.bob.hide_members(group)
    chat = await greet(rig, rig.alice)
    await choose(chat, group.id)
    assert "Сделайте меня администратором" in (await chat.wait_for("пока не придут")).text
    assert await places_of(rig, profile_id) == []

    rig.bob.promote_bot(group, rig.me)
    chat.click("🔄 Проверить снова")

    await chat.wait_for("Отчёты «Мебель» будут приходить в группу «Клиенты»")


@pytest.mark.parametrize("way", ["/bind", "link"])
async def test_a_profile_has_only_so_many_places(rig: BotRig, way: str) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    for number in range(1, PLACES_LIMIT + 1):
        await add_destination(rig, profile_id, -number)
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.me)
    chat = await greet(rig, rig.alice)

    if way == "link":
        await choose(chat, group.id)
    else:
        chat.send("/bind")

    said = await chat.wait_for("У отчётов «Мебель» уже 20 мест")
    assert f"report_set_chat:{profile_id}" in said.button_data
    assert len(await places_of(rig, profile_id)) == PLACES_LIMIT


async def test_the_last_of_so_many_places_can_be_set_again(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    for number in range(1, PLACES_LIMIT):
        await add_destination(rig, profile_id, -number)
    chat = await greet(rig, rig.alice)
    chat.send("/bind")
    said = await chat.wait_for("будут приходить в этот чат")
    assert ["➕ Добавить ещё место"] not in said.button_texts

    chat.send("/bind")

    await chat.wait_for("уже приходят в этот чат")


@pytest.mark.parametrize("fault", ["http_500", "http_502", "flood", "drop_before"])
async def test_a_telegram_that_does_not_answer_can_be_asked_again(rig: BotRig, fault: str) -> None:
    await add_profile(rig, rig.alice, "Мебель")
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.me)
    chat = await greet(rig, rig.alice)
    # Asked for the name of the group, and again before it is set.
    rig.telegram.fault(fault, "getChatMember", times=2)  # type: ignore[arg-type]
    await choose(chat, group.id)
    await chat.wait_for("Telegram сейчас не отвечает")

    chat.click("🔄 Проверить снова")

    await chat.wait_for("Отчёты «Мебель» будут приходить в группу «Клиенты»")


async def test_a_place_wanted_before_there_is_a_profile_is_offered_to_the_first(
    rig: BotRig,
) -> None:
    forum = rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me, is_forum=True)
    topic = rig.telegram.topic(forum, "Отчёты", rig.alice)
    inside = rig.bob.at(forum, topic)
    inside.send("/bind")
    said = await inside.wait_for("нет подключённых профилей")
    payload = f"place_{forum.id}_{topic.id}"
    assert said.keyboard[0][0].url == f"https://t.me/avito_test_bot?start={payload}"
    chat = rig.bob.private(rig.me)
    chat.start(payload)
    assert "profile_add" in (await chat.wait_for("Подключите первый, и я предложу")).button_data

    await rig.connect(rig.bob, "shop", "Мебель")
    await chat.wait_for("Присылать отчёты по расписанию в тему «Отчёты» группы «Клиенты»?")
    chat.click("📍 Да, присылать туда")

    await chat.wait_for("Отчёты «Мебель» будут приходить в тему «Отчёты» группы «Клиенты»")
    chat.click("➕ Добавить ещё место")
    await chat.wait_for("✅ группа «Клиенты», тема «Отчёты»")
    await rig.connect(rig.bob, "second", "Кофейня")
    assert "Присылать отчёты" not in chat.last.text


async def test_no_link_leads_into_a_chat_where_one_has_no_say(rig: BotRig) -> None:
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.me)
    strange = rig.charlie.private(rig.me)
    strange.start(f"place_{group.id}_0")
    await strange.wait_for("Подключите первый, и я предложу")

    await rig.connect(rig.charlie, "shop", "Мебель")

    assert "📍 Да, присылать туда" not in [
        text for row in strange.last.button_texts for text in row
    ]
    assert "Клиенты" not in strange.transcript()


@pytest.mark.parametrize("asked", [False, True], ids=["a link alone", "after his own word"])
async def test_a_link_of_a_stranger_does_not_pass_for_where_one_came_from(
    rig: BotRig, asked: bool
) -> None:
    mine = rig.telegram.supergroup("Клиенты", rig.bob, rig.me)
    trap = rig.telegram.supergroup("Ловушка", rig.charlie, rig.bob, rig.me)
    if asked:
        inside = rig.bob.at(mine)
        inside.send("/bind")
        await inside.wait_for("нет подключённых профилей")
        rig.clock.advance(timedelta(minutes=1))
    chat = rig.bob.private(rig.me)
    chat.start(f"place_{trap.id}_0")
    await chat.wait_for("Подключите первый, и я предложу")

    await rig.connect(rig.bob, "shop", "Мебель")

    group = "Клиенты" if asked else "Ловушка"
    assert f"Присылать отчёты по расписанию в группу «{group}»?" in chat.last.text


async def test_this_chat_is_no_place_to_come_back_to(rig: BotRig) -> None:
    chat = rig.bob.private(rig.me)
    chat.start(f"place_{rig.bob.id}_0")
    await chat.wait_for("Пока не подключён ни один")
    assert await scalar(rig, "SELECT count(*) FROM dialogues") == 0


async def test_links_that_nobody_made_are_a_plain_start(rig: BotRig) -> None:
    await add_profile(rig, rig.alice, "Мебель")
    chat = rig.alice.private(rig.me)
    for payload in (
        "place_1",
        "place_x_0",
        f"place_{-(2**60)}_0",
        "bind_1",
        "place",
        "place_1_2_3",
    ):
        chat.start(payload)
        await chat.wait_for("Avito Analytics Bot")
