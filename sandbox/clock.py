"""The clock both sandbox servers live by: it can run fast and be moved forward."""

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path


class SandboxClock:
    """Wall time that starts at `start` and runs `scale` times faster than the real one."""

    def __init__(self, start: datetime | None = None, scale: float = 1.0) -> None:
        self._start = (start or datetime.now(UTC)).astimezone(UTC)
        self._elapsed = 0.0
        self._real_mark = time.monotonic()
        # It stands until it is told how fast to run.
        self._scale = 0.0
        self._file: Path | None = None
        self.scale = scale

    @property
    def scale(self) -> float:
        return self._scale

    @scale.setter
    def scale(self, value: float) -> None:
        if value < 0:
            raise ValueError("the sandbox clock cannot run backwards")
        # What has passed so far was lived at the old speed.
        self._elapsed = self.monotonic()
        self._real_mark = time.monotonic()
        self._scale = value
        self._tell()

    def monotonic(self) -> float:
        """Sandbox seconds since the clock was made; never goes back."""
        return self._elapsed + (time.monotonic() - self._real_mark) * self._scale

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.monotonic())

    def advance(self, step: timedelta) -> None:
        if step < timedelta(0):
            raise ValueError("the sandbox clock cannot run backwards")
        self._elapsed += step.total_seconds()
        self._tell()

    def lead(self, file: Path) -> None:
        """From now on `file` says how this clock runs, so that another process can follow it."""
        self._file = file
        self._tell()

    def _tell(self) -> None:
        if self._file is None:
            return
        told = {"real": time.time(), "now": self.now().timestamp(), "scale": self._scale}
        # Whole or not at all: the follower reads it at any moment.
        draft = self._file.with_suffix(".new")
        draft.write_text(json.dumps(told), encoding="utf-8")
        draft.replace(self._file)


class FollowingClock:
    """A clock of another process that runs as the leading one says in its file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def now(self) -> datetime:
        told = json.loads(self._file.read_text(encoding="utf-8"))
        passed = (time.time() - told["real"]) * told["scale"]
        return datetime.fromtimestamp(told["now"] + passed, UTC)
