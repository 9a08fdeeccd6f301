"""A person who talks to the bot over the control API, and the conversation as text."""

import asyncio
from collections.abc import Callable, Iterator
from textwrap import indent
from typing import Any

import aiohttp

from sandbox.telegram.events import PATIENCE_SEC
from sandbox.telegram.people import ChatView
from sandbox.telegram.seen import as_read

Json = dict[str, Any]

_SAID = {"text", "document", "photo"}
"""What a message has that somebody said; any other tells what happened to the chat."""


class Transcript:
    """Tells the events of chats as somebody who looks at the screen would."""

    def __init__(self) -> None:
        self._messages: dict[tuple[str, int], Json] = {}

    def tell(self, event: Json) -> str | None:
        """The event in words; None when there was nothing to see."""
        chat, data = event["chat"], event["data"]
        match event["kind"]:
            case "message" | "edited" as kind:
                message = data["message"]
                self._messages[chat, message["message_id"]] = message
                if not message.keys() & _SAID:
                    return None
                return _told(message, is_edited=kind == "edited")
            case "deleted":
                return f"(сообщение удалено: {words(data['message'])})"
            case "pressed":
                pressed = self._messages.get((chat, data["message_id"]), {})
                return f"(нажата кнопка [{_caption(pressed, data['data'])}])"
            case "notice" if data["text"]:
                return f"(всплыло: {data['text']})"
            case _:
                return None


def words(message: Json) -> str:
    """A text, or what stands under a picture or a document."""
    return str(message.get("text") or message.get("caption") or "")


class Visitor:
    """A person in one chat, by way of HTTP, and what stands on the screen there."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        telegram: str,
        view: ChatView,
        say: Callable[[str], None],
    ) -> None:
        self._session = session
        self._control = f"{telegram}/_sandbox"
        self._who = {"user_id": str(view.person.id), "chat_id": str(view.id)}
        if view.thread_id is not None:
            self._who["thread_id"] = str(view.thread_id)
        self._chat = view.chat.key
        self._say = say
        self._transcript = Transcript()
        self._seen = 0
        self._screen: dict[int, Json] = {}

    async def send(self, text: str) -> None:
        await self._post("send", text=text)

    async def click(self, prefix: str) -> None:
        """Tap the newest button whose callback data starts with `prefix`."""
        for _, message in sorted(self._screen.items(), reverse=True):
            for button in _buttons(message):
                if button.get("callback_data", "").startswith(prefix):
                    await self._post("click", button=button["callback_data"])
                    return
        raise LookupError(f"на экране нет кнопки {prefix}")

    async def wait_for(self, part: str, timeout: float = PATIENCE_SEC) -> str:
        """The text of the bot's next message, new or edited, that has `part` in it."""
        try:
            async with asyncio.timeout(timeout):
                while True:
                    for event in await self._events():
                        text = self._look_at(event)
                        if text is not None and part in text:
                            return text
        except TimeoutError:
            raise TimeoutError(f"за {timeout:g} с бот не показал «{part}»") from None

    async def texts(self) -> list[str]:
        """What can be read in the chat now."""
        chat = await self._get("chat", self._who)
        return [words(message) for message in chat["messages"]]

    async def _events(self) -> list[Json]:
        """What happened since the last event looked at; waits a second when that is nothing."""
        query = {"after": str(self._seen), "chat": self._chat, "timeout": "1"}
        answer = await self._get("events", query)
        events: list[Json] = answer["events"]
        return events

    def _look_at(self, event: Json) -> str | None:
        """Tell the event; the text when it is one of the bot's."""
        self._seen = event["seq"]
        if (told := self._transcript.tell(event)) is not None:
            self._say(told)
        if event["kind"] not in ("message", "edited"):
            return None
        message = event["data"]["message"]
        self._screen[message["message_id"]] = message
        is_bots = message.get("from", {}).get("is_bot")
        return as_read(words(message)) if is_bots else None

    async def _get(self, what: str, query: dict[str, str]) -> Json:
        async with self._session.get(f"{self._control}/{what}", params=query) as response:
            response.raise_for_status()
            answer: Json = await response.json()
            return answer

    async def _post(self, deed: str, **details: str) -> None:
        body = self._who | details
        async with self._session.post(f"{self._control}/{deed}", json=body) as response:
            response.raise_for_status()


def _told(message: Json, *, is_edited: bool) -> str:
    author = message.get("from", {}).get("first_name", "?")
    body = words(message) or "…"
    if is_edited:
        author += " (то же сообщение)"
    rows = ["  ".join(f"[{button['text']}]" for button in row) for row in _rows(message)]
    return indent("\n".join([f"{author}: {body}", *rows]), "  ").lstrip()


def _caption(message: Json, data: str) -> str:
    return next((b["text"] for b in _buttons(message) if b.get("callback_data") == data), data)


def _buttons(message: Json) -> Iterator[Json]:
    for row in _rows(message):
        yield from row


def _rows(message: Json) -> list[list[Json]]:
    markup = message.get("reply_markup") or {}
    rows: list[list[Json]] = markup.get("inline_keyboard") or markup.get("keyboard") or []
    return rows
