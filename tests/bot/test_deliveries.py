"""A report of which nobody knows whether it arrived: its owner looks, and sends it again."""

from __future__ import annotations

from datetime import timedelta

from bot.screens.deliveries import TOO_LATE
from core.database.models import Delivery
from core.outbox import State
from sandbox.telegram.model import Chat
from sandbox.telegram.people import ChatView
from tests.support.bot import BotRig
from tests.support.deliveries import Office
from tests.support.places import greet

QUESTION = "Неизвестно, дошёл ли отчёт «Магазин» за 21.11.2026"


async def held(rig: BotRig, group: Chat) -> tuple[ChatView, Office, int]:
    """Alice reads that her report to the group is held: her chat, the rows, the delivery.

    It was being sent when the worker was killed.
    """
    chat = await greet(rig, rig.alice)
    office = Office(rig.running.sessions, rig.clock)
    profile_id = await office.add_profile(rig.alice.id)
    columns = {"chat_title": "Клиенты", "chat_type": "supergroup", "next_due_at": None}
    task_id = await office.add_task(
        group.id, profile_id=profile_id, on_lost_answer="hold", **columns
    )
    delivery_id = await office.add_delivery(
        task_id, state=State.SENDING, owner="home:killed", lease_until=rig.clock.now()
    )
    rig.clock.advance(timedelta(minutes=1))
    await chat.wait_for(QUESTION)
    return chat, office, delivery_id


async def test_a_held_report_is_sent_again_by_a_tap_and_only_once(rig: BotRig) -> None:
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.me)
    chat, office, delivery_id = await held(rig, group)
    rig.clock.advance(timedelta(days=1))

    question = chat.last
    chat.click("🔁 Отправить ещё раз")
    await chat.wait_for("Отправляю ещё раз отчёт «Магазин»")
    row = await office.delivery(delivery_id)
    assert row.is_repeat
    assert row.state != State.HELD
    assert row.deadline_at > rig.clock.now()

    notice = await chat.wait_for_notice(chat.press(f"delivery_resend:{delivery_id}", question))
    assert notice.text == TOO_LATE


async def test_a_question_that_a_kill_kept_back_is_asked_at_the_next_start(rig: BotRig) -> None:
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.me)
    chat, office, delivery_id = await held(rig, group)
    # As a kill leaves it between the two commits: it is held, and nobody was asked.
    async with office.sessions.begin() as session:
        (await session.get_one(Delivery, delivery_id)).is_untold = True
    chat.mark()

    await rig.restart()

    await chat.wait_for(QUESTION)
    assert not (await Office(rig.running.sessions, rig.clock).delivery(delivery_id)).is_untold


async def test_a_held_report_goes_where_its_group_has_moved(rig: BotRig) -> None:
    group = rig.telegram.group("Клиенты", rig.alice, rig.me)
    chat, office, delivery_id = await held(rig, group)
    moved = rig.alice.migrate(group)
    await rig.settled()
    await rig.quiet()

    chat.click("🔁 Отправить ещё раз")
    await chat.wait_for("Отправляю ещё раз")
    assert (await office.delivery(delivery_id)).chat_id == moved.id


async def test_a_stranger_cannot_send_it(rig: BotRig) -> None:
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.me)
    _, office, delivery_id = await held(rig, group)
    chat = await greet(rig, rig.charlie)

    notice = await chat.wait_for_notice(chat.press(f"delivery_resend:{delivery_id}", chat.last))
    assert notice.text == TOO_LATE
    assert await office.state(delivery_id) == State.HELD


async def test_a_report_whose_text_is_forgotten_cannot_be_sent(rig: BotRig) -> None:
    group = rig.telegram.supergroup("Клиенты", rig.alice, rig.me)
    chat, office, delivery_id = await held(rig, group)
    async with office.sessions.begin() as session:
        (await session.get_one(Delivery, delivery_id)).payload = None

    notice = await chat.wait_for_notice(chat.press(f"delivery_resend:{delivery_id}", chat.last))
    assert notice.text == TOO_LATE
