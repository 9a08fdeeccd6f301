"""What a bot asks and tells about itself, and how it gets its updates."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.telegram.call import Call
from sandbox.telegram.errors import bad_request, conflict
from sandbox.telegram.model import Json
from sandbox.telegram.updates import MAX_TIMEOUT, Ask

MAX_COMMANDS = 100
_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_SCOPES = frozenset(
    {"default", "all_private_chats", "all_group_chats", "all_chat_administrators"}
    | {"chat", "chat_administrators", "chat_member"}
)


def get_me(call: Call) -> Json:
    return call.bot.as_json()


# Updates


async def get_updates(call: Call) -> str:
    """Answers JSON text, not objects: what is not confirmed is repeated byte for byte."""
    queue = call.bot.updates
    if "allowed_updates" in call.params:
        queue.allow(call.items("allowed_updates", "String"))
    ask = Ask(
        offset=call.integer("offset"),
        limit=min(max(call.integer("limit", 100), 1), 100),
        timeout=min(max(call.integer("timeout"), 0), MAX_TIMEOUT),
    )
    return await queue.get(ask, strict=call.world.limits.strict)


def set_webhook(call: Call) -> bool:
    """The sandbox keeps the address and delivers nothing to it; getUpdates is refused."""
    queue, url = call.bot.updates, call.text("url")
    if url and not url.startswith("https://"):
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    if "allowed_updates" in call.params:
        queue.allow(call.items("allowed_updates", "String"))
    if call.flag("drop_pending_updates"):
        queue.drop_pending()
    if url:
        queue.close_polls(conflict("terminated by setWebhook request"))
    queue.webhook_url = url
    return True


def delete_webhook(call: Call) -> bool:
    call.bot.updates.webhook_url = ""
    if call.flag("drop_pending_updates"):
        call.bot.updates.drop_pending()
    return True


def get_webhook_info(call: Call) -> Json:
    queue = call.bot.updates
    info: Json = {
        "url": queue.webhook_url,
        "has_custom_certificate": False,
        "pending_update_count": len(queue.pending),
    }
    if queue.allowed is not None:
        info["allowed_updates"] = sorted(queue.allowed)
    return info


# Commands and descriptions


def _command_key(call: Call) -> tuple[str, str]:
    scope = call.parsed("scope", "BotCommandScope") or {"type": "default"}
    if not isinstance(scope, dict) or scope.get("type") not in _SCOPES:
        raise bad_request("can't parse BotCommandScope: Unsupported type specified")
    return json.dumps(scope, sort_keys=True), call.text("language_code")


def set_my_commands(call: Call) -> bool:
    key = _command_key(call)
    commands = call.items("commands", "BotCommand")
    if len(commands) > MAX_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    call.bot.commands[key] = [_checked_command(command) for command in commands]
    return True


def _checked_command(command: Any) -> Json:
    if not isinstance(command, dict):
        raise bad_request("can't parse BotCommand: expected an Object")
    name = str(command.get("command", "")).removeprefix("/")
    description = str(command.get("description", "")).strip()
    if not _COMMAND.fullmatch(name):
        raise bad_request("BOT_COMMAND_INVALID")
    if not 1 <= len(description) <= 256:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return {"command": name, "description": description}


def get_my_commands(call: Call) -> list[Json]:
    return call.bot.commands.get(_command_key(call), [])


def delete_my_commands(call: Call) -> bool:
    call.bot.commands.pop(_command_key(call), None)
    return True


def _describe(field: str, limit: int) -> Callable[[Call], bool]:
    def describe(call: Call) -> bool:
        text = call.text(field)
        if len(text) > limit:
            raise bad_request("BOT_DESCRIPTION_INVALID")
        call.bot.descriptions[field, call.text("language_code")] = text
        return True

    return describe


def _description(field: str) -> Callable[[Call], Json]:
    def description(call: Call) -> Json:
        key = field, call.text("language_code")
        return {field: call.bot.descriptions.get(key, "")}

    return description


METHODS: Mapping[str, Callable[[Call], Any]] = {
    "getMe": get_me,
    "getUpdates": get_updates,
    "setWebhook": set_webhook,
    "deleteWebhook": delete_webhook,
    "getWebhookInfo": get_webhook_info,
    "setMyCommands": set_my_commands,
    "getMyCommands": get_my_commands,
    "deleteMyCommands": delete_my_commands,
    "setMyDescription": _describe("description", 512),
    "getMyDescription": _description("description"),
    "setMyShortDescription": _describe("short_description", 120),
    "getMyShortDescription": _description("short_description"),
}
