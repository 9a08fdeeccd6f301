"""A profile of the shop, and a collector that may ask as often as it likes."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.messenger.collector import ChatCollector
from core.messenger.pace import Paces
from tests.messenger.office import ChatOffice
from tests.support.avito import AvitoRig, clock, rig

__all__ = ["clock", "rig"]


@pytest.fixture
async def office(rig: AvitoRig) -> AsyncIterator[ChatOffice]:
    profile_id = (await rig.connect("shop")).profile_id
    collector = ChatCollector(rig.sessions, rig.avito, Paces(1_000_000, rig.clock), rig.clock)
    yield ChatOffice(rig, collector, profile_id)
    assert rig.calls("messenger_read") == []
    assert rig.world.violations() == []
