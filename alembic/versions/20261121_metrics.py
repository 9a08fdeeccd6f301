"""What reports show is chosen for a profile, for all its places; and calls by day."""

import sqlalchemy as sa
from alembic import op

revision = "20261121_metrics"
down_revision = "20261121_delivery"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table("avito_profiles") as profiles:
        profiles.add_column(sa.Column("report_metrics", sa.Text))
    take_over_metrics()
    op.create_table(
        "daily_calls",
        sa.Column("avito_user_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("metrics", sa.JSON, nullable=False),
        sa.Column("fetched_at", INSTANT, nullable=False),
    )
    with op.batch_alter_table("account_syncs") as syncs:
        syncs.add_column(sa.Column("calls_refusal", sa.String(64)))
        syncs.add_column(sa.Column("calls_refused_at", INSTANT))


def downgrade() -> None:
    with op.batch_alter_table("account_syncs") as syncs:
        syncs.drop_column("calls_refused_at")
        syncs.drop_column("calls_refusal")
    op.drop_table("daily_calls")
    with op.batch_alter_table("avito_profiles") as profiles:
        profiles.drop_column("report_metrics")


def take_over_metrics() -> None:
    """The predecessor had one task per profile: what was ticked there was ticked for it all."""
    op.execute(
        "UPDATE avito_profiles SET report_metrics = ("
        "SELECT report_metrics FROM report_tasks WHERE profile_id = avito_profiles.id "
        "ORDER BY report_tasks.id LIMIT 1)"
    )
