"""Housekeeping: what nobody needs any more goes."""

from __future__ import annotations

from datetime import timedelta

from core.database.repositories import dialogues, inbox, outbox
from core.database.session import Sessions
from core.messenger import archive
from core.ports import Clock
from core.shelf import Shelf
from core.statistics import listing_store

INBOX_KEPT = timedelta(days=2)
"""Telegram itself keeps an update for a day; after two no repeat of it can come."""

DIALOGUES_KEPT = timedelta(days=30)
"""Whoever comes back later than this has forgotten the question."""

REPORTS_KEPT = timedelta(days=2)
"""The text of a scheduled report; within this time its owner may send a held one again."""

DELIVERIES_KEPT = timedelta(days=90)
"""What became of it. Slots of so long ago cannot come again."""


class Housekeeper:
    def __init__(self, sessions: Sessions, shelf: Shelf, clock: Clock) -> None:
        self._sessions = sessions
        self._shelf = shelf
        self._clock = clock

    async def tidy(self) -> None:
        now = self._clock.now()
        self._shelf.tidy(now)
        async with self._sessions.begin() as session:
            await inbox.purge(session, now - INBOX_KEPT)
            await dialogues.purge(session, now - DIALOGUES_KEPT)
            await outbox.empty(session, now - REPORTS_KEPT)
            await outbox.purge(session, now - DELIVERIES_KEPT)
            await listing_store.purge(session, now)
        await archive.trim(self._sessions, now)
