"""What is old goes, what is young or unfinished stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from core.database.models import Dialogue, InboxUpdate
from core.database.session import Sessions
from core.housekeeping import DIALOGUES_KEPT, INBOX_KEPT, Housekeeper
from sandbox.clock import SandboxClock

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
OLD = timedelta(minutes=1)


async def test_finished_updates_are_forgotten_after_two_days(sessions: Sessions) -> None:
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
    await Housekeeper(sessions, SandboxClock(NOW)).tidy()
    async with sessions() as session:
        assert set(await session.scalars(select(InboxUpdate.update_id))) == {2, 3}


async def test_a_dialogue_nobody_went_on_with_is_forgotten(sessions: Sessions) -> None:
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
    await Housekeeper(sessions, SandboxClock(NOW)).tidy()
    async with sessions() as session:
        assert set(await session.scalars(select(Dialogue.user_id))) == {2}
