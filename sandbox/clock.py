"""The clock both sandbox servers live by: it can run fast and be moved forward."""

import time
from datetime import UTC, datetime, timedelta


class SandboxClock:
    """Wall time that starts at `start` and runs `scale` times faster than the real one."""

    def __init__(self, start: datetime | None = None, scale: float = 1.0) -> None:
        self._start = start or datetime.now(UTC)
        self._elapsed = 0.0
        self._real_mark = time.monotonic()
        self._scale = 1.0
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

    def monotonic(self) -> float:
        """Sandbox seconds since the clock was made; never goes back."""
        return self._elapsed + (time.monotonic() - self._real_mark) * self._scale

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.monotonic())

    def advance(self, step: timedelta) -> None:
        if step < timedelta(0):
            raise ValueError("the sandbox clock cannot run backwards")
        self._elapsed += step.total_seconds()
