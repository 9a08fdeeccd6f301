"""A local note of what is in hand and what has left, sharper than any database commit.

Telegram has no idempotency key: after a crash nobody can say whether a message whose answer
never came was delivered. What can be known is whether its bytes were handed to the kernel,
which delivers them even when the process is killed. So the moment before the bytes leave, one
short line is appended here with a plain `write()`: it costs microseconds and survives kill -9
(though not the loss of the machine: then a reply may come twice, never not at all).

Lines: `u<update>` taken in hand · `+<reply>` bytes leave · `-<reply>` refused, so not delivered
· `=<reply>:<message>` delivered as that message.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Container
from pathlib import Path

from core.logs import get_logger

COMPACT_AFTER_LINES = 5_000

log = get_logger(__name__)


class Journal:
    """Append-only; one process writes it. A line is complete or ignored."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd: int | None = None
        self._lines = 0
        self._in_hand: Counter[int] = Counter()
        self._left: dict[int, int | None] = {}

    def open(self) -> None:
        """Read what the last run left and go on writing after it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if self._path.exists():
            for line in self._path.read_text(encoding="ascii", errors="replace").splitlines():
                self._learn(line)
        self._rewrite()

    def close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def times_begun(self, update_id: int) -> int:
        """How often this update was taken in hand without ever being finished."""
        return self._in_hand[update_id]

    def has_left(self, reply_id: int) -> bool:
        """Whether the bytes of this reply were handed over and not refused."""
        return reply_id in self._left

    def message_of(self, reply_id: int) -> int | None:
        """The message a reply became; None when its answer never came."""
        return self._left.get(reply_id)

    def took(self, update_id: int) -> None:
        self._append(f"u{update_id}")

    def leaving(self, reply_id: int) -> None:
        self._append(f"+{reply_id}")

    def refused(self, reply_id: int) -> None:
        self._append(f"-{reply_id}")

    def delivered(self, reply_id: int, message_id: int | None) -> None:
        self._append(f"={reply_id}:{message_id or ''}")

    def forget_update(self, update_id: int) -> None:
        """The database holds the outcome now; the lines go at the next compaction."""
        self._in_hand.pop(update_id, None)

    def forget_reply(self, reply_id: int) -> None:
        self._left.pop(reply_id, None)

    def keep_only(self, updates: Container[int], replies: Container[int]) -> None:
        """After a restart: drop the notes on everything the database has finished."""
        self._in_hand = Counter({u: n for u, n in self._in_hand.items() if u in updates})
        self._left = {r: m for r, m in self._left.items() if r in replies}
        self._rewrite()

    def _append(self, line: str) -> None:
        self._learn(line)
        if self._fd is None:
            return
        try:
            os.write(self._fd, f"{line}\n".encode("ascii"))
            self._lines += 1
            if self._lines >= COMPACT_AFTER_LINES:
                self._rewrite()
        except OSError as error:
            # A full disk must not stop the bot: it only loses this sharper memory of a crash.
            log.warning("journal_not_written", why=str(error))

    def _learn(self, line: str) -> None:
        mark, (key, _, message) = line[:1], line[1:].partition(":")
        if not key.isdigit():
            return
        if mark == "u":
            self._in_hand[int(key)] += 1
        elif mark == "-":
            self._left.pop(int(key), None)
        elif mark in ("+", "="):
            self._left[int(key)] = int(message) if message.isdigit() else None

    def _rewrite(self) -> None:
        lines = [f"u{update}" for update, times in self._in_hand.items() for _ in range(times)]
        lines += [f"={reply}:{message or ''}" for reply, message in self._left.items()]
        fresh = self._path.with_suffix(".new")
        fresh.write_text("".join(f"{line}\n" for line in lines), encoding="ascii")
        fresh.replace(self._path)
        self.close()
        self._fd = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._lines = 0
