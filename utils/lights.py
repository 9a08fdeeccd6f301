"""Whether a profile wants a look: its contacts, and what they cost, against the period before.

Small numbers move by chance. What came is held against what would have come had nothing changed,
and less than that counts only as far as chance alone would seldom go: two counts of the same
thing differ by about the root of their sum.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import Enum
from fractions import Fraction

from utils.analytics import Figure, Value, earlier

NOTABLE = Fraction(11, 10)
"""So many times fewer, or dearer, is worse."""
BAD = Fraction(3, 2)
FEWEST = 3
"""Fewer contacts than that in both periods together tell nothing."""


class Light(Enum):
    RED = "red"
    """Contacts are fewer by half again or more, or so much dearer."""
    YELLOW = "yellow"
    """They are fewer or dearer, or money brought none."""
    GREEN = "green"
    NONE = "none"
    """Nobody can say: too little is known, or too little happened."""


def light_of(figures: Iterable[Figure], shown: Collection[str]) -> Light:
    """From the figures of one account with their changes.

    What contacts cost is judged where it is among the metrics `shown` or can be worked out from
    them, contacts where they are: a light tells of them, too.
    """
    told = {figure.metric.key: figure for figure in figures}
    contacts, spending = told["contacts"], told["total_spending"]
    is_price_shown = "cpl" in shown or {"contacts", "total_spending"} <= set(shown)
    came, before, spent_before = contacts.value, earlier(contacts), earlier(spending)
    if came is None or before is None:
        return Light.NONE
    lights = set()
    if "contacts" in shown:
        lights.add(_held_against(before, came, growth=Fraction(1)))
    if is_price_shown and spending.value and spent_before:
        # At the earlier price the contacts would have grown as the spending did.
        growth = Fraction(spending.value) / Fraction(spent_before)
        lights.add(_held_against(before, came, growth))
    for worse in (Light.RED, Light.YELLOW):
        if worse in lights:
            return worse
    if is_price_shown and spending.value and not came:
        return Light.YELLOW
    return Light.GREEN if lights and came + before >= FEWEST else Light.NONE


def _held_against(before: Value, came: Value, growth: Fraction) -> Light:
    due = before * growth
    fewer, chance = due - came, (before + came) * growth
    if fewer <= 0:
        return Light.GREEN
    if due >= came * BAD and fewer**2 > 4 * chance:
        return Light.RED
    if due >= came * NOTABLE and fewer**2 > chance:
        return Light.YELLOW
    return Light.GREEN
