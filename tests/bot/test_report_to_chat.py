"""A report on demand, sent on to where the scheduled ones go: asked about, and once."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from core.database.models import Delivery
from core.database.session import reading
from sandbox.telegram.people import ChatView
from sandbox.telegram.seen import Seen
from tests.support.bot import BotRig
from tests.support.looking import craft
from tests.support.places import greet
from tests.support.rows import add_destination, connected, execute
from tests.support.waiting import eventually

pytestmark = pytest.mark.one_database

SEND = "📤 Отправить в чат"
YES = "📤 Да, отправить"


async def on_their_way(rig: BotRig) -> list[tuple[int, date, date]]:
    """To which destinations reports of chosen days were sent, and about which."""
    async with reading(rig.running.sessions) as session:
        found = await session.execute(
            select(Delivery.task_id, Delivery.first_day, Delivery.last_day)
            .where(Delivery.slot.startswith("trial:days:"))
            .order_by(Delivery.id)
        )
        return [(task, first, last) for task, first, last in found]


async def at_a_report(rig: BotRig) -> tuple[ChatView, ChatView, int, int, Seen]:
    """Alice at a report of yesterday, in private; it goes to a group of hers every day."""
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.bob, rig.me)
    profile_id = await connected(rig, rig.alice, name="Мебель")
    task = await add_destination(
        rig, profile_id, chat_id=group.id, chat_title="Клиенты", chat_type="supergroup"
    )
    chat = await greet(rig, rig.alice)
    return chat, rig.bob.at(group), profile_id, task, await report_in(chat, profile_id)


async def report_in(chat: ChatView, profile_id: int) -> Seen:
    chat.press(f"report_now:{profile_id}", chat.last)
    return await chat.wait_for("Отчёт Avito")


async def test_a_week_goes_to_the_clients_after_a_question(rig: BotRig) -> None:
    chat, clients, _, task, report = await at_a_report(rig)
    chat.click("7 дней", report)
    await chat.wait_for("14.11.2026 – 20.11.2026")
    chat.click(SEND, report)

    asked = await chat.wait_for("Отправить отчёт в группу «Клиенты»?")
    assert "14.11.2026 – 20.11.2026" in asked.text
    assert await on_their_way(rig) == []
    chat.click(YES, asked)

    await chat.wait_for("за 14.11.2026 – 20.11.2026 придёт в группу «Клиенты»")
    sent = await clients.wait_for("Отчёт Avito")
    assert "14.11.2026 – 20.11.2026" in sent.text
    assert "Пробный" not in sent.text
    assert await on_their_way(rig) == [(task, date(2026, 11, 14), date(2026, 11, 20))]


async def test_without_another_place_there_is_no_such_button(rig: BotRig) -> None:
    profile_id = await connected(rig, rig.alice, name="Мебель")
    await add_destination(rig, profile_id, chat_id=rig.alice.id, chat_type="private")
    report = await report_in(await greet(rig, rig.alice), profile_id)
    assert all(SEND not in row for row in report.button_texts)


async def test_of_several_places_one_is_chosen(rig: BotRig) -> None:
    chat, _, profile_id, task, report = await at_a_report(rig)
    other = rig.telegram.supergroup("Партнёры", rig.alice, rig.me)
    there = await add_destination(
        rig, profile_id, chat_id=other.id, chat_title="Партнёры", chat_type="supergroup"
    )

    chat.click(SEND, report)
    asked = await chat.wait_for("Куда отправить отчёт «Мебель»?")
    assert [data.split(":")[1] for data in asked.button_data[:2]] == [str(task), str(there)]
    chat.click(asked.button_data[1], asked)
    chat.click(YES, await chat.wait_for("Отправить отчёт в группу «Партнёры»?"))

    await chat.wait_for("придёт в группу «Партнёры»")
    assert [task for task, _, _ in await on_their_way(rig)] == [there]


async def test_no_stranger_sends_it(rig: BotRig) -> None:
    _, _, profile_id, task, _ = await at_a_report(rig)
    theirs = await greet(rig, rig.bob)
    for name, number in (
        ("report_send", profile_id), ("send_to", task), ("send_really", task)
    ):  # fmt: skip
        notice = await craft(theirs, f"{name}:{number}:2026-11-20:2026-11-20", theirs.last)
        assert notice.text.endswith(("нет: возможно, он удалён.", "нет: возможно, его убрали."))
    await rig.settled()
    assert "Отправить отчёт" not in theirs.last.text
    assert await on_their_way(rig) == []


async def test_days_that_nobody_knows_are_refused(rig: BotRig) -> None:
    chat, _, profile_id, task, report = await at_a_report(rig)
    for day in ("2026-11-23", "2001-01-01"):
        for name, number in (
            ("report_send", profile_id), ("send_to", task), ("send_really", task)
        ):  # fmt: skip
            press = chat.press(f"{name}:{number}:{day}:{day}", report)
            assert (await chat.wait_for_notice(press)).text
    await rig.settled()
    assert "Отправить отчёт" not in chat.last.text
    assert await on_their_way(rig) == []


async def test_one_that_could_not_leave_is_offered_once_more_about_its_days(rig: BotRig) -> None:
    chat, clients, _, task, report = await at_a_report(rig)
    rig.telegram.fault("flood", "send*", chat_id=clients.chat.id, retry_after=4000)
    chat.press(f"send_really:{task}:2026-11-14:2026-11-20", report)
    await chat.wait_for("придёт в группу «Клиенты»")
    calls = rig.telegram.history.calls
    await eventually(lambda: any("flood" in c.faults and c.finished_real for c in calls))
    rig.clock.advance(timedelta(minutes=32))

    told = await chat.wait_for("Отчёт «Мебель» за 14.11.2026 – 20.11.2026 не отправлен")
    chat.click(f"send_to:{task}:2026-11-14:2026-11-20", told)
    asked = await chat.wait_for("Отправить отчёт в группу «Клиенты»?")
    assert "14.11.2026 – 20.11.2026" in asked.text


async def test_a_place_on_pause_is_named_as_one_and_gets_it_all_the_same(rig: BotRig) -> None:
    chat, clients, _, _, report = await at_a_report(rig)
    await execute(rig, "UPDATE report_tasks SET is_active = false")

    chat.click(SEND, report)
    asked = await chat.wait_for("Отправить отчёт в группу «Клиенты»?")
    assert "⏸ По расписанию отчёты туда сейчас не приходят" in asked.text
    chat.click(YES, asked)

    await clients.wait_for("Отчёт Avito")
