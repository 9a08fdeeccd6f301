"""Telegram's answers as three facts a sender can act on.

SendError
├── NotSent      certainly not delivered; may be tried again after `retry_after`
├── Refused      certainly not delivered, and trying the same again is useless
└── Uncertain    the bytes left and no answer came: it may or may not have been delivered

Classified by phase and by the raw `ok` flag, never by aiogram's exception class.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from aiogram import Bot
from aiogram.methods import SendDocument, SendMessage, SendPhoto, TelegramMethod

from bot.markdown import to_plain
from bot.telegram import NoAnswer, RawAnswer, TelegramSession, parameters_of, seconds_to_wait

DEFAULT_FLOOD_PAUSE_SEC = 5.0
# What follows the digits must be there too: a number cut in the middle is another number.
_MESSAGE_ID = re.compile(r'"message_id"\s*:\s*(\d+)(?=\D)')
_SAYS_OK = re.compile(r'"ok"\s*:\s*true')


class SendError(Exception):
    """A call did not end with Telegram's `ok`."""


class NotSent(SendError):
    def __init__(
        self, reason: str, *, status: int | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(reason)
        self.status = status
        self.retry_after = retry_after


class Refused(SendError):
    """Telegram's own description says why: 403 blocked, 400 chat not found, not modified …"""

    def __init__(self, status: int, description: str, *, migrated_to: int | None = None) -> None:
        super().__init__(f"{status} {description}")
        self.status = status
        self.description = description
        self.migrated_to = migrated_to

    def says(self, *fragments: str) -> bool:
        return any(fragment in self.description.lower() for fragment in fragments)


class Uncertain(SendError):
    pass


class Courier:
    """Performs single Bot API calls and tells what became of them."""

    def __init__(self, bot: Bot, session: TelegramSession) -> None:
        self._bot = bot
        self._session = session

    async def carry(
        self, method: TelegramMethod[Any], *, leaving: Callable[[], None] | None = None
    ) -> int | None:
        """Perform the call; returns the id of the message it made or edited, if it names one.

        Raises NotSent, Refused or Uncertain.
        """
        try:
            answer = await self._session.post(self._bot, method, leaving=leaving)
        except NoAnswer as error:
            raise (Uncertain if error.left else NotSent)(str(error)) from error
        return interpret(answer)

    def opens_in(self, _chat_id: int) -> float:
        """Seconds until something may appear in this chat, as far as is known."""
        return 0.0


Sending = SendMessage | SendPhoto | SendDocument
"""The calls that a screen becomes when it is a new message."""


def mended(method: Sending, error: Refused) -> Sending | None:
    """The one other way to deliver the same, None when there is none."""
    if error.migrated_to is not None:
        return method.model_copy(update={"chat_id": error.migrated_to, "message_thread_id": None})
    if method.parse_mode is not None and error.says("can't parse entities"):
        field = "text" if isinstance(method, SendMessage) else "caption"
        plain = to_plain(getattr(method, field) or "")
        return method.model_copy(update={field: plain, "parse_mode": None})
    if method.message_thread_id is not None and error.says("thread not found", "topic_"):
        return method.model_copy(update={"message_thread_id": None})
    # Whatever is wrong with the picture, or with pictures here. Blocked and thrown out is 403.
    if isinstance(method, SendPhoto) and error.status != HTTPStatus.FORBIDDEN:
        return _without_picture(method)
    return None


def _without_picture(method: SendPhoto) -> SendMessage:
    """A chat may forbid pictures, or Telegram dislike this one: the words go all the same."""
    shared = method.model_dump(include=SendMessage.model_fields.keys() & SendPhoto.model_fields)
    return SendMessage(**shared, text=method.caption or "")


def interpret(answer: RawAnswer) -> int | None:
    """The message id of a success (None where the answer has none), or a SendError."""
    try:
        data = json.loads(answer.body)
    except ValueError:
        return _interpret_garbage(answer)
    # Whatever is JSON and says nothing of `ok` comes from something in between.
    if not isinstance(data, dict) or not isinstance(data.get("ok"), bool):
        return _interpret_garbage(answer)
    if data["ok"]:
        result = data.get("result")
        return _message_id(result.get("message_id")) if isinstance(result, dict) else None
    raise _failure(_number(data.get("error_code")) or answer.status, data)


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) else None


def _message_id(value: Any) -> int | None:
    """None where it is none: the message is there all the same."""
    return value if isinstance(value, int) and 0 < value < 2**63 else None


def _failure(status: int, data: dict[str, Any]) -> SendError:
    description = str(data.get("description") or "")
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        pause = seconds_to_wait(data) or DEFAULT_FLOOD_PAUSE_SEC
        return NotSent("429", status=status, retry_after=pause)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Uncertain(f"{status} {description}")
    if status == HTTPStatus.UNAUTHORIZED:
        return NotSent("401 Telegram refuses the token", status=status)
    moved = _number(parameters_of(data).get("migrate_to_chat_id"))
    return Refused(status, description, migrated_to=moved)


def _interpret_garbage(answer: RawAnswer) -> int | None:
    """A body that is not Telegram's: a proxy's page or JSON, or an answer cut in the middle."""
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        raise NotSent("429", status=answer.status, retry_after=DEFAULT_FLOOD_PAUSE_SEC)
    if _SAYS_OK.search(answer.body):
        found = _MESSAGE_ID.search(answer.body)
        return _message_id(int(found.group(1))) if found else None
    if HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        raise NotSent(f"{answer.status} without a readable body", status=answer.status)
    raise Uncertain(f"{answer.status} without a readable body")
