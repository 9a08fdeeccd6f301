"""What became of everything in a storm, in numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields


@dataclass
class Tally:
    kills: int = 0
    updates: int = 0
    deliveries: int = 0
    lost: int = 0
    doubled: int = 0
    doubled_unmarked: int = 0
    """A report whose answer was lost may come twice, when the second copy says so."""
    out_of_order: int = 0
    limit_violations: int = 0
    held: int = 0
    """Reports left to their owners: nobody knows whether they arrived."""
    unanswered: int = 0
    """Placeholders that stay: the answer, which alone names the message, died with the worker."""
    left_behind: int = 0
    """Placeholders that stay although the worker had lived to read the answer."""
    wrong_rows: int = 0
    findings: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        faults = (self.lost, self.doubled_unmarked, self.out_of_order, self.limit_violations)
        return not (any(faults) or self.left_behind or self.wrong_rows)

    def __add__(self, other: Tally) -> Tally:
        names = [each.name for each in fields(self)]
        return Tally(**{name: getattr(self, name) + getattr(other, name) for name in names})

    def __str__(self) -> str:
        names = (
            *("kills", "deliveries", "lost", "doubled", "doubled_unmarked"),
            *("out_of_order", "limit_violations"),
        )
        return self._told(names)

    @property
    def details(self) -> str:
        return self._told(("updates", "held", "unanswered", "left_behind", "wrong_rows"))

    def _told(self, names: Iterable[str]) -> str:
        return " ".join(f"{name}={getattr(self, name)}" for name in names)

    def note(self, finding: str) -> None:
        self.findings.append(f"kill {self.kills}, {finding}")
