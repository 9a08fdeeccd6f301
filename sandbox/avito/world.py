"""The state of the sandbox Avito: accounts, tokens, limits, faults and what was asked of it."""

import secrets
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sandbox.avito import numbers
from sandbox.avito.chats import About, Chat, invent_chats
from sandbox.avito.faults import Fault
from sandbox.avito.numbers import Numbers
from sandbox.clock import SandboxClock

MOSCOW = ZoneInfo("Europe/Moscow")
DEPTH = timedelta(days=270)


@dataclass(frozen=True)
class Listing:
    id: int
    title: str
    price: int | None  # roubles
    status: str = "active"
    category: int = 20
    active_until: date | None = None

    @property
    def price_string(self) -> str:
        return "Цена не указана" if self.price is None else f"{self.price:,} ₽".replace(",", " ")

    def active_on(self, day: date) -> bool:
        if self.active_until is None:
            return self.status == "active"
        return day <= self.active_until

    def new_on(self, day: date) -> bool:
        # A listing lives 30 days on Avito and is then published again.
        return (self.id + day.toordinal()) % 30 == 0

    def weight(self, day: date) -> int:
        """How much of the day's views is its: some are always looked at more than others."""
        return (2 + 31 * self.id % 7) ** 2 + (self.id + 17 * day.toordinal()) % 9

    @property
    def appeal(self) -> int:
        """How much its views come to; every fifth is looked at and paid for, and that is all."""
        return 7 * self.id % 5


@dataclass
class AvitoAccount:
    """`label` is the account's name inside the sandbox; Avito's users see `name`."""

    label: str
    user_id: int
    client_id: str
    client_secret: str
    name: str
    phones: list[str] = field(default_factory=list)
    listings: list[Listing] = field(default_factory=list)
    is_company: bool = True
    is_chief: bool = False
    is_employee: bool = False
    withhold: frozenset[str] = frozenset()
    stats_v2: Literal["ok", "forbidden", "zeros"] = "ok"
    refuses_listings: int | None = None  # the status stats v2 refuses grouping by item with
    vanished: set[int] = field(default_factory=set)  # listings that are the account's no more
    has_messenger: bool = True
    messages_shape: Literal["wrapped", "bare"] = "wrapped"
    is_busy: bool = False  # somebody writes to it between any two pages
    has_calls: bool = True  # its phones are behind call tracking
    real: float = 0.0  # wallet, roubles
    bonus: float = 0.0  # wallet, bonus roubles
    advance: int = 0  # CPA advance, kopecks, may be negative
    latency: float = 0.0  # real seconds before every answer
    keys_work: bool = True
    set_days: dict[date, Numbers] = field(default_factory=dict)
    set_calls: dict[date, dict[int, Numbers]] = field(default_factory=dict)  # as they are told
    set_chats: list[Chat] | None = None  # None: invented when somebody asks

    def chats(self, now: datetime) -> list[Chat]:
        if self.set_chats is None:
            self.set_chats = invent_chats(self.user_id, self.abouts(), now)
        return self.set_chats

    def abouts(self) -> list[About]:
        """Its active listings, as chats about them show them."""
        return [
            About(one.id, one.title, one.price_string)
            for one in self.listings
            if one.status == "active"
        ]

    def set_day(self, day: date, **by_hand: int) -> None:
        """Sets slugs of a Moscow day, also a past one (Avito corrects itself); money in kopecks.

        What was not named is bent to agree. Raises ValueError on numbers that cannot be.
        """
        wanted = self.set_days.get(day, {}) | by_hand
        numbers.override(self._invented(day, share=1.0), wanted)
        self.set_days[day] = wanted

    def day_numbers(self, day: date, share: float = 1.0) -> Numbers:
        """All slugs of a day; `share` is how much of it has passed (today is partial)."""
        return numbers.override(self._invented(day, share), self.set_days.get(day, {}))

    def listing_numbers(self, day: date, share: float = 1.0) -> dict[int, Numbers]:
        """The day split over the listings active on it, by listing id."""
        active = [listing for listing in self.listings if listing.active_on(day)]
        weights = [listing.weight(day) for listing in active]
        appeals = [listing.appeal for listing in active]
        result = {}
        rows = numbers.split(self.day_numbers(day, share), weights, appeals)
        for listing, row in zip(active, rows, strict=True):
            new = int(listing.new_on(day))
            active_slugs = {"activeItems": 1, "newActiveItems": new, "oldActiveItems": 1 - new}
            result[listing.id] = row | active_slugs
        return result

    def call_numbers(self, day: date, share: float = 1.0) -> dict[int, Numbers]:
        """Calls of a day by listing id; 0 are those that belong to none."""
        if day in self.set_calls:
            return self.set_calls[day]
        if not self.has_calls:
            return {}
        listings = self.listing_numbers(day, share).items()
        phoned = {item_id: row["contactsShowPhone"] for item_id, row in listings}
        return numbers.invent_calls(self.user_id, day, phoned)

    def _invented(self, day: date, share: float) -> Mapping[str, int]:
        active = [listing for listing in self.listings if listing.active_on(day)]
        new = sum(listing.new_on(day) for listing in active)
        return numbers.invent_day(self.user_id, day, active=len(active), new=new, share=share)


@dataclass(frozen=True)
class Token:
    account: int
    expires_at: float  # on the clock's monotonic seconds


@dataclass
class Record:
    """One request. `status` stays None when no answer was sent."""

    at: datetime
    real_at: datetime
    method: str
    path: str
    endpoint: str
    account: int | None
    request: Any
    fault: str | None = None
    status: int | None = None
    violation: str | None = None


class AvitoWorld:
    """What the servers share. The public attributes are switches: set them at any time."""

    def __init__(self, clock: SandboxClock, *accounts: AvitoAccount) -> None:
        self.clock = clock
        self.accounts = {account.user_id: account for account in accounts}
        self.token_lifetime = 86_400
        self.bad_token_answer: Literal["401", "403"] = "401"
        self.bad_keys_answer: Literal["401", "403", "200"] = "401"
        self.foreign_listing_answer: Literal["left_out", "empty", "400"] = "left_out"
        self.history: list[Record] = []
        self.faults: list[Fault] = []
        self._tokens: dict[str, Token] = {}
        self._accepted: defaultdict[tuple[str, int], deque[float]] = defaultdict(deque)

    def account(self, label: str) -> AvitoAccount:
        return next(a for a in self.accounts.values() if a.label == label)

    def add(self, account: AvitoAccount) -> AvitoAccount:
        self.accounts[account.user_id] = account
        return account

    def today(self) -> date:
        return self.clock.now().astimezone(MOSCOW).date()

    def share_of(self, day: date) -> float:
        """How much of a Moscow day has passed, in whole hours so that answers repeat."""
        if day < self.today():
            return 1.0
        return self.clock.now().astimezone(MOSCOW).hour / 24

    def issue_token(self, account: AvitoAccount) -> str:
        token = secrets.token_urlsafe(16)
        expires_at = self.clock.monotonic() + self.token_lifetime
        self._tokens[token] = Token(account.user_id, expires_at)
        return token

    def token_owner(self, token: str) -> tuple[AvitoAccount | None, bool]:
        """Whose token it is, and whether it is still good."""
        known = self._tokens.get(token)
        if known is None:
            return None, False
        return self.accounts[known.account], known.expires_at > self.clock.monotonic()

    def revoke_tokens(self, account: AvitoAccount) -> None:
        self._tokens = {t: k for t, k in self._tokens.items() if k.account != account.user_id}

    def revoke_keys(self, account: AvitoAccount) -> None:
        account.keys_work = False
        self.revoke_tokens(account)

    def rotate_secret(self, account: AvitoAccount) -> str:
        """The owner made a new secret: the old one and all tokens stop working."""
        account.client_secret = secrets.token_urlsafe(30)
        account.keys_work = True
        self.revoke_tokens(account)
        return account.client_secret

    def claim(self, endpoint: str, account: int, per_minute: int) -> bool:
        """Counts a call in the sliding minute; False when the minute is full."""
        accepted, now = self._accepted[endpoint, account], self.clock.monotonic()
        while accepted and now - accepted[0] >= 60:
            accepted.popleft()
        if len(accepted) >= per_minute:
            return False
        accepted.append(now)
        return True

    def fault(
        self,
        kind: str,
        endpoint: str | None = None,
        account: int | None = None,
        times: int | None = None,
        **params: Any,
    ) -> Fault:
        """Spoils the next `times` answers (None: until cleared); kinds are in `faults`."""
        fault = Fault(kind, endpoint, account, times, params)
        self.faults.append(fault)
        return fault

    def clear_faults(self) -> None:
        for fault in self.faults:
            fault.lift()
        self.faults.clear()

    def take_fault(self, endpoint: str, account: int | None) -> Fault | None:
        for fault in self.faults:
            if fault.hits(endpoint, account):
                if fault.times is not None:
                    fault.times -= 1
                return fault
        return None

    def record(
        self, method: str, path: str, endpoint: str, account: int | None, request: Any
    ) -> Record:
        at, real_at = self.clock.now(), datetime.now(UTC)
        self.history.append(Record(at, real_at, method, path, endpoint, account, request))
        return self.history[-1]

    def calls(self, endpoint: str | None = None, account: int | None = None) -> list[Record]:
        return [
            record
            for record in self.history
            if endpoint in (None, record.endpoint) and account in (None, record.account)
        ]

    def violations(self) -> list[Record]:
        return [record for record in self.history if record.violation]
