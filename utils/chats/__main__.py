"""Makes files of the chats that come in by the standard input, in a process of its own.

In come pickles: a `BookOrder`, then chat after chat, compressed, then None. Out comes a pickle: a
`Bound`, or a `Failure`. It ends with its input: whoever began it and did not say None is dead, or
wants no files any more, so there are none. The argument is the memory it may have, in megabytes.
"""

from __future__ import annotations

import pickle
import resource
import signal
import sys
import traceback
from typing import Any

from utils.chats.book import Book
from utils.chats.order import BookOrder, Bound, Failure


def main() -> None:
    # They go to everybody in a terminal or a service; whoever began us decides what we do.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    _limit_memory(int(sys.argv[1]) << 20)
    try:
        _make(_next())
    except (EOFError, pickle.UnpicklingError, BrokenPipeError):
        # Nobody is there to be told.
        pass
    except MemoryError:
        _say(Failure("out of memory", is_out_of_memory=True))
    except OSError as error:
        _say(Failure(_trace(error), errno=error.errno))
    except Exception as error:
        _say(Failure(_trace(error)))


def _make(order: BookOrder) -> None:
    book = Book(order)
    try:
        while (chat := _next()) is not None:
            book.add(chat)
        _say(book.finish())
    except Exception:
        book.discard()
        raise


def _limit_memory(most: int) -> None:
    """Nobody may have more than his system lets him anyway."""
    _, hardest = resource.getrlimit(resource.RLIMIT_AS)
    if hardest != resource.RLIM_INFINITY:
        most = min(most, hardest)
    resource.setrlimit(resource.RLIMIT_AS, (most, hardest))


def _trace(error: Exception) -> str:
    """What it is and where, but not what it says: that may quote what somebody wrote."""
    kind, places = type(error), traceback.format_tb(error.__traceback__)
    return f"{kind.__module__}.{kind.__name__} at\n{''.join(places)}"


def _next() -> Any:
    return pickle.load(sys.stdin.buffer)  # noqa: S301 - from whoever began us


def _say(answer: Bound | Failure) -> None:
    pickle.dump(answer, sys.stdout.buffer)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
