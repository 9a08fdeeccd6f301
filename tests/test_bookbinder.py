"""Files of chats come from a process of its own, which leaves none behind unless it succeeds."""

from __future__ import annotations

import asyncio
import errno
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from pathlib import Path

import pytest

from bot.bookbinder import Bookbinder, NotBound, OutOfMemory
from tests.support.chats import binders, chat, order_for, ours, packed, read, records, said
from tests.support.waiting import eventually
from utils.chats.model import Transcript

ROOT = Path(__file__).parents[1]
CHATS = [chat(said(0), ours(number), id=f"u2i-{number}") for number in range(1, 4)]


async def stored(
    transcripts: Iterable[Transcript], then: Callable[[], Awaitable[object]] | None = None
) -> AsyncIterator[bytes]:
    for transcript in transcripts:
        yield packed(transcript)
    if then is not None:
        await then()


def files(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.exists() else []


def processes() -> list[int]:
    return binders(os.getpid())


async def test_chats_that_come_one_by_one_are_all_in_the_file(tmp_path: Path) -> None:
    folder = tmp_path / "outgoing"

    made = await Bookbinder().bind(order_for(folder), stored(CHATS))

    assert (made.chats, made.messages, made.first_reply) == (3, 6, 2)
    assert [file.path for file in made.files] == files(folder)
    sheets = read(made.files[0].path)
    assert [row["Номер чата"] for row in records(sheets["Чаты"])] == ["u2i-1", "u2i-2", "u2i-3"]
    assert processes() == []


async def test_whoever_is_cancelled_has_no_files_and_no_process(tmp_path: Path) -> None:
    binding = asyncio.create_task(
        Bookbinder().bind(order_for(tmp_path), stored(CHATS, asyncio.Event().wait))
    )
    await eventually(lambda: files(tmp_path))

    binding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await binding

    assert not files(tmp_path)
    assert not processes()


async def test_what_keeps_the_chats_from_coming_is_told_and_leaves_no_files(
    tmp_path: Path,
) -> None:
    async def breaks() -> None:
        raise ConnectionRefusedError("the database is away")

    # Of the same kind as trouble with the pipe, and yet none.
    with pytest.raises(ConnectionRefusedError):
        await Bookbinder().bind(order_for(tmp_path), stored(CHATS, breaks))

    assert not files(tmp_path)
    assert not processes()


async def test_what_cannot_be_read_is_told_and_leaves_no_files(tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield packed(CHATS[0])
        yield b"no chat"

    with pytest.raises(NotBound, match=r"zlib\.error"):
        await Bookbinder().bind(order_for(tmp_path), broken())

    assert not files(tmp_path)
    assert not processes()


async def test_what_goes_wrong_is_told_without_a_word_of_the_chats(tmp_path: Path) -> None:
    odd = said(0, "Звоните", is_read="+7 999 123-45-67")

    with pytest.raises(NotBound, match=r"(?s)KeyError.*utils/chats/sheets.py") as raised:
        await Bookbinder().bind(order_for(tmp_path), stored([chat(odd)]))

    assert "999" not in str(raised.value)


async def test_what_its_disk_refuses_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"utils/chats/book.py") as raised:
        await Bookbinder().bind(order_for(tmp_path, stem="a" * 300), stored(CHATS))

    assert raised.value.errno == errno.ENAMETOOLONG


async def test_a_chat_too_large_for_its_memory_is_told_and_the_next_order_is_served(
    tmp_path: Path,
) -> None:
    bookbinder = Bookbinder(memory_mb=128)
    huge = chat(said(0, "a" * 40_000_000))

    with pytest.raises(OutOfMemory):
        await bookbinder.bind(order_for(tmp_path), stored([huge, *CHATS]))

    assert not files(tmp_path)
    assert not processes()
    assert (await bookbinder.bind(order_for(tmp_path), stored(CHATS))).chats == len(CHATS)


async def test_a_process_that_was_killed_is_told_and_leaves_no_files(tmp_path: Path) -> None:
    async def kill() -> None:
        await eventually(lambda: files(tmp_path))
        for process in processes():
            os.kill(process, signal.SIGKILL)

    with pytest.raises(NotBound, match="-9"):
        await Bookbinder().bind(order_for(tmp_path), stored(CHATS, kill))

    assert not files(tmp_path)
    assert not processes()


async def test_a_stop_of_everybody_around_lets_it_finish(tmp_path: Path) -> None:
    async def stop() -> None:
        await eventually(lambda: files(tmp_path))
        for process in processes():
            for number in (signal.SIGINT, signal.SIGTERM):
                os.kill(process, number)

    made = await Bookbinder().bind(order_for(tmp_path), stored(CHATS, stop))

    assert made.chats == len(CHATS)


async def test_two_work_side_by_side_and_the_third_waits(tmp_path: Path) -> None:
    bookbinder, enough = Bookbinder(), asyncio.Event()
    begun = [
        asyncio.create_task(
            bookbinder.bind(order_for(tmp_path / str(number)), stored(CHATS, enough.wait))
        )
        for number in range(3)
    ]
    await eventually(lambda: files(tmp_path / "0") and files(tmp_path / "1"))

    assert len(processes()) == 2
    enough.set()

    assert [made.chats for made in await asyncio.gather(*begun)] == [3, 3, 3]


async def test_chats_are_asked_for_no_faster_than_they_are_written(tmp_path: Path) -> None:
    asked = 0

    async def counted() -> AsyncIterator[bytes]:
        nonlocal asked
        yield packed(CHATS[0])
        await eventually(lambda: files(tmp_path))
        os.kill(processes()[0], signal.SIGSTOP)
        for number in range(300):
            asked += 1
            # What cannot be compressed fills the pipe at once.
            yield packed(chat(said(0, os.urandom(4_000).hex()), id=str(number)))

    binding = asyncio.create_task(Bookbinder().bind(order_for(tmp_path), counted()))
    await eventually(lambda: asked)
    settled = -1
    while settled != asked:
        settled = asked
        await asyncio.sleep(0.05)

    assert asked < 300
    os.kill(processes()[0], signal.SIGCONT)
    assert (await binding).chats == 301


def test_it_ends_quietly_when_whoever_began_it_is_gone_before_the_order() -> None:
    begun = [sys.executable, "-m", "utils.chats", "512"]
    done = subprocess.run(begun, cwd=ROOT, input=b"", capture_output=True, check=True)
    assert done.stderr == b""


def test_it_knows_its_own_room_alone_and_leaves_nothing_when_its_input_breaks_off(
    tmp_path: Path,
) -> None:
    code = (
        "import pickle, runpy, sys; sys.argv = ['', '512'];"
        "runpy.run_module('utils.chats', run_name='__main__');"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        input=pickle.dumps(order_for(tmp_path)) + pickle.dumps(packed(CHATS[0]))[:-3],
        capture_output=True,
        check=True,
    )
    known = set(done.stdout.decode().split())
    assert {"utils", "zipfile"} <= known
    heavy = {"aiogram", "asyncio", "babel", "openpyxl", "pandas", "pydantic", "sqlalchemy"}
    assert not known & {"bot", "core", *heavy}
    assert files(tmp_path) == []
    assert done.stderr == b""
