"""Telegram's limits, kept to the letter and used to the full, in virtual time."""

from __future__ import annotations

import asyncio
import random
from collections import Counter, deque
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any

import pytest

from bot.throttle import Throttle
from tests.support.virtual_time import run_in_virtual_time

GROUP = -100_4000000001
Story = Callable[..., Coroutine[Any, Any, None]]


def in_virtual_time(story: Story) -> Callable[..., None]:
    @wraps(story)
    def run(*arguments: Any, **named: Any) -> None:
        run_in_virtual_time(story(*arguments, **named))

    return run


class Sends:
    """What left when, and for which chat."""

    def __init__(self, throttle: Throttle) -> None:
        self.throttle = throttle
        self.left: list[tuple[float, int]] = []

    async def send(self, chat_id: int, *, urgent: bool = False) -> float:
        await self.throttle.turn(chat_id, urgent=urgent)
        now = asyncio.get_running_loop().time()
        self.left.append((now, chat_id))
        return now

    async def send_all(self, *chats: int, urgent: bool = False) -> None:
        await asyncio.gather(*(self.send(chat, urgent=urgent) for chat in chats))

    def times(self, chat_id: int | None = None) -> list[float]:
        return [at for at, chat in self.left if chat_id in (None, chat)]


def most_in(window: float, times: list[float]) -> int:
    """The largest number of instants that any window of this length holds, both ends included."""
    inside: deque[float] = deque()
    most = 0
    for at in times:
        inside.append(at)
        while inside[0] < at - window:
            inside.popleft()
        most = max(most, len(inside))
    return most


@in_virtual_time
async def test_no_second_sees_more_than_thirty() -> None:
    sends = Sends(Throttle(30))
    await sends.send_all(*range(1, 1001))
    assert most_in(1.0, sends.times()) == 30


@in_virtual_time
async def test_a_rest_is_not_saved_up_for_a_burst() -> None:
    sends = Sends(Throttle(30))
    await sends.send_all(*range(1, 101))
    await asyncio.sleep(300)
    await sends.send_all(*range(101, 201))
    assert most_in(1.0, sends.times()) == 30


@in_virtual_time
async def test_the_allowed_rate_is_used() -> None:
    sends = Sends(Throttle(30))
    await sends.send_all(*range(1, 5001))
    assert 5000 / sends.times()[-1] >= 0.97 * 30


@in_virtual_time
async def test_a_loop_that_wakes_late_costs_no_rate_and_breaks_no_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sends, late = Sends(Throttle(30)), random.Random(1)
    loop = asyncio.get_running_loop()
    on_time = loop.call_at

    def call_late(when: float, *rest: Any, **named: Any) -> asyncio.TimerHandle:
        return on_time(when + late.uniform(0, 0.01), *rest, **named)

    monkeypatch.setattr(loop, "call_at", call_late)
    await sends.send_all(*range(1, 3001))
    assert most_in(1.0, sends.times()) <= 30
    assert 3000 / sends.times()[-1] >= 0.97 * 30


@in_virtual_time
async def test_slow_ways_to_telegram_bring_no_more_than_thirty_into_a_second() -> None:
    throttle, luck = Throttle(30), random.Random(1)
    loop = asyncio.get_running_loop()
    arrivals = []

    async def send(chat_id: int) -> None:
        turn = await throttle.turn(chat_id)
        # Now and then a connection has to be made first, or the loop is busy.
        await asyncio.sleep(0.2 if chat_id % 50 == 1 else luck.uniform(0, 0.005))
        turn.leaves()
        await asyncio.sleep(0.03 + (luck.uniform(0, 0.05) if chat_id % 20 == 0 else 0))
        arrivals.append(loop.time())
        await asyncio.sleep(0.03)
        turn.ends()

    await asyncio.gather(*(send(chat_id) for chat_id in range(1, 2001)))
    assert most_in(1.0, sorted(arrivals)) <= 30
    assert 2000 / max(arrivals) >= 0.9 * 30


@in_virtual_time
async def test_an_answer_that_never_comes_holds_nothing_up() -> None:
    throttle = Throttle(30)
    loop = asyncio.get_running_loop()
    for chat_id in range(1, 301):
        turn = await throttle.turn(chat_id)
        turn.leaves()
    assert 300 / loop.time() >= 0.97 * 30


@in_virtual_time
async def test_a_paid_account_sends_as_fast_as_it_may() -> None:
    sends = Sends(Throttle(1000))
    await sends.send_all(*range(1, 5001))
    assert most_in(1.0, sends.times()) <= 1000
    assert 5000 / sends.times()[-1] >= 0.97 * 1000


@in_virtual_time
async def test_a_chat_gets_one_message_a_second() -> None:
    sends = Sends(Throttle(30))
    await sends.send_all(*[7] * 20)
    assert most_in(1.0, sends.times()) == 1
    assert sends.times()[-1] <= 19 * 1.03


@pytest.mark.parametrize(("urgent", "most"), [(False, 20), (True, 15)])
@in_virtual_time
async def test_a_group_gets_twenty_messages_in_any_minute_and_people_ask_for_fifteen_at_most(
    urgent: bool, most: int
) -> None:
    sends = Sends(Throttle(30))
    await sends.send_all(*[GROUP] * 100, urgent=urgent)
    assert most_in(60.0, sends.times()) == most
    assert sends.times()[-1] <= 99 // most * 61.1 + 21


@in_virtual_time
async def test_what_left_before_a_restart_counts_for_its_minute() -> None:
    sends = Sends(Throttle(30))
    for number in range(20):
        sends.throttle.recall(GROUP, ago_sec=50 - number)
    await sends.send_all(GROUP, GROUP, 7)
    assert sends.times(7) == [0]
    assert sends.times(GROUP) == pytest.approx([10.75, 11.7625])


@in_virtual_time
async def test_what_left_a_moment_before_a_restart_counts_for_its_second() -> None:
    sends = Sends(Throttle(30))
    for chat in range(1, 31):
        sends.throttle.recall(chat, ago_sec=0.5)
    await sends.send_all(30, 31)
    assert min(sends.times()) >= 0.5


@in_virtual_time
async def test_people_in_a_group_leave_room_for_its_reports() -> None:
    sends = Sends(Throttle(30))
    answers = asyncio.create_task(sends.send_all(*[GROUP] * 100, urgent=True))
    await asyncio.sleep(5)
    for _ in range(5):
        asked = asyncio.get_running_loop().time()
        assert await sends.send(GROUP) - asked < 1.1
    await answers
    assert most_in(60.0, sends.times()) == 20


@in_virtual_time
async def test_a_busy_group_holds_up_nobody_else() -> None:
    sends = Sends(Throttle(30))
    await sends.send_all(*[GROUP] * 40, *range(1, 11))
    assert max(at for at, chat in sends.left if chat > 0) < 1.0


@in_virtual_time
async def test_messages_of_a_chat_leave_in_the_order_they_came() -> None:
    throttle = Throttle(30)
    order = []

    async def send(number: int) -> None:
        await throttle.turn(7)
        order.append(number)

    await asyncio.gather(*(send(number) for number in range(10)))
    assert order == list(range(10))


@in_virtual_time
async def test_an_answer_to_a_person_overtakes_all_reports() -> None:
    sends = Sends(Throttle(30))
    reports = asyncio.create_task(sends.send_all(*range(1, 3001)))
    await asyncio.sleep(10)
    for person in range(5001, 5101):
        asked = asyncio.get_running_loop().time()
        assert await sends.send(person, urgent=True) - asked < 0.05
        await asyncio.sleep(0.3)
    await reports
    assert most_in(1.0, sends.times()) == 30


@in_virtual_time
async def test_a_person_leafing_through_menus_is_not_slowed_down() -> None:
    sends = Sends(Throttle(30))
    for _ in range(20):
        await sends.send(7, urgent=True)
        await asyncio.sleep(0.2)
    assert sends.times()[-1] < 20 * 0.21


@in_virtual_time
async def test_a_person_who_hammers_gets_one_answer_a_second_in_the_end() -> None:
    sends = Sends(Throttle(30))
    await sends.send_all(*[7] * 100, urgent=True)
    first, *_, last = sends.times()
    assert last - first >= 79


@in_virtual_time
async def test_a_report_keeps_its_distance_from_an_answer() -> None:
    sends = Sends(Throttle(30))
    await sends.send(7, urgent=True)
    await sends.send(7)
    assert sends.times()[1] >= 1.0


@pytest.mark.parametrize("urgent", [True, False])
@pytest.mark.parametrize("pause", [1, 30, 600])
@in_virtual_time
async def test_a_flooded_chat_rests_and_the_others_go_on(pause: int, urgent: bool) -> None:
    sends = Sends(Throttle(30))
    sends.throttle.flooded(7, pause)
    await sends.send_all(7, 8, urgent=urgent)
    assert sends.times(7)[0] >= pause
    assert sends.times(8)[0] < 0.1


@in_virtual_time
async def test_a_chat_that_floods_while_others_wait_for_it_holds_them_back() -> None:
    sends = Sends(Throttle(30))
    waiting = asyncio.create_task(sends.send_all(7, 7))
    await asyncio.sleep(0.5)
    sends.throttle.flooded(7, 30)
    await waiting
    assert sends.times(7)[1] >= 30


@in_virtual_time
async def test_two_chats_flooded_within_a_second_stop_everything() -> None:
    sends = Sends(Throttle(30))
    sends.throttle.flooded(7, 30)
    await asyncio.sleep(0.9)
    sends.throttle.flooded(8, 20)
    assert sends.throttle.closed_for() == pytest.approx(20)
    await sends.send_all(7, 8, 9)
    assert sends.times(9)[0] == pytest.approx(20.9, abs=0.1)
    assert sends.times(7)[0] == pytest.approx(30, abs=0.1)


@in_virtual_time
async def test_two_floods_of_one_chat_or_far_apart_stop_only_their_chats() -> None:
    sends = Sends(Throttle(30))
    sends.throttle.flooded(7, 30)
    sends.throttle.flooded(7, 30)
    await asyncio.sleep(1.1)
    sends.throttle.flooded(8, 30)
    assert sends.throttle.closed_for() <= 0
    assert await sends.send(9) < 1.2


@in_virtual_time
async def test_the_pace_is_kept_after_everything_stood_still() -> None:
    sends = Sends(Throttle(30))
    waiting = asyncio.create_task(sends.send_all(*range(10, 200)))
    await asyncio.sleep(1)
    sends.throttle.flooded(7, 600)
    sends.throttle.flooded(8, 600)
    await waiting
    assert most_in(1.0, sends.times()) == 30
    assert not [at for at in sends.times() if 1.0 < at < 601.0]


@in_virtual_time
async def test_a_shorter_pause_does_not_end_a_longer_one() -> None:
    sends = Sends(Throttle(30))
    sends.throttle.flooded(7, 600)
    sends.throttle.flooded(7, 1)
    assert sends.throttle.opens_in(7) == pytest.approx(600)


@in_virtual_time
async def test_who_gives_up_leaves_the_place_to_the_next() -> None:
    sends = Sends(Throttle(30))
    await sends.send(7)
    quitters = [asyncio.create_task(sends.send(7)) for _ in range(5)]
    await asyncio.sleep(0)
    patient = asyncio.create_task(sends.send(7))
    await asyncio.sleep(0.1)
    for task in quitters:
        task.cancel()
    await asyncio.gather(*quitters, return_exceptions=True)
    assert await patient < 1.1


@in_virtual_time
async def test_one_who_gives_up_while_the_turn_comes_takes_nobody_s() -> None:
    sends = Sends(Throttle(30))
    await sends.send(7)
    quitter, patient = (asyncio.create_task(sends.send(7)) for _ in range(2))
    asyncio.get_running_loop().call_at(1.01, quitter.cancel)
    await asyncio.gather(quitter, return_exceptions=True)
    assert await patient < 1.1


@in_virtual_time
async def test_chats_that_rest_are_forgotten() -> None:
    throttle = Throttle(30)
    sends = Sends(throttle)
    for number in range(20_000):
        await sends.send(number - 10_000)
    # A group is remembered for its minute: about 1,800 of them pass in one.
    assert throttle.remembered <= 5_000
    assert max(Counter(chat for _, chat in sends.left).values()) == 1
