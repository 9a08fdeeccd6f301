"""Files on their way to Telegram: made before they are promised, gone once they were sent."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

from core.logs import get_logger

log = get_logger(__name__)

KEPT = timedelta(days=1)
"""Whoever has not got a file by then was told that it did not work, or has left."""


class Shelf:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, content: bytes) -> str:
        """Keep the content; returns the name to take it by. Survives a restart."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = uuid4().hex
        handle = os.open(self._folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
        except OSError:
            # A full disk is not kept full by what nobody will get.
            self.drop(name)
            raise
        return name

    def take(self, name: str) -> bytes | None:
        """What was put there; None when it is gone, or cannot be read."""
        try:
            return (self._folder / name).read_bytes()
        except OSError as error:
            log.warning("file_gone", why=type(error).__name__)
            return None

    def drop(self, name: str) -> None:
        (self._folder / name).unlink(missing_ok=True)

    def tidy(self, now: datetime) -> None:
        """Drop what nobody came for."""
        if not self._folder.exists():
            return
        oldest = (now - KEPT).timestamp()
        for path in self._folder.iterdir():
            if path.stat().st_mtime < oldest:
                path.unlink(missing_ok=True)
