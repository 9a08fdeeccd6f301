"""Pictures for tests that are not about who draws them."""

from __future__ import annotations

import asyncio

from utils.charts.course import Course
from utils.charts.picture import draw


async def draw_here(course: Course) -> bytes:
    """The same picture, without a process that would have to be started for each test."""
    return await asyncio.to_thread(draw, course)
