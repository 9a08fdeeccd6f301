"""Taps on inline buttons: from the tap to the bot's answer."""

from dataclasses import dataclass
from typing import Any

from sandbox.telegram.model import Message, User

Json = dict[str, Any]

# Bots may answer a press for so long; later the server says the query is too old.
ANSWER_SECONDS = 150.0
# Of an older message a bot only learns the id and a date of 0.
ACCESSIBLE_SECONDS = 48 * 3600


@dataclass(frozen=True, slots=True)
class Notice:
    """What the person saw after a tap: a toast, an alert, a page to open, or just no spinner."""

    text: str
    is_alert: bool = False
    url: str | None = None


@dataclass(eq=False, slots=True)
class Press:
    id: str
    bot_id: int
    user: User
    message: Message
    data: str
    expires_at: float
    notice: Notice | None = None
    answers: int = 0

    def as_update(self, now: int) -> Json:
        message = self.message
        if now - message.date > ACCESSIBLE_SECONDS:
            shown: Json = {"chat": message.chat.as_json(), "message_id": message.id, "date": 0}
        else:
            shown = message.as_json()
        return {
            "id": self.id,
            "from": self.user.as_json(),
            "message": shown,
            "chat_instance": str(7_000_000_000_000_000_000 + abs(message.chat.id)),
            "data": self.data,
        }
