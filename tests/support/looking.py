"""People at the buttons under reports."""

from __future__ import annotations

from sandbox.telegram.people import ChatView
from sandbox.telegram.presses import Notice, Press
from sandbox.telegram.seen import Seen
from tests.support.bot import BotRig
from tests.support.rows import add_destination, connected, execute

NOT_YOURS = "Такого профиля у вас нет: возможно, он удалён."
NOT_HERE = "Этот профиль больше не присылает сюда отчёты."
"""The same where others read along: nobody there ever had it."""


async def reporting_at(
    rig: BotRig, view: ChatView, name: str = "Мебель", *, has_chart: bool = False
) -> tuple[int, Seen]:
    """A profile of Alice's that reports at this place, and a report of it there."""
    profile_id = await connected(rig, rig.alice, "shop", name)
    await add_destination(rig, profile_id, view.chat.id, view.thread_id or 0, has_chart=has_chart)
    view.send("/stats")
    combined = await view.wait_for("Сводка Avito")
    await rig.settled()
    # As if nothing else had ever stood in the message.
    await execute(rig, "DELETE FROM kept_reports")
    combined.message.markup = None
    view.press(f"report_preset:{profile_id}:yesterday", combined)
    return profile_id, await view.wait_for("Отчёт Avito")


async def tap(view: ChatView, button: str, message: Seen) -> Notice:
    """Tap a button by its text or data, and what the tap was answered with."""
    press = view.click(button, message)
    assert isinstance(press, Press)
    return await view.wait_for_notice(press)


async def craft(view: ChatView, data: str, message: Seen) -> Notice:
    """Send callback data that is on no button of this message."""
    return await view.wait_for_notice(view.press(data, message))
