"""The rough time left."""

from __future__ import annotations

from utils.time_left import TimeLeft


def test_it_is_told_once_it_can_be_known() -> None:
    left = TimeLeft()
    # What was there already says nothing about the speed.
    assert left.seconds(100, 50, 250) is None
    assert left.seconds(101, 52, 250) is None
    assert left.seconds(110, 70, 250) == 90
    assert left.seconds(120, 250, 250) == 0


def test_while_nothing_moves_nobody_knows() -> None:
    left = TimeLeft()
    left.seconds(0, 7, 9)
    assert left.seconds(60, 7, 9) is None
