"""Keys are changed without losing a secret, and an unknown key stops the start."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import URL, select
from sqlalchemy.ext.asyncio import AsyncEngine

from core.database import keys
from core.database.keys import KeyCount
from core.database.models import AvitoChat, AvitoProfile, InboxUpdate, User
from core.errors import SecretKeyError
from core.secrets import Keyring
from tests.support.databases import opened, opened_session

NOW = datetime(2026, 11, 21, tzinfo=UTC)
# With an underscore: in a LIKE pattern it would stand for any character.
OLD = {"key_1": bytes(32)}
NEW = {"keyX1": b"n" * 32}
BOTH = Keyring(NEW | OLD)
PROFILES = 3
TRANSCRIPT = b"\xff no text"


@pytest.fixture
async def filled_url(database_url: URL) -> URL:
    async with opened_session(database_url, Keyring(OLD)) as session:
        session.add(User(telegram_id=1, created_at=NOW))
        await session.flush()
        for number in range(PROFILES):
            session.add(
                AvitoProfile(
                    owner_id=1,
                    profile_name="x",
                    client_id="x",
                    client_secret=f"secret-{number}",
                    created_at=NOW,
                )
            )
        await session.flush()
        session.add(
            AvitoChat(
                profile_id=1, chat_id="u2i-1", updated_at=NOW, read_at=NOW, transcript=TRANSCRIPT
            )
        )
        session.add(InboxUpdate(update_id=5, state="received", payload="{}", received_at=NOW))
    return database_url


@pytest.fixture
async def filled(filled_url: URL, engine: AsyncEngine) -> AsyncEngine:
    return engine


async def test_status_counts_by_column_and_key(filled: AsyncEngine) -> None:
    assert await keys.status(filled) == [
        KeyCount("inbox.payload", "key_1", 1),
        KeyCount("avito_profiles.client_secret", "key_1", PROFILES),
        KeyCount("chats.transcript", "key_1", 1),
    ]


async def test_rotation_moves_every_secret_and_can_be_repeated(
    filled: AsyncEngine, filled_url: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "_BATCH", 2)
    moved = await keys.rotate(filled, BOTH)
    assert sum(each.count for each in moved) == PROFILES + 2
    assert {each.key_id for each in moved} == {"key_1"}
    assert {each.key_id for each in await keys.status(filled)} == {"keyX1"}
    assert await keys.rotate(filled, BOTH) == []

    async with opened_session(filled_url, Keyring(NEW)) as session:
        query = select(AvitoProfile.client_secret).order_by(AvitoProfile.id)
        assert (await session.scalars(query)).all() == ["secret-0", "secret-1", "secret-2"]
        assert await session.scalar(select(AvitoChat.transcript)) == TRANSCRIPT


async def test_a_key_is_dropped_only_when_nothing_is_under_it(filled: AsyncEngine) -> None:
    with pytest.raises(SecretKeyError, match="5 secrets are still under key_1"):
        await keys.check_unused(filled, BOTH, "key_1")
    await keys.rotate(filled, BOTH)
    await keys.check_unused(filled, BOTH, "key_1")
    with pytest.raises(SecretKeyError, match="keyX1 is the key that encrypts"):
        await keys.check_unused(filled, BOTH, "keyX1")


async def test_the_start_is_refused_while_a_stored_key_is_unknown(filled: AsyncEngine) -> None:
    await keys.check_keys(filled, BOTH)
    with pytest.raises(SecretKeyError, match="secrets under the key key_1"):
        await keys.check_keys(filled, Keyring(NEW))


async def test_the_start_is_refused_when_a_key_was_replaced_under_its_old_id(
    filled: AsyncEngine,
) -> None:
    with pytest.raises(SecretKeyError, match="the key key_1 does not open"):
        await keys.check_keys(filled, Keyring({"key_1": b"x" * 32}))


async def test_an_empty_database_fits_every_key(database_url: URL) -> None:
    async with opened(database_url) as engine:
        await keys.check_keys(engine, BOTH)
        assert await keys.status(engine) == []
