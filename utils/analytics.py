"""From stored days to the figures of a report: sums, ratios and changes, all exact.

Money is integer kopecks. What Avito withheld is None here and "нет данных" on the screen,
never 0: a missing number is never added up as if it were nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import Enum, auto
from fractions import Fraction

from utils.metrics import CATALOGUE, Metric, Shown
from utils.periods import ONE_DAY, Period

Days = Mapping[date, Mapping[str, int]]
"""Avito's slug -> count or kopecks, by Moscow day. An unknown day may be absent or empty."""

Value = int | Fraction


@dataclass(frozen=True, slots=True)
class Wallet:
    """What an account held at an instant, in kopecks. None is unknown."""

    taken_at: datetime
    real: int | None
    bonus: int | None
    advance: int | None
    """The CPA advance; may be negative."""
    advance_at: datetime | None = None
    """When the advance was read, where that is another call than the wallet's was."""
    had_advance: bool = False
    """There was some of late, and how much there is now is unknown."""


@dataclass(frozen=True, slots=True)
class Change:
    """How a figure moved against the period before."""

    absolute: Value
    relative: Fraction | None
    """A share of the previous value; None when that was 0 and there is no percent of it."""


class PaidFor(Enum):
    """What the money of an account goes on."""

    ALL = auto()
    PRESENCE = auto()
    REST = auto()
    """Everything but the presence."""


@dataclass(frozen=True, slots=True)
class Figure:
    metric: Metric
    value: Value | None
    """By `metric.kind`: a count, kopecks, or an exact fraction. None: Avito said nothing."""
    change: Change | None = None
    """None when there is nothing whole to compare with."""
    partial: bool = False
    """Some days of the period are missing from the value."""
    bonus: int = 0
    """Kopecks of bonuses beside the money of this figure, 0 where there are none."""
    commission: int = 0
    """Kopecks of commission within the money of this figure, 0 where there are none."""
    undefined: bool = False
    """No value, though Avito said everything: no contacts have no price."""
    sides: tuple[int, int] | None = None
    """What a ratio is made of: money of some days and contacts of others make no price."""
    of_all: bool = True
    """False in a sum over accounts of which some say nothing about this."""
    compared: Value | None = None
    """In a sum, what the change is about, where that is not all of the value."""
    lasts: Fraction | None = None
    """For how many more days this money lasts (`utils.runway`); None is not known.

    0: there is none left, although it is spent.
    """
    paid_for: PaidFor = PaidFor.ALL
    """What it is used up by, where that is known."""


@dataclass(frozen=True, slots=True)
class _Told:
    """What a period tells of a metric."""

    value: Value | None = None
    partial: bool = False
    sides: tuple[int, int] | None = None


def figures(
    period: Period,
    days: Days,
    *,
    wallet: Wallet | None = None,
    earlier_wallet: Wallet | None = None,
    compare: bool = True,
) -> list[Figure]:
    """All figures of `period` in the catalogue's order, with changes against `previous()`.

    `days` holds both periods. Pass `compare=False` when the period includes a day that still
    goes on: half a day against a whole one is no change. `earlier_wallet` is the snapshot to
    compare the wallet with, None when there is none about a day older.
    """
    before = period.previous() if compare else None
    return [
        _statistic(metric, period, before, days)
        if metric.slugs
        else _wallet_figure(metric, wallet, earlier_wallet)
        for metric in CATALOGUE
    ]


def _statistic(metric: Metric, period: Period, before: Period | None, days: Days) -> Figure:
    now = _told(metric, period, days)
    change = None
    if before is not None and not now.partial:
        earlier = _told(metric, before, days)
        change = None if earlier.partial else change_between(now.value, earlier.value)
    is_total = metric.key == "total_spending"
    return Figure(
        metric,
        now.value,
        change,
        partial=now.partial and now.value is not None,
        bonus=_sum_of("bonus", period, days) if is_total else 0,
        commission=_sum_of("commission", period, days) if is_total else 0,
        undefined=_is_undefined(now.sides or ()),
        sides=now.sides,
    )


def _told(metric: Metric, period: Period, days: Days) -> _Told:
    if metric.is_state:
        return _Told(*_last_known(metric.slugs[0], period, days))
    known = list(_days_that_tell(metric.slugs, period, days))
    if not known:
        return _Told()
    partial = len(known) < period.length
    match [sum(column) for column in zip(*known, strict=True)]:
        case [part, whole]:
            return _Told(_ratio(part, whole), partial, (part, whole))
        case [value]:
            return _Told(value, partial)
    raise AssertionError(metric.slugs)


def _sum_of(slug: str, period: Period, days: Days) -> int:
    return sum(value for (value,) in _days_that_tell((slug,), period, days))


def _days_that_tell(slugs: Sequence[str], period: Period, days: Days) -> Iterator[tuple[int, ...]]:
    """What each day says of these slugs, if it says something of all of them."""
    for day in period:
        said = [_said(slug, days.get(day, {})) for slug in slugs]
        known = tuple(value for value in said if value is not None)
        if len(known) == len(slugs):
            yield known


def _last_known(slug: str, period: Period, days: Days) -> tuple[int | None, bool]:
    """A number of listings is a state: over several days the last one counts, not the sum."""
    for day in reversed(list(period)):
        if slug in days.get(day, {}):
            return days[day][slug], day != period.last
    return None, False


def _ratio(part: Value | None, whole: Value | None) -> Fraction | None:
    if part is None or not whole:
        return None
    return Fraction(part) / whole


def _is_undefined(sums: Sequence[Value | None]) -> bool:
    """Whether these are the two known sides of a ratio to nothing."""
    match sums:
        case [part, 0]:
            return part is not None
    return False


def _said(slug: str, day: Mapping[str, int]) -> int | None:
    """What a day tells of a slug of the catalogue, Avito's or ours."""
    match slug:
        case "bonus":
            # Avito does not say the unit of `spendingBonus`; the other two are kopecks for sure.
            spent = _difference(day, "allSpending", "spending")
            return day.get("spendingBonus") if spent is None else spent
        case "missedCalls":
            return _difference(day, "calls", "answeredCalls")
    return day.get(slug)


def _difference(day: Mapping[str, int], whole: str, part: str) -> int | None:
    return day[whole] - day[part] if whole in day and part in day else None


def _wallet_figure(metric: Metric, wallet: Wallet | None, earlier: Wallet | None) -> Figure:
    now = _held(metric, wallet)
    bonus = wallet.bonus if wallet is not None and metric.key == "wallet_balance" else None
    return Figure(metric, now, change_between(now, _held(metric, earlier)), bonus=bonus or 0)


def _held(metric: Metric, wallet: Wallet | None) -> int | None:
    if wallet is None:
        return None
    return wallet.real if metric.key == "wallet_balance" else wallet.advance


def change_between(now: Value | None, before: Value | None) -> Change | None:
    """How a value moved; None when one of the two is unknown."""
    if now is None or before is None:
        return None
    difference = now - before
    # The base is taken without its sign: from -50 to 0 is a growth of 100 %.
    base = abs(Fraction(before))
    return Change(difference, difference / base if base else None)


def together(accounts: Sequence[Sequence[Figure]]) -> list[Figure]:
    """The figures of several accounts as those of one, in the catalogue's order.

    `accounts` are the `figures` of each, all about the same period. Ratios are made anew from
    the sums. An account that withholds a part of a figure is left out of that whole figure: its
    contacts without its spending would make everybody's contact cheaper. One that cannot be
    compared is left out of the changes only.
    """
    by_key = [{figure.metric.key: figure for figure in account} for account in accounts]
    whole = [account for account in by_key if are_compared(account.values())]
    return [_sum(metric, by_key, whole if metric.slugs else by_key) for metric in CATALOGUE]


def only(figures: Sequence[Figure], shown: Shown) -> list[Figure]:
    """Those that are shown, without what would tell of the others."""
    return [_of_itself(figure, shown) for figure in figures if figure.metric.key in shown.keys]


def _of_itself(figure: Figure, shown: Shown) -> Figure:
    # The bonuses of the wallet are held, not spent.
    is_bonus_told = not figure.metric.slugs or shown.tells("bonus_spending")
    return replace(
        figure,
        bonus=figure.bonus if is_bonus_told else 0,
        commission=figure.commission if shown.tells("commission") else 0,
        # How long money lasts tells how fast it is spent.
        lasts=figure.lasts if shown.tells("total_spending") else None,
    )


_SUMS = {metric.slugs[0]: metric.key for metric in CATALOGUE if len(metric.slugs) == 1}
"""The figure that is the sum of a slug."""


def _sum(
    metric: Metric,
    accounts: Sequence[Mapping[str, Figure]],
    whole: Sequence[Mapping[str, Figure]],
) -> Figure:
    """Of all `accounts`; its change of those that are `whole` and tell it of both periods."""
    keys = [_SUMS[slug] for slug in metric.slugs] or [metric.key]
    telling = [account for account in accounts if _parts(account[metric.key])]
    told = [account[metric.key] for account in telling]
    sums = [sum(column) for column in zip(*map(_parts, told), strict=True)]
    value = _made_of(sums)
    compared = [parts for parts in _telling(keys, whole) if all(each.change for each in parts)]
    moved = _made_of(_sums(compared, lambda figure: figure.value))
    change = change_between(moved, _made_of(_sums(compared, earlier)))
    return Figure(
        metric,
        value,
        change,
        partial=value is not None
        and any(account[key].partial for account in telling for key in (*keys, metric.key)),
        bonus=sum(figure.bonus for figure in told) if len(keys) == 1 else 0,
        commission=sum(figure.commission for figure in told) if len(keys) == 1 else 0,
        undefined=_is_undefined(sums),
        of_all=len(telling) == len(accounts),
        compared=moved if change is not None and len(compared) < len(telling) else None,
    )


def _parts(figure: Figure) -> tuple[Value, ...]:
    """What is added up over accounts; nothing where Avito said nothing."""
    if figure.sides is not None:
        return figure.sides
    return () if figure.value is None else (figure.value,)


def _telling(keys: Sequence[str], accounts: Iterable[Mapping[str, Figure]]) -> list[list[Figure]]:
    """These figures of the accounts that tell all of them."""
    parts = ([account[key] for key in keys] for account in accounts)
    return [part for part in parts if all(figure.value is not None for figure in part)]


def _sums(
    parts: Iterable[Sequence[Figure]], said: Callable[[Figure], Value | None]
) -> list[Value | None]:
    return [_added(map(said, column)) for column in zip(*parts, strict=True)]


def earlier(figure: Figure) -> Value | None:
    """What its change is from, None where it cannot be compared."""
    if figure.value is None or figure.change is None:
        return None
    now = figure.value if figure.compared is None else figure.compared
    return now - figure.change.absolute


def _added(values: Iterable[Value | None]) -> Value | None:
    total: Value = 0
    for value in values:
        if value is None:
            return None
        total += value
    return total


def _made_of(sums: Sequence[Value | None]) -> Value | None:
    """One sum as it is, two as their ratio."""
    if not sums:
        return None
    return sums[0] if len(sums) == 1 else _ratio(sums[0], sums[1])


def uncompared(figures: Iterable[Figure], keys: Collection[str]) -> list[Figure]:
    """The same without the changes of these metrics."""
    return [
        replace(figure, change=None) if figure.metric.key in keys else figure for figure in figures
    ]


def are_compared(figures: Iterable[Figure]) -> bool:
    """Whether the statistics have changes: the wallet has its own, and of a state the last day
    of the period before is enough.
    """
    statistics = [figure for figure in figures if figure.metric.slugs]
    sums = [figure for figure in statistics if not figure.metric.is_state]
    return any(figure.change for figure in sums or statistics)


def known_days(period: Period, days: Days) -> int:
    """How many days of `period` have any number at all."""
    return sum(1 for day in period if days.get(day))


def missing_days(period: Period, days: Days) -> list[Period]:
    """The days of `period` of which nothing is known, in runs, oldest first."""
    runs: list[Period] = []
    for day in period:
        if days.get(day):
            continue
        if runs and runs[-1].last + ONE_DAY == day:
            runs[-1] = Period(runs[-1].first, day)
        else:
            runs.append(Period(day, day))
    return runs


def silent(days: Iterable[Mapping[str, int]], slugs: Iterable[str]) -> bool:
    """Whether all `slugs` are 0 or absent in all `days`."""
    wanted = tuple(slugs)
    return not any(metrics.get(slug) for metrics in days for slug in wanted)
