"""What the store answers about listings: sums, orders, highlights, and what is not known."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from sqlalchemy import func, select

from core.avito.listings import Listed
from core.database.models import Listing, ListingNumbers, ListingRead
from core.database.session import Sessions, reading
from core.statistics import listing_store, listings
from core.statistics.listings import Highlights, ListingPage, Order, Totals
from core.statistics.store import Source
from utils.periods import Period, one_day

ACCOUNT = 7_632_548_910
MONDAY, TUESDAY, WEDNESDAY = (one_day(date(2026, 11, day)) for day in (16, 17, 18))
DAYS = Period(MONDAY.first, WEDNESDAY.last)
NOON = datetime(2026, 11, 20, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
Numbers = dict[int, dict[str, int]]


def did(views: int, contacts: int, spending: int | None = None, **more: int) -> dict[str, int]:
    """A listing's row as stats v2 tells it; without spending, that is withheld."""
    numbers = {"views": views, "contacts": contacts, "favorites": 0, **more}
    return numbers if spending is None else {**numbers, "spending": spending}


async def keep(
    sessions: Sessions,
    numbers: Numbers,
    period: Period = MONDAY,
    *,
    source: Source = Source.V2,
    at: datetime = NOON,
) -> None:
    async with sessions.begin() as session:
        await listing_store.save(session, ACCOUNT, period, numbers, source, at)


async def page(
    sessions: Sessions,
    period: Period = MONDAY,
    *,
    order: Order = Order.CONTACTS,
    number: int = 0,
    however_old: bool = False,
) -> ListingPage | None:
    async with reading(sessions) as session:
        return await listings.page(
            *(session, ACCOUNT, period, NOON),
            order=order,
            number=number,
            however_old=however_old,
        )


async def order_of(sessions: Sessions, order: Order) -> list[int]:
    found = await page(sessions, order=order)
    assert found is not None
    return [row.id for row in found.rows]


async def highlights(sessions: Sessions, period: Period = MONDAY) -> Highlights | None:
    async with reading(sessions) as session:
        return await listings.highlights(session, ACCOUNT, period, NOON)


async def named(sessions: Sessions) -> tuple[list[int], list[int]]:
    found = await highlights(sessions)
    assert found is not None
    return [row.id for row in found.best], [row.id for row in found.idle]


async def test_numbers_come_back_as_they_were_told(sessions: Sessions) -> None:
    await keep(sessions, {7_632_548_911: did(10**10, 3, 10**12, favorites=2)})

    found = await page(sessions)

    assert found is not None
    [row] = found.rows
    assert row.id == 7_632_548_911
    assert row.totals == found.totals == Totals(10**10, 3, 2, 10**12)
    assert row.totals.contact_cost == Fraction(10**12, 3)
    assert (found.source, found.read_at, found.count) == (Source.V2, NOON, 1)


async def test_days_add_up_where_each_was_read(sessions: Sessions) -> None:
    await keep(sessions, {1: did(5, 1, 100), 2: did(1, 0, 50)}, MONDAY, at=NOON - HOUR)
    await keep(sessions, {1: did(7, 2, 300)}, TUESDAY)
    assert await page(sessions, DAYS) is None

    await keep(sessions, {3: did(2, 0, 1)}, WEDNESDAY)

    found = await page(sessions, DAYS)
    assert found is not None
    assert {row.id: row.totals for row in found.rows} == {
        1: Totals(12, 3, 0, 400),
        2: Totals(1, 0, 0, 50),
        3: Totals(2, 0, 0, 1),
    }
    assert found.totals == Totals(15, 3, 0, 451)
    assert found.read_at == NOON - HOUR


async def test_a_read_about_exactly_these_days_goes_before_their_sum(sessions: Sessions) -> None:
    for day in (MONDAY, TUESDAY, WEDNESDAY):
        await keep(sessions, {1: did(1, 1, 1)}, day)
    await keep(sessions, {1: did(30, 3, 3)}, DAYS)

    found = await page(sessions, DAYS)

    assert found is not None
    assert found.totals == Totals(30, 3, 0, 3)


async def test_a_later_read_takes_the_place_of_an_earlier_one(sessions: Sessions) -> None:
    await keep(sessions, {1: did(1, 1, 1), 2: did(2, 2, 2)}, at=NOON - HOUR)
    await keep(sessions, {1: did(5, 5, 5)})

    found = await page(sessions)

    assert found is not None
    assert [row.id for row in found.rows] == [1]
    assert found.totals == Totals(5, 5, 0, 5)


async def test_what_is_withheld_of_a_part_is_unknown_of_the_whole(sessions: Sessions) -> None:
    await keep(sessions, {1: did(1, 1, 10), 2: did(2, 2)}, MONDAY)
    await keep(sessions, {1: did(1, 1, 10), 2: did(2, 2, 20)}, TUESDAY)
    await keep(sessions, {2: {"views": 5}}, WEDNESDAY)

    found = await page(sessions, DAYS)

    assert found is not None
    assert {row.id: row.totals for row in found.rows} == {
        1: Totals(2, 2, 0, 20),
        2: Totals(9, None, None, None),
    }
    assert found.totals == Totals(11, None, None, None)
    assert not found.has_money


async def test_days_of_v1_leave_the_money_of_every_listing_unknown(sessions: Sessions) -> None:
    await keep(sessions, {1: did(1, 1, 10), 2: did(1, 0, 10)}, MONDAY)
    await keep(sessions, {1: did(1, 1, 10), 2: did(1, 0, 10)}, TUESDAY)
    await keep(sessions, {1: did(1, 1)}, WEDNESDAY, source=Source.V1)

    found = await page(sessions, DAYS, order=Order.SPENDING)
    shown = await highlights(sessions, DAYS)

    assert found is not None
    assert {row.totals.spending for row in found.rows} == {None}
    assert (found.source, found.order) == (Source.V1, Order.CONTACTS)
    assert shown is not None
    assert [row.id for row in shown.best] == [1]
    assert (shown.idle, shown.idle_count, shown.idle_spending) == ([], 0, 0)


async def test_no_listings_are_an_answer_too(sessions: Sessions) -> None:
    await keep(sessions, {})

    found = await page(sessions)

    assert found is not None
    assert (found.rows, found.count, found.pages) == ([], 0, 1)
    assert found.totals == Totals(0, 0, 0, 0)
    assert await highlights(sessions) is None


async def test_nothing_that_was_never_read_is_told(sessions: Sessions) -> None:
    await keep(sessions, {1: did(1, 1, 1)}, MONDAY)
    assert await page(sessions, TUESDAY) is None
    assert await highlights(sessions, TUESDAY) is None
    async with reading(sessions) as session:
        assert await listings.page(session, ACCOUNT + 1, MONDAY, NOON) is None


@pytest.mark.parametrize(
    ("read_at", "is_told"),
    [
        (datetime(2026, 11, 16, 20, 59, tzinfo=UTC), False),
        (datetime(2026, 11, 16, 23, 59, tzinfo=UTC), False),
        (datetime(2026, 11, 17, 0, 0, tzinfo=UTC), True),
        (NOON, True),
    ],
)
async def test_a_day_is_told_once_it_had_three_hours_to_settle(
    sessions: Sessions, read_at: datetime, is_told: bool
) -> None:
    await keep(sessions, {1: did(1, 1, 1), 2: did(1, 1, 1)}, at=read_at)
    assert (await page(sessions) is not None) is is_told
    assert (await highlights(sessions) is not None) is is_told
    assert await page(sessions, however_old=True)


async def test_a_day_that_goes_on_is_told_for_ten_minutes(sessions: Sessions) -> None:
    today = one_day(NOON.date())
    await keep(sessions, {1: did(1, 1, 1)}, today, at=NOON - timedelta(minutes=10))
    assert await page(sessions, today)
    await keep(sessions, {1: did(1, 1, 1)}, today, at=NOON - timedelta(minutes=11))
    assert await page(sessions, today) is None
    assert await page(sessions, today, however_old=True)


async def test_listings_come_in_the_wanted_order(sessions: Sessions) -> None:
    numbers: Numbers = {
        1: did(10, 5, 1_000),
        2: did(20, 5, 900),
        3: did(30, 0, 5_000),
        4: did(40, 1, 800),
        5: did(5, 0, 0),
        6: did(5, 0, 0),
    }
    await keep(sessions, numbers)

    # Of those that brought nobody, what costs most comes first.
    assert await order_of(sessions, Order.CONTACTS) == [2, 1, 4, 3, 5, 6]
    assert await order_of(sessions, Order.SPENDING) == [3, 1, 2, 4, 5, 6]
    assert await order_of(sessions, Order.VIEWS) == [4, 3, 2, 1, 5, 6]
    # The dearest contact first; what has no contact has no price, its money comes after.
    assert await order_of(sessions, Order.COST) == [4, 1, 2, 3, 5, 6]


async def test_unknown_numbers_come_last(sessions: Sessions) -> None:
    await keep(sessions, {1: {"views": 3}, 2: did(2, 0, 1), 3: {"contacts": 4, "spending": 8}})

    assert await order_of(sessions, Order.CONTACTS) == [3, 2, 1]
    assert await order_of(sessions, Order.VIEWS) == [1, 2, 3]


@pytest.mark.parametrize(
    ("number", "shown", "rows"), [(-1, 0, 6), (0, 0, 6), (2, 2, 6), (3, 3, 3), (99, 3, 3)]
)
async def test_pages_hold_six_and_one_beyond_the_last_is_the_last(
    sessions: Sessions, number: int, shown: int, rows: int
) -> None:
    await keep(sessions, {item: did(item, item, item) for item in range(1, 22)})

    found = await page(sessions, number=number)

    assert found is not None
    assert (found.number, found.pages, found.count, len(found.rows)) == (shown, 4, 21, rows)
    assert found.totals == Totals(231, 231, 0, 231)
    assert [row.id for row in found.rows] == list(range(21, 0, -1))[shown * 6 :][:6]


async def test_the_best_are_those_with_most_contacts(sessions: Sessions) -> None:
    await keep(sessions, {item: did(100, item, 10) for item in range(6)})

    assert (await named(sessions))[0] == [5, 4]


@pytest.mark.parametrize(
    ("contacts", "best"),
    [
        ([5, 1, 1, 1], [1, 2]),
        ([2, 2, 1, 1], [1, 2]),
        ([1, 1, 1], []),
        ([2, 2], [1, 2]),
        ([2, 2, 0], [1, 2]),
        ([4, 0, 0], [1]),
        ([0, 0], []),
    ],
)
async def test_where_many_are_equally_good_none_is_called_the_best(
    sessions: Sessions, contacts: list[int], best: list[int]
) -> None:
    await keep(sessions, {item: did(9, each, 0) for item, each in enumerate(contacts, 1)})

    assert (await named(sessions))[0] == best


async def test_idle_are_those_that_cost_money_and_brought_nothing(sessions: Sessions) -> None:
    numbers = {
        1: did(9, 0, 100),
        2: did(9, 0, 700),
        3: did(9, 1, 9_000),
        4: did(9, 0, 0),
        5: did(9, 0),
        6: did(9, 0, 300),
        7: did(9, 0, 200),
        8: did(9, 0, 8_000, orderedItems=1, bookingPlacedCount=0),
        9: did(9, 0, 8_000, bookingPlacedCount=2),
        10: did(9, 0, 8_000, jobContacts=1),
        11: did(9, 0, 250, orderedItems=0),
    }
    await keep(sessions, numbers)

    found = await highlights(sessions)

    assert found is not None
    assert [row.id for row in found.idle] == [2, 6]
    assert (found.idle_count, found.idle_spending) == (5, 1_550)


async def test_a_shop_with_one_listing_has_nothing_to_compare_it_with(sessions: Sessions) -> None:
    await keep(sessions, {1: did(9, 3, 100)})
    assert await highlights(sessions) is None


async def test_listings_are_told_with_their_latest_description(sessions: Sessions) -> None:
    await keep(sessions, {1: did(1, 3, 1), 2: did(1, 2, 1), 3: did(1, 1, 1)})
    described = [Listed(1, "Стол", 5_00, "active", "https://www.avito.ru/1")]
    async with sessions.begin() as session:
        await listing_store.describe(session, ACCOUNT, described, NOON - HOUR)
        again = [Listed(1, "Стол дубовый", None, "active", None), Listed(2, None, 1, "old", None)]
        await listing_store.describe(session, ACCOUNT, again, NOON)
        assert await listing_store.is_any_active(session, ACCOUNT, NOON, NOON)
        later = NOON + HOUR
        assert not await listing_store.is_any_active(session, ACCOUNT, later, later)
        # By a clock that was ahead.
        assert not await listing_store.is_any_active(
            session, ACCOUNT, NOON - 2 * HOUR, NOON - HOUR
        )
        assert await listing_store.undescribed(session, ACCOUNT, DAYS) == {3}
        assert await listing_store.undescribed(session, ACCOUNT, TUESDAY) == set()

    found = await page(sessions)
    assert found is not None
    shown = [(row.title, row.price, row.url, row.is_active) for row in found.rows]
    assert shown == [
        ("Стол дубовый", None, None, True),
        (None, 1, None, False),
        (None, None, None, False),
    ]
    async with sessions.begin() as session:
        await listing_store.end_others(session, ACCOUNT, NOON + HOUR)
    found = await page(sessions)
    assert found is not None
    assert [row.is_active for row in found.rows] == [False] * 3


async def test_numbers_are_kept_for_as_long_as_something_is_made_of_them(
    sessions: Sessions,
) -> None:
    long_ago = one_day(date(2025, 10, 15))
    await keep(sessions, {1: did(1, 1, 1)}, long_ago)
    await keep(sessions, {1: did(1, 1, 1)}, one_day(date(2025, 10, 16)))
    await keep(sessions, {1: did(1, 1, 1)}, DAYS, at=NOON - timedelta(days=2, seconds=1))
    await keep(sessions, {1: did(1, 1, 1)}, Period(MONDAY.first, TUESDAY.last))
    async with sessions.begin() as session:
        for item, days in ((1, 401), (2, 399)):
            at = NOON - timedelta(days=days)
            await listing_store.describe(session, ACCOUNT, [Listed(item, *[None] * 4)], at)
        await listing_store.purge(session, NOON)

        kept = await session.execute(
            select(ListingRead.first_day, ListingRead.last_day).order_by(ListingRead.first_day)
        )
        assert [tuple(row) for row in kept] == [
            (date(2025, 10, 16), date(2025, 10, 16)),
            (MONDAY.first, TUESDAY.last),
        ]
        assert await session.scalar(select(func.count()).select_from(ListingNumbers)) == 2
        assert (await session.scalars(select(Listing.listing_id))).all() == [2]
