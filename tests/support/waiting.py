"""Waiting for what tells nobody when it happens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from sandbox.telegram.events import PATIENCE_SEC

FOREVER_SEC = 3_600.0
"""What is not to be waited for takes so long: the story hangs if it is."""


async def eventually(check: Callable[[], object], timeout: float = PATIENCE_SEC) -> None:
    async with asyncio.timeout(timeout):
        while not check():
            await asyncio.sleep(0.02)
