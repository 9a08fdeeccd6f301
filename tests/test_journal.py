"""The journal survives what kills the process, and never says more than was written."""

from __future__ import annotations

from pathlib import Path

import pytest

from core import journal
from core.journal import Journal


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "journal.log"


def opened(path: Path) -> Journal:
    """What the next process reads; the one before it closed nothing, as after kill -9."""
    made = Journal(path)
    made.open()
    return made


def written(path: Path) -> bytes:
    return path.read_bytes().rstrip(b"\0")


def test_a_reply_that_left_is_known_after_a_crash(path: Path) -> None:
    first = opened(path)
    first.leaving(7)
    first.leaving(8)
    first.delivered(8, 4321)
    first.leaving(10)
    first.delivered(10, None)
    opened(path)
    second = opened(path)
    assert [second.has_left(reply) for reply in (7, 8, 9, 10)] == [True, True, False, True]
    assert [second.is_answered(reply) for reply in (7, 8, 9, 10)] == [False, True, False, True]
    assert [second.message_of(reply) for reply in (7, 8, 10)] == [None, 4321, None]


def test_a_refused_reply_may_leave_again(path: Path) -> None:
    first = opened(path)
    first.leaving(7)
    first.refused(7)
    assert not first.has_left(7)
    assert not opened(path).has_left(7)


def test_it_counts_the_crashes_an_update_was_in_hand_at(path: Path) -> None:
    for crashes in range(3):
        process = opened(path)
        assert process.times_begun(100) == crashes
        process.took(100)


def test_an_update_put_down_at_a_stop_is_not_suspected(path: Path) -> None:
    first = opened(path)
    first.took(100)
    first.put_down(100)
    assert opened(path).times_begun(100) == 0


def test_a_finished_update_is_not_suspected(path: Path) -> None:
    process = opened(path)
    process.took(100)
    process.forget_update(100)
    assert process.times_begun(100) == 0


def test_after_a_restart_it_keeps_only_what_the_database_still_waits_for(path: Path) -> None:
    first = opened(path)
    for number in (1, 2):
        first.took(number)
        first.leaving(number)
    second = opened(path)
    second.keep_only(updates={1}, replies={2})
    third = opened(path)
    assert (third.times_begun(1), third.times_begun(2)) == (1, 0)
    assert (third.has_left(1), third.has_left(2)) == (False, True)


@pytest.mark.parametrize("torn", [b"=12:43", b"+1", b"u99", b"="])
def test_a_line_without_its_end_was_never_written(path: Path, torn: bytes) -> None:
    opened(path).leaving(12)
    path.write_bytes(written(path) + torn)
    process = opened(path)
    assert process.has_left(12)
    assert process.message_of(12) is None
    assert not process.has_left(1)
    assert process.times_begun(99) == 0


def test_a_torn_line_does_not_spoil_the_next_one(path: Path) -> None:
    opened(path).leaving(12)
    path.write_bytes(written(path) + b"+1")
    opened(path).leaving(34)
    assert opened(path).has_left(34)
    assert not opened(path).has_left(134)


@pytest.mark.parametrize(
    "rubbish",
    [
        b"",
        b"\0\0\0",
        b"\n\n",
        b"hello\n+x\n=:\n",
        b"\xff\xfe\n",
        b"u%b\n=1:%b\n" % (b"9" * 5000, b"9" * 5000),
    ],
    ids=["empty", "zeros", "blank lines", "no numbers", "no text", "no 64-bit numbers"],
)
def test_rubbish_is_read_as_nothing(path: Path, rubbish: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(rubbish)
    process = opened(path)
    process.leaving(5)
    assert opened(path).has_left(5)


def test_a_full_file_is_written_anew_with_what_still_matters(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "SIZE", 400)
    process = opened(path)
    process.took(100)
    process.leaving(1)
    for number in range(2, 200):
        process.leaving(number)
        process.delivered(number, number * 1000)
        process.forget_reply(number)
    process.leaving(200)
    assert path.stat().st_size == 400
    after = opened(path)
    assert after.has_left(1)
    assert after.has_left(200)
    assert after.times_begun(100) == 1
    assert not after.has_left(2)


def test_it_grows_when_everything_in_it_matters(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "SIZE", 64)
    process = opened(path)
    for number in range(300):
        process.leaving(number)
    after = opened(path)
    assert all(after.has_left(number) for number in range(300))


def test_notes_before_it_is_opened_are_kept_in_memory(path: Path) -> None:
    process = Journal(path)
    process.leaving(1)
    assert process.has_left(1)
    assert not path.exists()
