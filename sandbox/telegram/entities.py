"""Formatted text: UTF-16 lengths, trimming, and the entities Telegram finds by itself."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

Json = dict[str, Any]

MAX_ENTITIES = 100
MAX_TEXT = 4096

_FOUND_BY_ITSELF = (
    (
        "bot_command",
        re.compile(r"(?<![\w/])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/@])"),
    ),
    ("email", re.compile(r"(?<![\w.@])[\w.+-]+@[\w-]+\.[A-Za-z]{2,}(?!\w)")),
    ("url", re.compile(r"https?://[^\s<>\"']*[^\s<>\"'.,;:!?)]")),
    ("mention", re.compile(r"(?<![\w@])@[A-Za-z][A-Za-z0-9_]{2,31}(?!\w)")),
    ("hashtag", re.compile(r"(?<![\w#])#(?=\w*[^\W\d_])\w{1,256}")),
)


@dataclass(frozen=True, slots=True)
class Formatted:
    text: str
    entities: list[Json] = field(default_factory=list)


class EntityParseError(Exception):
    """The words after "can't parse entities: "."""


def utf16_length(text: str) -> int:
    """Length as Telegram counts it: an emoji outside the basic plane is two."""
    return len(text) + sum(char > "\uffff" for char in text)


def byte_offset(text: str, index: int) -> int:
    return len(text[:index].encode())


def trimmed(text: str, entities: list[Json]) -> Formatted:
    """Without the white space around, as people get every message."""
    text, entities = _without_returns(text, entities)
    lead = len(text) - len(text.lstrip())
    shift = utf16_length(text[:lead])
    body = text.strip()
    length = utf16_length(body)
    kept = []
    for entity in entities:
        start = max(entity["offset"] - shift, 0)
        end = min(entity["offset"] + entity["length"] - shift, length)
        if end > start:
            kept.append({**entity, "offset": start, "length": end - start})
    return Formatted(body, kept)


def _without_returns(text: str, entities: list[Json]) -> tuple[str, list[Json]]:
    """The server drops every \\r; MarkdownV2 uses it to keep `_` and `__` apart."""
    pieces = text.split("\r")
    borders = list(accumulate((utf16_length(piece) + 1 for piece in pieces), initial=0))

    def moved(offset: int) -> int:
        return offset - (bisect_right(borders, offset) - 1)

    kept = []
    for entity in entities:
        start, end = moved(entity["offset"]), moved(entity["offset"] + entity["length"])
        kept.append({**entity, "offset": start, "length": end - start})
    return "".join(pieces), kept


def with_found(formatted: Formatted) -> Formatted:
    """Adds commands, mentions, links … that stand outside of what is marked already."""
    taken = [(e["offset"], e["offset"] + e["length"]) for e in formatted.entities if _hides(e)]
    found = []
    for entity in _found(formatted.text):
        start, end = entity["offset"], entity["offset"] + entity["length"]
        if all(end <= begin or start >= stop for begin, stop in taken):
            taken.append((start, end))
            found.append(entity)
    entities = sorted([*formatted.entities, *found], key=lambda e: (e["offset"], -e["length"]))
    return Formatted(formatted.text, entities[:MAX_ENTITIES])


def _hides(entity: Json) -> bool:
    return entity["type"] in {"code", "pre", "text_link", "text_mention", "custom_emoji"}


def _found(text: str) -> Iterator[Json]:
    for kind, pattern in _FOUND_BY_ITSELF:
        for match in pattern.finditer(text):
            offset = utf16_length(text[: match.start()])
            yield {"type": kind, "offset": offset, "length": utf16_length(match.group())}


def typed_by_person(text: str) -> Formatted:
    body = trimmed(text, [])
    return with_found(body)


def link_entity(url: str) -> Json | None:
    """What a link of MarkdownV2 or HTML becomes; None for an address Telegram drops."""
    if match := re.fullmatch(r"tg://user\?id=(\d+)", url):
        return {"type": "text_mention", "user": {"id": int(match.group(1))}}
    if re.match(r"(?:tg|mailto|tel):", url):
        return {"type": "text_link", "url": url}
    match = re.match(
        r"(?:(https?)://)?([^/?#\s]+\.[^/?#\s.]+|localhost(?::\d+)?|[\d.:]+)(.*)", url
    )
    if not match:
        return None
    scheme, host, rest = match.groups()
    return {"type": "text_link", "url": f"{scheme or 'http'}://{host}{rest or '/'}"}
