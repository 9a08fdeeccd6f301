"""A message as a person sees it on the screen."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sandbox.telegram.model import Message

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Button:
    text: str
    data: str | None = None
    url: str | None = None
    request_chat: Json | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """Looks at the living message: an edit shows up here too."""

    message: Message

    @property
    def id(self) -> int:
        return self.message.id

    @property
    def text(self) -> str:
        return as_read(self.message.words)

    @property
    def entities(self) -> list[Json]:
        return self.message.entities

    @property
    def is_edited(self) -> bool:
        return self.message.edited_at is not None

    @property
    def is_silent(self) -> bool:
        return self.message.is_silent

    @property
    def document(self) -> Json | None:
        return self.message.extra.get("document")

    @property
    def photo(self) -> list[Json] | None:
        return self.message.extra.get("photo")

    @property
    def keyboard(self) -> list[list[Button]]:
        """Rows of buttons: under the message, or the reply keyboard that came with it."""
        markup = self.message.markup or {}
        rows = markup.get("inline_keyboard") or markup.get("keyboard") or []
        return [[_button(raw) for raw in row] for row in rows]

    @property
    def button_texts(self) -> list[list[str]]:
        return [[button.text for button in row] for row in self.keyboard]

    @property
    def button_data(self) -> list[str]:
        return [button.data for row in self.keyboard for button in row if button.data is not None]

    def fits(self, expected: str | Callable[["Seen"], object]) -> bool:
        return expected in self.text if isinstance(expected, str) else bool(expected(self))

    def as_line(self) -> str:
        sender = self.message.sender_chat or self.message.sender
        name = getattr(sender, "first_name", None) or getattr(sender, "title", "?")
        rows = "".join(
            "\n    " + " ".join(f"[{button.text}]" for button in row) for row in self.keyboard
        )
        media = f"<{self.document['file_name']}> " if self.document else ""
        media += "<photo> " if self.photo else ""
        return f"{name}: {media}{self.text}{rows}"


def as_read(text: str) -> str:
    """Nobody sees whether a space may break the line."""
    return text.replace("\N{NO-BREAK SPACE}", " ")


def _button(raw: Json) -> Button:
    text = as_read(raw["text"])
    return Button(text, raw.get("callback_data"), raw.get("url"), raw.get("request_chat"))


def find_button(messages: "Iterable[Message | Seen]", wanted: str) -> tuple[Seen, Button] | None:
    """On the newest of the messages that has a button with this text or callback data."""
    seen = [m if isinstance(m, Seen) else Seen(m) for m in messages]
    for message in reversed(seen):
        for row in message.keyboard:
            for button in row:
                if wanted in (button.data, button.text):
                    return message, button
    return None
