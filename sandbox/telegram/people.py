"""People of the sandbox: what they do in Telegram and what they see there."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from sandbox.telegram import membership
from sandbox.telegram.bots import Bot
from sandbox.telegram.entities import MAX_TEXT, typed_by_person, utf16_length
from sandbox.telegram.events import PATIENCE_SEC
from sandbox.telegram.model import GROUP_ANONYMOUS_BOT, PRESENT, Chat, Json, Message, Topic, User
from sandbox.telegram.presses import Notice, Press
from sandbox.telegram.seen import Button, Seen, find_button

if TYPE_CHECKING:
    from sandbox.telegram.world import World


class Person:
    """An account of a person. Everything done here reaches the bots as real updates would."""

    def __init__(self, world: "World", user: User) -> None:
        self.world = world
        self.user = user
        self._views: dict[tuple[str, int | None], ChatView] = {}

    @property
    def id(self) -> int:
        return self.user.id

    def private(self, bot: Bot) -> "ChatView":
        return self._view(self.world.private_chat(bot, self.user), None)

    def at(self, chat: Chat, topic: Topic | None = None) -> "ChatView":
        """This person's view of a group, a channel or one topic of a forum."""
        return self._view(chat, topic.id if topic else None)

    def _view(self, chat: Chat, thread_id: int | None) -> "ChatView":
        key = chat.key, thread_id
        if key not in self._views:
            self._views[key] = ChatView(self, chat, thread_id)
        return self._views[key]

    def block(self, bot: Bot) -> None:
        membership.set_blocked(
            self.world, self.world.private_chat(bot, self.user), bot, blocked=True
        )

    def unblock(self, bot: Bot) -> None:
        chat = self.world.private_chat(bot, self.user)
        membership.set_blocked(self.world, chat, bot, blocked=False)

    def add_bot(self, chat: Chat, bot: Bot) -> None:
        membership.admit_bot(self.world, chat, bot, self.user)

    def follow_group_link(self, bot: Bot, payload: str, chat: Chat) -> Message:
        """Open t.me/bot?startgroup=payload and choose this group: the app adds and starts it."""
        if chat.status_of(bot.id) not in PRESENT:
            self.add_bot(chat, bot)
        return self.at(chat).send(f"/start@{bot.username} {payload}")

    def kick_bot(self, chat: Chat, bot: Bot) -> None:
        membership.set_bot_status(self.world, chat, bot, self.user, "kicked")

    def promote_bot(self, chat: Chat, bot: Bot) -> None:
        membership.set_bot_status(self.world, chat, bot, self.user, "administrator")

    def demote_bot(self, chat: Chat, bot: Bot) -> None:
        membership.set_bot_status(self.world, chat, bot, self.user, "member")

    def mute_bot(self, chat: Chat, bot: Bot) -> None:
        membership.restrict_bot(self.world, chat, bot, self.user)

    def close_group(self, chat: Chat) -> None:
        """Only administrators may write from now on; bots are not told."""
        chat.is_closed = True

    def join(self, chat: Chat, *, as_admin: bool = False) -> None:
        self.world.join(chat, self.user, "administrator" if as_admin else "member")

    def leave(self, chat: Chat, *, is_told: bool = True) -> None:
        """Groups tell it in a service message, very large ones and channels do not."""
        self.world.join(chat, self.user, "left")
        if is_told and chat.type != "channel":
            self.world.note(chat, self.user, left_chat_member=self.user.as_json())

    def hide(self) -> None:
        """Forwards of this person's messages tell no more than a name."""
        self.user.is_hidden = True

    def hide_members(self, chat: Chat) -> None:
        """Who is in this group is shown to its administrators only; bots are not told."""
        chat.hides_members = True

    def go_anonymous(self, chat: Chat) -> None:
        """From now on this administrator writes in the name of the group."""
        chat.members[self.id].is_anonymous = True

    def close_topic(self, chat: Chat, topic: Topic) -> None:
        topic.is_closed = True
        self.world.note(chat, self.user, topic, forum_topic_closed={})

    def reopen_topic(self, chat: Chat, topic: Topic) -> None:
        topic.is_closed = False
        self.world.note(chat, self.user, topic, forum_topic_reopened={})

    def rename_topic(self, chat: Chat, topic: Topic, name: str) -> None:
        """The message that opened it keeps the old name."""
        topic.name = name
        self.world.note(chat, self.user, topic, forum_topic_edited={"name": name})

    def delete_topic(self, chat: Chat, topic: Topic) -> None:
        """Nobody is told; the messages in it are gone."""
        topic.is_deleted = True
        for message in self.at(chat, topic).messages:
            self.world.delete(message.message)

    def migrate(self, chat: Chat) -> Chat:
        return membership.migrate(self.world, chat, self.user)


class ChatView:
    """A chat (or a topic) as one person uses it."""

    def __init__(self, person: Person, chat: Chat, thread_id: int | None) -> None:
        self.person = person
        self.world = person.world
        self.chat = chat
        self.thread_id = thread_id
        self._since = 0

    @property
    def id(self) -> int:
        return self.chat.id

    # Doing

    def send(
        self,
        text: str,
        *,
        reply_to: "Message | Seen | None" = None,
        forward_from: Json | None = None,
    ) -> Message:
        """Type a text. Typing in a private chat starts it; in a blocked one, unblocks it."""
        if utf16_length(text) > MAX_TEXT:
            raise ValueError(f"a message has at most {MAX_TEXT} characters")
        typed = typed_by_person(text)
        message = self._new_message(text=typed.text, entities=typed.entities)
        if forward_from is not None:
            message.extra["forward_origin"] = forward_from
        if reply_to is not None:
            message.reply_to = reply_to if isinstance(reply_to, Message) else reply_to.message
        return self.world.publish(message)

    def send_photo(self, caption: str) -> Message:
        photo = {"file_id": "f", "file_unique_id": "u", "width": 9, "height": 9}
        return self.world.publish(self._new_message(extra={"photo": [photo], "caption": caption}))

    def start(self, payload: str = "") -> Message:
        """Press START, or follow a link like t.me/bot?start=payload."""
        return self.send(f"/start {payload}".strip())

    def edit(self, message: Message, text: str) -> None:
        typed = typed_by_person(text)
        self.mark()
        message.text, message.entities = typed.text, typed.entities
        self.world.changed(message)

    def delete(self, message: "Message | Seen") -> None:
        """Bots are never told of deletions."""
        self.world.delete(message if isinstance(message, Message) else message.message)

    def forward(self, message: "Message | Seen") -> Message:
        """Forward a message from anywhere; a channel's post names the channel."""
        source = message if isinstance(message, Message) else message.message
        return self.send(source.words, forward_from=_origin(source))

    def click(self, button: str, message: "Message | Seen | None" = None) -> Press | Message:
        """Tap the button with this text or callback data on the newest message that has it.

        A button of a reply keyboard types its text. Returns the press, or that message.
        """
        found = find_button([message] if message is not None else self.messages, button)
        if found is None:
            raise LookupError(f"no button {button!r} in this chat\n{self.transcript()}")
        seen, tapped = found
        if tapped.data is not None:
            return self.press(tapped.data, seen)
        if tapped.url is not None:
            raise LookupError(f"{button!r} opens {tapped.url}: the bot hears nothing of it")
        return self.send(tapped.text)

    def press(self, data: str, message: "Message | Seen") -> Press:
        """Send callback data as a modified app can, whatever the message's buttons say."""
        target = message if isinstance(message, Message) else message.message
        if target.sender is None or not target.sender.is_bot:
            raise LookupError("only messages of bots have buttons")
        self.mark()
        bot = self.world.bot_of(target.sender.id)
        return self.world.press(bot, self.person.user, target, data)

    def share_chat(self, chat: Chat, button: str) -> Message:
        """Answer a `request_chat` button of the reply keyboard with a chat."""
        found = find_button(self.messages, button)
        if found is None or found[1].request_chat is None:
            raise LookupError(f"no request_chat button {button!r}\n{self.transcript()}")
        shared: Json = {"request_id": found[1].request_chat["request_id"], "chat_id": chat.id}
        if found[1].request_chat.get("request_title"):
            shared["title"] = chat.title
        message = self._new_message(is_service=True, extra={"chat_shared": shared})
        return self.world.publish(message)

    def mark(self) -> None:
        """From here on `wait_for` looks only at what comes or changes later."""
        self._since = self.world.events.last_seq

    def _new_message(self, **fields: object) -> Message:
        self._enter()
        self.mark()
        member = self.chat.members.get(self.person.id)
        sender: User | None = self.person.user
        sender_chat = None
        if self.chat.type == "channel":
            sender, sender_chat = None, self.chat
        elif member is not None and member.is_anonymous:
            sender, sender_chat = GROUP_ANONYMOUS_BOT, self.chat
        return self.world.new_message(
            self.chat, sender, sender_chat=sender_chat, thread_id=self.thread_id, **fields
        )

    def _enter(self) -> None:
        if self.chat.bot_id is not None:
            self.chat.is_started = True
            bot = self.world.bot_of(self.chat.bot_id)
            membership.set_blocked(self.world, self.chat, bot, blocked=False)
        elif self.chat.status_of(self.person.id) not in PRESENT:
            raise PermissionError(f"{self.person.user.first_name} is not in {self.chat.title}")

    # Seeing

    @property
    def messages(self) -> list[Seen]:
        """Everything in the chat now, oldest first; deleted messages are gone."""
        living = self.chat.living()
        return [Seen(m) for m in living if self.thread_id in (None, m.thread_id)]

    @property
    def last(self) -> Seen:
        """The newest message somebody else wrote here."""
        for seen in reversed(self.messages):
            if not self._is_mine(seen):
                return seen
        raise LookupError("nobody else wrote here yet")

    @property
    def buttons(self) -> list[list[Button]]:
        return self.last.keyboard

    @property
    def notices(self) -> list[Notice]:
        """What taps of this person in this chat were answered with, in order of the taps."""
        presses = self.world.presses.values()
        return [
            press.notice
            for press in presses
            if press.notice and press.user is self.person.user and press.message.chat is self.chat
        ]

    def _is_mine(self, seen: Seen) -> bool:
        return seen.message.is_from(self.person.id)

    def transcript(self) -> str:
        return "\n".join(seen.as_line() for seen in self.messages)

    async def wait_for(
        self, expected: str | Callable[[Seen], object], timeout: float = PATIENCE_SEC
    ) -> Seen:
        """The newest message that fits and that came or changed since this person's last action.

        `expected` is a part of its text or a test of it. Raises TimeoutError with what the chat
        reads instead.
        """

        def found() -> Seen | None:
            fresh = (s for s in reversed(self.messages) if s.message.changed_seq > self._since)
            return next((s for s in fresh if not self._is_mine(s) and s.fits(expected)), None)

        try:
            return await self.world.events.signal.until(found, timeout)
        except TimeoutError:
            raise TimeoutError(
                f"no message with {expected!r} in {timeout} s; the chat reads:\n"
                f"{self.transcript()}"
            ) from None

    async def wait_for_notice(self, press: Press, timeout: float = PATIENCE_SEC) -> Notice:
        return await self.world.events.signal.until(lambda: press.notice, timeout)


def _origin(message: Message) -> Json:
    if message.chat.type == "channel":
        return {
            "type": "channel",
            "chat": message.chat.as_json(),
            "message_id": message.id,
            "date": message.date,
        }
    if message.sender_chat is not None:
        chat = message.sender_chat.as_json()
        return {"type": "chat", "sender_chat": chat, "date": message.date}
    if message.sender is not None and message.sender.is_hidden:
        name = message.sender.first_name
        return {"type": "hidden_user", "sender_user_name": name, "date": message.date}
    user = message.sender.as_json() if message.sender else {}
    return {"type": "user", "sender_user": user, "date": message.date}
