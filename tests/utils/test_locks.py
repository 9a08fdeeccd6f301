"""A lock per key that takes no memory once nobody needs it."""

import asyncio

from utils.locks import KeyedLocks


async def test_one_at_a_time_per_key_and_all_keys_at_once() -> None:
    locks, inside = KeyedLocks(), []

    async def work(key: str) -> None:
        async with locks.of(key):
            inside.append(key)
            assert inside.count(key) == 1
            await asyncio.sleep(0.01)
            inside.remove(key)

    await asyncio.gather(*(work(key) for key in "aabbab"))
    assert inside == []


async def test_a_lock_is_freed_with_its_last_user() -> None:
    locks = KeyedLocks()
    async with locks.of(1), locks.of(2):
        assert len(locks) == 2
    assert len(locks) == 0
