"""The benchmarks run; their figures are for people, their counts are held to here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.measure import Result


def test_they_measure_and_say_so_as_json() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--json", "--rounds=1", "--count=3", "--databases="],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    results = {result["name"]: result for result in json.loads(done.stdout)}
    assert results["SQL statements for /help"]["value"] == 0
    assert results["SQL statements for a profile card"]["holds"]
    dispatch = results["dispatch of /help, µs"]
    assert dispatch["ratio"] == dispatch["value"] / dispatch["baseline"]
    assert dispatch["target"] == "<= 3"
    assert results["p99 of a press with two exports running, ms"]["target"] == "<= 1.5"
    assert results["charts per second on one core"]["value"] > 0
    assert results["texts of a report per second, against Telegram's limit"]["value"] > 0
    # A ratio may be missed in so short a run; nothing else may go wrong.
    assert done.returncode in (0, 1)
    assert done.stderr == ""


def test_a_target_is_a_most_or_a_least_of_the_ratio_or_the_value() -> None:
    assert Result("too slow", 4.0, 1.0, limit=3).holds is False
    assert Result("fast enough", 31.0, 1.0, at_least=30).holds is True
    assert Result("not fast enough", 29.0, 1.0, at_least=30).as_json()["target"] == ">= 30"
    assert Result("not fast enough", 29.0, 1.0, at_least=30).holds is False
    assert Result("short", 9.0, limit=10).holds is True
    assert Result("for people only", 9.0).holds is None
