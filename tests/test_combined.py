"""Many profiles in one report: none of them delays or spoils the others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine
from datetime import timedelta
from functools import wraps
from typing import Any, cast

import pytest
from sqlalchemy.exc import OperationalError

from core.combined import PATIENCE_SEC, SOON_SEC, Combined, Combiner, Row, combined
from core.database.models import AvitoProfile
from core.errors import Unavailable
from core.report_data import Collector, ReportData
from tests.support.combined import DAY, READ_AT, report_data
from tests.support.virtual_time import run_in_virtual_time
from utils.analytics import figures
from utils.lights import Light
from utils.metrics import METRICS, Shown

EVERYTHING = Shown(tuple(METRICS))
Story = Callable[[], Coroutine[Any, Any, None]]


def in_virtual_time(story: Story) -> Callable[[], None]:
    @wraps(story)
    def test() -> None:
        run_in_virtual_time(story())

    return test


class Accounts:
    """What there is to read: `slow` ones never answer, `broken` ones at once with an error.

    The numbers of `crowded` ones find no room in the database at first.
    """

    def __init__(
        self,
        *,
        slow: Collection[int] = (),
        broken: Collection[int] = (),
        never_read: Collection[int] = (),
        fresh: Collection[int] = (),
        crowded: Collection[int] = (),
    ) -> None:
        self.fresh = fresh
        self.crowded = set(crowded)
        self.slow, self.broken, self.never_read = slow, broken, never_read
        self.left = 0

    async def as_it_is(self, _shown: object, _period: object) -> dict[int, ReportData]:
        return {number: report_data(number) for number in self.fresh}

    async def profile(self, owner_id: int, profile_id: int) -> AvitoProfile:
        return profile(profile_id)

    async def collect(self, asked: AvitoProfile, _period: object, *, anew: bool) -> ReportData:
        if asked.id in self.slow:
            try:
                await asyncio.sleep(3_600)
            finally:
                self.left += 1
        if asked.id in self.broken:
            raise Unavailable("stats_v2", status=502)
        await asyncio.sleep(0.1)
        if asked.id in self.crowded:
            self.crowded.remove(asked.id)
            raise OperationalError("UPDATE", {}, Exception("database is locked"))
        return report_data(asked.id)

    async def stored(
        self, asked: AvitoProfile, _period: object, failure: Exception
    ) -> ReportData | None:
        if asked.id in self.never_read:
            return None
        return report_data(asked.id, failure=failure)

    async def combine(self, count: int) -> Combined:
        profiles = [profile(number) for number in range(1, count + 1)]
        shown = {profile.id: EVERYTHING for profile in profiles}
        rows = await Combiner(cast("Collector", self)).read(profiles, DAY)
        return combined(DAY, list(rows.values()), shown)


def profile(number: int) -> AvitoProfile:
    return AvitoProfile(id=number, owner_id=1, profile_name=f"Профиль {number}", user_id=number)


def now() -> float:
    return asyncio.get_running_loop().time()


@in_virtual_time
async def test_thirty_profiles_take_as_long_as_one() -> None:
    report = await Accounts().combine(30)

    assert [row.profile_id for row in report.rows] == list(range(1, 31))
    assert now() == pytest.approx(0.1)


@in_virtual_time
async def test_those_that_hang_are_shown_from_the_store_soon() -> None:
    accounts = Accounts(slow=range(1, 30))

    report = await accounts.combine(30)

    assert now() == pytest.approx(SOON_SEC)
    assert accounts.left == 29
    data = {row.profile_id: row.data for row in report.rows}
    assert data[30] is not None
    assert data[30].failure is None
    assert [isinstance(each and each.failure, Unavailable) for each in data.values()].count(
        True
    ) == 29


@in_virtual_time
async def test_one_that_hangs_and_was_never_read_is_given_up_and_the_others_are_right() -> None:
    report = await Accounts(slow=[2], broken=[3], never_read=[2, 3]).combine(4)

    assert now() == pytest.approx(SOON_SEC + PATIENCE_SEC)
    assert [(row.profile_id, row.why) for row in report.rows] == [
        (2, "Unavailable"),
        (3, "Unavailable"),
        (1, None),
        (4, None),
    ]
    views = next(figure for figure in report.figures if figure.metric.key == "views")
    assert views.value == 200


@in_virtual_time
async def test_a_database_that_is_busy_for_a_moment_is_no_fault_of_a_profile() -> None:
    report = await Accounts(crowded=[2], never_read=[2]).combine(3)

    assert [(row.profile_id, row.why) for row in report.rows] == [(1, None), (2, None), (3, None)]
    assert now() < SOON_SEC


def row(number: int, data: ReportData | None) -> Row:
    return Row(number, f"Профиль {number}", data)


def test_trouble_comes_first_and_the_rest_stays_in_order() -> None:
    contacts = {1: (10, 10), 2: (50, 5), 3: (50, 44), 4: (0, 0), 5: (50, 40), 6: (60, 6)}
    rows = [
        row(number, report_data(number, before=before, contacts=came, spending=0))
        for number, (before, came) in contacts.items()
    ]

    report = combined(DAY, [*rows, row(7, None)], dict.fromkeys(contacts, EVERYTHING))

    assert [each.profile_id for each in report.rows] == [7, 2, 6, 5, 1, 3, 4]


def test_trouble_that_is_not_told_is_not_told_by_lights_nor_by_their_order() -> None:
    quiet = Shown(("views", "total_spending"))
    rows = [row(number, report_data(number, before=50, contacts=5)) for number in range(1, 5)]
    rows.insert(2, row(5, report_data(5, before=50, contacts=50)))
    shown = {1: quiet, 2: quiet, 3: EVERYTHING, 4: quiet, 5: EVERYTHING}

    report = combined(DAY, rows, shown)

    assert [(each.profile_id, each.light) for each in report.rows] == [
        (3, Light.RED),
        (5, Light.GREEN),
        (1, Light.NONE),
        (2, Light.NONE),
        (4, Light.NONE),
    ]


def test_of_one_account_the_row_above_is_the_one_that_counts() -> None:
    data = report_data(1, before=50, contacts=5)
    rows = [row(1, data), row(2, data)]

    report = combined(DAY, rows, {1: Shown(("views",)), 2: EVERYTHING})

    assert [(each.profile_id, each.counted_as) for each in report.rows] == [
        (2, None),
        (1, "Профиль 2"),
    ]


def test_what_one_keeps_to_itself_is_in_no_sum() -> None:
    every = tuple(METRICS)
    some = tuple(key for key in every if key != "wallet_balance")
    rows = [row(1, report_data(1)), row(2, report_data(2)), row(3, None)]

    shown = combined(DAY, rows, {1: EVERYTHING, 2: Shown(some), 3: EVERYTHING})

    assert tuple(figure.metric.key for figure in shown.figures) == some
    told = {
        each.profile_id: tuple(figure.metric.key for figure in each.data.figures)
        for each in shown.rows
        if each.data is not None
    }
    assert told == {1: every, 2: some}


def test_numbers_whose_row_says_how_old_they_are_make_nobody_elses_old() -> None:
    yesterday = READ_AT - timedelta(days=1)
    old: dict[str, Any] = {"read_at": yesterday, "failure": Unavailable("reading")}
    rows = [row(1, report_data(1)), row(2, report_data(2, **old))]
    shown = dict.fromkeys((1, 2), EVERYTHING)

    both, only_old = combined(DAY, rows, shown), combined(DAY, rows[1:], shown)

    assert (both.read_at, only_old.read_at) == (READ_AT, yesterday)


def test_a_sum_that_is_compared_with_nothing_tells_no_scrap_of_the_day_before() -> None:
    days = {DAY.first: {"views": 5, "activeItems": 30}, DAY.previous().first: {"activeItems": 34}}
    rows = [row(1, report_data(1, figures=figures(DAY, days)))]

    report = combined(DAY, rows, {1: EVERYTHING})

    assert [each.metric.key for each in report.figures if each.change] == []
