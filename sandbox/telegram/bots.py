"""A bot of the sandbox: its account, its queue, what it told Telegram about itself."""

from dataclasses import dataclass, field
from typing import Any

from sandbox.telegram.model import User
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

    def as_json(self) -> Json:
        return {
            **self.user.as_json(),
            "can_join_groups": self.can_join_groups,
            "can_read_all_group_messages": not self.has_privacy,
            "supports_inline_queries": False,
            "can_connect_to_business": False,
            "has_main_web_app": False,
        }
