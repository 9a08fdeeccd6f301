"""Garbage is looked for among what comes and goes, not among what stays."""

from __future__ import annotations

import gc


def settle() -> None:
    """Call it when everything is loaded and built.

    Some hundred thousand objects of the libraries live as long as the process: to look through
    them again and again takes time, and the event loop stands still meanwhile.
    """
    gc.collect()
    gc.freeze()
