"""Stats v1 takes 200 listings at a time, and one that is not ours spoils all their numbers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from core.avito.schemas import ItemStats
from core.errors import AvitoError, BadRequest, Forbidden, NotFound

ITEMS_PER_BATCH = 200
PIECES = 8
"""Into how many a batch of which nothing is told is cut to see whether it is spoilt."""

Ask = Callable[[Sequence[int]], Awaitable[list[ItemStats]]]
Told = list[ItemStats] | AvitoError


async def in_batches(ask: Ask, items: Sequence[int]) -> AsyncIterator[list[ItemStats]]:
    """What `ask` tells of all `items`, in parts.

    A listing that is not the account's (any more) makes the answer for its whole batch a
    refusal, or empty; such ones are searched for and left out.
    """
    for batch in _parts(items, ITEMS_PER_BATCH):
        told = await _try(ask, batch)
        if isinstance(told, AvitoError):
            if not await _knows_an_end(ask, batch):
                raise told
            yield await _without_spoilers(ask, batch, told)
        else:
            yield told or await _by_pieces(ask, batch)


def _parts(items: Sequence[int], size: int) -> list[Sequence[int]]:
    return [items[start : start + size] for start in range(0, len(items), size)]


async def _try(ask: Ask, items: Sequence[int]) -> Told:
    try:
        return await ask(items)
    except (BadRequest, Forbidden, NotFound) as refusal:
        return refusal


async def _knows_an_end(ask: Ask, batch: Sequence[int]) -> bool:
    """Whether it is some listing of `batch` that was refused, and not the question as such."""
    for item in (batch[0], batch[-1]):
        if not isinstance(await _try(ask, [item]), AvitoError):
            return True
    return False


async def _by_pieces(ask: Ask, batch: Sequence[int]) -> list[ItemStats]:
    """A batch of which nothing was told: quiet listings, unless a piece of it tells more."""
    pieces = _parts(batch, -(-len(batch) // PIECES))
    answers = [await _try(ask, piece) for piece in pieces]
    if not any(answers):
        return []
    return await _all_without_spoilers(ask, pieces, answers)


async def _without_spoilers(ask: Ask, items: Sequence[int], told: Told) -> list[ItemStats]:
    """What is told of `items` by halves, if their common answer `told` is spoilt."""
    if told and not isinstance(told, AvitoError):
        return told
    if len(items) == 1:
        return []
    middle = len(items) // 2
    halves = [items[:middle], items[middle:]]
    return await _all_without_spoilers(ask, halves, [await _try(ask, half) for half in halves])


async def _all_without_spoilers(
    ask: Ask, parts: Sequence[Sequence[int]], answers: Sequence[Told]
) -> list[ItemStats]:
    return [
        item
        for part, told in zip(parts, answers, strict=True)
        for item in await _without_spoilers(ask, part, told)
    ]
