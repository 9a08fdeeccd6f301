"""The states of a delivery, and what its slot and its reason may say."""

from __future__ import annotations

from enum import StrEnum

TRIAL = "trial:"
"""What the slot of a report begins with that somebody asked for beside the schedule."""
ON_DEMAND = f"{TRIAL}days:"
"""… and that is about days that he chose: it does not call itself a trial."""
SUPPLEMENT = "whole:"
"""What the slot of a report begins with that had to leave without a part of its last day."""
PAUSED = "paused"
"""Why a delivery was withdrawn."""


class State(StrEnum):
    DUE = "due"
    """Its time has come; nobody works on it."""
    BUILDING = "building"
    READY = "ready"
    """Its text is frozen."""
    JOINED = "joined"
    """It goes in the message of another one, its carrier, and fares as that does."""
    CLAIMED = "claimed"
    """A sender has it, and has not begun to send."""
    SENDING = "sending"
    """Its bytes may be on their way: from here on it may have arrived."""
    RETRY = "retry"
    """Certainly not delivered; to be tried again."""
    RESEND = "resend"
    """The answer was lost; a copy that says that it is one will be sent."""
    SENT = "sent"
    FAILED = "failed"
    """Certainly not delivered, and trying again is useless."""
    HELD = "held"
    """The answer was lost; a person decides whether to send it again."""
    MISSED = "missed"
    """Too late to be sent."""
    WITHDRAWN = "withdrawn"
    """Its owner paused the reports before it left."""


IN_HAND = (State.BUILDING, State.CLAIMED, State.SENDING)
SENDABLE = (State.READY, State.RETRY, State.RESEND)
WAITING = (State.DUE, State.BUILDING, State.READY, State.CLAIMED, State.RETRY)
"""Open, and nothing of it has left, unless it is a repeat."""
NEVER_MADE = (State.FAILED, State.MISSED, State.WITHDRAWN)
"""Over, and certainly nobody got it."""
