"""`main.py keys` before there is anything to look after: one line for a person."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.telegram.events import PATIENCE_SEC

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("action", ["status", "rotate"])
def test_keys_of_a_database_without_its_tables(tmp_path: Path, action: str) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "main.py", "keys", action],
        env={"DATA_DIR": str(tmp_path / "data"), "PATH": ""},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=4 * PATIENCE_SEC,
    )
    assert done.returncode == 2
    assert "alembic upgrade head" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_the_care_of_keys_does_not_wait_for_the_bot_to_be_loaded() -> None:
    loaded = (
        "import sys, main; print([name for name in ('aiogram', 'bot') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", loaded], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
