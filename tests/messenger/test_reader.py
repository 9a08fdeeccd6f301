"""A chat is read as far back as somebody wants it, whatever times its messages have."""

from __future__ import annotations

from typing import Any

import pytest

from core.avito.messenger import MessagePage, message_page
from core.messenger.reader import Fresh, read

NOW = 1_795_163_400
MINUTE = 60


async def read_since(minutes: int, told: list[dict[str, Any]]) -> tuple[Fresh, int]:
    """What is read of a chat with these messages, the newest first; and of how many pages."""
    asked: list[int] = []

    async def ask(offset: int) -> MessagePage:
        asked.append(offset)
        return message_page(told[offset : offset + 100], account=1, newest_at=NOW)

    return await read(ask, (), NOW - minutes * MINUTE), len(asked)


def every_minute(count: int) -> list[dict[str, Any]]:
    return [{"id": str(number), "created": NOW - number * MINUTE} for number in range(count)]


async def test_a_page_that_ends_earlier_is_the_last() -> None:
    fresh, pages = await read_since(60, every_minute(1_000))
    assert (len(fresh.lines), pages) == (100, 1)
    assert fresh.whole_since is not None
    assert NOW - 99 * MINUTE < fresh.whole_since <= NOW - 60 * MINUTE


@pytest.mark.parametrize("place", [0, 50, 99])
@pytest.mark.parametrize("odd", [None, 1, 1_600_000_000, NOW + 10**9])
async def test_one_odd_time_does_not_end_the_reading(place: int, odd: int | None) -> None:
    told = every_minute(250)
    told[place]["created"] = odd
    fresh, _ = await read_since(10_000, told)
    assert (len(fresh.lines), fresh.whole_since) == (250, None)


async def test_an_odd_time_is_not_taken_for_how_far_back_a_chat_was_read() -> None:
    told = every_minute(1_000)
    told[95]["created"] = 1_600_000_000
    fresh, pages = await read_since(60, told)
    assert (len(fresh.lines), pages) == (100, 1)
    assert fresh.whole_since is not None
    assert NOW - 99 * MINUTE < fresh.whole_since <= NOW - 60 * MINUTE
