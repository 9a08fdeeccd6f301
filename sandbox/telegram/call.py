"""A Bot API call with its parameters, which the real server takes for texts, all of them."""

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.telegram.bots import Bot
from sandbox.telegram.errors import bad_request
from sandbox.telegram.files import Upload

if TYPE_CHECKING:
    from sandbox.telegram.world import World


@dataclass(eq=False)
class Call:
    world: "World"
    bot: Bot
    params: dict[str, str]
    uploads: dict[str, Upload] = field(default_factory=dict)

    def text(self, name: str) -> str:
        return self.params.get(name, "")

    def integer(self, name: str, default: int = 0) -> int:
        """Like the server: what is not a number counts as the default."""
        try:
            return int(self.params.get(name, default))
        except ValueError:
            return default

    def flag(self, name: str) -> bool:
        return self.params.get(name, "").strip().lower() in ("true", "yes", "1")

    def parsed(self, name: str, title: str | None = None) -> Any:
        """A parameter that is JSON; None when absent."""
        value = self.params.get(name, "")
        if not value:
            return None
        try:
            return json.loads(value)
        except ValueError:
            raise bad_request(f"can't parse {title or name} JSON object") from None

    def nested(self, name: str, title: str) -> "Call":
        """A parameter that is a JSON object, read like a call of its own."""
        value = self.parsed(name, title)
        if not isinstance(value, dict):
            raise bad_request(f"{title} is not specified")
        texts = {
            key: part if isinstance(part, str) else json.dumps(part) for key, part in value.items()
        }
        return Call(self.world, self.bot, texts, self.uploads)

    def items(self, name: str, what: str) -> list[Any]:
        value = self.parsed(name, what)
        if value is not None and not isinstance(value, list):
            raise bad_request(f"expected an Array of {what}")
        return value or []
