"""Whom we trust on the other end of a connection: the same for Telegram and for Avito."""

from __future__ import annotations

import ssl
from functools import cache

import certifi


@cache
def trust() -> ssl.SSLContext:
    """One for the process: reading all certificates is the slowest step of a start."""
    return ssl.create_default_context(cafile=certifi.where())
