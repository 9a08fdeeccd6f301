"""Groups, forums and channels: who hears what, who may write, what changes."""

from collections.abc import AsyncIterator

import pytest

from sandbox.telegram.people import Person
from tests.sandbox.telegram_client import Scene, telegram


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with telegram() as scene:
        yield scene


@pytest.fixture
def bob(scene: Scene) -> Person:
    return scene.world.user("Боб")


async def heard(scene: Scene) -> list[str]:
    updates = await scene.client.updates()
    messages = [u.get("message") or u.get("channel_post") or {} for u in updates]
    return [message["text"] for message in messages if "text" in message]


async def test_privacy_lets_through_what_is_meant_for_the_bot(scene: Scene, bob: Person) -> None:
    group = scene.world.group("Клиент", scene.alice, bob, scene.bot)
    chat = bob.at(group)
    mine = await scene.client.send(group.id, "Отчёт")
    chat.send("просто болтаем")
    chat.send("/stats")
    chat.send("/stats@avito_bot")
    chat.send("/stats@other_bot")
    chat.send("эй, @Avito_Bot")
    chat.send("спасибо", reply_to=group.messages[mine["message_id"]])
    assert await heard(scene) == ["/stats", "/stats@avito_bot", "эй, @Avito_Bot", "спасибо"]
    scene.alice.promote_bot(group, scene.bot)
    chat.send("а теперь?")
    assert await heard(scene) == ["а теперь?"]


async def test_adding_and_kicking_a_bot_is_told(scene: Scene) -> None:
    group = scene.world.group("Клиент", scene.alice)
    scene.alice.add_bot(group, scene.bot)
    scene.alice.kick_bot(group, scene.bot)
    changes = [
        (u["my_chat_member"]["old_chat_member"], u["my_chat_member"]["new_chat_member"])
        for u in await scene.client.updates()
        if "my_chat_member" in u
    ]
    statuses = [(old["status"], new["status"]) for old, new in changes]
    assert statuses == [("left", "member"), ("member", "kicked")]
    refusal = await scene.client.refusal("sendMessage", chat_id=group.id, text="x")
    assert refusal == "403 Forbidden: bot was kicked from the group chat"


async def test_a_bot_that_left_is_not_a_member(scene: Scene) -> None:
    group = scene.world.supergroup("Клиент", scene.alice, scene.bot)
    await scene.client.ok("leaveChat", chat_id=group.id)
    refusal = await scene.client.refusal("sendMessage", chat_id=group.id, text="x")
    assert refusal == "403 Forbidden: bot is not a member of the supergroup chat"


async def test_a_muted_bot_may_not_write(scene: Scene) -> None:
    group = scene.world.supergroup("Клиент", scene.alice, scene.bot)
    scene.alice.mute_bot(group, scene.bot)
    refusal = await scene.client.refusal("sendMessage", chat_id=group.id, text="x")
    assert refusal == "400 Bad Request: not enough rights to send text messages to the chat"


async def test_a_group_becomes_a_supergroup(scene: Scene) -> None:
    group = scene.world.group("Клиент", scene.alice, scene.bot)
    await scene.client.updates()
    upgraded = scene.alice.migrate(group)
    answer = await scene.client.call("sendMessage", chat_id=group.id, text="x")
    assert answer == {
        "ok": False,
        "error_code": 400,
        "description": "Bad Request: group chat was upgraded to a supergroup chat",
        "parameters": {"migrate_to_chat_id": upgraded.id},
    }
    told = [update["message"] for update in await scene.client.updates()]
    assert [(m["chat"]["id"], m.get("migrate_to_chat_id")) for m in told] == [
        (group.id, upgraded.id),
        (upgraded.id, None),
    ]
    assert told[1]["migrate_from_chat_id"] == group.id
    await scene.client.send(upgraded.id)


async def test_ids_run_per_supergroup_and_across_private_chats_and_groups(scene: Scene) -> None:
    scene.alice.private(scene.bot).start()
    group = scene.world.group("Г", scene.alice, scene.bot)
    first = await scene.client.send(scene.alice.id)
    second = await scene.client.send(group.id)
    assert second["message_id"] == first["message_id"] + 1
    large = scene.world.supergroup("С", scene.alice, scene.bot)
    # The note about the new member was the first message there.
    assert (await scene.client.send(large.id))["message_id"] == 2


async def test_topics(scene: Scene, bob: Person) -> None:
    forum = scene.world.supergroup("Форум", scene.alice, bob, scene.bot, is_forum=True)
    topic = scene.world.topic(forum, "Отчёты", scene.alice)
    where = {"chat_id": forum.id, "text": "Отчёт"}
    sent = await scene.client.ok("sendMessage", message_thread_id=topic.id, **where)
    assert (sent["message_thread_id"], sent["is_topic_message"]) == (topic.id, True)
    assert bob.at(forum, topic).last.text == "Отчёт"
    assert "Отчёт" not in [
        seen.text for seen in bob.at(forum).messages if not seen.message.thread_id
    ]
    for thread_id in (1, 777):
        refusal = await scene.client.refusal("sendMessage", message_thread_id=thread_id, **where)
        assert refusal == "400 Bad Request: message thread not found"
    scene.alice.close_topic(forum, topic)
    refusal = await scene.client.refusal("sendMessage", message_thread_id=topic.id, **where)
    assert refusal == "400 Bad Request: TOPIC_CLOSED"
    scene.alice.reopen_topic(forum, topic)
    await scene.client.ok("sendMessage", message_thread_id=topic.id, **where)
    scene.alice.delete_topic(forum, topic)
    refusal = await scene.client.refusal("sendMessage", message_thread_id=topic.id, **where)
    assert refusal == "400 Bad Request: message thread not found"


async def test_whether_a_topic_is_there_is_told_by_a_message_alone(scene: Scene) -> None:
    forum = scene.world.supergroup("Форум", scene.alice, scene.bot, is_forum=True)
    topic = scene.world.topic(forum, "Отчёты", scene.alice)
    to_nothing = {"chat_id": forum.id, "text": "x", "reply_parameters": {"message_id": 2**31 - 1}}
    said = {
        thread: await scene.client.refusal("sendMessage", message_thread_id=thread, **to_nothing)
        for thread in (topic.id, 777)
    }
    assert said == {
        topic.id: "400 Bad Request: message to be replied not found",
        777: "400 Bad Request: message thread not found",
    }
    assert scene.world.sent(forum.id) == []
    typing = {"chat_id": forum.id, "action": "typing"}
    assert await scene.client.ok("sendChatAction", message_thread_id=777, **typing) is True


async def test_a_topic_is_renamed_and_its_beginning_keeps_the_name(
    scene: Scene, bob: Person
) -> None:
    forum = scene.world.supergroup("Форум", scene.alice, bob, scene.bot)
    topic = scene.world.topic(forum, "Отчёты", scene.alice)
    scene.alice.rename_topic(forum, topic, "Цифры")
    bob.at(forum, topic).send("/stats")
    renamed, said = [update["message"] for update in (await scene.client.updates())[-2:]]
    assert (renamed["message_thread_id"], renamed["forum_topic_edited"]) == (
        topic.id,
        {"name": "Цифры"},
    )
    assert said["reply_to_message"]["forum_topic_created"]["name"] == "Отчёты"


async def test_words_in_a_topic_look_like_a_reply_to_its_beginning(
    scene: Scene, bob: Person
) -> None:
    forum = scene.world.supergroup("Форум", scene.alice, bob, scene.bot)
    topic = scene.world.topic(forum, "Отчёты", scene.alice)
    bob.at(forum, topic).send("/stats")
    message = (await scene.client.updates())[-1]["message"]
    assert message["reply_to_message"]["forum_topic_created"]["name"] == "Отчёты"


async def test_an_anonymous_administrator_writes_as_the_group(scene: Scene) -> None:
    group = scene.world.supergroup("Клиент", scene.alice, scene.bot)
    scene.alice.go_anonymous(group)
    scene.alice.at(group).send("/stats")
    message = (await scene.client.updates())[-1]["message"]
    assert message["from"]["id"] == 1087968824
    assert message["sender_chat"]["id"] == group.id
    admins = await scene.client.ok("getChatAdministrators", chat_id=group.id)
    assert [(admin["status"], admin["is_anonymous"]) for admin in admins] == [("creator", True)]


async def test_a_channel_has_posts_without_an_author(scene: Scene) -> None:
    channel = scene.world.channel("Канал", scene.alice, scene.bot, username="chan")
    post = scene.alice.at(channel).send("/stats")
    told = (await scene.client.updates())[-1]["channel_post"]
    assert "from" not in told
    assert told["sender_chat"]["id"] == channel.id
    sent = await scene.client.ok("sendMessage", chat_id="@chan", text="Отчёт")
    assert "from" not in sent
    chat = scene.alice.private(scene.bot)
    chat.forward(post)
    origin = (await scene.client.updates())[-1]["message"]["forward_origin"]
    assert (origin["type"], origin["chat"]["id"]) == ("channel", channel.id)


async def test_members_are_shown_with_their_status(scene: Scene, bob: Person) -> None:
    group = scene.world.supergroup("Клиент", scene.alice, scene.bot)

    async def status(person: Person) -> str:
        where = {"chat_id": group.id, "user_id": person.id}
        return str((await scene.client.ok("getChatMember", **where))["status"])

    assert (await status(scene.alice), await status(bob)) == ("creator", "left")
    bob.join(group, as_admin=True)
    assert await status(bob) == "administrator"
    assert (await scene.client.ok("getChat", chat_id=group.id))["title"] == "Клиент"


async def test_a_group_tells_who_left_and_a_channel_does_not(scene: Scene, bob: Person) -> None:
    group = scene.world.supergroup("Клиент", scene.alice, bob, scene.bot)
    channel = scene.world.channel("Канал", scene.alice, bob, scene.bot)
    await scene.client.updates()
    for chat in (group, channel):
        bob.leave(chat)
        member = await scene.client.ok("getChatMember", chat_id=chat.id, user_id=bob.id)
        assert member["status"] == "left"
    [told] = await scene.client.updates()
    assert told["message"]["left_chat_member"]["id"] == bob.id


async def test_hidden_members_are_shown_to_administrators_only(scene: Scene, bob: Person) -> None:
    group = scene.world.supergroup("Клиент", scene.alice, bob, scene.bot)
    scene.alice.hide_members(group)
    where = {"chat_id": group.id, "user_id": bob.id}
    refusal = await scene.client.refusal("getChatMember", **where)
    assert refusal == "400 Bad Request: CHAT_ADMIN_REQUIRED"
    await scene.client.ok("getChatMember", chat_id=group.id, user_id=scene.bot.id)
    scene.alice.promote_bot(group, scene.bot)
    assert (await scene.client.ok("getChatMember", **where))["status"] == "member"


async def test_blocking_and_coming_back_is_told(scene: Scene) -> None:
    chat = scene.alice.private(scene.bot)
    chat.start()
    scene.alice.block(scene.bot)
    chat.start()
    kinds = [list(update)[1] for update in await scene.client.updates()]
    assert kinds == ["message", "my_chat_member", "my_chat_member", "message"]


async def test_a_group_link_adds_the_bot_and_starts_it_there(scene: Scene) -> None:
    group = scene.world.group("Клиент", scene.alice)
    scene.alice.follow_group_link(scene.bot, "bind_17", group)
    updates = await scene.client.updates()
    assert updates[0]["my_chat_member"]["new_chat_member"]["status"] == "member"
    assert updates[-1]["message"]["text"] == "/start@avito_bot bind_17"
    scene.alice.follow_group_link(scene.bot, "bind_18", group)
    [again] = await scene.client.updates()
    assert again["message"]["text"] == "/start@avito_bot bind_18"


async def test_who_hides_is_forwarded_by_name_only(scene: Scene, bob: Person) -> None:
    group = scene.world.supergroup("Клиент", scene.alice, bob, scene.bot)
    said = bob.at(group).send("привет")
    chat = scene.alice.private(scene.bot)
    chat.forward(said)
    origin = (await scene.client.updates())[-1]["message"]["forward_origin"]
    assert (origin["type"], origin["sender_user"]["id"]) == ("user", bob.id)
    bob.hide()
    chat.forward(said)
    origin = (await scene.client.updates())[-1]["message"]["forward_origin"]
    assert (origin["type"], origin["sender_user_name"]) == ("hidden_user", "Боб")
    assert "sender_user" not in origin


async def test_in_a_closed_group_only_administrators_write(scene: Scene) -> None:
    group = scene.world.supergroup("Клиент", scene.alice, scene.bot)
    scene.alice.close_group(group)
    refusal = await scene.client.refusal("sendMessage", chat_id=group.id, text="x")
    assert refusal == "400 Bad Request: not enough rights to send text messages to the chat"
    shown = await scene.client.ok("getChat", chat_id=group.id)
    assert shown["permissions"] == {"can_send_messages": False}
    scene.alice.promote_bot(group, scene.bot)
    await scene.client.ok("sendMessage", chat_id=group.id, text="x")


async def test_an_administrator_of_a_channel_can_lose_the_right_to_post(scene: Scene) -> None:
    channel = scene.world.channel("Канал", scene.alice, scene.bot)
    scene.alice.mute_bot(channel, scene.bot)
    told = (await scene.client.updates())[-1]["my_chat_member"]["new_chat_member"]
    assert (told["status"], told["can_post_messages"]) == ("administrator", False)
    refusal = await scene.client.refusal("sendMessage", chat_id=channel.id, text="x")
    assert refusal == "400 Bad Request: need administrator rights in the channel chat"
