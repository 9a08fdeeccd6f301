"""Which days the picture of a report shows, and what it does not know."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from core.courses import course_of, shown_days
from core.statistics.store import DayNumbers, Source
from utils.periods import Period

READ_AT = datetime(2026, 11, 21, 6, tzinfo=UTC)
FIRST = date(2026, 11, 1)


def numbers(**metrics: int) -> DayNumbers:
    return DayNumbers(metrics, Source.V2, READ_AT)


def day(number: int) -> date:
    return FIRST + timedelta(days=number - 1)


def test_a_week_is_shown_as_it_is_and_a_day_at_the_end_of_two_weeks() -> None:
    week = Period(day(14), day(20))
    assert shown_days(week) == week
    assert shown_days(Period(day(20), day(20))) == Period(day(7), day(20))
    assert shown_days(Period(day(15), day(20))) == Period(day(7), day(20))


def test_a_day_that_was_never_read_and_a_number_that_is_withheld_are_gaps() -> None:
    days = {day(8): numbers(views=5, contacts=0), day(9): numbers(views=7), day(1): numbers()}

    course = course_of("Мебель", Period(day(8), day(10)), days, cut_at=READ_AT)

    assert course is not None
    assert course.views is not None
    assert list(course.views.values) == [5, 7, None]
    assert course.contacts is not None
    assert list(course.contacts.values) == [0, None, None]
    assert course.spending is None, "nothing is known of it at all"
    assert course.is_cut


def test_the_period_before_lies_behind_where_it_is_known() -> None:
    days = {day(n): numbers(views=n) for n in (7, 8, 9, 10)}
    with_before = course_of("Мебель", Period(day(9), day(10)), days, cut_at=None)
    without = course_of("Мебель", Period(day(7), day(8)), days, cut_at=None)

    assert with_before is not None
    assert with_before.views is not None
    assert list(with_before.views.before) == [7, 8]
    assert without is not None
    assert without.views is not None
    assert list(without.views.before) == []


def test_without_any_number_there_is_no_picture() -> None:
    days = {day(1): numbers(), day(2): numbers(favorites=3)}
    assert course_of("Мебель", Period(day(1), day(2)), days, cut_at=None) is None
