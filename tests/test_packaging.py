"""What a person runs and copies: the scripts, the example of settings, the Procfile."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from core.config import Settings
from sandbox.avito.accounts import demo_world
from sandbox.avito.server import build_avito_app
from sandbox.clock import SandboxClock
from sandbox.serving import serve
from sandbox.telegram.events import PATIENCE_SEC
from sandbox.telegram.server import build_telegram_app
from sandbox.telegram.world import World

ROOT = Path(__file__).parents[1]
TOKEN = "7000000003:token-of-the-packaging-tests"
COMPOSE_ONLY = {"POSTGRES_PASSWORD"}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The project without anybody's `.env` and `data`."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    for name in ("alembic", "alembic.ini", "bot", "core", "utils", "main.py", "start.sh"):
        (folder / name).symlink_to(ROOT / name)
    return folder


def environment(**settings: str) -> dict[str, str]:
    """As in the image: the interpreter of the tests has everything installed."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {"PATH": path, "REQUIREMENTS_INSTALLED": "1", **settings}


def start(checkout: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(checkout / "start.sh")],
        cwd="/",
        env=environment(**settings),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({}, "BOT_TOKEN: is required"),
        ({"BOT_TOKEN": "hello"}, "BOT_TOKEN: does not look like a bot token (123456:ABC...)"),
        (
            {"BOT_TOKEN": TOKEN, "DATABASE_URL": "mysql://u:p@h/d"},
            "DATABASE_URL: must start with postgresql:// or sqlite:///",
        ),
        ({"BOT_TOKEN": TOKEN, "ADMIN_CHAT_ID": "me"}, "ADMIN_CHAT_ID: should be a valid integer"),
    ],
)
def test_a_wrong_setting_is_one_line_and_nothing_is_touched(
    checkout: Path, settings: dict[str, str], sentence: str
) -> None:
    before = sorted(checkout.iterdir())
    done = start(checkout, **settings)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(sentence)
    assert done.stderr.count("\n") == 1
    assert sorted(checkout.iterdir()) == before


def test_main_by_itself_says_the_same(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "main.py")],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (2, "BOT_TOKEN: is required\n")


def test_keys_for_postgresql_are_asked_for_before_it_is_reached(checkout: Path) -> None:
    done = start(checkout, BOT_TOKEN=TOKEN, DATABASE_URL="postgres://u:p@localhost:1/d")
    assert done.returncode == 2
    assert done.stderr.startswith("SECRET_KEYS: is required with PostgreSQL")
    assert "Traceback" not in done.stderr


async def test_it_migrates_and_runs_and_a_sigterm_reaches_the_worker(checkout: Path) -> None:
    clock = SandboxClock()
    telegram = World(clock)
    bot = telegram.add_bot(TOKEN, "packaging_bot")
    async with (
        serve(build_telegram_app(telegram)) as telegram_base,
        serve(build_avito_app(demo_world(clock))) as avito_base,
    ):
        started = await asyncio.create_subprocess_exec(
            str(checkout / "start.sh"),
            cwd="/",
            env=environment(
                BOT_TOKEN=TOKEN, TELEGRAM_API_BASE=telegram_base, AVITO_API_BASE=avito_base
            ),
            stdout=asyncio.subprocess.PIPE,
        )
        await telegram.polled(bot, timeout=3 * PATIENCE_SEC)
        started.send_signal(signal.SIGTERM)
        said, _ = await asyncio.wait_for(started.communicate(), PATIENCE_SEC)

    assert started.returncode == 0, said.decode()
    assert (checkout / "data" / "bot.db").exists()


@pytest.mark.parametrize("name", ["start.sh", "test.sh", ".ci/run"])
def test_scripts_can_be_run(name: str) -> None:
    script = ROOT / name
    assert os.access(script, os.X_OK)
    assert script.read_text(encoding="utf-8").startswith("#!/usr/bin/env bash\n")


def test_the_procfile_runs_the_worker() -> None:
    assert (ROOT / "Procfile").read_text(encoding="utf-8") == "worker: ./start.sh\n"


def example() -> dict[str, str]:
    """The variables of `.env.example`, those that are commented out too."""
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    return dict(re.findall(r"^#?([A-Z][A-Z0-9_]+)=(.*)$", text, re.MULTILINE))


def test_the_example_names_every_setting_and_no_other() -> None:
    assert example().keys() - COMPOSE_ONLY == {name.upper() for name in Settings.model_fields}


def test_the_example_shows_the_defaults() -> None:
    defaults = {
        name.upper(): str(field.default)
        for name, field in Settings.model_fields.items()
        if not field.is_required() and field.default is not None
    }
    assert defaults.items() <= example().items()
