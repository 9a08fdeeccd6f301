"""Turning Avito's pages, which move while they are turned and end too early."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Generic, NamedTuple, TypeVar

from core.avito.messenger import LAST_OFFSET, PAGE, ChatPage, MessagePage

OVERLAP = 10
"""Pages share so many rows: what goes away meanwhile moves all later ones forward."""
PROOF = 10
"""So many of its last rows tell how far back a page goes: one alone may have an odd time."""

Page = TypeVar("Page", ChatPage, MessagePage)


class Turned(NamedTuple, Generic[Page]):
    page: Page
    is_last: bool
    """There is nothing beyond it."""
    is_cut: bool
    """There is, or may be, and Avito does not give it."""


async def pages(ask: Callable[[int], Awaitable[Page]]) -> AsyncIterator[Turned[Page]]:
    """Page after page, as far as Avito gives them."""
    offset = 0
    while True:
        page = await ask(offset)
        # What Avito says of more is not trusted where a page is full: one question is cheap.
        is_last = page.rows == 0 or (page.rows < PAGE and not page.has_more)
        is_end = offset == LAST_OFFSET
        yield Turned(page, is_last, is_end and not is_last and page.has_more is not False)
        if is_last or is_end:
            return
        step = page.rows - OVERLAP if page.rows > OVERLAP else page.rows
        offset = min(offset + step, LAST_OFFSET)


def goes_back_to(times: Iterable[int]) -> int | None:
    """The instant before which everything is beyond a page, by the times of its rows.

    They come the latest first. What has no time (0) tells nothing; None: so do all.
    """
    return max([at for at in times if at][-PROOF:], default=None)
