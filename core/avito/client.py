"""The questions we ask Avito, and its answers in our units: kopecks, Moscow days, plain ids."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from itertools import count
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from core.avito.answers import TokenRefused
from core.avito.auth import Credentials, ProfileAccess, TokenProvider
from core.avito.batches import in_batches
from core.avito.calls import calls_by_day, calls_question
from core.avito.endpoints import (
    ADVANCE,
    BALANCE,
    CALLS,
    CHATS,
    EMPLOYEE_CHECK,
    ITEMS,
    MESSAGES,
    MINUTE_GATE,
    SELF,
    STATS_V1,
    STATS_V2,
    Endpoint,
)
from core.avito.http import AvitoDoor, Request
from core.avito.listings import Listed, listed
from core.avito.messenger import (
    PAGE,
    ChatFilter,
    ChatPage,
    MessagePage,
    chat_page,
    message_page,
)
from core.avito.schemas import (
    Advance,
    Balance,
    CallsAnswer,
    EmployeeCheck,
    ItemsAnswer,
    ItemStats,
    ItemStatsAnswer,
    SelfInfo,
    StatsAnswer,
    Unread,
)
from core.avito.stats import (
    DEPTH_DAYS,
    DayMetrics,
    ListingMetrics,
    add_items,
    as_v2,
    by_day,
    by_listing,
    days_question,
    is_storable,
    items_question,
    listings_question,
    whole,
)
from core.errors import (
    AvitoError,
    EmployeeKey,
    KeysRefused,
    RateLimited,
    Unavailable,
    UnexpectedAnswer,
)
from core.logs import get_logger
from core.ports import Clock, Token, TokenStore
from utils.chats.model import ChatHead
from utils.periods import Period

log = get_logger(__name__)

ITEMS_PER_PAGE = 99
Model = TypeVar("Model", bound=BaseModel)


class WalletMoney(NamedTuple):
    """Kopecks; None is what Avito did not say."""

    real: int | None
    bonus: int | None


class ListingPage(NamedTuple):
    """A part of what the listings of an account did."""

    listings: ListingMetrics
    rows: int
    """How many Avito sent."""
    nameless: int
    """How many of them name no listing."""
    total: int | None
    """How many there are in all parts together, if Avito says so."""


@dataclass(frozen=True, slots=True)
class VerifiedAccount:
    """Whose keys these are, and the token that the check got: it is good for the profile."""

    account: int
    token: Token


class AvitoClient:
    """Avito through the keys of one profile, for a few questions: it keeps its token."""

    def __init__(
        self, door: AvitoDoor, tokens: TokenProvider, access: ProfileAccess, clock: Clock
    ) -> None:
        self._door = door
        self._tokens = tokens
        self._access = access
        self._clock = clock
        self._token: Token | None = None

    async def self_info(self) -> SelfInfo:
        answer = await self._ask(Request(SELF))
        return _read(SelfInfo, answer, SELF)

    async def check_employee(self) -> None:
        """Raise `EmployeeKey` if the keys are an employee's; what is not known is no reason."""
        try:
            answer = await self._ask(Request(EMPLOYEE_CHECK))
            is_employee = _read(EmployeeCheck, answer, EMPLOYEE_CHECK).is_employee
        except (Unavailable, RateLimited):
            raise
        except AvitoError:
            # Accounts outside any company may be refused the very question.
            return
        if is_employee:
            raise EmployeeKey(EMPLOYEE_CHECK.name, status=200)

    async def balance(self) -> WalletMoney:
        """The wallet in kopecks. The CPA advance is not in it."""
        answer = await self._ask(Request(BALANCE, self._access.account))
        held = _read(Balance, answer, BALANCE)
        return WalletMoney(_kopecks(held.real), _kopecks(held.bonus))

    async def advance(self) -> int | None:
        """The CPA advance in kopecks, possibly negative. Once a minute per account."""
        answer = await self._ask(Request(ADVANCE, self._access.account, body={}))
        kopecks = _read(Advance, answer, ADVANCE).kopecks()
        return None if kopecks is None else whole(kopecks)

    async def daily_stats(self, period: Period) -> DayMetrics:
        """Every metric of every day of `period`. Once a minute per account.

        A metric that Avito withholds and a day that it leaves out are absent, not 0.
        """
        if period.length > DEPTH_DAYS:
            raise ValueError(f"{period.length} days do not fit into one call")
        question = Request(STATS_V2, self._access.account, body=days_question(period))
        answer = await self._ask(question)
        rows = _read(StatsAnswer, answer, STATS_V2).result
        if rows.total is not None and rows.total > len(rows.groupings):
            # Days that were cut off must not be taken for days without numbers.
            raise UnexpectedAnswer(
                STATS_V2.name,
                status=200,
                detail=f"{len(rows.groupings)} of {rows.total} days",
            )
        return by_day(rows, period)

    async def listing_stats(self, period: Period, offset: int = 0) -> ListingPage:
        """What each listing did in all of `period`, from the row `offset` on.

        Shares its minute with `daily_stats`: one call, of either kind, per account.
        """
        question = Request(STATS_V2, self._access.account, body=listings_question(period, offset))
        rows = _read(StatsAnswer, await self._ask(question), STATS_V2).result
        named = [row for row in rows.groupings if row.id and is_storable(row.id)]
        sent = len(rows.groupings)
        return ListingPage(by_listing(named), sent, sent - len(named), rows.total)

    async def listing_pages(self, status: str) -> AsyncIterator[list[Listed]]:
        """The listings in this status, a page at a time. 25 pages a minute."""
        # Listings move between pages while we turn them, so ids repeat.
        known: set[int] = set()
        for page in count(1):
            query = {"per_page": ITEMS_PER_PAGE, "page": page, "status": status}
            answer = await self._ask(Request(ITEMS, self._access.account, query=query))
            told = _read(ItemsAnswer, answer, ITEMS)
            fresh = {
                item.id: listed(item.id, item)
                for item in told.resources
                if item.id and item.id not in known and is_storable(item.id)
            }
            known |= fresh.keys()
            yield list(fresh.values())
            page_size = min(told.meta.per_page or ITEMS_PER_PAGE, ITEMS_PER_PAGE)
            if len(told.resources) < page_size or not fresh:
                break

    async def active_items(self) -> list[int]:
        """The ids of all active listings."""
        return [one.id async for page in self.listing_pages("active") for one in page]

    async def daily_stats_v1(self, items: Sequence[int], period: Period) -> DayMetrics:
        """Views, contacts and favorites of `items` together, by day, under their v2 slugs."""
        days: defaultdict[date, Counter[str]] = defaultdict(Counter)
        async for told in self._v1(items, period):
            add_items(days, told)
        return {day: dict(metrics) for day, metrics in days.items() if day in period}

    async def daily_calls(self, period: Period) -> DayMetrics:
        """The calls of every day of `period`; days that Avito says nothing of are absent.

        Only what went through Avito's call tracking is known to it.
        """
        body = calls_question(period)
        answer = await self._ask(Request(CALLS, self._access.account, body=body))
        return calls_by_day(_read(CallsAnswer, answer, CALLS), period)

    async def chats(self, which: ChatFilter, offset: int) -> ChatPage:
        """The chats from the row `offset` on, the one that was written to last first."""
        query = {"limit": PAGE, "offset": offset, **which.query()}
        answer = await self._ask(Request(CHATS, self._access.account, query=query))
        return chat_page(answer, which.kind, self._access.account)

    async def messages(self, chat: ChatHead, offset: int) -> MessagePage:
        """The messages of `chat` from the row `offset` on, the newest first.

        To ask does not mark any as read.
        """
        query = {"limit": PAGE, "offset": offset}
        request = Request(MESSAGES, self._access.account, query=query, chat=chat.id)
        newest_at = chat.updated or chat.created
        return message_page(await self._ask(request), self._access.account, newest_at)

    async def listing_stats_v1(
        self, items: Sequence[int], period: Period
    ) -> dict[date, ListingMetrics]:
        """The same of each listing by itself. A day of which nothing is told is left out."""
        days: defaultdict[date, ListingMetrics] = defaultdict(dict)
        async for told in self._v1(items, period):
            for item in told:
                for numbers in item.stats:
                    days[numbers.day][item.item] = as_v2(numbers)
        return {day: listings for day, listings in days.items() if day in period}

    def _v1(self, items: Sequence[int], period: Period) -> AsyncIterator[list[ItemStats]]:
        return in_batches(partial(self._ask_v1, period), items)

    async def _ask_v1(self, period: Period, items: Sequence[int]) -> list[ItemStats]:
        request = Request(STATS_V1, self._access.account, body=items_question(items, period))
        told = _read(ItemStatsAnswer, await self._ask(request), STATS_V1).result.items
        asked = set(items)
        return [item for item in told if item.item in asked]

    async def _ask(self, request: Request) -> Any:
        """The answer to `request`, with a token that is renewed once if Avito refuses it."""
        if self._token is None or not self._tokens.is_good(self._token):
            self._token = await self._tokens.current(self._access)
        token = self._token
        try:
            return await self._send(request, token)
        except TokenRefused as refusal:
            # Whatever comes of it, nobody should begin with this one again.
            self._token = None
            if request.endpoint.once_a_minute:
                await self._renew_for_later(request.endpoint, token, refusal)
            token = self._token = await self._tokens.replace(self._access, token)
        try:
            return await self._send(request, token)
        except TokenRefused as refusal:
            raise KeysRefused(
                refusal.endpoint, status=refusal.status, detail=refusal.detail
            ) from refusal

    async def _send(self, request: Request, token: Token) -> Any:
        client_id = self._access.credentials.client_id
        answer = await self._door.call(replace(request, token=token.value, client_id=client_id))
        self._tokens.accepted(self._access, request.endpoint)
        return answer

    async def _renew_for_later(
        self, endpoint: Endpoint, token: Token, refusal: TokenRefused
    ) -> None:
        """Get a new token for a call whose minute is used up: its repeat has to wait."""
        if self._tokens.refused_again(self._access, endpoint, token):
            raise KeysRefused(
                endpoint.name, status=refusal.status, detail=refusal.detail
            ) from refusal
        await self._tokens.replace(self._access, token)
        raise RateLimited(
            endpoint.name,
            retry_at=self._clock.now() + timedelta(seconds=MINUTE_GATE),
            status=refusal.status,
            detail="the token was renewed",
        ) from refusal


class Avito:
    """Avito for the rest of the core: a client per profile, and the check of new keys."""

    def __init__(self, door: AvitoDoor, tokens: TokenStore, clock: Clock) -> None:
        self._door = door
        self._clock = clock
        self._tokens = TokenProvider(door, tokens, clock)

    def client(self, access: ProfileAccess) -> AvitoClient:
        return AvitoClient(self._door, self._tokens, access, self._clock)

    async def verify(self, credentials: Credentials) -> VerifiedAccount:
        """Whose keys these are, before there is a profile.

        Raises `KeysRefused` when they are wrong, `EmployeeKey` when they show an empty account.
        """
        kept = _OneToken()
        nobody = ProfileAccess(profile_id=0, account=0, credentials=credentials)
        tokens = TokenProvider(self._door, kept, self._clock)
        client = AvitoClient(self._door, tokens, nobody, self._clock)
        info = await client.self_info()
        await client.check_employee()
        return VerifiedAccount(info.id, await tokens.current(nobody))


class _OneToken:
    """The token store of a key check: there is no profile yet to keep the token with."""

    def __init__(self) -> None:
        self._token: Token | None = None

    async def load(self, profile_id: int) -> Token | None:  # noqa: ARG002 -- only one is kept
        return self._token

    async def save(self, profile_id: int, token: Token | None) -> None:  # noqa: ARG002
        self._token = token


def _read(model: type[Model], answer: Any, endpoint: Endpoint) -> Model:
    unread = Unread()
    try:
        told = model.model_validate(answer, context=unread)
    except ValidationError as unreadable:
        where = ", ".join(
            ".".join(str(part) for part in error["loc"]) for error in unreadable.errors()[:3]
        )
        raise UnexpectedAnswer(
            endpoint.name, status=200, detail=f"another shape at {where}"
        ) from unreadable
    if unread:
        log.warning("avito_fields_unread", endpoint=endpoint.name, fields=dict(unread))
    return told


def _kopecks(roubles: Decimal | None) -> int | None:
    return None if roubles is None else whole(roubles * 100)
