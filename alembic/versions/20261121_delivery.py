"""Schedules as rows, destinations with a place of their own, and the outbox of reports."""

import sqlalchemy as sa
from alembic import op

revision = "20261121_delivery"
down_revision = "20261121_stores"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
INSTANT = sa.DateTime(timezone=True)
DUE = sa.text("next_due_at IS NOT NULL")
OPEN = sa.text("finished_at IS NULL")
FINISHED = sa.text("finished_at IS NOT NULL")


def upgrade() -> None:
    with op.batch_alter_table("avito_profiles") as profiles:
        profiles.add_column(sa.Column("report_month_day", sa.Integer))
        profiles.add_column(sa.Column("report_anchor", sa.Date))
    extend_tasks()
    create_outbox()
    op.create_table(
        "topics",
        sa.Column("chat_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("thread_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("name", sa.String(128), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("topics")
    op.drop_table("outbox")
    op.drop_index("ix_report_tasks_next_due_at", "report_tasks")
    op.drop_index("ix_report_tasks_place", "report_tasks")
    with op.batch_alter_table("report_tasks") as tasks:
        for column in (
            "problem_at",
            "problem",
            "told_at",
            "told",
            "suspended",
            "next_due_at",
            "on_lost_answer",
            "has_chart",
            "is_silent",
            "chat_type",
            "topic_name",
            "chat_title",
            "thread_id",
            "is_period_set",
        ):
            tasks.drop_column(column)
    with op.batch_alter_table("avito_profiles") as profiles:
        profiles.drop_column("report_anchor")
        profiles.drop_column("report_month_day")


def extend_tasks() -> None:
    no, yes = sa.text("false"), sa.text("true")
    with op.batch_alter_table("report_tasks") as tasks:
        tasks.add_column(sa.Column("is_period_set", sa.Boolean, nullable=False, server_default=no))
        tasks.add_column(sa.Column("thread_id", sa.BigInteger, nullable=False, server_default="0"))
        tasks.add_column(sa.Column("chat_title", sa.String(255)))
        tasks.add_column(sa.Column("topic_name", sa.String(128)))
        tasks.add_column(sa.Column("chat_type", sa.String(16)))
        tasks.add_column(sa.Column("is_silent", sa.Boolean, nullable=False, server_default=no))
        tasks.add_column(sa.Column("has_chart", sa.Boolean, nullable=False, server_default=yes))
        tasks.add_column(
            sa.Column("on_lost_answer", sa.String(8), nullable=False, server_default="resend")
        )
        tasks.add_column(sa.Column("next_due_at", INSTANT))
        tasks.add_column(sa.Column("suspended", sa.String(32)))
        tasks.add_column(sa.Column("told", sa.String(32)))
        tasks.add_column(sa.Column("told_at", INSTANT))
        tasks.add_column(sa.Column("problem", sa.String(64)))
        tasks.add_column(sa.Column("problem_at", INSTANT))
    op.create_index("ix_report_tasks_place", "report_tasks", ["chat_id", "thread_id"])
    op.create_index(
        "ix_report_tasks_next_due_at",
        "report_tasks",
        ["next_due_at"],
        sqlite_where=DUE,
        postgresql_where=DUE,
    )


def create_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", BIG_ID, primary_key=True, autoincrement=True),
        sa.Column(
            "task_id",
            sa.Integer,
            sa.ForeignKey(
                "report_tasks.id", ondelete="CASCADE", name="fk_outbox_task_id_report_tasks"
            ),
            nullable=False,
        ),
        sa.Column("slot", sa.String(32), nullable=False),
        sa.Column("part", sa.Integer, nullable=False, server_default="0"),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("deadline_at", INSTANT, nullable=False),
        sa.Column("first_day", sa.Date, nullable=False),
        sa.Column("last_day", sa.Date, nullable=False),
        sa.Column("chat_id", sa.BigInteger, nullable=False),
        sa.Column("thread_id", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("is_silent", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False, server_default="0"),
        sa.Column("next_try_at", INSTANT),
        sa.Column("owner", sa.String(36)),
        sa.Column("lease_until", INSTANT),
        sa.Column("payload", sa.JSON),
        sa.Column("is_repeat", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.Column("message_id", sa.BigInteger),
        sa.Column("reason", sa.String(200)),
        sa.Column("is_untold", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("finished_at", INSTANT),
        sa.UniqueConstraint("task_id", "slot", "part", name="uq_outbox_slot"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_outbox_open",
        "outbox",
        ["chat_id", "id"],
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_index(
        "ix_outbox_due",
        "outbox",
        ["attempt", "due_at", "task_id", "part", "id"],
        sqlite_where=sa.text("state = 'due'"),
        postgresql_where=sa.text("state = 'due'"),
    )
    op.create_index(
        "ix_outbox_sendable",
        "outbox",
        ["due_at", "task_id", "part", "id"],
        sqlite_where=sa.text("state IN ('ready', 'retry', 'resend')"),
        postgresql_where=sa.text("state IN ('ready', 'retry', 'resend')"),
    )
    op.create_index(
        "ix_outbox_finished_at",
        "outbox",
        ["finished_at"],
        sqlite_where=FINISHED,
        postgresql_where=FINISHED,
    )
    op.create_index(
        "ix_outbox_untold",
        "outbox",
        ["id"],
        sqlite_where=sa.text("is_untold = 1"),
        postgresql_where=sa.text("is_untold"),
    )
