"""Periods are Moscow days, wherever the server and the reader are."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.periods import (
    Period,
    PeriodError,
    PeriodFault,
    end_of,
    last_days,
    moscow_day,
    one_day,
    yesterday,
)

DAYS = st.dates(date(2000, 1, 1), date(2100, 1, 1))


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (datetime(2026, 11, 20, 20, 59, 59, tzinfo=UTC), date(2026, 11, 19)),
        (datetime(2026, 11, 20, 21, 0, 0, tzinfo=UTC), date(2026, 11, 20)),
        (datetime(2026, 11, 21, 9, 0, 0, tzinfo=UTC), date(2026, 11, 20)),
    ],
)
def test_yesterday_changes_at_midnight_in_moscow(now: datetime, expected: date) -> None:
    assert yesterday(now) == Period(expected, expected)


def test_a_day_ends_at_21_utc() -> None:
    assert end_of(date(2026, 11, 20)) == datetime(2026, 11, 20, 21, tzinfo=UTC)


def test_a_day_had_another_end_while_moscow_was_at_plus_four() -> None:
    assert end_of(date(2012, 6, 1)) == datetime(2012, 6, 1, 20, tzinfo=UTC)


@given(DAYS)
def test_a_day_is_itself_until_its_end_and_the_next_one_from_then_on(day: date) -> None:
    assert moscow_day(end_of(day) - timedelta(microseconds=1)) == day
    assert moscow_day(end_of(day)) == day + timedelta(days=1)


def test_the_last_days_end_today() -> None:
    now = datetime(2026, 11, 21, 9, tzinfo=UTC)
    assert last_days(now, 270) == Period(date(2026, 2, 25), date(2026, 11, 21))
    assert last_days(now, 270).length == 270


@given(DAYS, st.integers(1, 400))
def test_the_previous_period_is_as_long_and_touches_this_one(first: date, length: int) -> None:
    period = Period(first, first + timedelta(days=length - 1))
    before = period.previous()
    assert before.length == period.length == len(list(period))
    assert before.last + timedelta(days=1) == period.first


def test_a_period_knows_its_days() -> None:
    period = Period(date(2026, 2, 27), date(2026, 3, 1))
    assert list(period) == [date(2026, 2, 27), date(2026, 2, 28), date(2026, 3, 1)]
    assert date(2026, 2, 28) in period
    assert date(2026, 3, 2) not in period


def test_a_reversed_period_does_not_exist() -> None:
    with pytest.raises(PeriodError) as refusal:
        Period(date(2026, 3, 2), date(2026, 3, 1))
    assert refusal.value.fault is PeriodFault.REVERSED


@pytest.mark.parametrize(
    ("first", "last", "fault", "limit"),
    [
        (date(2026, 11, 20), date(2026, 11, 22), PeriodFault.FUTURE, date(2026, 11, 21)),
        (date(2026, 2, 24), date(2026, 3, 1), PeriodFault.TOO_DEEP, date(2026, 2, 25)),
    ],
)
def test_a_period_that_oversteps_names_the_limit(
    first: date, last: date, fault: PeriodFault, limit: date
) -> None:
    with pytest.raises(PeriodError) as refusal:
        Period(first, last).check(today=date(2026, 11, 21), earliest=date(2026, 2, 25))
    assert (refusal.value.fault, refusal.value.limit) == (fault, limit)


def test_the_widest_period_passes() -> None:
    Period(date(2026, 2, 25), date(2026, 11, 21)).check(
        today=date(2026, 11, 21), earliest=date(2026, 2, 25)
    )


def test_of_a_period_that_oversteps_the_known_days_stay() -> None:
    known = Period(date(2026, 2, 25), date(2026, 11, 21))
    month = Period(date(2026, 11, 1), date(2026, 11, 30))
    assert month.within(known) == Period(date(2026, 11, 1), date(2026, 11, 21))
    assert Period(date(1900, 1, 1), date(2030, 1, 1)).within(known) == known
    for day, fault, limit in (
        (date(2026, 11, 22), PeriodFault.FUTURE, known.last),
        (date(2026, 2, 24), PeriodFault.TOO_DEEP, known.first),
    ):
        with pytest.raises(PeriodError) as refusal:
            one_day(day).within(known)
        assert (refusal.value.fault, refusal.value.limit) == (fault, limit)
