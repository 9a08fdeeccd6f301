"""What is kept of chats: handed out in order, kept from strangers, dropped in time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from core.database.models import AvitoChat, AvitoProfile, User
from core.database.session import Sessions, reading
from core.errors import ProfileNotFound
from core.housekeeping import Housekeeper
from core.messenger import archive
from core.messenger.archive import Held, Kept
from core.messenger.packing import pack, unpack
from core.shelf import Shelf
from sandbox.clock import SandboxClock
from sandbox.telegram.events import PATIENCE_SEC
from utils.chats.model import ChatHead, Line, Transcript

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAY = timedelta(days=1)
AT = int(NOW.timestamp())


@pytest.fixture
async def profile_id(sessions: Sessions) -> int:
    return await connect(sessions, account=7_632_548_910)


async def connect(sessions: Sessions, account: int, kept_days: int | None = 90) -> int:
    async with sessions.begin() as session:
        await session.merge(User(telegram_id=1, created_at=NOW))
        await session.flush()
        profile = AvitoProfile(
            owner_id=1,
            profile_name="Дуб",
            client_id="x",
            client_secret="secret",
            user_id=account,
            created_at=NOW,
        )
        session.add(profile)
        await session.flush()
        # A NULL in an INSERT would become the default.
        profile.chats_kept_days = kept_days
        await session.flush()
        return profile.id


def chat(name: str, *days_ago: float) -> Transcript:
    """With a message so many days ago, each."""
    lines = [
        Line(f"{name}-{n}", AT - round(days * 86_400), 5, False, "text", f"Текст {n}", None)
        for n, days in enumerate(days_ago)
    ]
    updated = lines[-1].at if lines else AT
    head = ChatHead(name, "u2i", 1, updated, "Анна", False, 2**40, "Стол", "", "", None, False)
    return Transcript(head, lines)


async def keep(
    sessions: Sessions,
    profile_id: int,
    *chats: Transcript,
    whole_since: int | None = None,
    at: datetime = NOW,
) -> None:
    async with sessions.begin() as session:
        for each in chats:
            await archive.save(session, profile_id, Kept(each, pack(each), whole_since), at)


async def kept(
    sessions: Sessions, profile_id: int, since: datetime | None = None
) -> Sequence[Transcript]:
    return [unpack(each) async for each in archive.transcripts(sessions, profile_id, since)]


async def held(sessions: Sessions, profile_id: int) -> dict[str, Held]:
    async with reading(sessions) as session:
        return await archive.held(session, profile_id)


async def tidy(sessions: Sessions, folder: Path, now: datetime) -> None:
    await Housekeeper(sessions, Shelf(folder), SandboxClock(now, scale=0)).tidy()


async def test_a_chat_comes_back_as_it_was(sessions: Sessions, profile_id: int) -> None:
    made = chat("u2i-1~", 3, 2, 1)
    await keep(sessions, profile_id, made)
    assert await kept(sessions, profile_id) == [made]
    assert await held(sessions, profile_id) == {"u2i-1~": Held(made.head.updated, AT, None, 2**40)}


async def test_a_chat_is_kept_once(sessions: Sessions, profile_id: int) -> None:
    await keep(sessions, profile_id, chat("u2i-1~", 3), whole_since=AT)
    newer = chat("u2i-1~", 3, 1)
    await keep(sessions, profile_id, newer)
    assert await kept(sessions, profile_id) == [newer]
    assert (await held(sessions, profile_id))["u2i-1~"].whole_since is None


async def test_it_is_known_whether_anything_older_is_kept(
    sessions: Sessions, profile_id: int
) -> None:
    await keep(sessions, profile_id, chat("u2i-1~", 5, 1), chat("u2i-2~"))
    async with reading(sessions) as session:
        for days, is_there in ((4, True), (6, False), (0, True)):
            since = NOW - days * DAY
            assert await archive.has_earlier(session, profile_id, since) is is_there
        assert not await archive.has_earlier(session, profile_id + 1, NOW)


async def test_nothing_of_it_can_be_read_in_the_database(
    sessions: Sessions, profile_id: int
) -> None:
    await keep(sessions, profile_id, chat("u2i-1~", 1))
    async with sessions() as session:
        connection = await session.connection()
        rows = (await connection.exec_driver_sql("SELECT * FROM chats")).all()
    assert "Текст" not in repr(rows)
    assert "Анна" not in repr(rows)


@pytest.mark.parametrize("handful", [1, 4_000_000])
async def test_the_newest_comes_first_however_many_or_long_they_are(
    sessions: Sessions, profile_id: int, monkeypatch: pytest.MonkeyPatch, handful: int
) -> None:
    monkeypatch.setattr(archive, "_ROWS", 25)
    monkeypatch.setattr(archive, "_HANDFUL", handful)
    days = [day / 2 for day in range(45)]
    made = [chat(f"u2i-{number:02}~", days) for number, days in enumerate(days)]
    # Of the same second.
    made += [chat(f"u2u-{number:02}~", 0) for number in range(5)]
    await keep(sessions, profile_id, *made)
    told = [each.head.id for each in await kept(sessions, profile_id)]
    assert told[:7] == [f"u2u-{number:02}~" for number in (4, 3, 2, 1, 0)] + ["u2i-00~", "u2i-01~"]
    assert (len(told), told[-1]) == (50, "u2i-44~")


async def test_a_period_has_the_chats_with_a_message_in_it(
    sessions: Sessions, profile_id: int
) -> None:
    whole = chat("u2i-2~", 40, 7)
    await keep(sessions, profile_id, chat("u2i-1~", 8), whole, chat("u2i-3~"))
    assert await kept(sessions, profile_id, NOW - 7 * DAY + timedelta(microseconds=1)) == [whole]
    assert len(await kept(sessions, profile_id)) == 3


async def test_a_profile_takes_its_chats_along(sessions: Sessions, profile_id: int) -> None:
    other = await connect(sessions, account=5)
    await keep(sessions, profile_id, chat("u2i-1~", 1))
    await keep(sessions, other, chat("u2i-1~", 1))
    async with sessions.begin() as session:
        await session.delete(await session.get_one(AvitoProfile, profile_id))
    async with sessions() as session:
        assert (await session.scalars(select(AvitoChat.profile_id))).all() == [other]
    with pytest.raises(ProfileNotFound):
        await keep(sessions, profile_id, chat("u2i-1~", 1))


async def test_old_messages_go_in_time(
    sessions: Sessions, profile_id: int, tmp_path: Path
) -> None:
    for_ever = await connect(sessions, account=5, kept_days=None)
    for each in (profile_id, for_ever):
        await keep(
            *(sessions, each, chat("u2i-1~", 91, 90, 89), chat("u2i-2~", 91), chat("u2i-3~", 5)),
            at=NOW - DAY,
        )
    await tidy(sessions, tmp_path, NOW)
    told = {
        each.head.id: [line.text for line in each.lines]
        for each in await kept(sessions, profile_id)
    }
    assert told == {"u2i-1~": ["Текст 1", "Текст 2"], "u2i-3~": ["Текст 0"]}
    assert len(await kept(sessions, for_ever)) == 3
    # So a file about all time has to read this one again, and one about the last weeks has not.
    trimmed = (await held(sessions, profile_id))["u2i-1~"]
    assert not trimmed.reaches(None)
    assert not trimmed.reaches(AT - 91 * 86_400)
    assert trimmed.reaches(AT - 90 * 86_400)
    assert (await held(sessions, profile_id))["u2i-3~"].reaches(None)


async def test_what_a_file_is_being_made_of_stays(
    sessions: Sessions, profile_id: int, tmp_path: Path
) -> None:
    await keep(sessions, profile_id, chat("u2i-1~", 91), at=NOW - DAY)
    async with sessions.begin() as session:
        await archive.want(session, profile_id, NOW)
    await tidy(sessions, tmp_path, NOW)
    assert len(await kept(sessions, profile_id)) == 1
    await tidy(sessions, tmp_path, NOW + archive.UNTOUCHED + timedelta(seconds=1))
    assert await kept(sessions, profile_id) == []


async def test_more_than_are_in_memory_at_a_time_are_trimmed(
    sessions: Sessions, tmp_path: Path
) -> None:
    profile_id = await connect(sessions, account=5, kept_days=30)
    made = [chat(f"u2i-{number:02}~", 31, number / 2) for number in range(50)]
    await keep(sessions, profile_id, *made, at=NOW - DAY)
    await tidy(sessions, tmp_path, NOW)
    told = await kept(sessions, profile_id)
    assert [each.head.id for each in told] == [each.head.id for each in made]
    assert {len(each.lines) for each in told} == {1}


async def test_the_message_of_the_last_second_stays(
    sessions: Sessions, profile_id: int, tmp_path: Path
) -> None:
    made = [chat(f"u2i-{number:02}~", 90) for number in range(25)]
    await keep(sessions, profile_id, *made, at=NOW - DAY)
    await tidy(sessions, tmp_path, NOW + timedelta(milliseconds=500))
    assert len(await kept(sessions, profile_id)) == 25


async def test_what_is_older_by_less_than_a_second_is_dropped_at_once(
    sessions: Sessions, profile_id: int
) -> None:
    second = 1 / 86_400
    await keep(sessions, profile_id, chat("u2i-1~", 3, 0, -second))
    async with asyncio.timeout(PATIENCE_SEC):
        await archive.keep_since(sessions, profile_id, NOW.replace(microsecond=1))
    [left] = await kept(sessions, profile_id)
    assert [line.at for line in left.lines] == [AT + 1]


async def test_who_keeps_nothing_has_nothing_a_few_hours_after_the_file(
    sessions: Sessions, tmp_path: Path
) -> None:
    profile_id = await connect(sessions, account=5, kept_days=0)
    await keep(sessions, profile_id, chat("u2i-1~", 3, 0), chat("u2i-2~"))
    await tidy(sessions, tmp_path, NOW + archive.UNTOUCHED / 2)
    assert len(await kept(sessions, profile_id)) == 2
    await tidy(sessions, tmp_path, NOW + archive.UNTOUCHED + timedelta(seconds=1))
    assert await kept(sessions, profile_id) == []


async def test_where_nothing_is_to_be_kept_all_goes_at_once(
    sessions: Sessions, profile_id: int
) -> None:
    other = await connect(sessions, account=5, kept_days=0)
    for each in (profile_id, other):
        await keep(sessions, each, chat("u2i-1~", 1))
        async with sessions.begin() as session:
            await archive.forget_unkept(session, each)
    assert len(await kept(sessions, profile_id)) == 1
    assert await kept(sessions, other) == []
