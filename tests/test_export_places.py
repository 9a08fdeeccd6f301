"""Places for exports: whoever has many profiles leaves some for others."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from bot.work.chat_files import AT_A_TIME, OF_ONE_OWNER, Places

ALICE, BOB = 1, 2


async def test_one_owner_does_not_take_all_places() -> None:
    places = Places()
    async with AsyncExitStack() as held:
        for _ in range(OF_ONE_OWNER):
            await held.enter_async_context(places.one(ALICE))
        assert places.are_taken(ALICE)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await held.enter_async_context(places.one(ALICE))

        assert not places.are_taken(BOB)
        for owner_id in range(BOB, BOB + AT_A_TIME - OF_ONE_OWNER):
            await held.enter_async_context(places.one(owner_id))
        assert places.are_taken(owner_id + 1)
    assert not places.are_taken(ALICE)
