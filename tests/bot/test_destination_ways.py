"""Setting where reports go: this chat, Telegram's list, links, a forwarded post, /bind."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.telegram.people import ChatView
from sandbox.telegram.seen import Seen
from tests.support.bot import BotRig
from tests.support.places import greet, open_places, places_of
from tests.support.rows import add_profile, execute, scalar
from tests.support.waiting import eventually

pytestmark = pytest.mark.one_database


def url_of(seen: Seen, label: str) -> str:
    return next(b.url or "" for row in seen.keyboard for b in row if b.text == label)


def payload_of(seen: Seen, label: str) -> str:
    """What follows `?start=` or `?startgroup=` in a link of this screen."""
    return url_of(seen, label).partition("=")[2]


async def pick(rig: BotRig, chat: ChatView, profile_id: int) -> None:
    await open_places(chat, profile_id)
    chat.click(f"destination_pick:{profile_id}")
    await chat.wait_for("Нажмите кнопку внизу")


async def test_this_chat_is_set_at_once_and_the_next_report_is_named(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    chat = rig.alice.private(rig.me)
    assert "Пока никуда" in (await open_places(chat, profile_id)).text

    chat.click(f"report_chat_here:{profile_id}")

    said = await chat.wait_for("Отчёты «Мебель» будут приходить в этот чат")
    assert "каждый день в 09:00" in said.text
    assert "Следующий — завтра, в воскресенье 22 ноября, в 09:00" in said.text
    assert await places_of(rig, profile_id) == [(rig.alice.id, 0, None, "private")]
    assert await scalar(rig, "SELECT next_due_at FROM report_tasks") is not None
    listing = await open_places(chat, profile_id)
    assert "✅ личный чат с ботом" in listing.text
    assert f"report_chat_here:{profile_id}" not in listing.button_data


async def test_the_same_place_twice_is_said_and_not_doubled(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    chat = rig.alice.private(rig.me)
    listing = await open_places(chat, profile_id)
    chat.press(f"report_chat_here:{profile_id}", listing)
    await chat.wait_for("будут приходить в этот чат")

    chat.press(f"report_chat_here:{profile_id}", chat.last)

    await chat.wait_for("Отчёты «Мебель» уже приходят в этот чат")
    assert len(await places_of(rig, profile_id)) == 1


async def test_what_was_chosen_before_any_place_is_taken_over_by_the_first(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    await execute(
        rig,
        "INSERT INTO report_tasks (profile_id, report_period, is_period_set)"
        " VALUES (:id, 'week', true)",
        id=profile_id,
    )
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.me)
    chat = rig.alice.private(rig.me)
    await open_places(chat, profile_id)
    chat.click(f"report_chat_here:{profile_id}")
    await chat.wait_for("будут приходить в этот чат")
    rig.alice.at(group).send("/bind")
    await chat.wait_for("будут приходить в группу «Клиенты»")

    assert len(await places_of(rig, profile_id)) == 2
    chosen = "SELECT count(*) FROM report_tasks WHERE report_period = 'week' AND is_period_set"
    assert await scalar(rig, chosen) == 2


async def test_a_group_is_chosen_from_telegrams_list(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.me)
    chat = rig.alice.private(rig.me)
    await pick(rig, chat, profile_id)

    chat.share_chat(group, "👥 Выбрать группу")

    said = await chat.wait_for("Отчёты «Мебель» будут приходить в группу «Клиенты»")
    assert f"profile_report:{profile_id}" in said.button_data
    assert await places_of(rig, profile_id) == [(group.id, 0, "Клиенты", "supergroup")]
    assert keyboard_in_place(chat) is None
    assert rig.telegram.sent(group.id) == []


async def test_a_channel_is_chosen_from_telegrams_list(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    channel = rig.telegram.channel("Цифры", rig.alice, rig.me)
    chat = rig.alice.private(rig.me)
    await pick(rig, chat, profile_id)

    chat.share_chat(channel, "📢 Выбрать канал")

    await chat.wait_for("Отчёты «Мебель» будут приходить в канал «Цифры»")
    assert await places_of(rig, profile_id) == [(channel.id, 0, "Цифры", "channel")]
    assert rig.telegram.sent(channel.id) == []


async def test_an_old_list_of_chats_still_knows_its_profile(rig: BotRig) -> None:
    first = await add_profile(rig, rig.alice, "Мебель")
    second = await add_profile(rig, rig.alice, "Двери")
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.me)
    chat = rig.alice.private(rig.me)
    await pick(rig, chat, first)
    chat.send("/profiles")
    await chat.wait_for("Профили Avito: 2")

    chat.share_chat(group, "👥 Выбрать группу")

    await chat.wait_for("Отчёты «Мебель» будут приходить в группу «Клиенты»")
    assert await places_of(rig, second) == []


async def test_the_list_of_chats_can_be_left(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    chat = rig.alice.private(rig.me)
    await pick(rig, chat, profile_id)
    chat.send("что?")
    await chat.wait_for("Нажмите одну из кнопок внизу")

    chat.click("❌ Отмена")

    await chat.wait_for("Прервано: выбор места")
    assert keyboard_in_place(chat) is None
    chat.click("« Куда приходят отчёты")
    await chat.wait_for("Куда приходят отчёты «Мебель»")
    chat.send("что?")
    await chat.wait_for("Не понял это сообщение")


async def test_an_old_list_of_chats_goes_without_breaking_off_what_came_after(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    chat = rig.alice.private(rig.me)
    await pick(rig, chat, profile_id)
    chat.press(f"report_set_time:{profile_id}", chat.last)
    await chat.wait_for("Во сколько присылать отчёт «Мебель»?")

    chat.click("❌ Отмена")

    await chat.wait_for("Убрал кнопки выбора чата.")
    assert keyboard_in_place(chat) is None
    chat.send("10:30")
    await chat.wait_for("каждый день в 10:30")


async def test_cancelling_and_other_commands_take_the_list_of_chats_away(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    chat = rig.alice.private(rig.me)
    for command, said in (("/cancel", "Прервано: выбор места"), ("/profiles", "Профили Avito: 1")):
        await pick(rig, chat, profile_id)
        assert keyboard_in_place(chat) is not None
        chat.send(command)
        await chat.wait_for(said)
        assert keyboard_in_place(chat) is None


async def test_a_link_adds_the_bot_to_a_group_and_binds_it(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    await add_profile(rig, rig.alice, "Двери")
    group = rig.telegram.group("Клиенты", rig.alice, rig.bob)
    chat = rig.alice.private(rig.me)
    listing = await open_places(chat, profile_id)
    link = url_of(listing, "➕ Добавить меня в группу")
    assert link.startswith("https://t.me/avito_test_bot?startgroup=")

    rig.alice.follow_group_link(rig.me, link.partition("=")[2], group)

    await chat.wait_for("Отчёты «Мебель» будут приходить в группу «Клиенты»")
    await rig.quiet()
    told = rig.bob.at(group).last
    assert told.text == "✅ Отчёты «Мебель» будут приходить сюда: каждый день в 09:00."
    assert await places_of(rig, profile_id) == [(group.id, 0, "Клиенты", "group")]


async def test_the_same_link_binds_a_group_where_the_bot_is_already(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    group = rig.telegram.group("Клиенты", rig.alice, rig.me)
    chat = rig.alice.private(rig.me)
    listing = await open_places(chat, profile_id)

    payload = payload_of(listing, "➕ Добавить меня в группу")
    rig.alice.follow_group_link(rig.me, payload, group)

    await chat.wait_for("будут приходить в группу «Клиенты»")


async def test_who_adds_the_bot_to_a_channel_is_asked_for_the_profile(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    channel = rig.telegram.channel("Цифры", rig.alice)
    chat = rig.alice.private(rig.me)
    listing = await open_places(chat, profile_id)
    link = url_of(listing, "➕ Добавить меня в канал")
    assert link == "https://t.me/avito_test_bot?startchannel&admin=post_messages"
    rig.alice.add_bot(channel, rig.me)
    await chat.wait_for("Меня добавили в канал «Цифры»")

    chat.click("🏪 Мебель")

    await chat.wait_for("Отчёты «Мебель» будут приходить в канал «Цифры»")
    assert await places_of(rig, profile_id) == [(channel.id, 0, "Цифры", "channel")]


async def test_who_has_no_profiles_is_not_asked_about_his_channel(rig: BotRig) -> None:
    chat = rig.bob.private(rig.me)
    chat.start()
    await chat.wait_for("Avito Analytics Bot")
    channel = rig.telegram.channel("Чужое", rig.bob)

    rig.bob.add_bot(channel, rig.me)

    await rig.settled()
    assert "канал" not in chat.transcript()


async def test_a_forwarded_post_names_the_channel(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    channel = rig.telegram.channel("Цифры", rig.alice, rig.me)
    post = rig.alice.at(channel).send("Первый пост")
    chat = rig.alice.private(rig.me)
    await open_places(chat, profile_id)
    chat.click(f"report_chat_forward:{profile_id}")
    assert "только канал" in (await chat.wait_for("Перешлите сюда")).text

    chat.forward(post)

    await chat.wait_for("Отчёты «Мебель» будут приходить в канал «Цифры»")
    assert await places_of(rig, profile_id) == [(channel.id, 0, "Цифры", "channel")]


async def test_forwards_from_groups_and_people_carry_no_chat(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me)
    open_words = rig.bob.at(group).send("это Боб")
    rig.charlie.join(group)
    rig.charlie.hide()
    hidden_words = rig.charlie.at(group).send("а это никто")
    rig.alice.go_anonymous(group)
    group_words = rig.alice.at(group).send("это группа")
    chat = rig.alice.private(rig.me)
    await open_places(chat, profile_id)
    chat.click(f"report_chat_forward:{profile_id}")
    await chat.wait_for("Перешлите сюда")

    for words in (open_words, hidden_words, group_words):
        chat.forward(words)
        await chat.wait_for("подходит только пересланный пост канала")
    chat.send("и просто текст")
    await chat.wait_for("подходит только пересланный пост канала")

    assert await places_of(rig, profile_id) == []
    chat.click("❌ Отмена")
    await chat.wait_for("Прервано: выбор места")


async def test_bind_in_a_group_sets_the_only_profile(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me)
    await greet(rig, rig.alice)
    inside = rig.alice.at(group)

    inside.send("/bind@avito_test_bot")

    told = await inside.wait_for("будут приходить сюда")
    assert told.text == "✅ Отчёты «Мебель» будут приходить сюда: каждый день в 09:00."
    assert await places_of(rig, profile_id) == [(group.id, 0, "Клиенты", "supergroup")]
    inside.send("/bind")
    await inside.wait_for("Отчёты «Мебель» уже приходят сюда")
    assert len(await places_of(rig, profile_id)) == 1


async def test_a_topic_is_a_place_of_its_own(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    forum = rig.telegram.supergroup("Клиенты", rig.alice, rig.me, is_forum=True)
    topic = rig.telegram.topic(forum, "Отчёты", rig.alice)
    chat = await greet(rig, rig.alice)

    rig.alice.at(forum, topic).send("/bind")
    await chat.wait_for("Отчёты «Мебель» будут приходить в тему «Отчёты» группы «Клиенты»")
    await rig.quiet()
    rig.alice.at(forum).send("/bind")
    await chat.wait_for("в группу «Клиенты»")
    await rig.quiet()

    assert await places_of(rig, profile_id) == [
        (forum.id, topic.id, "Клиенты", "supergroup"),
        (forum.id, 0, "Клиенты", "supergroup"),
    ]
    assert "будут приходить сюда" in rig.alice.at(forum, topic).last.text


async def test_a_renamed_topic_is_shown_by_its_newest_name(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    forum = rig.telegram.supergroup("Клиенты", rig.alice, rig.me, is_forum=True)
    topic = rig.telegram.topic(forum, "Разное", rig.alice)
    rig.alice.rename_topic(forum, topic, "Цифры")
    chat = await greet(rig, rig.alice)
    # Beside the message Telegram still shows the name that the topic was made with.
    rig.alice.at(forum, topic).send("/bind")
    await chat.wait_for("в тему «Цифры» группы «Клиенты»")

    rig.alice.rename_topic(forum, topic, "Отчёты")
    await rig.settled()

    listing = await open_places(chat, profile_id)
    assert "✅ группа «Клиенты», тема «Отчёты»" in listing.text


async def test_a_topic_whose_name_was_never_heard_has_its_number(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    forum = rig.telegram.supergroup("Клиенты", rig.alice, rig.me, is_forum=True)
    topic = rig.telegram.topic(forum, "Отчёты", rig.alice)
    chat = rig.alice.private(rig.me)
    chat.start(f"place_{forum.id}_{topic.id}")
    await chat.wait_for("Отчёты какого профиля")

    chat.click("🏪 Мебель")

    await chat.wait_for(f"в тему № {topic.id} группы «Клиенты»")
    listing = await open_places(chat, profile_id)
    assert f"группа «Клиенты», тема № {topic.id}" in listing.text


async def test_bind_with_several_profiles_asks_in_private(rig: BotRig) -> None:
    await add_profile(rig, rig.alice, "Мебель")
    doors = await add_profile(rig, rig.alice, "Двери")
    forum = rig.telegram.supergroup("Клиенты", rig.alice, rig.me, is_forum=True)
    topic = rig.telegram.topic(forum, "Отчёты", rig.alice)
    inside, chat = rig.alice.at(forum, topic), rig.alice.private(rig.me)
    inside.send("/bind")
    asked = await inside.wait_for("Отчёты какого профиля присылать сюда?")
    assert "Мебель" not in asked.text

    chat.start(payload_of(asked, "Выбрать профиль"))
    await chat.wait_for("Отчёты какого профиля присылать в тему «Отчёты» группы «Клиенты»?")
    chat.click("🏪 Двери")

    bound = await chat.wait_for("Отчёты «Двери» будут приходить в тему «Отчёты» группы «Клиенты»")
    assert await places_of(rig, doors) == [(forum.id, topic.id, "Клиенты", "supergroup")]
    chat.click("➕ Ещё профиль в это место", bound)
    await chat.wait_for(lambda seen: ["✅ Двери"] in seen.button_texts)
    chat.click("🏪 Мебель")
    await chat.wait_for("Отчёты «Мебель» будут приходить в тему «Отчёты» группы «Клиенты»")
    assert ["➕ Ещё профиль в это место"] not in chat.last.button_texts


async def test_many_profiles_are_offered_by_pages(rig: BotRig) -> None:
    ids = [await add_profile(rig, rig.alice, f"Точка {number:02}") for number in range(1, 11)]
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.me)
    chat = rig.alice.private(rig.me)
    chat.start(f"place_{group.id}_0")
    await chat.wait_for("Отчёты какого профиля")

    chat.click("Дальше ›")
    await chat.wait_for(lambda seen: ["🏪 Точка 10"] in seen.button_texts)
    chat.click("🏪 Точка 10")

    await chat.wait_for("Отчёты «Точка 10» будут приходить в группу «Клиенты»")
    assert len(await places_of(rig, ids[-1])) == 1


async def test_an_anonymous_administrator_is_checked_in_private(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.me)
    rig.alice.go_anonymous(group)
    inside, chat = rig.alice.at(group), rig.alice.private(rig.me)
    inside.send("/bind")
    asked = await inside.wait_for("отправлено от имени чата")

    chat.start(payload_of(asked, "Открыть личный чат"))
    await chat.wait_for("Отчёты какого профиля")
    chat.click("🏪 Мебель")

    await chat.wait_for("Отчёты «Мебель» будут приходить в группу «Клиенты»")
    assert len(await places_of(rig, profile_id)) == 1


async def test_an_anonymous_administrator_may_follow_the_group_link(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.me)
    rig.alice.go_anonymous(group)

    rig.alice.follow_group_link(rig.me, f"bind_{profile_id}", group)

    asked = await rig.alice.at(group).wait_for("отправлено от имени чата")
    assert payload_of(asked, "Открыть личный чат") == f"place_{group.id}_0"
    assert await places_of(rig, profile_id) == []


async def test_bind_in_a_channel_leads_to_private_too(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    channel = rig.telegram.channel("Цифры", rig.alice, rig.me)
    inside, chat = rig.alice.at(channel), await greet(rig, rig.alice)
    inside.send("/bind")
    await eventually(lambda: rig.telegram.sent(channel.id))
    asked = Seen(rig.telegram.sent(channel.id)[0])

    chat.start(payload_of(asked, "Открыть личный чат"))
    await chat.wait_for("Отчёты какого профиля")
    chat.click("🏪 Мебель")

    await chat.wait_for("Отчёты «Мебель» будут приходить в канал «Цифры»")
    assert len(await places_of(rig, profile_id)) == 1


async def test_a_link_tells_the_name_of_a_chat_to_nobody_who_is_not_there(rig: BotRig) -> None:
    for number in range(10):
        await add_profile(rig, rig.charlie, f"Точка {number}")
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.me)
    strange = rig.charlie.private(rig.me)

    strange.start(f"place_{group.id}_0")
    await strange.wait_for("Отчёты какого профиля присылать в тот чат, откуда вы пришли?")
    strange.click("Дальше ›")
    await strange.wait_for(lambda seen: ["🏪 Точка 9"] in seen.button_texts)

    assert "Клиенты" not in strange.transcript()


async def test_bind_in_private_means_this_chat(rig: BotRig) -> None:
    chat = rig.alice.private(rig.me)
    chat.send("/bind")
    await chat.wait_for("Пока не подключён ни один")
    first = await add_profile(rig, rig.alice, "Мебель")
    chat.send("/bind")
    await chat.wait_for("Отчёты «Мебель» будут приходить в этот чат")
    second = await add_profile(rig, rig.alice, "Двери")
    chat.send("/bind")
    await chat.wait_for("Отчёты какого профиля присылать в этот чат?")
    chat.click("🏪 Двери")
    await chat.wait_for("Отчёты «Двери» будут приходить в этот чат")

    for profile_id in (first, second):
        [place] = await places_of(rig, profile_id)
        assert place[0] == rig.alice.id


async def test_a_check_that_a_restart_cut_off_is_made_again(rig: BotRig) -> None:
    profile_id = await add_profile(rig, rig.alice, "Мебель")
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.me)
    chat = await greet(rig, rig.alice)
    rig.telegram.fault("hang_before", "getChat")
    rig.alice.at(group).send("/bind")
    await chat.wait_for("Проверяю, могу ли я писать туда")

    await rig.stop()
    rig.telegram.clear_faults()
    await rig.start()

    await chat.wait_for("Отчёты «Мебель» будут приходить в группу «Клиенты»")
    assert len(await places_of(rig, profile_id)) == 1


def keyboard_in_place(chat: ChatView) -> dict[str, Any] | None:
    """The reply keyboard that stands in this chat now."""
    for seen in reversed(chat.messages):
        markup = seen.message.markup or {}
        if markup.get("remove_keyboard"):
            return None
        if markup.get("keyboard"):
            return markup
    return None
