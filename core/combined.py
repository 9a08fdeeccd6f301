"""One report over several profiles: what `/stats` shows in a chat.

A row per profile, and totals in which an Avito account counts once, however many profiles of
however many owners show it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core.database.models import AvitoProfile
from core.errors import AvitoError, ProfileNotFound, SecretKeyError
from core.logs import get_logger
from core.report_data import Collector, ReportData
from utils.analytics import Figure, together
from utils.periods import Period

log = get_logger(__name__)

WIDTH = 8
"""How many accounts are read side by side."""
PATIENCE_SEC = 25.0
"""How long people in a chat are let wait for one account; then the store answers."""


@dataclass(frozen=True, slots=True)
class Row:
    """One profile in the combined report."""

    profile_id: int
    profile_name: str
    data: ReportData | None
    """None: there is nothing to show, neither from Avito nor from the store."""
    counted_as: str | None = None
    """The profile above that shows the same account; the totals have it from there."""


@dataclass(frozen=True, slots=True)
class Combined:
    period: Period
    compared_with: Period | None
    figures: list[Figure]
    """The totals; empty when no profile could be read."""
    rows: list[Row]
    read_at: datetime | None
    """The oldest read among the rows."""

    def showing(self, chosen: Mapping[int, Collection[str]]) -> Combined:
        """The same with the metrics chosen for each profile, by its id.

        The totals tell only what is told of every profile: what one of them keeps to itself
        could be read from the sum and the rest.
        """
        common = set.intersection(*map(set, chosen.values())) if chosen else set()
        rows = [
            replace(row, data=row.data.showing(chosen[row.profile_id])) if row.data else row
            for row in self.rows
        ]
        told = [figure for figure in self.figures if figure.metric.key in common]
        return replace(self, figures=told, rows=rows)


class Combiner:
    def __init__(self, collector: Collector) -> None:
        self._collector = collector
        self._slots = asyncio.Semaphore(WIDTH)

    async def combine(self, profiles: Sequence[AvitoProfile], period: Period) -> Combined:
        """One report about `period`. Raises no `AvitoError`: what failed is a row without data."""
        opened = await asyncio.gather(*(self._open(profile) for profile in profiles))
        accounts = _by_account(profile for profile in opened if profile is not None)
        read = await asyncio.gather(*(self._read(shown, period) for shown in accounts.values()))
        return _combined(period, profiles, opened, dict(zip(accounts, read, strict=True)))

    async def _open(self, profile: AvitoProfile) -> AvitoProfile | None:
        """The profile with its keys and a known account, None when it has neither."""
        async with self._slots:
            try:
                return await self._collector.profile(profile.owner_id, profile.id)
            except (AvitoError, ProfileNotFound, SecretKeyError) as error:
                _log_failure(profile, error)
                return None

    async def _read(self, shown: list[AvitoProfile], period: Period) -> ReportData | None:
        """The numbers of one account, through the first of its profiles whose keys open it."""
        older: ReportData | None = None
        for profile in shown:
            async with self._slots:
                data = await self._collect(profile, period)
            if data is not None and data.failure is None:
                return data
            older = older or data
        return older

    async def _collect(self, profile: AvitoProfile, period: Period) -> ReportData | None:
        try:
            async with asyncio.timeout(PATIENCE_SEC):
                return await self._collector.collect(profile, period)
        except (AvitoError, ProfileNotFound, TimeoutError) as error:
            _log_failure(profile, error)
            return await self._collector.stored(profile, period, error)


def _log_failure(profile: AvitoProfile, error: Exception) -> None:
    log.warning("not_combined", profile_id=profile.id, error=type(error).__name__, why=str(error))


def _by_account(profiles: Iterable[AvitoProfile]) -> dict[int, list[AvitoProfile]]:
    accounts: dict[int, list[AvitoProfile]] = {}
    for profile in profiles:
        if profile.user_id is not None:
            accounts.setdefault(profile.user_id, []).append(profile)
    return accounts


def _combined(
    period: Period,
    profiles: Sequence[AvitoProfile],
    opened: Sequence[AvitoProfile | None],
    read: dict[int, ReportData | None],
) -> Combined:
    known = [data for data in read.values() if data is not None]
    figures = together([data.figures for data in known]) if known else []
    return Combined(
        period=period,
        compared_with=period.previous() if _is_compared(figures) else None,
        figures=figures,
        rows=_rows(profiles, opened, read),
        read_at=min((data.read_at for data in known if data.read_at is not None), default=None),
    )


def _is_compared(figures: Iterable[Figure]) -> bool:
    """The wallet's change is against an instant, so it does not count here."""
    return any(figure.change for figure in figures if figure.metric.slugs)


def _rows(
    profiles: Sequence[AvitoProfile],
    opened: Sequence[AvitoProfile | None],
    read: dict[int, ReportData | None],
) -> list[Row]:
    rows: list[Row] = []
    first_of: dict[int, str] = {}
    for profile, known in zip(profiles, opened, strict=True):
        account = known.user_id if known is not None else None
        data = read[account] if account is not None else None
        if account is None or data is None:
            rows.append(Row(profile.id, profile.profile_name, None))
            continue
        name = profile.profile_name
        rows.append(Row(profile.id, name, data, counted_as=first_of.get(account)))
        first_of.setdefault(account, profile.profile_name)
    return rows
