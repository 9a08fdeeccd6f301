"""kill -9 at random moments, a short form of `python -m benchmarks chaos`."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import URL

from benchmarks.chaos import storm


@pytest.mark.parametrize("seed", [20261121])
async def test_every_effect_comes_once_whenever_the_worker_is_killed(
    database_url: URL, tmp_path: Path, seed: int
) -> None:
    tally = await storm(database_url, tmp_path, kills=3, seed=seed)
    assert tally.is_clean, f"seed {seed}: {tally}\n" + "\n".join(tally.findings)
    assert tally.kills == 3
