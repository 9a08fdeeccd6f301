"""The picture of a report: with the text under it, beside a long one, or not at all."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest

from sandbox.telegram import server
from sandbox.telegram.errors import bad_request
from sandbox.telegram.files import image_size
from sandbox.telegram.people import ChatView
from sandbox.telegram.seen import Seen
from tests.support.bot import BotRig
from tests.support.looking import tap
from tests.support.places import greet, open_places
from tests.support.report import ask_report, expected_figures, read_figures
from tests.support.rows import add_destination, connected
from tests.support.schedules import profile_of

pytestmark = pytest.mark.one_database
YESTERDAY = date(2026, 11, 20)


def looks_like_a_picture(rig: BotRig, seen: Seen) -> bool:
    assert seen.photo is not None
    stored = rig.telegram.files.by_id(seen.photo[-1]["file_id"])
    assert stored is not None
    width, height = image_size(stored.data) or (0, 0)
    return width >= 720 and height >= 400


async def reported(rig: BotRig, *, title: str = "Мебель") -> ChatView:
    """Bob's view of a group where a report of Alice's is due in a minute."""
    await greet(rig, rig.alice)
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me)
    profile_id = await connected(rig, rig.alice, "shop", title)
    async with rig.running.sessions.begin() as session:
        profile = await session.merge(await profile_of(rig, profile_id))
        profile.report_time = time(9, 1)
    due = rig.clock.now().replace(second=0, microsecond=0) + timedelta(minutes=1)
    await add_destination(
        *(rig, profile_id, group.id), chat_title="Клиенты", chat_type="supergroup", next_due_at=due
    )
    return rig.bob.at(group)


async def test_a_report_on_demand_turns_into_a_picture_with_its_text(rig: BotRig) -> None:
    chat, profile_id = await rig.connect(rig.alice, "shop", "Мебель")

    report = await ask_report(chat, profile_id)

    assert looks_like_a_picture(rig, report)
    said, expected = read_figures(report), expected_figures(rig.avito.account("shop"), YESTERDAY)
    assert {label: said[label] for label in expected} == expected
    assert chat.transcript().count("Собираю отчёт") == 0, "it took the place of the placeholder"
    chat.click("🏪 Профиль", report)
    await chat.wait_for("Аккаунт Avito")
    assert report.photo is not None, "the report stays above"


async def test_where_no_picture_can_take_its_place_the_words_do(
    rig: BotRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_call: object) -> None:
        raise bad_request("MEDIA_INVALID")

    chat, profile_id = await rig.connect(rig.alice, "shop", "Мебель")
    monkeypatch.setitem(server.METHODS, "editMessageMedia", refuse)

    report = await ask_report(chat, profile_id)

    assert report.photo is None
    assert len(read_figures(report)) == 13
    assert "Собираю отчёт" not in chat.transcript()


@pytest.mark.parametrize("hours", [0, 4], ids=["warm", "stale"])
async def test_where_pictures_are_forbidden_by_now_other_words_stand_under_the_old_one(
    rig: BotRig, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    def refuse(_call: object) -> None:
        raise bad_request("not enough rights to send photos to the chat")

    chat, profile_id = await rig.connect(rig.alice, "shop", "Мебель")
    report = await ask_report(chat, profile_id)
    await rig.settled()
    rig.clock.advance(timedelta(hours=hours))
    for method in ("editMessageMedia", "sendPhoto"):
        monkeypatch.setitem(server.METHODS, method, refuse)

    await tap(chat, "7 дней", report)

    week = await chat.wait_for("14.11.2026 – 20.11.2026\n\n👁")
    assert (week.id, len(read_figures(week))) == (report.id, 13)
    await rig.settled()
    assert "Собираю отчёт" not in chat.transcript()


async def test_a_scheduled_report_comes_with_its_picture(rig: BotRig) -> None:
    group = await reported(rig)

    rig.clock.advance(timedelta(minutes=2))

    assert looks_like_a_picture(rig, await group.wait_for("Отчёт Avito"))


async def test_a_group_without_pictures_gets_the_text(rig: BotRig) -> None:
    group = await reported(rig)
    group.chat.allows_photos = False

    rig.clock.advance(timedelta(minutes=2))

    report = await group.wait_for("Отчёт Avito")
    assert report.photo is None
    said, expected = read_figures(report), expected_figures(rig.avito.account("shop"), YESTERDAY)
    assert {label: said[label] for label in expected} == expected


async def test_a_text_too_long_for_a_caption_comes_below_the_picture(rig: BotRig) -> None:
    group = await reported(rig, title="я" * 500)

    rig.clock.advance(timedelta(minutes=2))

    text = await group.wait_for("Обновлено")
    picture = group.messages[-2]
    assert looks_like_a_picture(rig, picture)
    assert picture.text == f"📊 Отчёт Avito\n{'я' * 500}\n20.11.2026"
    assert picture.button_texts == []
    assert len(read_figures(text)) == 13
    assert text.button_texts[-1] == ["🔄 Обновить", "📊 Сводка"]


async def test_a_destination_can_do_without(rig: BotRig) -> None:
    chat, profile_id = await rig.connect(rig.alice, "shop", "Мебель")
    await open_places(chat, profile_id)
    chat.press(f"report_chat_here:{profile_id}", chat.last)
    await chat.wait_for("будут приходить в этот чат")
    chat.click("⚙️ Настроить это место")
    await chat.wait_for("График: приходит с отчётом")

    chat.click("📉 Присылать без графика")
    await chat.wait_for("График: выключен")
    chat.click("📨 Прислать пробный")

    assert (await chat.wait_for("Пробный отчёт")).photo is None
