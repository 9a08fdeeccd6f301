"""Every night: does everybody still have a say where his reports go?

Telegram tells of somebody who leaves a small group, not of one who leaves a large group, or who
is no administrator of a channel any more.
"""

from __future__ import annotations

import asyncio

from aiogram import Bot

from bot import places
from bot.aftermath import Aftermath
from bot.places import PlaceRefused
from core.database.session import Sessions, reading
from core.logs import get_logger
from core.services import destinations
from core.services.destinations import NO_SAY, Refusal, Seat

log = get_logger(__name__)

PAUSE_SEC = 0.05
"""Between two questions: at night nobody is in a hurry."""


class RollCall:
    def __init__(self, bot: Bot, sessions: Sessions, aftermath: Aftermath) -> None:
        self._bot = bot
        self._sessions = sessions
        self._aftermath = aftermath

    async def run(self) -> None:
        async with reading(self._sessions) as session:
            seats = await destinations.seats(session)
        absent = 0
        for seat in seats:
            why = await self._why_no_say(seat)
            if why is not None:
                absent += 1
                await self._aftermath.suspend_owner(seat.chat_id, seat.owner_id, why)
            await asyncio.sleep(PAUSE_SEC)
        log.info("roll_call_made", seats=len(seats), absent=absent)

    async def _why_no_say(self, seat: Seat) -> Refusal | None:
        """None also where Telegram does not tell: only what is certain counts."""
        try:
            await places.check_person(self._bot, seat.chat_id, seat.chat_type, seat.owner_id)
        except PlaceRefused as refusal:
            why = refusal.why
            return why if isinstance(why, Refusal) and why in NO_SAY else None
        return None
