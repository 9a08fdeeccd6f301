"""One report over several profiles: what `/stats` shows in a chat, or one message on schedule.

A row per profile, and totals in which an Avito account counts once, however many profiles of
however many owners show it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from core.database.health import outlasting
from core.database.models import AvitoProfile
from core.errors import AvitoError, ProfileNotFound, SecretKeyError, Unavailable
from core.logs import get_logger
from core.report_data import Collector, ReportData, is_baseless
from utils.analytics import Figure, are_compared, only, together, uncompared
from utils.lights import Light, light_of
from utils.metrics import STATISTICS, Shown, common
from utils.periods import Period

log = get_logger(__name__)

WIDTH = 64
"""How many accounts are read side by side, for all chats together."""
SOON_SEC = 5.0
"""How long people in a chat are let wait for one account that the store has older numbers of."""
PATIENCE_SEC = 20.0
"""How much longer, where it has none."""
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Row:
    """One profile in the combined report."""

    profile_id: int
    profile_name: str
    data: ReportData | None
    """None: there is nothing to show, neither from Avito nor from the store."""
    why: str | None = None
    """The class name of the error, where there is nothing to show."""
    comes_later: bool = False
    """Its report is still being made and will be a message of its own."""
    counted_as: str | None = None
    """The profile above that shows the same account; the totals have it from there."""
    light: Light = Light.NONE


@dataclass(frozen=True, slots=True)
class Combined:
    period: Period
    compared_with: Period | None
    figures: list[Figure]
    """The totals; empty when no profile could be read."""
    rows: list[Row]
    """What wants a look comes first."""
    whole: int
    """How many of the rows are whole in both periods: the changes are of these."""
    read_at: datetime | None
    """The oldest read among the rows, but for those that say themselves how old they are."""
    refreshes_at: datetime | None = None
    """Some are older than they should be, and newer ones of all are allowed from then on."""


def combined(period: Period, rows: Sequence[Row], shown: Mapping[int, Shown]) -> Combined:
    """The report of these profiles, all of them about `period`; `shown` has their ids.

    The totals tell only what is told of every profile: what one of them keeps to itself could
    be read from the sum and the rest.
    """
    told_last = sorted((row.data for row in rows if row.data is not None), key=_read_at)
    known = list({data.account: data for data in told_last}.values())
    figures = together([data.figures for data in known]) if known else []
    told = only(figures, common(shown.values()))
    fresh = [data for data in known if data.failure is None] or known
    return Combined(
        period=period,
        compared_with=period.previous() if _is_compared(figures) else None,
        figures=uncompared(told, STATISTICS) if is_baseless(told, known) else told,
        rows=list(_counted_once(sorted(_judged(rows, shown), key=_urgency))),
        whole=sum(row.data is not None and are_compared(row.data.figures) for row in rows),
        read_at=min((data.read_at for data in fresh if data.read_at), default=None),
        refreshes_at=max((data.refreshes_at for data in known if data.refreshes_at), default=None),
    )


class Combiner:
    def __init__(self, collector: Collector) -> None:
        self._collector = collector
        self._slots = asyncio.Semaphore(WIDTH)

    async def read(
        self, profiles: Sequence[AvitoProfile], period: Period, *, anew: bool = False
    ) -> dict[int, Row]:
        """A row of each profile about `period`, by its id, for `combined`.

        `anew`: Avito is asked even for what is fresh, as far as its limits allow. Raises no
        `AvitoError`: what failed is a row without data.
        """
        told = {} if anew else await self._collector.as_it_is(profiles, period)
        rest = [profile for profile in profiles if profile.id not in told]
        rows = {id_: Row(id_, data.profile_name, data) for id_, data in told.items()}
        return rows | {row.profile_id: row for row in await self._read_all(rest, period, anew)}

    async def _read_all(
        self, profiles: Sequence[AvitoProfile], period: Period, anew: bool
    ) -> list[Row]:
        """Side by side, each through its own keys: of one account the first reads for all."""
        read = await asyncio.gather(*(self._read(profile, period, anew) for profile in profiles))
        return [_row(profile, outcome) for profile, outcome in zip(profiles, read, strict=True)]

    async def _read(
        self, profile: AvitoProfile, period: Period, anew: bool
    ) -> ReportData | Exception:
        async with self._slots:
            try:
                opened = await self._collector.profile(profile.owner_id, profile.id)
            except (AvitoError, ProfileNotFound, SecretKeyError) as error:
                _log_failure(profile, error)
                return error
            return await self._collect(opened, period, anew)

    async def _collect(
        self, profile: AvitoProfile, period: Period, anew: bool
    ) -> ReportData | Exception:
        # While many are written down side by side, a write may find no room for a while.
        collecting = asyncio.create_task(
            outlasting(lambda: self._collector.collect(profile, period, anew=anew))
        )
        hangs = Unavailable("reading", detail="TimeoutError")
        try:
            for patience in (SOON_SEC, PATIENCE_SEC):
                await asyncio.wait({collecting}, timeout=patience)
                if collecting.done():
                    return collecting.result()
                if older := await self._collector.stored(profile, period, hangs):
                    return older
        except (AvitoError, ProfileNotFound) as error:
            _log_failure(profile, error)
            return await self._collector.stored(profile, period, error) or error
        except Exception as error:
            # Whatever it is about this one, the others have to be shown.
            log.exception("combining_broke", profile_id=profile.id)
            return await self._collector.stored(profile, period, error) or error
        finally:
            collecting.cancel()
            await asyncio.gather(collecting, return_exceptions=True)
        _log_failure(profile, hangs)
        return hangs


def _log_failure(profile: AvitoProfile, error: Exception) -> None:
    log.warning("not_combined", profile_id=profile.id, error=type(error).__name__, why=str(error))


def _read_at(data: ReportData) -> datetime:
    return data.read_at or NEVER


def _is_compared(figures: Iterable[Figure]) -> bool:
    """The wallet's change is against an instant, so it does not count here."""
    return any(figure.change for figure in figures if figure.metric.slugs)


def _row(profile: AvitoProfile, outcome: ReportData | Exception) -> Row:
    if isinstance(outcome, ReportData):
        return Row(profile.id, profile.profile_name, outcome)
    return Row(profile.id, profile.profile_name, None, why=type(outcome).__name__)


def _judged(rows: Iterable[Row], shown: Mapping[int, Shown]) -> Iterator[Row]:
    """With what is shown of them, and a light that tells no more than that."""
    for row in rows:
        if row.data is None:
            yield row
        else:
            told = shown[row.profile_id]
            light = light_of(row.data.figures, told.keys)
            yield replace(row, data=row.data.showing(told), light=light)


def _counted_once(rows: Iterable[Row]) -> Iterator[Row]:
    first_of: dict[int, str] = {}
    for row in rows:
        if row.data is None:
            yield row
            continue
        yield replace(row, counted_as=first_of.get(row.data.account))
        first_of.setdefault(row.data.account, row.profile_name)


def _urgency(row: Row) -> int:
    """Its place among the rows; those alike stay in the order they came in."""
    if row.data is None:
        return -1
    return (Light.RED, Light.YELLOW, Light.GREEN, Light.NONE).index(row.light)
