"""Reading one chat: all that Avito gives of it, or only what is new."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from core.avito.messenger import MessagePage
from core.messenger.pages import goes_back_to, pages
from utils.chats.model import ChatHead, Line, Transcript

AskMessages = Callable[[int], Awaitable[MessagePage]]


@dataclass(slots=True)
class Fresh:
    """What was read of a chat."""

    lines: dict[str, Line] = field(default_factory=dict)
    """By their ids, the earliest first."""
    is_cut: bool = False
    """Avito gave no more, although there are earlier ones."""
    is_joined: bool = False
    """It goes on with what was known."""
    whole_since: int | None = None
    """Nobody asked for earlier ones."""


async def read(ask: AskMessages, known: Iterable[str], since: int | None) -> Fresh:
    """Read until a message that is `known`, or until all others are earlier than `since`."""
    held = frozenset(known)
    fresh = Fresh()
    async for turn in pages(ask):
        lines = turn.page.lines
        # A message that comes meanwhile moves the others on, and some come twice.
        fresh.lines = {line.id: line for line in reversed(lines)} | fresh.lines
        if any(line.id in held for line in lines):
            fresh.is_joined = True
            break
        reached = goes_back_to(line.at for line in lines)
        if since is not None and reached is not None and reached < since and not turn.is_last:
            # Others of that very second may be on the next page.
            fresh.whole_since = reached + 1
            break
        fresh.is_cut = turn.is_cut
    return fresh


def merged(head: ChatHead, held: Transcript | None, fresh: Fresh) -> Transcript:
    """What was held with what was read, the earliest first; the newer word of each counts."""
    lines = {line.id: line for line in held.lines} if held else {}
    lines |= fresh.lines
    is_cut, is_whole = fresh.is_cut, fresh.whole_since is None
    if held and fresh.is_joined:
        is_cut, is_whole = held.head.is_cut, held.head.is_whole
    return Transcript(
        head._replace(is_cut=is_cut, is_whole=is_whole),
        sorted(lines.values(), key=lambda line: line.at),
    )
