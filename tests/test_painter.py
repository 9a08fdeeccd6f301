"""Charts come from a process of their own, which may break and must not outlive us."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bot.painter import NotDrawn, Painter
from utils.charts.course import Course, Series
from utils.charts.picture import draw
from utils.periods import one_day

ROOT = Path(__file__).parents[1]


def course(title: str) -> Course:
    return Course(title, one_day(date(2026, 11, 20)), contacts=Series([3], [1]))


@pytest.fixture
async def painter() -> AsyncIterator[Painter]:
    painter = Painter()
    yield painter
    await painter.close()


def process_of(painter: Painter) -> int:
    assert painter._process is not None
    return painter._process.pid


async def test_each_gets_the_picture_he_asked_for(painter: Painter) -> None:
    titles = ["Мебель", "Двери", "Окна"]

    drawn = await asyncio.gather(*(painter.draw(course(title)) for title in titles))

    assert drawn == [draw(course(title)) for title in titles]


async def test_what_cannot_be_drawn_is_told_and_the_next_one_is_drawn(painter: Painter) -> None:
    not_a_course: Any = "Мебель"
    with pytest.raises(NotDrawn, match="AttributeError"):
        await painter.draw(not_a_course)
    first = process_of(painter)

    assert await painter.draw(course("Мебель")) == draw(course("Мебель"))
    assert process_of(painter) == first


async def test_a_process_that_was_killed_costs_one_picture(painter: Painter) -> None:
    await painter.draw(course("Мебель"))
    os.kill(process_of(painter), signal.SIGKILL)

    with pytest.raises((EOFError, ConnectionError)):
        await painter.draw(course("Мебель"))

    assert await painter.draw(course("Двери")) == draw(course("Двери"))


async def test_whoever_does_not_wait_leaves_nothing_to_the_next_one(painter: Painter) -> None:
    await painter.draw(course("Мебель"))
    impatient = asyncio.create_task(painter.draw(course("Мебель")))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    impatient.cancel()

    assert await painter.draw(course("Двери")) == draw(course("Двери"))


async def test_a_stop_of_everybody_around_lets_it_finish(painter: Painter) -> None:
    await painter.draw(course("Мебель"))
    first = process_of(painter)
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(first, number)

    await painter.draw(course("Двери"))

    assert process_of(painter) == first


async def test_closing_ends_it(painter: Painter) -> None:
    await painter.draw(course("Мебель"))
    process = process_of(painter)

    await painter.close()

    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


async def test_closing_waits_for_no_picture(painter: Painter) -> None:
    await painter.draw(course("Мебель"))
    os.kill(process_of(painter), signal.SIGSTOP)
    drawing = asyncio.create_task(painter.draw(course("Двери")))
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    await painter.close()

    with pytest.raises((EOFError, ConnectionError)):
        await drawing


def test_it_ends_with_whoever_began_it_and_knows_the_charts_alone() -> None:
    code = "import runpy, sys; runpy.run_module('utils.charts', run_name='__main__'); " + (
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, input=b"", capture_output=True, check=True
    )
    known = set(done.stdout.decode().split())
    assert {"utils", "PIL"} <= known
    assert not known & {"bot", "core", "sqlalchemy", "aiogram", "asyncio", "pydantic"}
