"""Finding the chats of an account, also where they are more than Avito lists at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from functools import partial

from core.avito.messenger import ABOUT_LISTINGS, KINDS, ChatFilter, ChatPage
from core.errors import BadRequest, Forbidden, NotFound
from core.messenger.pages import goes_back_to, pages
from utils.chats.model import ChatHead

TOGETHER = 20
"""Listings whose chats are asked for in one list; halved where it is cut."""

AskChats = Callable[[ChatFilter, int], Awaitable[ChatPage]]


class ChatFinder:
    """What one look through the lists has found."""

    def __init__(
        self, ask: AskChats, since: int | None, tell: Callable[[int], Awaitable[object]]
    ) -> None:
        self._ask = ask
        self._since = since
        self._tell = tell
        self.chats: dict[str, ChatHead] = {}
        self.nameless = 0
        """How many chats, at least, have no name that they could be asked for by."""
        self.cut: list[str] = []
        """Kinds of chats of which there are more than Avito lists: some may not be found."""
        self.refused: list[str] = []
        """Kinds of chats that Avito does not list for this account."""

    async def find(self, listings: Iterable[int]) -> None:
        """All chats written to since then; `listings` help where Avito's lists are cut.

        Raises the `AvitoError` of a list that cannot be read.
        """
        for kind in KINDS:
            try:
                is_whole = await self._list(ChatFilter(kind))
            except (BadRequest, Forbidden, NotFound):
                if kind == ABOUT_LISTINGS:
                    raise
                self.refused.append(kind)
                continue
            if not is_whole:
                self.cut.append(kind)
        if ABOUT_LISTINGS in self.cut:
            seen = {chat.listing_id for chat in self.chats.values() if chat.listing_id}
            await self._list_by_listings(sorted(seen.union(listings), reverse=True))

    async def _list_by_listings(self, listings: list[int]) -> None:
        starts = range(0, len(listings), TOGETHER)
        groups = deque(tuple(listings[start : start + TOGETHER]) for start in starts)
        while groups:
            group = groups.popleft()
            try:
                is_whole = await self._list(ChatFilter(ABOUT_LISTINGS, group))
            except (BadRequest, Forbidden, NotFound):
                # One that is not the account's any more spoils all of them.
                is_whole = False
            if not is_whole and len(group) > 1:
                middle = len(group) // 2
                groups.extendleft((group[middle:], group[:middle]))

    async def _list(self, which: ChatFilter) -> bool:
        """Note the chats of one list; False if there may be more than it has."""
        turned = 0
        is_whole = True
        async for turn in pages(partial(self._ask, which)):
            turned += 1
            self._note(turn.page)
            await self._tell(len(self.chats))
            is_past = self._is_past(turn.page)
            is_whole = is_past or not turn.is_cut
            if is_past:
                break
        if turned > 1:
            await self._look_ahead(which)
        return is_whole

    async def _look_ahead(self, which: ChatFilter) -> None:
        """Find what has moved to the front, past the page that was being read."""
        async for turn in pages(partial(self._ask, which)):
            known = [chat for chat in turn.page.chats if self.chats.get(chat.id) == chat]
            self._note(turn.page)
            if known or self._is_past(turn.page):
                break

    def _note(self, page: ChatPage) -> None:
        # Pages overlap, and nothing tells two such rows apart.
        self.nameless = max(self.nameless, page.rows - len(page.chats))
        for chat in page.chats:
            if not self._is_old(chat):
                known = self.chats.get(chat.id, chat)
                # An Avito that does not mind the filter lists it under every kind.
                self.chats[chat.id] = chat._replace(kind=known.kind)

    def _is_past(self, page: ChatPage) -> bool:
        reached = goes_back_to(chat.updated for chat in page.chats)
        return self._since is not None and reached is not None and reached < self._since

    def _is_old(self, chat: ChatHead) -> bool:
        """Where nobody knows when it was written to, it may be new."""
        return self._since is not None and 0 < chat.updated < self._since
