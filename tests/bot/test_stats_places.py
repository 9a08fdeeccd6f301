"""Where `/stats` works: everywhere, whoever asks; and what it says where nothing reports."""

from __future__ import annotations

import pytest

from sandbox.telegram.people import ChatView
from tests.support.bot import BotRig
from tests.support.rows import scalar
from tests.support.stats import TITLE, ask_stats, read_rows, reporting

pytestmark = pytest.mark.one_database

UNBOUND = "Сюда пока не приходит ни один отчёт"


def place(rig: BotRig, kind: str) -> ChatView:
    match kind:
        case "private":
            chat = rig.alice.private(rig.me)
            chat.start()
            return chat
        case "group":
            return rig.alice.at(rig.telegram.group("Клиенты", rig.alice, rig.me))
        case "supergroup":
            return rig.alice.at(rig.telegram.supergroup("Клиенты", rig.alice, rig.me))
        case "topic":
            forum = rig.telegram.supergroup("Клиенты", rig.alice, rig.me, is_forum=True)
            return rig.alice.at(forum, rig.telegram.topic(forum, "Отчёты", rig.alice))
        case "channel":
            return rig.alice.at(rig.telegram.channel("Новости", rig.alice, rig.me))
        case _:
            group = rig.telegram.supergroup("Клиенты", rig.alice, rig.me)
            rig.alice.go_anonymous(group)
            return rig.alice.at(group)


PLACES = ("private", "group", "supergroup", "topic", "channel", "anonymous")


@pytest.mark.parametrize("kind", PLACES)
async def test_it_answers_in_every_kind_of_chat(rig: BotRig, kind: str) -> None:
    view = place(rig, kind)
    await reporting(rig, view, ("shop", "Мебель"))

    report = await ask_stats(view)

    assert list(read_rows(report)) == ["Мебель"]
    assert report.message.thread_id == view.thread_id
    await rig.quiet()
    assert await scalar(rig, "SELECT count(*) FROM jobs") == 0


@pytest.mark.parametrize("kind", PLACES)
async def test_where_nothing_reports_it_says_how_to_bind(rig: BotRig, kind: str) -> None:
    view = place(rig, kind)

    view.send("/stats")

    said = await view.wait_for(UNBOUND)
    assert "«Куда отправлять»" in said.text
    assert ("/bind" in said.text) == (kind not in {"private", "channel"})
    ways = [line[3] for line in said.text.splitlines() if line[:1].isdigit()]
    assert len(ways) == (0 if kind == "private" else 3)
    assert all(first.isupper() for first in ways), "each is a sentence of its own"
    if kind == "private":
        assert said.button_data == ["profiles_back"]
    else:
        [[button]] = said.keyboard
        assert button.url == "https://t.me/avito_test_bot?start=profiles"
    assert said.message.thread_id == view.thread_id


async def test_a_topic_is_a_place_of_its_own(rig: BotRig) -> None:
    forum = rig.telegram.supergroup("Клиенты", rig.alice, rig.me, is_forum=True)
    first = rig.alice.at(forum, rig.telegram.topic(forum, "Мебель", rig.alice))
    second = rig.alice.at(forum, rig.telegram.topic(forum, "Прочее", rig.alice))
    await reporting(rig, first, ("shop", "Мебель"))

    second.send("/stats")
    await second.wait_for(UNBOUND)

    assert list(read_rows(await ask_stats(first))) == ["Мебель"]
    assert TITLE not in second.transcript()


async def test_its_button_works_for_everybody_in_the_chat(rig: BotRig) -> None:
    forum = rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me, is_forum=True)
    topic = rig.telegram.topic(forum, "Отчёты", rig.alice)
    await reporting(rig, rig.alice.at(forum, topic), ("shop", "Мебель"))
    bob = rig.bob.at(forum, topic)
    first = await ask_stats(bob)
    await rig.quiet()

    press = bob.press("stats_show", first.message)
    notice = await bob.wait_for_notice(press)
    assert "Сводка только что была" in (notice.text or "")

    rig.clock.scale = 100
    await rig.settled()
    while "Новую соберу" in (notice.text or ""):
        notice = await bob.wait_for_notice(bob.press("stats_show", first.message))
    rig.clock.scale = 1
    again = await bob.wait_for(lambda seen: TITLE in seen.text and seen.id != first.id)
    assert again.message.thread_id == topic.id


async def test_a_button_in_a_chat_that_was_unbound_says_so(rig: BotRig) -> None:
    view = place(rig, "supergroup")
    [profile_id] = await reporting(rig, view, ("shop", "Мебель"))
    report = await ask_stats(view)
    await rig.quiet()
    chat = rig.alice.private(rig.me)
    chat.send("/profiles")
    chat.press(f"profile_delete_confirm:{profile_id}", await chat.wait_for("Профили Avito"))
    await chat.wait_for("удалён")

    press = view.press("stats_show", report)

    notice = await view.wait_for_notice(press)
    assert notice.text == "Сюда больше не приходит ни один отчёт."


async def test_in_private_it_goes_before_a_dialogue(rig: BotRig) -> None:
    chat = rig.alice.private(rig.me)
    chat.send("/add_profile")
    await chat.wait_for("шаг 1 из 3")

    chat.send("/stats")

    await chat.wait_for(UNBOUND)
    assert "Прервано: подключение профиля" in chat.transcript()


async def test_the_menu_of_groups_names_it(rig: BotRig) -> None:
    menus = rig.telegram.history.of("setMyCommands")
    groups = next(m for m in menus if m.params["scope"]["type"] == "all_group_chats")
    assert [command["command"] for command in groups.params["commands"]] == [
        "stats",
        "bind",
        "help",
    ]
