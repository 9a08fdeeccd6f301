"""Who and where: filters that hand the handler what it would otherwise have to look up.

All are async: aiogram runs a synchronous filter (every magic `F.`) in a thread, and behind a
busy executor that delays an update by seconds.
"""

from __future__ import annotations

from typing import Any

from aiogram.filters import Filter
from aiogram.types import CallbackQuery, Message, MessageOriginChannel
from sqlalchemy.ext.asyncio import AsyncSession

from bot import kept
from bot.callbacks import AboutDestination, AboutProfile
from bot.show import Stage
from core.database.models import AvitoProfile
from core.errors import ShownElsewhere, TopicUnknown
from core.services import destinations, profiles
from core.services.destinations import Destination
from core.services.profiles import Viewed


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


class ViewedProfile(Filter):
    """Resolves a button's profile for whoever may look at its numbers there, as `viewed`.

    Raises `ProfileNotFound` for everybody else exactly as for a deleted profile. Where others
    read along its owner gets it only if they may, or at a button that stands there: the data of
    one that does not could put his words into a message of the bot about somebody else. Raises
    `ShownElsewhere` then, `AnotherReport` where the message is the report of another profile, and
    `TopicUnknown` where it is unknown which place it is. Must stand after the filter of a callback
    that is `AboutProfile`.
    """

    async def __call__(
        self,
        query: CallbackQuery,
        session: AsyncSession,
        stage: Stage,
        callback_data: AboutProfile,
    ) -> dict[str, Viewed]:
        _check_topic(stage)
        found = await profiles.viewable(
            session,
            query.from_user.id,
            stage.chat_id or 0,
            stage.thread_id or 0,
            callback_data.profile_id,
        )
        if not (found.is_for_all or stage.is_private or stage.is_offered):
            raise ShownElsewhere(callback_data.profile_id)
        await kept.check_own(session, stage, found.profile.id)
        return {"viewed": found}


class TopicKnown(Filter):
    """Raises `TopicUnknown` where it is unknown in which topic something would appear."""

    async def __call__(self, _query: CallbackQuery, stage: Stage) -> bool:
        _check_topic(stage)
        return True


def _check_topic(stage: Stage) -> None:
    if stage.is_topic_unknown:
        raise TopicUnknown


class OwnedDestination(Filter):
    """Resolves a button's destination for the person who pressed it, as `destination`.

    Raises `DestinationNotFound` for a stranger exactly as for one that is gone. Must stand
    after the filter of a callback that is `AboutDestination`.
    """

    async def __call__(
        self, query: CallbackQuery, session: AsyncSession, callback_data: AboutDestination
    ) -> dict[str, Destination]:
        found = await destinations.owned(session, query.from_user.id, callback_data.task_id)
        return {"destination": found}


class AnyCommand(Filter):
    """A message that begins like a command, known or not."""

    async def __call__(self, _message: Message, stage: Stage) -> bool:
        return stage.is_command


class SharedChat(Filter):
    """What a person chose in Telegram's list of chats, as `shared`."""

    async def __call__(self, message: Message) -> bool | dict[str, Any]:
        return {"shared": message.chat_shared} if message.chat_shared is not None else False


class ChannelPost(Filter):
    """A forwarded post of a channel, as `origin`: of no other chat Telegram says where from."""

    async def __call__(self, message: Message) -> bool | dict[str, Any]:
        origin = message.forward_origin
        return {"origin": origin} if isinstance(origin, MessageOriginChannel) else False


class Says(Filter):
    """A button of a reply keyboard: it types its text."""

    def __init__(self, text: str) -> None:
        self._text = text

    async def __call__(self, message: Message) -> bool:
        return message.text == self._text


class PlainText(Filter):
    """A message of text that is no command, as `text`; None for a picture, a sticker, …"""

    async def __call__(self, message: Message, stage: Stage) -> bool | dict[str, Any]:
        if stage.is_command:
            return False
        return {"text": message.text}
