"""Who lives in the demo, and the chats they sit in."""

from dataclasses import dataclass

from sandbox.telegram.bots import Bot
from sandbox.telegram.model import PRESENT, Chat, Json, Message, Topic
from sandbox.telegram.people import ChatView, Person
from sandbox.telegram.world import World


@dataclass(frozen=True, slots=True)
class Room:
    """A chat, or a topic of a forum, as one line of the page's list."""

    id: str
    title: str
    note: str
    first_chat: Chat
    regulars: tuple[Person, ...]
    topic: Topic | None = None

    @property
    def chat(self) -> Chat:
        """A group that became a supergroup lives on under another id."""
        return self.first_chat.migrated_to or self.first_chat

    @property
    def thread_id(self) -> int | None:
        return self.topic.id if self.topic else None

    @property
    def speakers(self) -> list[Person]:
        """Those who can write or press here now."""
        return [person for person in self.regulars if self._has(person)]

    def _has(self, person: Person) -> bool:
        member = self.chat.members.get(person.id)
        if member is None:
            return self.chat.type == "private"
        # Only supergroups have anonymous administrators.
        is_possible = not member.is_anonymous or self.chat.type == "supergroup"
        return member.status in PRESENT and is_possible

    def messages(self) -> list[Message]:
        return [m for m in self.chat.living() if m.thread_id == self.thread_id]

    def _speaker_json(self, person: Person) -> Json:
        """`writes_as` is the author that readers see: a group hides its anonymous ones."""
        member = self.chat.members.get(person.id)
        is_hidden = member is not None and member.is_anonymous
        return {"id": person.id, "writes_as": self.chat.id if is_hidden else person.id}

    def as_json(self) -> Json:
        messages = self.messages()
        return {
            "id": self.id,
            "title": self.title,
            "note": self.note,
            "type": self.chat.type,
            "key": self.chat.key,
            "chat_id": self.chat.id,
            "chat_title": self.chat.title,
            "thread_id": self.thread_id,
            "speakers": [self._speaker_json(person) for person in self.speakers],
            "last": messages[-1].as_seen() if messages else None,
        }


@dataclass(frozen=True, slots=True)
class Scene:
    world: World
    bot: Bot
    owner: Person
    group: Room
    rooms: dict[str, Room]
    roles: dict[int, str]

    @property
    def chat(self) -> ChatView:
        """Where the owner talks to the bot."""
        return self.owner.private(self.bot)

    def people_json(self) -> list[Json]:
        return [
            {"id": user_id, "name": self.world.users[user_id].first_name, "role": role}
            for user_id, role in self.roles.items()
        ]


def set_scene(world: World, bot: Bot, operator: Person) -> Scene:
    """`operator` is the person whose chat the bot was told as ADMIN_CHAT_ID."""
    owner = world.user("Вы", username="you")
    member = world.user("Пётр", username="petr")
    stranger = world.user("Незнакомец", username="stranger")
    hidden = world.user("Анна", username="anna")
    # The bot can write to people only after they wrote to it; the operator did once.
    operator.private(bot).chat.is_started = True

    group = world.group("Клиент: мебель", owner, member, stranger, hidden, bot)
    forum = world.supergroup("Агентство", owner, member, hidden, bot, is_forum=True)
    for chat in (group, forum):
        hidden.join(chat, as_admin=True)
        hidden.go_anonymous(chat)
    topic = world.topic(forum, "Отчёты", owner)
    channel = world.channel("Итоги дня", owner, bot)

    everybody = (owner, member, stranger, hidden)
    the_group = Room("group", "Клиент: мебель", "группа", group, everybody)
    rooms = (
        Room("private", bot.user.first_name, "личный чат", owner.private(bot).chat, (owner,)),
        the_group,
        Room("topic", "Агентство › Отчёты", "тема форума", forum, everybody, topic),
        Room("general", "Агентство › General", "общая тема форума", forum, everybody),
        Room("channel", "Итоги дня", "канал", channel, (owner,)),
        *(
            _private(room_id, person, bot)
            for room_id, person in (
                ("operator", operator),
                ("member", member),
                ("stranger", stranger),
            )
        ),
    )
    roles = {
        owner.id: "владелец профилей",
        member.id: "участник группы",
        stranger.id: "посторонний",
        hidden.id: "анонимный администратор",
        operator.id: "оператор бота",
    }
    return Scene(world, bot, owner, the_group, {room.id: room for room in rooms}, roles)


def _private(room_id: str, person: Person, bot: Bot) -> Room:
    chat = person.private(bot).chat
    return Room(room_id, person.user.first_name, "его чат с ботом", chat, (person,))
