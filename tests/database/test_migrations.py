"""The schema: every step up and down, the same as the models, kind to the predecessor's rows."""

from __future__ import annotations

from datetime import UTC, datetime, time
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, inspect, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.orm import undefer

from core.database import health
from core.database.models import AvitoProfile, Base, ReportTask, User
from core.database.session import Sessions
from core.errors import SchemaError
from core.secrets import Keyring
from tests.database.predecessor import (
    ALICE,
    BOB,
    CANARIES,
    CANARY_SECRET,
    CANARY_TOKEN,
    NOBODY,
    create_predecessor,
)
from tests.support.databases import alembic_config, downgrade, opened, opened_session, upgrade


def _revisions(url: URL) -> list[str]:
    script = ScriptDirectory.from_config(alembic_config(url))
    return [each.revision for each in reversed(list(script.walk_revisions()))]


def test_the_chain_is_the_contract_then_ours() -> None:
    url = URL.create("sqlite+aiosqlite", database="unused.db")
    base, *rest = _revisions(url)
    assert base == "20250101_base"
    assert rest[:3] == ["20250206_sched", "20250206_profile_sched", "20250206_flex"]


def test_every_step_goes_up_down_and_up_again(empty_database_url: URL) -> None:
    previous = "base"
    for revision in _revisions(empty_database_url):
        upgrade(empty_database_url, revision)
        downgrade(empty_database_url, previous)
        upgrade(empty_database_url, revision)
        previous = revision
    downgrade(empty_database_url, "base")
    upgrade(empty_database_url)


async def test_the_migrations_build_exactly_the_models(engine: AsyncEngine) -> None:
    def differences(connection: Connection) -> list[object]:
        options = {"compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(context, Base.metadata))

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_keys_and_constraints_carry_the_names_of_the_models(postgres_url: URL) -> None:
    def names(connection: Connection) -> dict[str, set[str | None]]:
        inspector = inspect(connection)
        return {
            table: {inspector.get_pk_constraint(table)["name"]}
            | {each["name"] for each in inspector.get_foreign_keys(table)}
            for table in Base.metadata.tables
        }

    expected = {
        table.name: {
            str(table.primary_key.name),
            *(str(each.name) for each in table.foreign_key_constraints),
        }
        for table in Base.metadata.tables.values()
    }
    async with opened(postgres_url) as engine, engine.connect() as connection:
        assert await connection.run_sync(names) == expected


async def test_the_worker_refuses_a_schema_that_is_not_the_newest(
    empty_database_url: URL,
) -> None:
    async with opened(empty_database_url) as engine:
        with pytest.raises(SchemaError, match=r"revision none, .* `alembic upgrade head`"):
            await health.check_schema(engine)
        upgrade(empty_database_url)
        await health.check_schema(engine)


async def test_the_predecessors_rows_survive(empty_database_url: URL, keyring: Keyring) -> None:
    await create_predecessor(empty_database_url)
    upgrade(empty_database_url)

    async with opened_session(empty_database_url, keyring) as session:
        users = await session.scalars(select(User.telegram_id).order_by(User.telegram_id))
        assert users.all() == [ALICE, BOB]

        profile = await session.get_one(
            AvitoProfile,
            7,
            options=[undefer(AvitoProfile.client_secret), undefer(AvitoProfile.access_token)],
        )
        assert profile.profile_name == "Магазин <Алисы>"
        assert (profile.owner_id, profile.user_id) == (ALICE, 2_000_000_001)
        assert (profile.client_secret, profile.access_token) == (CANARY_SECRET, CANARY_TOKEN)
        assert profile.token_expires_at == datetime(2026, 2, 6, 10, 30, tzinfo=UTC)
        assert profile.report_frequency == "weekly"
        assert (profile.report_interval_value, profile.report_weekdays) == (3, "0,2,4")
        assert (profile.report_time, profile.report_timezone) == (
            time(18, 30),
            "Europe/Moscow",
        )
        assert profile.is_report_active is False
        # One task per profile there was: its ticks are those of the whole profile.
        assert profile.report_metrics == '["views","contacts"]'

        by_default = await session.get_one(AvitoProfile, 8)
        assert (by_default.report_time, by_default.report_timezone) == (time(9), "UTC")
        assert by_default.is_report_active is True

        task = await session.get_one(ReportTask, 3)
        assert (task.profile_id, task.chat_id, task.is_active) == (7, -1001234567890, True)
        assert task.report_metrics == '["views","contacts"]'
        other = await session.get_one(ReportTask, 4)
        assert (other.chat_id, other.is_active, other.report_period) == (0, False, "day")
        assert (other.report_time, other.report_days) == ("21:15", "[0]")


async def test_an_account_that_was_connected_twice_is_marked(
    empty_database_url: URL, keyring: Keyring
) -> None:
    await create_predecessor(empty_database_url)
    upgrade(empty_database_url)
    async with opened_session(empty_database_url, keyring) as session:
        marked = await session.scalars(select(AvitoProfile.id).where(AvitoProfile.is_duplicate))
        assert marked.all() == [8]


async def test_new_rows_get_new_ids_after_the_upgrade(
    empty_database_url: URL, keyring: Keyring
) -> None:
    await create_predecessor(empty_database_url)
    upgrade(empty_database_url)
    async with opened_session(empty_database_url, keyring) as session:
        session.add(_profile(owner_id=BOB, user_id=5_000_000_000))
        await session.flush()
        assert await session.scalar(select(AvitoProfile.id).order_by(AvitoProfile.id.desc())) == 12


async def test_rows_without_their_parent_do_not_stop_the_upgrade(
    tmp_path: Path, keyring: Keyring
) -> None:
    url = URL.create("sqlite+aiosqlite", database=str(tmp_path / "old.db"))
    await create_predecessor(url, with_left_overs=True)
    upgrade(url)
    async with opened_session(url, keyring) as session:
        tasks = await session.scalars(select(ReportTask.id).order_by(ReportTask.id))
        assert tasks.all() == [3, 4]
        assert (await session.get_one(AvitoProfile, 12)).owner_id == NOBODY
        assert await session.get(User, NOBODY) is not None


async def test_no_secret_stays_readable_in_the_file(tmp_path: Path) -> None:
    url = URL.create("sqlite+aiosqlite", database=str(tmp_path / "old.db"))
    await create_predecessor(url)
    assert _canaries_in(tmp_path) == [*CANARIES]
    upgrade(url)
    assert _canaries_in(tmp_path) == []


async def test_no_secret_stays_readable_in_postgres(postgres_url: URL) -> None:
    downgrade(postgres_url, "base")
    async with opened(postgres_url) as engine:
        async with engine.begin() as connection:
            await connection.execute(text("DROP TABLE alembic_version"))
        await create_predecessor(postgres_url)
        upgrade(postgres_url)
        async with engine.connect() as connection:
            rows = (await connection.execute(text("SELECT * FROM avito_profiles"))).all()
    assert not [canary for canary in CANARIES if canary in repr(rows)]


async def test_the_way_back_gives_the_predecessor_its_rows(empty_database_url: URL) -> None:
    await create_predecessor(empty_database_url)
    before = await _all_rows(empty_database_url, "avito_profiles")
    upgrade(empty_database_url)
    downgrade(empty_database_url, "20250206_flex")
    after = await _all_rows(empty_database_url, "avito_profiles")
    # SQLite keeps the text a default had; ours is written out in full.
    full = [{**row, "report_time": _in_full(row["report_time"])} for row in before]
    assert after == full


async def test_a_failed_upgrade_leaves_the_database_as_it_was(empty_database_url: URL) -> None:
    await create_predecessor(empty_database_url)
    async with opened(empty_database_url) as engine, engine.begin() as connection:
        # In the way of the last revision: the earlier one has rebuilt everything by then.
        await connection.execute(text("CREATE TABLE dialogues (x INTEGER)"))
    before = await _all_rows(empty_database_url, "avito_profiles")
    with pytest.raises(DBAPIError, match="dialogues"):
        upgrade(empty_database_url)
    assert await _all_rows(empty_database_url, "avito_profiles") == before
    stamps = await _all_rows(empty_database_url, "alembic_version")
    assert stamps == [{"version_num": "20250206_flex"}]


async def test_one_owner_has_one_account_once(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        session.add(User(telegram_id=ALICE, created_at=datetime.now(UTC)))
        session.add(User(telegram_id=BOB, created_at=datetime.now(UTC)))
    async with sessions.begin() as session:
        session.add(_profile(owner_id=ALICE, user_id=5_000_000_000))
        session.add(_profile(owner_id=BOB, user_id=5_000_000_000))
    with pytest.raises(IntegrityError):
        async with sessions.begin() as session:
            session.add(_profile(owner_id=ALICE, user_id=5_000_000_000))


async def test_deleting_a_person_deletes_everything_of_his(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        session.add(User(telegram_id=ALICE, created_at=datetime.now(UTC)))
        await session.flush()
        profile = _profile(owner_id=ALICE, user_id=5_000_000_000)
        session.add(profile)
        await session.flush()
        session.add(ReportTask(profile_id=profile.id))
    async with sessions.begin() as session:
        await session.delete(await session.get_one(User, ALICE))
    async with sessions() as session:
        assert (await session.scalars(select(AvitoProfile.id))).all() == []
        assert (await session.scalars(select(ReportTask.id))).all() == []


def _canaries_in(folder: Path) -> list[str]:
    content = b"".join(file.read_bytes() for file in folder.glob("old.db*"))
    return [canary for canary in CANARIES if canary.encode() in content]


async def _all_rows(url: URL, table: str) -> list[dict[str, object]]:
    async with opened(url) as engine, engine.connect() as connection:
        rows = await connection.execute(text(f"SELECT * FROM {table} ORDER BY 1"))  # noqa: S608
        return [dict(row) for row in rows.mappings()]


def _profile(*, owner_id: int, user_id: int) -> AvitoProfile:
    return AvitoProfile(
        owner_id=owner_id,
        profile_name="Магазин",
        client_id="client",
        client_secret="client-secret",
        user_id=user_id,
        created_at=datetime.now(UTC),
    )


def _in_full(value: object) -> object:
    if isinstance(value, str):
        return time.fromisoformat(value).isoformat(timespec="microseconds")
    return value
