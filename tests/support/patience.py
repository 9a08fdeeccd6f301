"""How long the bot under test waits for Avito."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.avito.http import Patience

CALM = Patience(first_pause=0.01, longest_pause=0.05)
"""As in production: a busy machine is not to be taken for a broken Avito."""
HASTY = replace(CALM, connect=2.0, read=1.5, total=4.0)


@pytest.fixture
def patience(request: pytest.FixtureRequest) -> Patience:
    return HASTY if request.node.get_closest_marker("impatient") else CALM
