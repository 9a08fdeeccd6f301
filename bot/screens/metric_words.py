"""A choice of metrics in words, for the screens that tell of it."""

from __future__ import annotations

from core.services.metrics import Keys
from utils.metrics import CATALOGUE, METRICS, USUAL
from utils.plurals import plural

NAMED = 2
"""So many are named of a choice that is too long to name."""


def describe_metrics(keys: Keys) -> str:
    """`13 показателей`, `просмотры и контакты`, `просмотры, контакты и ещё 3`."""
    if keys == USUAL:
        return plural(len(keys), "показатель", "показателя", "показателей")
    if len(keys) == len(CATALOGUE):
        return f"все {plural(len(keys), 'показатель', 'показателя', 'показателей')}"
    names = [_within_a_sentence(METRICS[key].label) for key in keys]
    if len(names) <= NAMED + 1:
        *first, last = names
        return f"{', '.join(first)} и {last}" if first else last
    return f"{', '.join(names[:NAMED])} и ещё {len(names) - NAMED}"


def _within_a_sentence(label: str) -> str:
    return label[:1].lower() + label[1:]
