"""Calls in our history: read where wanted, kept by day, asked for again when they may move."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from core.avito.auth import ProfileAccess
from core.database.models import AvitoProfile
from core.database.session import reading
from core.errors import AvitoError, Forbidden, RateLimited, Unavailable, UnexpectedAnswer
from core.statistics import store, sync
from tests.support.avito import AvitoRig
from utils.periods import Period, one_day

TODAY = date(2026, 11, 21)
YESTERDAY = one_day(TODAY - timedelta(days=1))
HOUR = timedelta(hours=1)


def asked(rig: AvitoRig) -> list[tuple[str, str]]:
    requests: list[Any] = [call.request for call in rig.calls("calls_stats")]
    return [(request["dateFrom"], request["dateTo"]) for request in requests]


async def known(rig: AvitoRig, access: ProfileAccess, day: date) -> dict[str, int] | None:
    async with reading(rig.sessions) as session:
        days = await store.calls(session, access.account, one_day(day), rig.clock.now())
    return dict(days[day].metrics) if day in days else None


async def fresh(
    rig: AvitoRig, access: ProfileAccess, period: Period = YESTERDAY
) -> AvitoError | None:
    return await rig.sync.ensure_fresh_calls(access, period)


async def test_one_call_takes_the_days_that_avito_corrects_and_the_next_none(
    rig: AvitoRig,
) -> None:
    access = await rig.connect("shop")

    assert await fresh(rig, access) is None
    rig.clock.advance(2 * HOUR)
    assert await fresh(rig, access) is None

    assert asked(rig) == [("2026-10-18", "2026-11-21")]
    rows = rig.account("shop").call_numbers(YESTERDAY.last).values()
    stored = await known(rig, access, YESTERDAY.last)
    assert stored is not None
    assert stored["calls"] == sum(row["calls"] for row in rows)


async def test_they_grow_old_like_the_statistics(rig: AvitoRig) -> None:
    access = await rig.connect("shop")
    await fresh(rig, access)
    rig.clock.advance(timedelta(hours=3, minutes=1))
    await fresh(rig, access)
    assert len(asked(rig)) == 2
    # The day that goes on moves all the time.
    rig.clock.advance(timedelta(minutes=11))
    await fresh(rig, access, one_day(TODAY))
    assert len(asked(rig)) == 3


async def test_a_long_period_is_read_with_the_one_before(rig: AvitoRig) -> None:
    access = await rig.connect("shop")
    await fresh(rig, access)
    month = Period(date(2026, 10, 1), date(2026, 10, 31))

    await fresh(rig, access, month)
    await fresh(rig, access, month)

    assert asked(rig)[1:] == [("2026-08-31", "2026-11-21")]


async def test_days_to_compare_with_are_read_as_far_as_avito_goes(rig: AvitoRig) -> None:
    access = await rig.connect("shop")
    week = Period(date(2026, 11, 14), date(2026, 11, 20))
    await fresh(rig, access, week)

    for other in (
        Period(date(2026, 6, 1), date(2026, 6, 7)),
        Period(date(2025, 11, 14), date(2025, 11, 20)),
        Period(date(2026, 2, 22), date(2026, 2, 28)),
    ):
        for _ in range(2):
            assert await rig.sync.ensure_fresh_calls(access, week, other) is None

    assert [first for first, _ in asked(rig)[1:]] == ["2026-06-01", "2026-02-25"]


async def test_nothing_is_asked_beyond_what_avito_holds(rig: AvitoRig) -> None:
    access = await rig.connect("shop")
    year = Period(date(2025, 12, 1), date(2026, 11, 20))
    assert await fresh(rig, access, year) is None
    assert await fresh(rig, access, year) is None
    assert asked(rig) == [("2026-02-25", "2026-11-21")]


async def test_a_corrected_day_replaces_the_first_reading_and_a_silent_one_does_not(
    rig: AvitoRig,
) -> None:
    access, account = await rig.connect("shop"), rig.account("shop")
    account.set_calls[YESTERDAY.last] = {0: {"calls": 3, "answered": 1}}
    await fresh(rig, access)
    account.set_calls[YESTERDAY.last] = {0: {"calls": 4, "answered": 1}}
    rig.clock.advance(4 * HOUR)
    await fresh(rig, access)
    assert await known(rig, access, YESTERDAY.last) == {"calls": 4, "answeredCalls": 1}
    account.has_calls, account.set_calls = False, {}
    rig.clock.advance(4 * HOUR)
    await fresh(rig, access)
    assert await known(rig, access, YESTERDAY.last) == {"calls": 4, "answeredCalls": 1}
    # It was asked for, all the same: not again at the next report.
    await fresh(rig, access)
    assert len(asked(rig)) == 3


async def test_an_account_without_call_tracking_is_asked_once_and_stays_untold(
    rig: AvitoRig,
) -> None:
    access = await rig.connect("second")
    await fresh(rig, access)
    await fresh(rig, access)
    assert len(asked(rig)) == 1
    assert await known(rig, access, YESTERDAY.last) == {}


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "status", "status": 403}, Forbidden),
        ({"kind": "status", "status": 429}, RateLimited),
        ({"kind": "status", "status": 503}, Unavailable),
        ({"kind": "wrong_shape", "json": {"result": {}}}, UnexpectedAnswer),
    ],
)
async def test_a_refusal_is_handed_back_and_what_was_known_stays(
    rig: AvitoRig, fault: dict[str, Any], error: type[AvitoError]
) -> None:
    access = await rig.connect("shop")
    await fresh(rig, access)
    before = await known(rig, access, YESTERDAY.last)
    rig.clock.advance(4 * HOUR)
    rig.world.fault(**fault, endpoint="calls_stats")

    assert isinstance(await fresh(rig, access), error)

    assert before
    assert await known(rig, access, YESTERDAY.last) == before


@pytest.mark.parametrize(
    ("status", "refusal"), [(402, "SubscriptionRequired"), (403, "Forbidden"), (404, "NotFound")]
)
async def test_what_is_refused_for_good_is_not_asked_for_again_until_the_next_day(
    rig: AvitoRig, status: int, refusal: str
) -> None:
    access = await rig.connect("shop")
    rig.world.fault("status", endpoint="calls_stats", status=status)
    assert type(await fresh(rig, access)).__name__ == refusal

    rig.clock.advance(23 * HOUR)
    assert await fresh(rig, access) is None
    async with reading(rig.sessions) as session:
        said = await sync.calls_refusal(session, access.account, rig.clock.now())
    assert (said, len(asked(rig))) == (refusal, 1)

    rig.clock.advance(2 * HOUR)
    rig.world.clear_faults()
    assert await fresh(rig, access) is None
    assert len(asked(rig)) == 2
    assert await known(rig, access, YESTERDAY.last)


async def test_an_avito_that_hangs_is_not_waited_for_long(
    rig: AvitoRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync, "CALLS_PATIENCE_SEC", 0.1)
    access = await rig.connect("shop")
    rig.world.fault("hang", endpoint="calls_stats")
    assert isinstance(await fresh(rig, access), Unavailable)


async def test_calls_go_with_the_account(rig: AvitoRig) -> None:
    access = await rig.connect("shop")
    await fresh(rig, access)
    async with rig.sessions.begin() as session:
        await session.delete(await session.get_one(AvitoProfile, access.profile_id))
        await session.flush()
        assert await store.delete_unused(session, access.account)
    assert await known(rig, access, YESTERDAY.last) is None
