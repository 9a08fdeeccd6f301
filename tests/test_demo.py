"""The demo: the main job from outside, by the command that a newcomer runs first."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from sandbox.checkup import figure_in
from sandbox.telegram.events import PATIENCE_SEC

ROOT = Path(__file__).parents[1]


def demo(tmp_path: Path, *arguments: str) -> subprocess.Popen[str]:
    """With settings of some other bot in the environment, which must not matter."""
    foreign = {
        "BOT_TOKEN": "not-a-token",
        "DATABASE_URL": "mysql://somebody:else@nowhere/at_all",
        "SECRET_KEYS": "broken",
        "LOG_LEVEL": "LOUD",
    }
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "sandbox", *arguments],
        cwd=ROOT,
        env={**os.environ, **foreign, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_the_check_does_the_main_job_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with demo(tmp_path, "--check") as process:
        said, _ = process.communicate(timeout=4 * PATIENCE_SEC)

    assert process.returncode == 0, said
    assert "Вы: /add_profile" in said
    assert "14 чисел отчёта равны числам Avito" in said
    assert "в срок пришёл ровно один отчёт, 14 чисел равны числам Avito" in said
    assert "14 чисел сводки равны числам Avito" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_runs_until_it_is_stopped(tmp_path: Path, number: signal.Signals) -> None:
    with demo(tmp_path, "--port", "0") as process:
        assert process.stdout is not None
        introduction = ""
        while "Остановить: Ctrl+C" not in introduction:
            line = process.stdout.readline()
            assert line, introduction
            introduction += line
        process.send_signal(number)
        process.communicate(timeout=PATIENCE_SEC)

    assert "shop_secret_" in introduction
    assert process.returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with demo(tmp_path, "--port", str(port)) as process:
            said, _ = process.communicate(timeout=PATIENCE_SEC)

    assert process.returncode == 1
    assert said.startswith(f"Порт {port} занят")


def test_a_line_that_two_figures_have_is_read_under_its_own() -> None:
    report = (
        "💰 Расходы: 9,00 ₽\n     и бонусами: 5,00 ₽\n👛 Кошелёк: 1,00 ₽\n     и бонусами: 7,00 ₽"
    )

    assert figure_in(report, "Кошелёк / бонусами") == Decimal("7.00")
    assert figure_in(report, "Расходы / бонусами") == Decimal("5.00")


@pytest.mark.parametrize(
    ("line", "figure"),
    [
        ("💰 Расходы: 7 089,92 ₽  ▲ +3 624,73 ₽", Decimal("7089.92")),
        ("💳 Расходы: −50,00 ₽", Decimal("-50.00")),
        ("👁 Расходы: 1\N{NO-BREAK SPACE}387  ▼ −245", Decimal("1387.00")),
        ("💰 Расходы: нет данных", None),
        ("🏷 Расходы на размещение: 5,00 ₽", None),
    ],
)
def test_a_figure_is_read_as_a_person_reads_it(line: str, figure: Decimal | None) -> None:
    assert figure_in(f"📊 Отчёт Avito\n{line}\n👛 Кошелёк: 1,00 ₽", "Расходы") == figure
