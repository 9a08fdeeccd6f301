"""The allow-list: every call this product may make to Avito, as data.

The keys of a profile have the full rights of the account: they can spend money and mark chats
as read. So only what stands here can be called, and all of it only reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MINUTE_GATE = 61.0
"""Seconds between two calls of a method that Avito allows once a minute, with one to spare."""
MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Endpoint:
    name: str
    verb: Literal["GET", "POST"]
    path: str
    """With `{account}` where Avito's user id goes, and `{chat}`."""
    interval: float = 0.0
    """Seconds between two calls of one account, kept by the gate.

    0 where Avito names no limit: then the gate is shut only after a 429.
    """
    headers: tuple[tuple[str, str], ...] = ()
    shares: str = ""
    """The gate that it has in common with others; empty: one of its own."""
    largest_body: int = 8 * MEGABYTE

    @property
    def gate(self) -> str:
        return self.shares or self.name

    @property
    def once_a_minute(self) -> bool:
        """Such a call is made once or not at all: a repeat would break the limit."""
        return self.interval >= MINUTE_GATE


TOKEN = Endpoint("token", "POST", "/token")
SELF = Endpoint("self", "GET", "/core/v1/accounts/self")
EMPLOYEE_CHECK = Endpoint("employee_check", "GET", "/checkAhUserV1")
BALANCE = Endpoint("balance", "GET", "/core/v1/accounts/{account}/balance/")
# 25 a minute are allowed. 2.5 s and not 2.4, since calls that leave evenly arrive unevenly.
ITEMS = Endpoint("items", "GET", "/core/v1/items", interval=2.5)
# No limit is documented, but a large account takes dozens of these in a row.
STATS_V1 = Endpoint("stats_v1_items", "POST", "/stats/v1/accounts/{account}/items", interval=0.5)
STATS_V2 = Endpoint(
    "stats_v2_items", "POST", "/stats/v2/accounts/{account}/items", interval=MINUTE_GATE
)
# No limit is documented.
CALLS = Endpoint("calls_stats", "POST", "/core/v1/accounts/{account}/calls/stats/", interval=0.5)
ADVANCE = Endpoint(
    "cpa_balance",
    "POST",
    "/cpa/v3/balanceInfo",
    interval=MINUTE_GATE,
    headers=(("X-Source", "avito-analytics-bot"),),
)
# No limit is documented: whoever asks keeps to one of his own, and a 429 is about both.
CHATS = Endpoint("chats", "GET", "/messenger/v2/accounts/{account}/chats", shares="messenger")
# To get messages does not mark them as read; that is another call, which is not here.
MESSAGES = Endpoint(
    "messages",
    "GET",
    "/messenger/v3/accounts/{account}/chats/{chat}/messages/",
    shares="messenger",
    # A hundred texts of 40,000 letters, each letter as `\u0436`.
    largest_body=32 * MEGABYTE,
)

ALLOWED = frozenset(
    {
        *(TOKEN, SELF, EMPLOYEE_CHECK, BALANCE, ITEMS, STATS_V1, STATS_V2, CALLS, ADVANCE),
        *(CHATS, MESSAGES),
    }
)
