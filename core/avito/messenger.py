"""Chats and messages out of Avito's answers, as tolerantly as can be.

A shape that no contract knows costs a message its text, or a chat its title, and never the
message or the chat: whoever reads a file of them has to see that there was something.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from core.avito.endpoints import CHATS, MESSAGES
from core.errors import UnexpectedAnswer
from utils.chats.model import ChatHead, Line

PAGE = 100
LAST_OFFSET = 1_000
"""Avito gives no page that begins later: 1,100 chats by a filter, 1,100 messages of a chat."""
ABOUT_LISTINGS = "u2i"
KINDS = (ABOUT_LISTINGS, "u2u", "a2u")
LONGEST_ID = 128
UNKNOWN = "unknown"
_SIZE = re.compile(r"(\d{1,5})x(\d{1,5})", re.ASCII)
_DIGITS = re.compile(r"\d{1,19}", re.ASCII)
_READ = {"is_read", "read"}
_FIRST_INSTANT, _LAST_INSTANT = 1_167_609_600, 253_402_300_799
"""2007, when Avito began, and the year 9999: what is earlier or later is no instant."""


class ChatFilter(NamedTuple):
    """Which chats are asked for: of one kind, about certain listings or any."""

    kind: str
    listings: tuple[int, ...] = ()
    is_unread: bool = False
    """Only those with something that the account has not read."""

    def query(self) -> dict[str, str]:
        query = {"chat_types": self.kind}
        if self.listings:
            query["item_ids"] = ",".join(map(str, self.listings))
        if self.is_unread:
            query["unread_only"] = "true"
        return query


class ChatPage(NamedTuple):
    chats: list[ChatHead]
    rows: int
    """How many Avito sent, those that cannot be read among them."""
    has_more: bool | None
    """None: Avito did not say."""


class MessagePage(NamedTuple):
    lines: list[Line]
    """The newest first."""
    rows: int
    has_more: bool | None


def chat_page(answer: Any, kind: str, account: int) -> ChatPage:
    """Raises `UnexpectedAnswer` when there is no list of chats in it.

    A chat whose id does not say its kind is of the `kind` that was asked for.
    """
    rows = _rows(answer, "chats", CHATS.name)
    heads = [_head(row, kind, account) for row in rows if isinstance(row, dict)]
    return ChatPage([head for head in heads if head.id], len(rows), _has_more(answer))


def message_page(answer: Any, account: int, newest_at: int) -> MessagePage:
    """Raises `UnexpectedAnswer` when there is no list of messages in it.

    A message without a time is taken to be of the one after it, the first of `newest_at`.
    """
    rows = _rows(answer, "messages", MESSAGES.name)
    lines: list[Line] = []
    for row, message_id in zip(rows, _message_ids(rows), strict=True):
        later_at = lines[-1].at if lines else newest_at
        lines.append(_line(row, message_id, account, later_at))
    return MessagePage(lines, len(rows), _has_more(answer))


def _message_ids(rows: list[Any]) -> Iterator[str]:
    """Of each row. What has no id of its own, or one that tells it from no other, gets one."""
    ids = [_text(_dict(row).get("id")) for row in rows]
    times = Counter(ids)
    told = {(one, _made_up_id(row)) for one, row in zip(ids, rows, strict=True) if times[one] > 1}
    different = Counter(one for one, _ in told)
    for one, row in zip(ids, rows, strict=True):
        yield one if one and different[one] <= 1 else _made_up_id(row)


def _rows(answer: Any, name: str, endpoint: str) -> list[Any]:
    """The specification says a bare list of messages, life says an object with it."""
    rows = answer.get(name) if isinstance(answer, dict) else answer
    if not isinstance(rows, list):
        raise UnexpectedAnswer(endpoint, status=200, detail=f"no list of {name}")
    return rows


def _has_more(answer: Any) -> bool | None:
    meta = answer.get("meta") if isinstance(answer, dict) else None
    told = _dict(meta).get("has_more")
    return told if isinstance(told, bool) else None


def _head(chat: dict[str, Any], kind: str, account: int) -> ChatHead:
    listing = _dict(_dict(chat.get("context")).get("value"))
    seller = _whole(listing.get("user_id"))
    chat_id = _id(chat)
    named_kind = chat_id.partition("-")[0]
    updated = _instant(chat.get("updated")) or 0
    written = _instant(_dict(chat.get("last_message")).get("created")) or 0
    return ChatHead(
        id=chat_id,
        kind=named_kind if named_kind in KINDS else kind,
        created=_instant(chat.get("created")) or 0,
        updated=max(updated, written),
        name=_name(chat.get("users"), account),
        is_buying=seller is not None and seller != account,
        listing_id=max(_whole(listing.get("id")) or 0, 0),
        title=_text(listing.get("title")),
        price=_text(listing.get("price_string")),
        url=_text(listing.get("url")),
        status=_whole(listing.get("status_id")),
        is_cut=False,
    )


def _id(chat: dict[str, Any]) -> str:
    """Empty when it cannot be one: too long to be kept, or with what no database takes."""
    told = _text(chat.get("id"))
    return told if len(told) <= LONGEST_ID and told.isprintable() else ""


def _name(users: Any, account: int) -> str:
    """Of whoever comes first and is not the account."""
    for person in users if isinstance(users, list) else ():
        if isinstance(person, dict) and _whole(person.get("id")) != account:
            return _text(person.get("name"))
    return ""


def _line(row: Any, message_id: str, account: int, later_at: int) -> Line:
    message = _dict(row)
    author = _whole(message.get("author_id")) or 0
    kind = _text(message.get("type")) or UNKNOWN
    return Line(
        id=message_id,
        at=_instant(message.get("created")) or later_at,
        author=author,
        is_ours=_is_ours(message.get("direction"), author, account),
        kind=kind,
        text=_word(kind, _dict(message.get("content"))),
        is_read=_is_read(message),
    )


def _made_up_id(row: Any) -> str:
    """The same whenever the same comes again, read by then or not."""
    lasting = {key: row[key] for key in row.keys() - _READ} if isinstance(row, dict) else row
    told = json.dumps(lasting, sort_keys=True, default=str).encode()
    return hashlib.sha256(told).hexdigest()[:32]


def _is_ours(direction: Any, author: int, account: int) -> bool:
    return direction == "out" if direction in ("in", "out") else author == account


def _is_read(message: Mapping[str, Any]) -> bool | None:
    told = message.get("is_read")
    if isinstance(told, bool):
        return told
    return True if _instant(message.get("read")) else None


def _word(kind: str, content: Mapping[str, Any]) -> str:
    """What a message says in its own words, empty where it has none."""
    inner = _dict(content.get(kind))
    match kind:
        case "image":
            return _largest(_dict(inner.get("sizes")))
        case "link":
            return _text(inner.get("url")) or _text(inner.get("text"))
        case "item":
            told = (_text(inner.get(key)) for key in ("title", "price_string", "item_url"))
            return " ".join(filter(None, told))
        case "location":
            return _text(inner.get("text")) or _text(inner.get("title"))
        case "call":
            return _text(inner.get("status"))
        case _:
            return _text(content.get("text"))


def _largest(sizes: Mapping[str, Any]) -> str:
    """The address of the picture that has most points: they go by `1280x960`."""
    urls = {_area(size): url for size, url in sizes.items() if _text(url)}
    return _text(urls[max(urls)]) if urls else ""


def _area(size: str) -> int:
    found = _SIZE.fullmatch(size)
    return int(found[1]) * int(found[2]) if found else 0


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    """As it was written; half of a pair of surrogates, which no encoding takes, becomes "?"."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value.encode(errors="replace").decode() if isinstance(value, str) else ""


def _whole(value: Any) -> int | None:
    """A number of 64 bits, also where it comes as text or as a fraction of nothing."""
    if isinstance(value, str):
        value = int(value) if _DIGITS.fullmatch(value) else None
    if not isinstance(value, int | Decimal) or isinstance(value, bool):
        return None
    # In this order: what is infinite cannot be made an int.
    return int(value) if -(2**63) <= value < 2**63 and value == int(value) else None


def _instant(value: Any) -> int | None:
    """Unix seconds."""
    at = _whole(value)
    return at if at is not None and _FIRST_INSTANT <= at <= _LAST_INSTANT else None
