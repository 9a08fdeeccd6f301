"""A bot of the sandbox: its account, its queue, what it told Telegram about itself."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sandbox.telegram.model import IN_CHARGE, Chat, User
from sandbox.telegram.updates import UpdateQueue

Json = dict[str, Any]


@dataclass(eq=False)
class Bot:
    """`has_privacy` is BotFather's group privacy: on for a new bot."""

    user: User
    token: str = field(repr=False)
    updates: UpdateQueue
    has_privacy: bool = True
    can_join_groups: bool = True
    # (scope, language) → commands; the empty language is for everybody.
    commands: dict[tuple[str, str], list[Json]] = field(default_factory=dict)
    descriptions: dict[tuple[str, str], str] = field(default_factory=dict)
    # People the account has met; a bot cannot even name anybody else.
    known_users: set[int] = field(default_factory=set)

    @property
    def id(self) -> int:
        return self.user.id

    @property
    def username(self) -> str:
        return self.user.username or ""

    def menu(self, chat: Chat, user: User) -> list[Json]:
        """The commands that this person sees here: those of the narrowest scope that has any."""
        for scope in _scopes(chat, user):
            for language in (user.language_code or "", ""):
                if commands := self.commands.get((json.dumps(scope, sort_keys=True), language)):
                    return commands
        return []

    def as_json(self) -> Json:
        return {
            **self.user.as_json(),
            "can_join_groups": self.can_join_groups,
            "can_read_all_group_messages": not self.has_privacy,
            "supports_inline_queries": False,
            "can_connect_to_business": False,
            "has_main_web_app": False,
        }


def _scopes(chat: Chat, user: User) -> Iterator[Json]:
    """From the narrowest to the widest, as Telegram looks them through."""
    if chat.type == "private":
        yield {"type": "chat", "chat_id": chat.id}
        yield {"type": "all_private_chats"}
    else:
        in_charge = chat.status_of(user.id) in IN_CHARGE
        yield {"type": "chat_member", "chat_id": chat.id, "user_id": user.id}
        if in_charge:
            yield {"type": "chat_administrators", "chat_id": chat.id}
        yield {"type": "chat", "chat_id": chat.id}
        if in_charge:
            yield {"type": "all_chat_administrators"}
        yield {"type": "all_group_chats"}
    yield {"type": "default"}
