"""The rough time left."""

from __future__ import annotations

from collections import deque

import pytest

from utils.time_left import Far, TimeLeft


def test_it_is_told_once_it_can_be_known() -> None:
    left = TimeLeft()
    # What was there already says nothing about the speed.
    assert left.seconds(100, Far(50, 250, 0, 0)) is None
    assert left.seconds(108, Far(65, 250, 15, 0)) is None, "too few seconds"
    assert left.seconds(110, Far(70, 250, 20, 0)) == 90
    assert left.seconds(120, Far(250, 250, 200, 0)) == 0


def test_while_little_moves_nobody_knows() -> None:
    left = TimeLeft()
    left.seconds(0, Far(7, 90, 0, 0))
    assert left.seconds(600, Far(9, 90, 30, 20)) is None


@pytest.mark.parametrize("pages", [1, 3, 11])
def test_what_is_begun_side_by_side_ends_together_and_the_first_misleads_nobody(
    pages: int,
) -> None:
    """250 chats, sixteen at a time, a page of one after a page of another."""
    chats, at_a_time, a_call = 250, 16, 60 / 114
    hands, waiting, done, left = deque([0] * at_a_time), chats - at_a_time, 0, TimeLeft()
    left.seconds(0, Far(0, chats, 0, 0))
    for call in range(1, chats * pages + 1):
        read = hands.popleft() + 1
        if read < pages:
            hands.append(read)
        else:
            done += 1
            if waiting:
                hands.append(0)
                waiting -= 1
        said = left.seconds(call * a_call, Far(done, chats, call, sum(hands)))
        if done <= 5:
            assert said is None
        elif said is not None:
            assert said == pytest.approx((chats * pages - call) * a_call, abs=1)
