"""The state of the Telegram in a box: who there is, what was said, who is told."""

import asyncio
import itertools
from typing import Any

from sandbox.clock import SandboxClock
from sandbox.telegram import membership
from sandbox.telegram.bots import Bot
from sandbox.telegram.events import PATIENCE_SEC, EventStream
from sandbox.telegram.faults import Fault, Faults, Kind
from sandbox.telegram.files import FileStore
from sandbox.telegram.history import History
from sandbox.telegram.limits import FloodLimits
from sandbox.telegram.model import (
    GENERAL_TOPIC,
    Chat,
    ChatType,
    Json,
    Member,
    Message,
    Status,
    Topic,
    User,
    unix,
)
from sandbox.telegram.people import Person
from sandbox.telegram.presses import ANSWER_SECONDS, Notice, Press
from sandbox.telegram.routing import listeners, update_kind
from sandbox.telegram.updates import UpdateQueue

# Ids of people outgrew 32 bits; a bot that stores them in an INTEGER column must fail here.
_FIRST_USER_ID = 5_000_000_001
_FIRST_BOT_ID = 7_000_000_001
_FIRST_GROUP_ID = 4_000_000_001
_SUPERGROUP_BASE = 1_000_000_000_000


class World:
    """One Telegram with its own clock. Everything here is synchronous and in memory."""

    def __init__(
        self, clock: SandboxClock | None = None, limits: FloodLimits | None = None
    ) -> None:
        self.clock = clock or SandboxClock()
        self.limits = limits or FloodLimits()
        self.faults = Faults()
        self.history = History()
        self.events = EventStream()
        self.files = FileStore()
        self.bots: dict[str, Bot] = {}
        self.users: dict[int, User] = {}
        self.people: dict[int, Person] = {}
        self.chats: dict[int, Chat] = {}
        self.presses: dict[str, Press] = {}
        self._private: dict[tuple[int, int], Chat] = {}
        self._user_ids = itertools.count(_FIRST_USER_ID)
        self._bot_ids = itertools.count(_FIRST_BOT_ID)
        self._group_ids = itertools.count(_FIRST_GROUP_ID)
        # Private chats and basic groups share one sequence of message ids.
        self._common_ids = itertools.count(1)
        self._press_ids = itertools.count(1)

    def unix_now(self) -> int:
        return unix(self.clock.now())

    def iso_now(self) -> str:
        return self.clock.now().isoformat()

    # Accounts

    def add_bot(self, token: str, username: str, name: str = "Бот") -> Bot:
        """The id is the number in the token, as with real ones."""
        number, _, _ = token.partition(":")
        bot_id = int(number) if number.isdigit() else next(self._bot_ids)
        user = User(bot_id, name, username=username, is_bot=True)
        # Update ids of a real bot start at some large number, not at 1.
        queue = UpdateQueue(self.clock, 100_000_000, self.history.signal)
        bot = self.bots[token] = Bot(user, token, queue)
        self.users[bot_id] = user
        return bot

    def user(
        self,
        name: str,
        *,
        id: int | None = None,
        last_name: str | None = None,
        username: str | None = None,
        language: str | None = "ru",
    ) -> Person:
        user = User(id or next(self._user_ids), name, last_name, username, language)
        self.users[user.id] = user
        person = self.people[user.id] = Person(self, user)
        return person

    def bot_of(self, bot_id: int) -> Bot:
        return next(bot for bot in self.bots.values() if bot.id == bot_id)

    # Chats

    def private_chat(self, bot: Bot, user: User) -> Chat:
        chat = self._private.get((bot.id, user.id))
        if chat is None:
            chat = Chat(user.id, "private", user=user, username=user.username, bot_id=bot.id)
            self._private[bot.id, user.id] = chat
        return chat

    def group(self, title: str, creator: Person, *others: Person | Bot) -> Chat:
        return self._new_chat("group", title, creator, others)

    def supergroup(
        self,
        title: str,
        creator: Person,
        *others: Person | Bot,
        is_forum: bool = False,
        username: str | None = None,
    ) -> Chat:
        chat = self._new_chat("supergroup", title, creator, others)
        chat.username = username
        if is_forum:
            self._make_forum(chat)
        return chat

    def _make_forum(self, chat: Chat) -> None:
        chat.is_forum = True
        chat.topics.setdefault(GENERAL_TOPIC, Topic(GENERAL_TOPIC, "General"))

    def channel(
        self, title: str, creator: Person, *others: Person | Bot, username: str | None = None
    ) -> Chat:
        chat = self._new_chat("channel", title, creator, others)
        chat.username = username
        return chat

    def _new_chat(
        self, kind: ChatType, title: str, creator: Person, others: tuple[Person | Bot, ...]
    ) -> Chat:
        number = next(self._group_ids)
        chat = Chat(-number if kind == "group" else -_SUPERGROUP_BASE - number, kind, title)
        self.chats[chat.id] = chat
        self.join(chat, creator.user, "creator")
        for other in others:
            if isinstance(other, Bot):
                membership.admit_bot(self, chat, other, creator.user)
            else:
                self.join(chat, other.user, "member")
        return chat

    def new_supergroup_like(self, chat: Chat) -> Chat:
        number = next(self._group_ids)
        twin = Chat(-_SUPERGROUP_BASE - number, "supergroup", chat.title)
        twin.members = dict(chat.members)
        self.chats[twin.id] = twin
        return twin

    def join(self, chat: Chat, user: User, status: Status) -> Member:
        member = chat.members[user.id] = Member(user, status)
        return member

    def topic(self, chat: Chat, name: str, creator: Person) -> Topic:
        """A topic is named by the id of the service message that opened it."""
        self._make_forum(chat)
        note = self.note(chat, creator.user, forum_topic_created={"name": name, "icon_color": 1})
        topic = chat.topics[note.id] = Topic(note.id, name)
        note.thread_id = note.id
        return topic

    def find_chat(self, bot: Bot, chat_id: int) -> Chat | None:
        return self._private.get((bot.id, chat_id)) or self.chats.get(chat_id)

    def chats_with_id(self, chat_id: int) -> list[Chat]:
        private = [chat for (_, user_id), chat in self._private.items() if user_id == chat_id]
        return [self.chats[chat_id]] if chat_id in self.chats else private

    # Messages

    def next_message_id(self, chat: Chat) -> int:
        if not chat.has_own_ids:
            return next(self._common_ids)
        chat.last_own_id += 1
        return chat.last_own_id

    def new_message(self, chat: Chat, sender: User | None, **fields: Any) -> Message:
        """A message that exists but was not yet said; `publish` says it."""
        return Message(self.next_message_id(chat), chat, self.unix_now(), sender, **fields)

    def publish(self, message: Message) -> Message:
        message.chat.messages[message.id] = message
        self.record(message, "message")
        self._tell_bots(message)
        return message

    def note(
        self, chat: Chat, sender: User | None, topic: Topic | None = None, **extra: Any
    ) -> Message:
        """A service message, such as "joined the group"."""
        thread_id = topic.id if topic else None
        message = self.new_message(chat, sender, is_service=True, thread_id=thread_id, extra=extra)
        return self.publish(message)

    def changed(self, message: Message) -> None:
        message.edited_at = self.unix_now()
        self.record(message, "edited")
        self._tell_bots(message)

    def delete(self, message: Message) -> None:
        message.is_deleted = True
        self.record(message, "deleted")

    def record(self, message: Message, kind: str) -> None:
        event = self.emit(message.chat, kind, {"message": message.as_seen()})
        message.changed_seq = event

    def emit(self, chat: Chat, kind: str, data: Json) -> int:
        return self.events.append(at=self.iso_now(), chat=chat.key, kind=kind, data=data).seq

    def _tell_bots(self, message: Message) -> None:
        if message.sender is not None and message.sender.id in {b.id for b in self.bots.values()}:
            return
        for bot in listeners(message, self.bots.values()):
            if message.sender is not None:
                bot.known_users.add(message.sender.id)
            bot.updates.add(update_kind(message), message.as_json())

    # Presses

    def press(self, bot: Bot, user: User, message: Message, data: str) -> Press:
        press_id = str((bot.id << 32) + next(self._press_ids))
        expires_at = self.clock.monotonic() + ANSWER_SECONDS
        press = Press(press_id, bot.id, user, message, data, expires_at)
        self.presses[press_id] = press
        bot.known_users.add(user.id)
        pressed = {"user_id": user.id, "message_id": message.id, "data": data}
        self.emit(message.chat, "pressed", pressed)
        bot.updates.add("callback_query", press.as_update(self.unix_now()))
        return press

    def answer_press(self, press: Press, notice: Notice) -> None:
        """Only the first answer is shown; the app stopped waiting with it."""
        press.answers += 1
        if press.notice is None:
            press.notice = notice
            whose = {"user_id": press.user.id, "message_id": press.message.id}
            shown = {"text": notice.text, "is_alert": notice.is_alert, "url": notice.url}
            self.emit(press.message.chat, "notice", whose | shown)

    # For tests and checkers

    def fault(
        self,
        kind: Kind,
        method: str | None = None,
        chat_id: int | None = None,
        times: int | None = None,
        **params: Any,
    ) -> Fault:
        return self.faults.add(Fault(kind, method, chat_id, times, **params))

    def clear_faults(self) -> None:
        self.faults.clear()

    def inject_update(self, body: Json, bot: Bot | None = None) -> int:
        """Queue a raw update, poison included; returns its update_id."""
        return (bot or next(iter(self.bots.values()))).updates.inject(body)

    def sent(self, chat_id: int) -> list[Message]:
        """Every message a bot sent to the chat, deleted ones too."""
        bots = {bot.id for bot in self.bots.values()}
        found = [m for chat in self.chats_with_id(chat_id) for m in chat.messages.values()]
        return [m for m in found if not m.is_service and m.sender and m.sender.id in bots]

    async def settled(self, bot: Bot, timeout: float = PATIENCE_SEC, quiet: float = 0.05) -> None:
        """Wait until the bot confirmed every update and has been silent for `quiet` seconds."""
        history = self.history
        async with asyncio.timeout(timeout):
            while (left := quiet - history.seconds_since_activity()) > 0 or self._is_busy(bot):
                await history.signal.until(lambda: not self._is_busy(bot), timeout)
                await asyncio.sleep(max(left, 0))

    def _is_busy(self, bot: Bot) -> bool:
        return bool(bot.updates.pending) or self.history.is_busy(bot.id)

    async def polled(self, bot: Bot, timeout: float = PATIENCE_SEC) -> None:
        """Wait until the bot has a long poll open, that is: until a worker is up."""
        await bot.updates.signal.until(lambda: bot.updates.is_polled, timeout)
