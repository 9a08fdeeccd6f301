"""What is old goes, what is young or unfinished stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from core.database.models import Dialogue, InboxUpdate, KeptReport
from core.database.session import Sessions
from core.housekeeping import (
    DELIVERIES_KEPT,
    DIALOGUES_KEPT,
    INBOX_KEPT,
    LOOKED_AWAY,
    REPORTS_KEPT,
    Housekeeper,
)
from core.shelf import Shelf
from sandbox.clock import SandboxClock
from tests.support.deliveries import Office

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
OLD = timedelta(minutes=1)


async def test_finished_updates_are_forgotten_after_two_days(
    sessions: Sessions, tmp_path: Path
) -> None:
    async with sessions.begin() as session:
        for update_id, finished_at in ((1, NOW - INBOX_KEPT - OLD), (2, NOW), (3, None)):
            state = "done" if finished_at else "received"
            received_at = NOW - INBOX_KEPT * 2
            session.add(
                InboxUpdate(
                    update_id=update_id,
                    state=state,
                    received_at=received_at,
                    finished_at=finished_at,
                )
            )
    await Housekeeper(sessions, Shelf(tmp_path), SandboxClock(NOW)).tidy()
    async with sessions() as session:
        assert set(await session.scalars(select(InboxUpdate.update_id))) == {2, 3}


async def test_a_dialogue_nobody_went_on_with_is_forgotten(
    sessions: Sessions, tmp_path: Path
) -> None:
    async with sessions.begin() as session:
        for person, updated_at in ((1, NOW - DIALOGUES_KEPT - OLD), (2, NOW - DIALOGUES_KEPT / 2)):
            session.add(
                Dialogue(
                    chat_id=person,
                    user_id=person,
                    thread_id=0,
                    state="Connect:name",
                    data={},
                    updated_at=updated_at,
                )
            )
    await Housekeeper(sessions, Shelf(tmp_path), SandboxClock(NOW)).tidy()
    async with sessions() as session:
        assert set(await session.scalars(select(Dialogue.user_id))) == {2}


async def test_a_report_loses_its_text_and_then_its_row(
    sessions: Sessions, tmp_path: Path
) -> None:
    office = Office(sessions, SandboxClock(NOW))
    task = await office.add_task()
    ages = {
        "of today": OLD,
        "of the day before yesterday": REPORTS_KEPT + OLD,
        "of this quarter": DELIVERIES_KEPT - OLD,
        "of the last quarter": DELIVERIES_KEPT + OLD,
    }
    for slot, age in ages.items():
        await office.add_delivery(task, slot=slot, state="sent", finished_at=NOW - age)
    await office.add_delivery(task, slot="open", due_at=NOW - DELIVERIES_KEPT * 2)

    await Housekeeper(sessions, Shelf(tmp_path), SandboxClock(NOW)).tidy()
    kept = {row.slot: row.payload is not None for row in await office.deliveries()}
    assert kept == {
        "of today": True,
        "of the day before yesterday": False,
        "of this quarter": False,
        "open": True,
    }


async def test_what_nobody_came_back_to_for_a_week_is_not_kept(
    sessions: Sessions, tmp_path: Path
) -> None:
    day = NOW.date()
    async with sessions.begin() as session:
        for message, kept_at in ((1, NOW - LOOKED_AWAY - OLD), (2, NOW - LOOKED_AWAY + OLD)):
            kept = KeptReport(chat_id=-1, message_id=message, first_day=day, last_day=day)
            kept.screen, kept.about, kept.kept_at = {"text": "📊"}, [], kept_at
            session.add(kept)
    await Housekeeper(sessions, Shelf(tmp_path), SandboxClock(NOW)).tidy()
    async with sessions() as session:
        assert list(await session.scalars(select(KeptReport.message_id))) == [2]
