"""Users, chats and messages of the sandbox, and how the Bot API shows them."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Json = dict[str, Any]
ChatType = Literal["private", "group", "supergroup", "channel"]
Status = Literal["creator", "administrator", "member", "restricted", "left", "kicked"]

PRESENT: frozenset[Status] = frozenset({"creator", "administrator", "member", "restricted"})
IN_CHARGE: frozenset[Status] = frozenset({"creator", "administrator"})
GENERAL_TOPIC = 1


@dataclass(eq=False, slots=True)
class User:
    id: int
    first_name: str
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = "ru"
    is_bot: bool = False
    is_deactivated: bool = False
    is_hidden: bool = False

    def as_json(self) -> Json:
        optional = {"last_name": self.last_name, "username": self.username}
        if not self.is_bot:
            optional["language_code"] = self.language_code
        return {
            "id": self.id,
            "is_bot": self.is_bot,
            "first_name": self.first_name,
            **{key: value for key, value in optional.items() if value},
        }


# Anonymous administrators write under this account; it is the same in every group.
GROUP_ANONYMOUS_BOT = User(1087968824, "Group", username="GroupAnonymousBot", is_bot=True)


@dataclass(eq=False, slots=True)
class Member:
    user: User
    status: Status
    is_anonymous: bool = False
    can_send: bool = True
    can_delete: bool = True


@dataclass(eq=False, slots=True)
class Topic:
    id: int
    name: str
    is_closed: bool = False
    is_deleted: bool = False


@dataclass(eq=False)
class Chat:
    """`bot_id` is set for a private chat: there is one per pair of a bot and a person."""

    id: int
    type: ChatType
    title: str | None = None
    username: str | None = None
    is_forum: bool = False
    allows_photos: bool = True
    user: User | None = None
    bot_id: int | None = None
    is_started: bool = False
    is_blocked: bool = False
    is_deleted: bool = False
    is_closed: bool = False
    hides_members: bool = False
    migrated_to: "Chat | None" = None
    members: dict[int, Member] = field(default_factory=dict)
    topics: dict[int, Topic] = field(default_factory=dict)
    messages: dict[int, "Message"] = field(default_factory=dict)
    last_own_id: int = 0

    @property
    def key(self) -> str:
        """Names the chat in events: the id alone is ambiguous for a person with two bots."""
        return f"{self.id}" if self.bot_id is None else f"{self.bot_id}:{self.id}"

    @property
    def has_own_ids(self) -> bool:
        return self.type in ("supergroup", "channel")

    def status_of(self, user_id: int) -> Status:
        member = self.members.get(user_id)
        return member.status if member else "left"

    def living(self) -> list["Message"]:
        return [message for message in self.messages.values() if not message.is_deleted]

    def as_json(self) -> Json:
        shown: Json = {"id": self.id, "type": self.type}
        if self.user is not None:
            person = self.user.as_json()
            names = ("first_name", "last_name", "username")
            shown |= {key: person[key] for key in names if key in person}
        else:
            shown["title"] = self.title
            if self.username:
                shown["username"] = self.username
            if self.is_forum:
                shown["is_forum"] = True
        return shown


@dataclass(eq=False)
class Message:
    """`extra` holds fields shown as they are: media, service notes, origin of a forward."""

    id: int
    chat: Chat
    date: int
    sender: User | None = None
    sender_chat: Chat | None = None
    text: str | None = None
    caption: str | None = None
    entities: list[Json] = field(default_factory=list)
    markup: Json | None = None
    thread_id: int | None = None
    reply_to: "Message | None" = None
    edited_at: int | None = None
    is_silent: bool = False
    is_deleted: bool = False
    is_service: bool = False
    extra: Json = field(default_factory=dict)
    # Number of the event that last changed what a person sees; see EventStream.
    changed_seq: int = 0

    @property
    def words(self) -> str:
        return self.text if self.text is not None else (self.caption or "")

    def is_from(self, user_id: int) -> bool:
        return self.sender is not None and self.sender.id == user_id

    def as_json(self, *, with_reply: bool = True) -> Json:
        shown: Json = {"message_id": self.id}
        # The author of a channel's post stays hidden, even when it is the bot itself.
        if self.sender is not None and self.chat.type != "channel":
            shown["from"] = self.sender.as_json()
        if self.sender_chat is not None:
            shown["sender_chat"] = self.sender_chat.as_json()
        shown |= {"chat": self.chat.as_json(), "date": self.date}
        if self.edited_at is not None:
            shown["edit_date"] = self.edited_at
        shown |= self._thread_json()
        if with_reply and (reply := self._shown_reply()) is not None:
            shown["reply_to_message"] = reply
        shown |= self._content_json()
        if self.markup is not None and "inline_keyboard" in self.markup:
            shown["reply_markup"] = self.markup
        return shown | self.extra

    def as_seen(self) -> Json:
        """For people: also what a bot is not told, like a reply keyboard and a muted bell."""
        return self.as_json() | {"reply_markup": self.markup, "is_silent": self.is_silent}

    def _thread_json(self) -> Json:
        if self.thread_id is None:
            return {}
        return {"message_thread_id": self.thread_id, "is_topic_message": True}

    def _shown_reply(self) -> Json | None:
        if self.reply_to is not None:
            return self.reply_to.as_json(with_reply=False)
        # A message of a topic that answers nobody is shown as a reply to the topic's own
        # service message; bots that take every reply for an answer stumble over it.
        root = self.chat.messages.get(self.thread_id or 0)
        return root.as_json(with_reply=False) if root is not None and root is not self else None

    def _content_json(self) -> Json:
        shown: Json = {}
        if self.text is not None:
            shown["text"] = self.text
            if self.entities:
                shown["entities"] = self.entities
        elif self.caption:
            shown["caption"] = self.caption
            if self.entities:
                shown["caption_entities"] = self.entities
        return shown


def unix(moment: datetime) -> int:
    return int(moment.timestamp())
