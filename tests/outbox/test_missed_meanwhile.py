"""What did not come to a destination while the bot might not post there."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from core.database.models import AvitoProfile
from core.missed import Missed, missed_meanwhile
from core.outbox import State
from core.services.destinations import Destination
from tests.support.deliveries import NINE, Office
from utils.periods import Period


async def missed(office: Office, task_id: int) -> Missed | None:
    async with office.sessions.begin() as session:
        task = await office.task(task_id)
        profile = await session.get_one(AvitoProfile, task.profile_id)
        found = await missed_meanwhile(session, [Destination(task, profile)], office.clock.now())
    return found.get(task_id)


async def ended(office: Office, task_id: int, day: int, state: State, reason: str | None) -> None:
    """A report of 09:00 on this day of November, about the day before."""
    at = NINE.replace(day=day)
    about = date(2026, 11, day - 1)
    columns: dict[str, Any] = {"state": state, "reason": reason, "finished_at": at, "due_at": at}
    columns |= {"slot": f"2026-11-{day}T09:00", "first_day": about, "last_day": about}
    await office.add_delivery(task_id, **columns)


async def test_what_was_refused_and_what_was_not_due_any_more(office: Office) -> None:
    task = await office.add_task(told_at=NINE.replace(day=19))
    await ended(office, task, 17, State.FAILED, "kicked")
    await ended(office, task, 18, State.SENT, None)
    await ended(office, task, 19, State.FAILED, "kicked")

    assert await missed(office, task) == Missed(
        [date(2026, 11, 19), date(2026, 11, 20), date(2026, 11, 21)],
        Period(date(2026, 11, 18), date(2026, 11, 20)),
    )


@pytest.mark.parametrize(
    "columns",
    [
        {"told_at": None},
        {"told_at": NINE.replace(day=18), "is_active": False},
        {"told_at": NINE.replace(day=18), "suspended": "not_member"},
    ],
    ids=str,
)
async def test_nothing_was_missed_where_nothing_was_to_come(
    office: Office, columns: dict[str, Any]
) -> None:
    task = await office.add_task(**columns)

    assert await missed(office, task) is None


async def test_a_report_that_failed_for_another_reason_was_told_of_then(office: Office) -> None:
    task = await office.add_task(told_at=NINE)
    await ended(office, task, 21, State.FAILED, "KeysRefused")

    assert await missed(office, task) is None
