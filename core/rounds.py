"""Reading many accounts before anybody asks: every night, and ahead of the reports."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple, TypeGuard

from sqlalchemy import Select, select

from core.database.health import is_unreachable
from core.database.models import AvitoProfile, ReportTask
from core.database.session import reading
from core.errors import (
    AvitoError,
    BadRequest,
    ProductError,
    ProfileNotFound,
    SecretKeyError,
    Unavailable,
    UnexpectedAnswer,
)
from core.logs import get_logger
from core.ports import Escalate
from core.report_data import Collector
from utils.periods import Period, end_of, yesterday

log = get_logger(__name__)

AHEAD = timedelta(minutes=15)
"""How long before a report its account is read: time for Avito's minute, and for second tries."""
WIDTH = 8


class Owned(NamedTuple):
    """A profile as its keys are looked up."""

    owner_id: int
    profile_id: int


class Rounds:
    """One account is read once, however many profiles show it.

    An account that cannot be read stops no other: whoever asks for its report will hear why.
    """

    def __init__(self, collector: Collector, escalate: Escalate) -> None:
        self._collector = collector
        self._escalate = escalate
        self._slots = asyncio.Semaphore(WIDTH)

    async def nightly(self) -> None:
        """Bring yesterday of every account up to date, and the weeks that Avito corrects."""
        await self._go("nightly", _profiles(), yesterday(self._collector.clock.now()))

    async def ahead_of_slots(self) -> None:
        """The same for the accounts whose reports are due in the next minutes."""
        now = self._collector.clock.now()
        period = yesterday(now + AHEAD)
        # Shortly before midnight the day of the reports is not over: they read it themselves.
        if end_of(period.last) <= now:
            due = ReportTask.next_due_at.between(now, now + AHEAD)
            profiles = _profiles().join(ReportTask, ReportTask.profile_id == AvitoProfile.id)
            await self._go("ahead_of_slots", profiles.where(due).distinct(), period)

    async def _go(self, name: str, query: Select[int | None, int, int], period: Period) -> None:
        accounts: defaultdict[int | None, list[Owned]] = defaultdict(list)
        async with reading(self._collector.sessions) as session:
            for account, *owned in await session.execute(query):
                accounts[account].append(Owned(*owned))
        reads = (self._read(each, period) for each in accounts.values())
        outcomes = await asyncio.gather(*reads, return_exceptions=True)
        if outcomes:
            failures = [outcome for outcome in outcomes if outcome is not None]
            kinds = Counter(type(error).__name__ for error in failures)
            log.info("round_made", round=name, accounts=len(outcomes), failures=dict(kinds))
            self._escalate_strange(name, failures)

    def _escalate_strange(self, name: str, failures: Sequence[BaseException]) -> None:
        """What neither time nor its owner will mend; one of a kind is enough."""
        strange = {type(error): error for error in failures if _is_strange(error)}
        for error in strange.values():
            self._escalate(error, round=name)

    async def _read(self, shown: list[Owned], period: Period) -> Exception | None:
        """Through the first of its profiles whose keys open the account; returns why not."""
        failure: Exception | None = None
        async with self._slots:
            for owned in shown:
                failure = await self._read_through(owned, period)
                if failure is None:
                    return None
                if not isinstance(failure, Unavailable) or failure.retry_at is None:
                    # Else it was not asked: while Avito is silent that is most of them.
                    log.warning("not_read_ahead", profile_id=owned.profile_id, why=str(failure))
        return failure

    async def _read_through(self, owned: Owned, period: Period) -> Exception | None:
        try:
            profile = await self._collector.profile(owned.owner_id, owned.profile_id)
            freshness = await self._collector.refresh(profile, period)
            await self._collector.refresh_calls(profile, period)
        except (AvitoError, ProfileNotFound, SecretKeyError) as error:
            return error
        return freshness.failure


def _is_strange(error: BaseException) -> TypeGuard[Exception]:
    if isinstance(error, ProductError):
        return isinstance(error, BadRequest | UnexpectedAnswer)
    return isinstance(error, Exception) and not is_unreachable(error)


def _profiles() -> Select[int | None, int, int]:
    return (
        select(AvitoProfile.user_id, AvitoProfile.owner_id, AvitoProfile.id)
        .where(AvitoProfile.user_id.is_not(None))
        .order_by(AvitoProfile.user_id, AvitoProfile.id)
    )
