from collections.abc import AsyncIterator

import pytest

from core.avito.http import Patience
from core.database.session import Sessions
from tests.support.building import BuilderRig, builder_rig


@pytest.fixture
async def rig(sessions: Sessions, patience: Patience) -> AsyncIterator[BuilderRig]:
    """05:30 in Moscow, 21.11.2026."""
    async with builder_rig(sessions, patience=patience) as made:
        yield made
