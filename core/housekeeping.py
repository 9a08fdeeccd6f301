"""Housekeeping: what nobody needs any more goes."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from core.database.health import is_unreachable
from core.database.repositories import dialogues, inbox, outbox
from core.database.session import Sessions
from core.logs import get_logger
from core.ports import Clock

log = get_logger(__name__)

EVERY_SEC = 3600.0
INBOX_KEPT = timedelta(days=2)
"""Telegram itself keeps an update for a day; after two no repeat of it can come."""

DIALOGUES_KEPT = timedelta(days=30)
"""Whoever comes back later than this has forgotten the question."""

REPORTS_KEPT = timedelta(days=2)
"""The text of a scheduled report; within this time its owner may send a held one again."""

DELIVERIES_KEPT = timedelta(days=90)
"""What became of it. Slots of so long ago cannot come again."""


class Housekeeper:
    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock

    async def run(self) -> None:
        """Tidy now and every hour, until cancelled."""
        while True:
            try:
                await self.tidy()
            except Exception as error:
                if not is_unreachable(error):
                    raise
                log.warning("housekeeping_skipped", why=type(error).__name__)
            await asyncio.sleep(EVERY_SEC)

    async def tidy(self) -> None:
        now = self._clock.now()
        async with self._sessions.begin() as session:
            await inbox.purge(session, now - INBOX_KEPT)
            await dialogues.purge(session, now - DIALOGUES_KEPT)
            await outbox.empty(session, now - REPORTS_KEPT)
            await outbox.purge(session, now - DELIVERIES_KEPT)
