"""The benchmarks run; their figures are for people, their counts are held to here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


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
    # A ratio may be missed in so short a run; nothing else may go wrong.
    assert done.returncode in (0, 1)
    assert done.stderr == ""
