"""A sandbox Avito in a process of its own: what it costs Avito to answer is nothing of ours."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.connection import Connection

from sandbox.avito.server import build_avito_app
from sandbox.avito.world import AvitoAccount, AvitoWorld
from sandbox.clock import SandboxClock
from sandbox.serving import serve


@dataclass(frozen=True, slots=True)
class Apart:
    base_url: str
    tokens: Sequence[str]
    """One for each account, in their order."""


@contextmanager
def avito_apart(accounts: Sequence[AvitoAccount], at: datetime) -> Iterator[Apart]:
    """It lives while the block does, by a clock that starts at `at`."""
    context = multiprocessing.get_context("spawn")
    ours, its = context.Pipe()
    process = context.Process(target=_live, args=(its, accounts, at), daemon=True)
    process.start()
    its.close()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join()
        ours.close()


def _live(told: Connection, accounts: Sequence[AvitoAccount], at: datetime) -> None:
    asyncio.run(_serve(told, accounts, at))


async def _serve(told: Connection, accounts: Sequence[AvitoAccount], at: datetime) -> None:
    world = AvitoWorld(SandboxClock(at), *accounts)
    tokens = [world.issue_token(account) for account in accounts]
    async with serve(build_avito_app(world)) as base_url:
        told.send(Apart(base_url, tokens))
        await asyncio.Event().wait()
