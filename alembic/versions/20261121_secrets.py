"""Encrypt the secrets; 64-bit account ids, instants with a zone, duplicates marked.

The three tables are read, dropped and built anew. Predecessors' databases differ in what their
columns allow (some were made by `create_all`, some by migrations); a rebuild ends in one shape
whatever it started from, on SQLite as on PostgreSQL.
"""

import logging
from datetime import UTC, datetime, time
from typing import Any

import sqlalchemy as sa
from alembic import op

from core.database.types import bound_keyring

revision = "20261121_secrets"
down_revision = "20250206_flex"
branch_labels = None
depends_on = None

log = logging.getLogger("alembic.secrets")

USERS = ("telegram_id",)
PROFILES = (
    "id",
    "owner_id",
    "profile_name",
    "client_id",
    "client_secret",
    "user_id",
    "access_token",
    "token_expires_at",
    "report_frequency",
    "report_interval_value",
    "report_weekdays",
    "report_time",
    "report_timezone",
    "is_report_active",
)
TASKS = (
    "id",
    "profile_id",
    "chat_id",
    "report_time",
    "is_active",
    "report_metrics",
    "report_days",
    "report_period",
)

Rows = list[dict[str, Any]]


def upgrade() -> None:
    now = datetime.now(UTC)
    users, profiles, tasks = read("users", USERS), read("avito_profiles", PROFILES), read_tasks()
    # A user is nothing but an id: one who is missing can be put back, and the profiles stay.
    missing = {row["owner_id"] for row in profiles} - {row["telegram_id"] for row in users}
    users += [{"telegram_id": owner_id} for owner_id in sorted(missing)]
    profiles = [carry_profile(row, now) for row in profiles]
    mark_duplicates(profiles)
    drop_tables()
    op.bulk_insert(create_users(), [{**row, "created_at": now} for row in users])
    op.bulk_insert(create_profiles(), profiles)
    op.bulk_insert(create_tasks(), [carry_task(row) for row in tasks])
    create_indexes()
    move_sequences()


def downgrade() -> None:
    """Back to the predecessor's tables, with the secrets in clear text as it keeps them."""
    users, profiles, tasks = read("users", USERS), read("avito_profiles", PROFILES), read_tasks()
    profiles = [carry_profile_back(row) for row in profiles]
    drop_tables()
    op.bulk_insert(create_legacy_users(), users)
    op.bulk_insert(create_legacy_profiles(), profiles)
    op.bulk_insert(create_legacy_tasks(), [carry_task(row) for row in tasks])
    move_sequences()


def read(table: str, columns: tuple[str, ...]) -> Rows:
    # Untyped columns: on SQLite this gives whatever text the predecessor left there.
    query = sa.select(*(sa.column(name) for name in columns)).select_from(sa.table(table))
    return [dict(row) for row in op.get_bind().execute(query.order_by(sa.text("1"))).mappings()]


def read_tasks() -> Rows:
    """The tasks whose profile exists. SQLite, with foreign keys off, let others be left over."""
    profile_ids = {row["id"] for row in read("avito_profiles", ("id",))}
    tasks = read("report_tasks", TASKS)
    kept = [row for row in tasks if row["profile_id"] in profile_ids]
    if len(kept) < len(tasks):
        log.warning("%d report tasks of deleted profiles are dropped", len(tasks) - len(kept))
    return kept


def carry_profile(row: dict[str, Any], now: datetime) -> dict[str, Any]:
    token = row["access_token"]
    return {
        **row,
        "profile_name": row["profile_name"] or "",
        "client_id": row["client_id"] or "",
        "client_secret": seal("client_secret", row["client_secret"] or ""),
        "access_token": seal("access_token", token) if token else None,
        "token_expires_at": as_instant(row["token_expires_at"]),
        "report_frequency": row["report_frequency"] or "daily",
        "report_time": as_time(row["report_time"]),
        # What the predecessor ran on; a schedule must not jump by three hours in the upgrade.
        "report_timezone": row["report_timezone"] or "UTC",
        "is_report_active": as_bool(row["is_report_active"]),
        "created_at": now,
        "is_duplicate": False,
    }


def carry_profile_back(row: dict[str, Any]) -> dict[str, Any]:
    token, expires_at = row["access_token"], as_instant(row["token_expires_at"])
    return {
        **row,
        "client_secret": unseal("client_secret", row["client_secret"]),
        "access_token": unseal("access_token", token) if token else None,
        "token_expires_at": expires_at.replace(tzinfo=None) if expires_at else None,
        "report_time": as_time(row["report_time"]),
        "is_report_active": as_bool(row["is_report_active"]),
    }


def carry_task(row: dict[str, Any]) -> dict[str, Any]:
    return {
        **row,
        "chat_id": row["chat_id"] or 0,
        "report_time": row["report_time"] or "10:00",
        "is_active": as_bool(row["is_active"]),
        "report_period": row["report_period"] or "day",
    }


def seal(column: str, text: str) -> str:
    return bound_keyring(op.get_bind().dialect).encrypt(text, f"avito_profiles.{column}")


def unseal(column: str, stored: str) -> str:
    return bound_keyring(op.get_bind().dialect).decrypt(stored, f"avito_profiles.{column}")


def mark_duplicates(profiles: Rows) -> None:
    """The first profile of an account stays the real one; unconfirmed accounts are no copies."""
    seen = set()
    for row in profiles:
        account = (row["owner_id"], row["user_id"])
        row["is_duplicate"] = row["user_id"] is not None and account in seen
        seen.add(account)


def as_instant(value: datetime | str | None) -> datetime | None:
    """The predecessor wrote UTC without saying so."""
    if value is None:
        return None
    instant = datetime.fromisoformat(value) if isinstance(value, str) else value
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def as_time(value: time | str | None) -> time | None:
    return time.fromisoformat(value) if isinstance(value, str) else value


def as_bool(value: bool | int | None) -> bool:
    """NULL is what rows older than the column hold: they were active."""
    return value is None or bool(value)


def drop_tables() -> None:
    for table in ("report_tasks", "avito_profiles", "users"):
        op.drop_table(table)


def move_sequences() -> None:
    """Rows were inserted with their ids; PostgreSQL's counters do not know of them."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in ("avito_profiles", "report_tasks"):
        sequence = sa.func.pg_get_serial_sequence(table, "id")
        last = sa.func.setval(sequence, sa.func.max(sa.column("id")))
        op.execute(sa.select(last).select_from(sa.table(table)))


def create_users() -> sa.Table:
    return op.create_table(
        "users",
        sa.Column("telegram_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("telegram_id", name="pk_users"),
    )


def create_profiles() -> sa.Table:
    return op.create_table(
        "avito_profiles",
        sa.Column("id", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("owner_id", sa.BigInteger, nullable=False),
        sa.Column("profile_name", sa.String(255), nullable=False),
        sa.Column("client_id", sa.String(255), nullable=False),
        sa.Column("client_secret", sa.Text, nullable=False),
        sa.Column("user_id", sa.BigInteger),
        sa.Column("access_token", sa.Text),
        sa.Column("token_expires_at", sa.DateTime(timezone=True)),
        sa.Column("report_frequency", sa.String(20), nullable=False, server_default="daily"),
        sa.Column("report_interval_value", sa.Integer),
        sa.Column("report_weekdays", sa.String(50)),
        sa.Column("report_time", sa.Time),
        sa.Column(
            "report_timezone", sa.String(50), nullable=False, server_default="Europe/Moscow"
        ),
        sa.Column("is_report_active", sa.Boolean, nullable=False, server_default=sa.text("true")),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_duplicate", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.Column("problem", sa.String(32)),
        sa.Column("problem_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_avito_profiles"),
        sa.ForeignKeyConstraint(
            ["owner_id"],
            ["users.telegram_id"],
            name="fk_avito_profiles_owner_id_users",
            ondelete="CASCADE",
        ),
        sqlite_autoincrement=True,
    )


def create_tasks() -> sa.Table:
    return op.create_table(
        "report_tasks",
        sa.Column("id", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("profile_id", sa.Integer, nullable=False),
        sa.Column("chat_id", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("report_time", sa.String(10), nullable=False, server_default="10:00"),
        sa.Column("is_active", sa.Boolean, nullable=False, server_default=sa.text("true")),
        sa.Column("report_metrics", sa.Text),
        sa.Column("report_days", sa.Text),
        sa.Column("report_period", sa.String(10), nullable=False, server_default="day"),
        sa.PrimaryKeyConstraint("id", name="pk_report_tasks"),
        sa.ForeignKeyConstraint(
            ["profile_id"],
            ["avito_profiles.id"],
            name="fk_report_tasks_profile_id_avito_profiles",
            ondelete="CASCADE",
        ),
        sqlite_autoincrement=True,
    )


def create_indexes() -> None:
    op.create_index(
        "uq_avito_profiles_owner_account",
        "avito_profiles",
        ["owner_id", "user_id"],
        unique=True,
        sqlite_where=sa.text("NOT is_duplicate"),
        postgresql_where=sa.text("NOT is_duplicate"),
    )
    op.create_index("ix_avito_profiles_user_id", "avito_profiles", ["user_id"])
    op.create_index("ix_report_tasks_profile_id", "report_tasks", ["profile_id"])


def create_legacy_users() -> sa.Table:
    return op.create_table(
        "users",
        sa.Column("telegram_id", sa.BigInteger, primary_key=True, autoincrement=False),
    )


def create_legacy_profiles() -> sa.Table:
    return op.create_table(
        "avito_profiles",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column(
            "owner_id",
            sa.BigInteger,
            sa.ForeignKey("users.telegram_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("profile_name", sa.String(255), nullable=False),
        sa.Column("client_id", sa.String(255), nullable=False),
        sa.Column("client_secret", sa.String(255), nullable=False),
        # Stays 64 bits wide: the ids that need it must survive the way back.
        sa.Column("user_id", sa.BigInteger),
        sa.Column("access_token", sa.Text),
        sa.Column("token_expires_at", sa.DateTime),
        sa.Column("report_frequency", sa.String(20), server_default="daily"),
        sa.Column("report_interval_value", sa.Integer),
        sa.Column("report_weekdays", sa.String(50)),
        sa.Column("report_time", sa.Time),
        sa.Column("report_timezone", sa.String(50), server_default="UTC"),
        sa.Column("is_report_active", sa.Boolean, server_default=sa.true()),
    )


def create_legacy_tasks() -> sa.Table:
    return op.create_table(
        "report_tasks",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column(
            "profile_id",
            sa.Integer,
            sa.ForeignKey("avito_profiles.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("chat_id", sa.BigInteger, nullable=False),
        sa.Column("report_time", sa.String(10), nullable=False, server_default="10:00"),
        sa.Column("is_active", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("report_metrics", sa.Text),
        sa.Column("report_days", sa.Text),
        sa.Column("report_period", sa.String(10), server_default="day"),
    )
