"""How long a report waits for its numbers, and with what it goes when it waits no longer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.database.models import Delivery
from core.database.repositories.delivery_states import ON_DEMAND, SUPPLEMENT, TRIAL
from core.database.repositories.outbox import completed_until
from core.errors import AvitoError, RateLimited, Unavailable, UnexpectedAnswer
from core.report_data import ReportData

PATIENCE = timedelta(minutes=30)
"""How long after its slot a report waits for an Avito in trouble where it could go cut instead;
with nothing to tell it waits until its deadline."""
TRIAL_PATIENCE = timedelta(minutes=3)
"""How long a trial waits either way: somebody watches it."""
FEWEST_TRIES = 3
DIGEST_TRIES = 3
DIGEST_PATIENCE = timedelta(minutes=2)
"""After every so many tries, or if the next one is further off, a digest goes without what cannot
be read. That waits together from then on, and comes together too, as far as it can be read."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(minutes=5)
DOUBLINGS = 4
"""From the first pause to the longest; a day of tries would double it out of all bounds."""
SUPPLEMENT_PAUSE = timedelta(minutes=15)
"""How often Avito is asked for what a report had to leave without."""
PASSING = (RateLimited, Unavailable, UnexpectedAnswer)
"""Troubles worth waiting for; all others are there until somebody does something."""
DEFECT = "defect"
"""What a report failed with that Avito has no part in."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why there are no numbers that a report could be made of."""

    error: Exception
    older: ReportData | None = None
    """Numbers from before the last day was over: better than none at the very end."""

    @property
    def is_passing(self) -> bool:
        return isinstance(self.error, PASSING)

    @property
    def until(self) -> datetime | None:
        """When to come back, where it is known."""
        if isinstance(self.error, RateLimited | Unavailable):
            return self.error.retry_at
        return None


Outcome = ReportData | Trouble | None
"""What a reading came to. None: something of ours broke."""


def reason_of(error: Exception) -> str:
    """As it is stored: which of the `AvitoError`s it is, or `DEFECT`."""
    kinds = (kind.__name__ for kind in AvitoError.__subclasses__() if isinstance(error, kind))
    return next(kinds, DEFECT)


def is_trial(delivery: Delivery) -> bool:
    return delivery.slot.startswith(TRIAL)


def is_on_demand(delivery: Delivery) -> bool:
    """A trial that is about days of its own, and does not call itself one."""
    return delivery.slot.startswith(ON_DEMAND)


def is_supplement(delivery: Delivery) -> bool:
    return delivery.slot.startswith(SUPPLEMENT)


def judged(data: ReportData) -> ReportData | Trouble:
    """Numbers read after their last day was over will do; those of half a day only in need."""
    if data.cut_at is None:
        return data
    if data.failure is not None:
        return Trouble(data.failure, older=data)
    if data.refreshes_at is not None:
        return Trouble(RateLimited("statistics", retry_at=data.refreshes_at), older=data)
    return Trouble(UnexpectedAnswer("statistics", detail="without the last day"), older=data)


def tellable(delivery: Delivery, outcome: Outcome, now: datetime) -> ReportData | None:
    """What can be told of it now: whole days, or in the end those without an evening."""
    if not isinstance(outcome, Trouble):
        return outcome
    if not outcome.is_passing or is_supplement(delivery):
        return None
    return outcome.older if next_try(delivery, outcome, now) is None else None


def next_try(delivery: Delivery, trouble: Trouble, now: datetime) -> datetime | None:
    """When to try again, None when that is not worth it any more."""
    if is_supplement(delivery):
        at = trouble.until or now + SUPPLEMENT_PAUSE
        # All that come to nothing do so at their deadline: their owner hears of it once.
        return min(at, delivery.deadline_at) if trouble.is_passing else None
    patience = TRIAL_PATIENCE if is_trial(delivery) else PATIENCE
    is_over = now >= delivery.due_at + patience and delivery.attempt >= FEWEST_TRIES
    may_end = is_trial(delivery) or trouble.older is not None
    if not trouble.is_passing or (is_over and may_end):
        return None
    pause = min(FIRST_PAUSE * 2 ** min(delivery.attempt, DOUBLINGS), LONGEST_PAUSE)
    at = trouble.until or now + pause
    latest = delivery.due_at + patience if is_trial(delivery) else delivery.deadline_at
    return at if at < latest else None


def next_try_together(read: Sequence[tuple[Delivery, Outcome]], now: datetime) -> datetime | None:
    """When those of one message that cannot be read may be; None: it goes without waiting."""
    troubled = [(row, outcome) for row, outcome in read if isinstance(outcome, Trouble)]
    tries = [next_try(*each, now) for each in troubled]
    at = min((at for at in tries if at is not None), default=None)
    is_anybody_kept = None in tries or any(isinstance(each, ReportData) for _, each in read)
    if at is None or not is_anybody_kept:
        return at
    are_last = any((row.attempt + 1) % DIGEST_TRIES == 0 for row, _ in troubled)
    return None if are_last or at > now + DIGEST_PATIENCE else at


def supplement_at(delivery: Delivery, data: ReportData, now: datetime) -> datetime | None:
    """When to ask for the rest of a report that is not whole, if the day is long enough."""
    at = now + SUPPLEMENT_PAUSE
    is_wanted = data.cut_at is not None and not is_trial(delivery)
    return at if is_wanted and at < completed_until(delivery) else None
