from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.database.session import Sessions
from tests.support.sending import SenderRig, sender_rig


@pytest.fixture
async def rig(sessions: Sessions, tmp_path: Path) -> AsyncIterator[SenderRig]:
    async with sender_rig(sessions, tmp_path) as made:
        yield made
