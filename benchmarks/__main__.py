"""`python -m benchmarks` measures; `python -m benchmarks chaos --kills 50` kills.

Every target is on a ratio of two things timed in turns in the same run, or on a count: absolute
times of another machine say nothing about this one.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import URL

from benchmarks import (
    chaos,
    charts,
    chats,
    combined,
    disk,
    dispatch,
    exports,
    outbox,
    process,
    sending,
    workbooks,
)
from benchmarks.measure import Effort, Result
from benchmarks.tally import Tally
from core import heap
from tests.support.databases import postgres_database, upgrade
from tests.support.postgres import find_binaries, running_server


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when every target holds."""
    asked = _parser().parse_args(arguments)
    # Alembic's lines would stand between those of the table.
    os.environ["LOG_LEVEL"] = "ERROR"
    # As the worker does.
    heap.settle()
    if asked.command == "chaos":
        return _chaos(asked.kills, asked.seed, asked.databases)
    results = _measure(Effort(asked.rounds, asked.count), asked.databases, asked.reports)
    if asked.json:
        print(json.dumps([result.as_json() for result in results], ensure_ascii=False, indent=2))
    else:
        _print_table(results)
    return 0 if all(result.holds is not False for result in results) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--json", action="store_true", help="a list instead of a table")
    parser.add_argument("--rounds", type=int, default=5, help="medians of so many rounds")
    parser.add_argument("--count", type=int, default=200, help="repetitions in a round")
    parser.add_argument(
        "--databases",
        type=lambda text: text.split(",") if text else [],
        default=["sqlite", "postgresql"],
        help="what the worker runs on: sqlite, postgresql; empty: only what needs no worker",
    )
    parser.add_argument("--reports", type=int, default=10_000, help="due in one minute")
    commands = parser.add_subparsers(dest="command")
    killing = commands.add_parser("chaos", help="kill -9 at random moments, and count")
    killing.add_argument("--kills", type=int, default=50, help="on each kind of database")
    killing.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    return parser


def _measure(effort: Effort, kinds: Sequence[str], reports: int) -> list[Result]:
    with TemporaryDirectory() as name:
        results = asyncio.run(dispatch.measure(Path(name), effort))
        results += asyncio.run(exports.measure(Path(name), effort))
        results += disk.measure(Path(name))
    results += charts.measure(effort)
    results += workbooks.measure(effort)
    results += combined.texts(effort)
    for kind in kinds:
        with _database(kind) as (url, folder):
            results += asyncio.run(process.measure(url, folder, effort))
        with _database(kind) as (url, _):
            results += asyncio.run(outbox.measure(url, effort))
        with _database(kind) as (url, folder):
            results += asyncio.run(sending.measure(url, folder))
        with _database(kind) as (url, folder):
            results += asyncio.run(combined.measure(url, folder, effort))
        with _database(kind) as (url, _):
            results += asyncio.run(chats.measure(url))
        with _database(kind) as (url, folder):
            results += asyncio.run(combined.build(url, folder, reports))
    return results


def _chaos(kills: int, seed: int, kinds: Sequence[str]) -> int:
    total = Tally()
    for kind in kinds:
        with _database(kind) as (url, folder):
            tally = asyncio.run(chaos.storm(url, folder, kills=kills, seed=seed))
        for finding in tally.findings:
            print(f"{kind}: {finding}")
        print(f"{kind}: seed={seed} {tally} {tally.details}", flush=True)
        total += tally
    print(total)
    return 0 if total.is_clean else 1


@contextmanager
def _database(kind: str) -> Iterator[tuple[URL, Path]]:
    """A migrated, empty database of this kind and a folder for a worker."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        if kind == "sqlite":
            url = URL.create("sqlite+aiosqlite", database=str(folder / "bot.db"))
        else:
            binaries = find_binaries()
            if binaries is None:
                sys.exit("no PostgreSQL: install postgresql or pgserver, or leave it out")
            server = stack.enter_context(running_server(binaries, disk.durable(folder)))
            url = stack.enter_context(postgres_database(server.url))
        upgrade(url)
        yield url, folder


def _print_table(results: Sequence[Result]) -> None:
    width = max(len(result.name) for result in results)
    print(f"{'':{width}}  {'value':>10}  {'baseline':>10}  {'ratio':>6}  target")
    for result in results:
        baseline = "" if result.baseline is None else f"{result.baseline:,.1f}"
        ratio = "" if result.ratio is None else f"{result.ratio:.2f}"
        verdict = {None: "", True: "holds", False: "MISSED"}[result.holds]
        target = "" if result.target is None else f"{result.target} {verdict}"
        line = (
            f"{result.name:{width}}  {result.value:>10,.1f}  {baseline:>10}  {ratio:>6}  {target}"
        )
        print(line.rstrip())


if __name__ == "__main__":
    sys.exit(main())
