"""Our pictures against matplotlib's: the same days in the same size, each in its own process."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta
from importlib.util import find_spec
from pathlib import Path
from statistics import median

from benchmarks.measure import Effort, Result

_FIRST = date(2026, 10, 22)
_DAYS = [_FIRST + timedelta(days=number) for number in range(30)]
_VIEWS = [900 + 37 * (number * 7 % 11) - 60 * (number % 7) for number in range(30)]
_CONTACTS = [views // 40 for views in _VIEWS]
_KOPECKS = [views * 310 for views in _VIEWS]
_SIZE = 10.8, 12.3
"""Hundreds of pixels."""
_SATURDAY = 5
_DISPATCHES = 10
"""As many dispatches of an update take about as long as a chart."""


def measure(effort: Effort) -> list[Result]:
    """Without matplotlib (the group `benchmarks`) there is nothing to compare with."""
    count = max(1, effort.count // _DISPATCHES)
    ours, theirs = [], []
    for _ in range(effort.rounds):
        ours.append(_in_a_process("ours", count))
        if find_spec("matplotlib"):
            theirs.append(_in_a_process("theirs", count))

    def result(name: str, key: str) -> Result:
        value = median(one[key] for one in ours)
        if not theirs:
            return Result(name, value)
        return Result(name, value, median(one[key] for one in theirs), limit=0.4)

    return [
        result("chart of 30 days, ms", "warm"),
        result("first chart with its imports, ms", "first"),
        result(f"memory of {count} charts, MB at the peak", "memory"),
        Result("charts per second on one core", 1000 / median(one["warm"] for one in ours)),
    ]


def _in_a_process(whose: str, count: int) -> dict[str, float]:
    code = f"from benchmarks.charts import report; report({whose!r}, {count})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def report(whose: str, count: int) -> None:
    """Print what `count` charts took here: milliseconds, and memory beyond the bare Python."""
    bare = _peak_mb()
    began = time.perf_counter()
    draw = _ours() if whose == "ours" else _theirs()
    draw()
    first = time.perf_counter() - began
    warm = []
    for _ in range(count):
        began = time.perf_counter()
        draw()
        warm.append(time.perf_counter() - began)
    figures = {"first": first * 1000, "warm": median(warm) * 1000, "memory": _peak_mb() - bare}
    print(json.dumps(figures))


def _peak_mb() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    return int(kilobytes) / 1024


def _before(values: list[int]) -> list[int]:
    return values[7:] + values[:7]


def _ours() -> Callable[[], bytes]:
    from utils.charts.course import Course, Series
    from utils.charts.picture import draw
    from utils.periods import Period

    course = Course(
        "Мебель",
        Period(_DAYS[0], _DAYS[-1]),
        contacts=Series(_CONTACTS, _before(_CONTACTS)),
        views=Series(_VIEWS, _before(_VIEWS)),
        spending=Series(_KOPECKS),
    )
    return lambda: draw(course)


def _theirs() -> Callable[[], bytes]:
    # Without pyplot, which would keep every figure.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.dates import DateFormatter
    from matplotlib.figure import Figure

    def draw() -> bytes:
        figure = Figure(figsize=_SIZE, dpi=100)
        panels = figure.subplots(3, 1, sharex=True)
        figure.suptitle("Мебель")
        for panel, values, name in zip(
            panels[:2], (_CONTACTS, _VIEWS), ("Контакты", "Просмотры"), strict=True
        ):
            panel.plot(_DAYS, _before(values), color="#b4bdc8", label=f"раньше {sum(values)}")
            panel.plot(_DAYS, values, linewidth=3, label=f"{name} {sum(values)}")
            panel.fill_between(_DAYS, values, alpha=0.1)
        roubles = [kopecks / 100 for kopecks in _KOPECKS]
        panels[2].bar(_DAYS, roubles, label=f"Расходы {sum(roubles):.0f} ₽")
        for panel in panels:
            panel.set_ylim(bottom=0)
            panel.grid(axis="y")
            panel.legend()
            for day in _DAYS:
                if day.weekday() == _SATURDAY:
                    panel.axvspan(day, day + timedelta(days=2), color="#eff1f4")
        panels[2].xaxis.set_major_formatter(DateFormatter("%d.%m"))
        file = io.BytesIO()
        FigureCanvasAgg(figure).print_png(file)
        return file.getvalue()

    return draw
