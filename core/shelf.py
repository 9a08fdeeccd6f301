"""Files on their way to Telegram: made before they are promised, gone once they were sent.

One can be as long as Telegram takes: it is never read as a whole.
"""

from __future__ import annotations

import os
from collections.abc import Container
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

from core.logs import get_logger

log = get_logger(__name__)

KEPT = timedelta(days=1)
"""Whoever has not got a file by then was told that it did not work, or has left."""


class Shelf:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        """Long files are written here, and lie here under their names."""

    def put(self, content: bytes) -> str:
        """Keep the content; returns the name to take it by. Survives a restart."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = uuid4().hex
        handle = os.open(self.folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
        except OSError:
            # A full disk is not kept full by what nobody will get.
            self.drop(name)
            raise
        return name

    def find(self, name: str) -> Path | None:
        """Where it lies; None when it is gone, or cannot be read."""
        path = self.folder / name
        if os.access(path, os.R_OK):
            return path
        log.warning("file_gone", name=name)
        return None

    def drop(self, name: str) -> None:
        (self.folder / name).unlink(missing_ok=True)

    def keep_only(self, names: Container[str]) -> None:
        """Drop everything else."""
        for path in self._all():
            if path.name not in names:
                path.unlink(missing_ok=True)

    def tidy(self, now: datetime) -> None:
        """Drop what nobody came for."""
        oldest = (now - KEPT).timestamp()
        for path in self._all():
            if path.stat().st_mtime < oldest:
                path.unlink(missing_ok=True)

    def _all(self) -> list[Path]:
        return list(self.folder.iterdir()) if self.folder.exists() else []
