"""A job's progress: shown when it can be shown at once, and never waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from bot.effects import Screen
from bot.jobs import PROGRESS_PATIENCE_SEC, JobOffice
from bot.telegram import RawAnswer
from bot.throttle import Throttle, UrgentCourier
from tests.support.virtual_time import run_in_virtual_time

GROUP = -100_4000000001


class SlowTelegram:
    """Takes its time with every answer."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.answered = 0

    async def post(
        self, _bot: object, _method: object, *, leaving: Callable[[], None]
    ) -> RawAnswer:
        leaving()
        await asyncio.sleep(self.seconds)
        self.answered += 1
        return RawAnswer(200, '{"ok": true, "result": {"message_id": 7}}')


async def seconds_to_show(telegram: SlowTelegram, throttle: Throttle) -> float:
    courier = UrgentCourier(cast("Any", None), cast("Any", telegram), throttle)
    office = JobOffice(cast("Any", None), courier, cast("Any", None), cast("Any", None))
    loop = asyncio.get_running_loop()
    began = loop.time()
    await office.edit(GROUP, 7, Screen(text="Прочитаю через 50 с"))
    return loop.time() - began


def test_in_a_chat_that_telegram_has_closed_it_is_left_out() -> None:
    async def story() -> None:
        telegram, throttle = SlowTelegram(0), Throttle(30)
        throttle.flooded(GROUP, retry_after=600)

        assert await seconds_to_show(telegram, throttle) <= PROGRESS_PATIENCE_SEC
        await asyncio.sleep(700)
        assert telegram.answered == 0

    run_in_virtual_time(story())


def test_what_has_left_arrives_before_anything_else_is_shown() -> None:
    async def story() -> None:
        telegram = SlowTelegram(3 * PROGRESS_PATIENCE_SEC)

        await seconds_to_show(telegram, Throttle(30))

        assert telegram.answered == 1

    run_in_virtual_time(story())
