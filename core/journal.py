"""A local note of what is in hand and what has left, sharper than any database commit.

Telegram has no idempotency key: after a crash nobody can say whether a message whose answer
never came was delivered. What can be known is whether its bytes were handed to the kernel,
which delivers them even when the process is killed. So the moment before the bytes leave, one
short line is written here, into a file mapped into memory: the kernel keeps such a store when
the process is killed (though not when the machine dies: then a reply may come twice, never not
at all). A `write()` would do as well but for one thing: Python lets other threads run during a
system call, and milliseconds may pass between the note and the bytes; a store takes none.

Lines: `u<update>` taken in hand · `v<update>` put down unfinished · `+<reply>` bytes leave ·
`-<reply>` refused, so not delivered · `=<reply>:<message>` delivered as that message.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container
from mmap import mmap
from pathlib import Path

SIZE = 256 * 1024
"""About 15,000 lines; a full file is written anew with only what still matters."""
_LONGEST_ID = 19
"""Digits of a 64-bit number; a longer one is no id of ours."""


class Journal:
    """Append-only; one process writes it. A line is complete or ignored."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: mmap | None = None
        self._end = 0
        self._in_hand: Counter[int] = Counter()
        self._left: dict[int, str | None] = {}
        """By reply, the message it became, "" where that has no name; None: no answer came."""

    def open(self) -> None:
        """Read what the last run left and go on writing after it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if self._path.exists():
            written, _, _ = self._path.read_bytes().partition(b"\0")
            # What follows the last line's end is a line that was not written to its own end.
            for line in written.decode("ascii", errors="replace").split("\n")[:-1]:
                self._learn(line)
        self._rewrite()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def times_begun(self, update_id: int) -> int:
        """How often this update was taken in hand without ever being finished."""
        return self._in_hand[update_id]

    def has_left(self, reply_id: int) -> bool:
        """Whether the bytes of this reply were handed over and not refused."""
        return reply_id in self._left

    def is_answered(self, reply_id: int) -> bool:
        """Whether it has left, and Telegram said that it arrived."""
        return self._left.get(reply_id) is not None

    def message_of(self, reply_id: int) -> int | None:
        """The message a reply became; None when its answer never came, or did not say."""
        message = self._left.get(reply_id)
        return int(message) if message else None

    def took(self, update_id: int) -> None:
        self._append(f"u{update_id}")

    def put_down(self, update_id: int) -> None:
        """Not finished, and not because of a crash: the worker was asked to stop."""
        self._append(f"v{update_id}")

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
        if self._file is None:
            return
        note = f"{line}\n".encode("ascii")
        end = self._end + len(note)
        if end > len(self._file):
            self._rewrite()
            return
        self._file[self._end : end] = note
        self._end = end

    def _learn(self, line: str) -> None:
        mark, (key, _, message) = line[:1], line[1:].partition(":")
        if not key.isdecimal() or max(len(key), len(message)) > _LONGEST_ID:
            return
        if mark == "u":
            self._in_hand[int(key)] += 1
        elif mark == "v":
            self._in_hand[int(key)] -= 1
        elif mark == "-":
            self._left.pop(int(key), None)
        elif mark == "+":
            self._left[int(key)] = None
        elif mark == "=":
            self._left[int(key)] = message if message.isdecimal() else ""

    def _rewrite(self) -> None:
        lines = [f"u{update}" for update, times in self._in_hand.items() for _ in range(times)]
        lines += [
            f"+{reply}" if message is None else f"={reply}:{message}"
            for reply, message in self._left.items()
        ]
        notes = "".join(f"{line}\n" for line in lines).encode("ascii")
        size = max(SIZE, 2 * len(notes))
        fresh = self._path.with_suffix(".new")
        # Zeros, not a hole: storing into a hole of a full disk would kill the process.
        fresh.write_bytes(notes.ljust(size, b"\0"))
        fresh.replace(self._path)
        self.close()
        with self._path.open("r+b") as file:
            self._file = mmap(file.fileno(), size)
        self._end = len(notes)
