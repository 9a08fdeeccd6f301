"""Draws what comes in by the standard input, in a process of its own.

A pickled course in; out comes a line, "drawn" or "failed" and a length, and so much of a PNG or of
a traceback. It ends with its input: whoever began it has closed it, or is dead.
"""

from __future__ import annotations

import pickle
import signal
import sys
import traceback

from utils.charts.picture import draw


def main() -> None:
    # They go to everybody in a terminal or a service, and a picture begun is waited for.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    try:
        while True:
            outcome, answer = _answer()
            sys.stdout.buffer.write(b"%s %d\n%s" % (outcome, len(answer), answer))
            sys.stdout.buffer.flush()
    except (EOFError, BrokenPipeError, pickle.UnpicklingError):
        return


def _answer() -> tuple[bytes, bytes]:
    course = pickle.load(sys.stdin.buffer)  # noqa: S301 - from whoever began us
    try:
        return b"drawn", draw(course)
    except Exception:
        return b"failed", traceback.format_exc().encode()


if __name__ == "__main__":
    main()
