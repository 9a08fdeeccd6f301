"""Waiting for what tells nobody when it happens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from sandbox.telegram.events import PATIENCE_SEC


async def eventually(check: Callable[[], object], timeout: float = PATIENCE_SEC) -> None:
    async with asyncio.timeout(timeout):
        while not check():
            await asyncio.sleep(0.02)
