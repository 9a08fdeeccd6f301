"""The messenger: pages of chats and of messages, and the marking as read that nobody needs."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web
from multidict import MultiMapping

from sandbox.avito.chats import About, Chat, Message
from sandbox.avito.exchange import Call, Endpoint, InvalidRequestError, RefusedError

LIMIT = 100
LAST_OFFSET = 1_000
_TYPES = {"u2i", "u2u", "a2u"}


def _chats(call: Call) -> web.Response:
    _admit(call)
    query = call.request.query
    types = _list(query, "chat_types") or ["u2i"]
    if unknown := set(types) - _TYPES:
        raise InvalidRequestError("chat_types", f"unknown {', '.join(sorted(unknown))}")
    unread_only = _flag(query, "unread_only")
    listings = {_number("item_ids", text) for text in _list(query, "item_ids")}
    limit, offset = _window(query)
    own = call.account.chats(call.world.clock.now())
    if call.account.is_busy and offset:
        _write_first(call, min(own, key=_by_age))
    found = [
        chat
        for chat in sorted(own, key=_by_age, reverse=True)
        if chat.type in types
        and (not listings or (chat.about and chat.about.id in listings))
        and (not unread_only or chat.is_unread_by(call.account.user_id))
    ]
    page = [_chat(chat, call.account.user_id) for chat in found[offset : offset + limit]]
    return web.json_response({"chats": page, "meta": {"has_more": offset + limit < len(found)}})


def _messages(call: Call) -> web.Response:
    _admit(call)
    chat = _chat_of(call)
    limit, offset = _window(call.request.query)
    if call.account.is_busy and offset:
        _write_first(call, chat)
    newest_first = chat.messages[::-1]
    page = [
        _message(message, call.account.user_id)
        for message in newest_first[offset : offset + limit]
    ]
    if call.account.messages_shape == "bare":
        return web.json_response(page)
    has_more = offset + limit < len(newest_first)
    return web.json_response({"messages": page, "meta": {"has_more": has_more}})


def _read(call: Call) -> web.Response:
    """Nobody who only looks should ever come here: the history tells who did."""
    _admit(call)
    for message in _chat_of(call).messages:
        message.is_read = True
    return web.json_response({"ok": True})


def _admit(call: Call) -> None:
    if not call.account.has_messenger:
        raise RefusedError(402, "Payment required")
    if call.account.is_employee:
        raise RefusedError(403, "Forbidden")


def _chat_of(call: Call) -> Chat:
    wanted = call.request.match_info["chat_id"]
    for chat in call.account.chats(call.world.clock.now()):
        if chat.id == wanted:
            return chat
    raise RefusedError(404, "Chat not found")


def _write_first(call: Call, chat: Chat) -> None:
    """Somebody writes between two pages: everything moves on by one."""
    newest = max(other.updated for other in call.account.chats(call.world.clock.now()))
    chat.say(chat.buyer, "Пишу, пока вы листаете", newest + 1, is_read=False)


def _by_age(chat: Chat) -> tuple[int, str]:
    return chat.updated, chat.id


def _window(query: Mapping[str, str]) -> tuple[int, int]:
    limit = _number("limit", query.get("limit", str(LIMIT)))
    offset = _number("offset", query.get("offset", "0"))
    if not 1 <= limit <= LIMIT:
        raise InvalidRequestError("limit", f"must be from 1 to {LIMIT}")
    if offset > LAST_OFFSET:
        raise InvalidRequestError("offset", f"must be at most {LAST_OFFSET}")
    return limit, offset


def _number(key: str, text: str) -> int:
    if not text.isdecimal():
        raise InvalidRequestError(key, "must be a whole number")
    return int(text)


def _flag(query: Mapping[str, str], key: str) -> bool:
    if (text := query.get(key, "false")) not in ("true", "false"):
        raise InvalidRequestError(key, "must be true or false")
    return text == "true"


def _list(query: MultiMapping[str], key: str) -> list[str]:
    """Values by comma, by repeated keys, or both."""
    return [value for text in query.getall(key, []) for value in text.split(",") if value]


def _chat(chat: Chat, account: int) -> dict[str, Any]:
    listing = chat.about.id if chat.about else None
    told: dict[str, Any] = {
        "id": chat.id,
        "created": chat.created,
        "updated": chat.updated,
        "users": [
            _user(chat.buyer, chat.name, listing),
            _user(account, "Мы", listing),
        ],
    }
    if chat.messages:
        last = _message(chat.messages[-1], account)
        told["last_message"] = {key: last[key] for key in _LAST_MESSAGE}
    if chat.about:
        told["context"] = {"type": "item", "value": _listing(chat.about, account)}
    return told


_LAST_MESSAGE = ("id", "author_id", "created", "direction", "type", "content")


def _user(user: int, name: str, listing: int | None) -> dict[str, Any]:
    picture = "https://www.avito.st/stub_avatars/_/14"
    return {
        "id": user,
        "name": name,
        "public_user_profile": {
            "user_id": user,
            **({} if listing is None else {"item_id": listing}),
            "url": f"https://avito.ru/user/{user:032x}/profile",
            "avatar": {
                "default": f"{picture}_256x256.png",
                "images": {"64x64": f"{picture}_64x64.png"},
            },
        },
    }


def _listing(about: About, account: int) -> dict[str, Any]:
    return {
        "id": about.id,
        "title": about.title,
        "price_string": about.price,
        "status_id": about.status,
        "url": f"https://avito.ru/moskva/mebel_i_interer/x_{about.id}",
        "user_id": about.owner or account,
        "images": {"count": 4, "main": {"140x105": "https://img.example/140x105/1.jpg"}},
    }


def _message(message: Message, account: int) -> dict[str, Any]:
    told = {
        "id": message.id,
        "author_id": message.author,
        "created": message.created,
        "direction": "out" if message.author == account else "in",
        "type": message.type,
        "content": message.content,
        "is_read": message.is_read,
        "read": message.created + 60 if message.is_read else None,
    }
    if quoted := message.quoted:
        keys = ("id", "author_id", "created", "type", "content")
        told["quote"] = {key: _message(quoted, account)[key] for key in keys}
    return told


_CHATS = "/accounts/{user_id}/chats"
_CHAT = f"{_CHATS}/{{chat_id}}"
ENDPOINTS = (
    Endpoint("messenger_chats", "GET", f"/messenger/v2{_CHATS}", _chats),
    Endpoint("messenger_messages", "GET", f"/messenger/v3{_CHAT}/messages/", _messages),
    Endpoint("messenger_read", "POST", f"/messenger/v1{_CHAT}/read", _read),
)
