"""The disk: what a commit costs is a part of what is measured, and not every disk charges it.

A virtual machine's often says that something is written long before it is: a commit costs next
to nothing there, and whoever makes thousands of them looks as good as whoever makes one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from benchmarks.measure import Result

FLUSH_SEC = 0.001
"""What it takes at least to have something written that outlives a loss of power."""
_FLUSHES = 100


def measure(folder: Path) -> list[Result]:
    return [Result("a flush of this disk, ms", _flush_sec(folder) * 1e3)]


def durable(folder: Path) -> Mapping[str, str]:
    """Options with which a commit of PostgreSQL waits as long as for a disk that keeps its word.

    `folder` is on the disk of its data.
    """
    missing = FLUSH_SEC - _flush_sec(folder)
    if missing <= 0:
        return {}
    return {"commit_delay": str(round(missing * 1e6)), "commit_siblings": "0"}


def _flush_sec(folder: Path) -> float:
    taken = []
    with (folder / "flushed").open("wb") as file:
        for _ in range(_FLUSHES):
            file.write(bytes(8_192))
            file.flush()
            began = time.perf_counter()
            os.fsync(file.fileno())
            taken.append(time.perf_counter() - began)
    return median(taken)
