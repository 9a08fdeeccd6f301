"""What chats tell about how buyers are answered: each looked at once, and forgotten."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median

from utils.chats.clock import HOURS_OF_WEEK, QUARTER, LocalClock, hour_of_week
from utils.chats.model import ChatHead, Line, Transcript
from utils.chats.phones import phones_in

_MINUTE = 60
DELETED = "deleted"
"""By such a message nobody says anything: not asked, not answered."""


@dataclass(frozen=True, slots=True)
class Span:
    """Messages of a time: from `since`, before `until`."""

    since: int | None = None
    until: int | None = None

    @property
    def is_all(self) -> bool:
        return self.since is None and self.until is None

    def of(self, lines: Sequence[Line]) -> list[Line]:
        since = self.since if self.since is not None else float("-inf")
        until = self.until if self.until is not None else float("inf")
        return [line for line in lines if since <= line.at < until]

    def __contains__(self, at: int) -> bool:
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)


@dataclass(slots=True)
class Studied:
    """A chat looked through. The whole of it, but `lines` and what is counted of them."""

    head: ChatHead
    lines: Sequence[Line]
    """Those of the span."""
    incoming: int = 0
    outgoing: int = 0
    service: int = 0
    """What Avito or a robot wrote."""
    unread: int = 0
    unsaid: int = 0
    """Not ours, and Avito does not say whether they were read."""
    is_listed_unread: bool = False
    """Avito has it among the chats with something unread."""
    first: Line | None = None
    """The first word. Deleted messages and those of robots are none, unless nothing else is there,
    or it is Avito to whom we talk."""
    last: Line | None = None
    latest: Line | None = None
    """The last message of a person, be it deleted, where there is any; of a chat with Avito, the
    last of all."""
    asked_at: int | None = None
    """When the buyer first wrote something that waits for an answer."""
    replied_at: int | None = None
    waiting_since: int | None = None
    """His first word after our last one."""
    phones: Sequence[str] = ()
    is_stale: bool = False
    """Avito refused it this time: what it has said since is missing."""

    @property
    def is_sale(self) -> bool:
        """Somebody wants something of us: with Avito, or as buyers, we owe no answer."""
        return not self.head.is_buying and self.head.kind != "a2u"

    @property
    def is_unread(self) -> bool:
        """Where its messages do not say so, the list does."""
        return self.unread > 0 or (self.is_listed_unread and self.unsaid > 0)

    @property
    def is_unanswered(self) -> bool:
        return self.is_sale and self.waiting_since is not None

    @property
    def first_reply(self) -> float | None:
        """Minutes, of a person: an automatic answer is none."""
        if self.asked_at is None or self.replied_at is None:
            return None
        return (self.replied_at - self.asked_at) / _MINUTE


def study(transcript: Transcript, span: Span) -> Studied:
    head, lines = transcript
    chat = Studied(head, lines if span.is_all else span.of(lines))
    for line in chat.lines:
        if is_service(line):
            chat.service += 1
        elif line.is_ours:
            chat.outgoing += 1
        else:
            chat.incoming += 1
    _follow(chat, lines)
    if lines and (chat.last is None or head.kind == "a2u"):
        chat.first, chat.last = lines[0], lines[-1]
        if chat.latest is None or head.kind == "a2u":
            chat.latest = chat.last
    if not (head.has_beginning and chat.is_sale):
        # Who wrote first, and when, is among what is missing.
        chat.asked_at = chat.replied_at = None
    return chat


def _follow(chat: Studied, lines: Iterable[Line]) -> None:
    phones: dict[str, None] = {}
    for line in lines:
        if not line.is_ours and not line.is_read:
            chat.unread += line.is_read is False
            chat.unsaid += line.is_read is None
        if line.kind == "system" or not line.author:
            continue
        chat.latest = line
        if line.kind == DELETED:
            continue
        if chat.first is None:
            chat.first = line
        chat.last = line
        if line.is_ours:
            chat.waiting_since = None
            if chat.replied_at is None and chat.asked_at is not None:
                chat.replied_at = line.at
            continue
        if chat.asked_at is None:
            chat.asked_at = line.at
        if chat.waiting_since is None:
            chat.waiting_since = line.at
        phones.update(dict.fromkeys(phones_in(line.text)))
    chat.phones = list(phones)


def is_service(line: Line) -> bool:
    return line.kind == "system" or not line.author


class Durations:
    """Many of them, in little room."""

    def __init__(self) -> None:
        self._minutes = array("d")

    def __len__(self) -> int:
        return len(self._minutes)

    def add(self, minutes: float) -> None:
        self._minutes.append(minutes)

    @property
    def median(self) -> float | None:
        return median(self._minutes) if self._minutes else None

    @property
    def nine_of_ten(self) -> float | None:
        """So long or less did it take in nine cases of ten."""
        if not self._minutes:
            return None
        return sorted(self._minutes)[-(-9 * len(self._minutes) // 10) - 1]


@dataclass(slots=True)
class Tally:
    """Of all chats, or of those about one listing."""

    chats: int = 0
    incoming: int = 0
    outgoing: int = 0
    service: int = 0
    unread: int = 0
    """Chats with anything unread in them; so the next two."""
    unanswered: int = 0
    with_phone: int = 0
    replies: Durations = field(default_factory=Durations)

    @property
    def messages(self) -> int:
        return self.incoming + self.outgoing + self.service

    def add(self, chat: Studied, reply: float | None) -> None:
        self.chats += 1
        self.incoming += chat.incoming
        self.outgoing += chat.outgoing
        self.service += chat.service
        self.unread += chat.is_unread
        self.unanswered += chat.is_unanswered
        self.with_phone += bool(chat.phones)
        if reply is not None:
            self.replies.add(reply)


@dataclass(slots=True)
class ListingTally(Tally):
    head: ChatHead | None = None
    """Of its newest chat: title and price as they were last."""


class Survey:
    """All chats together."""

    def __init__(self, clock: LocalClock, span: Span) -> None:
        self._clock = clock
        self._span = span
        self.total = Tally()
        self.listings: dict[int, ListingTally] = {}
        """By number; 0 is none."""
        self.others = Tally()
        """Where we buy, and with Avito."""
        self.asked = [0] * HOURS_OF_WEEK
        """Messages of buyers, by the hour of the week in which they were written."""
        self.replies_by_hour = [Durations() for _ in range(24)]
        """By the hour of the day in which the buyer wrote first."""
        self.replies_by_day = [Durations() for _ in range(7)]
        self.lacks_beginnings = False

    def add(self, chat: Studied) -> None:
        reply = chat.first_reply
        if chat.asked_at is None or chat.asked_at not in self._span:
            reply = None
        self.total.add(chat, reply)
        self.lacks_beginnings |= not chat.head.has_beginning
        if not chat.is_sale:
            self.others.add(chat, reply)
            return
        listing = self.listings.get(chat.head.listing_id)
        if listing is None:
            listing = self.listings[chat.head.listing_id] = ListingTally(head=chat.head)
        listing.add(chat, reply)
        quarters = Counter(
            line.at // QUARTER for line in chat.lines if not line.is_ours and not is_service(line)
        )
        for quarter, asked in quarters.items():
            self.asked[hour_of_week(self._clock(quarter * QUARTER))] += asked
        if reply is not None and chat.asked_at is not None:
            day, hour = divmod(hour_of_week(self._clock(chat.asked_at)), 24)
            self.replies_by_hour[hour].add(reply)
            self.replies_by_day[day].add(reply)
