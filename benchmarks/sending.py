"""The sender against a Telegram that counts strictly: how much of the allowed rate it uses."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import URL

from benchmarks.measure import Result
from core.database.session import create_sessions
from core.secrets import parse_keys
from sandbox.telegram.history import CallRecord
from tests.support.databases import TEST_KEYS, opened
from tests.support.sending import SenderRig, sender_rig

TELEGRAMS_LIMIT = 30
REPORTS = 300
OUTAGE_SEC = 5.0
TOO_MANY = 429


async def measure(url: URL, folder: Path) -> list[Result]:
    """On this migrated, empty database."""
    kind = url.get_backend_name()
    async with opened(url, parse_keys(TEST_KEYS)) as engine:
        sessions = create_sessions(engine)
        async with sender_rig(sessions, folder, per_second=TELEGRAMS_LIMIT) as rig:
            rig.world.limits.strict = True
            steady, refused = await _steady(rig), _refused(rig)
            recovered = await _after_outage(rig)
    return [
        Result(
            f"reports a second, {kind}, of those allowed", steady, TELEGRAMS_LIMIT, at_least=0.97
        ),
        Result(f"refused with 429 meanwhile, {kind}", refused, limit=0),
        Result(f"the same after an outage, {kind}", recovered, TELEGRAMS_LIMIT, at_least=0.95),
    ]


async def _steady(rig: SenderRig) -> float:
    await _fill(rig)
    rig.start()
    await rig.until_all_end()
    return _pace(rig.accepted())


async def _after_outage(rig: SenderRig) -> float:
    """From the first report that arrives again."""
    await _fill(rig)
    outage = rig.world.fault("drop_before")
    rig.start()
    await asyncio.sleep(OUTAGE_SEC)
    seen = len(rig.accepted())
    outage.times = 0
    await rig.until_all_end()
    return _pace(rig.accepted()[seen:])


async def _fill(rig: SenderRig) -> None:
    await rig.stop()
    for number in range(REPORTS):
        reader = rig.world.user(f"Читатель {number}")
        reader.private(rig.me).start()
        await rig.report_to(reader.id)


def _pace(calls: Sequence[CallRecord]) -> float:
    at = [call.accepted_real or 0.0 for call in calls]
    return (len(at) - 1) / (at[-1] - at[0])


def _refused(rig: SenderRig) -> int:
    return sum(call.error_code == TOO_MANY for call in rig.calls())
