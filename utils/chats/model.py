"""A chat of Avito as we keep it and as files are made from it.

Plain tuples of plain values: a million messages go through here, as JSON arrays.
"""

from __future__ import annotations

import json
from typing import NamedTuple


class Line(NamedTuple):
    """One message."""

    id: str
    at: int
    """Unix seconds, UTC."""
    author: int
    """0: Avito itself."""
    is_ours: bool
    """Written by the account whose chats these are."""
    kind: str
    """Avito's `type`: `text`, `image`, `voice`, ... Not a closed list."""
    text: str
    """What was written; of other kinds their own word: a link, an address, a title, a status."""
    is_read: bool | None
    """None: Avito did not say."""


class ChatHead(NamedTuple):
    """What is known of a chat besides its messages. Texts are a stranger's, as he wrote them."""

    id: str
    kind: str
    """`u2i` about a listing, `u2u` between people, `a2u` with Avito."""
    created: int
    """Unix seconds, UTC; 0 where Avito does not say it. So the next."""
    updated: int
    name: str
    """Of whoever is at the other end. Empty: unknown."""
    is_buying: bool
    """The listing is another's: here the account is the buyer."""
    listing_id: int
    """0: no listing, or one that is gone."""
    title: str
    price: str
    """As Avito words it."""
    url: str
    status: int | None
    """Avito's `status_id` of the listing."""
    is_cut: bool
    """Avito gave no more of its messages: the earliest are missing."""
    is_whole: bool = True
    """False: the earliest are missing, for nobody asked for them, or they are kept no longer."""

    @property
    def has_beginning(self) -> bool:
        return self.is_whole and not self.is_cut


class Transcript(NamedTuple):
    """A chat with its messages, the earliest first."""

    head: ChatHead
    lines: list[Line]

    def to_json(self) -> str:
        return json.dumps(self, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, stored: str | bytes) -> Transcript:
        head, lines = json.loads(stored)
        return cls(ChatHead(*head), [*map(Line._make, lines)])
