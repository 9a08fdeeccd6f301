import pytest

from core.database.session import Sessions
from sandbox.clock import SandboxClock
from tests.support.deliveries import NINE, Office


@pytest.fixture
def office(sessions: Sessions) -> Office:
    return Office(sessions, SandboxClock(NINE, scale=0))
