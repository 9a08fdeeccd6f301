"""Presses, chats, members and files."""

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.telegram import membership
from sandbox.telegram.access import readable_chat
from sandbox.telegram.call import Call
from sandbox.telegram.entities import utf16_length
from sandbox.telegram.errors import bad_request
from sandbox.telegram.files import MAX_DOWNLOAD
from sandbox.telegram.model import IN_CHARGE, Chat, Json
from sandbox.telegram.presses import Notice

MAX_NOTICE = 200


def answer_callback_query(call: Call) -> bool:
    press = call.world.presses.get(call.text("callback_query_id"))
    is_late = press is not None and call.world.clock.monotonic() > press.expires_at
    if press is None or press.bot_id != call.bot.id or is_late:
        raise bad_request("query is too old and response timeout expired or query ID is invalid")
    text = call.text("text")
    if utf16_length(text) > MAX_NOTICE:
        raise bad_request("MESSAGE_TOO_LONG")
    notice = Notice(text, call.flag("show_alert"), call.text("url") or None)
    call.world.answer_press(press, notice)
    return True


def get_chat(call: Call) -> Json:
    chat = readable_chat(call)
    shown = {**chat.as_json(), "accent_color_id": 0, "max_reaction_count": 11}
    gifts = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription")
    shown["accepted_gift_types"] = dict.fromkeys((*gifts, "gifts_from_channels"), False)
    if chat.type in ("group", "supergroup"):
        shown["permissions"] = {"can_send_messages": not chat.is_closed}
    return shown


def get_chat_member(call: Call) -> Json:
    chat = readable_chat(call)
    user = call.world.users.get(call.integer("user_id"))
    _check_member_list(call, chat)
    is_hidden = chat.hides_members and chat.status_of(call.bot.id) not in IN_CHARGE
    if is_hidden and call.integer("user_id") != call.bot.id:
        raise bad_request("CHAT_ADMIN_REQUIRED")
    if user is None:
        raise bad_request("user not found")
    if chat.type == "private":
        return {"user": user.as_json(), "status": "member"}
    return membership.member_json(chat, user)


def _check_member_list(call: Call, chat: Chat) -> None:
    if chat.type == "channel" and chat.status_of(call.bot.id) not in IN_CHARGE:
        raise bad_request("member list is inaccessible")


def get_chat_administrators(call: Call) -> list[Json]:
    chat = readable_chat(call)
    if chat.type == "private":
        raise bad_request("there are no administrators in the private chat")
    _check_member_list(call, chat)
    in_charge = [m for m in chat.members.values() if m.status in IN_CHARGE]
    shown = [m for m in in_charge if not m.user.is_bot or m.user.id == call.bot.id]
    return [membership.status_json(chat, member) for member in shown]


def leave_chat(call: Call) -> bool:
    chat = readable_chat(call)
    if chat.type == "private":
        raise bad_request("chat member status can't be changed in private chats")
    membership.set_bot_status(call.world, chat, call.bot, call.bot.user, "left")
    return True


def get_file(call: Call) -> Json:
    stored = call.world.files.by_id(call.text("file_id"))
    if stored is None:
        raise bad_request("wrong file_id or the file is temporarily unavailable")
    if len(stored.data) > MAX_DOWNLOAD:
        raise bad_request("file is too big")
    return {**stored.as_json(), "file_path": stored.path}


METHODS: Mapping[str, Callable[[Call], Any]] = {
    "answerCallbackQuery": answer_callback_query,
    "getChat": get_chat,
    "getChatMember": get_chat_member,
    "getChatAdministrators": get_chat_administrators,
    "leaveChat": leave_chat,
    "getFile": get_file,
}
