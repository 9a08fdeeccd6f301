"""What is kept of a profile's chats at Avito.

A row tells how far back it is whole: a file about all time has read again what the retention
took, and one about a week has not.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Container, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, and_, delete, exists, func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.database.models import AvitoChat, AvitoProfile
from core.database.session import Sessions, insert_for, reading
from core.errors import ProfileNotFound
from core.messenger.packing import pack, unpack
from utils.chats.model import Line, Transcript

UNTOUCHED = timedelta(hours=6)
"""What was wanted within this time may be on its way into a file: the retention lets it be."""
_TOGETHER = 20
"""Chats that are in memory at a time, at most."""
_HANDFUL = 4_000_000
"""Characters of them, as they are stored; a longer one is there alone."""
_ROWS = 500


class Held(NamedTuple):
    """What is kept of a chat, without what was written in it. Unix seconds."""

    updated: int
    read: int
    whole_since: int | None
    """None: all that Avito gave is here."""
    listing_id: int

    def reaches(self, since: int | None) -> bool:
        """Whether nothing since then is missing."""
        return self.whole_since is None or (since is not None and self.whole_since <= since)


class Kept(NamedTuple):
    """A chat as it was just read."""

    transcript: Transcript
    packed: bytes
    whole_since: int | None


async def held(session: AsyncSession, profile_id: int) -> dict[str, Held]:
    """All chats that are kept, by their ids."""
    query = (
        select(
            AvitoChat.chat_id,
            AvitoChat.updated_at,
            AvitoChat.read_at,
            AvitoChat.whole_since,
            AvitoChat.listing_id,
        )
        .where(AvitoChat.profile_id == profile_id)
        .order_by(AvitoChat.chat_id)
        .limit(_ROWS)
    )
    chats: dict[str, Held] = {}
    last = ""
    # Thousands of rows at once would hold the event loop.
    while rows := (await session.execute(query.where(AvitoChat.chat_id > last))).all():
        for row in rows:
            whole_since = row.whole_since and _seconds(row.whole_since)
            chats[row.chat_id] = Held(
                _seconds(row.updated_at), _seconds(row.read_at), whole_since, row.listing_id or 0
            )
        last = rows[-1].chat_id
    return chats


async def load(session: AsyncSession, profile_id: int, chat_id: str) -> bytes | None:
    """The packed transcript, None when the chat is not kept."""
    return await session.scalar(
        select(AvitoChat.transcript).where(
            AvitoChat.profile_id == profile_id, AvitoChat.chat_id == chat_id
        )
    )


async def want(session: AsyncSession, profile_id: int, now: datetime) -> None:
    """Somebody is making a file of the chats. Raises `ProfileNotFound` when they are gone."""
    wanted = await session.scalar(
        update(AvitoProfile)
        .where(AvitoProfile.id == profile_id)
        .values(chats_wanted_at=now)
        .returning(AvitoProfile.id)
    )
    if wanted is None:
        raise ProfileNotFound(profile_id)


async def save(session: AsyncSession, profile_id: int, chat: Kept, read_at: datetime) -> None:
    """Keep a chat, as it was then, instead of what was kept of it. Raises as `want` does."""
    await want(session, profile_id, read_at)
    head, lines = chat.transcript
    row = {
        "profile_id": profile_id,
        "chat_id": head.id,
        "updated_at": _instant(head.updated),
        "listing_id": head.listing_id or None,
        "read_at": read_at,
        **_contents(lines, chat.packed, chat.whole_since),
    }
    await session.execute(
        insert_for(session, AvitoChat)
        .values(row)
        .on_conflict_do_update(
            index_elements=["profile_id", "chat_id"],
            set_={name: row[name] for name in list(row)[2:]},
        )
    )


async def transcripts(
    sessions: Sessions,
    profile_id: int,
    since: datetime | None,
    among: Container[str] | None = None,
) -> AsyncIterator[bytes]:
    """Packed transcripts of the chats with a message since then, the newest chat first.

    Only those `among` whose ids theirs are, if any are given. Whole as they are kept, earlier
    messages too; a few at a time are in memory, a long one alone, and no transaction is open
    while one is made use of.
    """
    place = tuple_(AvitoChat.updated_at, AvitoChat.chat_id)
    query = (
        select(
            AvitoChat.updated_at,
            AvitoChat.chat_id,
            func.length(AvitoChat.transcript).label("size"),
        )
        .where(AvitoChat.profile_id == profile_id)
        .order_by(AvitoChat.updated_at.desc(), AvitoChat.chat_id.desc())
        .limit(_ROWS)
    )
    if since is not None:
        # As Avito's times.
        query = query.where(AvitoChat.last_message_at >= since.replace(microsecond=0))
    last: Row[datetime, str, int] | None = None
    while True:
        page = query if last is None else query.where(place < (last.updated_at, last.chat_id))
        async with reading(sessions) as session:
            rows = (await session.execute(page)).all()
        wanted = [row for row in rows if among is None or row.chat_id in among]
        for together in _handfuls(wanted):
            for packed in await _loaded(sessions, profile_id, together):
                yield packed
        if len(rows) < _ROWS:
            return
        last = rows[-1]


def _handfuls(rows: Iterable[Row[datetime, str, int]]) -> Iterator[list[str]]:
    """The ids of chats that may be in memory together."""
    together: list[str] = []
    size = 0
    for row in rows:
        if together and (len(together) == _TOGETHER or size + row.size > _HANDFUL):
            yield together
            together, size = [], 0
        together.append(row.chat_id)
        size += row.size
    if together:
        yield together


async def _loaded(sessions: Sessions, profile_id: int, chat_ids: Sequence[str]) -> list[bytes]:
    """In this order."""
    query = select(AvitoChat.chat_id, AvitoChat.transcript).where(
        AvitoChat.profile_id == profile_id, AvitoChat.chat_id.in_(chat_ids)
    )
    async with reading(sessions) as session:
        found = {row.chat_id: row.transcript for row in await session.execute(query)}
    return [found[chat_id] for chat_id in chat_ids if chat_id in found]


async def forget_unkept(session: AsyncSession, profile_id: int) -> None:
    """Drop all that is kept of a profile's chats, where its owner wants nothing kept."""
    keeps_nothing = select(AvitoProfile.id).where(
        AvitoProfile.id == profile_id, AvitoProfile.chats_kept_days == 0
    )
    await session.execute(delete(AvitoChat).where(AvitoChat.profile_id.in_(keeps_nothing)))


async def has_earlier(session: AsyncSession, profile_id: int, since: datetime) -> bool:
    """Whether anything older is kept of a profile's chats."""
    first_at = func.coalesce(AvitoChat.first_message_at, AvitoChat.updated_at)
    older = exists().where(AvitoChat.profile_id == profile_id, first_at < since)
    return bool(await session.scalar(select(older)))


async def trim(sessions: Sessions, now: datetime) -> None:
    """Drop the messages that are older than their owner wants them kept."""
    unwanted = now - UNTOUCHED
    async with reading(sessions) as session:
        profiles = await session.execute(
            select(AvitoProfile.id, AvitoProfile.chats_kept_days).where(
                AvitoProfile.chats_wanted_at < unwanted
            )
        )
    for profile_id, days in profiles.all():
        if days is None:
            continue
        # What is read while this goes on is wanted again.
        idle = and_(AvitoChat.profile_id == profile_id, AvitoChat.read_at < unwanted)
        # Avito's times are whole seconds, and so is what a row is whole since.
        since = (now - timedelta(days=days)).replace(microsecond=0)
        await _drop_chats(sessions, idle, since)
        await _drop_messages(sessions, idle, since)


async def keep_since(sessions: Sessions, profile_id: int, since: datetime) -> None:
    """Drop at once what is older, however lately it was read: its owner has just said so."""
    of_profile = AvitoChat.profile_id == profile_id
    # Avito's times are whole seconds: the first that is not older.
    since = (since + timedelta(microseconds=999_999)).replace(microsecond=0)
    await _drop_chats(sessions, of_profile, since)
    await _drop_messages(sessions, of_profile, since)


async def _drop_chats(sessions: Sessions, among: ColumnElement[bool], since: datetime) -> None:
    last_at = func.coalesce(AvitoChat.last_message_at, AvitoChat.updated_at)
    async with sessions.begin() as session:
        await session.execute(delete(AvitoChat).where(among, last_at < since))


async def _drop_messages(sessions: Sessions, among: ColumnElement[bool], since: datetime) -> None:
    query = (
        select(AvitoChat.profile_id, AvitoChat.chat_id, AvitoChat.transcript)
        .where(among, AvitoChat.first_message_at < since)
        .limit(1)
    )
    while True:
        async with reading(sessions) as session:
            found = (await session.execute(query)).one_or_none()
        if found is None:
            return
        contents = await asyncio.to_thread(_without_earlier, found.transcript, _seconds(since))
        this = and_(AvitoChat.profile_id == found.profile_id, AvitoChat.chat_id == found.chat_id)
        async with sessions.begin() as session:
            await session.execute(update(AvitoChat).where(among, this).values(contents))


def _without_earlier(packed: bytes, since: int) -> dict[str, Any]:
    head, lines = unpack(packed)
    kept = [line for line in lines if line.at >= since]
    return _contents(kept, pack(Transcript(head._replace(is_whole=False), kept)), since)


def _contents(lines: list[Line], packed: bytes, whole_since: int | None) -> dict[str, Any]:
    return {
        "first_message_at": _instant(lines[0].at) if lines else None,
        "last_message_at": _instant(lines[-1].at) if lines else None,
        "whole_since": None if whole_since is None else _instant(whole_since),
        "transcript": packed,
    }


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _seconds(instant: datetime) -> int:
    return int(instant.timestamp())
