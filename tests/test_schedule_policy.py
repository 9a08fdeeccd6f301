"""When reports are due and what they are about; held against clocks that are only read."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise
from typing import Literal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.schedule_policy import (
    Frequency,
    Schedule,
    Slot,
    catch_up_window,
    covered,
    next_slot,
    previous_slot,
    right_from,
    slots_between,
)
from tests.support.wall_clock import FIRST, LAST, MINUTE, ZONES, clock_of, zone_of_each_clock
from utils.periods import ONE_DAY, Period, moscow_day

MOSCOW = "Europe/Moscow"
A_YEAR = timedelta(days=366)
Chosen = Literal["day", "week", "month"]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def daily(at: str, zone: str = MOSCOW) -> Schedule:
    return Schedule(Frequency.DAILY, time.fromisoformat(at), zone)


def every(days: int, *, since: str, at: str = "09:00", zone: str = MOSCOW) -> Schedule:
    return Schedule(
        Frequency.INTERVAL,
        time.fromisoformat(at),
        zone,
        interval_days=days,
        anchor=date.fromisoformat(since),
    )


def weekly(*weekdays: int, at: str = "09:00", zone: str = MOSCOW) -> Schedule:
    return Schedule(Frequency.WEEKLY, time.fromisoformat(at), zone, weekdays=frozenset(weekdays))


def monthly(day: int, at: str = "09:00", zone: str = MOSCOW) -> Schedule:
    return Schedule(Frequency.MONTHLY, time.fromisoformat(at), zone, month_day=day)


def due(schedule: Schedule, after: str, until: str) -> dict[str, str]:
    """What falls due, as local label → UTC."""
    slots = slots_between(schedule, utc(after), utc(until), 1000)
    return {slot.label: f"{slot.due_at:%m-%d %H:%M}" for slot in slots}


def test_a_time_that_a_gap_swallows_is_due_where_the_gap_ends() -> None:
    assert due(daily("02:30", "Europe/Berlin"), "2026-03-28", "2026-03-31") == {
        "2026-03-28T02:30": "03-28 01:30",
        "2026-03-29T02:30": "03-29 01:00",  # 03:00 in Berlin: 02:00 to 03:00 did not happen
        "2026-03-30T02:30": "03-30 00:30",
    }


def test_a_time_that_a_fold_repeats_is_due_once_at_its_first_occurrence() -> None:
    assert due(daily("02:30", "Europe/Berlin"), "2026-10-24", "2026-10-27") == {
        "2026-10-24T02:30": "10-24 00:30",
        "2026-10-25T02:30": "10-25 00:30",
        "2026-10-26T02:30": "10-26 01:30",
    }


def test_between_the_two_occurrences_of_a_fold_the_next_slot_is_tomorrows() -> None:
    between = utc("2026-10-25T01:00")  # 02:00 in Berlin for the second time

    assert next_slot(daily("02:30", "Europe/Berlin"), between).label == "2026-10-26T02:30"
    assert previous_slot(daily("02:30", "Europe/Berlin"), between).label == "2026-10-25T02:30"


def test_a_clock_that_goes_back_into_yesterday_does_not_unmake_todays_slot() -> None:
    midnight = daily("00:00", "America/St_Johns")
    between = utc("2010-11-07T02:45")  # 00:01 became 23:01 of the day before; now it is 23:15

    assert previous_slot(midnight, between).label == "2010-11-07T00:00"
    assert next_slot(midnight, between).label == "2010-11-08T00:00"


@pytest.mark.parametrize(
    ("zone", "day", "gap_ends"),
    [
        ("America/Havana", "2026-03-08", "2026-03-08T05:00"),
        ("Africa/Cairo", "2026-04-24", "2026-04-23T22:00"),
        ("Asia/Beirut", "2026-03-29", "2026-03-28T22:00"),
    ],
)
@pytest.mark.parametrize("at", ["00:00", "00:30", "00:59"])
def test_a_day_that_begins_with_a_gap_keeps_its_midnight_report(
    zone: str, day: str, gap_ends: str, at: str
) -> None:
    slot = next_slot(daily(at, zone), utc(gap_ends) - MINUTE)

    assert slot == Slot(date.fromisoformat(day), f"{day}T{at}", utc(gap_ends))
    assert next_slot(daily(at, zone), slot.due_at).day == slot.day + ONE_DAY


def test_a_slot_is_due_strictly_after_the_instant_asked_about() -> None:
    nine = utc("2026-11-21T06:00")

    assert next_slot(daily("09:00"), nine - MINUTE).due_at == nine
    assert next_slot(daily("09:00"), nine).due_at == nine + ONE_DAY
    assert previous_slot(daily("09:00"), nine + MINUTE).due_at == nine
    assert previous_slot(daily("09:00"), nine).due_at == nine - ONE_DAY


def test_slots_between_exclude_the_first_instant_and_include_the_last() -> None:
    assert due(daily("09:00"), "2026-11-20T06:00", "2026-11-21T06:00") == {
        "2026-11-21T09:00": "11-21 06:00"
    }


def test_the_31st_is_the_last_day_of_a_shorter_month() -> None:
    assert list(due(monthly(31), "2027-12-31T12:00", "2028-06-01")) == [
        "2028-01-31T09:00",
        "2028-02-29T09:00",
        "2028-03-31T09:00",
        "2028-04-30T09:00",
        "2028-05-31T09:00",
    ]
    assert list(due(monthly(30), "2027-02-01", "2027-04-01")) == [
        "2027-02-28T09:00",
        "2027-03-30T09:00",
    ]


def test_every_n_days_keeps_its_local_time_and_its_phase_over_a_change_of_the_clocks() -> None:
    schedule = every(3, since="2026-03-24", zone="Europe/Berlin")

    assert due(schedule, "2026-03-24T09:00", "2026-04-03") == {
        "2026-03-27T09:00": "03-27 08:00",
        "2026-03-30T09:00": "03-30 07:00",
        "2026-04-02T09:00": "04-02 07:00",
    }


def test_the_phase_is_the_same_before_and_after_the_anchor() -> None:
    asked = ("2026-11-20", "2026-12-20")

    past, future = every(10, since="2020-11-25"), every(10, since="2030-11-23")

    assert list(due(past, *asked)) == ["2026-11-24T09:00", "2026-12-04T09:00", "2026-12-14T09:00"]
    assert list(due(future, *asked)) == list(due(past, *asked))


def test_an_interval_without_an_anchor_has_a_phase_all_the_same() -> None:
    nobody_said = Schedule(Frequency.INTERVAL, time(9), MOSCOW, interval_days=5)
    first = next_slot(nobody_said, utc("2026-11-21"))

    for days in range(5):
        assert next_slot(nobody_said, utc("2026-11-21") + ONE_DAY * days) in {
            first,
            next_slot(nobody_said, first.due_at),
        }


def test_weekdays_are_due_exactly_as_ticked() -> None:
    # 2026-11-23 is a Monday.
    assert list(due(weekly(0, 2, 6), "2026-11-23", "2026-11-30T12:00")) == [
        "2026-11-23T09:00",
        "2026-11-25T09:00",
        "2026-11-29T09:00",
        "2026-11-30T09:00",
    ]


def test_no_weekday_ticked_means_every_day() -> None:
    assert len(due(weekly(), "2026-11-23", "2026-11-30")) == 7


@pytest.mark.parametrize(
    ("schedule", "due_at", "first", "last"),
    [
        (daily("09:00"), "2026-03-01T06:00", "2026-02-28", "2026-02-28"),
        (every(5, since="2026-03-02"), "2026-03-02T06:00", "2026-02-25", "2026-03-01"),
        (weekly(0), "2026-11-23T06:00", "2026-11-16", "2026-11-22"),
        (weekly(0, 3), "2026-11-23T06:00", "2026-11-19", "2026-11-22"),
        (weekly(0, 3), "2026-11-26T06:00", "2026-11-23", "2026-11-25"),
        (weekly(6, 0), "2026-03-02T06:00", "2026-03-01", "2026-03-01"),
        (monthly(1), "2028-03-01T06:00", "2028-02-01", "2028-02-29"),
        (monthly(31), "2027-02-28T06:00", "2027-01-01", "2027-01-31"),
        (monthly(15), "2027-01-15T06:00", "2026-12-01", "2026-12-31"),
    ],
)
def test_a_report_covers_what_its_frequency_implies(
    schedule: Schedule, due_at: str, first: str, last: str
) -> None:
    slot = next_slot(schedule, utc(due_at) - MINUTE)

    assert slot.due_at == utc(due_at)
    assert covered(schedule, slot, None) == Period(
        date.fromisoformat(first), date.fromisoformat(last)
    )


@pytest.mark.parametrize(
    ("reported_until", "first"),
    [
        ("2026-11-15", "2026-11-16"),
        ("2026-11-08", "2026-11-09"),  # the last one was missed
        ("2026-11-21", "2026-11-22"),
        ("2026-11-22", "2026-11-22"),  # reported already, but a report is about something
        ("2026-12-20", "2026-11-16"),  # by a clock that was ahead: of days that had yet to come
        ("2026-08-31", "2026-10-26"),  # after a long pause: four weeks
    ],
)
def test_a_weekly_report_goes_on_where_the_last_one_ended(reported_until: str, first: str) -> None:
    slot = next_slot(weekly(0), utc("2026-11-23"))

    assert covered(weekly(0), slot, None, date.fromisoformat(reported_until)) == Period(
        date.fromisoformat(first), date(2026, 11, 22)
    )


@pytest.mark.parametrize("schedule", [daily("09:00"), every(3, since="2026-03-01"), monthly(1)])
def test_only_a_weekly_report_asks_what_was_reported(schedule: Schedule) -> None:
    slot = next_slot(schedule, utc("2026-03-01T00:00"))

    assert covered(schedule, slot, None, date(2026, 2, 10)) == covered(schedule, slot, None)


@pytest.mark.parametrize(
    ("chosen", "first"), [("day", "2026-02-28"), ("week", "2026-02-22"), ("month", "2026-01-30")]
)
@pytest.mark.parametrize(
    "schedule", [daily("09:00"), every(3, since="2026-03-01"), weekly(6), monthly(1)]
)
def test_a_chosen_period_ends_yesterday_whatever_the_frequency(
    schedule: Schedule, chosen: Chosen, first: str
) -> None:
    slot = next_slot(schedule, utc("2026-03-01T00:00"))

    assert slot.day == date(2026, 3, 1)
    assert covered(schedule, slot, chosen) == Period(date.fromisoformat(first), date(2026, 2, 28))


@pytest.mark.parametrize(
    ("schedule", "chosen", "expected"),
    [
        (daily("08:00", "Asia/Kamchatka"), None, time(9)),
        (daily("08:59", "Asia/Kamchatka"), "month", time(9)),
        (daily("09:00", "Asia/Kamchatka"), None, None),
        (daily("02:00", "Asia/Kolkata"), None, time(2, 30)),
        (daily("08:00", "Pacific/Auckland"), None, time(10)),
        (every(3, since="2026-12-02", at="08:00", zone="Asia/Kamchatka"), None, time(9)),
        (weekly(2, at="08:00", zone="Asia/Kamchatka"), None, time(9)),
        (weekly(at="08:00", zone="Asia/Kamchatka"), None, time(9)),
        (monthly(1, "08:00", "Asia/Kamchatka"), None, time(9)),
        (monthly(1, "09:00", "Asia/Kamchatka"), None, None),
        (monthly(2, "08:00", "Asia/Kamchatka"), None, None),  # the month is the same by then
        (monthly(2, "08:00", "Asia/Kamchatka"), "day", time(9)),
        (daily("00:00"), None, None),
        (daily("00:30", "Europe/Kaliningrad"), None, None),
        (daily("20:00", "America/Los_Angeles"), None, None),
    ],
)
def test_it_is_known_from_when_a_report_is_about_the_days_before_its_own_date(
    schedule: Schedule, chosen: Chosen | None, expected: time | None
) -> None:
    slot = next_slot(schedule, utc("2026-11-30T12:00"))

    assert right_from(schedule, slot, chosen) == expected
    mended = replace(schedule, at=expected or schedule.at)
    assert right_from(mended, next_slot(mended, utc("2026-11-30T12:00")), chosen) is None


def test_far_from_moscow_yesterday_is_still_moscows() -> None:
    early = daily("06:00", "Asia/Kamchatka")  # 21:00 of the day before in Moscow
    late = daily("20:00", "America/Los_Angeles")  # 07:00 of the day after

    assert covered_on(early, "2026-12-01") == Period(date(2026, 11, 29), date(2026, 11, 29))
    assert covered_on(late, "2026-11-30") == Period(date(2026, 11, 30), date(2026, 11, 30))


def test_a_monthly_report_waits_for_the_end_of_the_month_in_moscow() -> None:
    before = monthly(1, "08:00", "Asia/Kamchatka")  # 23:00 of the last day in Moscow
    after = monthly(1, "09:00", "Asia/Kamchatka")  # midnight
    ahead = monthly(31, "20:00", "America/Los_Angeles")  # the first, 07:00

    assert covered_on(before, "2026-12-01").last == date(2026, 10, 31)
    assert covered_on(after, "2026-12-01").last == date(2026, 11, 30)
    assert covered_on(ahead, "2026-11-30").last == date(2026, 11, 30)


def test_two_weekly_slots_in_one_day_of_moscow_are_both_about_yesterday() -> None:
    weekend = weekly(5, 6, at="16:30", zone="America/New_York")
    saturday, sunday = slots_between(weekend, utc("2026-03-07"), utc("2026-03-09"), 9)

    # Half past midnight in Moscow, and with summer time half past eleven in the evening.
    assert moscow_day(saturday.due_at) == moscow_day(sunday.due_at) == date(2026, 3, 8)
    assert covered(weekend, saturday, None).last == date(2026, 3, 7)
    assert covered(weekend, sunday, None) == Period(date(2026, 3, 7), date(2026, 3, 7))


def covered_on(schedule: Schedule, day: str) -> Period:
    slot = next_slot(schedule, utc(day) - ONE_DAY)
    while slot.day < date.fromisoformat(day):
        slot = next_slot(schedule, slot.due_at)
    return covered(schedule, slot, None)


def test_a_late_report_comes_within_six_hours_or_a_day() -> None:
    assert {frequency: catch_up_window(frequency) for frequency in Frequency} == {
        Frequency.DAILY: timedelta(hours=6),
        Frequency.INTERVAL: timedelta(hours=6),
        Frequency.WEEKLY: timedelta(hours=24),
        Frequency.MONTHLY: timedelta(hours=24),
    }


def has_slot(schedule: Schedule, day: date) -> bool:
    match schedule.frequency:
        case Frequency.DAILY:
            return True
        case Frequency.INTERVAL:
            assert schedule.anchor is not None
            return abs(day - schedule.anchor).days % schedule.interval_days == 0
        case Frequency.WEEKLY:
            return day.weekday() in schedule.weekdays
        case Frequency.MONTHLY:
            is_last = (day + ONE_DAY).day == 1
            return day.day == schedule.month_day or (is_last and day.day < schedule.month_day)


def walked(schedule: Schedule, day: date, step: int) -> Iterator[Slot]:
    """The slots from `day` on, forwards or backwards, by trying one date after the other."""
    clock = clock_of(schedule.zone)
    while True:
        if has_slot(schedule, day):
            wall = datetime.combine(day, schedule.at)
            yield Slot(day, f"{wall:%Y-%m-%dT%H:%M}", clock.first_reaches(wall))
        day += ONE_DAY * step


def walked_next(schedule: Schedule, after: datetime) -> Slot:
    slots = walked(schedule, after.date() - ONE_DAY * 2, 1)
    return next(slot for slot in slots if slot.due_at > after)


def walked_previous(schedule: Schedule, before: datetime) -> Slot:
    slots = walked(schedule, before.date() + ONE_DAY * 2, -1)
    return next(slot for slot in slots if slot.due_at < before)


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    return Schedule(
        draw(st.sampled_from(Frequency)),
        draw(st.times().map(lambda moment: moment.replace(second=0, microsecond=0))),
        draw(st.sampled_from(ZONES)),
        interval_days=draw(st.integers(1, 365)),
        weekdays=draw(st.frozensets(st.sampled_from(range(7)), min_size=1)),
        month_day=draw(st.integers(1, 31)),
        anchor=draw(st.dates(date(2024, 1, 1), date(2037, 1, 1))),
    )


def instants(zone: str) -> st.SearchStrategy[datetime]:
    """Anywhere in the ten years, and half of them within two days of a change of the clocks."""
    anywhere = st.builds(operator.add, st.just(FIRST), st.timedeltas(timedelta(), LAST - FIRST))
    changes = clock_of(zone).changes
    if not changes:
        return anywhere
    near = st.timedeltas(-2 * ONE_DAY, 2 * ONE_DAY)
    return anywhere | st.builds(operator.add, st.sampled_from(changes), near)


@settings(max_examples=400, deadline=None)
@given(st.data(), schedules())
def test_next_and_previous_are_what_a_walk_over_the_dates_finds(
    data: st.DataObject, schedule: Schedule
) -> None:
    instant = data.draw(instants(schedule.zone))

    assert next_slot(schedule, instant) == walked_next(schedule, instant)
    assert previous_slot(schedule, instant) == walked_previous(schedule, instant)


@settings(max_examples=100, deadline=None)
@given(st.data(), schedules(), st.integers(0, 40))
def test_slots_between_are_one_chain_without_holes_or_doubles(
    data: st.DataObject, schedule: Schedule, days: int
) -> None:
    after = data.draw(instants(schedule.zone))
    until = after + timedelta(days=days)

    slots = slots_between(schedule, after, until, 1000)

    assert all(after < slot.due_at <= until for slot in slots)
    assert len({slot.label for slot in slots}) == len(slots)
    for earlier, later in pairwise(slots):
        assert next_slot(schedule, earlier.due_at) == later
        assert previous_slot(schedule, later.due_at) == earlier
    assert next_slot(schedule, slots[-1].due_at if slots else after).due_at > until
    assert slots_between(schedule, after, until, 2) == slots[:2]


def test_around_every_change_of_every_clock_each_date_has_its_slot() -> None:
    for clock, zone in zone_of_each_clock().items():
        for change in clock.changes:
            for moment in times_around(change, zone):
                schedule = Schedule(Frequency.DAILY, moment, zone)
                after, until = change - ONE_DAY * 2, change + ONE_DAY * 2
                week = islice(walked(schedule, after.date() - ONE_DAY, 1), 7)
                expected = [slot for slot in week if after < slot.due_at <= until]
                assert slots_between(schedule, after, until, 10) == expected, (zone, moment)


def times_around(change: datetime, zone: str) -> set[time]:
    """What the clock shows about the change, and what it leaves out or shows twice."""
    before = (change - MINUTE).astimezone(ZoneInfo(zone))
    after = change.astimezone(ZoneInfo(zone))
    left_out = before.replace(tzinfo=None) + timedelta(minutes=31)
    shown_twice = after.replace(tzinfo=None) + timedelta(minutes=30)
    midnight = time(0, 0)
    return {before.time(), after.time(), left_out.time(), shown_twice.time(), midnight}


def test_ten_years_of_every_clock_have_one_slot_per_date() -> None:
    for clock, zone in zone_of_each_clock().items():
        moment = min(times_around(clock.changes[0], zone)) if clock.changes else time(2, 30)
        slots = slots_between(Schedule(Frequency.DAILY, moment, zone), FIRST, LAST, 4000)

        dates = [slot.day for slot in slots]
        assert dates == [dates[0] + ONE_DAY * step for step in range(len(dates))], zone
        assert len(dates) in {3651, 3652, 3653}, zone


@settings(max_examples=300, deadline=None)
@given(st.data(), schedules(), st.sampled_from(["day", "week", "month", None]))
def test_a_report_is_about_whole_days_that_are_over_in_moscow(
    data: st.DataObject, schedule: Schedule, chosen: Chosen | None
) -> None:
    slot = next_slot(schedule, data.draw(instants(schedule.zone)))

    period = covered(schedule, slot, chosen)

    today = moscow_day(slot.due_at)
    if chosen is None and schedule.frequency is Frequency.MONTHLY:
        assert (period.first.day, (period.last + ONE_DAY).day) == (1, 1)
        assert period.last < today <= period.last + ONE_DAY * 31
    else:
        assert period.last == today - ONE_DAY


@settings(max_examples=200, deadline=None)
@given(st.data(), st.frozensets(st.integers(0, 6), min_size=1), st.sampled_from(ZONES))
def test_weekly_reports_together_leave_no_day_out(
    data: st.DataObject, weekdays: frozenset[int], zone: str
) -> None:
    schedule = Schedule(Frequency.WEEKLY, data.draw(st.times()), zone, weekdays=weekdays)
    slot = next_slot(schedule, data.draw(instants(zone)))
    following = next_slot(schedule, slot.due_at)

    assert covered(schedule, following, None).first <= moscow_day(slot.due_at)
    assert covered(schedule, slot, None).last == moscow_day(slot.due_at) - ONE_DAY


def test_the_clocks_under_test_go_in_many_ways() -> None:
    hours = {
        zone: {change.astimezone(ZoneInfo(zone)).hour for change in clock_of(zone).changes}
        for zone in ("Europe/Berlin", "America/Havana", "Africa/Cairo", "Asia/Beirut", MOSCOW)
    }

    assert hours == {
        "Europe/Berlin": {2, 3},
        "America/Havana": {0, 1},
        "Africa/Cairo": {1, 23},
        "Asia/Beirut": {1, 23},
        MOSCOW: set(),
    }
    assert len(zone_of_each_clock()) > 50
