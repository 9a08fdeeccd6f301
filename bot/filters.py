"""Who and where: filters that hand the handler what it would otherwise have to look up.

All are async: aiogram runs a synchronous filter (every magic `F.`) in a thread, and behind a
busy executor that delays an update by seconds.
"""

from __future__ import annotations

from typing import Any

from aiogram.filters import Filter
from aiogram.types import CallbackQuery, Message
from sqlalchemy.ext.asyncio import AsyncSession

from bot.callbacks import AboutProfile
from bot.show import Stage
from core.database.models import AvitoProfile
from core.services import profiles


class InPrivate(Filter):
    """The private chat with one person, where everything is set up."""

    async def __call__(self, _event: Message | CallbackQuery, stage: Stage) -> bool:
        return stage.is_private


class OwnedProfile(Filter):
    """Resolves a button's profile for the person who pressed it, as `profile`.

    Raises `ProfileNotFound` for a stranger exactly as for a deleted profile. Must stand after
    the filter of a callback that is `AboutProfile`.
    """

    async def __call__(
        self, query: CallbackQuery, session: AsyncSession, callback_data: AboutProfile
    ) -> dict[str, AvitoProfile]:
        found = await profiles.owned(session, query.from_user.id, callback_data.profile_id)
        return {"profile": found}


class AnyCommand(Filter):
    """A message that begins like a command, known or not."""

    async def __call__(self, _message: Message, stage: Stage) -> bool:
        return stage.is_command


class PlainText(Filter):
    """A message of text that is no command, as `text`; None for a picture, a sticker, …"""

    async def __call__(self, message: Message, stage: Stage) -> bool | dict[str, Any]:
        if stage.is_command:
            return False
        return {"text": message.text}
