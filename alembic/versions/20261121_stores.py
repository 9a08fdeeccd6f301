"""Our own history of Avito's numbers, the inbox, replies, jobs and dialogues."""

import sqlalchemy as sa
from alembic import op

revision = "20261121_stores"
down_revision = "20261121_secrets"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_statistics()
    create_inbox_and_replies()
    create_jobs_and_dialogues()


def downgrade() -> None:
    for table in (
        "dialogues",
        "jobs",
        "replies",
        "inbox",
        "avito_gates",
        "account_syncs",
        "wallet_snapshots",
        "daily_stats",
    ):
        op.drop_table(table)


def create_statistics() -> None:
    op.create_table(
        "daily_stats",
        sa.Column("avito_user_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("metrics", sa.JSON, nullable=False),
        sa.Column("source", sa.String(8), nullable=False),
        sa.Column("fetched_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("avito_user_id", "day", name="pk_daily_stats"),
    )
    op.create_table(
        "wallet_snapshots",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("avito_user_id", sa.BigInteger, nullable=False),
        sa.Column("taken_at", INSTANT, nullable=False),
        sa.Column("real_kopecks", sa.BigInteger),
        sa.Column("bonus_kopecks", sa.BigInteger),
        sa.Column("advance_kopecks", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_wallet_snapshots"),
    )
    op.create_index(
        "ix_wallet_snapshots_account", "wallet_snapshots", ["avito_user_id", "taken_at"]
    )
    op.create_table(
        "account_syncs",
        sa.Column("avito_user_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("stats_read_at", INSTANT),
        sa.Column("first_day", sa.Date),
        sa.Column("last_day", sa.Date),
        sa.Column("failure", sa.String(64)),
        sa.Column("failed_at", INSTANT),
        sa.PrimaryKeyConstraint("avito_user_id", name="pk_account_syncs"),
    )
    op.create_table(
        "avito_gates",
        sa.Column("account", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("method", sa.String(40), nullable=False),
        sa.Column("opens_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("account", "method", name="pk_avito_gates"),
    )


def create_inbox_and_replies() -> None:
    op.create_table(
        "inbox",
        sa.Column("update_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("payload", sa.Text),
        sa.Column("incident", sa.String(16)),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("finished_at", INSTANT),
        sa.PrimaryKeyConstraint("update_id", name="pk_inbox"),
    )
    op.create_index(
        "ix_inbox_open",
        "inbox",
        ["update_id"],
        sqlite_where=sa.text("state = 'received'"),
        postgresql_where=sa.text("state = 'received'"),
    )
    op.create_index("ix_inbox_finished_at", "inbox", ["finished_at"])
    op.create_table(
        "replies",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("lane", sa.BigInteger, nullable=False),
        sa.Column("effect", sa.JSON, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_replies"),
        sqlite_autoincrement=True,
    )


def create_jobs_and_dialogues() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("owner_id", sa.BigInteger, nullable=False),
        sa.Column("chat_id", sa.BigInteger, nullable=False),
        sa.Column("thread_id", sa.BigInteger),
        sa.Column("message_id", sa.BigInteger),
        sa.Column("profile_id", sa.Integer),
        sa.Column("dedupe_key", sa.String(80), nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
        sa.ForeignKeyConstraint(
            ["profile_id"],
            ["avito_profiles.id"],
            name="fk_jobs_profile_id_avito_profiles",
            ondelete="CASCADE",
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("uq_jobs_dedupe_key", "jobs", ["dedupe_key"], unique=True)
    op.create_table(
        "dialogues",
        sa.Column("chat_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column(
            "thread_id", sa.BigInteger, autoincrement=False, nullable=False, server_default="0"
        ),
        sa.Column("state", sa.String(80)),
        sa.Column("data", sa.JSON, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("chat_id", "user_id", "thread_id", name="pk_dialogues"),
    )
    op.create_index("ix_dialogues_user_id", "dialogues", ["user_id"])
