"""Sessions side by side, and what the column types promise."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
import threading
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import aiosqlite
import pytest
from sqlalchemy import URL, delete, insert, select, text
from sqlalchemy.exc import DBAPIError, OperationalError, StatementError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from core.database import session as session_module
from core.database.health import is_unreachable
from core.database.models import AccountSync, AvitoProfile, User
from core.database.repositories.tokens import DatabaseTokenStore
from core.database.session import Sessions, at_once, create_sessions, hurry, reading
from core.errors import SecretKeyError
from core.ports import Token
from core.secrets import Keyring
from sandbox.telegram.events import PATIENCE_SEC
from tests.support.databases import opened, opened_session
from tests.support.waiting import FOREVER_SEC, eventually

ALICE = 1001
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
CANARY = "canary-of-a-secret-value"


async def _add_profile(sessions: Sessions, secret: str = CANARY) -> int:
    async with sessions.begin() as session:
        session.add(User(telegram_id=ALICE, created_at=NOON))
        await session.flush()
        profile = AvitoProfile(
            owner_id=ALICE,
            profile_name="Магазин",
            client_id="client",
            client_secret=secret,
            created_at=NOON,
        )
        session.add(profile)
    return profile.id


async def test_64_sessions_that_read_and_then_write_lose_nothing(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        session.add(User(telegram_id=0, created_at=NOON))

    async def count_up() -> None:
        async with sessions.begin() as session:
            user = (await session.scalars(select(User).with_for_update())).one()
            user.created_at += timedelta(seconds=1)

    await asyncio.gather(*(count_up() for _ in range(64)))
    async with reading(sessions) as session:
        assert (await session.get_one(User, 0)).created_at == NOON + timedelta(seconds=64)


async def test_a_reader_does_not_wait_for_a_writer(sessions: Sessions) -> None:
    async with sessions.begin() as writer:
        writer.add(User(telegram_id=ALICE, created_at=NOON))
        await writer.flush()
        async with asyncio.timeout(PATIENCE_SEC), reading(sessions) as reader:
            assert (await reader.scalars(select(User.telegram_id))).all() == []


async def test_in_a_hurry_nobody_waits_long_for_a_writer(
    sqlite_url: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "_BUSY_TIMEOUT_MS", 1_000 * int(FOREVER_SEC))
    async with opened(sqlite_url) as engine:
        sessions = create_sessions(engine)
        async with sessions.begin() as session:
            await session.execute(text("SELECT 1"))  # its connection is kept for the next
        hurry(engine)
        with closing(sqlite3.connect(str(sqlite_url.database), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(OperationalError, match="locked"):
                async with sessions.begin() as session:
                    await session.execute(text("SELECT 1"))


async def test_who_gives_up_while_a_file_is_opened_leaves_nothing_behind(
    sqlite_url: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread that opens it would report to an event loop that may be closed by then."""
    really, begun = sqlite3.connect, threading.Event()
    opened_files: list[sqlite3.Connection] = []

    def slowly(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        begun.set()
        time.sleep(0.05)
        opened_files.append(really(*args, **kwargs))
        return opened_files[0]

    monkeypatch.setattr(sqlite3, "connect", slowly)
    async with opened(sqlite_url) as engine:
        connecting = asyncio.create_task(engine.connect().start())
        await eventually(begun.is_set)
        connecting.cancel()
        await asyncio.gather(connecting, return_exceptions=True)

        [file] = opened_files
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            file.execute("SELECT 1")


async def test_an_instant_comes_back_in_utc(sessions: Sessions) -> None:
    moscow = timezone(timedelta(hours=3))
    async with sessions.begin() as session:
        session.add(User(telegram_id=ALICE, created_at=datetime(2026, 11, 21, 15, tzinfo=moscow)))
    async with sessions() as session:
        found = await session.scalar(select(User.created_at).where(User.created_at <= NOON))
    assert found == NOON
    assert found.tzinfo is UTC


async def test_an_instant_without_a_zone_is_refused(sessions: Sessions) -> None:
    naive = NOON.replace(tzinfo=None)
    with pytest.raises(StatementError, match="naive"):
        async with sessions.begin() as session:
            session.add(AccountSync(avito_user_id=1, stats_read_at=naive))


async def test_a_secret_is_stored_encrypted(sessions: Sessions) -> None:
    await _add_profile(sessions)
    async with sessions() as session:
        raw = await session.scalar(text("SELECT client_secret FROM avito_profiles"))
        assert await session.scalar(select(AvitoProfile.client_secret)) == CANARY
    assert isinstance(raw, str)
    assert raw.startswith("v1:test:")
    assert CANARY not in raw


async def test_a_secret_that_was_copied_from_another_column_does_not_open(
    sessions: Sessions,
) -> None:
    await _add_profile(sessions)
    async with sessions.begin() as session:
        await session.execute(text("UPDATE avito_profiles SET access_token = client_secret"))
    async with sessions() as session:
        with pytest.raises(SecretKeyError, match=r"avito_profiles\.access_token"):
            await session.scalars(select(AvitoProfile.access_token))


async def test_two_engines_have_keyrings_of_their_own(
    database_url: URL, sessions: Sessions
) -> None:
    await _add_profile(sessions)
    stranger = Keyring({"other": bytes(32)})
    async with opened_session(database_url, stranger) as session:
        with pytest.raises(SecretKeyError, match="unknown key test"):
            await session.scalars(select(AvitoProfile.client_secret))
    async with sessions() as session:
        assert await session.scalar(select(AvitoProfile.client_secret)) == CANARY


async def test_without_a_keyring_nothing_is_written_in_clear(database_url: URL) -> None:
    async with opened(database_url) as engine, engine.connect() as connection:
        with pytest.raises(SecretKeyError, match="without a keyring"):
            await connection.execute(select(AvitoProfile).where(AvitoProfile.client_secret == "x"))


async def test_a_database_error_does_not_show_parameters(
    engine: AsyncEngine, sessions: Sessions
) -> None:
    await _add_profile(sessions)
    async with engine.connect() as connection:
        with pytest.raises(DBAPIError) as raised:
            await connection.execute(text("SELECT * FROM nowhere WHERE x = :x"), {"x": CANARY})
    assert CANARY not in f"{raised.value} {raised.value!r}"


async def test_the_token_of_a_profile_is_kept_and_forgotten(sessions: Sessions) -> None:
    profile_id = await _add_profile(sessions)
    store = DatabaseTokenStore(sessions)
    assert await store.load(profile_id) is None
    token = Token(value=CANARY, expires_at=NOON)
    await store.save(profile_id, token)
    assert await store.load(profile_id) == token
    await store.save(profile_id, None)
    assert await store.load(profile_id) is None


async def test_the_token_of_a_deleted_profile_is_left_alone(sessions: Sessions) -> None:
    store = DatabaseTokenStore(sessions)
    await store.save(404, Token(value=CANARY, expires_at=NOON))
    assert await store.load(404) is None


async def test_the_database_file_is_for_its_owner_only(tmp_path: Path, keyring: Keyring) -> None:
    path = tmp_path / "data" / "bot.db"
    url = URL.create("sqlite+aiosqlite", database=str(path))
    async with opened_session(url, keyring) as session:
        await session.execute(text("CREATE TABLE t (x INTEGER)"))
        files = [path.parent, path, path.with_name("bot.db-wal")]
        modes = [stat.S_IMODE(file.stat().st_mode) for file in files]
    assert modes == [0o700, 0o600, 0o600]


@pytest.mark.parametrize(("failure", "is_told"), [(BrokenPipeError(), False), (KeyError(), True)])
async def test_a_connection_whose_other_end_is_gone_closes_without_a_word(
    postgres_url: URL,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    failure: Exception,
    is_told: bool,
) -> None:
    def fail(_connection: object) -> None:
        raise failure

    async with opened(postgres_url) as engine, engine.connect():
        monkeypatch.setattr(engine.dialect, "do_close", fail)
    assert ("Exception closing connection" in caplog.text) is is_told


async def _cut_all_but(session: AsyncSession) -> None:
    """What a restart of the server, or a proxy that is tired of silence, does."""
    await session.execute(
        text(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    )


async def test_a_connection_that_was_cut_while_nobody_used_it_is_replaced(
    postgres_url: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "_TRUSTED_SEC", 0.0)
    async with opened(postgres_url) as engine, opened(postgres_url) as other:
        sessions = create_sessions(engine)
        async with reading(sessions) as session:
            await session.execute(text("SELECT 1"))
        async with reading(create_sessions(other)) as session:
            await _cut_all_but(session)

        async with reading(sessions) as session:
            assert await session.scalar(text("SELECT 1")) == 1


async def test_one_that_was_cut_under_our_hands_is_replaced_after_an_error(
    postgres_url: URL,
) -> None:
    async with opened(postgres_url) as engine, opened(postgres_url) as other:
        sessions = create_sessions(engine)
        async with reading(sessions) as session:
            await session.execute(text("SELECT 1"))
        async with reading(create_sessions(other)) as session:
            await _cut_all_but(session)

        with pytest.raises(DBAPIError) as lost:
            async with reading(sessions) as session:
                await session.execute(text("SELECT 1"))
        assert is_unreachable(lost.value)
        async with reading(sessions) as session:
            assert await session.scalar(text("SELECT 1")) == 1


async def test_a_statement_by_itself_is_committed_and_leaves_transactions_as_they_were(
    sessions: Sessions,
) -> None:
    for _ in range(2):  # The second time with a connection that was used so before.
        async with at_once(sessions) as session:
            await session.execute(insert(User).values(telegram_id=ALICE, created_at=NOON))
        async with sessions() as session:
            await session.execute(delete(User))
            await session.rollback()
        async with sessions.begin() as session:
            assert (await session.get_one(User, ALICE)).created_at == NOON
            await session.execute(delete(User))


async def test_a_statement_of_sqlite_takes_one_trip_to_the_thread_of_its_connection(
    sqlite_url: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    go: Any = aiosqlite.Connection._execute
    trips = []

    async def counted(self: aiosqlite.Connection, *what: Any) -> Any:
        trips.append(what)
        return await go(self, *what)

    async with opened(sqlite_url) as engine:
        sessions = create_sessions(engine)
        async with reading(sessions) as session:
            await session.execute(text("SELECT 1"))
        monkeypatch.setattr(aiosqlite.Connection, "_execute", counted)
        async with reading(sessions) as session:
            for number in range(3):
                assert await session.scalar(text("SELECT :n"), {"n": number}) == number
        assert len(trips) == 3


async def test_what_is_cancelled_half_way_holds_up_nobody(sessions: Sessions) -> None:
    async def read() -> None:
        async with reading(sessions) as session:
            await session.execute(select(User))

    async def write() -> None:
        async with at_once(sessions) as session:
            await session.execute(
                insert(User).values(telegram_id=ALICE, created_at=NOON).returning(User.telegram_id)
            )

    for steps in range(40):
        for work in (read, write):
            doing = asyncio.create_task(work())
            for _ in range(steps):
                await asyncio.sleep(0)
            doing.cancel()
            await asyncio.gather(doing, return_exceptions=True)
            async with sessions.begin() as session:
                await session.execute(delete(User))
