"""Chats of Avito, and when they come as a file."""

import sqlalchemy as sa
from alembic import op

revision = "20261121_chats"
down_revision = "20261121_digests"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
IS_DUE = sa.text("chats_due_at IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "chats",
        sa.Column("profile_id", sa.Integer, nullable=False),
        sa.Column("chat_id", sa.String(128), nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("listing_id", sa.BigInteger),
        sa.Column("first_message_at", INSTANT),
        sa.Column("last_message_at", INSTANT),
        sa.Column("whole_since", INSTANT),
        sa.Column("read_at", INSTANT, nullable=False),
        sa.Column("transcript", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("profile_id", "chat_id", name="pk_chats"),
        sa.ForeignKeyConstraint(
            ["profile_id"],
            ["avito_profiles.id"],
            name="fk_chats_profile_id_avito_profiles",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_chats_newest", "chats", ["profile_id", "updated_at", "chat_id"])
    op.add_column("avito_profiles", sa.Column("chats_kept_days", sa.Integer, server_default="90"))
    op.add_column("avito_profiles", sa.Column("chats_wanted_at", INSTANT))
    op.add_column("report_tasks", sa.Column("chats_every", sa.String(8)))
    op.add_column("report_tasks", sa.Column("chats_due_at", INSTANT))
    op.create_index(
        "ix_report_tasks_chats_due_at",
        "report_tasks",
        ["chats_due_at"],
        sqlite_where=IS_DUE,
        postgresql_where=IS_DUE,
    )


def downgrade() -> None:
    op.drop_index("ix_report_tasks_chats_due_at", "report_tasks")
    op.drop_column("report_tasks", "chats_due_at")
    op.drop_column("report_tasks", "chats_every")
    op.drop_column("avito_profiles", "chats_wanted_at")
    op.drop_column("avito_profiles", "chats_kept_days")
    op.drop_table("chats")
